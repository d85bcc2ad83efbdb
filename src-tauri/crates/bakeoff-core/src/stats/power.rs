//! How small a difference the data could have shown.

use super::Interval;
use super::distributions::{normal_critical, normal_quantile};

/// The power for which detectable differences are told.
const POWER: f64 = 0.8;

/// The smallest true difference that a comparison of this precision finds with 80 % power: (z₁₋α/₂ + z₀.₈) · SE, that
/// is 2.80 · SE at 95 %, with SE the half width of the interval ÷ its critical value.
///
/// Miller (2024), arXiv 2411.00640, section 5. `None` for an interval without both bounds or without width.
pub fn detectable(interval: Interval, critical: f64, confidence: f64) -> Option<f64> {
    let standard_error = interval.half_width()? / critical;
    let difference = (normal_critical(confidence) + normal_quantile(POWER)) * standard_error;
    (difference.is_finite() && difference > 0.0).then_some(difference)
}
