//! Trials grouped by variant and case: one counting sort puts them in order, number by number, so that everything
//! after it reads memory from front to back.

use super::{AnalysisOptions, TrialNumbers};
use crate::metric::Metric;
use crate::outcome::{Outcome, success};
use crate::stats::clustered::CaseTotal;
use std::ops::Range;

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

/// The trials of the comparison's variants, ordered by variant and then by case. Cases have dense indices.
pub(super) struct Grouped {
    /// Where the trials of (variant · cases + case) begin; one more at the end.
    starts: Vec<u32>,
    cases: usize,
    variants: usize,
    outcomes: Vec<Outcome>,
    /// Not a number where unknown.
    scores: Vec<f64>,
    latencies: Vec<f64>,
    costs: Vec<f64>,
    input_tokens: Vec<f64>,
    output_tokens: Vec<f64>,
    total_tokens: Vec<f64>,
    /// Whether some latency of the variant is artificial.
    pub(super) paced: Vec<bool>,
    /// Trials of no variant of the comparison.
    pub(super) outside: u32,
    /// The case index of the trials, by dense index; `None` when they are the same.
    sparse: Option<Vec<u32>>,
}

/// One metric of one variant.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    /// Known values, ordered by case.
    pub(super) values: Vec<f64>,
    /// Sum and number of the values of each case.
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

impl Grouped {
    /// Groups the trials. Their case indices may have gaps.
    pub(super) fn new(trials: &[TrialNumbers], options: &AnalysisOptions) -> Self {
        let variants = options.variants.len();
        let (cases, sparse) = dense_cases(trials, variants);
        let cell = |trial: &TrialNumbers| {
            let variant = usize::from(trial.key.variant);
            let case = match &sparse {
                None => trial.key.case as usize,
                Some(used) => used.partition_point(|case| *case < trial.key.case),
            };
            (variant < variants).then_some(variant * cases + case)
        };
        let (starts, order) = counting_sort(trials, variants * cases, cell);
        let mut paced = vec![false; variants];
        for trial in trials.iter().filter(|trial| trial.paced) {
            if let Some(paced) = paced.get_mut(usize::from(trial.key.variant)) {
                *paced = true;
            }
        }
        let room = || Vec::with_capacity(order.len());
        let mut grouped = Self {
            starts,
            cases,
            variants,
            outcomes: Vec::with_capacity(order.len()),
            scores: room(),
            latencies: room(),
            costs: room(),
            input_tokens: room(),
            output_tokens: room(),
            total_tokens: room(),
            paced,
            outside: (trials.len() - order.len()) as u32,
            sparse,
        };
        for index in order {
            grouped.push(&trials[index as usize]);
        }
        grouped
    }

    /// Appends a trial's numbers.
    fn push(&mut self, trial: &TrialNumbers) {
        self.outcomes.push(trial.outcome);
        self.scores.push(known(trial.score, 1.0));
        self.latencies.push(known(trial.latency_ms, LARGEST));
        self.costs.push(known(trial.cost_usd, LARGEST));
        self.input_tokens.push(trial.input_tokens.map_or(f64::NAN, f64::from));
        self.output_tokens.push(trial.output_tokens.map_or(f64::NAN, f64::from));
        self.total_tokens.push(trial.all_tokens().unwrap_or(f64::NAN));
    }

    /// How many dense case indices there are.
    pub(super) fn cases(&self) -> usize {
        self.cases
    }

    /// How many variants there are.
    pub(super) fn variants(&self) -> usize {
        self.variants
    }

    /// The case index that the trials had.
    pub(super) fn case_key(&self, case: usize) -> usize {
        self.sparse.as_ref().map_or(case, |used| used[case] as usize)
    }

    /// The places of a variant's trials of one case.
    pub(super) fn of_case(&self, variant: usize, case: usize) -> Range<usize> {
        let cell = variant * self.cases + case;
        self.starts[cell] as usize..self.starts[cell + 1] as usize
    }

    /// How a variant's trials ended.
    pub(super) fn outcomes(&self, variant: usize) -> &[Outcome] {
        let (first, last) = (variant * self.cases, (variant + 1) * self.cases);
        &self.outcomes[self.starts[first] as usize..self.starts[last] as usize]
    }

    /// How the trial at a place ended.
    pub(super) fn outcome(&self, place: usize) -> Outcome {
        self.outcomes[place]
    }

    /// What the trial at a place cost.
    pub(super) fn cost(&self, place: usize) -> Option<f64> {
        Some(self.costs[place]).filter(|cost| !cost.is_nan())
    }

    /// One column a variant, of what `read` finds at each place.
    fn columns(&self, read: impl Fn(usize) -> Reading) -> Vec<Column> {
        (0..self.variants)
            .map(|variant| {
                let mut column = Column {
                    values: Vec::with_capacity(self.outcomes(variant).len()),
                    cases: Vec::with_capacity(self.cases),
                    unknown: 0,
                };
                for case in 0..self.cases {
                    let mut total = CaseTotal::default();
                    for place in self.of_case(variant, case) {
                        match read(place) {
                            Reading::Value(value) => {
                                column.values.push(value);
                                total.sum += value;
                                total.count += 1;
                            }
                            Reading::Unknown => column.unknown += 1,
                            Reading::Nothing => {}
                        }
                    }
                    column.cases.push(total);
                }
                column
            })
            .collect()
    }

    /// Success, 0 or 1, of the usable trials.
    pub(super) fn success(&self, options: &AnalysisOptions) -> Vec<Column> {
        self.columns(|place| match success(self.outcomes[place], options.timeout_counts_as) {
            Some(passed) => Reading::Value(f64::from(u8::from(passed))),
            None => Reading::Nothing,
        })
    }

    /// A metric that every answer has; columns without values for those that only a whole variant has.
    pub(super) fn metric(&self, metric: Metric) -> Vec<Column> {
        match metric {
            Metric::Score => self.answered(|place| self.scores[place]),
            Metric::LatencyMs => self.answered(|place| self.latencies[place]),
            Metric::CostUsd => self.answered(|place| self.costs[place]),
            Metric::TotalTokens => self.answered(|place| self.total_tokens[place]),
            Metric::InputTokens => self.answered(|place| self.input_tokens[place]),
            Metric::OutputTokens => self.answered(|place| self.output_tokens[place]),
            Metric::SuccessRate | Metric::CostPerSuccessUsd => self.columns(|_| Reading::Nothing),
        }
    }

    /// The numbers of the trials with an answer.
    fn answered(&self, number: impl Fn(usize) -> f64) -> Vec<Column> {
        self.columns(|place| {
            let value = number(place);
            match (self.outcomes[place].has_answer(), value.is_nan()) {
                (false, _) => Reading::Nothing,
                (true, true) => Reading::Unknown,
                (true, false) => Reading::Value(value),
            }
        })
    }
}

/// The number, unless it is unknown or can't be (negative, infinite, not a number, a score above 1).
fn known(value: Option<f64>, largest: f64) -> f64 {
    // + 0.0 turns −0 into 0, so that equal values have equal bits.
    value.filter(|value| (0.0..=largest).contains(value)).map_or(f64::NAN, |value| value + 0.0)
}

/// How many case indices there are and, when there are wide gaps between them, which ones occur.
fn dense_cases(trials: &[TrialNumbers], variants: usize) -> (usize, Option<Vec<u32>>) {
    let inside = trials.iter().filter(|trial| usize::from(trial.key.variant) < variants);
    let span = inside.clone().map(|trial| trial.key.case as usize + 1).max().unwrap_or(0);
    if span <= 4 * trials.len() + 1024 {
        return (span, None);
    }
    let mut used: Vec<u32> = inside.map(|trial| trial.key.case).collect();
    used.sort_unstable();
    used.dedup();
    (used.len(), Some(used))
}

/// Where each cell starts, and the indices of the trials in the order of the cells (those without a cell left out).
fn counting_sort(
    trials: &[TrialNumbers],
    cells: usize,
    cell: impl Fn(&TrialNumbers) -> Option<usize>,
) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; cells + 1];
    for cell in trials.iter().filter_map(&cell) {
        starts[cell + 1] += 1;
    }
    for index in 0..cells {
        starts[index + 1] += starts[index];
    }
    let mut next = starts.clone();
    let mut order = vec![0_u32; starts[cells] as usize];
    for (index, trial) in trials.iter().enumerate() {
        if let Some(cell) = cell(trial) {
            order[next[cell] as usize] = index as u32;
            next[cell] += 1;
        }
    }
    (starts, order)
}
