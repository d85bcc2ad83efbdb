//! Trials grouped by variant and case, without a map: every case gets a dense index.

use super::AnalysisOptions;
use super::TrialNumbers;
use crate::metric::Metric;
use crate::outcome::success;
use crate::stats::clustered::CaseTotal;

/// Marks a trial that is of no variant of the comparison.
const OUTSIDE: u32 = u32::MAX;

/// No real latency, cost or token count is larger; anything above is a mistake and counts as unknown.
const LARGEST: f64 = 1e15;

/// What a trial contributes to a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reading {
    /// This number.
    Value(f64),
    /// It should have a number, but the number is not known.
    Unknown,
    /// Nothing: the trial doesn't belong to the metric.
    Nothing,
}

/// The trials with the dense index of each one's case.
pub(super) struct Grouped<'a> {
    trials: &'a [TrialNumbers],
    case_of: Vec<u32>,
    cases: usize,
    variants: usize,
    /// Trials of no variant of the comparison.
    pub(super) outside: u32,
}

/// One metric of one variant.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    /// Known values, in the order of the trials.
    pub(super) values: Vec<f64>,
    /// The case of each value.
    pub(super) case_of: Vec<u32>,
    /// Sum and number of values of each case.
    pub(super) cases: Vec<CaseTotal>,
    /// Trials whose number is not known.
    pub(super) unknown: u32,
}

impl Column {
    /// Whether no case has more than one value.
    pub(super) fn one_a_case(&self) -> bool {
        self.cases.iter().all(|total| total.count <= 1)
    }
}

impl<'a> Grouped<'a> {
    /// Groups the trials. Case indices may be sparse.
    pub(super) fn new(trials: &'a [TrialNumbers], options: &AnalysisOptions) -> Self {
        let variants = options.variants.len();
        let inside = |trial: &&TrialNumbers| usize::from(trial.key.variant) < variants;
        let largest = trials.iter().filter(inside).map(|trial| trial.key.case).max();
        let span = largest.map_or(0, |case| case as usize + 1);
        let mut outside = 0;
        let mut index = |trial: &TrialNumbers, dense: u32| {
            if inside(&trial) {
                return dense;
            }
            outside += 1;
            OUTSIDE
        };
        if span <= 4 * trials.len() + 1024 {
            let case_of = trials.iter().map(|trial| index(trial, trial.key.case)).collect();
            return Self { trials, case_of, cases: span, variants, outside };
        }
        let mut used: Vec<u32> = trials.iter().filter(inside).map(|trial| trial.key.case).collect();
        used.sort_unstable();
        used.dedup();
        let case_of = trials
            .iter()
            .map(|trial| index(trial, used.partition_point(|case| *case < trial.key.case) as u32))
            .collect();
        Self { trials, case_of, cases: used.len(), variants, outside }
    }

    /// The trials of the comparison's variants, each with the dense index of its case.
    pub(super) fn trials(&self) -> impl Iterator<Item = (&'a TrialNumbers, u32)> {
        self.trials
            .iter()
            .zip(&self.case_of)
            .filter(|(_, case)| **case != OUTSIDE)
            .map(|(trial, case)| (trial, *case))
    }

    /// How many dense case indices there are.
    pub(super) fn cases(&self) -> usize {
        self.cases
    }

    /// How many variants there are.
    pub(super) fn variants(&self) -> usize {
        self.variants
    }

    /// One column a variant, of what `read` finds in each trial.
    pub(super) fn columns(&self, read: impl Fn(&TrialNumbers) -> Reading) -> Vec<Column> {
        let room = self.trials.len() / self.variants.max(1);
        let empty = || Column {
            values: Vec::with_capacity(room),
            case_of: Vec::with_capacity(room),
            cases: vec![CaseTotal::default(); self.cases],
            unknown: 0,
        };
        let mut columns: Vec<Column> = std::iter::repeat_with(empty).take(self.variants).collect();
        for (trial, case) in self.trials() {
            let column = &mut columns[usize::from(trial.key.variant)];
            match read(trial) {
                Reading::Value(value) => {
                    column.values.push(value);
                    column.case_of.push(case);
                    let total = &mut column.cases[case as usize];
                    total.sum += value;
                    total.count += 1;
                }
                Reading::Unknown => column.unknown += 1,
                Reading::Nothing => {}
            }
        }
        columns
    }

    /// Success, 0 or 1, of the usable trials.
    pub(super) fn success(&self, options: &AnalysisOptions) -> Vec<Column> {
        self.columns(|trial| match success(trial.outcome, options.timeout_counts_as) {
            Some(passed) => Reading::Value(f64::from(u8::from(passed))),
            None => Reading::Nothing,
        })
    }

    /// A metric that every answer has (not the success rate or the cost per success, which are of a whole variant).
    pub(super) fn metric(&self, metric: Metric) -> Vec<Column> {
        self.columns(|trial| {
            if !trial.outcome.has_answer() {
                return Reading::Nothing;
            }
            number(trial, metric).map_or(Reading::Unknown, Reading::Value)
        })
    }
}

/// A trial's number, unless it is unknown or can't be (negative, infinite, not a number, a score above 1).
pub(super) fn number(trial: &TrialNumbers, metric: Metric) -> Option<f64> {
    let (value, largest) = match metric {
        Metric::Score => (trial.score, 1.0),
        Metric::LatencyMs => (trial.latency_ms, LARGEST),
        Metric::CostUsd => (trial.cost_usd, LARGEST),
        Metric::InputTokens => (trial.input_tokens.map(f64::from), LARGEST),
        Metric::OutputTokens => (trial.output_tokens.map(f64::from), LARGEST),
        Metric::TotalTokens => {
            (trial.input_tokens.zip(trial.output_tokens).map(|(a, b)| f64::from(a) + f64::from(b)), LARGEST)
        }
        Metric::SuccessRate | Metric::CostPerSuccessUsd => (None, LARGEST),
    };
    value.filter(|value| (0.0..=largest).contains(value))
}
