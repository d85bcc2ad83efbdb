//! Which of two is better at repairing: success decides; where it can't, the time to restoration may.

use super::wording::significant;
use super::{Comparison, Difference, Verdict};
use crate::metric::Metric;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a comparison of two says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HeadToHead {
    /// Index of the better one; absent: no interval supports any.
    pub winner: Option<u16>,
    /// By which metric it was decided.
    pub decided_by: Option<Metric>,
    /// Why, in one or two sentences.
    pub reason: String,
}

/// Judges a comparison of exactly two variants, of which the first is its baseline.
///
/// The success rate decides when its interval leaves 0 out. Else the time to restoration does when its interval leaves 0
/// out, its p is below half of what the success rate needed (it is the second attempt), and the success rates don't
/// point the other way. There is no winner before both plans are complete.
pub fn head_to_head(comparison: &Comparison) -> HeadToHead {
    let none = |reason: String| HeadToHead { winner: None, decided_by: None, reason };
    let of = |metric| comparison.differences.iter().find(|difference| difference.metric == metric);
    if !comparison.complete {
        return none("Still running: there is no winner before every planned trial has ended.".to_owned());
    }
    let Some(success) = of(Metric::SuccessRate) else {
        return none("There is nothing to compare.".to_owned());
    };
    if let Some(winner) = winner(success) {
        return HeadToHead {
            winner: Some(winner),
            decided_by: Some(Metric::SuccessRate),
            reason: success.sentence.clone(),
        };
    }
    let undecided = format!("Success does not decide: {}", success.sentence);
    let Some(restore) = of(Metric::RestoreS).filter(|restore| restore.difference.value.is_some()) else {
        return none(format!("{undecided} There are no times to restoration to decide by."));
    };
    let strict = restore.p_value.is_some_and(|p| p < (1.0 - comparison.confidence) / 2.0);
    match winner(restore).filter(|_| strict) {
        Some(winner) if points_to(success).is_none_or(|better| better == winner) => HeadToHead {
            winner: Some(winner),
            decided_by: Some(Metric::RestoreS),
            reason: format!("{undecided} The time to restoration does: {}", restore.sentence),
        },
        Some(_) => none(format!(
            "{undecided} The time to restoration points the other way, so neither wins: {}",
            restore.sentence
        )),
        None if winner(restore).is_some() => none(format!(
            "{undecided} Nor does the time to restoration, which as the second attempt needs p < {}: {}",
            significant((1.0 - comparison.confidence) / 2.0),
            restore.sentence
        )),
        None => none(format!("{undecided} Nor does the time to restoration: {}", restore.sentence)),
    }
}

/// The one that a verdict speaks for.
fn winner(difference: &Difference) -> Option<u16> {
    match difference.verdict {
        Verdict::Better => Some(difference.variant),
        Verdict::Worse => Some(difference.baseline),
        Verdict::NoDifference | Verdict::CannotTell | Verdict::StillRunning => None,
    }
}

/// The one with the higher rate, however unsure.
fn points_to(success: &Difference) -> Option<u16> {
    let difference = success.difference.value.filter(|value| *value != 0.0)?;
    Some(if difference > 0.0 { success.variant } else { success.baseline })
}
