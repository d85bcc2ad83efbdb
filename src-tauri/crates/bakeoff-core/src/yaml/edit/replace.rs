//! Writing a new value in the place of one that is there.

use super::block_lines::fits_line;
use super::block_text::{BlockPlace, block};
use super::inline_text::{double, inline, plain, single};
use super::replace_structure;
use super::splice::Splice;
use super::state::State;
use crate::yaml::TAG_PREFIX;
use crate::yaml::block::Block;
use crate::yaml::events::ScalarStyle;
use crate::yaml::lines::{line_end, line_start, past_break};
use crate::yaml::tree::{Kind, Node, NodeId};
use serde_json::Value;

/// A way to write a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// On one line.
    Inline(String),
    /// As a block scalar with this indicator.
    Block(char),
}

/// The ways to write a value in the place of another, best first.
pub(super) fn candidates(state: &State, id: NodeId, key: Option<NodeId>, value: &Value) -> Vec<Vec<Splice>> {
    let node = &state.tree.nodes[id];
    let mut found = match (structure(value), node.in_flow) {
        (true, false) if !fits_line(value, width_before(state, node, key)) => {
            let tall = replace_structure::candidates(state, id, key, value);
            tall.into_iter().chain(on_one_line(state, id, key, value)).collect()
        }
        _ => on_one_line(state, id, key, value),
    };
    if let Some(tag) = tag_to_drop(state, node, value) {
        found.iter_mut().for_each(|splices| splices.push(tag.clone()));
    }
    found
}

/// A list or mapping with something in it.
fn structure(value: &Value) -> bool {
    value.as_object().is_some_and(|map| !map.is_empty())
        || value.as_array().is_some_and(|list| !list.is_empty())
}

/// Characters before a value that stands behind its key or dash.
fn width_before(state: &State, node: &Node, key: Option<NodeId>) -> usize {
    let lead = |key: &Node| state.text[key.start..key.end].chars().count();
    node.parent_column + 2 + key.map_or(0, |key| lead(&state.tree.nodes[key]))
}

fn on_one_line(state: &State, id: NodeId, key: Option<NodeId>, value: &Value) -> Vec<Vec<Splice>> {
    let node = &state.tree.nodes[id];
    let old_block = match &node.kind {
        Kind::Scalar { block, .. } => block.as_deref(),
        Kind::Sequence { .. } | Kind::Mapping { .. } => return whole_collection(state, node, value),
        Kind::Alias { .. } => None,
    };
    let write = |form: &Form| match (form, old_block) {
        (Form::Inline(text), None) => Some(vec![inline_for_inline(state, node, key, text)]),
        (Form::Inline(text), Some(old)) => {
            Some(vec![Splice::new(old.header.clone(), text.as_str()), Splice::new(old.content.clone(), "")])
        }
        (Form::Block(style), None) => block_for_inline(state, node, key, *style, value.as_str()?),
        (Form::Block(style), Some(old)) => block_for_block(state, node, old, *style, value.as_str()?),
    };
    forms(node, value).iter().filter_map(write).collect()
}

/// The forms for a value, best first: in the old style if that can hold it.
fn forms(node: &Node, value: &Value) -> Vec<Form> {
    let Value::String(text) = value else { return vec![Form::Inline(inline(value, node.in_flow))] };
    let (style, old) = match &node.kind {
        Kind::Scalar { style, value, .. } => (*style, &**value),
        _ => (ScalarStyle::Plain, ""),
    };
    let becomes_longer = text.contains('\n') && !old.contains('\n') && !node.in_flow;
    match style {
        ScalarStyle::Literal => vec![Form::Block('|'), Form::Inline(double(text))],
        ScalarStyle::Folded => vec![Form::Block('>'), Form::Block('|'), Form::Inline(double(text))],
        ScalarStyle::Double if becomes_longer => vec![Form::Block('|'), Form::Inline(double(text))],
        ScalarStyle::Double => vec![Form::Inline(double(text))],
        ScalarStyle::Single => {
            let quoted = single(text).map(Form::Inline).into_iter();
            quoted
                .chain([Form::Block('|'), Form::Inline(double(text))])
                .filter(|form| fits(form, text, node))
                .collect()
        }
        ScalarStyle::Plain => new_forms(text, node.in_flow),
    }
}

fn fits(form: &Form, text: &str, node: &Node) -> bool {
    matches!(form, Form::Inline(_)) || (text.contains('\n') && !node.in_flow)
}

/// The forms for a text that has no old style.
pub(super) fn new_forms(text: &str, in_flow: bool) -> Vec<Form> {
    let block = (text.contains('\n') && !in_flow).then_some(Form::Block('|'));
    let unquoted = plain(text, in_flow).map(Form::Inline);
    unquoted.into_iter().chain(block).chain([Form::Inline(double(text))]).collect()
}

fn inline_for_inline(state: &State, node: &Node, key: Option<NodeId>, new: &str) -> Splice {
    Splice::new(node.start..node.end, spaced(state, node, key, new))
}

/// With the colon and spaces that a value needs where there was none.
fn spaced(state: &State, node: &Node, key: Option<NodeId>, new: &str) -> String {
    if node.start < node.end {
        return new.to_owned();
    }
    let text = &state.text;
    let has_colon = key.is_none_or(|key| text[state.tree.nodes[key].end..node.start].contains(':'));
    let touches =
        |c: Option<char>, allowed: &[char]| c.is_some_and(|c| !c.is_whitespace() && !allowed.contains(&c));
    let before = match (has_colon, touches(text[..node.start].chars().next_back(), &[])) {
        (false, _) => ": ",
        (true, true) => " ",
        (true, false) => "",
    };
    let after = if touches(text[node.end..].chars().next(), &[',', ']', '}']) { " " } else { "" };
    format!("{before}{new}{after}")
}

fn block_for_inline(
    state: &State,
    node: &Node,
    key: Option<NodeId>,
    style: char,
    new: &str,
) -> Option<Vec<Splice>> {
    let at = line_end(&state.text, node.end);
    let place = BlockPlace {
        style,
        parent_column: node.parent_column,
        indent: node.parent_column + state.indentation(),
        old: None,
        old_header: "",
        blank_lines: blank_lines(state, at),
        ends_text: at == state.text.len(),
        line_break: state.line_break(at),
    };
    let (header, lines) = block(new, &place)?;
    Some(vec![inline_for_inline(state, node, key, &header), Splice::insert(at, lines)])
}

fn block_for_block(state: &State, node: &Node, old: &Block, style: char, new: &str) -> Option<Vec<Splice>> {
    let place = BlockPlace {
        style,
        parent_column: node.parent_column,
        indent: old.indent.unwrap_or(node.parent_column + state.indentation()),
        old: Some(old),
        old_header: &state.text[old.header.clone()],
        blank_lines: old.blank_lines,
        ends_text: old.content.end == state.text.len(),
        line_break: state.line_break(old.content.start),
    };
    let (header, lines) = block(new, &place)?;
    Some(vec![Splice::new(old.header.clone(), header), Splice::new(old.content.clone(), lines)])
}

/// How many empty lines follow the line that ends at a byte.
pub(super) fn blank_lines(state: &State, line_end_at: usize) -> usize {
    let text = &state.text;
    let mut at = past_break(text, line_end_at);
    let mut count = 0;
    while at > line_end_at && at < text.len() && text[at..line_end(text, at)].trim_matches(' ').is_empty() {
        count += 1;
        let next = past_break(text, line_end(text, at));
        if next == text.len() {
            break;
        }
        at = next;
    }
    count
}

/// A value on one line in the place of a list or mapping: behind its key, unless a comment stands between.
pub(super) fn whole_collection(state: &State, node: &Node, value: &Value) -> Vec<Vec<Splice>> {
    let text = inline(value, node.in_flow);
    let before = state.text[..node.start].trim_end();
    let is_comment = before[line_start(before, before.len())..].contains('#');
    let is_below = state.text[before.len()..node.start].contains(['\n', '\r']);
    let stands_below = is_below && !is_comment && !before.is_empty();
    let beside_key = stands_below.then(|| vec![Splice::new(before.len()..node.end, format!(" {text}"))]);
    // A list may stand in its key's own column, but what takes its place has to stand deeper.
    let deeper = vec![Splice::new(node.start..node.end, format!(" {text}"))];
    let in_place = vec![Splice::new(node.start..node.end, text)];
    beside_key.into_iter().chain([in_place, deeper]).collect()
}

/// The removal of a core tag such as `!!int` that the new value does not fit. Tags of an application stay.
fn tag_to_drop(state: &State, node: &Node, value: &Value) -> Option<Splice> {
    let name = node.tag.as_deref()?.strip_prefix(TAG_PREFIX)?;
    let fits = match name {
        "null" => value.is_null(),
        "bool" => value.is_boolean(),
        "int" => value.is_i64() || value.is_u64(),
        "float" => value.is_f64(),
        "seq" => value.is_array(),
        "map" => value.is_object(),
        _ => value.is_string(),
    };
    if fits {
        return None;
    }
    let properties = &state.text[node.outer..node.start];
    let from = node.outer + properties.find('!')?;
    let word =
        state.text[from..node.start].find(char::is_whitespace).map_or(node.start, |length| from + length);
    let spaces =
        state.text[word..node.start].len() - state.text[word..node.start].trim_start_matches(' ').len();
    Some(Splice::new(from..word + spaces, ""))
}
