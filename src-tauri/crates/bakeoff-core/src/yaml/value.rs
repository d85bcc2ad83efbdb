//! A document as a JSON value: merge keys applied, everything that JSON can't hold reported.

use super::events::ScalarStyle;
use super::path::path_text;
use super::scalar::{NoValue, resolve};
use super::tree::{Kind, Node, NodeId, Tree};
use super::{Step, TAG_PREFIX, lines::Lines};
use crate::diagnostic::Diagnostic;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// The value of a node, or everything in it that has no JSON value.
pub(super) fn convert(
    text: &str,
    lines: &Lines,
    tree: &Tree,
    root: NodeId,
) -> Result<Value, Vec<Diagnostic>> {
    let mut converter =
        Converter { text, lines, tree, path: Vec::new(), found: Vec::new(), reported: HashSet::new() };
    let value = converter.value(root);
    if converter.found.is_empty() { Ok(value) } else { Err(converter.found) }
}

/// Whether a key is YAML's merge key.
pub(super) fn is_merge_key(node: &Node) -> bool {
    matches!(&node.kind, Kind::Scalar { style: ScalarStyle::Plain, value, .. } if **value == *"<<")
        && node.tag.is_none()
}

/// The mappings that a mapping takes entries from, nearest first; `None` for what is no mapping.
pub(super) fn merged(tree: &Tree, source: NodeId) -> Vec<Option<NodeId>> {
    let as_mapping = |node: NodeId| {
        let node = tree.target(node);
        matches!(tree.nodes[node].kind, Kind::Mapping { .. }).then_some(node)
    };
    match &tree.nodes[tree.target(source)].kind {
        Kind::Sequence { items, .. } => items.iter().map(|&item| as_mapping(item)).collect(),
        _ => vec![as_mapping(source)],
    }
}

struct Converter<'t> {
    text: &'t str,
    lines: &'t Lines,
    tree: &'t Tree,
    path: Vec<Step>,
    found: Vec<Diagnostic>,
    reported: HashSet<NodeId>,
}

impl<'t> Converter<'t> {
    /// Reports what is wrong with a node once, however often aliases lead to it.
    fn report(&mut self, node: NodeId, code: &str, message: String, hint: &str) {
        if !self.reported.insert(node) {
            return;
        }
        let node = &self.tree.nodes[node];
        let from = self.lines.position(self.text, node.outer);
        let to = self.lines.position(self.text, node.end);
        self.found.push(Diagnostic::error(code, path_text(&self.path), message).at(from, to).hint(hint));
    }

    fn value(&mut self, id: NodeId) -> Value {
        let node = &self.tree.nodes[id];
        match &node.kind {
            Kind::Alias { target } => self.value(*target),
            Kind::Scalar { style, value, .. } => self.scalar(id, *style, value),
            Kind::Sequence { items, .. } => {
                self.check_collection_tag(id, "seq");
                Value::Array(
                    items
                        .iter()
                        .enumerate()
                        .map(|(index, &item)| self.child(Step::Index(index), item))
                        .collect(),
                )
            }
            Kind::Mapping { entries, .. } => {
                self.check_collection_tag(id, "map");
                let mut map = Map::with_capacity(entries.len());
                self.own_entries(entries, &mut map);
                self.merged_entries(entries, &mut map);
                Value::Object(map)
            }
        }
    }

    fn child(&mut self, step: Step, id: NodeId) -> Value {
        self.path.push(step);
        let value = self.value(id);
        self.path.pop();
        value
    }

    fn own_entries(&mut self, entries: &[(NodeId, NodeId)], map: &mut Map<String, Value>) {
        let mut seen: HashMap<&str, NodeId> = HashMap::with_capacity(entries.len());
        let tree = self.tree;
        for &(key, value) in entries {
            if is_merge_key(&tree.nodes[key]) {
                continue;
            }
            let Some(name) = self.key(key) else { continue };
            if let Some(&first) = seen.get(name) {
                let line = self.lines.position(self.text, tree.nodes[first].outer).line;
                self.path.push(Step::Key(name.to_owned()));
                let message = format!("the key {name} is given twice; the first one is in line {line}");
                self.report(key, "duplicate-key", message, "remove one of the two");
                self.path.pop();
                continue;
            }
            seen.insert(name, key);
            let value = self.child(Step::Key(name.to_owned()), value);
            map.insert(name.to_owned(), value);
        }
    }

    /// The text of a key: numbers and booleans as they are written.
    fn key(&mut self, id: NodeId) -> Option<&'t str> {
        let tree = self.tree;
        let target = &tree.nodes[tree.target(id)];
        let Kind::Scalar { style, value, .. } = &target.kind else {
            let message = "a key is a list or a mapping; only plain keys are understood".to_owned();
            self.report(id, "key-not-text", message, "write the key as text; put “{{ … }}” in quotes");
            return None;
        };
        let is_null = *style == ScalarStyle::Plain && matches!(resolve(value), Ok(Value::Null));
        let is_text = target.tag.as_deref().is_none_or(|tag| tag == format!("{TAG_PREFIX}str"));
        if is_null || !is_text {
            let message =
                if is_null { "a key is empty".to_owned() } else { format!("the key {value} has a tag") };
            self.report(id, "key-not-text", message, "write the key as text");
            return None;
        }
        Some(value)
    }

    fn merged_entries(&mut self, entries: &[(NodeId, NodeId)], map: &mut Map<String, Value>) {
        for &(key, source) in entries.iter().filter(|(key, _)| is_merge_key(&self.tree.nodes[*key])) {
            for mapping in merged(self.tree, source) {
                let Some(mapping) = mapping else {
                    let message = "<< takes a mapping, an alias of one, or a list of them".to_owned();
                    self.report(
                        key,
                        "merge",
                        message,
                        "write “<<: *name”, where &name stands before a mapping",
                    );
                    continue;
                };
                if let Value::Object(merged) = self.value(mapping) {
                    for (name, value) in merged {
                        map.entry(name).or_insert(value);
                    }
                }
            }
        }
    }

    fn check_collection_tag(&mut self, id: NodeId, expected: &str) {
        let Some(tag) = self.tree.nodes[id].tag.as_deref() else { return };
        if tag.strip_prefix(TAG_PREFIX) != Some(expected) {
            self.report_tag(id, tag);
        }
    }

    fn report_tag(&mut self, id: NodeId, tag: &str) {
        let shown = tag.strip_prefix(TAG_PREFIX).map_or_else(|| tag.to_owned(), |name| format!("!!{name}"));
        let hint = "remove the tag; put the value in quotes if it shall be text";
        self.report(id, "tag", format!("the tag {shown} is not understood here"), hint);
    }

    fn scalar(&mut self, id: NodeId, style: ScalarStyle, text: &str) -> Value {
        let Some(tag) = self.tree.nodes[id].tag.as_deref() else {
            return match style {
                ScalarStyle::Plain => self.plain(id, text),
                _ => Value::String(text.to_owned()),
            };
        };
        let value = match tag.strip_prefix(TAG_PREFIX) {
            Some("str") => return Value::String(text.to_owned()),
            Some("null" | "bool" | "int" | "float") => self.plain(id, text),
            _ => {
                self.report_tag(id, tag);
                return Value::Null;
            }
        };
        let fits = match tag.strip_prefix(TAG_PREFIX) {
            Some("null") => value.is_null(),
            Some("bool") => value.is_boolean(),
            Some("int") => value.is_i64() || value.is_u64(),
            _ => value.is_number(),
        };
        if !fits {
            let name = tag.trim_start_matches(TAG_PREFIX);
            self.report(
                id,
                "tag",
                format!("{text:?} does not fit its tag !!{name}"),
                "remove the tag or mend the value",
            );
        }
        match (tag.strip_prefix(TAG_PREFIX), value.as_f64()) {
            (Some("float"), Some(number)) => Value::from(number),
            _ => value,
        }
    }

    fn plain(&mut self, id: NodeId, text: &str) -> Value {
        match resolve(text) {
            Ok(value) => value,
            Err(NoValue::NotFinite) => {
                let message = format!("{text} is no number that can be used here");
                self.report(
                    id,
                    "not-finite",
                    message,
                    "give a finite number, or put it in quotes if it shall be text",
                );
                Value::Null
            }
            Err(NoValue::TooLarge) => {
                let message = format!("the number {text} has more than 64 bits");
                self.report(id, "number-too-large", message, "put it in quotes to keep it as text");
                Value::Null
            }
        }
    }
}
