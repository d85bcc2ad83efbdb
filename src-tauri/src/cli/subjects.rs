//! `bakeoff subject …` and `bakeoff faults …`: what can be broken here, what is broken, and making it whole.

use super::output::{Output, data, table, talk};
use super::{CliResult, DONE, FAILED, STOPPED};
use bakeoff_service::Service;
use bakeoff_service::dto::{FaultRow, SubjectRow, SweepReport, TryOut, TryState};
use clap::Subcommand;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Verbs of `bakeoff subject`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The subjects of the workspace, what each needs, and which faults can be done to it.
    List,
    /// In short: which subjects are ready, and what may still be broken.
    Status,
    /// Start a subject, show its health, and remove it at Ctrl-C.
    Up {
        /// The subject's name.
        subject: String,
    },
    /// Remove the instances that crashed programs left behind. Those of a running program end with it, or at its Ctrl-C.
    Down,
}

/// Verbs of `bakeoff faults`.
#[derive(Debug, Subcommand)]
pub enum FaultVerb {
    /// Faults that may still be in force.
    List,
    /// Undo a fault whose program is gone.
    Revert {
        /// Its number, as `bakeoff faults list` shows it.
        id: i64,
    },
    /// Remove everything that crashed programs left behind.
    Sweep,
}

/// Subjects.
pub fn run(service: &Service, verb: &Verb, output: &Output) -> CliResult {
    match verb {
        Verb::List => {
            let rows = service.list_subjects()?;
            output.print(&rows, || list(&rows));
            Ok(DONE)
        }
        Verb::Status => {
            let (subjects, faults) = (service.list_subjects()?, service.list_faults()?);
            output.print(&serde_json::json!({ "subjects": subjects, "faults": faults }), || {
                subjects.iter().for_each(state_line);
                fault_list(&faults);
            });
            Ok(DONE)
        }
        Verb::Up { subject } => up(service, subject, output),
        Verb::Down => sweep(service, output),
    }
}

fn state_line(row: &SubjectRow) {
    let missing: Vec<&str> =
        row.requirements.iter().filter(|need| !need.is_met).map(|need| need.name.as_str()).collect();
    let state = match (row.is_ready, row.subject.is_some()) {
        (true, _) => "ready".to_owned(),
        (false, true) => format!("not ready: {} missing", missing.join(", ")),
        (false, false) => format!("not ready: {} has errors", row.path),
    };
    data(&format!("{}  {state}", row.name));
}

fn sweep(service: &Service, output: &Output) -> CliResult {
    let report = service.sweep()?;
    output.print(&report, || swept(&report));
    Ok(if report.problems.is_empty() { DONE } else { FAILED })
}

fn list(rows: &[SubjectRow]) {
    if rows.is_empty() {
        talk("there are no subjects: put a YAML file into subjects/, or run `bakeoff init .`");
    }
    for row in rows {
        let state = if row.is_ready { "ready" } else { "not ready" };
        data(&format!("{}  {state}", row.name));
        for finding in &row.diagnostics {
            data(&format!("  {finding}"));
        }
        for requirement in &row.requirements {
            let mark = if requirement.is_met { "ok" } else { "missing" };
            data(&format!("  {mark}: {}: {}", requirement.name, requirement.detail));
        }
        for fault in &row.faults {
            let how = fault.mechanism.as_deref().or(fault.reason.as_deref()).unwrap_or_default();
            let mark = if fault.mechanism.is_some() { "by" } else { "not here:" };
            data(&format!("  {} {mark} {how}", fault.kind.name()));
        }
    }
}

fn up(service: &Service, subject: &str, output: &Output) -> CliResult {
    let stopped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stopped);
    let mut notices = service.notices();
    service.on_interrupt(move || flag.store(true, Ordering::Relaxed));
    service.start_try_out(subject)?;
    talk(&format!("{subject} is starting; Ctrl-C removes it"));
    let mut shown = None;
    while !stopped.load(Ordering::Relaxed) {
        // News come at every sample; without any, the flag is looked at again soon.
        service.wait_for_notice(&mut notices, std::time::Duration::from_millis(200));
        let Some(now) = service.try_out()? else { break };
        if now.state == TryState::Failed {
            let error = now.error.clone().unwrap_or_default();
            service.close_try_out()?;
            return Err(bakeoff_service::dto::ServiceError::unavailable(error));
        }
        let line = health(&now);
        if shown.as_ref() != Some(&line) {
            output.print(&now.samples.last(), || data(&line));
            shown = Some(line);
        }
    }
    talk(&format!("removing {subject}"));
    service.close_try_out()?;
    Ok(STOPPED)
}

/// Each member in a word.
fn health(now: &TryOut) -> String {
    let Some(sample) = now.samples.last() else { return "starting".to_owned() };
    let member = |member: &bakeoff_core::lab::MemberState| {
        let state = match (&member.error, member.leader) {
            (Some(error), _) => error.as_str(),
            (None, true) => "leader",
            (None, false) => "ok",
        };
        format!("{} {state}", member.node)
    };
    sample.members.iter().map(member).collect::<Vec<_>>().join(" · ")
}

/// Faults in force.
pub fn faults(service: &Service, verb: &FaultVerb, output: &Output) -> CliResult {
    match verb {
        FaultVerb::List => {
            let rows = service.list_faults()?;
            output.print(&rows, || fault_list(&rows));
            Ok(DONE)
        }
        FaultVerb::Revert { id } => {
            let rows = service.revert_fault(*id)?;
            output.print(&rows, || fault_list(&rows));
            Ok(if rows.iter().any(|row| row.id == *id) { FAILED } else { DONE })
        }
        FaultVerb::Sweep => sweep(service, output),
    }
}

fn fault_list(rows: &[FaultRow]) {
    if rows.is_empty() {
        talk("no fault is in force");
        return;
    }
    let line = |row: &FaultRow| {
        vec![
            row.id.to_string(),
            format!("#{}", row.run),
            row.planned.fault.kind.name().to_owned(),
            row.planned.node.clone().unwrap_or_default(),
            row.planned.mechanism.clone(),
            format!("{:?}", row.state).to_lowercase(),
            if row.is_owned { "runs" } else { "gone" }.to_owned(),
        ]
    };
    let header = ["#", "Run", "Fault", "Node", "By", "State", "Owner"];
    data(&table(&header, &[0], rows.iter().map(line).collect()));
}

fn swept(report: &SweepReport) {
    for line in &report.removed {
        data(&format!("removed {line}"));
    }
    for problem in &report.problems {
        talk(&format!("error: {problem}"));
    }
    if report.removed.is_empty() && report.problems.is_empty() {
        talk("nothing was left behind");
    }
}
