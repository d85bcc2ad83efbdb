//! Reads candidates of triage tests out of people's own SQLite and PostgreSQL databases.
//!
//! One SELECT, on a connection that can only read, with limits of time, rows and size. Rows come as JSON objects with
//! the columns in the order of the query; what they mean is for `bakeoff-core` to say. Nothing here ever writes to a
//! database, and no error tells a password.

mod error;
mod postgres;
mod sql;
mod sqlite;

pub use error::{Place, ReadError};
pub use postgres::read_postgres;
pub use sqlite::read_sqlite;

use serde_json::{Map, Value};
use std::time::Duration;

/// One row, its columns in the order of the query.
pub type Row = Map<String, Value>;

/// How much a query may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From opening the database to the last row.
    pub timeout: Duration,
    /// The most rows. More are an error: a part of them would give other numbers than the author means.
    pub max_rows: u32,
    /// The most bytes of all values together, as JSON about as large.
    pub max_bytes: u64,
}

impl Default for Limits {
    /// 30 seconds, 100,000 rows, 256 MB.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), max_rows: 100_000, max_bytes: 256 << 20 }
    }
}

/// The rows so far, held to the limits.
struct Rows {
    rows: Vec<Row>,
    bytes: u64,
    limits: Limits,
}

impl Rows {
    fn new(limits: Limits) -> Self {
        Self { rows: Vec::new(), bytes: 0, limits }
    }

    /// The number that the next row has, from 1.
    fn next(&self) -> usize {
        self.rows.len() + 1
    }

    /// Counts bytes before they are kept.
    fn count(&mut self, bytes: usize) -> Result<(), ReadError> {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.bytes > self.limits.max_bytes {
            return Err(ReadError::TooLarge { most: self.limits.max_bytes });
        }
        Ok(())
    }

    fn add(&mut self, row: Row) -> Result<(), ReadError> {
        if self.rows.len() >= self.limits.max_rows as usize {
            return Err(ReadError::TooManyRows { most: self.limits.max_rows });
        }
        self.rows.push(row);
        Ok(())
    }
}

/// Refuses a query that gives two columns the same name: one of them would be lost.
fn check_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<(), ReadError> {
    let mut known = std::collections::HashSet::new();
    match names.into_iter().find(|name| !known.insert(*name)) {
        Some(twice) => Err(ReadError::SameName { column: twice.to_owned() }),
        None => Ok(()),
    }
}
