//! Keeps everything in SQLite: runs, frozen variants and cases, trials, attempts, steps, events, artifacts,
//! applies, gates, deploy blocks, the queue of triage tests, what MLflow servers already have, and of fault campaigns the
//! journal of faults, tickets, health samples, audit entries, and what models said of commands.
//!
//! One thread writes and groups what is waiting into one transaction; a caller's future resolves after that
//! transaction is on the disk. Any number of threads read, each from one consistent moment, and neither waits for
//! the writer nor stops it. **Writing functions are `async`; reading functions block** on the disk, so call them
//! through `spawn_blocking` from async code.
//!
//! Several programs may open one database. A run belongs to the program that holds its lease; the others only
//! read. It never calls a clock: moments come in as arguments (milliseconds since 1970).

mod append;
mod connection;
mod error;
mod lab_log;
mod migrations;
mod outcome_code;
mod process;
mod readers;
mod recover;
mod store;
mod table;
mod word;
mod writer;

pub use append::RunLog;
pub use error::{Problem, StoreError};
pub use recover::Recovered;
pub use store::{Store, StoreOptions};
pub use table::applies::{Applied, NewApply};
pub use table::artifacts::{Artifact, ArtifactHead};
pub use table::audit_entries::CommandRow;
pub use table::cases::{CaseHead, NewCase, StoredCase};
pub use table::command_classes::KeptClass;
pub use table::counts::VariantCounts;
pub use table::deploy_blocks::{DeployBlock, NewDeployBlock};
pub use table::events::RunEvent;
pub use table::fault_journal::{Closing, FaultOwner, JournalRow, JournalRows};
pub use table::fault_trials::FaultNumbers;
pub use table::gate_results::GateCheck;
pub use table::imported_runs::{ImportSource, ImportedRun, ImportedTrial};
pub use table::leases::Owner;
pub use table::matrix::MatrixCell;
pub use table::mlflow_exports::{ExportState, ExportedRun, MlflowExport};
pub use table::progress::RunCost;
pub use table::provider_calls::{ProviderCallRow, TriageTrialRow};
pub use table::queue_jobs::{JobState, QueueControl, QueueJob};
pub use table::runs::{CampaignRuns, NewRun, RunDefinition, RunSummary};
pub use table::scores::ScorerMean;
pub use table::state::RunState;
pub use table::ticket_changes::AskedChange;
pub use table::tickets::{TicketFilter, TicketRow};
pub use table::trial_page::{TrialFilter, TrialRow};
pub use table::trial_texts::TrialDetail;
pub use table::trials::TrialLabels;
pub use table::variants::{NewVariant, RunVariant, VariantVersion};

/// The number of a run, from 1; never used twice.
pub type RunId = u32;
