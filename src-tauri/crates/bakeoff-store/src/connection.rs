//! Opening connections: one that writes, others that can't.

use crate::error::{Problem, StoreError};
use crate::migrations;
use rusqlite::{Connection, MAIN_DB, OpenFlags};
use std::path::Path;
use std::time::{Duration, Instant};

/// Marks a file as Bakeoff's (`BKOF`).
pub(crate) const APPLICATION_ID: i32 = 0x424B_4F46;

/// The first bytes of every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How long a program that could not open the database lets the others go on.
const PAUSE: Duration = Duration::from_millis(10);

/// Opens the database for writing, creates it where there is none, brings it to the newest schema.
pub(crate) fn open_writer(path: &Path, wait: Duration) -> Result<Connection, StoreError> {
    look_at_the_file(path)?;
    let begun = Instant::now();
    loop {
        match open_now(path, wait) {
            // Where two programs switch one new file to WAL, SQLite refuses one of them at once: both would wait for ever.
            Err(error) if matches!(error.problem, Problem::Locked) && begun.elapsed() < wait => {
                std::thread::sleep(PAUSE);
            }
            opened => return opened,
        }
    }
}

fn open_now(path: &Path, wait: Duration) -> Result<Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    prepare(&mut connection, path, wait).map_err(|error| with_findings(&connection, error))?;
    Ok(connection)
}

/// Opens the database for reading only.
pub(crate) fn open_reader(path: &Path, wait: Duration) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(wait)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Refuses what is surely no database of ours before SQLite touches it.
fn look_at_the_file(path: &Path) -> Result<(), StoreError> {
    use std::io::Read;
    let cannot = |error: std::io::Error| StoreError::from(Problem::CannotOpen { detail: error.to_string() });
    if path.is_dir() {
        return Err(Problem::CannotOpen { detail: "it is a folder".into() }.into());
    }
    let mut file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            return folder.map_or(Ok(()), |folder| std::fs::create_dir_all(folder).map_err(cannot));
        }
        Err(error) => return Err(cannot(error)),
    };
    let mut head = Vec::new();
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head).map_err(cannot)?;
    if head.is_empty() || head == MAGIC { Ok(()) } else { Err(Problem::NotADatabase.into()) }
}

fn prepare(connection: &mut Connection, path: &Path, wait: Duration) -> Result<(), StoreError> {
    connection.busy_timeout(wait)?;
    connection.set_prepared_statement_cache_capacity(128);
    if connection.is_readonly(MAIN_DB)? {
        return Err(Problem::ReadOnly.into());
    }
    migrations::check_origin(connection)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -16000;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA wal_autocheckpoint = 4000;",
    )?;
    migrations::migrate(connection, path, migrations::ALL)
}

/// For a damaged file: what SQLite's own check says, which is more than the first error.
fn with_findings(connection: &Connection, error: StoreError) -> StoreError {
    let Problem::Corrupt { detail } = &error.problem else { return error };
    let findings: Vec<String> = connection
        .prepare("PRAGMA quick_check(5)")
        .and_then(|mut check| check.query_map([], |row| row.get(0))?.collect())
        .unwrap_or_default();
    let detail =
        if findings.is_empty() { detail.clone() } else { format!("{detail} ({})", findings.join("; ")) };
    Problem::Corrupt { detail }.into()
}
