//! Results for other programs and other people: CSV, JSON and a self-contained HTML report.
//!
//! Pure writers. The caller hands over plain structs and iterators, so a run of any length is written with the memory of
//! one trial, and decides where the bytes go.

pub mod csv;
pub mod html;
pub mod json;
mod nodes;
mod run;

pub use nodes::{Known, NodeUse, add_steps};
pub use run::{DifferingCase, DifferingCell, RunHead, TrialLine, VariantText};

use bakeoff_core::trial::Millis;

/// Why an export was not completed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The target could not be written.
    #[error("failed to write the export: {0}; check that the disk has room and the folder can be written")]
    Write(#[from] std::io::Error),
    /// The results could not be read.
    #[error("failed to read the results for the export: {0}")]
    Read(String),
}

/// A moment as ISO 8601 in UTC: `2026-11-20T09:45:03.123Z`.
fn iso(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at)
        .map_or_else(|_| "unknown time".to_owned(), |time| format!("{time:.3}"))
}

/// Turns an iterator's own error into ours.
fn read<T, E: std::fmt::Display>(item: Result<T, E>) -> Result<T, ExportError> {
    item.map_err(|error| ExportError::Read(error.to_string()))
}
