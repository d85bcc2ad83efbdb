//! What the engine asks of Operator's own agent, which works on the tickets of an `operator.db`.

use super::BoxFuture;
use super::lab::SubjectError;
use crate::lab::{AuditEntry, Ticket};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// What every ticket of a trial is bound to at the instant at which it is inserted.
#[derive(Debug, Clone, PartialEq)]
pub enum Binding {
    /// This variant; what is `None` is left to Operator's own default.
    Variant {
        /// Its name, for our own record.
        name: String,
        /// `variant_model`.
        model: String,
        /// `variant_system_prompt`.
        system_prompt: Option<String>,
        /// `variant_tools_config`.
        tools_config: Map<String, Value>,
    },
    /// Nobody is to take it: the baseline.
    Nobody,
}

/// How Operator's agent ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperatorEnd {
    /// It says that the ticket is resolved.
    Resolved(String),
    /// It gave up.
    Escalated(String),
}

/// What there is to see of a trial's ticket now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OperatorLook {
    /// The trial's ticket; `None`: there is none yet.
    pub ticket: Option<Ticket>,
    /// A session has begun.
    pub is_taken: bool,
    /// What was logged since the last look, in order; their numbers are 0.
    pub news: Vec<AuditEntry>,
    /// How the agent ended; `None`: it has not.
    pub end: Option<OperatorEnd>,
    /// The ticket carries something else than it was bound to, in words.
    pub misbound: Option<String>,
}

/// Where Operator's files are opened.
pub trait Operator: Send + Sync {
    /// Binds every ticket that is inserted from now on; fails when another trial is bound there, or a ticket is still
    /// open from before (which may pass: then it is no lasting error). Dropping it takes the binding away, as does the
    /// next start after this program's death. A relative path is one in the workspace.
    fn bind<'a>(
        &'a self,
        path: PathBuf,
        binding: Binding,
    ) -> BoxFuture<'a, Result<Box<dyn OperatorTrial>, SubjectError>>;
}

/// One trial's binding.
pub trait OperatorTrial: Send + Sync {
    /// Looks at the trial's ticket and its agent.
    fn look(&mut self) -> BoxFuture<'_, Result<OperatorLook, SubjectError>>;
    /// Takes the binding away, and closes tickets of this trial that are still open: their system is gone.
    fn release(&mut self) -> BoxFuture<'_, Result<(), SubjectError>>;
}
