//! Opening: what can be wrong with a file, and that nothing is destroyed.

use crate::support::new_run;
use bakeoff_store::{Problem, Store, StoreOptions};
use rusqlite::Connection;
use std::path::PathBuf;
use std::time::Duration;

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("deep/er/bakeoff.db");
    (folder, path)
}

/// Opening fails with a problem that names the file, and leaves it as it is.
fn check_refused(path: &PathBuf, expected: impl Fn(&Problem) -> bool) {
    let before = std::fs::read(path).expect("reads");
    let error = Store::open(path).err().expect("it is refused");
    assert!(expected(&error.problem), "{error:?}");
    assert!(error.to_string().contains("bakeoff.db"), "the message names the file: {error}");
    assert!(!error.hint().is_empty());
    assert_eq!(std::fs::read(path).expect("reads"), before, "the file is as it was");
}

#[test]
fn a_new_file_is_made_with_its_folder() {
    let (_folder, path) = place();
    let store = Store::open(&path).expect("opens");
    assert_eq!(store.path(), path);
    let file = Connection::open(&path).expect("opens");
    let mode: String = file.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("reads");
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn what_was_written_is_there_after_closing() {
    let (_folder, path) = place();
    let store = Store::open(&path).expect("opens");
    store.create_run(new_run("tickets", 2, 1)).await.expect("a run");
    drop(store);
    let log = path.with_file_name("bakeoff.db-wal");
    assert!(!log.exists(), "closing folds the log into the file");
    assert_eq!(Store::open(&path).expect("opens").list_runs(None, 0, 9).expect("reads").1, 1);
}

#[test]
fn a_newer_schema_is_left_alone() {
    let (_folder, path) = place();
    drop(Store::open(&path).expect("opens"));
    Connection::open(&path).expect("opens").pragma_update(None, "user_version", 99).expect("writes");
    check_refused(&path, |problem| matches!(problem, Problem::NewerSchema { found: 99, .. }));
}

#[test]
fn a_text_file_is_no_database() {
    let (_folder, path) = place();
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(&path, "these are my notes, please keep them").expect("written");
    check_refused(&path, |problem| *problem == Problem::NotADatabase);
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let (_folder, path) = place();
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    Connection::open(&path).expect("opens").execute_batch("CREATE TABLE mine (x)").expect("made");
    check_refused(&path, |problem| *problem == Problem::OtherProgram);
}

#[test]
fn a_folder_is_no_database() {
    let (folder, _path) = place();
    let error = Store::open(folder.path()).err().expect("it is refused");
    assert!(matches!(error.problem, Problem::CannotOpen { .. }), "{error:?}");
}

#[test]
fn a_damaged_file_is_told() {
    let (_folder, path) = place();
    drop(Store::open(&path).expect("opens"));
    let mut bytes = std::fs::read(&path).expect("reads");
    // The header stays; the page that holds the schema becomes nonsense.
    bytes[100..4096].fill(0x5A);
    std::fs::write(&path, bytes).expect("written");
    check_refused(&path, |problem| matches!(problem, Problem::Corrupt { .. }));
}

#[tokio::test]
async fn damage_in_the_middle_is_told_when_it_is_met() {
    let (_folder, path) = place();
    let store = Store::open(&path).expect("opens");
    let run = store.create_run(new_run("tickets", 2000, 1)).await.expect("a run");
    drop(store);
    let mut bytes = std::fs::read(&path).expect("reads");
    // The schema lies at the beginning, the cases are the rest.
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0x5A);
    std::fs::write(&path, bytes).expect("written");
    let store = Store::open(&path).expect("the schema is whole");
    let error = store.load_cases(run).expect_err("the cases are not");
    assert!(matches!(error.problem, Problem::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn a_lock_that_is_held_too_long_is_told() {
    let (_folder, path) = place();
    let wait = Duration::from_millis(1);
    let store = Store::open_with(&path, StoreOptions { wait }).expect("opens");
    let other = Connection::open(&path).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locks");
    let error = store.create_run(new_run("tickets", 1, 1)).await.expect_err("it is locked");
    assert_eq!(error.problem, Problem::Locked);
    assert_eq!(store.list_runs(None, 0, 9).expect("reading goes on").1, 0);
    other.execute_batch("ROLLBACK").expect("unlocks");
    assert_eq!(store.create_run(new_run("tickets", 1, 1)).await, Ok(1), "and it works again");
}

#[test]
fn a_new_database_is_opened_by_several_programs_at_once() {
    const PROGRAMS: usize = 6;
    for round in 0..20 {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("new.db");
        let start = std::sync::Barrier::new(PROGRAMS);
        std::thread::scope(|scope| {
            let open = || {
                start.wait();
                Store::open(&path).map(drop)
            };
            let programs: Vec<_> = (0..PROGRAMS).map(|_| scope.spawn(open)).collect();
            for program in programs {
                let opened = program.join().expect("no panic");
                assert!(opened.is_ok(), "round {round}: {opened:?}");
            }
        });
    }
}
