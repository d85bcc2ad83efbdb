//! A fault trial in words: what is observed, which tickets come of it, what an agent does, and how it is judged.

mod health;
pub mod monitor;
mod record;
mod ticket;
pub mod tickets;
mod tool;

pub use health::{
    ClusterState, DataCheck, EntryProbe, HealthSample, MemberState, NodeObservation, Observation,
};
pub use monitor::Monitor;
pub use record::{
    Attribution, AuditEntry, AuditKind, Clocks, CommandClass, FaultTrial, Layer, LayerState, OracleVerdict,
};
pub use ticket::{Severity, Ticket, TicketStatus, Violation};
pub use tickets::{TicketError, Tickets};
pub use tool::{LabCommand, LabReply};

/// The model name of the built-in provider that stands for "nobody repairs": the baseline.
pub const NO_AGENT: &str = "no-agent";
