//! Times of fault trials, with those that were not restored.

use crate::trials::{options, trial};
use bakeoff_core::analysis::{AnalysisOptions, LabNumbers, TrialNumbers, Verdict, compare};
use bakeoff_core::metric::{Aggregate, Metric};
use bakeoff_core::outcome::Outcome;

/// A trial on which a fault was done; `restored`: after so many seconds, or not within so many.
fn fault(
    variant: u16,
    case: u32,
    repetition: u16,
    outcome: Outcome,
    restored: Result<f32, f32>,
) -> TrialNumbers {
    let lab = LabNumbers {
        detect_s: Some(1.0 + f32::from(variant)),
        restore_s: restored.ok(),
        censored_s: restored.err(),
        commands: 4,
        destructive: u32::from(variant),
        mechanism: 0,
    };
    TrialNumbers { lab: Some(lab), ..trial(variant, case, repetition, outcome) }
}

fn named() -> AnalysisOptions {
    AnalysisOptions { primary_metric: Metric::RestoreS, ..options(&["no-agent", "runbook"], 4) }
}

/// Nobody repairs: nothing is restored within 15 s. The runbook takes 3, 4 and 5 s.
fn plain() -> Vec<TrialNumbers> {
    let cell = |case: u32, repetition: u16| {
        [
            fault(0, case, repetition, Outcome::Timeout, Err(15.0)),
            fault(1, case, repetition, Outcome::Pass, Ok(3.0 + f32::from(repetition))),
        ]
    };
    (0..4).flat_map(|case| (0..3).flat_map(move |repetition| cell(case, repetition))).collect()
}

#[test]
fn what_was_not_restored_took_at_least_the_limit() {
    let comparison = compare(&plain(), &named());
    let [nobody, runbook] = comparison.variants.as_slice() else { panic!("two variants") };
    let (nobody, runbook) = (nobody.faults.as_ref().unwrap(), runbook.faults.as_ref().unwrap());
    assert_eq!((nobody.limit_s, runbook.limit_s), (Some(15.0), Some(15.0)));
    assert_eq!((nobody.restore_s.mean.value, runbook.restore_s.mean.value), (Some(15.0), Some(4.0)));
    assert_eq!((nobody.restored_share.value, runbook.restored_share.value), (Some(0.0), Some(1.0)));
    assert_eq!(nobody.restore_s.p50.value, None);
    assert_eq!(nobody.restore_s.p50.note.as_deref(), Some("fewer than 50 % were restored in time"));
    let note = nobody.restore_s.mean.note.clone().unwrap();
    assert!(
        note.starts_with(
            "12 of 12 not restored in time, counted as longer; the mean is restricted to 15.0 s"
        ),
        "{note}"
    );
    assert_eq!(runbook.restore_s.p50.value, Some(4.0));
    assert!(nobody.survival.is_empty());
    let curve: Vec<_> =
        runbook.survival.iter().map(|step| (step.at_s, step.at_risk, step.restored)).collect();
    assert_eq!(curve, [(3.0, 12, 4), (4.0, 8, 4), (5.0, 4, 4)]);
    assert_eq!(runbook.survival.last().unwrap().unrestored, 0.0);

    let first = comparison.differences.first().unwrap();
    assert_eq!((first.metric, first.difference.value), (Metric::RestoreS, Some(-11.0)));
    assert_eq!(first.verdict, Verdict::CannotTell, "four cases flip signs in 16 ways, none of which is rare");
    assert!(first.sentence.contains("restores 11.0 s earlier than no-agent"), "{}", first.sentence);
    let compared: Vec<Metric> = comparison.differences.iter().map(|one| one.metric).collect();
    for metric in [Metric::DetectS, Metric::Commands, Metric::Destructive] {
        assert!(compared.contains(&metric), "{metric:?} is compared");
    }
}

#[test]
fn giving_up_early_is_no_way_to_be_watched_for_less() {
    let mut trials = plain();
    // The runbook gives up after 5 s in one trial: nobody repairs after that, so it counts up to the limit.
    trials[1] = fault(1, 0, 0, Outcome::Fail, Err(5.0));
    let comparison = compare(&trials, &named());
    let runbook = comparison.variants[1].faults.as_ref().unwrap();
    let wanted = (4.0 * 12.0 - 3.0 + 15.0) / 12.0;
    assert!((runbook.restore_s.mean.value.unwrap() - wanted).abs() < 1e-9);
    assert_eq!(runbook.restored_share.n, 4, "over cases");
    assert_eq!((runbook.restore_s.min, runbook.restore_s.max), (Some(3.0), Some(5.0)));
}

#[test]
fn runs_with_different_limits_are_censored_where_they_ended() {
    // Two trials were watched for 5 s only, of the others two were restored after that: Kaplan–Meier by hand. At 4: 5/6;
    // two leave at 5; at 8: 5/6 · 2/3; at 10: 5/6 · 1/3; the last is watched until 20.
    let outcomes = [Ok(4.0), Err(5.0), Err(5.0), Ok(8.0), Ok(10.0), Err(20.0)];
    let mut trials: Vec<TrialNumbers> = (0..)
        .zip(outcomes)
        .map(|(case, restored)| {
            let outcome = if restored.is_ok() { Outcome::Pass } else { Outcome::Timeout };
            fault(0, case, 0, outcome, restored)
        })
        .collect();
    trials.extend((0..6).map(|case| fault(1, case, 0, Outcome::Timeout, Err(20.0))));
    let comparison = compare(&trials, &named());
    let faults = comparison.variants[0].faults.as_ref().unwrap();
    let survival: Vec<f64> = faults.survival.iter().map(|step| step.unrestored).collect();
    let wanted = [5.0 / 6.0, 5.0 / 9.0, 5.0 / 18.0];
    assert!(survival.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{survival:?}");
    let area = 4.0 + 4.0 * wanted[0] + 2.0 * wanted[1] + 10.0 * wanted[2];
    let mean = faults.restore_s.mean.value.unwrap();
    assert!((mean - area).abs() < 1e-9, "the restricted mean is {area}, not {mean}");
    assert_eq!(faults.restore_s.p50.value, Some(10.0));
}

#[test]
fn controls_have_no_times_and_void_trials_no_numbers() {
    let mut trials = plain();
    let control = LabNumbers { commands: 2, ..LabNumbers::default() };
    trials.push(TrialNumbers { lab: Some(control), ..trial(1, 4, 0, Outcome::Pass) });
    trials.push(fault(1, 5, 0, Outcome::Void, Err(15.0)));
    let comparison = compare(&trials, &named());
    let runbook = &comparison.variants[1];
    let faults = runbook.faults.as_ref().unwrap();
    assert_eq!((faults.restore_s.n, faults.detect_s.n, faults.commands.n), (12, 12, 13));
    assert_eq!(runbook.mean(Metric::Commands).unwrap().value, Some(50.0 / 13.0));
    let prompts = compare(&[trial(0, 0, 0, Outcome::Pass)], &options(&["a"], 1));
    assert!(prompts.variants[0].faults.is_none());
    assert!(prompts.variants[0].mean(Metric::RestoreS).is_none());
}

#[test]
fn different_mechanisms_are_not_averaged_together() {
    let mut trials = plain();
    let mut other = fault(1, 0, 7, Outcome::Pass, Ok(14.0));
    other.lab.as_mut().unwrap().mechanism = 3;
    trials.push(other);
    let comparison = compare(&trials, &named());
    let faults = comparison.variants[1].faults.as_ref().unwrap();
    assert_eq!((faults.restore_s.n, faults.restore_s.mean.value), (12, Some(4.0)));
    assert_eq!(comparison.variants[1].trials, 12);
    assert_eq!(
        comparison.warnings,
        [
            "1 trial left out: in their cases the fault was done to most trials by another mechanism, and different \
          mechanisms are never averaged together."
        ]
    );
}

#[test]
fn the_metrics_have_the_names_of_the_contract() {
    assert_eq!(Metric::parse("ttr"), Some((Metric::RestoreS, Aggregate::Avg)));
    assert_eq!(Metric::parse("detect_s_p95"), Some((Metric::DetectS, Aggregate::P95)));
    assert_eq!(Metric::parse("avg_commands"), Some((Metric::Commands, Aggregate::Avg)));
    let written = serde_json::to_value([Metric::DetectS, Metric::Destructive]).unwrap();
    assert_eq!(written, serde_json::json!(["detect_s", "destructive"]));
    assert_eq!(serde_json::from_str::<Metric>("\"ttd\"").unwrap(), Metric::DetectS);
}
