//! Cost per success: sum ÷ sum over the usable trials, never a mean of ratios.

use super::distribution::no_spread;
use super::estimate::{Notes, counted};
use super::group::Grouped;
use super::{AnalysisOptions, Estimate};
use crate::outcome::{Outcome, success};
use crate::stats::Interval;
use crate::stats::bootstrap::{bca, replicates};

const METHOD: &str = "sum ÷ sum";
const RESAMPLED: &str = "sum ÷ sum, BCa bootstrap over cases";
/// How often cases are drawn anew. The bounds then wobble by about 1 % of the interval's width.
const RESAMPLES: usize = 4_000;

/// Cost and successes of one variant in one case.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Spent {
    cost: f64,
    successes: f64,
    trials: u32,
}

/// Cost and successes of one variant, case by case, over the usable trials whose cost is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Spending {
    /// By dense case index.
    pub(super) cases: Vec<Spent>,
    unknown: u32,
    timeouts: u32,
}

/// The spending of each variant.
pub(super) fn spending(grouped: &Grouped, options: &AnalysisOptions) -> Vec<Spending> {
    (0..grouped.variants()).map(|variant| of_variant(grouped, variant, options)).collect()
}

fn of_variant(grouped: &Grouped, variant: usize, options: &AnalysisOptions) -> Spending {
    let mut spending = Spending { cases: vec![Spent::default(); grouped.cases()], ..Spending::default() };
    for (case, spent) in spending.cases.iter_mut().enumerate() {
        for place in grouped.of_case(variant, case) {
            let outcome = grouped.outcome(place);
            let Some(passed) = success(outcome, options.timeout_counts_as) else { continue };
            match (grouped.cost(place), outcome) {
                (Some(cost), _) => {
                    spent.cost += cost;
                    spent.successes += f64::from(u8::from(passed));
                    spent.trials += 1;
                }
                (None, Outcome::Timeout) => spending.timeouts += 1,
                (None, _) => spending.unknown += 1,
            }
        }
    }
    spending
}

/// Total cost ÷ total successes; `None` without a success.
fn ratio(cost: f64, successes: f64) -> Option<f64> {
    (successes > 0.0).then(|| cost / successes)
}

impl Spending {
    fn total(&self) -> Spent {
        self.cases.iter().fold(Spent::default(), |sum, spent| Spent {
            cost: sum.cost + spent.cost,
            successes: sum.successes + spent.successes,
            trials: sum.trials + spent.trials,
        })
    }

    /// The ratio with its interval, which needs resampling.
    pub(super) fn estimate(&self, options: &AnalysisOptions) -> Estimate {
        let total = self.total();
        let n = total.trials as usize;
        let mut notes = Notes::default();
        if self.unknown > 0 {
            notes.add(format!(
                "cost unknown for {}, which are left out",
                counted(self.unknown, "usable trial")
            ));
        }
        if self.timeouts > 0 {
            notes.add(format!("{} without a known cost left out", counted(self.timeouts, "time-out")));
        }
        if n == 0 {
            return Estimate::missing(n, METHOD, notes, "no usable trial with a known cost");
        }
        let Some(value) = ratio(total.cost, total.successes) else {
            return Estimate::missing(n, METHOD, notes, "no success");
        };
        if !options.resampling {
            notes.add("the interval needs resampling");
            return Estimate::new(value, None, n, METHOD, notes);
        }
        let used = self.used();
        if used.len() > 1 && is_constant(&used) {
            notes.add(no_spread(used.len(), "cases"));
            return Estimate::new(value, None, n, METHOD, notes);
        }
        let interval = interval(&used, total, value, options);
        if interval.is_none_or(|interval| interval.bounds().is_none()) {
            notes.add("too few cases with a success for both bounds of the interval");
        }
        Estimate::new(value, interval, n, RESAMPLED, notes)
    }

    fn used(&self) -> Vec<Spent> {
        self.cases.iter().copied().filter(|spent| spent.trials > 0).collect()
    }
}

/// Every case costs the same a success, and one without a success nothing, so that drawing them anew changes nothing.
fn is_constant(cases: &[Spent]) -> bool {
    let mut ratios = cases.iter().filter_map(|case| ratio(case.cost, case.successes));
    let first = ratios.next();
    let is_free = |case: &Spent| case.successes > 0.0 || case.cost <= 0.0;
    first.is_some() && ratios.all(|ratio| Some(ratio) == first) && cases.iter().all(is_free)
}

/// The BCa interval over cases; a resample without a success costs infinitely much a success.
fn interval(cases: &[Spent], total: Spent, value: f64, options: &AnalysisOptions) -> Option<Interval> {
    if cases.len() < 2 {
        return None;
    }
    let mut resampled = replicates(cases.len(), RESAMPLES, options.seed, |indices| {
        let (mut cost, mut successes) = (0.0, 0.0);
        for index in indices {
            cost += cases[index].cost;
            successes += cases[index].successes;
        }
        ratio(cost, successes).unwrap_or(f64::INFINITY)
    });
    let jackknife: Vec<f64> = cases
        .iter()
        .filter_map(|left_out| ratio(total.cost - left_out.cost, total.successes - left_out.successes))
        .collect();
    let interval = bca(value, &mut resampled, &jackknife, options.confidence)?;
    interval.contains(value).then_some(interval)
}

/// The difference of two ratios over the cases that both have: estimate and two-sided bootstrap p.
pub(super) fn difference(
    variant: &Spending,
    baseline: &Spending,
    options: &AnalysisOptions,
) -> (Estimate, Option<f64>) {
    let pairs: Vec<(Spent, Spent)> = variant
        .cases
        .iter()
        .copied()
        .zip(baseline.cases.iter().copied())
        .filter(|(a, b)| a.trials > 0 && b.trials > 0)
        .collect();
    let all = |indices: &mut dyn Iterator<Item = usize>| {
        let (mut a, mut b) = ((0.0, 0.0), (0.0, 0.0));
        for index in indices {
            let (first, second) = pairs[index];
            a = (a.0 + first.cost, a.1 + first.successes);
            b = (b.0 + second.cost, b.1 + second.successes);
        }
        ratio(a.0, a.1).zip(ratio(b.0, b.1)).map(|(a, b)| a - b)
    };
    let mut notes = Notes::default();
    let Some(value) = all(&mut (0..pairs.len())) else {
        let why = "needs a success with a known cost on both sides";
        return (Estimate::missing(pairs.len(), METHOD, notes, why), None);
    };
    if !options.resampling || pairs.len() < 2 {
        notes.add("the interval needs resampling");
        return (Estimate::new(value, None, pairs.len(), METHOD, notes), None);
    }
    // A resample without a success on one side says nothing about the difference; many of them: no interval.
    let mut resampled =
        replicates(pairs.len(), RESAMPLES, options.seed, |indices| all(indices).unwrap_or(f64::NAN));
    resampled.retain(|difference| difference.is_finite());
    if resampled.len() < RESAMPLES * 99 / 100 {
        notes.add("too few cases with a success for an interval");
        return (Estimate::new(value, None, pairs.len(), METHOD, notes), None);
    }
    let interval = crate::stats::bootstrap::percentile(&mut resampled, options.confidence);
    let at_most = resampled.iter().filter(|difference| **difference <= 0.0).count();
    let at_least = resampled.iter().filter(|difference| **difference >= 0.0).count();
    let p = 2.0 * (at_most.min(at_least) + 1) as f64 / (resampled.len() + 1) as f64;
    (Estimate::new(value, interval, pairs.len(), "percentile bootstrap over cases", notes), Some(p.min(1.0)))
}
