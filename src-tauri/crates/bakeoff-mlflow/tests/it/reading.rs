//! What MLflow's own client logs, read by us from servers, SQLite stores and folders.

use crate::support::{SERVED, assert_same, logged, wait};
use bakeoff_core::analysis::{AnalysisOptions, Scope, compare};
use bakeoff_core::metric::Metric;
use bakeoff_core::outcome::TimeoutCountsAs;
use bakeoff_mlflow::{Access, Client, Experiment, MlflowError, Reader, Run, Runs, TrackingUri};
use std::collections::BTreeMap;
use std::path::Path;

fn reader(uri: &str) -> Reader {
    Reader::new(TrackingUri::parse(uri, Path::new("/")).expect("a tracking URI"), Access::default())
}

fn runs(uri: &str, experiment: &str) -> Vec<Run> {
    let read = wait(reader(uri).runs(experiment)).expect("it can be read");
    assert_eq!(read.warnings, Vec::<String>::new());
    read.runs
}

/// The token of the second page of five runs.
fn second_page(address: &str, experiment: &str) -> Option<String> {
    let address = reqwest::Url::parse(address).expect("an address");
    let client = Client::new(&address, Access::default()).expect("a client");
    let found = wait(client.experiment(experiment)).expect("it can be asked").expect("it is there");
    wait(client.search_runs(&found.id, "", &[], 5, None)).expect("it can be searched").next
}

/// The numbers of what `log_runs.py` logs.
fn check(experiment: &Experiment) {
    let names: Vec<&str> = experiment.variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["short", "long", "default"]);
    assert_eq!(experiment.unfinished, 1);
    let [short, long, default] = &experiment.variants[..] else { panic!("three variants") };
    // A failed run and its companion are one; one run was killed.
    assert_eq!([short.runs.len(), long.runs.len(), default.runs.len()], [6, 5, 1]);
    assert_eq!(experiment.cases.len(), 2, "without inputs, and with");
    let prompt = short.prompt.as_ref().expect("the newest run has none, an older one has");
    assert_eq!((prompt.text.as_str(), prompt.cut), ("Summarise {text}.", false));
    assert_eq!(experiment.values(short, "cost_usd"), [0.005, 0.003, 0.002, 0.001]);
    assert_eq!(experiment.values(long, "duration_ms"), [246.5, 247.5, 249.5]);
    assert!(experiment.metric_names().contains("quality/mean"));

    let options = AnalysisOptions {
        variants: names.iter().map(|name| (*name).to_owned()).collect(),
        baseline: experiment.baseline,
        cases: experiment.cases.len() as u32,
        confidence: 0.95,
        margin: 0.0,
        primary_metric: Metric::SuccessRate,
        timeout_counts_as: TimeoutCountsAs::Fail,
        complete: true,
        seed: 1,
        resampling: true,
        scope: Scope::default(),
    };
    let comparison = compare(&experiment.numbers(), &options);
    let [short, long, default] = &comparison.variants[..] else { panic!("three variants") };
    assert_eq!((short.passes, short.usable, short.unusable), (4, 5, 1));
    assert_eq!((long.passes, long.usable, long.unusable), (3, 5, 0));
    assert_eq!(short.latency_ms.mean.value, Some((101.0 + 102.0 + 103.0 + 105.0) / 4.0));
    assert_eq!((short.cost_usd.min, short.cost_usd.max), (Some(0.001), Some(0.005)));
    assert_eq!((default.input_tokens.min, default.output_tokens.min), (Some(12.0), Some(30.0)));
    assert_eq!(default.cost_usd.min, Some(1e-7));
    assert_eq!(
        (short.total_tokens.n, short.total_tokens.mean.value),
        (4, Some(50.0)),
        "only the sum is logged"
    );
}

#[test]
fn a_server_and_its_sqlite_store() {
    let address = wait(SERVED.target.client()).expect("the server starts").address().to_owned();
    let theirs = logged(&address, "logged");
    assert_eq!(theirs.len(), 16);
    assert_same(&runs(&address, "logged"), &theirs);
    let store = format!("sqlite:///{}", SERVED.database.display());
    assert_same(&runs(&store, "logged"), &theirs);
    assert_eq!(second_page(&address, "logged").as_deref(), Some("eyJvZmZzZXQiOiA1fQ=="), "after 5 runs");
    let order = |runs: &[Run]| runs.iter().map(|run| run.started_at).collect::<Vec<_>>();
    assert_eq!(order(&runs(&store, "logged")), order(&theirs), "newest first");
    for uri in [&address, &store] {
        check(&wait(reader(uri).experiment("logged")).expect("it can be read"));
        let rows = wait(reader(uri).experiments()).expect("it can be listed");
        let row = rows.iter().find(|row| row.name == "logged").expect("it is listed");
        assert_eq!((row.runs, row.more_runs, row.active), (16, false, true));
        assert!(row.created_at.is_some());
        assert!(rows.iter().all(|row| row.name != "logged deleted"));
        let unknown = wait(reader(uri).runs("loged")).expect_err("there is none").to_string();
        assert!(
            unknown.contains("there is no experiment “loged”") && unknown.contains("logged"),
            "{unknown}"
        );
        let deleted = wait(reader(uri).runs("logged deleted")).expect_err("it was deleted");
        assert!(matches!(deleted, MlflowError::ExperimentDeleted { .. }), "{deleted}");
    }
}

#[test]
fn a_folder_of_runs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mlruns = folder.path().join("my project/mlruns");
    let uri = format!("file://{}", mlruns.display());
    let store = mlruns.display().to_string();
    let uri = uri.replace(' ', "%20");
    let theirs = logged(&uri, "logged");
    assert_eq!(theirs.len(), 16);
    for place in [store.as_str(), uri.as_str(), folder.path().join("my project").to_str().expect("a path")] {
        assert_same(&runs(place, "logged"), &theirs);
        check(&wait(reader(place).experiment("logged")).expect("it can be read"));
        let rows = wait(reader(place).experiments()).expect("it can be listed");
        assert_eq!(rows.iter().map(|row| (row.name.as_str(), row.runs)).next(), Some(("logged", 16)));
    }
    let unknown = wait(reader(&store).runs("loged")).expect_err("there is none").to_string();
    assert!(unknown.contains("logged"), "{unknown}");

    // A run that is broken is told, and the others are read.
    let run = theirs.iter().find(|run| run.name == "killed").expect("it is there");
    let broken = std::fs::read_dir(&mlruns).expect("a folder").filter_map(|entry| {
        let path = entry.expect("an entry").path().join(&run.run_id).join("meta.yaml");
        path.is_file().then_some(path)
    });
    for path in broken {
        std::fs::write(path, "status: [").expect("it can be written");
    }
    let read: Runs = wait(reader(&store).runs("logged")).expect("the others can be read");
    assert_eq!((read.runs.len(), read.warnings.len()), (15, 1));
    assert!(
        read.warnings[0].contains(&run.run_id) && read.warnings[0].contains("meta.yaml"),
        "{:?}",
        read.warnings
    );
}

#[test]
fn an_old_store_without_the_newer_columns() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = folder.path().join("old.db");
    let connection = rusqlite::Connection::open(&database).expect("a database");
    let schema = "
        CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, artifact_location TEXT, lifecycle_stage TEXT);
        CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, status TEXT, start_time BIGINT, end_time BIGINT,
            lifecycle_stage TEXT, experiment_id INTEGER);
        CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
        CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
        CREATE TABLE metrics (key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT);
        INSERT INTO experiments VALUES (1, 'old', '', 'active');
        INSERT INTO runs VALUES ('r', 'FINISHED', 5, 9, 'active', 1), ('gone', 'FINISHED', 6, 9, 'deleted', 1);
        INSERT INTO tags VALUES ('mlflow.runName', 'first', 'r');
        INSERT INTO metrics VALUES ('loss', 0.75, 2, 'r'), ('loss', 0.5, 3, 'r'), ('loss', 0.25, 1, 'r');";
    connection.execute_batch(schema).expect("it is SQL");
    let uri = format!("sqlite:///{}", database.display());
    let found = runs(&uri, "old");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].name.as_str(), found[0].ended_at), ("first", Some(9)));
    assert_eq!(found[0].metrics, BTreeMap::from([("loss".to_owned(), 0.5)]));
    let rows = wait(reader(&uri).experiments()).expect("it can be listed");
    assert_eq!((rows[0].name.as_str(), rows[0].runs, rows[0].created_at), ("old", 1, None));
}

#[test]
fn what_is_no_store_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at("text.db"), "no database, but long enough to be looked at as one")
        .expect("it can be written");
    rusqlite::Connection::open(at("other.db"))
        .expect("a database")
        .execute_batch("CREATE TABLE a (b)")
        .expect("it is SQL");
    let cases = [
        (format!("sqlite:///{}", at("missing.db")), "there is no such file"),
        (format!("sqlite:///{}", at("text.db")), "file is not a database"),
        (format!("sqlite:///{}", at("other.db")), "Is this a database that MLflow has made?"),
        (at("missing"), "there is no such folder"),
        (at(""), "Is this an mlruns folder?"),
        ("http://127.0.0.1:9".to_owned(), "can't be reached"),
    ];
    for (uri, expected) in cases {
        let error = wait(reader(&uri).experiments()).expect_err(&uri).to_string();
        assert!(error.contains(expected), "{uri}: {error}");
    }
}
