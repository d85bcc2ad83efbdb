//! Bakeoff's pure core: what the files mean, which trials a campaign has, how an answer is judged, what the
//! numbers say, what a chart shows.
//!
//! It never touches files, clocks, the environment, threads or the network: texts, times and seeds come in as
//! arguments, and the same input always gives the same output.

pub mod analysis;
pub mod campaign;
pub mod chart;
mod check;
pub mod dataset;
pub mod diagnostic;
pub mod fault;
pub mod gate;
pub mod hash;
pub mod lab;
pub mod metric;
pub mod outcome;
pub mod plan;
pub mod ports;
pub mod price;
pub mod scorer;
mod shuffle;
pub mod stats;
pub mod subject;
pub mod template;
pub mod triage;
pub mod trial;
pub mod variant;
pub mod workflow;
pub mod yaml;
