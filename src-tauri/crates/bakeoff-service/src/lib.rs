//! The application service: one method per use case. The only place that composes store, engine, models, charts
//! and reports; the window and the command line are thin shells over it.

mod active;
mod apply;
mod apply_workflow;
mod atomic;
mod campaigns;
mod cases;
mod charts;
mod compare;
mod deploy;
mod diff;
pub mod doctor;
pub mod dto;
mod edit;
mod error;
mod estimate;
mod experiments;
mod export;
mod fault_campaigns;
mod files;
mod gates;
mod import;
mod launch;
mod live;
mod mlflow;
mod mlflow_outbox;
mod others;
mod pool;
mod providers;
mod runs;
mod service;
mod settings;
mod subjects;
mod tickets;
mod time;
mod try_out;
mod variants;
mod watch;
mod workflow_load;
mod workflows;
mod workspace;

pub use bakeoff_subject::{LABCTL, labctl_main};
pub use error::Result;
pub use mlflow::Patience;
pub use service::{Service, ServiceOptions};
pub use time::local as local_time;
