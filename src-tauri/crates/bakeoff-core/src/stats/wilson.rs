//! The score interval of one rate.

use super::Interval;
use super::distributions::normal_critical;

/// Wilson's score interval of `successes` out of `n` independent trials; `None` for n = 0.
///
/// Wilson (1927); centre (p + z²/2n) ÷ (1 + z²/n), half width z ÷ (1 + z²/n) · √(p(1 − p)/n + z²/4n²), as in
/// statsmodels' `proportion_confint(method="wilson")`. `successes` may be fractional: n cases whose mean is p.
pub fn wilson(successes: f64, n: f64, confidence: f64) -> Option<Interval> {
    if n <= 0.0 || !(0.0..=n).contains(&successes) {
        return None;
    }
    let z = normal_critical(confidence);
    let p = successes / n;
    let shrink = 1.0 + z * z / n;
    let centre = (p + z * z / (2.0 * n)) / shrink;
    let half = z / shrink * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    // At p = 0 and p = 1 the bound is exact; rounding must not push it past the estimate.
    let low = if p == 0.0 { 0.0 } else { (centre - half).clamp(0.0, p) };
    let high = if p == 1.0 { 1.0 } else { (centre + half).clamp(p, 1.0) };
    Some(Interval::between(low, high))
}
