//! A mean over trials that come in groups: all trials of one case belong together, so the case is the unit.

use super::Interval;
use super::distributions::t_critical;

/// Sum and number of the values of one case.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CaseTotal {
    /// Sum of the values.
    pub sum: f64,
    /// How many.
    pub count: u32,
}

impl CaseTotal {
    /// The case's mean; `None` without values.
    pub fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

/// A mean with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredMean {
    /// Mean over all values (pooled, never a mean of means).
    pub mean: f64,
    /// Its standard error; `None` below two cases.
    pub standard_error: Option<f64>,
    /// Cases with at least one value.
    pub cases: u32,
    /// Values.
    pub values: u64,
    /// Every case has the same number of values.
    pub balanced: bool,
}

/// Mean and CR1 standard error with cases as clusters: √(G ÷ (G − 1) · Σ(sum_c − mean · count_c)²) ÷ N.
///
/// Miller (2024), arXiv 2411.00640, with the correction G ÷ (G − 1) of statsmodels' `cov_type="cluster"` and
/// Inspect's `_clustered_stderr`. With the same number of trials in every case this is exactly the standard error of
/// the case means, sd ÷ √G. `None` without values.
pub fn clustered_mean(totals: &[CaseTotal]) -> Option<ClusteredMean> {
    let (mut cases, mut values, mut sum) = (0_u32, 0_u64, 0.0);
    let mut counts: Option<(u32, u32)> = None;
    for total in totals.iter().filter(|total| total.count > 0) {
        cases += 1;
        values += u64::from(total.count);
        sum += total.sum;
        let (least, most) = counts.unwrap_or((total.count, total.count));
        counts = Some((least.min(total.count), most.max(total.count)));
    }
    let (least, most) = counts?;
    let mean = sum / values as f64;
    let standard_error = (cases > 1).then(|| {
        let squares: f64 =
            totals.iter().map(|total| (total.sum - mean * f64::from(total.count)).powi(2)).sum();
        let groups = f64::from(cases);
        (groups / (groups - 1.0) * squares).sqrt() / values as f64
    });
    Some(ClusteredMean { mean, standard_error, cases, values, balanced: least == most })
}

impl ClusteredMean {
    /// The t interval with G − 1 degrees of freedom; `None` below two cases.
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let half = t_critical(confidence, f64::from(self.cases) - 1.0) * self.standard_error?;
        Some(Interval::between(self.mean - half, self.mean + half))
    }

    /// Whether the cases don't differ at all (but for rounding), so that a t interval would have no width.
    pub fn is_constant(&self) -> bool {
        self.standard_error.is_some_and(|error| error <= 1e-12 * self.mean.abs())
    }
}
