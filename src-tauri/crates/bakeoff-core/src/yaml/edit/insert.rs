//! Writing entries and items that are not there yet.

use super::block_lines::{Layout, entry as entry_lines, tall_entry};
use super::inline_text::{inline, key as key_text};
use super::replace::whole_collection;
use super::splice::Splice;
use super::state::State;
use crate::yaml::lines::{line_end, line_start};
use crate::yaml::tree::{Kind, Node, NodeId, past_space};
use serde_json::Value;

/// The ways to add an entry at the end of a mapping.
pub(super) fn entry(state: &State, mapping: NodeId, key: &str, value: &Value) -> Vec<Vec<Splice>> {
    let node = &state.tree.nodes[mapping];
    let Kind::Mapping { flow, entries } = &node.kind else { return Vec::new() };
    let lead = format!("{}:", key_text(key, *flow));
    if *flow {
        let ends: Vec<_> = entries.iter().map(|&(key, value)| (key, value)).collect();
        return in_flow(state, node, &ends, ends.len(), &format!("{lead} {}", inline(value, true)), '{');
    }
    let last = entries.last().map(|&(_, value)| value);
    in_block(state, node, last, &lead, value, Siblings::Other)
}

/// The ways to add an item before the one with this index, or at the end.
pub(super) fn item(state: &State, sequence: NodeId, index: usize, value: &Value) -> Vec<Vec<Splice>> {
    let node = &state.tree.nodes[sequence];
    let Kind::Sequence { flow, items } = &node.kind else { return Vec::new() };
    if *flow {
        let ends: Vec<_> = items.iter().map(|&item| (item, item)).collect();
        return in_flow(state, node, &ends, index, &inline(value, true), '[');
    }
    if items.is_empty() {
        return whole_collection(state, node, &Value::Array(vec![value.clone()]));
    }
    let before = index.checked_sub(1).map(|index| items[index]);
    in_block(state, node, before, "-", value, Siblings::of(state, items))
}

/// The way to write the first entry of a document without any value.
pub(super) fn first_entry(state: &State, key: &str, value: &Value) -> Vec<Vec<Splice>> {
    let lead = format!("{}:", key_text(key, false));
    let at = state.text.len();
    let line_break = state.line_break(0);
    let before = if at == 0 || state.text.ends_with(['\n', '\r']) { "" } else { line_break };
    let write = |lines: String| {
        let after = if lines.ends_with(['\n', '\r']) { "" } else { line_break };
        vec![Splice::insert(at, format!("{before}{lines}{after}"))]
    };
    written(state, &lead, value, 0, at, Siblings::Other).into_iter().map(write).collect()
}

/// `lead` (a dash, or a key with its colon) and the value, without a line break at the end, best first; what follows
/// stands at `at`.
fn written(
    state: &State,
    lead: &str,
    value: &Value,
    column: usize,
    at: usize,
    siblings: Siblings,
) -> Vec<String> {
    let layout = Layout::at(state, at);
    let best = match siblings {
        Siblings::Tall if value.as_object().is_some_and(|map| !map.is_empty()) => {
            tall_entry(&layout, lead, column, value)
        }
        _ => entry_lines(&layout, lead, column, value),
    };
    let one_line = format!("{lead} {}", inline(value, false));
    if best == one_line { vec![best] } else { vec![best, one_line] }
}

/// How the other mappings of a list are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Siblings {
    /// The last one with a line for each entry.
    Tall,
    /// On one line, or there are none.
    Other,
}

impl Siblings {
    fn of(state: &State, items: &[NodeId]) -> Self {
        let flow = |&item: &NodeId| match &state.tree.nodes[item].kind {
            Kind::Mapping { flow, entries } if !entries.is_empty() => Some(*flow),
            _ => None,
        };
        match items.iter().rev().find_map(flow) {
            Some(false) => Siblings::Tall,
            _ => Siblings::Other,
        }
    }
}

/// On a line of its own after `previous`, else before the first.
fn in_block(
    state: &State,
    container: &Node,
    previous: Option<NodeId>,
    lead: &str,
    value: &Value,
    siblings: Siblings,
) -> Vec<Vec<Splice>> {
    let column = state.column(container.start);
    let indent = " ".repeat(column);
    let mut found = Vec::new();
    if let Some(previous) = previous {
        let at = line_end(&state.text, state.tree.nodes[previous].end);
        let chomped = chomped_at_end(state, previous);
        for lines in written(state, lead, value, column, at, siblings) {
            let after = Splice::insert(at, format!("{}{indent}{lines}", state.line_break(at)));
            found.push(vec![after.clone()]);
            found.extend(chomped.iter().map(|header| vec![header.clone(), after.clone()]));
        }
    }
    let at = container.start;
    for lines in written(state, lead, value, column, at, siblings) {
        found.push(vec![Splice::insert(at, format!("{lines}{}{indent}", state.line_break(at)))]);
    }
    found
}

/// A block scalar at the end of a text without a final line break has none in its value either; `-` keeps it so
/// when lines follow.
fn chomped_at_end(state: &State, node: NodeId) -> Option<Splice> {
    match &state.tree.nodes[node].kind {
        Kind::Scalar { block: Some(block), .. } if block.content.end == state.text.len() => {
            let old = &state.text[block.header.clone()];
            let header: String = old.chars().filter(|c| !matches!(c, '-' | '+')).chain(['-']).collect();
            Some(Splice::new(block.header.clone(), header))
        }
        Kind::Sequence { items, .. } => chomped_at_end(state, *items.last()?),
        Kind::Mapping { entries, .. } => chomped_at_end(state, entries.last()?.1),
        _ => None,
    }
}

/// Between the brackets of a flow collection; `entries` are its keys and values (an item is both).
fn in_flow(
    state: &State,
    container: &Node,
    entries: &[(NodeId, NodeId)],
    index: usize,
    new: &str,
    bracket: char,
) -> Vec<Vec<Splice>> {
    let text = &state.text;
    if !text[container.start..].starts_with(bracket) {
        return Vec::new();
    }
    let Some(&(first, last)) = index.checked_sub(1).and_then(|before| entries.get(before)) else {
        let separator = if entries.is_empty() { "" } else { ", " };
        let at = entries.first().map_or(container.start + 1, |&(key, _)| state.tree.nodes[key].outer);
        return vec![vec![Splice::insert(at, format!("{new}{separator}"))]];
    };
    let end = state.tree.nodes[last].end.max(state.tree.nodes[first].end);
    let beside = vec![Splice::insert(end, format!(", {new}"))];
    let below = on_own_line(state, container, state.tree.nodes[first].outer, end, new);
    below.into_iter().chain([beside]).collect()
}

/// Where entries have lines of their own, the new one gets one too, below the comment of the one before.
fn on_own_line(state: &State, container: &Node, start: usize, end: usize, new: &str) -> Option<Vec<Splice>> {
    let text = &state.text;
    let comma = Some(past_space(text, end)).filter(|&at| text[at..].starts_with(','));
    let line_end_at = line_end(text, comma.map_or(end, |at| at + 1));
    let rest = text[comma.map_or(end, |at| at + 1)..line_end_at].trim();
    if line_end_at >= container.end || !(rest.is_empty() || rest.starts_with('#')) {
        return None;
    }
    let line = &text[line_start(text, start)..start];
    let indent = &line[..line.len() - line.trim_start().len()];
    let line_break = state.line_break(line_end_at);
    let comma_after = if comma.is_some() { "," } else { "" };
    let below = Splice::insert(line_end_at, format!("{line_break}{indent}{new}{comma_after}"));
    Some(if comma.is_some() { vec![below] } else { vec![Splice::insert(end, ","), below] })
}
