//! Changing values of a YAML text without touching any other byte.
//!
//! Only the bytes of a value are spliced, never a document dumped. Afterwards old and new text are read by serde_yaml
//! and compared: unless exactly the asked change happened, nothing is changed.

mod block_text;
mod inline_text;
mod insert;
mod list;
mod remove;
mod replace;
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
    /// Text, a number, a boolean, null or a list of texts. A key that its mapping does not have yet is added as its
    /// last one; the index after a list's last item adds an item.
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
        for operation in list::operations(&state, document, edit)? {
            if let Some(changed) = perform(&state, document, &operation, &mut warnings)? {
                state = changed;
            }
        }
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

/// One step of an edit: a list is set item by item.
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
    for splices in candidates(state, &site, operation)? {
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
fn candidates(state: &State, site: &Site, operation: &Operation) -> Result<Vec<Vec<Splice>>, EditError> {
    match site {
        Site::Value { node, key, .. } => Ok(replace::candidates(state, *node, *key, operation.value())),
        Site::NewEntry { mapping, key } => insert::entry(state, *mapping, key, operation.value()),
        Site::NewItem { sequence, index } => Ok(insert::item(state, *sequence, *index, operation.value())),
        Site::EmptyDocument { key } => insert::first_entry(state, key, operation.value()),
        Site::Removed { container, index } => Ok(remove::candidates(state, *container, *index)),
    }
}
