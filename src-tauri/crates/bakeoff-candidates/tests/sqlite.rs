//! Queries on real SQLite files.

use bakeoff_candidates::{Limits, Place, ReadError, Row, read_sqlite};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A database with two items, and the folder that it is in.
fn news() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("news.db");
    let connection = Connection::open(&path).expect("a new file");
    let script = "CREATE TABLE news (headline TEXT, id INTEGER, points REAL, picture BLOB, seen INTEGER);
        INSERT INTO news VALUES ('Disk full', 2, 1.5, x'00ff', 1794817800), ('Größe; «x»', 1, NULL, NULL, NULL);";
    connection.execute_batch(script).expect("the table is made");
    (folder, path)
}

fn read(path: &Path, query: &str) -> Result<Vec<Row>, ReadError> {
    read_sqlite(path, query, Limits::default())
}

#[track_caller]
fn refused(path: &Path, query: &str, why: &str) {
    let error = read(path, query).expect_err("it must be refused");
    let error = format!("{error}; {}", error.hint());
    assert!(error.contains(why), "{query}: {error:?} should say {why:?}");
}

#[test]
fn rows_have_the_columns_in_the_order_of_the_query() {
    let (_folder, path) = news();
    let query = "-- all\nSELECT seen, headline AS title, id, points, id = 2 AS first FROM news ORDER BY id;";
    let rows = read(&path, query).expect("it is a good query");
    let rows: Vec<Value> = rows.into_iter().map(Value::Object).collect();
    assert_eq!(
        serde_json::to_string(&rows).expect("JSON"),
        r#"[{"seen":null,"title":"Größe; «x»","id":1,"points":null,"first":0},"#.to_owned()
            + r#"{"seen":1794817800,"title":"Disk full","id":2,"points":1.5,"first":1}]"#
    );
    let with = read(&path, "WITH one AS (SELECT 1 AS a) SELECT * FROM one").expect("it is a good query");
    assert_eq!(Value::Object(with[0].clone()), json!({"a": 1}));
    assert!(read(&path, "SELECT * FROM news WHERE 0").expect("it is a good query").is_empty());
}

#[test]
fn nothing_is_ever_written() {
    let (folder, path) = news();
    let before = std::fs::read(&path).expect("the file is there");
    for query in [
        "DELETE FROM news",
        "SELECT 1; DELETE FROM news",
        "WITH old AS (SELECT 1) DELETE FROM news",
        "WITH old AS (SELECT 1) INSERT INTO news (id) SELECT * FROM old RETURNING id",
        "PRAGMA query_only = 0",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'copy.db'",
    ] {
        let error = read(&path, query).expect_err(query);
        assert!(matches!(error, ReadError::NotOneSelect { .. }), "{query}: {error:?}");
    }
    refused(&path, "WITH a AS (SELECT 1) DELETE FROM news", "would change the database");
    read(&path, "SELECT * FROM pragma_table_info('news')").expect("that only reads");
    assert_eq!(std::fs::read(&path).expect("the file is there"), before, "not one byte has changed");
    let files: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").flatten().collect();
    assert_eq!(files.len(), 1, "no file beside it: {files:?}");
}

#[test]
fn a_file_that_may_not_be_written_is_read() {
    let (_folder, path) = news();
    let mut permissions = std::fs::metadata(&path).expect("it is there").permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).expect("it is ours");
    assert_eq!(read(&path, "SELECT * FROM news WHERE picture IS NULL").expect("it can be read").len(), 1);
}

#[test]
fn a_query_without_end_is_stopped() {
    let (_folder, path) = news();
    let limits = Limits { timeout: Duration::from_millis(200), ..Limits::default() };
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
    let started = Instant::now();
    // The first gives no row at all, the second one after the other.
    let silent = read_sqlite(&path, &format!("{endless} SELECT count(*) AS c FROM n"), limits);
    let generous = Limits { max_rows: u32::MAX, max_bytes: u64::MAX, ..limits };
    let busy = read_sqlite(&path, &format!("{endless} SELECT i FROM n WHERE i % 1000 = 0"), generous);
    for result in [silent, busy] {
        let error = result.expect_err("it never ends");
        assert_eq!(error, ReadError::TooSlow { limit: Duration::from_millis(200) });
        assert!(error.to_string().contains("longer than 0.2 s"), "{error}");
    }
    assert!(started.elapsed() < Duration::from_secs(20), "each was stopped soon");
}

#[test]
fn there_are_limits_to_rows_and_size() {
    let (_folder, path) = news();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 11) SELECT i FROM n";
    let limits = |max_rows, max_bytes| Limits { max_rows, max_bytes, ..Limits::default() };
    assert_eq!(read_sqlite(&path, many, limits(11, 1_000)).map(|rows| rows.len()), Ok(11));
    assert_eq!(read_sqlite(&path, many, limits(10, 1_000)), Err(ReadError::TooManyRows { most: 10 }));
    let large = "SELECT replace(hex(zeroblob(500000)), '0', 'x') AS body";
    assert_eq!(read_sqlite(&path, large, limits(1, 1 << 19)), Err(ReadError::TooLarge { most: 1 << 19 }));
    assert_eq!(read_sqlite(&path, large, limits(1, 2 << 20)).map(|rows| rows.len()), Ok(1));
}

#[test]
fn what_is_no_text_is_refused_by_name() {
    let (_folder, path) = news();
    refused(&path, "SELECT id, picture FROM news ORDER BY id", "row 2, column `picture`: it is a BLOB");
    refused(&path, "SELECT CAST(x'ff41' AS TEXT) AS body", "row 1, column `body`: it is no UTF-8 text");
    refused(&path, "SELECT 9e999 AS score", "row 1, column `score`: it is an infinite number");
    refused(&path, "SELECT id, headline AS id FROM news", "two columns are called `id`");
}

#[test]
fn the_databases_own_words_and_the_place_are_told() {
    let (_folder, path) = news();
    let error = read(&path, "SELECT id,\n  hedline FROM news").expect_err("there is no such column");
    let ReadError::Query { why, place, .. } = &error else { panic!("{error:?}") };
    assert_eq!((why.as_str(), *place), ("no such column: hedline", Some(Place { line: 2, column: 3 })));
    assert_eq!(error.to_string(), "the database says: no such column: hedline (query, line 2, column 3)");
    refused(&path, "SELECT * FROM nws", "no such table: nws");
    refused(&path, "SELECT 'ü' AS ä, FROM news", "syntax error (query, line 1, column 18)");
}

#[test]
fn bad_files_are_told_apart() {
    let (folder, path) = news();
    let missing = folder.path().join("no.db");
    assert_eq!(read(&missing, "SELECT 1 AS a"), Err(ReadError::NoFile { path: missing.clone() }));
    assert!(!missing.exists(), "it is not made");
    refused(folder.path(), "SELECT 1 AS a", "it is a folder");
    let text = folder.path().join("text.db");
    std::fs::write(&text, "no database, but long enough to have a header\n".repeat(50)).expect("a new file");
    assert_eq!(read(&text, "SELECT * FROM news"), Err(ReadError::NotADatabase { path: text }));
    let odd = folder.path().join("file:odd?mode=rwc.db");
    std::fs::copy(&path, &odd).expect("a new file");
    assert_eq!(read(&odd, "SELECT id FROM news").map(|rows| rows.len()), Ok(2), "a name is just a name");
}

#[test]
fn a_writer_is_waited_for_and_then_told() {
    let (_folder, path) = news();
    let writer = Connection::open(&path).expect("it is there");
    writer
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM news;")
        .expect("it is free");
    let limits = Limits { timeout: Duration::from_millis(100), ..Limits::default() };
    let locked = read_sqlite(&path, "SELECT id FROM news", limits);
    assert_eq!(locked, Err(ReadError::Locked { path: path.clone() }));
    writer.execute_batch("ROLLBACK").expect("it has begun");
    drop(writer);
    assert_eq!(read(&path, "SELECT id FROM news").map(|rows| rows.len()), Ok(2), "nothing was lost");
}

#[test]
fn a_database_with_a_write_ahead_log_is_read_while_it_is_written() {
    let (_folder, path) = news();
    let writer = Connection::open(&path).expect("it is there");
    writer.pragma_update(None, "journal_mode", "wal").expect("it is free");
    writer
        .execute_batch("INSERT INTO news (id) VALUES (3); BEGIN; INSERT INTO news (id) VALUES (4);")
        .expect("it is free");
    let rows = read(&path, "SELECT id FROM news").expect("readers don't wait");
    assert_eq!(rows.len(), 3, "what is committed, and no more");
}
