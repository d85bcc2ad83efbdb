//! A consistent copy of a SQLite file that some other program may be writing to. Opening the file itself, even for
//! reading, can make files beside it or wait for a lock; a copy does neither.

use crate::error::FileError;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often a file that changes while it is copied is copied again.
const TRIES: usize = 40;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(25);
/// What every SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Bytes of a write-ahead log's header, which changes whenever the log starts again.
const WAL_HEADER: usize = 32;

/// A copy of a SQLite file, open.
pub(crate) struct Snapshot {
    connection: Connection,
    path: PathBuf,
    /// Removed with it.
    _folder: tempfile::TempDir,
}

/// What must not change while the file is copied.
#[derive(PartialEq, Eq)]
struct Mark {
    file: Option<(u64, SystemTime)>,
    journal: Option<(u64, SystemTime)>,
    log: Option<Vec<u8>>,
}

impl Snapshot {
    /// Copies a file with what its last writer may have left beside it.
    ///
    /// # Errors
    /// No such file, no SQLite file, a damaged one, or one that never stands still.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let wrong = |why: String| FileError::of_file(path, why);
        if !path.is_file() {
            return Err(wrong("there is no such file".to_owned()));
        }
        let mut head = Vec::new();
        let file = std::fs::File::open(path).map_err(|error| wrong(format!("it can't be read: {error}")))?;
        file.take(MAGIC.len() as u64)
            .read_to_end(&mut head)
            .map_err(|error| wrong(format!("it can't be read: {error}")))?;
        if head.is_empty() {
            return Err(wrong("it is empty".to_owned()));
        }
        if head != MAGIC {
            return Err(wrong("it is no SQLite database".to_owned()));
        }
        let folder = tempfile::tempdir().map_err(|error| wrong(format!("it can't be copied: {error}")))?;
        let copy = folder.path().join("copy.db");
        copy_whole(path, &copy).map_err(|error| wrong(format!("it can't be copied: {error}")))?;
        let damaged = |error: rusqlite::Error| wrong(format!("it is damaged or half-written: {error}"));
        let connection = Connection::open(&copy).map_err(damaged)?;
        let check: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(damaged)?;
        if check != "ok" {
            let first = check.lines().last().unwrap_or_default();
            return Err(wrong(format!("it is damaged or half-written: {first}")));
        }
        Ok(Self { connection, path: path.to_owned(), _folder: folder })
    }

    /// A problem in this file.
    pub fn wrong(&self, table: &str, row: Option<i64>, why: impl Into<String>) -> FileError {
        FileError { table: Some(table.to_owned()), row, ..FileError::of_file(&self.path, why) }
    }

    /// The columns of a table, all of `needed` among them.
    ///
    /// # Errors
    /// The table or a column is missing.
    pub fn columns(&self, table: &str, needed: &[&str]) -> Result<BTreeSet<String>, FileError> {
        let read = || {
            let mut select = self.connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
            let names = select.query_map([table], |row| row.get(0))?;
            names.collect::<rusqlite::Result<BTreeSet<String>>>()
        };
        let columns = read().map_err(|error| self.wrong(table, None, error.to_string()))?;
        if columns.is_empty() {
            let why = format!("it has no table {table}; is this a file of Operator?");
            return Err(FileError::of_file(&self.path, why));
        }
        let missing: Vec<&str> = needed.iter().copied().filter(|name| !columns.contains(*name)).collect();
        match missing.is_empty() {
            true => Ok(columns),
            false => Err(self.wrong(table, None, format!("it has no column {}", missing.join(", ")))),
        }
    }

    /// Hands every row to `read`, in the order of `id`, which is the first column.
    ///
    /// # Errors
    /// The table can't be read.
    pub fn rows(
        &self,
        table: &str,
        columns: &[&str],
        read: impl FnMut(&Record<'_>),
    ) -> Result<(), FileError> {
        rows(&self.connection, table, columns, "1", read)
            .map_err(|(row, error)| self.wrong(table, row, error.to_string()))
    }
}

/// Hands the rows that fulfil a condition to `read`, in the order of `id`. An error comes with the last row that was read.
pub(crate) fn rows(
    connection: &Connection,
    table: &str,
    columns: &[&str],
    condition: &str,
    mut read: impl FnMut(&Record<'_>),
) -> Result<(), (Option<i64>, rusqlite::Error)> {
    let sql = format!("SELECT id, {} FROM {table} WHERE {condition} ORDER BY id", columns.join(", "));
    let mut select = connection.prepare(&sql).map_err(|error| (None, error))?;
    let mut rows = select.query([]).map_err(|error| (None, error))?;
    let mut last = None;
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                let id = row.get(0).map_err(|error| (last, error))?;
                last = Some(id);
                read(&Record { row, id, columns });
            }
            Ok(None) => return Ok(()),
            Err(error) => return Err((last, error)),
        }
    }
}

/// One row; columns are named, and asking for one that was not selected gives nothing.
pub(crate) struct Record<'a> {
    row: &'a Row<'a>,
    pub id: i64,
    columns: &'a [&'a str],
}

impl Record<'_> {
    fn value(&self, column: &str) -> ValueRef<'_> {
        let place = self.columns.iter().position(|known| *known == column);
        place.and_then(|place| self.row.get_ref(place + 1).ok()).unwrap_or(ValueRef::Null)
    }

    /// A text; numbers as they are written.
    pub fn optional_text(&self, column: &str) -> Result<Option<String>, String> {
        match self.value(column) {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => {
                let text = std::str::from_utf8(text).map_err(|_| format!("{column} is no UTF-8 text"))?;
                Ok(Some(text.to_owned()))
            }
            ValueRef::Integer(number) => Ok(Some(number.to_string())),
            ValueRef::Real(number) => Ok(Some(number.to_string())),
            ValueRef::Blob(_) => Err(format!("{column} is no text but bytes")),
        }
    }

    /// A text that must be there.
    pub fn text(&self, column: &str) -> Result<String, String> {
        self.optional_text(column)?.ok_or_else(|| format!("{column} is missing"))
    }

    /// A whole number that must be there.
    pub fn integer(&self, column: &str) -> Result<i64, String> {
        match self.value(column) {
            ValueRef::Integer(number) => Ok(number),
            ValueRef::Null => Err(format!("{column} is missing")),
            _ => Err(format!("{column} is no whole number")),
        }
    }

    /// A whole number, where there is one.
    pub fn optional_integer(&self, column: &str) -> Option<i64> {
        self.integer(column).ok()
    }
}

fn copy_whole(from: &Path, to: &Path) -> std::io::Result<()> {
    for turn in 0..TRIES {
        if turn > 0 {
            std::thread::sleep(PAUSE);
        }
        let before = mark(from)?;
        copy_or_remove(from, to)?;
        for beside in ["-journal", "-wal"] {
            copy_or_remove(&with(from, beside), &with(to, beside))?;
        }
        if mark(from)? == before {
            return Ok(());
        }
    }
    Err(std::io::Error::other("another program writes to it all the time; try again when that has ended"))
}

fn mark(path: &Path) -> std::io::Result<Mark> {
    Ok(Mark { file: state(path)?, journal: state(&with(path, "-journal"))?, log: head(&with(path, "-wal"))? })
}

fn state(path: &Path) -> std::io::Result<Option<(u64, SystemTime)>> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(Some((found.len(), found.modified()?))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The header of a log: what is appended to it is whole transactions or is ignored.
fn head(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut head = Vec::new();
    file.take(WAL_HEADER as u64).read_to_end(&mut head)?;
    Ok(Some(head))
}

fn copy_or_remove(from: &Path, to: &Path) -> std::io::Result<()> {
    let gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    // Bytes only: the copy must be writable, whatever the file is.
    match std::fs::read(from) {
        Ok(bytes) => std::fs::write(to, bytes),
        Err(error) if gone(&error) => match std::fs::remove_file(to) {
            Err(error) if !gone(&error) => Err(error),
            _ => Ok(()),
        },
        Err(error) => Err(error),
    }
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
