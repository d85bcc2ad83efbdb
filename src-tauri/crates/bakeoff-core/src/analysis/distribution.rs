//! Mean, percentiles and extremes of one metric of one variant.

use super::estimate::{Notes, count};
use super::group::Column;
use super::rate::{FEW_CASES, THESE_CASES_ONLY, THIS_CASE_ONLY, over_cases};
use super::{Distribution, Estimate, NearestRank};
use crate::metric::Metric;
use crate::stats::Interval;
use crate::stats::clustered::{CaseTotal, clustered_mean};
use crate::stats::paired::paired_mean;
use crate::stats::percentile::{Sample, minimum_n};
use crate::stats::wilson::wilson;

/// Describes a metric's column. `notes` are cautions that hold for every number of it; `missing` says why there is no
/// value when there is none.
pub(super) fn distribution(
    metric: Metric,
    column: Column,
    notes: &[String],
    missing: &str,
    confidence: f64,
) -> Distribution {
    let unknown = column.unknown;
    let range = match metric {
        Metric::Score => Range { least: 0.0, most: 1.0, note: "interval clipped to 0–1" },
        _ => Range { least: 0.0, most: f64::INFINITY, note: "interval clipped at 0" },
    };
    let Numbers { n, sum, mean, percentiles: [p50, p90, p95, p99], extremes, nearest_rank } =
        numbers(column, notes, missing, confidence, Some(range));
    Distribution {
        metric,
        n,
        unknown,
        sum,
        mean,
        p50,
        p90,
        p95,
        p99,
        min: extremes.map(|(least, _)| least),
        max: extremes.map(|(_, most)| most),
        nearest_rank,
    }
}

impl Distribution {
    /// p50, p95 and p99 by our own definition and by nearest rank.
    pub fn percentiles(&self) -> [(Option<f64>, Option<f64>); 3] {
        let ranks = self.nearest_rank.as_ref();
        [
            (self.p50.value, ranks.map(|ranks| ranks.p50)),
            (self.p95.value, ranks.map(|ranks| ranks.p95)),
            (self.p99.value, ranks.map(|ranks| ranks.p99)),
        ]
    }
}

/// What a quantity can be.
#[derive(Clone, Copy)]
pub(super) struct Range {
    least: f64,
    most: f64,
    /// What is said when an interval had to be cut to it.
    note: &'static str,
}

/// A column described, whatever it counts.
pub(super) struct Numbers {
    pub(super) n: u32,
    sum: f64,
    pub(super) mean: Estimate,
    /// The 50th, 90th, 95th and 99th.
    pub(super) percentiles: [Estimate; 4],
    /// The smallest and the largest.
    pub(super) extremes: Option<(f64, f64)>,
    nearest_rank: Option<NearestRank>,
}

/// Describes a column.
pub(super) fn numbers(
    mut column: Column,
    notes: &[String],
    missing: &str,
    confidence: f64,
    range: Option<Range>,
) -> Numbers {
    let several = !column.one_a_case();
    let cases = column.cases.iter().filter(|total| total.count > 0).count();
    let (n, sum) = (count(column.values.len()), column.values.iter().sum());
    let mean = mean(range, &column, notes, missing, confidence);
    // With one trial a case the order of the values is of no further use.
    let values = if several { column.values.clone() } else { std::mem::take(&mut column.values) };
    let mut sample = Sample::new(values);
    let extremes = sample.extremes();
    let is_constant = n > 1 && extremes.is_some_and(|(least, most)| least == most);
    let mut percentile = |p: f64| {
        let Some(value) = sample.percentile(p) else {
            return Estimate::missing(0, "type 7", Notes::default(), missing);
        };
        if is_constant {
            let mut all = Notes::default();
            all.extend(notes);
            all.add(no_spread(n as usize, "trials"));
            return Estimate::new(value, None, n as usize, "type 7", all);
        }
        if several && cases > 1 {
            over_cases_percentile(&mut sample, &column, p, value, notes, confidence)
        } else {
            over_trials_percentile(&mut sample, p, value, notes, confidence)
        }
    };
    let percentiles = [0.5, 0.9, 0.95, 0.99].map(&mut percentile);
    let nearest_rank = match [0.5, 0.9, 0.95, 0.99].map(|p| sample.nearest_rank(p)) {
        [Some(p50), Some(p90), Some(p95), Some(p99)] => Some(NearestRank { p50, p90, p95, p99 }),
        _ => None,
    };
    Numbers { n, sum, mean, percentiles, extremes, nearest_rank }
}

/// The mean with its t interval over cases, cut to what the quantity can be.
fn mean(range: Option<Range>, column: &Column, notes: &[String], missing: &str, confidence: f64) -> Estimate {
    let mut all = Notes::default();
    let Some(mean) = clustered_mean(&column.cases) else {
        return Estimate::missing(0, "t over case means", all, missing);
    };
    all.extend(notes);
    let method = over_cases(mean.balanced);
    if mean.cases < 2 {
        let Some(of_trials) = paired_mean(&column.values, confidence) else {
            all.add("an interval needs at least 2 cases");
            return Estimate::new(mean.mean, None, mean.cases as usize, method, all);
        };
        all.add(THIS_CASE_ONLY);
        if of_trials.is_constant() {
            return constant(mean.mean, column.values.len(), "trials", range, all, confidence);
        }
        let interval = within(of_trials.interval, range, &mut all);
        return Estimate::new(mean.mean, Some(interval), column.values.len(), "t over trials", all);
    }
    if mean.values > u64::from(mean.cases) && mean.cases < FEW_CASES {
        all.add(THESE_CASES_ONLY);
    }
    if mean.is_constant() {
        return constant(mean.mean, mean.cases as usize, "cases", range, all, confidence);
    }
    let interval = mean.interval(confidence).map(|interval| within(interval, range, &mut all));
    Estimate::new(mean.mean, interval, mean.cases as usize, method, all)
}

/// A mean of values that are all the same. What lies between two bounds varies at most as pass and fail do, so that Wilson's
/// interval holds for it; of anything else no interval can be given.
fn constant(
    value: f64,
    n: usize,
    of: &str,
    range: Option<Range>,
    mut notes: Notes,
    confidence: f64,
) -> Estimate {
    let Some(Range { least, most, .. }) = range.filter(|range| range.most.is_finite()) else {
        notes.add(no_spread(n, of));
        return Estimate::new(value, None, n, "no spread", notes);
    };
    notes.add(format!("no spread among {n} {of}, so the interval is as wide as that of passes and failures"));
    let share = ((value - least) / (most - least)).clamp(0.0, 1.0);
    let interval = wilson(share * n as f64, n as f64, confidence).map(|interval| Interval {
        low: interval.low.map(|low| least + low * (most - least)),
        high: interval.high.map(|high| least + high * (most - least)),
    });
    Estimate::new(value, interval, n, format!("Wilson over {of}"), notes)
}

/// Why there is no interval: it is made from how much values differ, and no number of equal ones says how much that is. An
/// interval without width would claim that the next value is known.
pub(super) fn no_spread(n: usize, of: &str) -> String {
    format!("no interval: no spread among {n} {of}, and it can be given only once some differ")
}

/// The interval cut to what the quantity can be, which is then told.
fn within(interval: Interval, range: Option<Range>, notes: &mut Notes) -> Interval {
    let Some(range) = range else { return interval };
    let (cut, is_cut) = interval.clipped(range.least, range.most);
    if is_cut {
        notes.add(range.note);
    }
    cut
}

/// One trial a case, or only one case: the interval between two order statistics.
fn over_trials_percentile(
    sample: &mut Sample,
    p: f64,
    value: f64,
    notes: &[String],
    confidence: f64,
) -> Estimate {
    let mut interval = sample.order_statistics(p, confidence);
    // In tiny samples the only bound can lie beyond the interpolated percentile; it would only confuse.
    interval.low = interval.low.filter(|low| *low <= value);
    interval.high = interval.high.filter(|high| *high >= value);
    let mut all = Notes::default();
    all.extend(notes);
    let needed = minimum_n(p, confidence);
    match (interval.low, interval.high) {
        (Some(_), Some(_)) => {}
        (Some(_), None) => all.add(format!("the upper bound needs n ≥ {needed}")),
        _ => all.add(format!("the interval needs n ≥ {needed}")),
    }
    Estimate::new(value, Some(interval), sample.len(), "type 7, order statistics", all)
}

/// Several trials a case: trials of a case are alike, so cases are counted.
fn over_cases_percentile(
    sample: &mut Sample,
    column: &Column,
    p: f64,
    value: f64,
    notes: &[String],
    confidence: f64,
) -> Estimate {
    let mut all = Notes::default();
    all.extend(notes);
    let mut values = column.values.iter();
    let below: Vec<CaseTotal> = column
        .cases
        .iter()
        .map(|total| {
            let of_case = values.by_ref().take(total.count as usize);
            CaseTotal { sum: of_case.filter(|trial| **trial <= value).count() as f64, count: total.count }
        })
        .collect();
    let cases = below.iter().filter(|total| total.count > 0).count();
    let needed = minimum_n(p, confidence);
    let method = "type 7, Woodruff over cases";
    if cases < needed as usize {
        all.add(format!("the interval needs at least {needed} cases"));
        return Estimate::new(value, None, cases, method, all);
    }
    let interval = sample.woodruff(p, &below, confidence);
    if interval.bounds().is_none() {
        all.add("a bound lies beyond the slowest or fastest trial");
    }
    Estimate::new(value, Some(interval), cases, method, all)
}
