//! Taking entries and items away.

use super::replace::whole_collection;
use super::splice::Splice;
use super::state::State;
use crate::yaml::lines::{line_end, line_start, past_break};
use crate::yaml::tree::{Kind, Node, NodeId, past_space};
use serde_json::{Map, Value};
use std::ops::Range;

/// The ways to take away one entry or item, best first.
pub(super) fn candidates(state: &State, container: NodeId, index: usize) -> Vec<Vec<Splice>> {
    let node = &state.tree.nodes[container];
    let (flow, nodes, empty) = match &node.kind {
        Kind::Mapping { flow, entries } => (*flow, entries.clone(), Value::Object(Map::new())),
        Kind::Sequence { flow, items } => {
            (*flow, items.iter().map(|&item| (item, item)).collect(), Value::Array(Vec::new()))
        }
        _ => return Vec::new(),
    };
    if flow {
        return in_flow(state, node, &nodes, index);
    }
    if nodes.len() == 1 {
        return whole_collection(state, node, &empty);
    }
    in_block(state, node, &nodes, index)
}

fn end_of(state: &State, (key, value): (NodeId, NodeId)) -> usize {
    state.tree.nodes[value].end.max(state.tree.nodes[key].end)
}

/// Where an entry begins, with its `-` or `?`.
fn start_of(state: &State, container: &Node, nodes: &[(NodeId, NodeId)], index: usize) -> usize {
    match index.checked_sub(1) {
        None => container.start,
        Some(before) => past_space(&state.text, end_of(state, nodes[before])),
    }
}

fn in_block(state: &State, container: &Node, nodes: &[(NodeId, NodeId)], index: usize) -> Vec<Vec<Splice>> {
    let text = &state.text;
    let start = start_of(state, container, nodes, index);
    let next_line = past_break(text, line_end(text, end_of(state, nodes[index])));
    let line = line_start(text, start);
    let range = if text[line..start].trim_matches(' ').is_empty() {
        line..next_line
    } else {
        // It stands behind a dash: what follows moves up to it, a comment too.
        let indent = text[next_line..].len() - text[next_line..].trim_start_matches(' ').len();
        start..next_line + indent
    };
    let with_blank_lines = range.start..past_blank_lines(text, range.end);
    vec![vec![Splice::new(range, "")], vec![Splice::new(with_blank_lines, "")]]
}

/// Past the empty lines that begin at a line's start.
fn past_blank_lines(text: &str, mut at: usize) -> usize {
    while at < text.len() && text[at..line_end(text, at)].trim_matches(' ').is_empty() {
        at = past_break(text, line_end(text, at));
    }
    at
}

fn in_flow(state: &State, container: &Node, nodes: &[(NodeId, NodeId)], index: usize) -> Vec<Vec<Splice>> {
    let text = &state.text;
    let start = match index.checked_sub(1) {
        None => past_space(text, container.start + 1),
        Some(before) => {
            let comma = past_space(text, end_of(state, nodes[before]));
            past_space(text, comma + usize::from(text[comma..].starts_with(',')))
        }
    };
    let end = end_of(state, nodes[index]);
    let comma = Some(past_space(text, end)).filter(|&at| text[at..].starts_with(','));
    let after = comma.map_or(end, |at| at + 1);
    let mut ranges: Vec<Range<usize>> = own_lines(text, container, start, after).into_iter().collect();
    match (comma, index.checked_sub(1)) {
        (Some(_), _) => {
            let spaces = text[after..].len() - text[after..].trim_start_matches(' ').len();
            ranges.push(start..after + spaces);
        }
        (None, Some(before)) if !text[end_of(state, nodes[before])..start].contains('#') => {
            ranges.push(end_of(state, nodes[before])..end);
        }
        _ => {}
    }
    ranges.push(start..after);
    ranges.into_iter().map(|range| vec![Splice::new(range, "")]).collect()
}

/// The whole lines of an entry that shares them with nothing but a comment.
fn own_lines(text: &str, container: &Node, start: usize, after: usize) -> Option<Range<usize>> {
    let rest_end = line_end(text, after);
    let rest = text[after..rest_end].trim();
    let line = line_start(text, start);
    let is_alone = text[line..start].trim().is_empty() && (rest.is_empty() || rest.starts_with('#'));
    (is_alone && line > container.start && rest_end < container.end).then(|| line..past_break(text, rest_end))
}
