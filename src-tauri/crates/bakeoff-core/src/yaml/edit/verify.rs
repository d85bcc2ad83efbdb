//! What a change should give, computed on serde_yaml's values, and where a value shows.

use super::Operation;
use super::site::Site;
use super::state::State;
use crate::yaml::tree::{Kind, NodeId};
use crate::yaml::value::is_merge_key;
use crate::yaml::{Step, TAG_PREFIX, path_text};
use serde_json::Value as Json;
use serde_yaml::{Mapping, Value};

/// The values of all documents after the change and nothing but the change.
pub(super) fn expected(state: &State, document: usize, site: &Site, operation: &Operation) -> Vec<Value> {
    let mut values = state.values.clone();
    let new = yaml_value(operation.value());
    let Some(root) = values.get_mut(document) else { return values };
    let Some(node) = site.changed_node() else {
        if let Site::EmptyDocument { key } = site {
            *root = Value::Mapping(Mapping::from_iter([(Value::from(key.as_str()), new)]));
        }
        return values;
    };
    let keeps_tag = state.tree.nodes[node].tag.as_deref().is_some_and(|tag| !tag.starts_with(TAG_PREFIX));
    for place in places(state, document, node) {
        let Some(value) = at(root, &place.positions) else { continue };
        match site {
            Site::Value { .. } if keeps_tag => *untagged(value) = new.clone(),
            Site::Value { .. } => *value = new.clone(),
            _ => change_container(untagged(value), site, &new),
        }
    }
    values
}

fn change_container(value: &mut Value, site: &Site, new: &Value) {
    match (value, site) {
        (Value::Mapping(mapping), Site::NewEntry { key, .. }) => {
            mapping.insert(Value::from(key.as_str()), new.clone());
        }
        (Value::Mapping(mapping), Site::Removed { index, .. }) => {
            let kept = std::mem::take(mapping).into_iter().enumerate().filter(|(at, _)| at != index);
            *mapping = kept.map(|(_, entry)| entry).collect();
        }
        (Value::Sequence(items), Site::NewItem { index, .. }) => items.insert(*index, new.clone()),
        (Value::Sequence(items), Site::Removed { index, .. }) => {
            items.remove(*index);
        }
        _ => {}
    }
}

fn yaml_value(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::Sequence(items.iter().map(yaml_value).collect()),
        Json::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| (Value::from(key.as_str()), yaml_value(value)));
            Value::Mapping(entries.collect())
        }
        Json::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => number.as_f64().map_or(Value::Null, Value::from),
        },
    }
}

fn untagged(value: &mut Value) -> &mut Value {
    match value {
        Value::Tagged(tagged) => untagged(&mut tagged.value),
        other => other,
    }
}

fn at<'v>(value: &'v mut Value, positions: &[usize]) -> Option<&'v mut Value> {
    let Some((&position, rest)) = positions.split_first() else { return Some(value) };
    let child = match untagged(value) {
        Value::Sequence(items) => items.get_mut(position)?,
        Value::Mapping(entries) => entries.iter_mut().nth(position)?.1,
        _ => return None,
    };
    at(child, rest)
}

/// A place where a node shows.
pub(super) struct Place {
    /// Positions from the root, merge keys counted.
    positions: Vec<usize>,
    /// The path as a reader of the document sees it, without merge keys.
    pub steps: Vec<Step>,
}

/// All places of a document where a node shows: its own, and those of the aliases of it and of what holds it.
pub(super) fn places(state: &State, document: usize, wanted: NodeId) -> Vec<Place> {
    let mut walk = Walk { state, wanted, positions: Vec::new(), steps: Vec::new(), found: Vec::new() };
    if let Some(root) = state.root(document) {
        walk.visit(root, false);
    }
    walk.found
}

struct Walk<'s> {
    state: &'s State,
    wanted: NodeId,
    positions: Vec<usize>,
    steps: Vec<Step>,
    found: Vec<Place>,
}

impl Walk<'_> {
    fn visit(&mut self, id: NodeId, merged: bool) {
        if id == self.wanted {
            self.found.push(Place { positions: self.positions.clone(), steps: self.steps.clone() });
            return;
        }
        let state = self.state;
        match &state.tree.nodes[id].kind {
            Kind::Scalar { .. } => {}
            Kind::Alias { target } => self.visit(*target, merged),
            Kind::Sequence { items, .. } => {
                for (position, &item) in items.iter().enumerate() {
                    self.child(position, (!merged).then_some(Step::Index(position)), item, merged);
                }
            }
            Kind::Mapping { entries, .. } => {
                for (position, &(key, value)) in entries.iter().enumerate() {
                    let merges = is_merge_key(&state.tree.nodes[key]);
                    let name = || Step::Key(state.tree.scalar_text(key).unwrap_or("?").to_owned());
                    self.child(position, (!merges).then(name), value, merges);
                }
            }
        }
    }

    fn child(&mut self, position: usize, step: Option<Step>, id: NodeId, merged: bool) {
        let length = self.steps.len();
        self.positions.push(position);
        self.steps.extend(step);
        self.visit(id, merged);
        self.positions.pop();
        self.steps.truncate(length);
    }
}

/// The path of the first value that is not as expected.
pub(super) fn first_difference(expected: &[Value], got: &[Value]) -> String {
    if expected.len() != got.len() {
        return "the number of documents".to_owned();
    }
    let differs = expected.iter().zip(got).enumerate().find(|(_, (expected, got))| expected != got);
    let Some((document, (expected, got))) = differs else { return "nothing".to_owned() };
    let mut path = Vec::new();
    difference(expected, got, &mut path);
    let path = if path.is_empty() { "the whole document".to_owned() } else { path_text(&path) };
    if document == 0 { path } else { format!("{path} in document {}", document + 1) }
}

fn difference(expected: &Value, got: &Value, path: &mut Vec<Step>) {
    match (expected, got) {
        (Value::Sequence(expected), Value::Sequence(got)) if expected.len() == got.len() => {
            let differs = expected.iter().zip(got).enumerate().find(|(_, (expected, got))| expected != got);
            if let Some((index, (expected, got))) = differs {
                path.push(Step::Index(index));
                difference(expected, got, path);
            }
        }
        (Value::Mapping(expected), Value::Mapping(got)) => {
            let missing = |key: &Value| !expected.contains_key(key);
            let differs = expected.iter().find(|(key, value)| got.get(key) != Some(value));
            if let Some((key, value)) = differs {
                path.push(Step::Key(key.as_str().unwrap_or("?").to_owned()));
                if let Some(got) = got.get(key) {
                    difference(value, got, path);
                }
            } else if let Some(key) = got.keys().find(|key| missing(key)) {
                path.push(Step::Key(key.as_str().unwrap_or("?").to_owned()));
            }
        }
        _ => {}
    }
}
