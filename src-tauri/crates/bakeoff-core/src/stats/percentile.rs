//! Percentiles and their distribution-free intervals.

use super::Interval;
use super::binomial::central_range;
use super::clustered::{CaseTotal, clustered_mean};
use super::distributions::t_critical;

/// The percentile of sorted values: type 7 of Hyndman and Fan (1996), numpy's and Excel's default: linear
/// interpolation at position (n − 1)·p. `None` without values.
pub fn type7(sorted: &[f64], p: f64) -> Option<f64> {
    let position = (sorted.len().checked_sub(1)?) as f64 * p;
    let below = position.floor() as usize;
    let low = *sorted.get(below)?;
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    Some((high - low).mul_add(position - position.floor(), low))
}

/// The interval between two order statistics of independent values, chosen by the binomial distribution.
///
/// Conover (1999), Practical Nonparametric Statistics, section 3.2; as scipy's
/// `quantile_test(x, p=p).confidence_interval(confidence)`. A bound that this many values can't give is absent.
pub fn order_statistics(sorted: &[f64], p: f64, confidence: f64) -> Interval {
    if sorted.is_empty() {
        return Interval { low: None, high: None };
    }
    let (low, high) = central_range(sorted.len() as u64, p, (1.0 - confidence) / 2.0);
    let low = (low as usize).checked_sub(1);
    Interval { low: low.and_then(|low| sorted.get(low).copied()), high: sorted.get(high as usize).copied() }
}

/// From how many independent values on a two-sided interval has both bounds: 6, 36, 72 and 368 for the 50th, 90th,
/// 95th and 99th percentile at 95 %. The smallest n with max(p, 1 − p)ⁿ ≤ (1 − confidence) ÷ 2.
pub fn minimum_n(p: f64, confidence: f64) -> u32 {
    let tail = (1.0 - confidence) / 2.0;
    (tail.ln() / p.max(1.0 - p).ln()).ceil() as u32
}

/// The interval of a percentile when several values belong to one case: the share of values at or below the
/// percentile gets a t interval over cases, and its ends are read off the sorted values.
///
/// Woodruff (1952), Journal of the American Statistical Association 47:635–646, with the clustered standard error of
/// [`clustered_mean`]. `below` holds for each case how many of its values are at or below the percentile, and how
/// many it has. A bound outside the sample is absent.
pub fn woodruff(sorted: &[f64], p: f64, below: &[CaseTotal], confidence: f64) -> Interval {
    let bounds = clustered_mean(below).and_then(|share| {
        let half = t_critical(confidence, f64::from(share.cases) - 1.0) * share.standard_error?;
        Some((p - half, p + half))
    });
    let Some((low, high)) = bounds else {
        return Interval { low: None, high: None };
    };
    let n = sorted.len() as f64;
    let low = (low > 0.0).then(|| (n * low).floor() as usize).filter(|rank| *rank >= 1);
    let high = (high < 1.0).then(|| (n * high).ceil() as usize);
    Interval {
        low: low.and_then(|rank| sorted.get(rank - 1).copied()),
        high: high.and_then(|rank| sorted.get(rank).copied()),
    }
}
