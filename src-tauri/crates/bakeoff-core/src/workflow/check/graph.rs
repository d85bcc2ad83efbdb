//! Whether a workflow's graph is sound: every node is reached, leads to the end, and nothing goes round for ever.

use super::nodes::Nodes;
use crate::check::{Findings, key, nth};
use crate::workflow::{END, Edge, MAX_STEPS, Next, START};
use std::collections::{BTreeMap, BTreeSet};

/// Where the edges of right workflows lead.
pub(super) fn check(edges: &[Edge], nodes: &Nodes, findings: &mut Findings) {
    if nodes.ids().is_empty() || findings.is_wrong(&key("edges")) || nodes.has_wrong_ids(findings) {
        return;
    }
    let graph = Graph { edges, by_source: edges.iter().map(|edge| (edge.from.as_str(), edge)).collect() };
    circles(&graph, findings);
    if !findings.is_wrong(&key("edges")) {
        dead_ends(&graph, nodes, findings);
        unreached(&graph, nodes, findings);
    }
}

struct Graph<'a> {
    edges: &'a [Edge],
    by_source: BTreeMap<&'a str, &'a Edge>,
}

impl<'a> Graph<'a> {
    /// Where the workflow may go on after a place; a loop's own repetition left out.
    fn after(&self, place: &str) -> Vec<&'a str> {
        let Some(edge) = self.by_source.get(place) else { return Vec::new() };
        match &edge.next {
            Next::To(to) => vec![to],
            Next::Routes(routes) => routes.iter().map(|route| route.to.as_str()).collect(),
            Next::Loop { exit_to, .. } => vec![exit_to],
            Next::Parallel { target_node, .. } => vec![target_node],
        }
    }

    /// The places from which a circle can be reached: what is left when places that lead only out of the graph are taken
    /// away, again and again. None in most workflows, which then need no search.
    fn before_circles(&self) -> BTreeSet<&'a str> {
        let mut left: BTreeSet<&str> = self.by_source.keys().copied().collect();
        let mut before: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut open: BTreeMap<&str, usize> = BTreeMap::new();
        for place in self.by_source.keys().copied() {
            let after: Vec<&str> = self.after(place).into_iter().filter(|to| left.contains(to)).collect();
            open.insert(place, after.len());
            after.into_iter().for_each(|to| before.entry(to).or_default().push(place));
        }
        let mut ended: Vec<&str> =
            open.iter().filter(|(_, open)| **open == 0).map(|(place, _)| *place).collect();
        while let Some(place) = ended.pop() {
            left.remove(place);
            for earlier in before.get(place).into_iter().flatten() {
                let Some(open) = open.get_mut(earlier) else { continue };
                *open -= 1;
                if *open == 0 {
                    ended.push(earlier);
                }
            }
        }
        left
    }

    /// The places from which END can be reached.
    fn before_end(&self) -> BTreeSet<&'a str> {
        let mut before: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for place in self.by_source.keys().copied() {
            self.after(place).into_iter().for_each(|to| before.entry(to).or_default().push(place));
        }
        let mut found = BTreeSet::new();
        let mut waiting = vec![END];
        while let Some(place) = waiting.pop() {
            if found.insert(place) {
                waiting.extend(before.get(place).into_iter().flatten());
            }
        }
        found
    }

    /// Every place that can be reached.
    fn reached(&self, from: &'a str) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(place) = waiting.pop() {
            if reached.insert(place) {
                waiting.extend(self.after(place));
            }
        }
        reached
    }
}

/// Nodes without an edge, and nodes from which END can't be reached.
fn dead_ends(graph: &Graph<'_>, nodes: &Nodes, findings: &mut Findings) {
    for (index, id) in nodes.ids().iter().enumerate() {
        let path = nth(&key("nodes"), index);
        if !graph.by_source.contains_key(id.as_str()) {
            let finding = findings.error(
                "no-end",
                &path,
                format!("no edge begins at the node `{id}`: it leads nowhere"),
            );
            finding.hint = Some(format!("add `- {{from: {id}, to: END}}`"));
        }
    }
    let ends = graph.before_end();
    for (index, id) in nodes.ids().iter().enumerate() {
        let path = nth(&key("nodes"), index);
        if !ends.contains(id.as_str())
            && !findings.is_wrong(&path)
            && graph.by_source.contains_key(id.as_str())
        {
            let finding = findings.error("no-end", &path, format!("the node `{id}` never leads to END"));
            finding.hint = Some("let one of the edges after it lead to END".to_owned());
        }
    }
}

fn unreached(graph: &Graph<'_>, nodes: &Nodes, findings: &mut Findings) {
    let reached = graph.reached(START);
    for (index, id) in nodes.ids().iter().enumerate() {
        let path = nth(&key("nodes"), index);
        if !reached.contains(id.as_str()) {
            let finding = findings.warning(
                "unreached",
                &path,
                format!("no way leads from START to the node `{id}`: it never runs"),
            );
            finding.hint = Some("let an edge lead to it, or remove it".to_owned());
        }
    }
}

/// Circles: an error when nothing in it can ever lead out, else a warning that names the limit.
fn circles(graph: &Graph<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<BTreeSet<&str>> = BTreeSet::new();
    let place: BTreeMap<&str, usize> =
        graph.edges.iter().enumerate().map(|(index, edge)| (edge.from.as_str(), index)).collect();
    let suspects = graph.before_circles();
    for edge in graph.edges.iter().filter(|edge| suspects.contains(edge.from.as_str())) {
        let Some(circle) = circle(graph, &edge.from) else { continue };
        if !told.insert(circle.iter().copied().collect()) {
            continue;
        }
        let path = nth(&key("edges"), place.get(edge.from.as_str()).copied().unwrap_or(0));
        let way = circle.iter().chain(circle.first()).copied().collect::<Vec<_>>().join(" → ");
        let leads_out = circle.iter().any(|node| {
            graph.edges.iter().any(|edge| edge.from == *node && matches!(edge.next, Next::Routes(_)))
        });
        if leads_out {
            let message = format!(
                "{way} is a circle without a `loop` edge: only a route leads out of it, and a trial that has run {MAX_STEPS} nodes is stopped as failed"
            );
            findings.warning("circle", &path, message).hint =
                Some("let a node repeat by `loop: {max_iterations, condition_field, exit_to}` to bound it yourself".to_owned());
        } else {
            let message = format!("{way} is a circle without a `loop` edge: it never ends");
            findings.error("circle", &path, message).hint =
                Some("let a node repeat by `loop: {max_iterations, condition_field, exit_to}`, or lead out of it by `routes`".to_owned());
        }
    }
}

/// The shortest way from a node back to itself.
fn circle<'a>(graph: &Graph<'a>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut waiting = std::collections::VecDeque::from([start]);
    while let Some(place) = waiting.pop_front() {
        for next in graph.after(place) {
            if next == start {
                let mut way = vec![place];
                while let Some(earlier) =
                    way.last().filter(|last| **last != start).and_then(|last| before.get(last))
                {
                    way.push(earlier);
                }
                way.reverse();
                return Some(way);
            }
            if before.insert(next, place).is_none() {
                waiting.push_back(next);
            }
        }
    }
    None
}
