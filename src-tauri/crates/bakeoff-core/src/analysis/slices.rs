//! Success by class or by the value of a metadata field.

use super::TrialNumbers;
use super::group::Grouped;
use super::rate::rate;
use super::{AnalysisOptions, Slice};
use crate::stats::clustered::CaseTotal;

/// The success rate of each variant for each value; exploratory, without tests.
///
/// `value_of[case]` is the index into `names` of the case's value, `None` for a case without one (it is in no
/// slice). The values with the most cases that were tried come first, ties in the order of `names`; values without
/// any trial are left out.
pub fn slices(
    trials: &[TrialNumbers],
    value_of: &[Option<u32>],
    names: &[String],
    options: &AnalysisOptions,
) -> Vec<Slice> {
    let grouped = Grouped::new(trials, options);
    let confidence = options.confidence.clamp(0.5, 0.9999);
    let success = grouped.success(options);
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); names.len()];
    for case in 0..grouped.cases() {
        let tried = (0..grouped.variants()).any(|variant| !grouped.of_case(variant, case).is_empty());
        let value = value_of.get(grouped.case_key(case)).copied().flatten().filter(|_| tried);
        if let Some(members) = value.and_then(|value| members.get_mut(value as usize)) {
            members.push(case as u32);
        }
    }
    let mut order: Vec<usize> = (0..names.len()).filter(|value| !members[*value].is_empty()).collect();
    order.sort_by_key(|value| std::cmp::Reverse(members[*value].len()));
    order
        .into_iter()
        .map(|value| Slice {
            value: names[value].clone(),
            success_rate: success
                .iter()
                .map(|column| {
                    let totals: Vec<CaseTotal> =
                        members[value].iter().map(|case| column.cases[*case as usize]).collect();
                    rate(&totals, confidence)
                })
                .collect(),
        })
        .collect()
}
