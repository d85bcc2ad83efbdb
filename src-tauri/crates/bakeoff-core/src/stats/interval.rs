//! What a confidence interval is.

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

impl Interval {
    /// An interval with both bounds; a bound that is no finite number is absent.
    pub fn between(low: f64, high: f64) -> Self {
        Self { low: finite(low), high: finite(high) }
    }

    /// Both bounds, where both are known.
    pub fn bounds(self) -> Option<(f64, f64)> {
        Some((self.low?, self.high?))
    }

    /// Whether the value lies in it; an absent bound excludes nothing.
    pub fn contains(self, value: f64) -> bool {
        self.low.is_none_or(|low| low <= value) && self.high.is_none_or(|high| value <= high)
    }

    /// The same interval cut to what the quantity can be, and whether that changed anything.
    #[must_use]
    pub fn clipped(self, least: f64, most: f64) -> (Self, bool) {
        let clip = |bound: Option<f64>| bound.map(|bound| bound.clamp(least, most));
        let clipped = Self { low: clip(self.low), high: clip(self.high) };
        (clipped, clipped != self)
    }

    /// Half the distance between the bounds.
    pub fn half_width(self) -> Option<f64> {
        self.bounds().map(|(low, high)| (high - low) / 2.0)
    }
}

/// The number, unless it is infinite or not a number.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
