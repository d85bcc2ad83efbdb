//! How long reading an experiment with many runs takes, from each kind of place, beside MLflow's own `search_runs` with
//! pandas. Arguments: the number of runs (10,000), and a folder where an earlier call
//! left its runs, or where they are to be left. Needs the environment that `tests/mlflow/setup` makes in the build
//! folder: `cargo run --release -p bakeoff-mlflow --example read_speed`.

use bakeoff_mlflow::{Access, ProgramPlaces, Reader, Target, TrackingUri};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const REPEATS: usize = 3;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// Runs a program and gives what it prints.
fn output(command: &mut Command) -> Result<String, Box<dyn Error>> {
    let output = command.env("MLFLOW_ALLOW_FILE_STORE", "true").output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The virtual environment, in the build folder that this program is in.
fn environment() -> Result<PathBuf, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let build = program.ancestors().nth(3).ok_or("this program is in no build folder")?;
    let setup = output(Command::new(root().join("tests/mlflow/setup")).arg(build))?;
    Ok(PathBuf::from(setup))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let runs: usize = std::env::args().nth(1).map_or(Ok(10_000), |text| text.parse())?;
    let environment = environment()?;
    let python = environment.join("bin/python");
    let script = root().join("tests/mlflow/many_runs.py");
    let temporary = tempfile::tempdir()?;
    let folder = std::env::args().nth(2).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    if !folder.join("mlruns").is_dir() {
        eprintln!("making {runs} runs …");
        output(Command::new(&python).arg(&script).arg("make").arg(&folder).arg(runs.to_string()))?;
    }

    let database = TrackingUri::Sqlite(folder.join("mlflow.db"));
    let places = ProgramPlaces { program: Some(environment.join("bin/mlflow")), path: None };
    let target = Target::new(database.clone(), Access::default(), places);
    let server = TrackingUri::parse(target.client().await?.address(), Path::new("/"))?;
    let folder = TrackingUri::Folder(folder.join("mlruns"));
    println!("| from | Bakeoff, s (best of {REPEATS}) | MLflow, s |");
    println!("|---|---|---|");
    for (name, uri) in [("SQLite store", database), ("mlruns folder", folder), ("server", server)] {
        let mut best = f64::INFINITY;
        for _ in 0..REPEATS {
            let start = Instant::now();
            let experiment = Reader::new(uri.clone(), Access::default()).experiment("many").await?;
            best = best.min(start.elapsed().as_secs_f64());
            if experiment.trials.len() != runs || experiment.variants.len() != 3 {
                return Err(format!("{name}: {} trials were read", experiment.trials.len()).into());
            }
        }
        let theirs = output(Command::new(&python).arg(&script).arg("time").arg(uri.to_string()))?;
        let theirs: serde_json::Value = serde_json::from_str(&theirs)?;
        println!("| {name} | {best:.2} | {:.2} |", theirs["seconds"].as_f64().unwrap_or(f64::NAN));
    }
    Ok(())
}
