//! What the engine asks of systems under test.

use super::BoxFuture;
use crate::fault::{Fault, FaultState, Place, PlannedFault};
use crate::lab::{
    AuditEntry, ClusterState, DataCheck, HealthSample, LabCommand, LabReply, Observation, Ticket,
};
use crate::subject::Subject;
use crate::trial::{Millis, TrialKey};
use std::sync::Arc;
use std::time::Duration;

/// Why a system under test could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SubjectError {
    /// In plain words, with the literal error of what lies below, and what to do.
    pub message: String,
    /// It can't work here at all (no Docker, no image, a fault that the kernel can't do): trying again won't help.
    pub is_unavailable: bool,
}

/// What is asked for when an instance is opened.
#[derive(Debug, Clone)]
pub struct OpenInstance {
    /// The subject as its file says.
    pub subject: Arc<Subject>,
    /// Of its own randomness (names, choice of node).
    pub seed: u64,
    /// After this much time everything that was done to it undoes itself, even if this program is gone.
    pub lease: Duration,
}

/// Where instances of subjects come from.
pub trait Subjects: Send + Sync {
    /// A fresh instance, empty and starting up. Dropping it destroys it, as does the death of this program.
    fn open<'a>(&'a self, wanted: OpenInstance) -> BoxFuture<'a, Result<Arc<dyn Instance>, SubjectError>>;
}

/// Whether a fault's artefact is there, by a probe and not by the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is, and what was seen.
    Present(String),
    /// It is not, and what was seen.
    Absent(String),
    /// The probe could not run, and why.
    Unknown(String),
}

/// One running system under test, of one trial. All methods may be called at the same time.
pub trait Instance: Send + Sync {
    /// Where it runs, for the journal and the sweep.
    fn place(&self) -> Place;
    /// Returns once every node is healthy and takes writes.
    fn wait_healthy(&self, limit: Duration) -> BoxFuture<'_, Result<(), SubjectError>>;
    /// What a repair must leave as it is, and what the system tells about itself.
    fn capture_state(&self) -> BoxFuture<'_, Result<ClusterState, SubjectError>>;
    /// One look by the monitor.
    fn observe(&self) -> BoxFuture<'_, Result<Observation, SubjectError>>;
    /// One sample by the oracle: a write and a read through every node, and every member's own word. Takes at most about
    /// 2 s, and never fails: what could not be reached is in the sample. `now` gives the sample's time.
    fn sample<'a>(&'a self, now: &'a (dyn Fn() -> Millis + Send + Sync)) -> BoxFuture<'a, HealthSample>;
    /// Reads back every write that `sample` had acknowledged.
    fn check_data(&self) -> BoxFuture<'_, DataCheck>;
    /// Chooses target (by `seed`) and mechanism; does nothing yet.
    fn plan<'a>(&'a self, fault: &'a Fault, seed: u64) -> BoxFuture<'a, Result<PlannedFault, SubjectError>>;
    /// Does it.
    fn inject<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Result<(), SubjectError>>;
    /// Whether it is in force.
    fn presence<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Presence>;
    /// Whether it has happened. Differs from [`Instance::presence`] only for a fault that is over at once, such as a
    /// process that its supervisor starts again.
    fn landed<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Presence> {
        self.presence(planned)
    }
    /// Undoes it; what is already undone is fine, also on a node that died or was restarted.
    fn revert<'a>(&'a self, planned: &'a PlannedFault) -> BoxFuture<'a, Result<(), SubjectError>>;
    /// What the agent is told about where it is: nodes, addresses, commands. Never anything about the fault.
    fn briefing(&self) -> String;
    /// The agent's shell.
    fn open_shell(&self) -> BoxFuture<'_, Result<Arc<dyn Shell>, SubjectError>>;
    /// One command of `labctl`.
    fn labctl<'a>(&'a self, command: &'a LabCommand) -> BoxFuture<'a, LabReply>;
    /// Where a program of the user reaches `labctl`: the path of a socket. `None`: there is none.
    fn broker(&self) -> Option<String> {
        None
    }
    /// A program that is `labctl` for that socket: its path. `None`: there is none.
    fn labctl_program(&self) -> Option<String> {
        None
    }
    /// What came through that socket since this was asked last, oldest first.
    fn broker_calls(&self) -> Vec<BrokerCall> {
        Vec::new()
    }
    /// Ends and removes it, and returns once nothing is left.
    fn close(&self) -> BoxFuture<'_, Result<(), SubjectError>>;
}

/// A command of `labctl` that came through the broker's socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerCall {
    /// When it came.
    pub began_at: Millis,
    /// When it was answered.
    pub ended_at: Millis,
    /// As it was understood.
    pub command: LabCommand,
    /// What it ended with.
    pub exit_code: i32,
}

/// What a shell command gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShellOutput {
    /// 124 when it took too long.
    pub exit_code: i32,
    /// Output and errors as they came, without control sequences: the first and last 16 KiB, and what was left out told
    /// between them.
    pub output: String,
}

/// Where an agent's commands run. It reaches the nodes and nothing else.
pub trait Shell: Send + Sync {
    /// How it is shut off, such as `bwrap`, `container` or `commands only`.
    fn tier(&self) -> &str;
    /// Runs one command; everything it started is ended with it.
    fn run<'a>(
        &'a self,
        command: &'a str,
        limit: Duration,
    ) -> BoxFuture<'a, Result<ShellOutput, SubjectError>>;
}

/// One fault in the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalEntry {
    /// Which trial it belongs to.
    pub key: TrialKey,
    /// The fault with its undo.
    pub planned: PlannedFault,
    /// Where the instance runs.
    pub place: Place,
    /// When its lease ends.
    pub expires_at: Millis,
}

/// Names a fault in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JournalId(pub i64);

/// What a fault trial writes while it runs. What is journalled is durable when the future resolves; the rest is kept
/// in order and soon.
pub trait LabLog: Send + Sync {
    /// Writes a fault down before anything is done.
    fn plan_fault<'a>(
        &'a self,
        entry: JournalEntry,
        at: Millis,
    ) -> BoxFuture<'a, Result<JournalId, super::LogError>>;
    /// Notes how far it is.
    fn advance_fault<'a>(
        &'a self,
        id: JournalId,
        state: FaultState,
        at: Millis,
        note: Option<String>,
    ) -> BoxFuture<'a, Result<(), super::LogError>>;
    /// One sample of the oracle.
    fn sample(&self, key: TrialKey, sample: HealthSample);
    /// A ticket that was opened or changed.
    fn ticket(&self, key: TrialKey, ticket: Ticket);
    /// One line of what the agent did.
    fn audit(&self, key: TrialKey, entry: AuditEntry);
}
