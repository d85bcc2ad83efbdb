//! Scorecards: which trials count where, and what is said about those that don't.

use crate::trials::{options, passed, table, trial};
use bakeoff_core::analysis::{LabelPair, compare, confusion, slices, summarize};
use bakeoff_core::metric::Metric;
use bakeoff_core::outcome::{Outcome, TimeoutCountsAs};

#[test]
fn every_outcome_is_counted_and_only_usable_ones_enter_the_rate() {
    let trials: Vec<_> = Outcome::ALL
        .into_iter()
        .enumerate()
        .map(|(case, outcome)| trial(0, case as u32, 0, outcome))
        .collect();
    let mut options = options(&["default"], 10);
    let summary = &summarize(&trials, &options)[0];
    assert_eq!((summary.trials, summary.usable, summary.unusable, summary.passes), (10, 3, 7, 1));
    assert_eq!(summary.success_rate.value, Some(1.0 / 3.0), "pass ÷ (pass + fail + time-out)");
    assert_eq!((summary.success_rate_worst, summary.success_rate_best), (Some(0.1), Some(0.8)));
    assert_eq!(summary.outcomes.len(), 10);
    options.timeout_counts_as = TimeoutCountsAs::Unusable;
    assert_eq!(summarize(&trials, &options)[0].success_rate.value, Some(0.5), "pass ÷ (pass + fail)");
}

#[test]
fn latency_is_of_answers_and_says_how_many_timed_out() {
    let mut trials: Vec<_> = (0..20).map(|case| trial(0, case, 0, Outcome::Pass)).collect();
    for trial in &mut trials[..3] {
        trial.outcome = Outcome::Timeout;
        trial.latency_ms = Some(300_000.0);
    }
    let latency = &summarize(&trials, &options(&["default"], 20))[0].latency_ms;
    assert_eq!((latency.n, latency.unknown), (17, 0));
    assert!(latency.max.unwrap() < 1_000.0, "the limit is no latency");
    let note = latency.p95.note.as_ref().unwrap();
    assert!(note.contains("3 time-outs are not in these numbers"), "{note}");
    assert!(note.contains("needs n ≥ 72"), "{note}");
}

#[test]
fn an_unknown_price_is_unknown_and_a_free_answer_is_free() {
    let mut trials: Vec<_> =
        (0..10).flat_map(|case| [0, 1, 2].map(|v| trial(v, case, 0, Outcome::Pass))).collect();
    for trial in &mut trials {
        trial.cost_usd = (trial.key.variant > 0).then_some(0.0);
        if trial.key.variant == 2 && trial.key.case < 4 {
            trial.cost_usd = None;
        }
    }
    let summaries = summarize(&trials, &options(&["unpriced", "free", "partly"], 10));
    let unpriced = &summaries[0];
    assert_eq!((unpriced.cost_usd.mean.value, unpriced.cost_usd.n, unpriced.cost_usd.unknown), (None, 0, 10));
    assert!(unpriced.cost_usd.mean.note.as_ref().unwrap().contains("price"));
    assert_eq!(unpriced.cost_per_success_usd.value, None);
    let free = &summaries[1];
    assert_eq!(free.cost_usd.mean.value, Some(0.0), "0 is a value");
    assert_eq!(free.cost_per_success_usd.value, Some(0.0));
    assert_eq!((summaries[2].cost_usd.n, summaries[2].cost_usd.unknown), (6, 4));
    assert!(summaries[2].cost_per_success_usd.note.as_ref().unwrap().contains("unknown for 4"));
}

#[test]
fn cost_per_success_is_sum_by_sum_with_an_interval_on_request() {
    let reference: serde_json::Value =
        serde_json::from_str(include_str!("../../../../../tests/fixtures/oracles/scipy.json")).unwrap();
    let row = &reference["cost_per_success"];
    let numbers = |key: &str| -> Vec<f64> { serde_json::from_value(row[key].clone()).unwrap() };
    let cases = numbers("cost").into_iter().zip(numbers("success"));
    let trials: Vec<_> = cases
        .enumerate()
        .map(|(case, (cost, success))| {
            let mut trial = trial(0, case as u32, 0, passed(success == 1.0));
            trial.cost_usd = Some(cost);
            trial
        })
        .collect();
    let mut options = options(&["default"], 40);
    let quick = summarize(&trials, &options)[0].cost_per_success_usd.clone();
    assert!((quick.value.unwrap() - row["ratio"].as_f64().unwrap()).abs() < 1e-12);
    assert_eq!((quick.interval, quick.note.as_deref()), (None, Some("the interval needs resampling")));
    options.resampling = true;
    let (low, high) =
        summarize(&trials, &options)[0].cost_per_success_usd.interval.unwrap().bounds().unwrap();
    let expected = numbers("bca");
    let width = expected[1] - expected[0];
    // 4,000 resamples: the ends have a standard error of about 1.5 % of the width.
    assert!(
        (low - expected[0]).abs() < 0.05 * width && (high - expected[1]).abs() < 0.05 * width,
        "{low} {high}"
    );
}

#[test]
fn a_success_that_costs_the_same_in_every_case_has_no_interval() {
    let mut options = options(&["free", "priced"], 20);
    options.resampling = true;
    let mut trials: Vec<_> =
        (0..20).flat_map(|case| [0, 1].map(|v| trial(v, case, 0, passed(case % 3 > 0)))).collect();
    for trial in &mut trials {
        trial.cost_usd = Some(f64::from(trial.key.variant) * 0.01);
    }
    let summaries = summarize(&trials, &options);
    let (free, priced) = (&summaries[0].cost_per_success_usd, &summaries[1].cost_per_success_usd);
    assert_eq!((free.value, free.interval), (Some(0.0), None), "failures that cost nothing change nothing");
    assert!(free.note.as_ref().unwrap().contains("no spread among 20 cases"), "{free:?}");
    assert!(priced.interval.is_some(), "failures that cost something do: {priced:?}");
}

#[test]
fn a_difference_of_shares_is_never_more_than_a_hundred_points() {
    // Three repetitions of five cases: four that only the second variant passes, one that both do.
    let trials: Vec<_> = (0..5)
        .flat_map(|case| (0..3).flat_map(move |repetition| [0, 1].map(|v| (v, case, repetition))))
        .map(|(v, case, repetition)| trial(v, case, repetition, passed(v == 1 || case == 4)))
        .collect();
    let comparison = compare(&trials, &options(&["default", "careful"], 5));
    let first = comparison.differences.iter().find(|one| one.metric == Metric::SuccessRate).unwrap();
    let (low, high) = first.difference.interval.unwrap().bounds().unwrap();
    assert!((first.difference.value.unwrap() - 0.8).abs() < 1e-12);
    assert!(high == 1.0 && low > 0.0 && low < 0.5, "{low} {high}");
    assert!(first.difference.note.as_ref().unwrap().contains("clipped to ±100 points"));
}

#[test]
fn repetitions_are_no_further_cases() {
    // Eight cases, each always or never right, ten times over.
    let trials: Vec<_> = (0..8)
        .flat_map(|case| (0..10).map(move |repetition| trial(0, case, repetition, passed(case < 5))))
        .collect();
    let rate = &summarize(&trials, &options(&["default"], 8))[0].success_rate;
    let (low, high) = rate.interval.unwrap().bounds().unwrap();
    assert!(high - low > 0.6, "80 trials of 8 cases know no more than 8 cases: {low} {high}");
    assert_eq!((rate.n, rate.method.as_str()), (8, "t over case means"));
    assert!(rate.note.as_ref().unwrap().contains("these cases only"));
    assert!(rate.note.as_ref().unwrap().contains("clipped") && high == 1.0);
}

#[test]
fn repetitions_that_never_fail_are_not_certain() {
    let trials: Vec<_> = (0..12)
        .flat_map(|case| (0..2_u16).flat_map(move |v| (0..5).map(move |r| trial(v, case, r, Outcome::Pass))))
        .collect();
    let comparison = compare(&trials, &options(&["default", "careful"], 12));
    let (low, _) = comparison.variants[0].success_rate.interval.unwrap().bounds().unwrap();
    assert!(low < 0.8, "Wilson over 12 cases: {low}");
    let (low, high) = comparison.differences[0].difference.interval.unwrap().bounds().unwrap();
    assert!(low < -0.1 && high > 0.1, "Tango over 12 cases: {low} {high}");
}

#[test]
fn a_case_without_a_result_of_one_leaves_both() {
    let mut trials = table(10, 5, 2, 3);
    trials[0].outcome = Outcome::InfraError;
    let comparison = compare(&trials, &options(&["default", "careful"], 20));
    let difference = &comparison.differences[0].difference;
    assert_eq!(difference.n, 19);
    assert!(difference.note.as_ref().unwrap().contains("1 case left out"));
    assert_eq!(difference.value, Some(3.0 / 19.0));
}

#[test]
fn a_lopsided_unusable_share_is_a_warning() {
    let mut trials = table(60, 20, 20, 20);
    for trial in trials.iter_mut().filter(|trial| trial.key.variant == 1 && trial.key.case < 12) {
        trial.outcome = Outcome::InfraError;
    }
    let warnings = compare(&trials, &options(&["default", "careful"], 120)).warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("careful 12 of 120, default 0 of 120 (Fisher p < 0.001)"),
        "{}",
        warnings[0]
    );
    let even = compare(&table(60, 20, 20, 20), &options(&["default", "careful"], 120));
    assert_eq!(even.warnings, Vec::<String>::new());
}

#[test]
fn paced_latency_is_called_so() {
    let mut trials = vec![trial(0, 0, 0, Outcome::Pass), trial(0, 1, 0, Outcome::Pass)];
    trials[0].paced = true;
    let summary = &summarize(&trials, &options(&["default"], 2))[0];
    assert!(summary.paced && summary.latency_ms.mean.note.as_ref().unwrap().contains("artificial"));
}

/// Case effects are large and every case is tried five times: taking trials for independent would give intervals
/// that miss the true median far too often.
#[test]
fn percentile_intervals_over_cases_cover_the_median() {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut uniform = || f64::from(rng.next_u32()) / f64::from(u32::MAX);
    let rounds = 300;
    let mut covered = 0;
    for _ in 0..rounds {
        let mut trials = Vec::new();
        for case in 0..40 {
            let effect = 1_000.0 * uniform();
            for repetition in 0..5 {
                let mut trial = trial(0, case, repetition, Outcome::Pass);
                trial.latency_ms = Some(effect + 20.0 * uniform());
                trials.push(trial);
            }
        }
        let median = summarize(&trials, &options(&["default"], 40))[0].latency_ms.p50.clone();
        covered += u32::from(median.interval.unwrap().contains(510.0));
    }
    assert!((273..=297).contains(&covered), "covered {covered} of {rounds}; 285 is nominal");
}

#[test]
fn slices_come_with_the_largest_first() {
    let trials = table(6, 2, 1, 1);
    let value_of: Vec<Option<u32>> =
        (0..10).map(|case| if case == 9 { None } else { Some(u32::from(case >= 3)) }).collect();
    let names = ["disk".to_owned(), "network".to_owned(), "unused".to_owned()];
    let slices = slices(&trials, &value_of, &names, &options(&["default", "careful"], 10));
    let seen: Vec<_> = slices
        .iter()
        .map(|slice| (slice.value.as_str(), slice.success_rate[0].value, slice.success_rate[0].n))
        .collect();
    assert_eq!(seen, [("network", Some(4.0 / 6.0), 6), ("disk", Some(1.0), 3)]);
    assert_eq!(slices[0].success_rate[1].value, Some(5.0 / 6.0));
}

#[test]
fn confusion_counts_other_and_none() {
    let pair = |variant, expected, answered| LabelPair { variant, expected, answered };
    let pairs = [
        pair(0, "network", Some("network")),
        pair(0, "disk", Some("network")),
        pair(0, "disk", Some("printer")),
        pair(1, "disk", None),
        pair(7, "disk", None),
    ];
    let matrices = confusion(pairs, 2);
    assert_eq!(matrices[0].expected, ["disk", "network"]);
    assert_eq!(matrices[0].answered, ["disk", "network", "other", "none"]);
    assert_eq!(matrices[0].counts, [[0, 1, 1, 0], [0, 1, 0, 0]]);
    assert_eq!(matrices[1].counts, [[0, 0, 0, 1], [0, 0, 0, 0]]);
    assert_eq!(confusion([], 2), []);
}

#[test]
fn cost_per_success_can_decide() {
    let trials: Vec<_> = table(60, 0, 0, 40)
        .into_iter()
        .map(|mut trial| {
            let base = 0.001 + 0.0001 * f64::from(trial.key.case % 3);
            trial.cost_usd = Some(if trial.key.variant == 1 { base / 2.0 } else { base });
            trial
        })
        .collect();
    let mut options = options(&["default", "thrifty"], 100);
    options.primary_metric = Metric::CostPerSuccessUsd;
    options.resampling = true;
    let comparison = compare(&trials, &options);
    let first = &comparison.differences[0];
    assert_eq!(first.metric, Metric::CostPerSuccessUsd);
    assert_eq!(first.verdict, bakeoff_core::analysis::Verdict::Better, "{first:?}");
    assert_eq!(first.difference.method, "percentile bootstrap over cases");
}
