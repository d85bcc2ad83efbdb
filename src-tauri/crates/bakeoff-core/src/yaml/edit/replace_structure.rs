//! Writing a list or mapping on lines of its own in the place of another value.

use super::block_lines::{Layout, collection};
use super::splice::Splice;
use super::state::State;
use crate::yaml::block::Block;
use crate::yaml::lines::{line_end, line_start};
use crate::yaml::tree::{Kind, Node, NodeId};
use serde_json::Value;

/// The ways to write it, best first. The old value stands in no flow collection.
pub(super) fn candidates(state: &State, id: NodeId, key: Option<NodeId>, value: &Value) -> Vec<Vec<Splice>> {
    let node = &state.tree.nodes[id];
    let is_root = state.tree.documents.iter().any(|document| document.root == Some(id));
    let place = Place { state, node, key: key.map(|key| &state.tree.nodes[key]), is_root, value };
    if let Kind::Scalar { block: Some(block), .. } = &node.kind {
        return vec![place.over_block(block)];
    }
    let text = &state.text;
    let before = &text[line_start(text, node.start)..node.start];
    let is_own_line = before.trim_matches(' ').is_empty();
    let is_line_end = text[node.end..line_end(text, node.end)].trim().is_empty();
    match (is_own_line, key) {
        (true, _) => vec![place.in_place(), place.below()],
        (false, Some(_)) => vec![place.below()],
        (false, None) if is_line_end => vec![place.in_place(), place.below()],
        (false, None) => vec![place.below(), place.in_place()],
    }
}

struct Place<'s> {
    state: &'s State,
    node: &'s Node,
    key: Option<&'s Node>,
    is_root: bool,
    value: &'s Value,
}

impl Place<'_> {
    /// The column for lines below the key or dash.
    fn column_below(&self, layout: &Layout) -> usize {
        match (self.key, self.value) {
            _ if self.is_root => 0,
            (None, _) => self.node.parent_column + 2,
            (Some(_), Value::Array(_)) => self.node.parent_column + layout.dashes,
            (Some(_), _) => self.node.parent_column + layout.step,
        }
    }

    /// Beginning where the old value begins, or deeper if it has to.
    fn in_place(&self) -> Vec<Splice> {
        let (state, node) = (self.state, self.node);
        let layout = Layout::at(state, line_end(&state.text, node.end));
        let column = state.column(node.start);
        let least = match (self.key, self.value) {
            _ if self.is_root => 0,
            (Some(_), Value::Array(_)) => node.parent_column,
            _ => node.parent_column + 1,
        };
        let is_empty = node.start == node.end && !self.is_root;
        let padding = if column < least { layout.step } else { usize::from(is_empty) };
        let lines = collection(&layout, column + padding, self.value);
        vec![Splice::new(node.start..node.end, format!("{}{lines}", " ".repeat(padding)))]
    }

    /// On the lines below, so that a comment behind the old value stays behind the key or dash.
    fn below(&self) -> Vec<Splice> {
        let (text, node) = (&self.state.text, self.node);
        let at = line_end(text, node.end);
        let layout = Layout::at(self.state, at);
        let old = before_spaces(text, node.start)..node.end;
        vec![Splice::new(old, ""), Splice::insert(at, self.lines(&layout))]
    }

    fn over_block(&self, old: &Block) -> Vec<Splice> {
        let text = &self.state.text;
        let layout = Layout {
            blank_lines: old.blank_lines,
            ends_text: old.content.end == text.len(),
            ..Layout::at(self.state, old.content.start)
        };
        let header = before_spaces(text, old.header.start)..old.header.end;
        vec![Splice::new(header, ""), Splice::new(old.content.clone(), self.lines(&layout))]
    }

    fn lines(&self, layout: &Layout) -> String {
        let column = self.column_below(layout);
        let lines = collection(layout, column, self.value);
        format!("{}{}{lines}", layout.line_break, " ".repeat(column))
    }
}

/// Where the spaces before a byte begin.
fn before_spaces(text: &str, at: usize) -> usize {
    text[..at].trim_end_matches([' ', '\t']).len()
}
