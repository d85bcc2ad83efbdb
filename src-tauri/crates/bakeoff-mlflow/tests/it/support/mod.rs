//! The real MLflow, runs to write, and an outbox in memory.

pub mod fake_server;
pub mod outbox;
pub mod sample;

use bakeoff_mlflow::{Access, ProgramPlaces, Run, RunStatus, Target, TrackingUri};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;

/// Root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// The virtual environment with MLflow, which is made when it isn't there.
static ENVIRONMENT: LazyLock<PathBuf> = LazyLock::new(|| {
    let build = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a build folder");
    let setup = Command::new(root().join("tests/mlflow/setup")).arg(build).output().expect("bash is there");
    assert!(setup.status.success(), "{}", String::from_utf8_lossy(&setup.stderr));
    PathBuf::from(String::from_utf8_lossy(&setup.stdout).trim())
});

/// One runtime for all tests: a server that one test starts outlives it.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// Runs a test to its end.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.block_on(work)
}

/// A store of each kind that the server of all tests writes to.
pub struct Served {
    _folder: tempfile::TempDir,
    pub database: PathBuf,
    pub target: Arc<Target>,
}

/// One real MLflow server on a new SQLite store, for all tests that don't disturb it.
pub static SERVED: LazyLock<Served> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = folder.path().join("mlflow.db");
    let target = target(TrackingUri::Sqlite(database.clone()));
    Served { _folder: folder, database, target: Arc::new(target) }
});

/// A target that may start the real MLflow.
pub fn target(uri: TrackingUri) -> Target {
    let places = ProgramPlaces { program: Some(ENVIRONMENT.join("bin/mlflow")), path: None };
    Target::new(uri, Access::default(), places)
}

/// Logs the runs of `log_runs.py` with MLflow's client, and says how that reads them.
pub fn logged(uri: &str, experiment: &str) -> Vec<Run> {
    runs(&python("log_runs.py", uri, experiment))
}

/// Runs one of the scripts in `tests/mlflow`.
fn python(script: &str, uri: &str, experiment: &str) -> String {
    let script = root().join("tests/mlflow").join(script);
    let output = Command::new(ENVIRONMENT.join("bin/python"))
        .arg(script)
        .args([uri, experiment])
        .env("MLFLOW_ALLOW_FILE_STORE", "true")
        .env("MLFLOW_DISABLE_TELEMETRY", "true")
        .output()
        .expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints text")
}

/// An experiment's runs as MLflow's client reads them.
pub fn dumped(uri: &str, experiment: &str) -> Vec<Run> {
    runs(&python("dump_runs.py", uri, experiment))
}

fn runs(printed: &str) -> Vec<Run> {
    // MLflow's client prints addresses of runs before it.
    let last = printed.lines().last().expect("it prints something");
    let runs: Vec<Value> = serde_json::from_str(last).expect("it prints JSON");
    let texts = |value: &Value| -> BTreeMap<String, String> {
        serde_json::from_value(value.clone()).expect("a mapping of texts")
    };
    let number = |value: &Value| match value.as_str() {
        Some("nan") => f64::NAN,
        Some("inf") => f64::INFINITY,
        _ => value.as_f64().expect("a number"),
    };
    let metrics = |value: &Value| {
        let metrics = value.as_object().expect("a mapping").iter();
        metrics.map(|(key, value)| (key.clone(), number(value))).collect()
    };
    runs.iter()
        .map(|run| Run {
            run_id: run["run_id"].as_str().expect("an id").to_owned(),
            name: run["name"].as_str().unwrap_or_default().to_owned(),
            status: RunStatus::from_name(run["status"].as_str().expect("a status")),
            started_at: run["start"].as_i64(),
            ended_at: run["end"].as_i64(),
            params: texts(&run["params"]),
            metrics: metrics(&run["metrics"]),
            tags: texts(&run["tags"]),
        })
        .collect()
}

/// Fails unless both are the same, NaN included.
pub fn assert_same(ours: &[Run], theirs: &[Run]) {
    let text = |runs: &[Run]| {
        let mut texts: Vec<String> = runs.iter().map(|run| format!("{run:#?}")).collect();
        texts.sort();
        texts
    };
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in text(ours).iter().zip(&text(theirs)) {
        assert_eq!(ours, theirs);
    }
}
