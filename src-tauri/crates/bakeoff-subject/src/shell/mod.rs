//! The agent's shell where there are no containers: shut off by bubblewrap where that works, else no shell at all but
//! the few commands that a repair needs.

pub(crate) mod broker;
mod bwrap;
mod client;
mod commands;
pub(crate) mod door;

pub use client::{LABCTL, labctl_main};

use bakeoff_core::lab::{LabCommand, LabReply};
use bakeoff_core::ports::BoxFuture;
use bakeoff_core::ports::lab::{Shell, SubjectError};
use std::path::PathBuf;
use std::sync::Arc;

/// Carries out one command of `labctl` on one trial's nodes.
pub(crate) type Labctl = Arc<dyn Fn(LabCommand) -> BoxFuture<'static, LabReply> + Send + Sync>;

/// Opens the best shell that this machine allows. `program` is this program, which is `labctl` inside; `urls` are the
/// nodes' addresses, the only ones that the commands-only shell may ask.
pub(crate) async fn open(
    program: PathBuf,
    labctl: Labctl,
    urls: Vec<String>,
) -> Result<Arc<dyn Shell>, SubjectError> {
    match bwrap::works().await {
        Ok(()) => Ok(Arc::new(bwrap::BwrapShell::open(program, labctl)?)),
        Err(_) => Ok(Arc::new(commands::CommandsShell::new(labctl, urls)?)),
    }
}

/// Whether commands can be shut off by bubblewrap on this machine; if not, the literal reason.
pub async fn bubblewrap() -> Result<(), String> {
    bwrap::works().await
}

/// A command line of `labctl` (or the `docker` that stands for it), read and carried out.
pub(crate) async fn execute(labctl: &Labctl, words: &[String]) -> LabReply {
    match LabCommand::parse(words) {
        Ok(command) => labctl(command).await,
        Err(message) => LabReply { exit_code: 2, stdout: String::new(), stderr: format!("{message}\n") },
    }
}
