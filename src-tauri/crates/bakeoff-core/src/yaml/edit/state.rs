//! A text with what both readers make of it.

use crate::yaml::lines::Lines;
use crate::yaml::tree::{Kind, Node, NodeId, Tree};
use serde::Deserialize;

/// A text, its nodes by libyaml's events and its values by serde_yaml.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub text: String,
    pub tree: Tree,
    pub values: Vec<serde_yaml::Value>,
}

impl State {
    /// Reads a text without a byte order mark; the error is a sentence.
    pub fn read(text: String) -> Result<Self, String> {
        let tree = Tree::read(&text).map_err(|problem| {
            let at = Lines::new(&text).position(&text, problem.place.start);
            format!("{} (line {}, column {})", problem.message, at.line, at.column)
        })?;
        let has_alias = || tree.nodes.iter().any(|node| matches!(node.kind, Kind::Alias { .. }));
        if let Some(name) = tree.anchors_given_twice.first().filter(|_| has_alias()) {
            // serde_yaml 0.9.34 mixes such anchors up, so that nothing could be checked.
            return Err(format!("the anchor &{name} is given twice; give one of them another name"));
        }
        let values = serde_yaml::Deserializer::from_str(&text)
            .map(serde_yaml::Value::deserialize)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        Ok(Self { text, tree, values })
    }

    /// The root of a document; `None` for one without any value.
    pub fn root(&self, document: usize) -> Option<NodeId> {
        self.tree.documents.get(document)?.root
    }

    /// The line break in use at a byte: that of its line, else the first one of the text.
    pub fn line_break(&self, at: usize) -> &'static str {
        let text = &self.text;
        let found = text[at..].find(['\n', '\r']).map(|found| at + found).or_else(|| text.find(['\n', '\r']));
        match found {
            Some(at) if text[at..].starts_with("\r\n") => "\r\n",
            Some(at) if text[at..].starts_with('\r') => "\r",
            _ => "\n",
        }
    }

    /// How many spaces this text indents by: the first step from a block mapping into a deeper one, else 2.
    pub fn indentation(&self) -> usize {
        let deeper = self.tree.nodes.iter().find_map(|node| match &node.kind {
            Kind::Mapping { flow: false, .. } if !node.in_flow => {
                self.column(node.start).checked_sub(node.parent_column).filter(|step| (1..=8).contains(step))
            }
            _ => None,
        });
        deeper.unwrap_or(2)
    }

    /// How many spaces stand between a key's column and the dashes of its list: as in the first such list, else as
    /// for mappings.
    pub fn dash_indentation(&self) -> usize {
        let nodes = &self.tree.nodes;
        let of_list = |mapping: &Node, list: &Node| match &list.kind {
            Kind::Sequence { flow: false, .. } => {
                self.column(list.start).checked_sub(self.column(mapping.start)).filter(|step| *step <= 8)
            }
            _ => None,
        };
        let found = nodes.iter().find_map(|node| match &node.kind {
            Kind::Mapping { flow: false, entries } => {
                entries.iter().find_map(|&(_, value)| of_list(node, &nodes[value]))
            }
            _ => None,
        });
        found.unwrap_or_else(|| self.indentation())
    }

    /// Bytes between the beginning of the line and a byte.
    pub fn column(&self, at: usize) -> usize {
        at - crate::yaml::lines::line_start(&self.text, at)
    }
}
