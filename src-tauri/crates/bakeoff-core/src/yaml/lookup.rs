//! Finding the node at a path.

use super::Step;
use super::tree::{Kind, NodeId, Tree};
use super::value::{is_merge_key, merged};

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Its key, if it is an entry of a mapping.
    pub key: Option<NodeId>,
    /// The value; may be an alias.
    pub node: NodeId,
}

/// Follows a path from a node, through aliases and merge keys.
pub(super) fn lookup(tree: &Tree, root: NodeId, path: &[Step]) -> Option<Found> {
    path.iter().try_fold(Found { key: None, node: root }, |found, step| child(tree, found.node, step))
}

/// One step from a node. An index is a key where it meets a mapping.
pub(super) fn child(tree: &Tree, node: NodeId, step: &Step) -> Option<Found> {
    match (&tree.nodes[tree.target(node)].kind, step) {
        (Kind::Sequence { items, .. }, Step::Index(index)) => {
            items.get(*index).map(|&node| Found { key: None, node })
        }
        (Kind::Mapping { .. }, Step::Key(key)) => entry(tree, node, key),
        (Kind::Mapping { .. }, Step::Index(index)) => entry(tree, node, &index.to_string()),
        _ => None,
    }
}

fn entry(tree: &Tree, mapping: NodeId, key: &str) -> Option<Found> {
    if let Some(found) = own_entry(tree, mapping, key) {
        return Some(found);
    }
    let Kind::Mapping { entries, .. } = &tree.nodes[tree.target(mapping)].kind else { return None };
    entries
        .iter()
        .filter(|(key, _)| is_merge_key(&tree.nodes[*key]))
        .flat_map(|&(_, source)| merged(tree, source))
        .flatten()
        .find_map(|source| entry(tree, source, key))
}

/// The entry that the mapping itself has, not one from a merge key.
pub(super) fn own_entry(tree: &Tree, mapping: NodeId, key: &str) -> Option<Found> {
    let Kind::Mapping { entries, .. } = &tree.nodes[tree.target(mapping)].kind else { return None };
    entries
        .iter()
        .find(|(name, _)| !is_merge_key(&tree.nodes[*name]) && tree.scalar_text(*name) == Some(key))
        .map(|&(key, node)| Found { key: Some(key), node })
}
