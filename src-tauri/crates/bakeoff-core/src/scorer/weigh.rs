//! From the scores of one trial to its score and its verdict.

use crate::trial::Score;

/// Rounding of sums must not decide a trial.
const ROUNDING: f64 = 1e-9;

/// The weighted mean of the scores, 0 to 1, and whether the trial passes.
///
/// For the verdict a scorer that is content counts fully even where its score is below 1 (it has a threshold of its
/// own, such as a rubric's); one that isn't counts with its score. So with the usual `pass_threshold` of 1 a trial
/// passes when every scorer that has a weight is content. Scorers of weight 0 only report; when no scorer has a
/// weight, all must be content and the score is their plain mean. Without any score: no score, not passed (such a
/// trial is ungraded).
pub fn weigh(scores: &[Score], pass_threshold: f64) -> (Option<f64>, bool) {
    if scores.is_empty() {
        return (None, false);
    }
    let total: f64 = scores.iter().map(|score| score.weight).sum();
    if total <= 0.0 {
        let mean = scores.iter().map(|score| score.score).sum::<f64>() / scores.len() as f64;
        return (Some(mean), scores.iter().all(|score| score.passed));
    }
    let mean =
        |of: &dyn Fn(&Score) -> f64| scores.iter().map(|score| score.weight * of(score)).sum::<f64>() / total;
    let verdict = mean(&|score| if score.passed { 1.0 } else { score.score });
    (Some(mean(&|score| score.score)), verdict >= pass_threshold - ROUNDING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(score: f64, weight: f64, passed: bool) -> Score {
        Score { scorer: "exact".into(), metric: "exact".into(), score, weight, passed, reason: String::new() }
    }

    #[test]
    fn weights_the_mean_and_ignores_weight_zero() {
        let scores = [one(1.0, 3.0, true), one(0.0, 1.0, false), one(0.0, 0.0, false)];
        assert_eq!(weigh(&scores, 0.75), (Some(0.75), true));
        assert_eq!(weigh(&scores, 0.76), (Some(0.75), false));
    }

    #[test]
    fn without_weights_all_must_be_content() {
        assert_eq!(weigh(&[one(1.0, 0.0, true), one(0.5, 0.0, true)], 1.0), (Some(0.75), true));
        assert_eq!(weigh(&[one(1.0, 0.0, true), one(0.5, 0.0, false)], 0.1), (Some(0.75), false));
    }

    #[test]
    fn a_scorer_with_its_own_threshold_counts_fully_once_it_is_content() {
        let rubric_content = [one(1.0, 1.0, true), one(0.8, 1.0, true)];
        assert_eq!(weigh(&rubric_content, 1.0), (Some(0.9), true));
        let rubric_not_content = [one(1.0, 1.0, true), one(0.4, 1.0, false)];
        assert_eq!(weigh(&rubric_not_content, 1.0), (Some(0.7), false));
    }

    #[test]
    fn nothing_judged_is_no_score() {
        assert_eq!(weigh(&[], 0.0), (None, false));
    }
}
