//! Taking what is wrong out of a value, so that the rest can be read.

use super::Problem;
use crate::yaml::Step;
use serde_json::Value;

/// Takes out the smallest optional part around each problem: the item of the innermost list (set to null, so that
/// the others keep their places), an unknown key itself, or else the value of the key at the top.
pub(super) fn prune(value: &mut Value, problems: &[Problem]) {
    for problem in problems {
        let path = &problem.path;
        let last_index = path.iter().rposition(|step| matches!(step, Step::Index(_)));
        let end = match last_index {
            _ if problem.at_key => path.len(),
            Some(at) => at + 1,
            None => path.len().min(1),
        };
        remove(value, path.get(..end).unwrap_or(path));
    }
}

/// Takes out exactly the values that are wrong; nothing where only something is missing. Of a list that is named, the
/// whole item.
pub(super) fn prune_values(value: &mut Value, problems: &[Problem], whole_items: &[&str]) {
    for problem in problems {
        let path = &problem.path;
        let list = path
            .iter()
            .position(|step| matches!(step, Step::Key(key) if whole_items.contains(&key.as_str())));
        let item = list.filter(|list| matches!(path.get(list + 1), Some(Step::Index(_))));
        match item {
            Some(list) => remove(value, path.get(..list + 2).unwrap_or(path)),
            None if problem.missing => {}
            None => remove(value, path),
        }
    }
}

fn remove(value: &mut Value, path: &[Step]) {
    let Some((last, parents)) = path.split_last() else { return };
    let mut parent = value;
    for step in parents {
        let next = match step {
            Step::Key(key) => parent.get_mut(key),
            Step::Index(index) => parent.get_mut(*index),
        };
        let Some(next) = next else { return };
        parent = next;
    }
    match (last, parent) {
        (Step::Key(key), Value::Object(object)) => {
            object.shift_remove(key);
        }
        (Step::Index(index), Value::Array(items)) => {
            if let Some(item) = items.get_mut(*index) {
                *item = Value::Null;
            }
        }
        _ => {}
    }
}
