//! What can go wrong with the database, in words that say what to do.

use rusqlite::ErrorCode;
use std::path::Path;
use std::sync::Arc;

/// A failure, with the database that it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError {
    /// What went wrong.
    pub problem: Problem,
    /// The database file.
    pub path: Option<Arc<Path>>,
}

/// Kinds of failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A newer version of this program has changed the database.
    NewerSchema {
        /// The version of the schema in the file.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The file holds something else than a database.
    NotADatabase,
    /// The file is a database of another program.
    OtherProgram,
    /// The file is damaged.
    Corrupt {
        /// What SQLite found.
        detail: String,
    },
    /// Another program has held the database for longer than the waiting time.
    Locked,
    /// The file may not be written.
    ReadOnly,
    /// There is no room left. Nothing was half-written.
    DiskFull,
    /// The file can't be opened.
    CannotOpen {
        /// Why, in the system's words.
        detail: String,
    },
    /// The disk reported an error. Nothing was half-written.
    Io {
        /// What the system said.
        detail: String,
    },
    /// There is no such thing.
    NotFound {
        /// Such as `run #12`.
        what: String,
    },
    /// Another program runs this run.
    Owned {
        /// The run.
        run: u32,
        /// The other program's process.
        process: u32,
    },
    /// This program does not run this run (any more), so it may not write to it.
    NotOwner {
        /// The run.
        run: u32,
    },
    /// The trial has a result that must not be replaced.
    AlreadyFinal {
        /// Such as `trial (case 3, variant 1, repetition 0) of run #12`.
        what: String,
    },
    /// Something stored can't be read by this version of the program.
    Unreadable {
        /// Such as `the campaign of run #12`.
        what: String,
        /// Why.
        detail: String,
    },
    /// What was to be stored is not possible.
    Invalid {
        /// Why.
        detail: String,
    },
    /// The writing thread has ended.
    Closed,
    /// Anything else that SQLite reports.
    Sqlite {
        /// What it says.
        detail: String,
    },
}

impl StoreError {
    /// What to do about it, as a sentence.
    pub fn hint(&self) -> &'static str {
        match self.problem {
            Problem::NewerSchema { .. } => "Update Bakeoff, or open another workspace.",
            Problem::NotADatabase | Problem::OtherProgram => {
                "Move the file out of the way and start again; it was left as it is."
            }
            Problem::Corrupt { .. } => {
                "Close Bakeoff, copy the file to a safe place, then put back a backup, or save what can be read with \
                 `sqlite3 FILE .recover`. It was left as it is."
            }
            Problem::Locked => "Close the other program that uses this workspace, or try again in a moment.",
            Problem::ReadOnly => {
                "Make the file and its folder writable, or copy the workspace to where you may write."
            }
            Problem::DiskFull => "Free some space on this disk, then resume; finished trials are safe.",
            Problem::CannotOpen { .. } => {
                "Check that the folder exists and that you may read and write in it."
            }
            Problem::Io { .. } => "Check the disk, then resume; finished trials are safe.",
            Problem::NotFound { .. } => "It may have been deleted; reload the list.",
            Problem::Owned { .. } => "Watch it here, and stop or resume it in the program that runs it.",
            Problem::NotOwner { .. } => "Another program has taken it over; watch it here.",
            Problem::AlreadyFinal { .. } => "The first result was kept; nothing needs to be done.",
            Problem::Unreadable { .. } => "Open it with the version of Bakeoff that wrote it.",
            Problem::Invalid { .. } => "Correct it and try again.",
            Problem::Closed => "Open the workspace again.",
            Problem::Sqlite { .. } => "Try again; if it happens again, please report it with this message.",
        }
    }

    /// The same failure, naming the database.
    pub(crate) fn at(mut self, path: &Arc<Path>) -> Self {
        self.path.get_or_insert_with(|| Arc::clone(path));
        self
    }

    /// Whether the failure concerns the whole transaction and not only the one who asked.
    pub(crate) fn is_of_the_file(&self) -> bool {
        matches!(
            self.problem,
            Problem::Corrupt { .. }
                | Problem::NotADatabase
                | Problem::Locked
                | Problem::ReadOnly
                | Problem::DiskFull
                | Problem::CannotOpen { .. }
                | Problem::Io { .. }
        )
    }

    /// No such run.
    pub(crate) fn no_run(run: u32) -> Self {
        Problem::NotFound { what: format!("run #{run}") }.into()
    }

    /// Stored JSON that doesn't fit the present types.
    pub(crate) fn unreadable(what: String, error: &serde_json::Error) -> Self {
        Problem::Unreadable { what, detail: error.to_string() }.into()
    }
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let file = self.path.as_ref().map_or("the database".into(), |path| path.to_string_lossy());
        match &self.problem {
            Problem::NewerSchema { found, known } => {
                write!(f, "{file} was written by a newer Bakeoff (schema {found}; this one knows {known})")
            }
            Problem::NotADatabase => write!(f, "{file} is not a database"),
            Problem::OtherProgram => write!(f, "{file} is a database of another program"),
            Problem::Corrupt { detail } => write!(f, "{file} is damaged: {detail}"),
            Problem::Locked => write!(f, "{file} is locked by another program"),
            Problem::ReadOnly => write!(f, "{file} is read-only"),
            Problem::DiskFull => write!(f, "there is no room left on the disk for {file}"),
            Problem::CannotOpen { detail } => write!(f, "{file} can't be opened: {detail}"),
            Problem::Io { detail } => write!(f, "reading or writing {file} failed: {detail}"),
            Problem::NotFound { what } => write!(f, "there is no {what}"),
            Problem::Owned { run, process } => {
                write!(f, "run #{run} belongs to another program (process {process})")
            }
            Problem::NotOwner { run } => write!(f, "this program does not own run #{run}"),
            Problem::AlreadyFinal { what } => write!(f, "{what} already has a result"),
            Problem::Unreadable { what, detail } => write!(f, "{what} can't be read: {detail}"),
            Problem::Invalid { detail } => f.write_str(detail),
            Problem::Closed => write!(f, "{file} is closed"),
            Problem::Sqlite { detail } => write!(f, "{file}: {detail}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<Problem> for StoreError {
    fn from(problem: Problem) -> Self {
        Self { problem, path: None }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt) => Problem::Corrupt { detail },
            Some(ErrorCode::NotADatabase) => Problem::NotADatabase,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Problem::Locked,
            Some(ErrorCode::ReadOnly) => Problem::ReadOnly,
            Some(ErrorCode::DiskFull) => Problem::DiskFull,
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Problem::CannotOpen { detail },
            Some(ErrorCode::SystemIoFailure) => Problem::Io { detail },
            _ => Problem::Sqlite { detail },
        }
        .into()
    }
}

impl From<StoreError> for bakeoff_core::ports::LogError {
    fn from(error: StoreError) -> Self {
        Self { message: format!("{error}. {}", error.hint()) }
    }
}
