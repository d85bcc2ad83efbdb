//! A query on a SQLite file.

use crate::error::{Place, ReadError};
use crate::sql::{Dialect, one_select};
use crate::{Limits, Row, Rows, check_names};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use serde_json::{Number, Value};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Instant;

/// Runs one SELECT on a SQLite file, which is opened for reading only.
///
/// # Errors
/// No such file, no database, locked for longer than half of the limit, a query that is not one SELECT or that SQLite turns
/// down, a BLOB or text that is not UTF-8, and the limits.
pub fn read_sqlite(path: &Path, query: &str, limits: Limits) -> Result<Vec<Row>, ReadError> {
    let query = one_select(query, Dialect::Sqlite)?;
    let database = Database { path, query, limits, until: Instant::now() + limits.timeout };
    let connection = database.open()?;
    let interrupt = connection.get_interrupt_handle();
    let (finished, is_finished) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if is_finished.recv_timeout(limits.timeout) == Err(RecvTimeoutError::Timeout) {
                interrupt.interrupt();
            }
        });
        let rows = database.rows(&connection);
        drop(finished);
        rows
    })
}

struct Database<'a> {
    path: &'a Path,
    query: &'a str,
    limits: Limits,
    until: Instant,
}

impl Database<'_> {
    fn open(&self) -> Result<Connection, ReadError> {
        let path = self.path.to_owned();
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() => {
                return Err(ReadError::Unreadable { path, why: "it is a folder".to_owned() });
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ReadError::NoFile { path });
            }
            Err(error) => return Err(ReadError::Unreadable { path, why: error.to_string() }),
        }
        // Without SQLITE_OPEN_URI, so that a name such as `file:a?mode=rwc` is just a name.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(|error| self.error(&error))?;
        // Less than the whole time, so that a lock is told as what it is.
        connection.busy_timeout(self.limits.timeout / 2).map_err(|error| self.error(&error))?;
        connection.pragma_update(None, "query_only", true).map_err(|error| self.error(&error))?;
        Ok(connection)
    }

    fn rows(&self, connection: &Connection) -> Result<Vec<Row>, ReadError> {
        let mut statement = connection.prepare(self.query).map_err(|error| self.error(&error))?;
        if !statement.readonly() {
            return Err(ReadError::NotOneSelect { why: "would change the database".to_owned() });
        }
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        check_names(names.iter().map(String::as_str))?;
        let mut found = statement.query([]).map_err(|error| self.error(&error))?;
        let mut rows = Rows::new(self.limits);
        while let Some(row) = found.next().map_err(|error| self.error(&error))? {
            if Instant::now() >= self.until {
                return Err(ReadError::TooSlow { limit: self.limits.timeout });
            }
            let mut fields = Row::new();
            for (at, name) in names.iter().enumerate() {
                let value = row.get_ref(at).map_err(|error| self.error(&error))?;
                rows.count(name.len() + size(value))?;
                let json = json(value).map_err(|(why, hint)| ReadError::Value {
                    row: rows.next(),
                    column: name.clone(),
                    why: why.to_owned(),
                    hint: hint.to_owned(),
                })?;
                fields.insert(name.clone(), json);
            }
            rows.add(fields)?;
        }
        Ok(rows.rows)
    }

    fn error(&self, error: &rusqlite::Error) -> ReadError {
        let path = self.path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => ReadError::TooSlow { limit: self.limits.timeout },
            Some(ErrorCode::NotADatabase) => ReadError::NotADatabase { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ReadError::Locked { path },
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure) => {
                ReadError::Unreadable { path, why: words(error) }
            }
            Some(ErrorCode::ReadOnly) => {
                ReadError::NotOneSelect { why: "would change the database".to_owned() }
            }
            _ => ReadError::Query { why: words(error), place: self.place(error), hint: None },
        }
    }

    fn place(&self, error: &rusqlite::Error) -> Option<Place> {
        let rusqlite::Error::SqlInputError { offset, .. } = error else { return None };
        let before = self.query.get(..usize::try_from(*offset).ok()?)?;
        Some(Place::of(self.query, before.chars().count()))
    }
}

/// SQLite's own words, without the query.
fn words(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

/// About how many bytes a value has as JSON.
fn size(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Null => 4,
        ValueRef::Integer(_) | ValueRef::Real(_) => 8,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
    }
}

/// The value as JSON, or what is wrong with it and what to do.
fn json(value: ValueRef<'_>) -> Result<Value, (&'static str, &'static str)> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(number.into()),
        ValueRef::Real(number) => {
            let number = Number::from_f64(number).map(Value::Number);
            number.ok_or(("it is an infinite number, which JSON has not", "leave the row out with WHERE"))
        }
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes).map(Value::from);
            text.map_err(|_| ("it is no UTF-8 text", "convert it, or select it as hex(…)"))
        }
        ValueRef::Blob(_) => Err((
            "it is a BLOB, and only texts and numbers can be read",
            "leave it out, or select CAST(… AS TEXT) or hex(…)",
        )),
    }
}
