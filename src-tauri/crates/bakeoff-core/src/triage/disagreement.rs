//! How far the variants differ about one item.

use super::TriageAnswer;
use std::cmp::Ordering;

/// How far the variants differ about one item. Ordered: the greatest differs most. First about relevance, then about
/// another flag, then by how far the scores lie apart, then by some having answered and some not.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disagreement {
    /// Some say that it is relevant, some that it isn't.
    pub relevant_differ: bool,
    /// The same of whether it is novel.
    pub novel_differ: bool,
    /// The same of whether it is worth a long summary.
    pub deep_differ: bool,
    /// The highest score minus the lowest; `None` below two answers.
    pub score_spread: Option<f64>,
    /// Some have an answer and some have none.
    pub some_failed: bool,
}

/// Compares what the variants said of one item; `None` for an error.
pub fn disagreement(results: &[Option<&TriageAnswer>]) -> Disagreement {
    let answers: Vec<&TriageAnswer> = results.iter().copied().flatten().collect();
    let differ = |flag: fn(&TriageAnswer) -> bool| {
        let yes = answers.iter().filter(|answer| flag(answer)).count();
        yes > 0 && yes < answers.len()
    };
    let scores = || answers.iter().map(|answer| answer.ai_score);
    let spread = scores().fold(f64::NEG_INFINITY, f64::max) - scores().fold(f64::INFINITY, f64::min);
    Disagreement {
        relevant_differ: differ(|answer| answer.is_relevant),
        novel_differ: differ(|answer| answer.is_novel),
        deep_differ: differ(|answer| answer.should_deep_summarize),
        score_spread: (answers.len() > 1).then_some(spread),
        some_failed: !answers.is_empty() && answers.len() < results.len(),
    }
}

impl Ord for Disagreement {
    fn cmp(&self, other: &Self) -> Ordering {
        let flags = |one: &Self| (one.relevant_differ, one.novel_differ || one.deep_differ);
        let spread = |one: &Self| one.score_spread.unwrap_or(-1.0);
        let both = |one: &Self| (one.some_failed, one.novel_differ, one.deep_differ);
        flags(self)
            .cmp(&flags(other))
            .then_with(|| spread(self).total_cmp(&spread(other)))
            .then_with(|| both(self).cmp(&both(other)))
    }
}

impl PartialOrd for Disagreement {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Disagreement {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Disagreement {}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(score: f64, [relevant, novel, deep]: [bool; 3]) -> TriageAnswer {
        TriageAnswer {
            ai_score: score,
            reason: "it is so".to_owned(),
            is_relevant: relevant,
            is_novel: novel,
            categories: Vec::new(),
            should_deep_summarize: deep,
            theme: None,
            one_liner: None,
        }
    }

    /// What variants said, as score and flags; none: an error.
    fn of(results: &[Option<(f64, [bool; 3])>]) -> Disagreement {
        let answers: Vec<Option<TriageAnswer>> =
            results.iter().map(|result| result.map(|(score, flags)| answer(score, flags))).collect();
        disagreement(&answers.iter().map(Option::as_ref).collect::<Vec<_>>())
    }

    #[test]
    fn what_differs_more_is_greater() {
        let all = [true; 3];
        let same = of(&[Some((50.0, all)), Some((50.0, all))]);
        let some_failed = of(&[Some((50.0, all)), Some((50.0, all)), None]);
        let apart = of(&[Some((10.0, all)), Some((90.0, all))]);
        let novel = of(&[Some((50.0, all)), Some((50.0, [true, false, true]))]);
        let deep = of(&[Some((50.0, all)), Some((51.0, [true, true, false]))]);
        let relevant = of(&[Some((50.0, all)), Some((50.0, [false, true, true])), None]);
        let rising = [same, some_failed, apart, novel, deep, relevant];
        for pair in rising.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
        assert_eq!(same, of(&[Some((50.0, all)), Some((50.0, all))]));
    }

    #[test]
    fn without_two_answers_there_is_no_spread() {
        for results in [&[][..], &[None, None], &[Some((50.0, [true; 3])), None]] {
            let found = of(results);
            assert_eq!((found.score_spread, found.relevant_differ), (None, false), "{results:?}");
        }
        assert!(of(&[None, Some((1.0, [true; 3]))]).some_failed);
        assert!(!of(&[None, None]).some_failed, "all failed alike");
        assert_eq!(of(&[Some((10.0, [true; 3])), None, Some((35.0, [true; 3]))]).score_spread, Some(25.0));
    }
}
