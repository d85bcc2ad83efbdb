//! Lists are set item by item, so that the items that stay keep their comments and styles.

use super::site::Site;
use super::state::State;
use super::{Change, Edit, EditError, Operation};
use crate::yaml::events::ScalarStyle;
use crate::yaml::scalar::resolve;
use crate::yaml::tree::{Kind, NodeId};
use crate::yaml::{Step, path_text};
use serde_json::Value;

/// The steps of an edit, in order.
pub(super) fn operations(state: &State, document: usize, edit: &Edit) -> Result<Vec<Operation>, EditError> {
    let path = edit.path.clone();
    let Change::Set(value) = &edit.change else { return Ok(vec![Operation::Remove { path }]) };
    check_value(&path, value)?;
    let whole = Operation::Set { path, value: value.clone() };
    let Site::Value { node, .. } = Site::find(state, document, &whole)? else { return Ok(vec![whole]) };
    match (&state.tree.nodes[node].kind, value) {
        (Kind::Mapping { .. }, _) => Err(EditError::new(
            format!("{} is a mapping and was not replaced", path_text(&edit.path)),
            "name a key in it",
        )),
        (Kind::Sequence { items, .. }, Value::Array(new)) if !items.is_empty() && !new.is_empty() => {
            let is_scalar = |item: &NodeId| {
                matches!(state.tree.nodes[*item].kind, Kind::Scalar { .. } | Kind::Alias { .. })
            };
            if !items.iter().all(is_scalar) {
                let message = format!("{} has lists or mappings as items", path_text(&edit.path));
                return Err(EditError::new(message, "change its items one by one"));
            }
            let old: Vec<_> = items.iter().map(|&item| item_value(state, item)).collect();
            Ok(item_by_item(&edit.path, &old, new))
        }
        _ => Ok(vec![whole]),
    }
}

fn check_value(path: &[Step], value: &Value) -> Result<(), EditError> {
    let is_scalar = |value: &Value| !value.is_array() && !value.is_object();
    if is_scalar(value) || value.as_array().is_some_and(|items| items.iter().all(is_scalar)) {
        return Ok(());
    }
    let message =
        format!("{} can only become text, a number, true, false, null or a list of these", path_text(path));
    Err(EditError::new(message, "set the keys in it one by one"))
}

/// The value of an item; `None` for what can't be compared, such as one with a tag.
fn item_value(state: &State, item: NodeId) -> Option<Value> {
    let node = &state.tree.nodes[item];
    match &node.kind {
        Kind::Scalar { style: ScalarStyle::Plain, value, .. } if node.tag.is_none() => resolve(value).ok(),
        Kind::Scalar { value, .. } if node.tag.is_none() => Some(Value::from(&**value)),
        _ => None,
    }
}

fn item_by_item(path: &[Step], old: &[Option<Value>], new: &[Value]) -> Vec<Operation> {
    let same = |(old, new): &(&Option<Value>, &Value)| old.as_ref() == Some(*new);
    let prefix = old.iter().zip(new).take_while(same).count();
    let (old, new) = (&old[prefix..], &new[prefix..]);
    let suffix = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    let (old, new) = (&old[..old.len() - suffix], &new[..new.len() - suffix]);
    let at = |index: usize| [path, &[Step::Index(prefix + index)]].concat();
    let both = old.len().min(new.len());
    let set = (0..both).map(|index| Operation::Set { path: at(index), value: new[index].clone() });
    let insert =
        (both..new.len()).map(|index| Operation::InsertItem { path: at(index), value: new[index].clone() });
    let remove = (both..old.len()).map(|_| Operation::Remove { path: at(both) });
    set.chain(insert).chain(remove).collect()
}
