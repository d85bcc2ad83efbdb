//! Subjects, faults in force, and what a fault trial has beside other trials.

use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::fault::{FaultKind, FaultState, Place, PlannedFault};
use bakeoff_core::lab::{AuditEntry, FaultTrial, HealthSample, Ticket};
use bakeoff_core::subject::Subject;
use bakeoff_core::trial::TrialKey;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Something that a subject needs from this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Requirement {
    /// What it is, such as `Docker engine` or `image bakeoff-lab/etcd:3.4`.
    pub name: String,
    /// It is there.
    pub is_met: bool,
    /// What was found, or the literal error and what to do.
    pub detail: String,
}

/// Whether a fault can be done to a subject on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FaultOffer {
    /// Which fault.
    pub kind: FaultKind,
    /// By what means; absent when it can't be done.
    pub mechanism: Option<String>,
    /// Why it can't be done.
    pub reason: Option<String>,
}

/// One subject of the workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SubjectRow {
    /// The file's name without extension.
    pub name: String,
    /// Relative to the workspace.
    pub path: String,
    /// The checked subject; absent when the file has errors.
    pub subject: Option<Subject>,
    /// What checking the file found.
    pub diagnostics: Vec<Diagnostic>,
    /// Everything it needs is there.
    pub is_ready: bool,
    /// What it needs.
    pub requirements: Vec<Requirement>,
    /// The faults it allows.
    pub faults: Vec<FaultOffer>,
    /// Names of campaigns that use it.
    pub campaigns: Vec<String>,
}

/// How far a subject is that was started to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum TryState {
    /// It is being started.
    Starting,
    /// It runs.
    Running,
    /// It is being removed.
    Closing,
    /// It could not be started, or it broke; see the error.
    Failed,
}

/// A subject that was started by hand to be tried: one at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TryOut {
    /// The subject's name.
    pub subject: String,
    /// How far it is.
    pub state: TryState,
    /// The fault in force.
    pub fault: Option<PlannedFault>,
    /// Whether a probe saw the fault, and what it saw.
    pub seen: Option<String>,
    /// When everything undoes itself, ms since 1970.
    #[ts(type = "number | null")]
    pub expires_at: Option<i64>,
    /// The newest samples of its health, oldest first, at most 240.
    pub samples: Vec<HealthSample>,
    /// What went wrong.
    pub error: Option<String>,
}

/// A fault in the journal that may still be in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FaultRow {
    /// Its number in the journal.
    #[ts(type = "number")]
    pub id: i64,
    /// Which run.
    pub run: u32,
    /// Which trial.
    pub key: TrialKey,
    /// The fault with its undo.
    pub planned: PlannedFault,
    /// Where its instance runs.
    pub place: Place,
    /// How far it is.
    pub state: FaultState,
    /// When it was written down, ms since 1970.
    #[ts(type = "number")]
    pub planned_at: i64,
    /// When its lease ends, ms since 1970.
    #[ts(type = "number")]
    pub expires_at: i64,
    /// The program that did it still runs.
    pub is_owned: bool,
    /// What was noted last.
    pub note: Option<String>,
}

/// What a sweep found and removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SweepReport {
    /// One line a thing.
    pub removed: Vec<String>,
    /// What could not be removed, with the reason.
    pub problems: Vec<String>,
}

/// A ticket with its trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TicketRow {
    /// Its number over all runs.
    pub id: u32,
    /// Which run.
    pub run: u32,
    /// Which trial.
    pub key: TrialKey,
    /// The case's id.
    pub case_id: String,
    /// The variant's name.
    pub variant: String,
    /// The ticket.
    pub ticket: Ticket,
}

/// What a fault trial has beside other trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FaultDetail {
    /// The fault, its moments, the verdict.
    pub trial: FaultTrial,
    /// What the oracle saw, oldest first.
    pub samples: Vec<HealthSample>,
    /// What the agent did, oldest first.
    pub audit: Vec<AuditEntry>,
    /// Its moments and commands on one axis, with the health above them.
    pub timeline: Option<DrawnTimeline>,
}

/// A trial's timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DrawnTimeline {
    /// For people who can't see it.
    pub description: String,
    /// The SVG for a light page, with title and description in it.
    pub svg: String,
    /// Pixels of the view box.
    pub width: f64,
    /// Pixels of the view box.
    pub height: f64,
}
