//! Writing entries and items that are not there yet.

use super::EditError;
use super::block_text::{BlockPlace, block};
use super::inline_text::{inline, key as key_text};
use super::replace::{Form, blank_lines, new_forms, whole_collection};
use super::splice::Splice;
use super::state::State;
use crate::yaml::lines::{line_end, line_start};
use crate::yaml::tree::{Kind, Node, NodeId, past_space};
use serde_json::Value;

/// libyaml takes keys of up to 1,024 characters.
const LONGEST_KEY: usize = 1000;

/// The ways to add an entry at the end of a mapping.
pub(super) fn entry(
    state: &State,
    mapping: NodeId,
    key: &str,
    value: &Value,
) -> Result<Vec<Vec<Splice>>, EditError> {
    let node = &state.tree.nodes[mapping];
    let Kind::Mapping { flow, entries } = &node.kind else { return Ok(Vec::new()) };
    let lead = format!("{}: ", checked_key(key, *flow)?);
    if *flow {
        let ends: Vec<_> = entries.iter().map(|&(key, value)| (key, value)).collect();
        return Ok(in_flow(state, node, &ends, ends.len(), &format!("{lead}{}", inline(value, true)), '{'));
    }
    let last = entries.last().map(|&(_, value)| value);
    Ok(in_block(state, node, last, &lead, value))
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
    in_block(state, node, before, "- ", value)
}

/// The way to write the first entry of a document without any value.
pub(super) fn first_entry(state: &State, key: &str, value: &Value) -> Result<Vec<Vec<Splice>>, EditError> {
    let lead = format!("{}: ", checked_key(key, false)?);
    let at = state.text.len();
    let line_break = state.line_break(0);
    let before = if at == 0 || state.text.ends_with(['\n', '\r']) { "" } else { line_break };
    let write = |form: Form| {
        let lines = written(state, &lead, &form, value, 0, at)?;
        let after = if lines.ends_with(['\n', '\r']) { "" } else { line_break };
        Some(vec![Splice::insert(at, format!("{before}{lines}{after}"))])
    };
    Ok(forms(value).into_iter().filter_map(write).collect())
}

fn checked_key(key: &str, in_flow: bool) -> Result<String, EditError> {
    let text = key_text(key, in_flow);
    if text.len() <= LONGEST_KEY {
        return Ok(text);
    }
    Err(EditError::new("the key is too long", format!("use a key of at most {LONGEST_KEY} characters")))
}

fn forms(value: &Value) -> Vec<Form> {
    match value {
        Value::String(text) => new_forms(text, false),
        other => vec![Form::Inline(inline(other, false))],
    }
}

/// `lead` and the value, without a line break at the end; what follows stands at `at`.
fn written(
    state: &State,
    lead: &str,
    form: &Form,
    value: &Value,
    column: usize,
    at: usize,
) -> Option<String> {
    match form {
        Form::Inline(text) => Some(format!("{lead}{text}")),
        Form::Block(style) => {
            let place = BlockPlace {
                style: *style,
                parent_column: column,
                indent: column + state.indentation(),
                old: None,
                old_header: "",
                blank_lines: blank_lines(state, at),
                ends_text: at == state.text.len(),
                line_break: state.line_break(at),
            };
            let (header, lines) = block(value.as_str()?, &place)?;
            Some(format!("{lead}{header}{lines}"))
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
) -> Vec<Vec<Splice>> {
    let column = state.column(container.start);
    let indent = " ".repeat(column);
    let after = |form: &Form| {
        let at = line_end(&state.text, state.tree.nodes[previous?].end);
        let lines = written(state, lead, form, value, column, at)?;
        Some(vec![Splice::insert(at, format!("{}{indent}{lines}", state.line_break(at)))])
    };
    let before = |form: &Form| {
        let at = container.start;
        let lines = written(state, lead, form, value, column, at)?;
        Some(vec![Splice::insert(at, format!("{lines}{}{indent}", state.line_break(at)))])
    };
    let forms = forms(value);
    forms.iter().filter_map(after).chain(forms.iter().filter_map(before)).collect()
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
