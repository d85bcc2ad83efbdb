//! The real program with real files: every test starts `bakeoff` as a process of its own, in folders of its own, and
//! talks to a mock model server over HTTP. What belongs to one crate only is tested there.

mod apply_targets;
mod architecture;
mod cluster;
mod command_classes;
mod crash;
#[cfg(target_os = "linux")]
mod docker;
mod exports;
mod fault_analysis;
mod fault_charts;
mod faults;
mod http;
#[cfg(feature = "ipc-test")]
mod ipc;
mod journey;
mod json_output;
mod mlflow;
mod money;
mod operator_agents;
mod operator_files;
mod own_agents;
mod owners;
mod providers;
mod results;
mod secrets;
mod stopping;
mod support;
mod triage;
mod validate;
mod words;
mod workflows;
