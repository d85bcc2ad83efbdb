//! `bakeoff abtest`: triage tests from the shell.

mod create;
mod show;

use super::output::{Output, data, moment, table, talk};
use super::run::accompany;
use super::{CliResult, DONE, FAILED, run_number};
use bakeoff_core::chart::format;
use bakeoff_service::Service;
use bakeoff_service::dto::{JobState, TriageRow};

/// The verbs of `bakeoff abtest`.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Take candidates of a topic and put a test of two or more variants on them into the queue.
    Create(create::Arguments),
    /// List triage tests, newest first.
    List(ListArguments),
    /// Show a test: what each variant says, how far they agree, the items on which they differ most.
    Show(show::Arguments),
    /// Follow a test to its end; works on the queue while nobody else does.
    Watch(OneArguments),
    /// Show the queue, or steer it: pause, continue, drain (drop all that wait), stop (at once, everywhere), clear (the stop).
    Queue(QueueArguments),
    /// Cancel a test that waits, or stop one that runs. What it has answered is kept.
    Cancel(OneArguments),
}

/// Arguments of `abtest list`.
#[derive(Debug, clap::Args)]
pub struct ListArguments {
    /// At most this many.
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: u32,
}

/// Arguments of `abtest queue`.
#[derive(Debug, clap::Args)]
pub struct QueueArguments {
    /// What to do; without it the queue is only shown.
    #[arg(value_enum)]
    action: Option<QueueAction>,
}

/// What can be done to the queue.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum QueueAction {
    /// Start nothing further; what runs goes on.
    Pause,
    /// Go on after a pause.
    Continue,
    /// Drop everything that waits.
    Drain,
    /// Stop everything that runs, in every program, and start nothing until it is cleared.
    Stop,
    /// Let tests start again after a stop.
    Clear,
}

/// A test by its number.
#[derive(Debug, clap::Args)]
pub struct OneArguments {
    /// The test's number.
    #[arg(value_parser = run_number)]
    run: u32,
}

/// Runs a verb.
pub fn run(service: &Service, verb: &Verb, output: &Output) -> CliResult {
    match verb {
        Verb::Create(given) => create::run(service, given, output),
        Verb::List(given) => list(service, given, output),
        Verb::Show(given) => show::run(service, given, output),
        Verb::Watch(given) => watch(service, given.run, output),
        Verb::Queue(given) => queue(service, given.action, output),
        Verb::Cancel(given) => cancel(service, given.run, output),
    }
}

fn list(service: &Service, given: &ListArguments, output: &Output) -> CliResult {
    let page = service.list_triage(0, given.limit)?;
    output.print(&page, || {
        if page.rows.is_empty() {
            talk("There are no triage tests yet. Make one with: bakeoff abtest create --help");
            return;
        }
        let cells = |row: &TriageRow| {
            vec![
                format!("#{}", row.run),
                row.topic.clone(),
                state(row.state).to_owned(),
                row.variants.join(", "),
                format!("{} of {}", row.items, row.max_items),
                format!("{}/{}", row.done, row.planned),
                row.cost_usd.map_or_else(|| "—".to_owned(), format::usd),
                moment(row.created_at),
            ]
        };
        let header = ["test", "topic", "state", "variants", "items", "trials", "cost", "when"];
        data(&table(&header, &[0, 4, 5, 6], page.rows.iter().map(cells).collect()));
    });
    Ok(DONE)
}

fn watch(service: &Service, run: u32, output: &Output) -> CliResult {
    // A test that is over has nothing to be followed.
    service.triage_detail(run)?;
    let row = service.run_detail(run)?.row;
    let code = accompany(service, row, None, output)?;
    let detail = service.triage_detail(run)?;
    if !output.json {
        show::summaries(&detail);
        show::agreement(&detail);
    }
    Ok(if detail.row.state == JobState::Failed { FAILED } else { code })
}

fn queue(service: &Service, action: Option<QueueAction>, output: &Output) -> CliResult {
    let view = match action {
        None => service.queue_view()?,
        Some(QueueAction::Pause) => service.pause_queue()?,
        Some(QueueAction::Continue) => service.continue_queue()?,
        Some(QueueAction::Drain) => service.drain_queue()?,
        Some(QueueAction::Stop) => service.emergency_stop()?,
        Some(QueueAction::Clear) => service.clear_emergency_stop()?,
    };
    output.print(&view, || {
        let stands = match (view.emergency_stop, view.paused, view.is_worked_on) {
            (true, ..) => "stopped in an emergency; `bakeoff abtest queue clear` lets tests start again",
            (false, true, _) => "paused; `bakeoff abtest queue continue` goes on",
            (false, false, true) => "worked on",
            (false, false, false) => {
                "nobody works on it: start `bakeoff serve` or the window, or watch a test"
            }
        };
        data(&format!("queue: {stands}"));
        for job in &view.jobs {
            data(&format!("#{} {}, {}, {}/{}", job.run, job.topic, state(job.state), job.done, job.planned));
        }
        data(&format!("{} completed, {} failed, {} cancelled", view.completed, view.failed, view.cancelled));
    });
    Ok(DONE)
}

fn cancel(service: &Service, run: u32, output: &Output) -> CliResult {
    let row = service.cancel_triage(run)?;
    output.print(&row, || match row.state {
        JobState::Running => data(&format!("#{run} is being stopped by the program that runs it")),
        state_now => data(&format!("#{run} is {}", state(state_now))),
    });
    Ok(DONE)
}

fn state(state: JobState) -> &'static str {
    match state {
        JobState::Queued => "queued",
        JobState::Running => "running",
        JobState::Completed => "completed",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled",
    }
}
