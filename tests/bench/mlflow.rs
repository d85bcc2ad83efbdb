//! Reading many runs that MLflow keeps, from each kind of place, beside MLflow's own `search_runs` with pandas, and a
//! server beside bare requests for the same pages, which are the best that a client can do.

use crate::Error;
use crate::report::{Report, Target, median};
use bakeoff_mlflow::{Access, ProgramPlaces, Reader, Target as Server, TrackingUri};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Runs of the experiment.
const RUNS: usize = 10_000;
/// How often each place is read by us; MLflow takes too long for that.
const REPEATS: usize = 3;

/// Skipped, with a message, where MLflow can't be installed.
pub fn reading(report: &mut Report) -> Result<(), Error> {
    let environment = match environment() {
        Ok(environment) => environment,
        Err(error) => {
            eprintln!("mlflow is left out, because MLflow can't be installed here: {error}");
            return Ok(());
        }
    };
    let folder = tempfile::Builder::new().prefix("bench-mlflow-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let theirs = Theirs { python: environment.join("bin/python") };
    theirs.run(&["make", &folder.path().display().to_string(), &RUNS.to_string()])?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;

    let database = TrackingUri::Sqlite(folder.path().join("mlflow.db"));
    let places = ProgramPlaces { program: Some(environment.join("bin/mlflow")), path: None };
    let server = Server::new(database.clone(), Access::default(), places);
    let address = runtime.block_on(server.client())?.address().to_owned();
    for (name, uri) in [
        ("a SQLite store", database),
        ("an mlruns folder", TrackingUri::Folder(folder.path().join("mlruns"))),
        ("an MLflow server with one worker", TrackingUri::parse(&address, folder.path())?),
    ] {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..REPEATS {
            ours.push(our_seconds(&runtime, &uri)?);
            if matches!(uri, TrackingUri::Http(_)) {
                bare.push(theirs.seconds("fetch", &uri)?);
            }
        }
        let (ours, bare) = (median(ours), median(bare));
        let what = format!("{RUNS} runs from {name}");
        if matches!(uri, TrackingUri::Http(_)) {
            // The server itself works longer than 3 s for so many, whoever asks.
            report.judge(format!("{what} ÷ bare requests"), ours / bare, "", Target::AtMost(1.2));
            report.note("our time", ours, "s");
            report.note("bare requests of the same pages, four at once", bare, "s");
        } else {
            report.judge(what, ours, "s", Target::AtMost(3.0));
        }
        let theirs = theirs.seconds("time", &uri)?;
        report.judge("our time ÷ MLflow's search_runs and pandas", ours / theirs, "", Target::AtMost(1.0));
        report.note("MLflow's search_runs and pandas", theirs, "s");
    }
    Ok(())
}

/// How long it takes us to read the experiment once.
fn our_seconds(runtime: &tokio::runtime::Runtime, uri: &TrackingUri) -> Result<f64, Error> {
    let reader = Reader::new(uri.clone(), Access::default());
    let start = Instant::now();
    let experiment = runtime.block_on(reader.experiment("many"))?;
    let seconds = start.elapsed().as_secs_f64();
    if experiment.trials.len() != RUNS {
        return Err(format!("{uri}: {} of {RUNS} runs were read", experiment.trials.len()).into());
    }
    Ok(seconds)
}

/// MLflow's own client.
struct Theirs {
    python: PathBuf,
}

impl Theirs {
    fn run(&self, arguments: &[&str]) -> Result<String, Error> {
        output(Command::new(&self.python).arg(root().join("tests/mlflow/many_runs.py")).args(arguments))
    }

    /// What the script says that reading took, without its own start.
    fn seconds(&self, how: &str, uri: &TrackingUri) -> Result<f64, Error> {
        let printed = self.run(&[how, &uri.to_string()])?;
        let answer: serde_json::Value = serde_json::from_str(printed.lines().last().unwrap_or_default())?;
        if answer["runs"] != RUNS {
            return Err(format!("{uri}: MLflow's side read {} of {RUNS} runs", answer["runs"]).into());
        }
        answer["seconds"].as_f64().ok_or_else(|| "the script said no time".into())
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The virtual environment with MLflow, which is made when it isn't there.
fn environment() -> Result<PathBuf, Error> {
    let build = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("there is no build folder")?;
    Ok(PathBuf::from(output(Command::new(root().join("tests/mlflow/setup")).arg(build))?))
}

/// Runs a program and gives what it prints.
fn output(command: &mut Command) -> Result<String, Error> {
    command.env("MLFLOW_ALLOW_FILE_STORE", "true").env("MLFLOW_DISABLE_TELEMETRY", "true");
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
