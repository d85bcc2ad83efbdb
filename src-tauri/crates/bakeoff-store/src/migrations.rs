//! From an older schema to the newest: numbered SQL files, applied in order, all in one transaction, after a backup.

use crate::connection::APPLICATION_ID;
use crate::error::{Problem, StoreError};
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};

/// Every migration; the n-th (from 1) leads to schema version n.
pub(crate) const ALL: &[&str] = &[
    include_str!("../migrations/0001_start.sql"),
    include_str!("../migrations/0002_workflows.sql"),
    include_str!("../migrations/0003_faults.sql"),
    include_str!("../migrations/0004_operator.sql"),
    include_str!("../migrations/0005_triage.sql"),
    include_str!("../migrations/0006_command_classes.sql"),
];

/// Refuses databases of other programs before anything is changed.
pub(crate) fn check_origin(connection: &Connection) -> Result<(), StoreError> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if id == APPLICATION_ID || (id == 0 && tables == 0) { Ok(()) } else { Err(Problem::OtherProgram.into()) }
}

/// Brings the database to the last of `migrations`. A database that is newer is left alone, with an error.
pub(crate) fn migrate(
    connection: &mut Connection,
    path: &Path,
    migrations: &[&str],
) -> Result<(), StoreError> {
    let known = migrations.len() as u32;
    let found = version(connection)?;
    if found > known {
        return Err(Problem::NewerSchema { found, known }.into());
    }
    if found == known {
        return Ok(());
    }
    if found > 0 {
        back_up(connection, path, found)?;
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another program may have done it while this one waited for the lock.
    let found = version(&transaction)?;
    for sql in migrations.iter().skip(found as usize) {
        transaction.execute_batch(sql)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", found.max(known))?;
    transaction.commit()?;
    Ok(())
}

fn version(connection: &Connection) -> Result<u32, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Copies the database beside itself, without ever replacing an earlier copy.
fn back_up(connection: &Connection, path: &Path, version: u32) -> Result<PathBuf, StoreError> {
    let stem = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let backup = (1..)
        .map(|number| path.with_file_name(format!("{stem}.schema-{version}.{number}.backup")))
        .find(|candidate| !candidate.exists())
        .ok_or_else(|| Problem::CannotOpen { detail: "there is no free name for a backup".into() })?;
    connection.execute("VACUUM INTO ?1", [backup.to_string_lossy()])?;
    Ok(backup)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[&str] = &["CREATE TABLE a (x INTEGER) STRICT;", "ALTER TABLE a ADD COLUMN y INTEGER;"];

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("bakeoff.db");
        (folder, path)
    }

    #[test]
    fn an_older_database_is_backed_up_and_brought_up_to_date() {
        let (folder, path) = file();
        let mut connection = Connection::open(&path).expect("opens");
        migrate(&mut connection, &path, &TWO[..1]).expect("the first version");
        connection.execute("INSERT INTO a VALUES (7)", []).expect("a row");
        migrate(&mut connection, &path, TWO).expect("the second version");
        let kept: (i64, Option<i64>) = connection
            .query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("the row");
        assert_eq!(kept, (7, None), "the old row is still there");
        assert_eq!(version(&connection), Ok(2));
        let backup = Connection::open(folder.path().join("bakeoff.db.schema-1.1.backup")).expect("a backup");
        assert_eq!(version(&backup), Ok(1), "the backup is the database as it was");
        assert_eq!(backup.query_row("SELECT x FROM a", [], |row| row.get::<_, i64>(0)), Ok(7));
    }

    #[test]
    fn a_failing_migration_changes_nothing() {
        let (_folder, path) = file();
        let mut connection = Connection::open(&path).expect("opens");
        migrate(&mut connection, &path, &TWO[..1]).expect("the first version");
        let broken = [TWO[0], "CREATE TABLE b (x INTEGER) STRICT; SELECT nonsense;"];
        assert!(migrate(&mut connection, &path, &broken).is_err());
        assert_eq!(version(&connection), Ok(1));
        let tables: u32 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).expect("counts");
        assert_eq!(tables, 1, "the half that worked was undone");
    }

    #[test]
    fn a_second_backup_does_not_replace_the_first() {
        let (folder, path) = file();
        let mut connection = Connection::open(&path).expect("opens");
        migrate(&mut connection, &path, &TWO[..1]).expect("the first version");
        let first = back_up(&connection, &path, 1).expect("a backup");
        let second = back_up(&connection, &path, 1).expect("another");
        assert_ne!(first, second);
        assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 3);
    }

    #[test]
    fn a_newer_database_is_left_alone() {
        let (_folder, path) = file();
        let mut connection = Connection::open(&path).expect("opens");
        migrate(&mut connection, &path, TWO).expect("two");
        let error = migrate(&mut connection, &path, &TWO[..1]).expect_err("it is newer");
        assert_eq!(error.problem, Problem::NewerSchema { found: 2, known: 1 });
    }
}
