//! Summaries of small runs.

use super::*;

pub(super) fn answer(score: f64, relevant: bool) -> TriageAnswer {
    TriageAnswer {
        ai_score: score,
        reason: "it is so".to_owned(),
        is_relevant: relevant,
        is_novel: true,
        categories: Vec::new(),
        should_deep_summarize: false,
        theme: None,
        one_liner: None,
    }
}

fn trial(item: u32, answer: Option<TriageAnswer>) -> TriageTrial {
    TriageTrial {
        item,
        variant: 0,
        answer,
        input_tokens: Some(100),
        output_tokens: Some(20),
        latency_ms: Some(1.0),
        cost_usd: Some(0.25),
    }
}

fn of(trials: &[TriageTrial]) -> TriageSummary {
    summarize(&["one".to_owned()], trials, 0.95).remove(0)
}

#[test]
fn rates_have_wilsons_interval_and_means_the_t_interval() {
    let scores = [10.0, 20.0, 30.0, 60.0];
    let mut trials: Vec<TriageTrial> =
        (0..).zip(scores).map(|(item, score)| trial(item, Some(answer(score, score > 15.0)))).collect();
    trials.push(trial(4, None));
    let found = of(&trials);
    assert_eq!((found.items, found.errors, found.score.value, found.score.n), (5, 1, Some(30.0), 4));
    // scipy.stats.t.interval(.95, 3, 30, scipy.stats.sem([10, 20, 30, 60])), cut at 0.
    let interval = found.score.interval.expect("there are four");
    assert!((interval.high.expect("it has one") - 64.37434882).abs() < 1e-6, "{interval:?}");
    assert_eq!((interval.low, found.score.note.as_deref()), (Some(0.0), Some("interval clipped to 0–100")));
    // statsmodels.stats.proportion.proportion_confint(3, 4, method="wilson").
    let interval = found.relevant.interval.expect("there are four");
    assert!((interval.low.expect("it has one") - 0.3006418).abs() < 1e-6, "{interval:?}");
    assert_eq!(
        (found.relevant.value, found.novel.value, found.deep.value),
        (Some(0.75), Some(1.0), Some(0.0))
    );
    assert_eq!((found.error_rate.value, found.error_rate.n), (Some(0.2), 5));
    assert_eq!((found.tokens.value, found.tokens_sum, found.cost_sum_usd), (Some(120.0), 600, Some(1.25)));
}

#[test]
fn an_interval_is_never_without_width() {
    let trials: Vec<TriageTrial> = (0..9).map(|item| trial(item, Some(answer(100.0 / 3.0, true)))).collect();
    let found = of(&trials);
    for estimate in [&found.score, &found.tokens, &found.latency_ms, &found.cost_usd] {
        assert_eq!((estimate.interval, estimate.note.as_deref()), (None, Some(ALL_EQUAL)));
    }
    for estimate in [&found.relevant, &found.deep, &found.error_rate] {
        assert!(estimate.interval.and_then(|interval| interval.half_width()) > Some(0.01), "{estimate:?}");
    }
    let single = of(&trials[..1]);
    assert_eq!(single.score.note.as_deref(), Some("an interval needs at least 2 items"));
}

#[test]
fn what_is_unknown_is_told() {
    let nothing = of(&[]);
    assert_eq!((nothing.items, nothing.cost_sum_usd, nothing.score.value), (0, None, None));
    assert_eq!(nothing.error_rate.note.as_deref(), Some("there is no result yet"));
    assert_eq!(nothing.score.note.as_deref(), Some("there is no answer"));

    let mut unpriced = trial(1, Some(answer(5.0, true)));
    (unpriced.cost_usd, unpriced.output_tokens) = (None, None);
    let some = of(&[trial(0, Some(answer(4.0, true))), unpriced.clone()]);
    assert_eq!((some.cost_sum_usd, some.cost_usd.value, some.tokens_sum), (None, Some(0.25), 220));
    assert!(some.cost_usd.note.is_some_and(|note| note.starts_with("unknown for 1 item")));
    let none = of(&[unpriced]);
    assert!(none.cost_usd.note.is_some_and(|note| note.contains("set the model's price")));

    let refused = TriageTrial { input_tokens: None, output_tokens: None, cost_usd: None, ..trial(1, None) };
    let found = of(&[trial(0, Some(answer(4.0, true))), refused]);
    assert_eq!(found.cost_sum_usd, Some(0.25), "a call that was turned down cost nothing");
}

#[test]
fn every_variant_has_its_own() {
    let mut other = trial(0, Some(answer(80.0, true)));
    other.variant = 1;
    let trials = [trial(0, Some(answer(20.0, false))), other];
    let found = summarize(&["a".to_owned(), "b".to_owned(), "c".to_owned()], &trials, 0.95);
    let shown: Vec<(&str, Option<f64>)> =
        found.iter().map(|summary| (summary.variant.as_str(), summary.score.value)).collect();
    assert_eq!(shown, [("a", Some(20.0)), ("b", Some(80.0)), ("c", None)]);
}
