//! The score interval of the difference of two rates on the same cases.

use super::Interval;
use super::distributions::normal_critical;

/// Tango's score interval of (b − c) ÷ n: `b` cases that only the first passes, `c` that only the second passes,
/// out of `n` cases. `None` for n = 0.
///
/// Tango (1998), Statistics in Medicine 17:891–908. The bounds are where [`score`] is ±z; it falls
/// monotonically, so bisection finds them. Counts may be fractional.
pub fn tango(b: f64, c: f64, n: f64, confidence: f64) -> Option<Interval> {
    if n <= 0.0 || b < 0.0 || c < 0.0 || b + c > n * (1.0 + 1e-12) {
        return None;
    }
    let z = normal_critical(confidence);
    let estimate = ((b - c) / n).clamp(-1.0, 1.0);
    let low = crossing(-1.0, estimate, |difference| score(b, c, n, difference) > z);
    let high = crossing(estimate, 1.0, |difference| score(b, c, n, difference) > -z);
    Some(Interval::between(low, high))
}

/// Tango's statistic T(D) = (b − c − nD) ÷ √(n(2q + D(1 − D))), with q the restricted maximum-likelihood estimate of
/// the second discordant share: the larger root of 2n·q² + (−b − c + (2n − b + c)D)·q − cD(1 − D) = 0.
pub fn score(b: f64, c: f64, n: f64, difference: f64) -> f64 {
    let d = difference;
    let linear = -b - c + (2.0 * n - b + c) * d;
    let constant = -c * d * (1.0 - d);
    let root = (linear * linear - 8.0 * n * constant).max(0.0).sqrt();
    let q = ((root - linear) / (4.0 * n)).max(0.0);
    let numerator = b - c - n * d;
    let variance = n * (2.0 * q + d * (1.0 - d));
    if numerator == 0.0 { 0.0 } else { numerator / variance.max(0.0).sqrt() }
}

/// Where `holds` turns from true to false between `left` and `right`.
fn crossing(left: f64, right: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut left, mut right) = (left, right);
    for _ in 0..80 {
        let middle = f64::midpoint(left, right);
        if holds(middle) {
            left = middle;
        } else {
            right = middle;
        }
    }
    f64::midpoint(left, right)
}
