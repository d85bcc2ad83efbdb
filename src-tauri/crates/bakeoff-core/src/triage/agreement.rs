//! How far variants agree.

use super::summarize::{mean, rate};
use super::{PairAgreement, TriageAgreement, TriageAnswer, TriageTrial};
use crate::analysis::{Estimate, Notes};
use crate::stats::kappa::cohens_kappa;
use crate::stats::krippendorff::{Level, alpha, alpha_interval};
use crate::stats::spearman::{spearman, spearman_interval};
use std::collections::BTreeMap;

/// Below this many items, intervals that hold for large samples say little.
const FEW_ITEMS: usize = 30;
/// Below this many items, resampling them says nothing.
const FEWEST_RESAMPLED: usize = 10;
/// Resamples for alpha's interval.
const RESAMPLES: usize = 2_000;
/// Of the resampling: the same answers always give the same interval.
const SEED: u64 = 42;
/// What is said when two have no item in common.
const NOTHING_IN_COMMON: &str = "no item was answered by both";

/// How far each pair of variants agrees, and all together. `confidence` of all intervals, cut to 0.5 to 0.9999. The
/// numbers of all together are absent with fewer than two variants.
pub fn agreement(variants: &[String], trials: &[TriageTrial], confidence: f64) -> TriageAgreement {
    let confidence = confidence.clamp(0.5, 0.9999);
    let mut items: BTreeMap<u32, BTreeMap<u16, &TriageAnswer>> = BTreeMap::new();
    for trial in trials.iter().filter(|trial| usize::from(trial.variant) < variants.len()) {
        if let Some(answer) = &trial.answer {
            items.entry(trial.item).or_default().insert(trial.variant, answer);
        }
    }
    let places = 0..u16::try_from(variants.len()).unwrap_or(u16::MAX);
    let mut pairs = Vec::new();
    for first in places.clone() {
        for second in first.saturating_add(1)..places.end {
            let both: Vec<(&TriageAnswer, &TriageAnswer)> = items
                .values()
                .filter_map(|answers| Some((*answers.get(&first)?, *answers.get(&second)?)))
                .collect();
            pairs.push(pair(first, second, &both, confidence));
        }
    }
    let ratings = |value: fn(&TriageAnswer) -> f64| -> Vec<Vec<f64>> {
        items.values().map(|answers| answers.values().map(|answer| value(answer)).collect()).collect()
    };
    let overall = |value: fn(&TriageAnswer) -> f64, level| {
        (variants.len() > 1).then(|| alpha_estimate(&ratings(value), level, confidence))
    };
    TriageAgreement {
        pairs,
        alpha_relevant: overall(|answer| f64::from(u8::from(answer.is_relevant)), Level::Nominal),
        alpha_score: overall(|answer| answer.ai_score, Level::Interval),
    }
}

fn pair(first: u16, second: u16, both: &[(&TriageAnswer, &TriageAnswer)], confidence: f64) -> PairAgreement {
    let same = both.iter().filter(|(a, b)| a.is_relevant == b.is_relevant).count();
    let differences: Vec<f64> = both.iter().map(|(a, b)| b.ai_score - a.ai_score).collect();
    PairAgreement {
        first,
        second,
        relevant: rate(same, both.len(), confidence, NOTHING_IN_COMMON),
        kappa: kappa(both, confidence),
        rank_correlation: rank_correlation(both, confidence),
        score_difference: mean(
            &differences,
            (-100.0, 100.0),
            confidence,
            Notes::default(),
            NOTHING_IN_COMMON,
        ),
    }
}

fn kappa(both: &[(&TriageAnswer, &TriageAnswer)], confidence: f64) -> Estimate {
    const METHOD: &str = "Cohen's kappa, large-sample error";
    let mut counts = [[0; 2]; 2];
    for (a, b) in both {
        counts[usize::from(a.is_relevant)][usize::from(b.is_relevant)] += 1;
    }
    let mut notes = Notes::default();
    let n = both.len();
    let Some(kappa) = cohens_kappa(counts) else {
        let why = if n == 0 {
            NOTHING_IN_COMMON
        } else {
            "both gave all items the same answer, so agreement can't be told from chance"
        };
        return Estimate::missing(n, METHOD, notes, why);
    };
    let [[neither, second_only], [first_only, both_yes]] = counts;
    let is_constant = |no: u32, yes: u32| no == 0 || yes == 0;
    if is_constant(neither + second_only, first_only + both_yes)
        || is_constant(neither + first_only, second_only + both_yes)
    {
        notes.add("one of them gave all items the same answer, so kappa is 0 whatever the other says");
        return Estimate::new(kappa.kappa, None, n, METHOD, notes);
    }
    let Some(interval) = kappa.interval(confidence) else {
        notes.add("they agree on every item, so the error can't be estimated");
        return Estimate::new(kappa.kappa, None, n, METHOD, notes);
    };
    if n < FEW_ITEMS {
        notes.add("fewer than 30 items: the interval is rough");
    }
    let (interval, is_cut) = interval.clipped(-1.0, 1.0);
    if is_cut {
        notes.add("interval clipped to −1–1");
    }
    Estimate::new(kappa.kappa, Some(interval), n, METHOD, notes)
}

fn rank_correlation(both: &[(&TriageAnswer, &TriageAnswer)], confidence: f64) -> Estimate {
    const METHOD: &str = "Spearman, Fisher's z (Bonett–Wright)";
    let scores: Vec<(f64, f64)> = both.iter().map(|(a, b)| (a.ai_score, b.ai_score)).collect();
    let n = scores.len();
    let mut notes = Notes::default();
    let Some(r) = spearman(&scores) else {
        let why = match n {
            0 => NOTHING_IN_COMMON,
            1 => "one item has no order",
            _ => "one of them gave all items the same score, so they have no order",
        };
        return Estimate::missing(n, METHOD, notes, why);
    };
    let interval = spearman_interval(r, n, confidence);
    match interval {
        None if n < 4 => notes.add("an interval needs at least 4 items"),
        None => notes.add("the orders are the same or reversed, so there is no interval"),
        Some(_) if n < FEWEST_RESAMPLED => notes.add("fewer than 10 items: the interval is rough"),
        Some(_) => {}
    }
    Estimate::new(r, interval, n, METHOD, notes)
}

fn alpha_estimate(ratings: &[Vec<f64>], level: Level, confidence: f64) -> Estimate {
    let method = match level {
        Level::Nominal => "Krippendorff's alpha (nominal), items resampled",
        Level::Interval => "Krippendorff's alpha (interval), items resampled",
    };
    let n = ratings.iter().filter(|ratings| ratings.len() > 1).count();
    let mut notes = Notes::default();
    let Some(alpha) = alpha(ratings, level) else {
        let why = if n == 0 {
            "no item was answered by two variants"
        } else {
            "all answers are the same, so agreement can't be told from chance"
        };
        return Estimate::missing(n, method, notes, why);
    };
    if n < FEWEST_RESAMPLED {
        notes.add("an interval needs at least 10 items");
        return Estimate::new(alpha, None, n, method, notes);
    }
    let interval = alpha_interval(ratings, level, RESAMPLES, SEED, confidence);
    if interval.is_none() {
        notes.add("resampling the items gives no interval: too few of them differ");
    }
    Estimate::new(alpha, interval, n, method, notes)
}

#[cfg(test)]
#[path = "agreement_tests.rs"]
mod tests;
