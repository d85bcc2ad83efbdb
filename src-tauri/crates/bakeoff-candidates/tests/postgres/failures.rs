//! What goes wrong is told with its place, and never with the password.

use crate::cluster::{Cluster, PASSWORD, cluster_or_skip};
use bakeoff_candidates::{Limits, Place, ReadError, read_postgres};
use std::net::TcpListener;
use std::time::{Duration, Instant};

#[track_caller]
fn told(result: Result<Vec<bakeoff_candidates::Row>, ReadError>, expected: &[&str]) {
    let error = result.expect_err("it must fail");
    let shown = format!("{error}; {} {error:?}", error.hint());
    for part in expected {
        assert!(shown.contains(part), "{shown} should say {part}");
    }
    assert!(!shown.contains("s3cret") && !shown.contains(PASSWORD), "no password: {shown}");
}

#[test]
fn failures_are_told() {
    let Some(cluster) = cluster_or_skip() else { return };
    queries_have_a_place(&cluster);
    limits_hold(&cluster);
    connections_say_what_to_do(&cluster);
}

fn queries_have_a_place(cluster: &Cluster) {
    cluster.run_sql("CREATE TABLE news (id int, headline text)");
    let error = cluster.read("SELECT id,\n  'ü', hedline FROM news").expect_err("there is no such column");
    let ReadError::Query { why, place, hint } = &error else { panic!("{error:?}") };
    assert_eq!(
        (why.as_str(), *place),
        ("column \"hedline\" does not exist", Some(Place { line: 2, column: 8 }))
    );
    assert!(
        hint.as_deref().is_some_and(|hint| hint.contains("news.headline")),
        "the server's own hint: {hint:?}"
    );
    told(cluster.read("SELECT * FROM nws"), &["relation \"nws\" does not exist", "line 1, column 15"]);
    told(cluster.read("SELECT id FROM"), &["syntax error at end of input"]);
    told(cluster.read("SELECT 1 / (id - id) AS a FROM (SELECT 1 AS id) AS b"), &["division by zero"]);
    told(cluster.read("SELECT $1::text AS a"), &["$1"]);
}

fn limits_hold(cluster: &Cluster) {
    let limits = |seconds, max_rows, max_bytes| Limits {
        timeout: Duration::from_secs_f64(seconds),
        max_rows,
        max_bytes,
    };
    let read = |query: &str, limits| read_postgres(&cluster.address(""), query, limits);
    let started = Instant::now();
    let slow = read("SELECT pg_sleep(600)::text AS a", limits(0.3, 10, 1_000));
    assert_eq!(slow, Err(ReadError::TooSlow { limit: Duration::from_millis(300) }));
    assert!(started.elapsed() < Duration::from_secs(20));
    let many = "SELECT i FROM generate_series(1, 1000) AS i";
    assert_eq!(read(many, limits(30.0, 999, 100_000)), Err(ReadError::TooManyRows { most: 999 }));
    assert_eq!(read(many, limits(30.0, 1_000, 100_000)).map(|rows| rows.len()), Ok(1_000));
    assert_eq!(read(many, limits(30.0, 1_000, 5_000)), Err(ReadError::TooLarge { most: 5_000 }));
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let stopped = read(endless, limits(0.5, 100_000, 1 << 30));
    assert!(matches!(stopped, Err(ReadError::TooSlow { .. } | ReadError::TooManyRows { .. })), "{stopped:?}");
}

fn connections_say_what_to_do(cluster: &Cluster) {
    let read = |address: &str| read_postgres(address, "SELECT 1 AS a", Limits::default());
    let port = cluster.port;
    told(
        read(&format!("postgres://owner:s3cret-wrong@127.0.0.1:{port}/postgres")),
        &["password authentication failed", "check user and password"],
    );
    told(read(&cluster.address("").replace("/postgres", "/nothing")), &["nothing", "does not exist"]);
    told(read(&cluster.address("?sslmode=require")), &[&format!("127.0.0.1:{port}"), "offers TLS"]);
    told(read(&format!("postgres://owner@127.0.0.1:{port}/postgres")), &["password"]);
}

#[test]
fn an_address_that_is_none_is_not_shown() {
    let read = |address: &str| read_postgres(address, "SELECT 1 AS a", Limits::default());
    for address in [
        "",
        "s3cret/@:word",
        "postgres://owner:s3cret/@:word@host/db",
        "postgres://owner:s3cret@host:port/db",
        "postgres://owner:s3cret@host/db?sslmode=verify-full",
        "postgres://owner:s3cret@host/db?unknown=s3cret",
        "host=localhost password=s3cret port=s3cret",
        "mysql://owner:s3cret@host/db",
        "user=owner password=s3cret",
    ] {
        told(read(address), &["address of the PostgreSQL database is not understood"]);
    }
}

#[test]
fn nobody_there_and_nobody_answers_are_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    let limits = Limits { timeout: Duration::from_millis(300), ..Limits::default() };
    // It takes the connection and says nothing.
    let silent = read_postgres(&format!("postgres://owner:s3cret@{address}/db"), "SELECT 1 AS a", limits);
    told(silent, &["longer than 0.3 s"]);
    drop(listener);
    let nobody = read_postgres(&format!("postgres://owner:s3cret@{address}/db"), "SELECT 1 AS a", limits);
    told(nobody, &[&address.to_string(), "check host and port"]);
}
