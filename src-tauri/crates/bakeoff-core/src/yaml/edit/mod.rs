//! Changing values of a YAML text without touching any other byte.
//!
//! Only the bytes of a value are spliced, never a document dumped. Afterwards old and new text are read by serde_yaml
//! and compared: unless exactly the asked change happened, nothing is changed.

mod block_lines;
mod block_text;
mod current;
mod difference;
mod inline_text;
mod insert;
mod remove;
mod replace;
mod replace_structure;
mod site;
mod splice;
mod state;
mod verify;
mod warning;

use self::site::Site;
use self::splice::Splice;
use self::state::State;
use super::{MAX_BYTES, Step, path_text};
use serde_json::Value;

/// After so many steps, the rest of a value is replaced as a whole.
const MAX_STEPS: usize = 1000;
/// libyaml takes keys of up to 1,024 characters.
const LONGEST_KEY: usize = 1000;

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// Which value.
    pub path: Vec<Step>,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Any value. Of a list or mapping that is there, only what differs is changed, so that the rest keeps its
    /// comments and style; where a list, a mapping and a scalar take each other's place, the whole value is replaced.
    /// A key that its mapping does not have yet is added as its last one, a key of what is null makes a mapping of
    /// it; the index after a list's last item adds an item.
    Set(Value),
    /// The key goes with its value, the item with its dash; comments on lines of their own stay.
    Remove,
}

/// The changed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The whole text.
    pub text: String,
    /// What a person should know, such as other places that change with an anchored value.
    pub warnings: Vec<String>,
}

/// Why a text was not changed, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({hint})")]
pub struct EditError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl EditError {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

/// Changes one document of a text (`document` counts from 0), edit by edit: a later path is looked up in what the
/// earlier edits left. The text has to be within the limits of [`super::read`]; it may have several documents and
/// tags. A value that is already as asked keeps its bytes.
///
/// # Errors
/// The text is not readable, a path leads nowhere, the value can't stand there, or something else would change
/// with it. Then none of the edits is made.
pub fn apply(text: &str, document: usize, edits: &[Edit]) -> Result<Edited, EditError> {
    if text.len() > MAX_BYTES {
        let message = format!("the text is larger than {} MiB", MAX_BYTES >> 20);
        return Err(EditError::new(message, "make it smaller first"));
    }
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut state = State::read(body.to_owned()).map_err(|problem| {
        EditError::new(format!("the text can't be changed: {problem}"), "mend it first")
    })?;
    let mut warnings = Vec::new();
    for edit in edits {
        state = change(state, document, edit, &mut warnings)?;
    }
    let mark = &text[..text.len() - body.len()];
    Ok(Edited { text: format!("{mark}{}", state.text), warnings })
}

/// [`apply`] with one text.
///
/// # Errors
/// As [`apply`].
pub fn set_string(text: &str, path: &[Step], new: &str) -> Result<Edited, EditError> {
    apply(text, 0, &[Edit { path: path.to_vec(), change: Change::Set(Value::from(new)) }])
}

/// One step of an edit: lists and mappings are set item by item and key by key.
#[derive(Debug, Clone, PartialEq)]
enum Operation {
    Set { path: Vec<Step>, value: Value },
    InsertItem { path: Vec<Step>, value: Value },
    Remove { path: Vec<Step> },
}

impl Operation {
    fn path(&self) -> &[Step] {
        match self {
            Operation::Set { path, .. } | Operation::InsertItem { path, .. } | Operation::Remove { path } => {
                path
            }
        }
    }

    fn value(&self) -> &Value {
        match self {
            Operation::Set { value, .. } | Operation::InsertItem { value, .. } => value,
            Operation::Remove { .. } => &Value::Null,
        }
    }
}

/// Makes one edit.
fn change(
    state: State,
    document: usize,
    edit: &Edit,
    warnings: &mut Vec<String>,
) -> Result<State, EditError> {
    let Change::Set(value) = &edit.change else {
        let removal = Operation::Remove { path: edit.path.clone() };
        return Ok(perform(&state, document, &removal, warnings)?.unwrap_or(state));
    };
    check_keys(value, &edit.path)?;
    match difference::below_null(&state, document, &edit.path, value) {
        Some((path, value)) => set(state, document, &path, &value, warnings),
        None => set(state, document, &edit.path, value, warnings),
    }
}

/// Sets a value step by step. Where a step can't be made, what is around it is replaced as a whole.
fn set(
    mut state: State,
    document: usize,
    path: &[Step],
    value: &Value,
    warnings: &mut Vec<String>,
) -> Result<State, EditError> {
    for _ in 0..MAX_STEPS {
        let Some(step) = difference::next(&state, document, path, value)? else { return Ok(state) };
        let wider = difference::wider(&step, path, value);
        let mut done = perform(&state, document, &step, warnings);
        for wider in wider {
            if matches!(done, Ok(Some(_))) {
                break;
            }
            done = perform(&state, document, &wider, warnings).map_err(|error| done.err().unwrap_or(error));
        }
        match done? {
            Some(changed) => state = changed,
            None => return Ok(state),
        }
    }
    let whole = Operation::Set { path: path.to_vec(), value: value.clone() };
    Ok(perform(&state, document, &whole, warnings)?.unwrap_or(state))
}

/// Refuses keys that are too long for libyaml, in the path and in the value.
fn check_keys(value: &Value, path: &[Step]) -> Result<(), EditError> {
    fn is_long(key: &str) -> bool {
        inline_text::key(key, true).len() > LONGEST_KEY
    }
    fn has_long(value: &Value) -> bool {
        match value {
            Value::Array(items) => items.iter().any(has_long),
            Value::Object(entries) => entries.iter().any(|(key, value)| is_long(key) || has_long(value)),
            _ => false,
        }
    }
    if matches!(path.last(), Some(Step::Key(key)) if is_long(key)) || has_long(value) {
        let hint = format!("use a key of at most {LONGEST_KEY} characters");
        return Err(EditError::new("the key is too long", hint));
    }
    Ok(())
}

/// Makes one change; `None` if there is nothing to change.
fn perform(
    state: &State,
    document: usize,
    operation: &Operation,
    warnings: &mut Vec<String>,
) -> Result<Option<State>, EditError> {
    let site = Site::find(state, document, operation)?;
    let expected = verify::expected(state, document, &site, operation);
    if expected == state.values {
        return Ok(None);
    }
    let mut failure = None;
    for splices in candidates(state, &site, operation) {
        match State::read(splice::splice(&state.text, splices)) {
            Ok(changed) if changed.values == expected => {
                warnings.extend(warning::other_places(state, document, &site, operation));
                warnings.extend(warning::lost_comments(state, &site, operation));
                return Ok(Some(changed));
            }
            Ok(changed) => {
                let other = verify::first_difference(&expected, &changed.values);
                failure.get_or_insert_with(|| format!("{other} would change with it"));
            }
            Err(problem) => {
                failure.get_or_insert_with(|| format!("the text would no longer be readable: {problem}"));
            }
        }
    }
    let shown = path_text(operation.path());
    let reason = failure.unwrap_or_else(|| "there is no way to write it here".to_owned());
    let hint = "change this place by hand in the editor";
    Err(EditError::new(format!("{shown} was not changed: {reason}"), hint))
}

/// The ways to write a change, best first.
fn candidates(state: &State, site: &Site, operation: &Operation) -> Vec<Vec<Splice>> {
    match site {
        Site::Value { node, key, .. } => replace::candidates(state, *node, *key, operation.value()),
        Site::NewEntry { mapping, key } => insert::entry(state, *mapping, key, operation.value()),
        Site::NewItem { sequence, index } => insert::item(state, *sequence, *index, operation.value()),
        Site::EmptyDocument { key } => insert::first_entry(state, key, operation.value()),
        Site::Removed { container, index } => remove::candidates(state, *container, *index),
    }
}
