//! The statistics against the reference numbers of scipy and statsmodels, and their properties.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

#[path = "statistics/analysis.rs"]
mod analysis;
#[path = "statistics/faults.rs"]
mod faults;
#[path = "statistics/properties.rs"]
mod properties;
#[path = "statistics/raters.rs"]
mod raters;
#[path = "statistics/reference.rs"]
mod reference;
#[path = "statistics/trials.rs"]
mod trials;
#[path = "statistics/verdicts.rs"]
mod verdicts;
