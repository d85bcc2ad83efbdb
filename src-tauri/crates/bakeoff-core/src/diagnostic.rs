//! What is wrong with a file: where, what was found, what is allowed, how to mend it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How bad a finding is. A file with an error is not used; a warning is shown and the file is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Severity {
    /// The file can't be used as it is.
    Error,
    /// The file is used, but something in it is probably not meant.
    Warning,
}

/// A place in a text. Lines and columns count from 1; columns count characters, not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One finding in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[ts(export)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A stable short name such as `unknown-key`, for tests and for `--json`.
    pub code: String,
    /// The file, relative to the workspace where it is inside one. Filled in by whoever read the file.
    pub file: Option<String>,
    /// Where in the document, such as `scorers[1].type`; empty for the whole document.
    pub path: String,
    /// Where the value (or the key, for an unknown key) starts.
    pub start: Option<Position>,
    /// Just past where it ends.
    pub end: Option<Position>,
    /// What is wrong, with the value found and what is allowed.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error without a place; add one with [`Diagnostic::at`].
    pub fn error(code: &str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: code.to_owned(),
            file: None,
            path: path.into(),
            start: None,
            end: None,
            message: message.into(),
            hint: None,
        }
    }

    /// A warning without a place.
    pub fn warning(code: &str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, path, message) }
    }

    /// The same finding with its place in the text.
    #[must_use]
    pub fn at(mut self, start: Position, end: Position) -> Self {
        (self.start, self.end) = (Some(start), Some(end));
        self
    }

    /// The same finding with a hint on how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same finding in a named file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Whether the file can't be used because of this.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl std::fmt::Display for Diagnostic {
    /// `variants/a.yaml:3:8: error: … (hint)`, the form editors and terminals can jump to.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
        }
        if let Some(start) = self.start {
            write!(f, "{}:{}:", start.line, start.column)?;
        }
        let severity = if self.is_error() { "error" } else { "warning" };
        if self.file.is_some() || self.start.is_some() {
            write!(f, " ")?;
        }
        write!(f, "{severity}: {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// What checking a file gives: the checked value unless there were errors, and everything that was found.
#[derive(Debug, Clone)]
pub struct Checked<T> {
    /// The checked value; `None` when there is at least one error.
    pub value: Option<T>,
    /// All findings, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// The known name nearest to a misspelt one, if any is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count().max(3) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
