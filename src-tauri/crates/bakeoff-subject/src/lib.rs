//! Subjects of fault campaigns: systems that are started for one trial, broken on purpose, watched, mended and removed.
//!
//! What a subject, a fault and a trial mean is said in `bakeoff-core`; here they are made real. This crate knows no
//! campaign, no model and no database.

mod capture;
pub mod docker;
pub mod embedded;
mod error;
mod local;
mod names;
mod shell;

pub use bakeoff_cluster::{host_main, node_main};
pub use docker::warden::warden_main;
pub use local::{LocalSubjects, Need, Swept};
pub use shell::{LABCTL, bubblewrap, labctl_main};
