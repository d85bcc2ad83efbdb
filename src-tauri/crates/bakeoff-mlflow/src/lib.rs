//! MLflow: writing campaigns' trials to a tracking server from an outbox, and reading runs that other programs logged.
//!
//! - [`TrackingUri`] says where runs are: a server, a SQLite store or an `mlruns` folder.
//! - [`write`] turns trials and comparisons into MLflow runs (pure); [`Exporter`] sends them through [`Client`], starting
//!   a server on loopback for stores that have none.
//! - [`Reader`] lists experiments and runs of all three kinds without needing MLflow; [`Experiment`] groups them by
//!   variant into numbers that core's analysis takes.
//!
//! Nothing here reads the environment: addresses, passwords and search paths come in as arguments.

mod client;
mod error;
mod experiment;
mod export;
mod read;
mod run;
mod server;
mod uri;
pub mod write;

pub use client::{Access, Client, Credentials, ExperimentInfo, NewRun, RunPage};
pub use error::MlflowError;
pub use experiment::{Experiment, PromptRead, ReadTrial, UNNAMED_VARIANT, VariantRuns};
pub use export::{ExportOptions, ExportState, Exporter, Item, Outbox, OutboxError, Page, RefusedItem};
pub use read::{ExperimentRow, Reader, Runs};
pub use run::{Run, RunStatus};
pub use server::{ProgramPlaces, Target};
pub use uri::TrackingUri;
