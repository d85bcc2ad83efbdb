//! What is kept of a fault trial.

use super::{ClusterState, Ticket};
use crate::fault::{Fault, FaultState, PlannedFault};
use crate::trial::Millis;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// What an audit entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum AuditKind {
    /// What the agent wrote besides its tool calls.
    Reasoning,
    /// A tool call, before it is carried out.
    ToolCall,
    /// What it gave.
    ToolResult,
    /// Something that this program did or noticed, such as the end of a budget.
    Note,
}

/// What a command does to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CommandClass {
    /// Looks, and changes nothing.
    Read,
    /// Brings something back: start, continue, clear, free space.
    Repair,
    /// May interrupt service or change settings.
    Risky,
    /// May lose data or members.
    Destructive,
}

impl CommandClass {
    /// All of them, the least harmful first.
    pub const ALL: [Self; 4] = [Self::Read, Self::Repair, Self::Risky, Self::Destructive];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            CommandClass::Read => "read",
            CommandClass::Repair => "repair",
            CommandClass::Risky => "risky",
            CommandClass::Destructive => "destructive",
        }
    }
}

/// One line of what an agent did, written as it happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AuditEntry {
    /// From 1 within the trial.
    pub number: u32,
    /// When.
    #[ts(type = "number")]
    pub at: Millis,
    /// What it is.
    pub kind: AuditKind,
    /// One or two sentences.
    pub summary: String,
    /// The whole text, up to a bound that is told in it.
    pub content: String,
    /// The tool's name.
    pub tool: Option<String>,
    /// The tool's parameters as the model wrote them.
    #[ts(type = "unknown")]
    pub parameters: Option<Value>,
    /// Of a result.
    pub exit_code: Option<i32>,
    /// Of a call that runs a command.
    pub class: Option<CommandClass>,
}

/// The moments of a trial. Taken from one monotonic clock that is tied to the wall clock once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Clocks {
    /// The instance was asked for.
    #[ts(type = "number | null")]
    pub boot_at: Option<Millis>,
    /// It was healthy and the warm-up over.
    #[ts(type = "number | null")]
    pub healthy_at: Option<Millis>,
    /// The fault was begun.
    #[ts(type = "number | null")]
    pub inject_begin_at: Option<Millis>,
    /// A probe saw the fault.
    #[ts(type = "number | null")]
    pub landed_at: Option<Millis>,
    /// The first sample that was out of its bounds.
    #[ts(type = "number | null")]
    pub onset_at: Option<Millis>,
    /// This trial's ticket was opened.
    #[ts(type = "number | null")]
    pub ticket_at: Option<Millis>,
    /// An agent took it.
    #[ts(type = "number | null")]
    pub agent_at: Option<Millis>,
    /// The agent (or, without one, the monitor) said that it is resolved.
    #[ts(type = "number | null")]
    pub resolved_at: Option<Millis>,
    /// The system was whole again: the first sample of the window that then held.
    #[ts(type = "number | null")]
    pub restored_at: Option<Millis>,
    /// The verdict was taken.
    #[ts(type = "number | null")]
    pub verdict_at: Option<Millis>,
    /// The fault was undone, and seen to be.
    #[ts(type = "number | null")]
    pub reverted_at: Option<Millis>,
}

/// One layer's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum LayerState {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// It could not be looked at; this never counts as a pass.
    Unknown,
}

/// One layer of the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Layer {
    /// Its answer.
    pub state: LayerState,
    /// With the numbers, in one sentence.
    pub reason: String,
}

/// The oracle's verdict: the conjunction of four independent layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OracleVerdict {
    /// Writes and reads through every node, within the service level.
    pub service: Layer,
    /// Every member present, healthy, agreed and caught up.
    pub redundancy: Layer,
    /// Every acknowledged write still there.
    pub integrity: Layer,
    /// The fault's artefact gone, and nothing else taken away.
    pub cause: Layer,
}

/// By what the system came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Attribution {
    /// A command removed the fault itself.
    Targeted,
    /// A restart of the node took it away.
    Restart,
    /// The node was made anew.
    Rebuilt,
    /// Without anybody's doing.
    SelfHealed,
    /// The fault's lease ran out: the trial is void.
    LeaseExpired,
}

/// Where a trial comes from that this program did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Imported {
    /// The file.
    pub file: String,
    /// The campaign's number there.
    #[ts(type = "number")]
    pub campaign: i64,
    /// The trial's number there.
    #[ts(type = "number")]
    pub trial: i64,
    /// By which rule it was judged, and what is absent because the file does not have it.
    pub judged: String,
}

/// Everything that a fault trial has beside what every trial has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FaultTrial {
    /// The subject's name.
    pub subject: String,
    /// What was to be done.
    pub fault: Fault,
    /// What was done; `None` when it never came to that.
    pub planned: Option<PlannedFault>,
    /// How far the fault is in the journal.
    pub fault_state: Option<FaultState>,
    /// Who repaired: `managed`, `command`, `operator_db` or `baseline`.
    pub mode: String,
    /// Where the agent's commands ran, such as `bwrap` or `commands only`.
    pub sandbox: Option<String>,
    /// The tools that the agent's model was given, in their order.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Its moments.
    pub clocks: Clocks,
    /// Seconds from the first symptom (or, where none was sampled, from the landed fault) to the ticket.
    pub detect_s: Option<f64>,
    /// Seconds from the landed fault to the restored service. `None`: not restored within the limit.
    pub restore_s: Option<f64>,
    /// Where `restore_s` is `None`: for how many seconds it was watched, the point at which it is censored.
    pub censored_s: Option<f64>,
    /// Seconds from the restored service to the agent's word; below 0: it claimed too early.
    pub claim_lag_s: Option<f64>,
    /// Commands that the agent ran.
    pub commands: u32,
    /// Different ones among them.
    pub unique_commands: u32,
    /// Destructive ones, by their words.
    pub destructive: u32,
    /// Times a layer got worse right after a command.
    pub destructive_effects: u32,
    /// The same command three times within 60 seconds.
    pub thrashing: bool,
    /// The verdict; `None` when the trial ended before one could be taken.
    pub verdict: Option<OracleVerdict>,
    /// By what it came back; `None`: it did not, or nobody can tell.
    pub attribution: Option<Attribution>,
    /// This trial's tickets; the first one is the one the agent was given.
    pub tickets: Vec<Ticket>,
    /// Before the fault.
    pub initial_state: Option<ClusterState>,
    /// At the verdict.
    pub final_state: Option<ClusterState>,
    /// Where it comes from, if another program ran it; `None`: this one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub imported: Option<Imported>,
}
