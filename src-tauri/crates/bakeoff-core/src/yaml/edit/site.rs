//! Where a change takes place.

use super::state::State;
use super::{EditError, Operation};
use crate::yaml::lookup::{Found, child, lookup, own_entry};
use crate::yaml::tree::{Kind, NodeId};
use crate::yaml::{Step, path_text};

/// The place of a change in the old text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Site {
    /// A value that is there.
    Value { node: NodeId, key: Option<NodeId> },
    /// A key that the mapping does not have.
    NewEntry { mapping: NodeId, key: String },
    /// A key for a document without any value.
    EmptyDocument { key: String },
    /// A new item before the one with this index, or after the last.
    NewItem { sequence: NodeId, index: usize },
    /// The entry or item with this index.
    Removed { container: NodeId, index: usize },
}

impl Site {
    /// Finds the place, or says why there is none.
    pub fn find(state: &State, document: usize, operation: &Operation) -> Result<Self, EditError> {
        let path = operation.path();
        let documents = state.tree.documents.len().max(1);
        if document >= documents {
            let message = format!("there is no document {}; the text has {documents}", document + 1);
            return Err(EditError::new(message, "choose another document"));
        }
        let Some((last, parents)) = path.split_last() else {
            return Self::whole_document(state, document, operation);
        };
        if let (true, Step::Key(key), Operation::Set { .. }) = (parents.is_empty(), last, operation)
            && is_empty(state, document)
        {
            return Ok(Site::EmptyDocument { key: key.clone() });
        }
        let parent = state.root(document).and_then(|root| lookup(&state.tree, root, parents));
        let Some(parent) = parent else { return Err(no_such(state, document, parents)) };
        let container = state.tree.target(parent.node);
        match operation {
            Operation::Set { .. } => Self::set(state, container, path, last),
            Operation::InsertItem { .. } => Self::new_item(state, container, path, last),
            Operation::Remove { .. } => Self::removed(state, container, path, last),
        }
    }

    fn whole_document(state: &State, document: usize, operation: &Operation) -> Result<Self, EditError> {
        match (state.root(document), operation) {
            (Some(node), Operation::Set { .. }) => Ok(Site::Value { node, key: None }),
            _ => Err(EditError::new("the whole document can't be removed", "name a key of it")),
        }
    }

    fn set(state: &State, container: NodeId, path: &[Step], last: &Step) -> Result<Self, EditError> {
        let key = match last {
            Step::Key(key) => key.clone(),
            Step::Index(index) => index.to_string(),
        };
        match (&state.tree.nodes[container].kind, last) {
            (Kind::Mapping { .. }, _) => Ok(match own_entry(&state.tree, container, &key) {
                Some(Found { key, node }) => Site::Value { node, key },
                None => Site::NewEntry { mapping: container, key },
            }),
            (Kind::Sequence { items, .. }, Step::Index(index)) if *index < items.len() => {
                Ok(Site::Value { node: items[*index], key: None })
            }
            _ => Self::new_item(state, container, path, last),
        }
    }

    fn new_item(state: &State, container: NodeId, path: &[Step], last: &Step) -> Result<Self, EditError> {
        let shown = path_text(path);
        match (&state.tree.nodes[container].kind, last) {
            (Kind::Sequence { items, .. }, Step::Index(index)) if *index <= items.len() => {
                Ok(Site::NewItem { sequence: container, index: *index })
            }
            (Kind::Sequence { items, .. }, Step::Index(_)) => {
                let message = format!("{shown} does not exist; the list has {} items", items.len());
                Err(EditError::new(message, "use an index within the list, or the one after its last"))
            }
            (Kind::Sequence { .. }, Step::Key(_)) => Err(EditError::new(
                format!("{shown} does not exist; what holds it is a list"),
                "use an index such as [0]",
            )),
            _ => Err(EditError::new(
                format!("{shown} can't be set: what should hold it is neither a mapping nor a list"),
                "check the path, or make it a mapping first, such as {}",
            )),
        }
    }

    fn removed(state: &State, container: NodeId, path: &[Step], last: &Step) -> Result<Self, EditError> {
        let missing =
            || EditError::new(format!("{} does not exist", path_text(path)), "there is nothing to remove");
        let found = child(&state.tree, container, last).ok_or_else(missing)?;
        let index = match &state.tree.nodes[container].kind {
            Kind::Sequence { items, .. } => items.iter().position(|&item| item == found.node),
            Kind::Mapping { entries, .. } => entries.iter().position(|&(key, _)| Some(key) == found.key),
            _ => None,
        };
        index.map(|index| Site::Removed { container, index }).ok_or_else(|| {
            let message = format!("{} comes from a merge key (<<)", path_text(path));
            EditError::new(message, "remove it where it is written, or remove the merge key")
        })
    }

    /// The node whose value changes, wherever aliases repeat it.
    pub fn changed_node(&self) -> Option<NodeId> {
        match self {
            Site::Value { node, .. } => Some(*node),
            Site::NewEntry { mapping: container, .. }
            | Site::NewItem { sequence: container, .. }
            | Site::Removed { container, .. } => Some(*container),
            Site::EmptyDocument { .. } => None,
        }
    }
}

/// A document that has no value at all, not even `null`.
fn is_empty(state: &State, document: usize) -> bool {
    state.root(document).is_none_or(|root| {
        let node = &state.tree.nodes[root];
        node.start == node.end
            && node.anchor.is_none()
            && node.tag.is_none()
            && matches!(node.kind, Kind::Scalar { .. })
    })
}

fn no_such(state: &State, document: usize, path: &[Step]) -> EditError {
    let root = state.root(document);
    let known = (0..path.len())
        .rev()
        .find(|&length| root.is_some_and(|root| lookup(&state.tree, root, &path[..length]).is_some()))
        .unwrap_or(0);
    let missing = path_text(&path[..=known.min(path.len().saturating_sub(1))]);
    let inside = if known == 0 { "the document".to_owned() } else { path_text(&path[..known]) };
    EditError::new(format!("{missing} does not exist in {inside}"), "check the path")
}
