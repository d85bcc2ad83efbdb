//! `bakeoff list-experiments` and `bakeoff mlflow-sync`

use super::output::{Output, data, table, talk};
use super::{CliResult, DONE, FAILED};
use bakeoff_service::dto::MlflowSent;
use bakeoff_service::{Patience, Service};
use std::time::Duration;

/// How long a program that could end waits for MLflow.
const PATIENCE: Patience = Patience { most: Duration::from_secs(600), still: Duration::from_secs(2) };

/// So many trials take MLflow some seconds, which is said before.
const MANY: u32 = 100;

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
    let sent = service.sync_mlflow(PATIENCE)?;
    let waits = sent.state.waiting > 0 || sent.summaries_waiting > 0;
    output.print(&sent, || match &sent.state.tracking_uri {
        None if !waits => {
            data("no tracking URI is set: write one in Settings, set MLFLOW_TRACKING_URI, or name one in a workflow");
        }
        _ => data(&words(&sent)),
    });
    Ok(if waits { FAILED } else { DONE })
}

/// Sends a run's trials and summaries before the program ends, and says what still waits.
pub fn after_run(service: &Service) -> Result<(), bakeoff_service::dto::ServiceError> {
    let waiting = service.mlflow_state()?.waiting;
    if waiting >= MANY {
        talk(&format!("sending {waiting} trials to MLflow …"));
    }
    let sent = service.flush_mlflow(PATIENCE)?;
    if sent.state.waiting > 0 || sent.summaries_waiting > 0 {
        talk(&words(&sent));
    }
    Ok(())
}

fn words(sent: &MlflowSent) -> String {
    let what = match (sent.state.waiting, sent.summaries_waiting) {
        (0, 0) => {
            return match &sent.state.problem {
                None => "MLflow has everything".to_owned(),
                Some(problem) => format!("MLflow has everything it accepted; {problem}"),
            };
        }
        (0, 1) => "the summaries of 1 run wait".to_owned(),
        (0, runs) => format!("the summaries of {runs} runs wait"),
        (1, _) => "1 trial waits".to_owned(),
        (trials, _) => format!("{trials} trials wait"),
    };
    let problem =
        sent.state.problem.as_deref().unwrap_or("the server is slow, or they are of a run that goes on");
    format!("{what} for MLflow: {problem}. They are kept; send them with `bakeoff mlflow-sync`")
}
