//! A fault trial in words: what is observed, which tickets come of it, what an agent does, and how it is judged.

pub mod attribution;
mod case;
pub mod classify;
pub mod clocks;
pub mod command;
mod docker_words;
pub mod ending;
mod habits;
mod health;
pub mod monitor;
pub mod oracle;
mod record;
pub mod shell;
mod ticket;
pub mod tickets;
mod tool;

pub use attribution::{Executed, attribute};
pub use case::{FaultCase, no_agent};
pub use classify::{classify, known_class};
pub use clocks::Times;
pub use ending::{Claim, Ending};
pub use habits::{command_line, is_thrashing, unique_commands};
pub use health::{
    ClusterState, DataCheck, EntryProbe, HealthSample, MemberState, NodeObservation, Observation,
};
pub use monitor::Monitor;
pub use oracle::{Evidence, Oracle, OracleError};
pub use record::{
    Attribution, AuditEntry, AuditKind, Clocks, CommandClass, FaultTrial, Imported, Layer, LayerState,
    OracleVerdict,
};
pub use ticket::{Ticket, TicketSeverity, TicketStatus, Violation};
pub use tickets::{TicketChange, TicketError, Tickets};
pub use tool::{LabCommand, LabReply};

/// The model name of the built-in provider that stands for "nobody repairs": the baseline.
pub const NO_AGENT: &str = "no-agent";
