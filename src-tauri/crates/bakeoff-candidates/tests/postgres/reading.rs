//! What good queries give, and that nothing is ever written.

use crate::cluster::cluster_or_skip;
use bakeoff_candidates::ReadError;
use serde_json::Value;

const NEWS: &str = "CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TABLE news (id bigint, headline text, code varchar(9), points numeric, rate real, exact double precision,
      small smallint, shown boolean, seen timestamptz, local timestamp, day date, key uuid, more jsonb, tags text[],
      feeling mood, picture bytea, spot point);
    INSERT INTO news VALUES (2, 'Größe; «x»', 'a', 12.50, 0.5, 1e10, 3, true, '2026-11-16 10:30:00+02',
      '2026-11-16 08:30:00', '2026-11-16', '00000000-0000-0000-0000-00000000000a', '{\"b\": [1]}', '{x,\"y z\",NULL}',
      'good', '\\x00', '(1,2)');
    INSERT INTO news (id) SELECT generate_series(3, 1402);";

#[test]
fn rows_have_the_columns_in_the_order_of_the_query() {
    let Some(cluster) = cluster_or_skip() else { return };
    cluster.run_sql(NEWS);
    let query = "SELECT tags, more, key, day, local, seen, shown, small, exact, rate, points, code, headline AS title, id,
        feeling FROM news WHERE id = 2; -- the first";
    let rows = cluster.read(query).expect("it is a good query");
    let mut row = rows[0].clone();
    // In the time zone of the server.
    let seen = row.shift_remove("seen").expect("it is there");
    assert!(seen.as_str().is_some_and(|seen| seen.starts_with("2026-11-1") && seen.contains('T')), "{seen}");
    assert_eq!(
        Value::Object(row).to_string(),
        r#"{"tags":["x","y z",null],"more":{"b":[1]},"key":"00000000-0000-0000-0000-00000000000a","day":"2026-11-16","#
            .to_owned()
            + r#""local":"2026-11-16T08:30:00","shown":true,"small":3,"exact":10000000000,"rate":0.5,"points":12.5,"#
            + r#""code":"a","title":"Größe; «x»","id":2,"feeling":"good"}"#
    );
    let all = cluster.read("SELECT id, headline FROM news ORDER BY id").expect("it is a good query");
    assert_eq!(all.len(), 1_401, "more than are asked for at once");
    assert!(
        all.windows(2).all(|pair| pair[0]["id"].as_i64() < pair[1]["id"].as_i64()),
        "in the query's order"
    );
    assert_eq!(cluster.read("SELECT 1 AS a WHERE false"), Ok(Vec::new()));
    let with = "WITH one AS (SELECT 'a'::text AS id) SELECT * FROM one";
    assert_eq!(cluster.read(with).map(|rows| rows.len()), Ok(1));

    nothing_is_ever_written(&cluster);
    types_are_refused_by_name(&cluster);
    it_works_within_an_async_runtime(&cluster);
}

fn nothing_is_ever_written(cluster: &crate::cluster::Cluster) {
    cluster.run_sql("CREATE FUNCTION sly() RETURNS int LANGUAGE sql AS 'DELETE FROM news RETURNING 1'");
    for query in [
        "DELETE FROM news",
        "SELECT 1; DELETE FROM news",
        "WITH gone AS (DELETE FROM news RETURNING id) SELECT id FROM gone",
        "WITH gone AS (SELECT 1) DELETE FROM news",
        "SELECT * INTO copy FROM news",
        "SELECT id FROM news FOR UPDATE",
        "SELECT sly() AS id",
        "SELECT nextval('counter') AS id",
        "SELECT 1) AS a; DELETE FROM news; SELECT (1",
        "SELECT set_config('transaction_read_only', 'off', false) AS a, sly() AS b",
    ] {
        cluster.read(query).expect_err(query);
    }
    let error = cluster.read("SELECT sly() AS id").expect_err("it would write");
    assert!(matches!(&error, ReadError::NotOneSelect { why } if why.contains("read-only")), "{error:?}");
    assert_eq!(cluster.read("SELECT id FROM news").map(|rows| rows.len()), Ok(1_401), "nothing has changed");
}

fn types_are_refused_by_name(cluster: &crate::cluster::Cluster) {
    for (query, expected) in [
        (
            "SELECT id, picture FROM news",
            "the column `picture` is of the type bytea, which can't be read; leave it out, or cast it to text, as in \
             picture::text",
        ),
        ("SELECT spot FROM news", "the column `spot` is of the type point"),
        ("SELECT ARRAY[1, 2] AS numbers", "the column `numbers` is of the type _int4"),
        ("SELECT interval '1 hour' AS age", "the column `age` is of the type interval"),
        ("SELECT id, headline AS id FROM news", "two columns are called `id`"),
        ("SELECT 1e400::numeric AS much", "cast large numbers to text"),
    ] {
        let error = cluster.read(query).expect_err(query);
        let error = format!("{error}; {}", error.hint());
        assert!(error.contains(expected), "{query}: {error}");
    }
}

fn it_works_within_an_async_runtime(cluster: &crate::cluster::Cluster) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let rows = runtime.block_on(async { cluster.read("SELECT 1 AS a") });
    assert_eq!(rows.map(|rows| rows.len()), Ok(1));
}
