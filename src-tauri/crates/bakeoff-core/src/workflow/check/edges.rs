//! The edges: one kind of continuation each, leading to nodes that exist.

use super::fields::{Fields, place};
use super::nodes::Nodes;
use crate::check::{Findings, key, under};
use crate::workflow::condition::{Condition, Mismatch};
use crate::workflow::raw::{RawEdge, RawLoop, RawParallel, RawRoute, RawWorkflow};
use crate::workflow::{END, Edge, FieldType, Next, Route, START};
use crate::yaml::Step;

/// How often a loop runs its node when the file says nothing.
const MAX_ITERATIONS: u32 = 10;
/// The condition of the route that is taken when no other holds.
const DEFAULT: &str = "default";

/// Everything that edges are held against.
struct Reader<'a> {
    fields: &'a Fields,
    nodes: &'a Nodes,
    findings: &'a mut Findings,
}

/// The edges, when all of them are right.
pub(super) fn read(
    raw: &RawWorkflow,
    fields: &Fields,
    nodes: &Nodes,
    findings: &mut Findings,
) -> Option<Vec<Edge>> {
    let base = key("edges");
    let mut reader = Reader { fields, nodes, findings };
    let mut edges: Vec<Edge> = Vec::new();
    let mut is_right = !reader.findings.is_wrong(&base);
    let written = raw.edges.as_deref().unwrap_or_default();
    for (index, edge) in written.iter().enumerate() {
        let path = place(&base, index);
        let Some(edge) = edge.as_ref().and_then(|edge| reader.edge(edge, &path)) else {
            is_right = false;
            continue;
        };
        if edges.iter().any(|earlier| earlier.from == edge.from) {
            reader.second(&edge.from, &path);
            is_right = false;
        }
        edges.push(edge);
    }
    let has_nodes = !nodes.ids().is_empty();
    if is_right && has_nodes && !edges.iter().any(|edge| edge.from == START) {
        let place = if findings.has("edges") { base } else { Vec::new() };
        let first = nodes.ids().first().map(String::as_str).unwrap_or_default();
        let finding =
            findings.error("no-start", &place, "no edge begins at START: the workflow has no first node");
        finding.hint = Some(format!("add `- {{from: START, to: {first}}}`"));
        return None;
    }
    is_right.then_some(edges)
}

impl Reader<'_> {
    fn edge(&mut self, raw: &RawEdge, path: &[Step]) -> Option<Edge> {
        let from = raw.from.clone()?;
        self.source(&from, &under(path, "from"));
        let kinds = [
            ("to", raw.to.is_some()),
            ("routes", raw.routes.is_some()),
            ("loop", raw.repeat.is_some()),
            ("parallel", raw.parallel.is_some()),
        ];
        let written: Vec<&str> =
            kinds.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| *name).collect();
        let next = match written.as_slice() {
            ["to"] => raw.to.clone().map(|to| {
                self.target(&to, &under(path, "to"));
                Next::To(to)
            }),
            ["routes"] => self.routes(raw.routes.as_deref().unwrap_or_default(), &under(path, "routes")),
            ["loop"] => {
                raw.repeat.as_ref().and_then(|repeat| self.repeat(&from, repeat, &under(path, "loop")))
            }
            ["parallel"] => {
                raw.parallel.as_ref().and_then(|parallel| self.parallel(parallel, &under(path, "parallel")))
            }
            [] if self.findings.is_wrong(path) => None,
            [] => {
                let finding =
                    self.findings.error("missing", path, format!("the edge from `{from}` leads nowhere"));
                finding.hint = Some("add one of `to`, `routes`, `loop` and `parallel`".to_owned());
                None
            }
            several => {
                let names: Vec<String> = several.iter().map(|name| format!("`{name}`")).collect();
                let message =
                    format!("the edge from `{from}` has {}: an edge has exactly one", names.join(" and "));
                let finding = self.findings.error("several-kinds", path, message);
                finding.hint = Some("keep one of them".to_owned());
                None
            }
        };
        next.filter(|_| !self.findings.is_wrong(path)).map(|next| Edge { from, next })
    }

    fn source(&mut self, from: &str, path: &[Step]) {
        if from == END {
            let finding = self.findings.error("unknown-node", path, "an edge can't begin at END");
            finding.hint = Some("END is where workflows end: write `to: END`".to_owned());
        } else if from != START && self.nodes.lacks(from) {
            let finding = self.findings.error("unknown-node", path, format!("there is no node `{from}`"));
            finding.hint = Some(self.nodes.hint(from, Some(START)));
        }
    }

    fn target(&mut self, to: &str, path: &[Step]) {
        if to == START {
            let finding = self.findings.error("unknown-node", path, "an edge can't lead to START");
            finding.hint = Some("START is where workflows begin: name a node, or END".to_owned());
        } else if to != END && self.nodes.lacks(to) {
            let finding = self.findings.error("unknown-node", path, format!("there is no node `{to}`"));
            finding.hint = Some(self.nodes.hint(to, Some(END)));
        }
    }

    fn second(&mut self, from: &str, path: &[Step]) {
        let (message, hint) = match from {
            START => ("several edges begin at START".to_owned(), "a workflow has one first node"),
            _ => (
                format!("several edges begin at `{from}`"),
                "use `routes` to choose one of several ways, or `parallel` to run a node for each item of a list",
            ),
        };
        self.findings.error("several-edges", path, message).hint = Some(hint.to_owned());
    }

    fn routes(&mut self, raw: &[Option<RawRoute>], path: &[Step]) -> Option<Next> {
        let mut routes = Vec::new();
        let mut has_default = false;
        for (index, route) in raw.iter().enumerate() {
            let Some(route) = route else { continue };
            let path = place(path, index);
            let to = route.to.clone();
            if let Some(to) = &to {
                self.target(to, &under(&path, "to"));
            }
            let logic_path = under(&under(&path, "condition"), "logic");
            let Some(logic) = route.condition.as_ref().and_then(|one| one.logic.as_deref()) else { continue };
            let is_default = logic.trim() == DEFAULT;
            if is_default && has_default {
                let finding = self.findings.error("duplicate", &logic_path, "there are two default routes");
                finding.hint = Some("keep one of them".to_owned());
            }
            has_default |= is_default;
            let condition = (!is_default).then(|| logic.trim().to_owned());
            if let Some(condition) = &condition {
                self.condition(condition, logic, &logic_path);
            }
            routes.extend(to.map(|to| Route { condition, to }));
        }
        if !has_default && !self.findings.is_wrong(path) {
            let message = "the routes have no default: when no condition holds, nobody knows where to go on";
            let finding = self.findings.error("no-default", path, message);
            finding.hint = Some("add `- {condition: {logic: default}, to: END}`".to_owned());
        }
        Some(Next::Routes(routes))
    }

    fn condition(&mut self, text: &str, written: &str, path: &[Step]) {
        let condition = match Condition::compile(text) {
            Ok(condition) => condition,
            Err(error) => return self.findings.inner_error("condition", path, written, &error),
        };
        for field in condition.fields() {
            if self.fields.lacks(field) {
                let message = format!("the condition uses `{field}`, which is no field of the state");
                self.findings.error("unknown-field", path, message).hint = Some(self.fields.hint(field));
            }
        }
        let fields = self.fields;
        for Mismatch { message, hint, is_decided } in
            condition.mismatches(|name| fields.get(name).map(|field| &field.kind))
        {
            let message = format!("the condition `{text}` compares different types: {message}");
            let finding = match is_decided {
                true => self.findings.warning("type-differs", path, message),
                false => self.findings.error("type-differs", path, message),
            };
            finding.hint = Some(hint.to_owned());
        }
    }

    fn repeat(&mut self, from: &str, raw: &RawLoop, path: &[Step]) -> Option<Next> {
        if from == START || self.nodes.is_target(from) {
            let what = if from == START { "START" } else { "the target of a parallel edge" };
            let finding = self.findings.error("no-loop", path, format!("{what} can't be repeated by a loop"));
            finding.hint = Some("put the loop at another node".to_owned());
        }
        let exit_to = raw.exit_to.clone()?;
        self.target(&exit_to, &under(path, "exit_to"));
        if exit_to == from {
            let finding =
                self.findings.error("no-loop", &under(path, "exit_to"), "the loop leads back to itself");
            finding.hint = Some("name the node that comes after the loop, or END".to_owned());
        }
        let condition_field = raw.condition_field.clone()?;
        let field_path = under(path, "condition_field");
        self.fields.known(&condition_field, "`condition_field`", &field_path, self.findings);
        if let Some(field) = self.fields.get(&condition_field).filter(|field| field.kind != FieldType::Bool) {
            let message = format!("`condition_field` is `{condition_field}`, which is {}", field.kind);
            self.findings.error("type-differs", &field_path, message).hint =
                Some("name a field of the type bool: the loop ends when it is true".to_owned());
        }
        let max_iterations = raw.max_iterations.unwrap_or(MAX_ITERATIONS);
        Some(Next::Loop { max_iterations, condition_field, exit_to })
    }

    fn parallel(&mut self, raw: &RawParallel, path: &[Step]) -> Option<Next> {
        let items_field = self.list(raw.items_field.as_deref(), "items_field", path);
        let collect_field = self.list(raw.collect_field.as_deref(), "collect_field", path);
        let target_path = under(path, "target_node");
        let target_node = raw.target_node.clone()?;
        if target_node == START || target_node == END {
            let message = format!("`target_node` is {target_node}, but it must be a node");
            let finding = self.findings.error("unknown-node", &target_path, message);
            finding.hint = Some(self.nodes.hint(&target_node, None));
        } else {
            self.target(&target_node, &target_path);
        }
        let (items_field, collect_field) = (items_field?, collect_field?);
        self.collected(&target_node, &collect_field, &under(path, "collect_field"));
        Some(Next::Parallel { items_field, target_node, collect_field })
    }

    /// A state field that must be a list.
    fn list(&mut self, name: Option<&str>, which: &str, path: &[Step]) -> Option<String> {
        let name = name?;
        let path = under(path, which);
        self.fields.known(name, &format!("`{which}`"), &path, self.findings);
        let kind = self.fields.get(name).map(|field| &field.kind);
        if let Some(kind) = kind.filter(|kind| !matches!(kind, FieldType::List(_))) {
            let message = format!("`{which}` is `{name}`, which is {kind}");
            self.findings.error("type-differs", &path, message).hint =
                Some("name a field of the type list".to_owned());
        }
        Some(name.to_owned())
    }

    /// The list must be able to hold what the target gives.
    fn collected(&mut self, target: &str, collect_field: &str, path: &[Step]) {
        let (Some(node), Some(field)) = (self.nodes.get(target), self.fields.get(collect_field)) else {
            return;
        };
        let FieldType::List(Some(of)) = &field.kind else { return };
        let given = match node.outputs.as_slice() {
            [] => return,
            [only] => only.kind.clone(),
            several => {
                FieldType::Object(several.iter().map(|one| (one.name.clone(), one.kind.clone())).collect())
            }
        };
        if !of.takes(&given) {
            let message =
                format!("`{collect_field}` is {}, but each item of `{target}` gives {given}", field.kind);
            self.findings.error("type-differs", path, message).hint =
                Some(format!("give the field the type list[{given}]"));
        }
    }
}
