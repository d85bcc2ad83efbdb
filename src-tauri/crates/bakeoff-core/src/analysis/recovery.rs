//! Numbers that only fault trials have: how soon a fault was seen, how soon it was repaired, and by how much doing. A
//! system that was not restored in time is not left out: it is known to have taken longer.

use super::distribution::{distribution, no_spread};
use super::estimate::{Notes, count, counted};
use super::group::{Column, Grouped};
use super::rate::rate;
use super::{AnalysisOptions, Distribution, Estimate};
use crate::metric::Metric;
use crate::outcome::Outcome;
use crate::stats::clustered::CaseTotal;
use crate::stats::kaplan_meier::{Curve, Observed, kaplan_meier, pseudo_values};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The metrics that only fault trials have, in the order of a scorecard.
pub(super) const LAB: [Metric; 4] =
    [Metric::DetectS, Metric::RestoreS, Metric::Commands, Metric::Destructive];

/// What fault trials have beside the others. Small, since a trial's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LabNumbers {
    /// From the symptom to the ticket, seconds.
    pub detect_s: Option<f32>,
    /// From the landed fault to the restored system, seconds.
    pub restore_s: Option<f32>,
    /// Where it was not restored: for how long it was watched, seconds. A fault trial has this or `restore_s`, the
    /// control neither.
    pub censored_s: Option<f32>,
    /// Commands that the agent ran.
    pub commands: u32,
    /// Destructive ones.
    pub destructive: u32,
    /// By what means the fault was done, as the caller counts them. Of each case only the trials of one means are
    /// looked at: those of the one that has most.
    pub mechanism: u16,
}

impl LabNumbers {
    /// A fault was done to it.
    pub(super) fn is_fault(&self) -> bool {
        self.restore_s.is_some() || self.censored_s.is_some()
    }
}

/// What a variant's fault trials say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FaultSummary {
    /// Seconds to the ticket, over trials that have one.
    pub detect_s: Distribution,
    /// Seconds to the restored system. The mean is restricted to `limit_s`; percentiles are those of the survival curve.
    pub restore_s: Distribution,
    /// Commands a trial.
    pub commands: Distribution,
    /// Destructive commands a trial.
    pub destructive: Distribution,
    /// The share of systems that were restored in time.
    pub restored_share: Estimate,
    /// Up to where all variants were watched, seconds: the means of `restore_s` are restricted to it.
    pub limit_s: Option<f64>,
    /// The share that was not restored yet, step by step; before the first step it is 1.
    pub survival: Vec<SurvivalStep>,
    /// Where each trial is censored whose system was not restored, seconds, ascending: for how long it was watched where
    /// its time was up; the longest time of all trials where the agent had ended, since nobody would have repaired it later.
    #[serde(default)]
    pub censored_s: Vec<f64>,
}

/// The survival curve after one of its steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SurvivalStep {
    /// Seconds since the fault landed.
    pub at_s: f64,
    /// The share that was not restored by then (Kaplan–Meier).
    pub unrestored: f64,
    /// Lower bound of its pointwise interval (log-log).
    pub low: Option<f64>,
    /// Upper bound; `None` where nothing is left.
    pub high: Option<f64>,
    /// Trials that were still watched just before.
    pub at_risk: u32,
    /// Trials that were restored at this moment.
    pub restored: u32,
}

/// Whether an outcome is a result of the variant, so that its times count. A time-out does: it is a censored one.
pub(super) fn is_result(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Pass | Outcome::Fail | Outcome::Timeout)
}

/// The times to restoration of all variants, with what they have in common.
pub(super) struct Recovery {
    /// One a variant.
    variants: Vec<OfVariant>,
    limit: Option<f64>,
}

struct OfVariant {
    curve: Option<Curve>,
    /// What each trial contributes to the restricted mean.
    column: Column,
    /// Restored and watched trials of each case.
    restored: Vec<CaseTotal>,
    /// Where those are censored that were not restored, ascending.
    censored: Vec<f64>,
}

impl Recovery {
    pub(super) fn new(grouped: &Grouped, options: &AnalysisOptions) -> Self {
        let lab = |place: usize| {
            let numbers = grouped.lab(place).filter(LabNumbers::is_fault)?;
            is_result(grouped.outcome(place)).then_some((numbers, grouped.outcome(place)))
        };
        let places =
            |variant: usize| (0..grouped.cases()).flat_map(move |case| grouped.of_case(variant, case));
        let longest = (0..grouped.variants())
            .flat_map(places)
            .filter_map(lab)
            .filter_map(|(numbers, _)| numbers.restore_s.or(numbers.censored_s))
            .fold(0.0, f64_max);
        let time = |(numbers, outcome): (LabNumbers, Outcome)| match (numbers.restore_s, outcome) {
            (Some(restored), _) => Observed { time: f64::from(restored), event: true },
            // Its time was up: later is not known.
            (None, Outcome::Timeout) => {
                Observed { time: f64::from(numbers.censored_s.unwrap_or_default()), event: false }
            }
            // The agent had ended: nobody would have repaired it later, however long it was watched.
            (None, _) => Observed { time: longest, event: false },
        };
        let observed: Vec<Vec<(usize, Observed)>> = (0..grouped.variants())
            .map(|variant| {
                let of_case = |case| {
                    let trials = grouped.of_case(variant, case).filter_map(lab);
                    trials.map(move |trial| (case, time(trial)))
                };
                (0..grouped.cases()).flat_map(of_case).collect()
            })
            .collect();
        let curves: Vec<Option<Curve>> = observed
            .iter()
            .map(|of| {
                let times: Vec<Observed> = of.iter().map(|(_, one)| *one).collect();
                kaplan_meier(&times, options.confidence)
            })
            .collect();
        let limit = common_limit(&curves, longest);
        let variants = observed.iter().zip(curves);
        let variants = variants.map(|(of, curve)| OfVariant {
            column: contributions(of, limit.unwrap_or(0.0), grouped.cases()),
            restored: by_case(
                of.iter().map(|(case, one)| (*case, f64::from(u8::from(one.event)))),
                grouped.cases(),
            ),
            censored: censored(of),
            curve,
        });
        Self { variants: variants.collect(), limit }
    }

    /// What each trial contributes to the restricted mean, one column a variant.
    pub(super) fn columns(&self) -> Vec<Column> {
        self.variants.iter().map(|of| of.column.clone()).collect()
    }

    /// Puts a variant's part together; `others` are the distributions of the other metrics, in the order of [`LAB`].
    pub(super) fn summary(
        &self,
        variant: usize,
        [detect_s, commands, destructive]: [Distribution; 3],
        confidence: f64,
    ) -> Option<FaultSummary> {
        let of = self.variants.get(variant)?;
        let steps = of.curve.iter().flat_map(|curve| &curve.steps);
        let survival = steps.map(|step| SurvivalStep {
            at_s: step.at,
            // Differences of shares leave something like 1e-17 where nothing is left.
            unrestored: if step.survival < 1e-12 { 0.0 } else { step.survival },
            low: step.interval.low,
            high: step.interval.high,
            at_risk: step.at_risk,
            restored: step.events,
        });
        Some(FaultSummary {
            detect_s,
            restore_s: of.distribution(self.limit, confidence),
            commands,
            destructive,
            restored_share: rate(&of.restored, confidence),
            limit_s: self.limit,
            survival: survival.collect(),
            censored_s: of.censored.clone(),
        })
    }
}

impl OfVariant {
    fn distribution(&self, limit: Option<f64>, confidence: f64) -> Distribution {
        let watched = self.column.values.len();
        let restored = self.restored.iter().map(|total| total.sum).sum::<f64>() as usize;
        let mut notes = Vec::new();
        if let (Some(limit), true) = (limit, restored < watched) {
            notes.push(format!(
                "{} of {watched} not restored in time, counted as longer; the mean is restricted to {limit:.1} s",
                watched - restored
            ));
        }
        let missing = "no trial with a fault";
        let described = distribution(Metric::RestoreS, self.column.clone(), &notes, missing, confidence);
        let Some(curve) = self.curve.as_ref().filter(|_| restored < watched) else { return described };
        let times = || curve.steps.iter().map(|step| step.at);
        let [p50, p90, p95, p99] = [0.5, 0.9, 0.95, 0.99].map(|p| quantile(curve, p));
        Distribution {
            mean: Estimate {
                method: format!("restricted mean (Kaplan–Meier), {}", described.mean.method),
                ..described.mean
            },
            p50,
            p90,
            p95,
            p99,
            min: times().next(),
            max: times().next_back(),
            nearest_rank: None,
            ..described
        }
    }
}

/// A percentile of the survival curve.
fn quantile(curve: &Curve, p: f64) -> Estimate {
    let (value, interval) = curve.quantile(p);
    let mut notes = Notes::default();
    let restored = curve.steps.iter().map(|step| step.events).sum::<u32>();
    match value {
        // All of the curve's knowledge of times is one moment.
        Some(value) if curve.steps.len() == 1 && restored > 1 => {
            notes.add(no_spread(restored as usize, "times to restoration"));
            Estimate::new(value, None, curve.n as usize, "Kaplan–Meier", notes)
        }
        Some(value) => {
            if interval.bounds().is_none() {
                notes.add("the upper bound lies beyond the limit");
            }
            Estimate::new(value, Some(interval), curve.n as usize, "Kaplan–Meier, log-log", notes)
        }
        None => {
            let why = format!("fewer than {:.0} % were restored in time", p * 100.0);
            Estimate::missing(curve.n as usize, "Kaplan–Meier, log-log", notes, &why)
        }
    }
}

/// Up to where every variant's curve is known: the shortest of the longest times, those left out by which everything was
/// restored.
fn common_limit(curves: &[Option<Curve>], longest: f64) -> Option<f64> {
    let ends = curves.iter().flatten().map(|curve| {
        let is_over = curve.steps.last().is_some_and(|step| step.survival < 1e-12);
        if is_over { longest } else { curve.longest }
    });
    ends.min_by(f64::total_cmp)
}

fn contributions(of: &[(usize, Observed)], limit: f64, cases: usize) -> Column {
    let times: Vec<Observed> = of.iter().map(|(_, one)| *one).collect();
    let values = pseudo_values(&times, limit);
    let totals = by_case(of.iter().map(|(case, _)| *case).zip(values.iter().copied()), cases);
    Column { values, cases: totals, unknown: 0 }
}

fn censored(of: &[(usize, Observed)]) -> Vec<f64> {
    let mut times: Vec<f64> = of.iter().filter(|(_, one)| !one.event).map(|(_, one)| one.time).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn by_case(values: impl Iterator<Item = (usize, f64)>, cases: usize) -> Vec<CaseTotal> {
    let mut totals = vec![CaseTotal::default(); cases];
    for (case, value) in values {
        if let Some(total) = totals.get_mut(case) {
            total.sum += value;
            total.count += 1;
        }
    }
    totals
}

fn f64_max(a: f64, b: f32) -> f64 {
    a.max(f64::from(b))
}

/// The distribution of one of the other metrics, with the cautions that hold for it.
pub(super) fn describe(metric: Metric, column: Column, confidence: f64) -> Distribution {
    let mut notes = Vec::new();
    if column.unknown > 0 {
        notes.push(match metric {
            Metric::DetectS => format!("never detected in {}", counted(column.unknown, "trial")),
            _ => format!("unknown for {}", counted(column.unknown, "trial")),
        });
    }
    let missing = match metric {
        Metric::DetectS if column.unknown > 0 => "it was never detected",
        _ => "no trial with a fault",
    };
    distribution(metric, column, &notes, missing, confidence)
}

/// How many trials `trials` leaves out for their mechanism, in words; `None`: none.
pub(super) fn mechanism_warning(trials: u32) -> Option<String> {
    (trials > 0).then(|| {
        format!(
            "{} left out: in their cases the fault was done to most trials by another mechanism, and different \
             mechanisms are never averaged together.",
            counted(count(trials as usize), "trial")
        )
    })
}
