//! Tickets: what the monitor tells people and agents.

use crate::trial::Millis;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

/// How bad a violation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum TicketSeverity {
    /// A part of the system is gone.
    Critical,
    /// It works, but not as it should.
    Warning,
    /// Good to know.
    Info,
}

/// How far a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum TicketStatus {
    /// Nobody has taken it.
    Open,
    /// An agent has taken it.
    Acknowledged,
    /// An agent gave up on it and said what it found.
    Diagnosed,
    /// Closed: by an agent's or a person's word, or because what it is about has gone.
    Resolved,
}

/// Something that an invariant forbids, seen now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Violation {
    /// The invariant's name, such as `node_down`.
    pub invariant: String,
    /// The node it is about; `None`: the whole system.
    pub node: Option<String>,
    /// In plain words, with the value seen.
    pub message: String,
    /// How bad.
    pub severity: TicketSeverity,
}

impl Violation {
    /// What tells one violation from another: `invariant:node`, or just the invariant.
    pub fn key(&self) -> String {
        match &self.node {
            Some(node) => format!("{}:{node}", self.invariant),
            None => self.invariant.clone(),
        }
    }
}

/// A ticket. At most one that is not resolved exists for a violation's key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Ticket {
    /// From 1 within its trial.
    pub number: u32,
    /// The violation's key.
    pub key: String,
    /// The invariant's name.
    pub invariant: String,
    /// The node it is about.
    pub node: Option<String>,
    /// How bad.
    pub severity: TicketSeverity,
    /// The newest message.
    pub message: String,
    /// How far it is.
    pub status: TicketStatus,
    /// While held, it is not resolved by itself.
    pub held: bool,
    /// How often the violation was seen.
    pub occurrences: u32,
    /// When it was opened.
    #[ts(type = "number")]
    pub first_seen_at: Millis,
    /// When the violation was seen last.
    #[ts(type = "number")]
    pub last_seen_at: Millis,
    /// When it was resolved.
    #[ts(type = "number | null")]
    pub resolved_at: Option<Millis>,
    /// Who resolved it: `agent`, `monitor` or `person`.
    pub resolved_by: Option<String>,
    /// What an agent said at its end.
    pub diagnosis: Option<String>,
    /// The variant that the ticket was bound to before an agent could take it.
    pub variant: Option<String>,
    /// What was measured when it was opened.
    #[ts(type = "Record<string, unknown>")]
    pub metrics: Map<String, Value>,
}
