//! What is wrong with a file, told with its place.

use std::fmt;
use std::path::Path;

/// A problem with a file of Operator, as precisely placed as it is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FileError {
    /// The file.
    pub file: String,
    /// The table in it.
    pub table: Option<String>,
    /// The row's `id`.
    pub row: Option<i64>,
    /// What is wrong, in plain words.
    pub why: String,
}

impl FileError {
    /// Of the whole file.
    pub(crate) fn of_file(file: &Path, why: impl Into<String>) -> Self {
        Self { file: file.display().to_string(), table: None, row: None, why: why.into() }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(table) = &self.table {
            write!(f, ", table {table}")?;
        }
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        write!(f, ": {}", self.why)
    }
}
