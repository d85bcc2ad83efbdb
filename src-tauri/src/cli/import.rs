//! `bakeoff import eval.db [--operator-db operator.db]`

use super::output::{Output, data, table, talk};
use super::{BAD_INPUT, CliResult, DONE};
use bakeoff_service::Service;
use bakeoff_service::dto::{CampaignImport, EvalImport, ImportedCampaign};
use std::path::PathBuf;

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Operator's eval.db.
    file: PathBuf,
    /// Operator's operator.db of the same time: adds tickets, agents' logs, models and prompts.
    #[arg(long, value_name = "FILE")]
    operator_db: Option<PathBuf>,
    /// The time zone of the machine on which Operator ran, such as Europe/Berlin: its operator.db has local times.
    /// Default: this machine's.
    #[arg(long, value_name = "ZONE")]
    operator_time_zone: Option<String>,
}

/// Imports old campaigns. What is broken is told, and ends with exit code 3; the rest is there.
pub fn run(service: &Service, arguments: &Arguments, output: &Output) -> CliResult {
    let zone = arguments.operator_time_zone.as_deref();
    let done = service.import_eval_db(&arguments.file, arguments.operator_db.as_deref(), zone)?;
    output.print(&done, || print(&done));
    Ok(if done.is_whole() { DONE } else { BAD_INPUT })
}

/// What a person should know of an import, without the table.
pub fn tell(done: &EvalImport) {
    for one in &done.campaigns {
        one.notes.iter().for_each(|note| talk(&format!("campaign {}: {note}", one.campaign)));
    }
    for problem in &done.problems {
        talk(&format!("left out: {problem}"));
    }
}

/// What became of every campaign.
fn print(done: &EvalImport) {
    if done.campaigns.is_empty() && done.problems.is_empty() {
        talk(&format!("{} has no campaigns", done.file));
        return;
    }
    let row = |one: &ImportedCampaign| {
        vec![
            one.campaign.to_string(),
            one.subject.clone(),
            one.faults.clone(),
            one.variant.clone().unwrap_or_else(|| "—".to_owned()),
            one.trials.to_string(),
            state(one),
        ]
    };
    if !done.campaigns.is_empty() {
        let header = ["campaign", "subject", "faults", "variant", "trials", "run"];
        data(&table(&header, &[0, 4], done.campaigns.iter().map(row).collect()));
    }
    tell(done);
}

fn state(one: &ImportedCampaign) -> String {
    let run = one.run.map(|run| format!("#{run}")).unwrap_or_default();
    match one.state {
        CampaignImport::Imported => run,
        CampaignImport::AlreadyImported => format!("already imported: {run}"),
        CampaignImport::Changed => format!("already imported: {run}, changed since"),
        CampaignImport::LeftOut => "left out".to_owned(),
    }
}
