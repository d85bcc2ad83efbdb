//! Numbers that only some campaigns have: a scorer's own score, a number among a workflow's outputs.

use super::difference;
use super::distribution::numbers;
use super::group::Column;
use super::{AnalysisOptions, Estimate};
use crate::metric::Aggregate;
use crate::stats::clustered::CaseTotal;
use crate::trial::TrialKey;
use std::collections::BTreeMap;

/// A measure of one variant.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureSummary {
    /// Index of the variant.
    pub variant: u16,
    /// Trials that have it.
    pub n: u32,
    /// Mean over cases, with its t interval.
    pub mean: Estimate,
    /// The 50th, 90th, 95th and 99th percentile.
    pub percentiles: [Estimate; 4],
    /// The smallest and the largest.
    pub extremes: Option<(f64, f64)>,
    /// Its mean minus the baseline's, paired by case; `None` for the baseline itself.
    pub difference: Option<Estimate>,
}

impl MeasureSummary {
    /// The estimate of an aggregate; `None` for the smallest and the largest, which are plain values.
    pub fn estimate(&self, aggregate: Aggregate) -> Option<&Estimate> {
        let [p50, p90, p95, p99] = &self.percentiles;
        match aggregate {
            Aggregate::Avg => Some(&self.mean),
            Aggregate::P50 => Some(p50),
            Aggregate::P90 => Some(p90),
            Aggregate::P95 => Some(p95),
            Aggregate::P99 => Some(p99),
            Aggregate::Min | Aggregate::Max => None,
        }
    }

    /// The value of an aggregate.
    pub fn value(&self, aggregate: Aggregate) -> Option<f64> {
        match aggregate {
            Aggregate::Min => self.extremes.map(|(least, _)| least),
            Aggregate::Max => self.extremes.map(|(_, most)| most),
            other => self.estimate(other)?.value,
        }
    }
}

/// Describes a measure, one summary a variant; values of trials outside the comparison and values that are not finite
/// are left out.
pub fn measure(values: &[(TrialKey, f64)], options: &AnalysisOptions) -> Vec<MeasureSummary> {
    let mut by_variant: Vec<BTreeMap<u32, Vec<f64>>> = vec![BTreeMap::new(); options.variants.len()];
    let mut cases: BTreeMap<u32, CaseTotal> = BTreeMap::new();
    for (key, value) in values.iter().filter(|(_, value)| value.is_finite()) {
        if let Some(of_variant) = by_variant.get_mut(usize::from(key.variant)) {
            of_variant.entry(key.case).or_default().push(*value);
            cases.insert(key.case, CaseTotal::default());
        }
    }
    let columns: Vec<Column> = by_variant.iter().map(|of_variant| column(of_variant, &cases)).collect();
    let baseline = columns.get(usize::from(options.baseline)).cloned();
    let summary = |(index, column): (usize, Column)| {
        let variant = index as u16;
        let others = baseline.as_ref().filter(|_| variant != options.baseline);
        let difference = others.map(|baseline| difference::numeric(&column, baseline, options).estimate);
        let described = numbers(column, &[], "no trial has it", options.confidence, None);
        MeasureSummary {
            variant,
            n: described.n,
            mean: described.mean,
            percentiles: described.percentiles,
            extremes: described.extremes,
            difference,
        }
    };
    columns.into_iter().enumerate().map(summary).collect()
}

/// A variant's values over the cases of all variants.
fn column(values: &BTreeMap<u32, Vec<f64>>, cases: &BTreeMap<u32, CaseTotal>) -> Column {
    let of_case = |case: &u32| values.get(case).map_or(&[][..], Vec::as_slice);
    let total = |values: &[f64]| CaseTotal { sum: values.iter().sum(), count: values.len() as u32 };
    Column {
        values: cases.keys().flat_map(|case| of_case(case).iter().copied()).collect(),
        cases: cases.keys().map(|case| total(of_case(case))).collect(),
        unknown: 0,
    }
}
