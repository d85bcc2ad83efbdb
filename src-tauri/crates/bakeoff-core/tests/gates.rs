//! Gates held against the numbers of runs.

use bakeoff_core::analysis::{AnalysisOptions, Scope, TrialNumbers, compare};
use bakeoff_core::gate::{
    Gate, GateAction, GateDecision, GateNumbers, GateResult, GateScope, GateState, GateVerdict, Measures,
    evaluate, state,
};
use bakeoff_core::metric::Metric;
use bakeoff_core::outcome::{Outcome, TimeoutCountsAs};
use bakeoff_core::trial::{Score, TrialKey};

const PASS: GateVerdict = GateVerdict::Pass;
const FAIL: GateVerdict = GateVerdict::Fail;
const CANNOT_TELL: GateVerdict = GateVerdict::CannotTell;

fn trial(case: u32, variant: u16, outcome: Outcome) -> TrialNumbers {
    TrialNumbers {
        key: TrialKey { case, variant, repetition: 0 },
        outcome,
        score: None,
        latency_ms: Some(100.0 + f64::from(case)),
        cost_usd: Some(0.01),
        input_tokens: Some(100),
        output_tokens: Some(20),
        total_tokens: None,
        paced: false,
        lab: None,
    }
}

/// `passes` of `cases` for each variant.
fn trials(cases: u32, passes: &[u32]) -> Vec<TrialNumbers> {
    let of = |(variant, passes): (usize, &u32)| {
        let passes = *passes;
        let outcome = move |case| if case < passes { Outcome::Pass } else { Outcome::Fail };
        (0..cases).map(move |case| trial(case, variant as u16, outcome(case)))
    };
    passes.iter().enumerate().flat_map(of).collect()
}

fn gate(metric: &str, min: Option<f64>, max: Option<f64>) -> Gate {
    Gate {
        name: metric.into(),
        description: None,
        metric: metric.into(),
        max,
        min,
        action: GateAction::Fail,
        on: GateScope::Variant,
        decide: GateDecision::Point,
    }
}

fn by_interval(gate: Gate) -> Gate {
    Gate { decide: GateDecision::Interval, ..gate }
}

fn on(scope: GateScope, gate: Gate) -> Gate {
    Gate { on: scope, ..gate }
}

fn results(trials: &[TrialNumbers], gate: Gate, measures: &Measures) -> Vec<GateResult> {
    let variants = trials.iter().map(|trial| trial.key.variant).max().unwrap_or(0) + 1;
    let options = AnalysisOptions {
        variants: (0..variants)
            .map(|index| ["plain", "warm", "cold"][usize::from(index)].to_owned())
            .collect(),
        baseline: 0,
        cases: trials.iter().map(|trial| trial.key.case).max().unwrap_or(0) + 1,
        confidence: 0.95,
        margin: 0.0,
        primary_metric: Metric::SuccessRate,
        timeout_counts_as: TimeoutCountsAs::Fail,
        complete: true,
        seed: 1,
        resampling: false,
        scope: Scope::default(),
    };
    let comparison = compare(trials, &options);
    let measures = measures.clone().into_list();
    evaluate(
        &[gate],
        &GateNumbers { comparison: &comparison, options: &options, trials, measures: &measures },
    )
}

fn one(trials: &[TrialNumbers], gate: Gate) -> GateResult {
    results(trials, gate, &Measures::default()).remove(0)
}

fn verdict(trials: &[TrialNumbers], gate: Gate) -> GateVerdict {
    one(trials, gate).verdict
}

#[test]
fn bounds_are_inclusive() {
    let trials = trials(10, &[9]);
    for (min, max, expected) in [
        (Some(0.9), None, PASS),
        (Some(0.91), None, FAIL),
        (None, Some(0.9), PASS),
        (None, Some(0.89), FAIL),
        (Some(0.9), Some(0.9), PASS),
        (Some(0.1), Some(0.5), FAIL),
    ] {
        assert_eq!(verdict(&trials, gate("success_rate", min, max)), expected, "{min:?} to {max:?}");
    }
    let result = one(&trials, gate("success", Some(0.91), None));
    assert_eq!(result.sentence, "success_rate of plain is 90.0 % (n = 10), at least 91 % is allowed: fails.");
    assert_eq!((result.actual, result.n), (Some(0.9), 10));
    assert!(result.interval.is_some(), "the interval is shown whatever decides");
}

#[test]
fn metrics_have_all_their_names() {
    let trials = trials(20, &[20]);
    for (metric, value) in [
        ("cost_usd", 0.01),
        ("cost", 0.01),
        ("cost_usd_avg", 0.01),
        ("avg_cost_usd", 0.01),
        ("duration_ms", 109.5),
        ("duration_ms_p95", 118.05),
        ("latency_ms_max", 119.0),
        ("min_latency", 100.0),
        ("tokens", 120.0),
        ("total_tokens_p50", 120.0),
        ("cost_per_success_usd", 0.01),
    ] {
        let result = one(&trials, gate(metric, None, Some(1e9)));
        let actual = result.actual.unwrap_or(f64::NAN);
        assert!((actual - value).abs() < 1e-9 && result.verdict == PASS, "{metric}: {}", result.sentence);
    }
}

#[test]
fn a_bound_that_looks_like_the_value_is_told_apart() {
    let mut trials = trials(1, &[1]);
    trials[0].latency_ms = Some(2000.4);
    let result = one(&trials, gate("duration_ms", None, Some(2000.0)));
    assert_eq!(
        result.sentence,
        "latency_ms of plain is 2000 ms (2000.4) (n = 1), at most 2000 ms is allowed: fails."
    );
}

#[test]
fn what_is_missing_fails_with_its_reason() {
    let mut trials = trials(4, &[4]);
    let result = one(&trials, gate("qualty_score_avg", Some(0.8), None));
    assert_eq!((result.verdict, result.actual), (FAIL, None));
    assert_eq!(
        result.sentence,
        "There is no metric qualty_score_avg in this run. There are success_rate, score, latency_ms, cost_usd, total_tokens, input_tokens, output_tokens, cost_per_success_usd, detect_s, restore_s, commands, destructive."
    );
    assert!(one(&trials, gate("cots_usd", None, Some(1.0))).sentence.contains("Did you mean cost_usd?"));
    let unknown = one(&trials, gate("success_rate_p95", Some(0.8), None));
    assert!(unknown.sentence.contains("success_rate is of a whole variant"), "{}", unknown.sentence);
    trials.iter_mut().for_each(|trial| trial.cost_usd = None);
    let result = one(&trials, gate("cost_usd", None, Some(1.0)));
    assert_eq!(result.verdict, FAIL);
    assert!(result.sentence.starts_with("cost_usd of plain has no value: "), "{}", result.sentence);
    let nothing = one(&trials, gate("score", Some(0.5), None));
    assert!(nothing.sentence.contains("has no value"), "{}", nothing.sentence);
}

#[test]
fn an_interval_decides_or_says_how_many_more_would() {
    let trials_of = |cases, passes| trials(cases, &[passes]);
    let gate = |min| by_interval(gate("success_rate", Some(min), None));
    assert_eq!(verdict(&trials_of(40, 36), gate(0.7)), PASS);
    assert_eq!(verdict(&trials_of(40, 36), gate(0.97)), FAIL);
    let result = one(&trials_of(40, 36), gate(0.8));
    assert_eq!(result.verdict, CANNOT_TELL);
    assert_eq!(
        result.sentence,
        "success_rate of plain is 90.0 % [76.9 %, 96.0 %] (n = 40), at least 80 % is allowed: cannot tell. If the value stays where it is, about 29 trials more would settle it."
    );
    // It is about right: the same rate with so many more is settled, with half as many it isn't.
    assert_eq!(verdict(&trials_of(70, 63), gate(0.8)), PASS);
    assert_eq!(verdict(&trials_of(50, 45), gate(0.8)), CANNOT_TELL);
    // A value on the wrong side of the bound can't be told either while its interval reaches over.
    assert_eq!(verdict(&trials_of(40, 31), gate(0.8)), CANNOT_TELL);
    let at_the_bound = one(&trials_of(40, 32), gate(0.8));
    assert!(
        at_the_bound.sentence.ends_with("no number of trials would settle it."),
        "{}",
        at_the_bound.sentence
    );
}

#[test]
fn without_an_interval_nobody_can_tell() {
    let result = one(&trials(1, &[1]), by_interval(gate("latency_ms", None, Some(1e6))));
    assert_eq!(result.verdict, CANNOT_TELL);
    assert!(
        result.sentence.contains("It has no interval: ") && result.sentence.contains("at least 2 cases"),
        "{}",
        result.sentence
    );
    // Several trials of one case have one, about that case.
    let mut repeated = trials(1, &[1]);
    repeated.extend((1..9).map(|repetition| TrialNumbers {
        key: TrialKey { case: 0, variant: 0, repetition },
        ..trial(0, 0, Outcome::Pass)
    }));
    assert_eq!(verdict(&repeated, by_interval(gate("success_rate", Some(0.5), None))), PASS);
    let largest = one(&trials(30, &[30]), by_interval(gate("latency_ms_max", None, Some(1e6))));
    assert!(
        largest.verdict == CANNOT_TELL && largest.sentence.contains("say nothing about others"),
        "{}",
        largest.sentence
    );
    let p99 = one(&trials(30, &[30]), by_interval(gate("latency_ms_p99", None, Some(1e6))));
    assert!(p99.verdict == CANNOT_TELL && p99.sentence.contains("needs n ≥ 368"), "{}", p99.sentence);
    assert_eq!(verdict(&trials(80, &[80]), by_interval(gate("latency_ms_p95", None, Some(180.0)))), PASS);
}

#[test]
fn every_trial_can_be_held_to_a_bound() {
    let mut trials = trials(10, &[10]);
    let gate = |max| on(GateScope::Trial, gate("latency_ms", None, Some(max)));
    let result = one(&trials, gate(109.0));
    assert_eq!(result.sentence, "Every trial of plain (10) holds: latency_ms, at most 109 ms is allowed.");
    let result = one(&trials, gate(107.5));
    assert_eq!((result.verdict, result.actual), (FAIL, Some(109.0)));
    assert_eq!(
        result.sentence,
        "latency_ms of every trial of plain, at most 107.5 ms is allowed: 2 trials of 10 don't hold; the furthest is 109 ms."
    );
    trials[3].outcome = Outcome::Timeout;
    let late = one(&trials, gate(500.0));
    assert!(late.verdict == FAIL && late.sentence.contains("1 trial timed out"), "{}", late.sentence);
    trials[3] = trial(3, 0, Outcome::InfraError);
    assert_eq!(verdict(&trials, gate(500.0)), PASS, "what is not the variant's is left out");
    trials[4].cost_usd = None;
    let unknown = one(&trials, on(GateScope::Trial, self::gate("cost", None, Some(1.0))));
    assert!(
        unknown.verdict == FAIL && unknown.sentence.contains("of 1 trial it is not known"),
        "{}",
        unknown.sentence
    );
    assert_eq!(verdict(&trials, on(GateScope::Trial, self::gate("success_rate", Some(1.0), None))), PASS);
    let none = one(&trials, on(GateScope::Trial, self::gate("score", Some(0.5), None)));
    assert_eq!((none.verdict, none.actual), (FAIL, None));
}

#[test]
fn differences_are_to_the_baseline() {
    let trials = trials(200, &[120, 180]);
    let none = Measures::default();
    let found = results(&trials, on(GateScope::Difference, gate("success_rate", Some(0.25), None)), &none);
    assert_eq!(found.len(), 1, "the baseline has no difference to itself");
    assert_eq!((found[0].variant.as_str(), found[0].verdict), ("warm", PASS));
    assert_eq!(
        found[0].sentence,
        "success_rate of warm minus the baseline's is 30.0 points (n = 200), at least 25 points is allowed: holds."
    );
    let interval = by_interval(on(GateScope::Difference, gate("success_rate", Some(0.29), None)));
    assert_eq!(results(&trials, interval, &none)[0].verdict, CANNOT_TELL);
    let p95 = results(&trials, on(GateScope::Difference, gate("latency_ms_p95", None, Some(1.0))), &none);
    assert!(
        p95[0].verdict == FAIL && p95[0].sentence.contains("only means and rates"),
        "{}",
        p95[0].sentence
    );
}

fn score(metric: &str, score: f64) -> Score {
    Score {
        scorer: "exact".into(),
        metric: metric.into(),
        score,
        weight: 1.0,
        passed: true,
        reason: String::new(),
    }
}

#[test]
fn scorers_and_numeric_outputs_are_measures() {
    let trials = trials(20, &[20, 20]);
    let mut measures = Measures::default();
    for one in &trials {
        let case = f64::from(one.key.case);
        let value = if one.key.variant == 0 { case - 30.0 } else { case - 25.0 };
        let answer = format!(
            r#"{{"balance": {value}, "approved": {}, "label": "x", "accuracy": 7}}"#,
            one.key.case < 15
        );
        measures.add(one.key, &[score("accuracy", case / 19.0)], Some(&answer));
    }
    measures.add(trials[0].key, &[], Some("no JSON"));
    let check = |gate: Gate| {
        let found = results(&trials, gate, &measures);
        (found[0].actual.map(|value| (value * 1e6).round() / 1e6), found[0].verdict)
    };
    assert_eq!(check(gate("accuracy", Some(0.5), None)), (Some(0.5), PASS), "the scorer's, not the output's");
    assert_eq!(check(gate("balance_min", Some(-30.0), None)), (Some(-30.0), PASS));
    assert_eq!(check(gate("p50_balance", None, Some(-21.0))), (Some(-20.5), FAIL));
    assert_eq!(check(gate("approved", Some(0.7), None)), (Some(0.75), PASS));
    assert_eq!(
        check(by_interval(gate("balance", None, Some(-10.0)))),
        (Some(-20.5), PASS),
        "an interval may be negative"
    );
    assert_eq!(check(on(GateScope::Trial, gate("balance", None, Some(-12.0)))).1, FAIL);
    let difference = results(&trials, on(GateScope::Difference, gate("balance", Some(4.9), None)), &measures);
    assert_eq!((difference[0].actual, difference[0].verdict), (Some(5.0), PASS));
    let missing = results(&trials, gate("acuracy", Some(0.5), None), &measures);
    assert!(
        missing[0].sentence.contains("Did you mean accuracy?")
            && missing[0].sentence.contains("approved, balance"),
        "{}",
        missing[0].sentence
    );
}

#[test]
fn every_variant_is_checked() {
    let found = results(&trials(10, &[10, 5]), gate("success_rate", Some(0.8), None), &Measures::default());
    let verdicts: Vec<_> = found.iter().map(|one| (one.variant.as_str(), one.verdict)).collect();
    assert_eq!(verdicts, [("plain", PASS), ("warm", FAIL)]);
}

#[test]
fn the_worst_gate_gives_the_state_of_all() {
    let of = |verdict, action| {
        let gate = Gate {
            name: "g".into(),
            description: None,
            metric: "score".into(),
            max: None,
            min: Some(0.5),
            action,
            on: GateScope::Variant,
            decide: GateDecision::Point,
        };
        GateResult {
            gate,
            variant: "a".into(),
            verdict,
            actual: None,
            interval: None,
            n: 1,
            sentence: String::new(),
        }
    };
    let (warn, fail, block) = (GateAction::Warn, GateAction::Fail, GateAction::BlockDeploy);
    assert_eq!(state(&[]), None);
    let mut results = Vec::new();
    for (verdict, action, expected) in [
        (PASS, block, GateState::Passed),
        (CANNOT_TELL, block, GateState::CannotTell),
        (FAIL, warn, GateState::Warned),
        (FAIL, fail, GateState::Failed),
        (FAIL, block, GateState::Blocks),
    ] {
        results.insert(0, of(verdict, action));
        assert_eq!(state(&results), Some(expected));
    }
}

#[test]
fn measures_of_pooled_runs_all_count() {
    // Two runs of the same case: their keys are the same but for the repetition, which is the same here.
    let key = TrialKey { case: 0, variant: 0, repetition: 0 };
    let mut measures = Measures::default();
    measures.add(key, &[], Some(r#"{"depth": 1}"#));
    measures.add(key, &[], Some(r#"{"depth": 3}"#));
    let trials: Vec<TrialNumbers> = (0..2)
        .map(|repetition| TrialNumbers { key: TrialKey { repetition, ..key }, ..trial(0, 0, Outcome::Pass) })
        .collect();
    let gate = Gate {
        name: "deep".into(),
        description: None,
        metric: "depth".into(),
        max: Some(2.0),
        min: Some(2.0),
        action: GateAction::Warn,
        on: GateScope::Variant,
        decide: GateDecision::Point,
    };
    let found = results(&trials, gate.clone(), &measures);
    assert_eq!((found[0].actual, found[0].verdict), (Some(2.0), PASS), "the mean of both: {found:?}");
    let each = results(&trials, Gate { on: GateScope::Trial, ..gate }, &measures);
    assert_eq!((each[0].n, each[0].verdict), (2, FAIL), "both trials are looked at: {each:?}");
}
