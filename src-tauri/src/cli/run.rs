//! `bakeoff run CAMPAIGN`: runs it here, with a progress bar, and prints the scorecard.

use super::output::{Output, talk};
use super::workflow::{self, Inputs};
use super::{CANNOT_TELL, CliResult, DONE, FAILED, STOPPED, compare, experiments, list};
use bakeoff_core::campaign::AdHoc;
use bakeoff_core::chart::format;
use bakeoff_core::fault::{Fault, FaultKind};
use bakeoff_core::gate::{GateAction, GateResult, GateVerdict};
use bakeoff_core::outcome::Outcome;
use bakeoff_service::Service;
use bakeoff_service::dto::{
    CompareRequest, ErrorCode, LaunchOptions, RunProgress, RunRow, RunState, ServiceError, TrialFilter,
    WorkflowLaunch,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The name or file of a campaign or workflow. A workflow's A/B test is run where it is enabled, else the
    /// workflow itself, once. Without it: a fault campaign by --subject, --chaos and --variant.
    #[arg(required_unless_present = "subject", conflicts_with = "subject")]
    campaign: Option<String>,
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    faults: Faults,
    /// Go on with the campaign's newest unfinished run: exactly the missing trials are run.
    #[arg(long, conflicts_with = "subject")]
    resume: bool,
    /// Run failed calls (infra_error, judge_error, cancelled …) of the newest run again.
    #[arg(long, conflicts_with_all = ["resume", "subject"])]
    retry_failed: bool,
    /// Another seed than the campaign's.
    #[arg(long)]
    seed: Option<u64>,
    /// Another budget than the campaign's, in USD.
    #[arg(long, value_name = "USD")]
    budget: Option<f64>,
    /// Trials at the same time.
    #[arg(long)]
    parallel: Option<u16>,
    /// Also write the charts (SVG) and a self-contained HTML report into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

/// A fault campaign without a file.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "A fault campaign without a file")]
struct Faults {
    /// Break this subject; may be given several times.
    #[arg(short, long, value_name = "NAME")]
    subject: Vec<String>,
    /// Do this to it, such as node_kill or latency:min_ms=200,max_ms=400; may be given several times. Default node_kill.
    #[arg(
        short,
        long,
        value_name = "KIND[:PARAM=VALUE…]",
        requires = "subject",
        conflicts_with = "campaign"
    )]
    chaos: Vec<Fault>,
    /// Trials of each fault and variant. Default 1.
    #[arg(short = 'n', long, value_name = "N", requires = "subject", conflicts_with = "campaign", value_parser = clap::value_parser!(u16).range(1..=1000))]
    trials: Option<u16>,
    /// Also try without an agent; without --variant, only that.
    #[arg(short, long, requires = "subject", conflicts_with = "campaign")]
    baseline: bool,
    /// Let this variant repair; may be given several times.
    #[arg(
        short,
        long,
        value_name = "NAME",
        value_delimiter = ',',
        requires = "subject",
        conflicts_with = "campaign"
    )]
    variant: Vec<String>,
    /// Seconds from the fault to the verdict. Default 300.
    #[arg(long, value_name = "SECONDS", requires = "subject", conflicts_with = "campaign")]
    timeout: Option<f64>,
}

impl Faults {
    /// The campaign that is meant; `None`: a file is.
    fn campaign(&self) -> Option<AdHoc> {
        if self.subject.is_empty() {
            return None;
        }
        let default = || vec![FaultKind::NodeKill.with_defaults()];
        Some(AdHoc {
            subjects: self.subject.clone(),
            faults: if self.chaos.is_empty() { default() } else { self.chaos.clone() },
            variants: self.variant.clone(),
            baseline: self.baseline,
            trials: self.trials.unwrap_or(1),
            timeout_seconds: self.timeout,
        })
    }
}

/// Runs a campaign to its end.
pub fn run(service: &Service, arguments: &Arguments, output: &Output) -> CliResult {
    let run = start(service, arguments)?;
    accompany(service, run, arguments.report.as_deref(), output)
}

/// Shows a run's progress to its end, and reports.
pub fn accompany(service: &Service, run: RunRow, folder: Option<&Path>, output: &Output) -> CliResult {
    talk(&format!("run #{}: {}, {} trials", run.id, run.campaign, run.planned));
    let presses = Arc::new(AtomicU32::new(0));
    service.on_interrupt({
        let presses = Arc::clone(&presses);
        move || {
            if presses.fetch_add(1, Ordering::SeqCst) > 0 {
                std::process::exit(i32::from(STOPPED));
            }
            talk("\nstopping: running trials are cancelled and recorded (Ctrl-C again to quit at once) …");
        }
    });
    let bar = progress_bar();
    // Somebody must work on the queue in which it waits.
    let is_queued = run.state == RunState::Queued;
    let end = loop {
        if is_queued {
            service.work_on_queue()?;
        }
        let progress = service.progress(run.id)?;
        show(&bar, &progress);
        if !matches!(progress.state, RunState::Queued | RunState::Running | RunState::Paused) {
            break service.run_detail(run.id)?.row;
        }
        if presses.load(Ordering::SeqCst) == 1 {
            // It may have ended since; then there is nothing to stop.
            let _ = match is_queued {
                true => service.cancel_triage(run.id).map(|_| ()),
                false => service.stop_run(run.id),
            };
        }
        service.wait_for_end(run.id, Duration::from_millis(100));
    };
    bar.finish_and_clear();
    experiments::after_run(service)?;
    report(service, folder, &end, output)
}

fn start(service: &Service, arguments: &Arguments) -> Result<RunRow, ServiceError> {
    let options =
        LaunchOptions { seed: arguments.seed, budget_usd: arguments.budget, parallel: arguments.parallel };
    if let Some(said) = arguments.faults.campaign() {
        arguments.inputs.none_for("this")?;
        return service.launch_faults(&said, &options);
    }
    let campaign = arguments.campaign.as_deref().unwrap_or_default();
    let is_workflow = service.is_workflow(campaign);
    if !is_workflow {
        arguments.inputs.none_for(campaign)?;
    }
    if !arguments.resume && !arguments.retry_failed {
        if is_workflow {
            let alone = !service.ab_test_enabled(campaign)?;
            let launch = WorkflowLaunch { inputs: arguments.inputs.values(), alone, options };
            return service.launch_workflow(campaign, &launch);
        }
        return service.launch(campaign, &options);
    }
    let name = if is_workflow {
        Some(service.experiment_of_workflow(campaign)?)
    } else {
        Path::new(campaign).file_stem().map(|stem| stem.to_string_lossy().into_owned())
    };
    let runs = service.list_runs(name.as_deref(), 0, 100)?;
    if let (true, Some(name)) = (runs.rows.is_empty(), &name) {
        service.check_campaign(name)?;
    }
    if arguments.retry_failed {
        let run = runs.rows.iter().find(|run| run.retriable > 0).ok_or_else(|| {
            ServiceError::not_found(format!("no run of {campaign} has failed calls to retry"))
        })?;
        return service.retry_failed(run.id);
    }
    let unfinished = runs.rows.iter().find(|run| run.state != RunState::Finished && run.owned_by.is_none());
    let run = unfinished.ok_or_else(|| nothing_to_resume(&runs.rows, campaign))?;
    service.resume_run(run.id, &options)
}

fn nothing_to_resume(runs: &[RunRow], campaign: &str) -> ServiceError {
    match runs.iter().find_map(|run| Some((run.id, run.owned_by?))) {
        Some((run, process)) => {
            ServiceError::conflict(format!("run #{run} is going on in another program (process {process})"))
                .with_hint(format!("watch it with `bakeoff show {run}`, or stop it there first"))
        }
        None => ServiceError::not_found(format!("there is no unfinished run of {campaign}"))
            .with_hint("leave out --resume to start a new one"),
    }
}

fn progress_bar() -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(0), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}") {
        bar.set_style(style.progress_chars("━╸ "));
    }
    bar
}

fn show(bar: &ProgressBar, progress: &RunProgress) {
    bar.set_length(u64::from(progress.planned));
    bar.set_position(u64::from(progress.done));
    let mut parts = vec![format!("{} pass, {} fail", progress.passes, progress.fails)];
    if progress.unusable > 0 {
        parts.push(format!("{} unusable", progress.unusable));
    }
    if let Some(rate) = progress.rate {
        parts.push(format!("{rate:.1}/s"));
    }
    if let Some(eta) = progress.eta_seconds {
        parts.push(format!("{} to go", format::milliseconds(eta * 1_000.0)));
    }
    parts.push(progress.cost_usd.map_or_else(|| "cost unknown".to_owned(), format::usd));
    parts.extend(progress.waiting_for.clone());
    bar.set_message(parts.join(" · "));
}

fn report(service: &Service, folder: Option<&Path>, end: &RunRow, output: &Output) -> CliResult {
    let request = CompareRequest { runs: vec![end.id], resampling: true, ..CompareRequest::default() };
    let written = match folder {
        Some(folder) => service.write_report(end.id, folder)?,
        None => Vec::new(),
    };
    let view = if end.done > 0 { Some(service.compare(&request)?) } else { None };
    let failed = first_failure(service, end)?;
    let problem = problem(end, failed.as_deref());
    let gates = service.gates_of(end.id)?;
    let result = serde_json::json!({
        "run": end, "comparison": view, "gates": gates, "written": written, "error": problem
    });
    output.print(&result, || {
        view.iter().for_each(compare::print);
        workflow::print_gates(&gates);
    });
    for path in &written {
        talk(&format!("written: {path}"));
    }
    if let Some(problem) = problem {
        output.tell(&problem);
        return Ok(FAILED);
    }
    if end.state == RunState::Stopped {
        talk(&format!("stopped after {} of {} trials; go on with --resume", end.done, end.planned));
        return Ok(STOPPED);
    }
    if let Some(failed) = failed {
        let (failures, planned) = (end.retriable, end.planned);
        talk(&format!("caution: {failures} of {planned} trials have no usable result, such as: {failed}"));
        talk("  run only these again with --retry-failed");
    }
    Ok(gate_code(&gates))
}

/// What the gates make of the exit code: 1 when one that may fail a run failed, 2 when that can't be told.
fn gate_code(gates: &[GateResult]) -> u8 {
    let has = |verdict: GateVerdict| {
        gates.iter().any(|result| result.gate.action >= GateAction::Fail && result.verdict == verdict)
    };
    if has(GateVerdict::Fail) {
        FAILED
    } else if has(GateVerdict::CannotTell) {
        CANNOT_TELL
    } else {
        DONE
    }
}

/// The error of one of the calls that Retry failed would run again.
fn first_failure(service: &Service, end: &RunRow) -> Result<Option<String>, ServiceError> {
    if end.retriable == 0 {
        return Ok(None);
    }
    let outcomes = Outcome::ALL.into_iter().filter(|outcome| outcome.can_be_retried()).collect();
    let filter = TrialFilter { outcomes, ..TrialFilter::default() };
    let first = service.list_trials(end.id, &filter, 0, 1)?.rows.into_iter().next();
    Ok(first.map(|trial| format!("{} ({})", trial.preview, trial.outcome.name())))
}

/// Why the run could not finish: it ended early, or not one of its calls worked.
fn problem(end: &RunRow, failed: Option<&str>) -> Option<ServiceError> {
    let (message, hint) = match end.state {
        RunState::Stopped => return None,
        RunState::Finished if end.retriable < end.planned => return None,
        RunState::Finished => (
            format!("none of the {} trials has a usable result: {}", end.planned, failed.unwrap_or_default()),
            "mend the cause, then run them again with --retry-failed",
        ),
        state => (
            format!("the run is {}: {}", list::state(state), end.reason.as_deref().unwrap_or_default()),
            "mend the cause, then go on with --resume",
        ),
    };
    Some(ServiceError::new(ErrorCode::RunFailed, message).with_hint(hint))
}
