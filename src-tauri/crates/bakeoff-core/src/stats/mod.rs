//! Statistics: closed forms and resampling, with the reference numbers of scipy and statsmodels as tests.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A confidence interval. A bound that can't be given from this sample is `None` (it reaches to infinity).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Interval {
    /// Lower bound.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
}
