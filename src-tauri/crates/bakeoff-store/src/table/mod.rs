//! One file for each table: its row types, the methods of [`crate::Store`] for it, and its SQL.

pub(crate) mod applies;
pub(crate) mod artifacts;
pub(crate) mod attempts;
pub(crate) mod cases;
pub(crate) mod counts;
pub(crate) mod deploy_blocks;
pub(crate) mod events;
pub(crate) mod gate_results;
pub(crate) mod leases;
pub(crate) mod matrix;
pub(crate) mod mlflow_exports;
pub(crate) mod numbers;
pub(crate) mod progress;
pub(crate) mod runs;
pub(crate) mod scores;
pub(crate) mod started;
pub(crate) mod state;
pub(crate) mod steps;
pub(crate) mod system_prompts;
pub(crate) mod trial_page;
pub(crate) mod trial_texts;
pub(crate) mod trials;
pub(crate) mod variants;
