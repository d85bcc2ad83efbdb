//! `bakeoff list-experiments` and `bakeoff mlflow-sync`

use super::output::{Output, data, table, talk};
use super::{CliResult, DONE, FAILED};
use bakeoff_service::Service;
use bakeoff_service::dto::MlflowState;
use std::time::Duration;

/// How long a program that could end waits for MLflow.
const MOST: Duration = Duration::from_secs(600);

/// Arguments of `list-experiments`.
#[derive(Debug, clap::Args)]
pub struct ListArguments {
    /// Those of this MLflow store instead: http://…, sqlite:///… or a folder.
    #[arg(long, value_name = "URI")]
    mlflow_uri: Option<String>,
}

/// Arguments of `mlflow-sync`.
#[derive(Debug, clap::Args)]
pub struct SyncArguments {}

/// Lists experiments.
pub fn list(service: &Service, arguments: &ListArguments, output: &Output) -> CliResult {
    let rows = service.list_experiments(arguments.mlflow_uri.as_deref())?;
    output.print(&rows, || {
        let cells = rows.iter().map(|row| {
            let at = row.last_at.map_or_else(String::new, bakeoff_service::local_time);
            vec![row.name.clone(), row.runs.to_string(), at]
        });
        data(&table(&["experiment", "runs", "newest"], &[1], cells.collect()));
        if rows.is_empty() {
            talk("there are no experiments yet; run a campaign or a workflow first");
        }
    });
    Ok(DONE)
}

/// Sends to MLflow what waits.
pub fn sync(service: &Service, _: &SyncArguments, output: &Output) -> CliResult {
    let state = service.flush_mlflow(MOST)?;
    output.print(&state, || match &state.tracking_uri {
        None if state.waiting == 0 => {
            data("no tracking URI is set: write one in Settings, set MLFLOW_TRACKING_URI, or name one in a workflow");
        }
        _ => data(&words(&state)),
    });
    Ok(if state.waiting > 0 { FAILED } else { DONE })
}

/// Sends a run's trials before the program ends, and says what still waits.
pub fn after_run(service: &Service) -> Result<(), bakeoff_service::dto::ServiceError> {
    if service.mlflow_state()?.waiting > 0 {
        let state = service.flush_mlflow(MOST)?;
        if state.waiting > 0 {
            talk(&words(&state));
        }
    }
    Ok(())
}

fn words(state: &MlflowState) -> String {
    match (state.waiting, &state.problem) {
        (0, None) => "MLflow has everything".to_owned(),
        (0, Some(problem)) => format!("MLflow has everything it accepted; {problem}"),
        (waiting, problem) => format!(
            "{waiting} trials wait for MLflow: {}. They are kept; send them with `bakeoff mlflow-sync`",
            problem.as_deref().unwrap_or("the server is slow")
        ),
    }
}
