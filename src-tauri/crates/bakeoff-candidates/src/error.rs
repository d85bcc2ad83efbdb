//! Why candidates can't be read, in words for people.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A place in a query. Both count from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Place {
    /// The place of a character of the text, counted from 0.
    pub(crate) fn of(text: &str, character: usize) -> Self {
        let before: String = text.chars().take(character).collect();
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let from_one = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
        Self { line: from_one(line), column: from_one(column) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why candidates can't be read. Its text says what is wrong, and [`ReadError::hint`] what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The query is not one SELECT.
    #[error("the query {why}")]
    NotOneSelect {
        /// What it is instead.
        why: String,
    },
    /// There is no such file.
    #[error("there is no file {}", path.display())]
    NoFile {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file is there and can't be opened.
    #[error("{} can't be opened: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite says.
        why: String,
    },
    /// The file is something else.
    #[error("{} is not a SQLite database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// Another program is writing.
    #[error("{} is locked by another program", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The address has not the form of one. It isn't shown, since it may have a password in it.
    #[error("the address of the PostgreSQL database is not understood")]
    Address,
    /// The server can't be reached, or doesn't let us in.
    #[error("PostgreSQL at {server} can't be used: {why}")]
    Connection {
        /// Host and port.
        server: String,
        /// What it or the system says.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// The database turns the query down.
    #[error("the database says: {why}{}", at(place))]
    Query {
        /// Its own words.
        why: String,
        /// Where in the query.
        place: Option<Place>,
        /// Its own hint.
        hint: Option<String>,
    },
    /// Two columns of the result have one name.
    #[error("two columns are called `{column}`")]
    SameName {
        /// The name.
        column: String,
    },
    /// A column is of a type that has no form as JSON.
    #[error("the column `{column}` is of the type {kind}, which can't be read")]
    ColumnType {
        /// The column.
        column: String,
        /// The type's name in the database.
        kind: String,
    },
    /// One value can't be read.
    #[error("row {row}, column `{column}`: {why}")]
    Value {
        /// From 1.
        row: usize,
        /// The column; of a row that can't be read as a whole, `*`.
        column: String,
        /// What is wrong.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// It took too long.
    #[error("the query took longer than {} s and was stopped", limit.as_secs_f64())]
    TooSlow {
        /// The time that it had.
        limit: Duration,
    },
    /// It gives too many rows.
    #[error("the query gives more than {most} rows")]
    TooManyRows {
        /// The limit.
        most: u32,
    },
    /// Its rows are too large.
    #[error("the rows are larger than {most} bytes together")]
    TooLarge {
        /// The limit, in bytes.
        most: u64,
    },
    /// This program failed, not the database.
    #[error("the database can't be read: {why}")]
    Internal {
        /// What failed.
        why: String,
    },
}

impl ReadError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::NotOneSelect { .. } => "write one SELECT, which may begin with WITH",
            Self::NoFile { .. } => "correct the path in `sqlite`",
            Self::Unreadable { .. } => "check that the file may be read",
            Self::NotADatabase { .. } => "give the path of a SQLite database in `sqlite`",
            Self::Locked { .. } => "try again when that has finished writing",
            Self::Address => {
                "it looks like postgres://user:password@host:5432/database?sslmode=require, where signs such as @ or / \
                 in the password are written as %40 or %2F, and sslmode is disable, prefer or require"
            }
            Self::Connection { hint, .. } | Self::Value { hint, .. } => hint,
            Self::Query { hint, .. } => hint.as_deref().unwrap_or("correct the `query`"),
            Self::SameName { .. } => "give one of them another name with AS",
            Self::ColumnType { column, .. } => {
                return format!("leave it out, or cast it to text, as in {column}::text");
            }
            Self::TooSlow { .. } => "narrow the query down with WHERE, or raise `timeout_seconds`",
            Self::TooManyRows { .. } => "narrow the query down with WHERE or LIMIT",
            Self::TooLarge { .. } => "select fewer columns or rows",
            Self::Internal { .. } => "please report this",
        };
        hint.to_owned()
    }
}

fn at(place: &Option<Place>) -> String {
    place.map(|place| format!(" (query, {place})")).unwrap_or_default()
}
