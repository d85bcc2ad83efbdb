//! Structured values are set step by step, so that what stays keeps its comments and styles.

use super::site::Site;
use super::state::State;
use super::{EditError, Operation, current};
use crate::yaml::Step;
use crate::yaml::lookup::{child, lookup, own_entry};
use crate::yaml::tree::{Kind, NodeId};
use crate::yaml::value::is_merge_key;
use serde_json::{Map, Value};

/// The largest table of pairs of items that is made to find what two lists have in common.
const MAX_PAIRS: usize = 10_000;

/// The next step on the way to a value; `None` if it is there.
pub(super) fn next(
    state: &State,
    document: usize,
    path: &[Step],
    new: &Value,
) -> Result<Option<Operation>, EditError> {
    let whole = set(path, new);
    match Site::find(state, document, &whole)? {
        Site::Value { node, .. } => Ok(step(state, node, path, new)),
        _ => Ok(Some(whole)),
    }
}

/// What to set as a whole where a step can't be made: what is around it, up to the value at `path`.
pub(super) fn wider(step: &Operation, path: &[Step], new: &Value) -> Vec<Operation> {
    let inside = step.path().get(path.len()..).unwrap_or_default();
    let mut found = Vec::new();
    let mut value = Some(new);
    for (depth, next) in inside.iter().enumerate() {
        found.extend(value.map(|value| set(&step.path()[..path.len() + depth], value)));
        value = value.and_then(|value| match next {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        });
    }
    found.reverse();
    found
}

/// Where to set what, when what should hold a key is null: there, a mapping with the key.
pub(super) fn below_null(
    state: &State,
    document: usize,
    path: &[Step],
    new: &Value,
) -> Option<(Vec<Step>, Value)> {
    let (Step::Key(key), parents) = path.split_last()? else { return None };
    let parent = lookup(&state.tree, state.root(document)?, parents)?.node;
    let node = &state.tree.nodes[state.tree.target(parent)];
    let is_empty_document = parents.is_empty() && node.outer == node.end;
    let is_null = matches!(node.kind, Kind::Scalar { .. })
        && current::value(&state.tree, parent).is_some_and(|value| value.is_null());
    let mapping = Map::from_iter([(key.clone(), new.clone())]);
    (is_null && !is_empty_document).then(|| (parents.to_vec(), Value::Object(mapping)))
}

fn set(path: &[Step], new: &Value) -> Operation {
    Operation::Set { path: path.to_vec(), value: new.clone() }
}

fn step(state: &State, node: NodeId, path: &[Step], new: &Value) -> Option<Operation> {
    if current::value(&state.tree, node).as_ref() == Some(new) {
        return None;
    }
    let whole = set(path, new);
    match (&state.tree.nodes[node].kind, new) {
        (Kind::Mapping { entries, .. }, Value::Object(map)) if !entries.is_empty() && !map.is_empty() => {
            Some(in_mapping(state, node, path, map).unwrap_or(whole))
        }
        (Kind::Sequence { items, .. }, Value::Array(new)) if !items.is_empty() && !new.is_empty() => {
            Some(in_list(state, items, path, new).unwrap_or(whole))
        }
        _ => Some(whole),
    }
}

/// First what stays, then what is new, last what goes, so that the mapping never is empty.
fn in_mapping(state: &State, mapping: NodeId, path: &[Step], new: &Map<String, Value>) -> Option<Operation> {
    let tree = &state.tree;
    let at = |key: &str| [path, &[Step::Key(key.to_owned())]].concat();
    let Kind::Mapping { entries, .. } = &tree.nodes[mapping].kind else { return None };
    let own = || {
        let own = entries.iter().filter(|(key, _)| !is_merge_key(&tree.nodes[*key]));
        own.filter_map(|&(key, value)| Some((tree.scalar_text(key)?, value)))
    };
    let changed = || own().find_map(|(key, value)| step(state, value, &at(key), new.get(key)?));
    let is_missing = |key: &str, value: &Value| {
        let merged = || child(tree, mapping, &Step::Key(key.to_owned()));
        own_entry(tree, mapping, key).is_none()
            && merged().and_then(|found| current::value(tree, found.node)).as_ref() != Some(value)
    };
    let added = || new.iter().find(|(key, value)| is_missing(key, value));
    let removed = || own().find(|(key, _)| !new.contains_key(*key));
    changed()
        .or_else(|| added().map(|(key, value)| set(&at(key), value)))
        .or_else(|| removed().map(|(key, _)| Operation::Remove { path: at(key) }))
}

/// Items that are the same in both lists stay; of those between, the first ones are changed.
fn in_list(state: &State, items: &[NodeId], path: &[Step], new: &[Value]) -> Option<Operation> {
    let old: Vec<_> = items.iter().map(|&item| current::value(&state.tree, item)).collect();
    let start = old.iter().zip(new).take_while(|(old, new)| old.as_ref() == Some(new)).count();
    let (old_count, new_count) = before_common(&old[start..], &new[start..]);
    let both = start + old_count.min(new_count);
    let at = |index: usize| [path, &[Step::Index(index)]].concat();
    let changed = (start..both).find_map(|index| step(state, items[index], &at(index), &new[index]));
    let inserted = (old_count < new_count)
        .then(|| new.get(both).map(|value| Operation::InsertItem { path: at(both), value: value.clone() }));
    let removed = (old_count > new_count).then(|| Operation::Remove { path: at(both) });
    changed.or(inserted.flatten()).or(removed)
}

/// How many items stand before the first one of the longest common subsequence; in large lists, before the common
/// end.
fn before_common(old: &[Option<Value>], new: &[Value]) -> (usize, usize) {
    let same = |at: usize, other: usize| old[at].as_ref() == Some(&new[other]);
    let (rows, columns) = (old.len(), new.len());
    if rows * columns > MAX_PAIRS {
        let end = (1..=rows.min(columns)).take_while(|&back| same(rows - back, columns - back)).count();
        return (rows - end, columns - end);
    }
    let mut lengths = vec![vec![0_usize; columns + 1]; rows + 1];
    for at in (0..rows).rev() {
        for other in (0..columns).rev() {
            lengths[at][other] = if same(at, other) {
                lengths[at + 1][other + 1] + 1
            } else {
                lengths[at + 1][other].max(lengths[at][other + 1])
            };
        }
    }
    let (mut at, mut other) = (0, 0);
    while lengths[at][other] > 0 && !same(at, other) {
        if lengths[at + 1][other] >= lengths[at][other + 1] { at += 1 } else { other += 1 }
    }
    if lengths[at][other] > 0 { (at, other) } else { (rows, columns) }
}
