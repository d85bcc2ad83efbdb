//! `bakeoff list`

use super::output::{Output, data, moment, table, talk};
use super::{CliResult, DONE};
use bakeoff_core::chart::format;
use bakeoff_core::gate::GateState;
use bakeoff_service::Service;
use bakeoff_service::dto::{RunFaults, RunRow, RunState};

/// Arguments of `list`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Only runs of this campaign.
    campaign: Option<String>,
    /// At most this many.
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: u32,
    /// Leave out this many of the newest.
    #[arg(long, default_value_t = 0)]
    offset: u32,
}

/// Lists runs.
pub fn run(service: &Service, arguments: &Arguments, output: &Output) -> CliResult {
    let page = service.list_runs(arguments.campaign.as_deref(), arguments.offset, arguments.limit)?;
    if let (0, Some(campaign)) = (page.total, &arguments.campaign) {
        service.check_campaign(campaign)?;
    }
    output.print(&page, || {
        if page.rows.is_empty() {
            talk("There are no runs yet. Start one with: bakeoff run CAMPAIGN");
            return;
        }
        let mut header = vec!["run", "campaign", "state", "trials", "success", "cost", "when"];
        let mut rows: Vec<Vec<String>> = page.rows.iter().map(row).collect();
        // Most campaigns have no gates.
        if page.rows.iter().any(|run| run.gates.is_some()) {
            header.push("gates");
            for (cells, run) in rows.iter_mut().zip(&page.rows) {
                cells.push(run.gates.map_or("", gates).to_owned());
            }
        }
        // Nor are most campaigns of faults.
        if page.rows.iter().any(|run| run.faults.is_some()) {
            header.extend(["subject", "faults"]);
            for (cells, run) in rows.iter_mut().zip(&page.rows) {
                let of = |read: fn(&RunFaults) -> &[String]| {
                    run.faults.as_ref().map_or(String::new(), |faults| read(faults).join(", "))
                };
                cells.extend([of(|faults| &faults.subjects), of(|faults| &faults.faults)]);
            }
        }
        data(&table(&header, &[0, 3, 5], rows));
        let last = page.offset as usize + page.rows.len();
        talk(&format!("Showing {}–{last} of {}", page.offset + 1, page.total));
    });
    Ok(DONE)
}

fn row(run: &RunRow) -> Vec<String> {
    let bars = run.bars.iter().map(|bar| {
        format!("{} {}", bar.name, bar.success_rate.value.map_or_else(|| "—".to_owned(), format::percent))
    });
    vec![
        format!("#{}", run.id),
        run.campaign.clone(),
        state(run.state).to_owned(),
        format!("{}/{}", run.done, run.planned),
        bars.collect::<Vec<_>>().join(", "),
        run.cost_usd.map_or_else(|| "—".to_owned(), format::usd),
        moment(run.created_at),
    ]
}

fn gates(state: GateState) -> &'static str {
    match state {
        GateState::Passed => "passed",
        GateState::CannotTell => "cannot tell",
        GateState::Warned => "warned",
        GateState::Failed => "failed",
        GateState::Blocks => "blocks deploying",
    }
}

/// A run's state in words.
pub fn state(state: RunState) -> &'static str {
    match state {
        RunState::Queued => "queued",
        RunState::Running => "running",
        RunState::Paused => "paused",
        RunState::Finished => "finished",
        RunState::Stopped => "stopped",
        RunState::OutOfBudget => "out of budget",
        RunState::Interrupted => "interrupted",
        RunState::Failed => "failed",
    }
}
