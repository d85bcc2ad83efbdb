//! Percentiles and their distribution-free intervals.

use super::Interval;
use super::binomial::central_range;
use super::clustered::{CaseTotal, clustered_mean};
use super::distributions::t_critical;

/// Values of which some are wanted by rank. It is never sorted as a whole: each question settles one more rank by
/// quickselect between the ranks that are settled already, which is several times faster for a handful of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    values: Vec<f64>,
    /// Ranks whose value is in place, ascending.
    settled: Vec<usize>,
}

impl Sample {
    /// A sample of finite values.
    pub fn new(values: Vec<f64>) -> Self {
        Self { values, settled: Vec::new() }
    }

    /// How many values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of a rank, from 0 for the smallest; `None` beyond the sample.
    pub fn at(&mut self, rank: usize) -> Option<f64> {
        if rank >= self.values.len() {
            return None;
        }
        if let Err(place) = self.settled.binary_search(&rank) {
            let first = place.checked_sub(1).map_or(0, |before| self.settled[before] + 1);
            let end = self.settled.get(place).copied().unwrap_or(self.values.len());
            self.values[first..end].select_nth_unstable_by(rank - first, f64::total_cmp);
            self.settled.insert(place, rank);
        }
        Some(self.values[rank])
    }

    /// The smallest and the largest value.
    pub fn extremes(&self) -> Option<(f64, f64)> {
        let first = *self.values.first()?;
        Some(
            self.values.iter().fold((first, first), |(low, high), value| (low.min(*value), high.max(*value))),
        )
    }

    /// The percentile `p` (0 to 1): type 7 of Hyndman and Fan (1996), numpy's and Excel's default: linear
    /// interpolation at position (n − 1)·p. `None` without values.
    pub fn percentile(&mut self, p: f64) -> Option<f64> {
        let position = (self.len().checked_sub(1)?) as f64 * p;
        let below = position.floor();
        let low = self.at(below as usize)?;
        let high = self.at(below as usize + 1).unwrap_or(low);
        Some((high - low).mul_add(position - below, low))
    }

    /// The percentile `p` (0 to 1) by nearest rank: the value at index ceil(p·n) − 1, clamped. It is always one of the
    /// values, and what the workflow tools that this program stands in for call p95. `None` without values.
    pub fn nearest_rank(&mut self, p: f64) -> Option<f64> {
        let last = self.len().checked_sub(1)?;
        // 0.95 · 20 is 19 and a rounding error more; the rank meant is the 19th.
        let rank = (p * self.len() as f64 - 1e-9).ceil().max(1.0) as usize;
        self.at((rank - 1).min(last))
    }

    /// The interval of a percentile between two order statistics of independent values, chosen by the binomial
    /// distribution.
    ///
    /// Conover (1999), Practical Nonparametric Statistics, section 3.2; as scipy's
    /// `quantile_test(x, p=p).confidence_interval(confidence)`. A bound that this many values can't give is absent.
    pub fn order_statistics(&mut self, p: f64, confidence: f64) -> Interval {
        if self.is_empty() {
            return Interval { low: None, high: None };
        }
        let (low, high) = central_range(self.len() as u64, p, (1.0 - confidence) / 2.0);
        let low = (low as usize).checked_sub(1).and_then(|low| self.at(low));
        Interval { low, high: self.at(high as usize) }
    }

    /// The interval of a percentile when several values belong to one case: the share of values at or below the
    /// percentile gets a t interval over cases, and its ends are read off the ordered values.
    ///
    /// Woodruff (1952), Journal of the American Statistical Association 47:635–646, with the clustered standard error
    /// of [`clustered_mean`]. `below` holds for each case how many of its values are at or below the percentile, and
    /// how many it has. A bound outside the sample is absent.
    pub fn woodruff(&mut self, p: f64, below: &[CaseTotal], confidence: f64) -> Interval {
        let half = clustered_mean(below).and_then(|share| {
            Some(t_critical(confidence, f64::from(share.cases) - 1.0) * share.standard_error?)
        });
        let Some(half) = half else {
            return Interval { low: None, high: None };
        };
        let n = self.len() as f64;
        let low = (n * (p - half)).floor();
        let high = (n * (p + half)).ceil();
        Interval {
            low: (low >= 1.0).then(|| self.at(low as usize - 1)).flatten(),
            high: self.at(high as usize),
        }
    }
}

/// From how many independent values on a two-sided interval has both bounds: 6, 36, 72 and 368 for the 50th, 90th,
/// 95th and 99th percentile at 95 %. The smallest n with max(p, 1 − p)ⁿ ≤ (1 − confidence) ÷ 2.
pub fn minimum_n(p: f64, confidence: f64) -> u32 {
    let tail = (1.0 - confidence) / 2.0;
    (tail.ln() / p.max(1.0 - p).ln()).ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank_is_always_one_of_the_values() {
        let mut ten = Sample::new((1..=10).rev().map(f64::from).collect());
        for (p, expected) in [
            (0.0, 1.0),
            (0.05, 1.0),
            (0.5, 5.0),
            (0.51, 6.0),
            (0.9, 9.0),
            (0.95, 10.0),
            (0.99, 10.0),
            (1.0, 10.0),
        ] {
            assert_eq!(ten.nearest_rank(p), Some(expected), "{p}");
        }
        let mut twenty = Sample::new((1..=20).map(f64::from).collect());
        assert_eq!(twenty.nearest_rank(0.95), Some(19.0), "0.95 · 20 is exactly the 19th");
        assert_eq!(twenty.percentile(0.95), Some(19.05), "our own definition differs");
        assert_eq!(Sample::new(vec![7.0]).nearest_rank(0.99), Some(7.0));
        assert_eq!(Sample::new(Vec::new()).nearest_rank(0.5), None);
    }
}
