//! The mean of paired differences with Student's t.

use super::Interval;
use super::distributions::{t_critical, t_two_sided};

/// Mean, interval and p value of paired differences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedMean {
    /// Mean difference.
    pub mean: f64,
    /// sd ÷ √n.
    pub standard_error: f64,
    /// t interval with n − 1 degrees of freedom.
    pub interval: Interval,
    /// Two-sided p of a mean difference of 0.
    pub p_value: f64,
}

/// Student's paired t: mean ± t · sd ÷ √n (scipy's `ttest_rel`). `None` below two pairs.
pub fn paired_mean(differences: &[f64], confidence: f64) -> Option<PairedMean> {
    if differences.len() < 2 {
        return None;
    }
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let squares: f64 = differences.iter().map(|difference| (difference - mean).powi(2)).sum();
    let standard_error = (squares / (n - 1.0) / n).sqrt();
    let half = t_critical(confidence, n - 1.0) * standard_error;
    let p_value = match (mean == 0.0, standard_error == 0.0) {
        (true, _) => 1.0,
        (false, true) => 0.0,
        (false, false) => t_two_sided(mean / standard_error, n - 1.0),
    };
    let interval = Interval::between(mean - half, mean + half);
    Some(PairedMean { mean, standard_error, interval, p_value })
}

impl PairedMean {
    /// Whether the differences don't differ among each other at all (but for rounding): Student's t says nothing then.
    pub fn is_constant(&self) -> bool {
        self.standard_error <= 1e-12 * self.mean.abs()
    }
}
