//! What a node means for who asks for a change: a JSON value, aliases followed and merge keys applied.

use crate::yaml::TAG_PREFIX;
use crate::yaml::events::ScalarStyle;
use crate::yaml::scalar::resolve;
use crate::yaml::tree::{Kind, Node, NodeId, Tree};
use crate::yaml::value::{is_merge_key, merged};
use serde_json::{Map, Value};

/// The value of a node; `None` for what JSON has no value for. Tags of an application do not count: they stay.
pub(super) fn value(tree: &Tree, id: NodeId) -> Option<Value> {
    let node = &tree.nodes[tree.target(id)];
    match &node.kind {
        Kind::Scalar { style, value, .. } => scalar(node, *style, value),
        Kind::Sequence { items, .. } => {
            items.iter().map(|&item| value(tree, item)).collect::<Option<_>>().map(Value::Array)
        }
        Kind::Mapping { .. } => entries(tree, id).map(Value::Object),
        Kind::Alias { .. } => None,
    }
}

fn scalar(node: &Node, style: ScalarStyle, text: &str) -> Option<Value> {
    match node.tag.as_deref().and_then(|tag| tag.strip_prefix(TAG_PREFIX)) {
        Some("str") => Some(Value::from(text)),
        Some("float") => resolve(text).ok()?.as_f64().map(Value::from),
        None if style != ScalarStyle::Plain => Some(Value::from(text)),
        _ => resolve(text).ok(),
    }
}

/// The entries of a mapping, its own first.
fn entries(tree: &Tree, mapping: NodeId) -> Option<Map<String, Value>> {
    let Kind::Mapping { entries, .. } = &tree.nodes[tree.target(mapping)].kind else { return None };
    let (merges, own): (Vec<_>, Vec<_>) =
        entries.iter().partition(|(key, _)| is_merge_key(&tree.nodes[*key]));
    let mut map = Map::with_capacity(entries.len());
    for (key, entry) in own {
        map.insert(tree.scalar_text(key)?.to_owned(), value(tree, entry)?);
    }
    for source in merges.into_iter().flat_map(|(_, source)| merged(tree, source)) {
        for (key, value) in self::entries(tree, source?)? {
            map.entry(key).or_insert(value);
        }
    }
    Some(map)
}
