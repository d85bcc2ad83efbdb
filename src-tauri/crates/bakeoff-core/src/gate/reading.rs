//! What a gate's metric means, and its value for a variant.

use super::numbers::Measure;
use super::words::Unit;
use crate::analysis::{
    Comparison, Estimate, MeasureSummary, VariantSummary, aggregated, estimate, trials_with,
};
use crate::diagnostic::nearest;
use crate::metric::{Aggregate, Metric};
use crate::stats::Interval;

/// What a gate looks at: a metric of the contract, else a scorer's, else a number among the outputs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'a> {
    Metric(Metric, Aggregate),
    Measure(&'a Measure, Aggregate),
}

impl<'a> Subject<'a> {
    pub(super) fn find(name: &str, measures: &'a [Measure]) -> Option<Self> {
        if let Some((metric, aggregate)) = Metric::parse(name) {
            return Some(Self::Metric(metric, aggregate));
        }
        let named = |name: &str| measures.iter().find(|measure| measure.name == name);
        if let Some(measure) = named(name) {
            return Some(Self::Measure(measure, Aggregate::Avg));
        }
        Aggregate::split(name).find_map(|(rest, aggregate)| Some(Self::Measure(named(rest)?, aggregate)))
    }

    /// Its name in a sentence.
    pub(super) fn name(&self) -> String {
        let (name, aggregate) = match self {
            Self::Metric(metric, aggregate) => (metric.id(), *aggregate),
            Self::Measure(measure, aggregate) => (measure.name.as_str(), *aggregate),
        };
        match aggregate {
            Aggregate::Avg => name.to_owned(),
            Aggregate::Min => format!("the smallest {name}"),
            Aggregate::Max => format!("the largest {name}"),
            Aggregate::P50 => format!("the median {name}"),
            Aggregate::P90 => format!("p90 of {name}"),
            Aggregate::P95 => format!("p95 of {name}"),
            Aggregate::P99 => format!("p99 of {name}"),
        }
    }

    pub(super) fn unit(&self) -> Unit {
        match self {
            Self::Metric(metric, _) => Unit::Of(*metric),
            Self::Measure(..) => Unit::None,
        }
    }
}

/// A value with everything that a verdict needs.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// What it is of whom.
    pub(super) name: String,
    pub(super) unit: Unit,
    pub(super) value: Option<f64>,
    pub(super) interval: Option<Interval>,
    pub(super) n: u32,
    /// What `n` counts: trials or cases.
    pub(super) counts: &'static str,
    pub(super) note: Option<String>,
}

/// The value of a variant's aggregate.
pub(super) fn of_variant(
    subject: &Subject<'_>,
    variant: &VariantSummary,
    of_measure: Option<&MeasureSummary>,
) -> Reading {
    let (found, value, trials) = match subject {
        Subject::Metric(metric, aggregate) => (
            estimate(variant, *metric, *aggregate),
            aggregated(variant, *metric, *aggregate),
            trials_with(variant, *metric),
        ),
        Subject::Measure(_, aggregate) => (
            of_measure.and_then(|summary| summary.estimate(*aggregate)),
            of_measure.and_then(|summary| summary.value(*aggregate)),
            of_measure.map_or(0, |summary| summary.n),
        ),
    };
    let name = format!("{} of {}", subject.name(), variant.name);
    match found {
        Some(estimate) => from_estimate(name, subject.unit(), estimate),
        None => Reading {
            name,
            unit: subject.unit(),
            value,
            interval: None,
            n: trials,
            counts: "trial",
            note: Some(without_interval(subject, value.is_some())),
        },
    }
}

/// Why there is no estimate of an aggregate.
fn without_interval(subject: &Subject<'_>, has_value: bool) -> String {
    match subject {
        _ if has_value => "the smallest and the largest of some trials say nothing about others".to_owned(),
        Subject::Metric(metric @ (Metric::SuccessRate | Metric::CostPerSuccessUsd), _) => {
            format!("{} is of a whole variant: it has no percentiles, smallest or largest", metric.id())
        }
        _ => "no trial has it".to_owned(),
    }
}

/// The difference of a variant to the baseline; only means have one.
pub(super) fn of_difference(
    subject: &Subject<'_>,
    variant: &VariantSummary,
    comparison: &Comparison,
    of_measure: Option<&MeasureSummary>,
) -> Reading {
    let (found, aggregate) = match subject {
        Subject::Metric(metric, aggregate) => {
            let mut differences = comparison.differences.iter();
            let found = differences.find(|one| one.variant == variant.variant && one.metric == *metric);
            (found.map(|one| &one.difference), *aggregate)
        }
        Subject::Measure(_, aggregate) => (of_measure.and_then(|one| one.difference.as_ref()), *aggregate),
    };
    let name = format!("{} of {} minus the baseline's", subject.name(), variant.name);
    let unit = match subject.unit() {
        Unit::Of(metric) => Unit::DifferenceOf(metric),
        other => other,
    };
    match found.filter(|_| aggregate == Aggregate::Avg) {
        Some(estimate) => from_estimate(name, unit, estimate),
        None => Reading {
            name,
            unit,
            value: None,
            interval: None,
            n: 0,
            counts: "case",
            note: Some(match aggregate {
                Aggregate::Avg => {
                    "this metric is not compared with the baseline; make it the `primary_metric`".to_owned()
                }
                _ => "only means and rates are compared with the baseline".to_owned(),
            }),
        },
    }
}

fn from_estimate(name: String, unit: Unit, estimate: &Estimate) -> Reading {
    // With one trial a case both are the same; with several, intervals rest on cases.
    let by_case = estimate.method.contains("over case") || estimate.method.contains("paired");
    Reading {
        name,
        unit,
        value: estimate.value,
        interval: estimate.interval,
        n: estimate.n,
        counts: if by_case { "case" } else { "trial" },
        note: estimate.note.clone(),
    }
}

/// Why there is no such metric, and which there are.
pub(super) fn missing_metric(name: &str, measures: &[Measure]) -> String {
    let ids = Metric::ALL.iter().map(|metric| metric.id());
    let known: Vec<&str> = ids.chain(measures.iter().map(|measure| measure.name.as_str())).collect();
    let bare = Aggregate::split(name).next().map_or(name, |(rest, _)| rest);
    let near = nearest(bare, known.iter().copied())
        .map_or_else(String::new, |near| format!(" Did you mean {near}?"));
    format!("There is no metric {name} in this run.{near} There are {}.", known.join(", "))
}
