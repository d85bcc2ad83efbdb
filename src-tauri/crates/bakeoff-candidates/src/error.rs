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

/// Why candidates can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The query is not one SELECT.
    #[error("the query {why}; write one SELECT, which may begin with WITH")]
    NotOneSelect {
        /// What it is instead.
        why: String,
    },
    /// There is no such file.
    #[error("there is no file {}; correct the path in `sqlite`", path.display())]
    NoFile {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file is there and can't be opened.
    #[error("{} can't be opened: {why}; check that it may be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite says.
        why: String,
    },
    /// The file is something else.
    #[error("{} is not a SQLite database; give the path of one", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// Another program is writing.
    #[error("{} is locked by another program; try again when that has finished writing", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The address has not the form of one. It isn't shown, since it may have a password in it.
    #[error(
        "the address of the PostgreSQL database is not understood; it looks like \
         postgres://user:password@host:5432/database?sslmode=require, where signs such as @ or / in the password are \
         written as %40 or %2F, and sslmode is disable, prefer or require"
    )]
    Address,
    /// The server can't be reached, or doesn't let us in.
    #[error("PostgreSQL at {server} can't be used: {why}; {hint}")]
    Connection {
        /// Host and port.
        server: String,
        /// What it or the system says.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// The database turns the query down.
    #[error("the database says: {why}{}{}", at(place), hinted(hint))]
    Query {
        /// Its own words.
        why: String,
        /// Where in the query.
        place: Option<Place>,
        /// Its own hint.
        hint: Option<String>,
    },
    /// Two columns of the result have one name.
    #[error("two columns are called `{column}`; give one of them another name with AS")]
    SameName {
        /// The name.
        column: String,
    },
    /// A column is of a type that has no form as JSON.
    #[error("the column `{column}` is of the type {kind}, which can't be read; {hint}")]
    ColumnType {
        /// The column.
        column: String,
        /// The type's name in the database.
        kind: String,
        /// How to get around it.
        hint: String,
    },
    /// One value can't be read.
    #[error("row {row}, column `{column}`: {why}")]
    Value {
        /// From 1.
        row: usize,
        /// The column.
        column: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// It took too long.
    #[error(
        "the query took longer than {} s and was stopped; narrow it down with WHERE, or raise `timeout_seconds`",
        limit.as_secs_f64()
    )]
    TooSlow {
        /// The time that it had.
        limit: Duration,
    },
    /// It gives too many rows.
    #[error("the query gives more than {most} rows; narrow it down with WHERE or LIMIT")]
    TooManyRows {
        /// The limit.
        most: u32,
    },
    /// Its rows are too large.
    #[error("the rows are larger than {} MB together; select fewer columns or rows", most >> 20)]
    TooLarge {
        /// The limit, in bytes.
        most: u64,
    },
    /// This program failed, not the database.
    #[error("the database can't be read: {why}; please report this")]
    Internal {
        /// What failed.
        why: String,
    },
}

fn at(place: &Option<Place>) -> String {
    place.map(|place| format!(" (query, {place})")).unwrap_or_default()
}

fn hinted(hint: &Option<String>) -> String {
    hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default()
}
