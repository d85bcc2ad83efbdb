//! Trials grouped by variant and case: one counting sort puts them in order, number by number, so that everything
//! after it reads memory from front to back.

use super::recovery::is_result;
use super::{AnalysisOptions, LabNumbers, TrialNumbers};
use crate::metric::Metric;
use crate::outcome::{Outcome, success};
use crate::stats::clustered::CaseTotal;
use std::collections::BTreeMap;
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
    /// Empty when no trial is one of a fault campaign.
    lab: Vec<Option<LabNumbers>>,
    /// Trials whose fault was done by another mechanism than to most of their case.
    pub(super) other_mechanism: u32,
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

    /// The values of a case.
    pub(super) fn of_case(&self, case: usize) -> &[f64] {
        let count = |total: &CaseTotal| total.count as usize;
        let from: usize = self.cases.iter().take(case).map(count).sum();
        let length = self.cases.get(case).map_or(0, count);
        self.values.get(from..from + length).unwrap_or_default()
    }
}

impl Grouped {
    /// Groups the trials. Their case indices may have gaps.
    pub(super) fn new(trials: &[TrialNumbers], options: &AnalysisOptions) -> Self {
        let variants = options.variants.len();
        let (cases, sparse) = dense_cases(trials, variants);
        let mechanisms = mechanisms(trials);
        let is_other = |trial: &TrialNumbers| {
            let chosen = mechanisms.get(&trial.key.case);
            trial.lab.zip(chosen).is_some_and(|(lab, chosen)| lab.mechanism != *chosen)
        };
        let cell = |trial: &TrialNumbers| {
            let variant = usize::from(trial.key.variant);
            let case = match &sparse {
                None => trial.key.case as usize,
                Some(used) => used.partition_point(|case| *case < trial.key.case),
            };
            (variant < variants && !is_other(trial)).then_some(variant * cases + case)
        };
        let (starts, order) = counting_sort(trials, variants * cases, cell);
        let mut paced = vec![false; variants];
        for trial in trials.iter().filter(|trial| trial.paced) {
            if let Some(paced) = paced.get_mut(usize::from(trial.key.variant)) {
                *paced = true;
            }
        }
        let is_inside = |trial: &&TrialNumbers| usize::from(trial.key.variant) < variants;
        let other_mechanism = match mechanisms.is_empty() {
            true => 0,
            false => trials.iter().filter(is_inside).filter(|trial| is_other(trial)).count() as u32,
        };
        let has_lab = trials.iter().any(|trial| trial.lab.is_some());
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
            lab: Vec::with_capacity(if has_lab { order.len() } else { 0 }),
            other_mechanism,
            paced,
            outside: (trials.len() - order.len()) as u32 - other_mechanism,
            sparse,
        };
        for index in order {
            grouped.push(&trials[index as usize], has_lab);
        }
        grouped
    }

    /// Appends a trial's numbers.
    fn push(&mut self, trial: &TrialNumbers, has_lab: bool) {
        if has_lab {
            self.lab.push(trial.lab.map(known_lab));
        }
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

    /// What the trial at a place has as one of a fault campaign.
    pub(super) fn lab(&self, place: usize) -> Option<LabNumbers> {
        self.lab.get(place).copied().flatten()
    }

    /// Whether there are trials of a fault campaign.
    pub(super) fn has_lab(&self) -> bool {
        !self.lab.is_empty()
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
            Metric::DetectS => self.of_faults(|lab| match (lab.detect_s, lab.is_fault()) {
                (_, false) => Reading::Nothing,
                (None, true) => Reading::Unknown,
                (Some(seconds), true) => Reading::Value(f64::from(seconds)),
            }),
            Metric::Commands => self.of_faults(|lab| Reading::Value(f64::from(lab.commands))),
            Metric::Destructive => self.of_faults(|lab| Reading::Value(f64::from(lab.destructive))),
            // Times to restoration are read together: see `Recovery`.
            Metric::SuccessRate | Metric::CostPerSuccessUsd | Metric::RestoreS => {
                self.columns(|_| Reading::Nothing)
            }
        }
    }

    /// The numbers of the fault trials that are a result, time-outs among them.
    fn of_faults(&self, read: impl Fn(LabNumbers) -> Reading) -> Vec<Column> {
        self.columns(|place| match self.lab(place).filter(|_| is_result(self.outcomes[place])) {
            Some(lab) => read(lab),
            None => Reading::Nothing,
        })
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

/// Times that can't be (negative, infinite, not a number) are unknown.
fn known_lab(lab: LabNumbers) -> LabNumbers {
    // + 0.0 turns −0 into 0.
    let known = |seconds: Option<f32>| {
        seconds.filter(|seconds| (0.0..=1e9).contains(seconds)).map(|seconds| seconds + 0.0)
    };
    LabNumbers {
        detect_s: known(lab.detect_s),
        restore_s: known(lab.restore_s),
        censored_s: known(lab.censored_s),
        ..lab
    }
}

/// For each case the mechanism that most of its fault trials have, the smallest of several; cases with only one mechanism
/// are left out.
fn mechanisms(trials: &[TrialNumbers]) -> BTreeMap<u32, u16> {
    let mut counts: BTreeMap<u32, BTreeMap<u16, u32>> = BTreeMap::new();
    for (case, lab) in trials.iter().filter_map(|trial| Some((trial.key.case, trial.lab?))) {
        *counts.entry(case).or_default().entry(lab.mechanism).or_default() += 1;
    }
    let several = counts.into_iter().filter(|(_, of_case)| of_case.len() > 1);
    let most = |of_case: BTreeMap<u16, u32>| {
        of_case.into_iter().min_by_key(|(mechanism, count)| (std::cmp::Reverse(*count), *mechanism))
    };
    several.filter_map(|(case, of_case)| Some((case, most(of_case)?.0))).collect()
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
