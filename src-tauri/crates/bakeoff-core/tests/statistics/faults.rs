//! Times of fault trials, with those that were not restored.

use crate::trials::{options, trial};
use bakeoff_core::analysis::{
    AnalysisOptions, FaultName, FaultSlice, HeadToHead, LabNumbers, Scope, TrialNumbers, Verdict, by_fault,
    compare, head_to_head,
};
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
fn times_without_spread_have_no_interval_and_say_why() {
    // Nobody is ever restored, so that all of the restricted mean is the limit; each is detected after 1 s.
    let comparison = compare(&plain(), &named());
    let [nobody, runbook] = comparison.variants.as_slice() else { panic!("two variants") };
    let of_nobody = nobody.faults.as_ref().unwrap();
    let why = "no interval: no spread among 4 cases, and it can be given only once some differ";
    for mean in [&of_nobody.restore_s.mean, &of_nobody.detect_s.mean, &of_nobody.commands.mean] {
        assert_eq!(mean.interval, None, "{mean:?}");
        assert!(mean.note.as_deref().is_some_and(|note| note.ends_with(why)), "{mean:?}");
    }
    assert_eq!(of_nobody.detect_s.p50.value, Some(1.0));
    assert_eq!(of_nobody.detect_s.p50.interval, None);
    // The repetitions of the runbook's trials differ, its cases don't: trials have an interval of percentiles.
    let of_runbook = runbook.faults.as_ref().unwrap();
    assert_eq!((of_runbook.restore_s.mean.value, of_runbook.restore_s.mean.interval), (Some(4.0), None));
    assert!(of_runbook.restored_share.interval.is_some(), "a share has Wilson's");

    // One case, several trials.
    let trials: Vec<TrialNumbers> =
        (0..5).map(|repetition| fault(0, 0, repetition, Outcome::Pass, Ok(35.0))).collect();
    let faults = compare(&trials, &named()).variants[0].faults.clone().unwrap();
    for of in [&faults.restore_s.mean, &faults.restore_s.p50] {
        assert_eq!((of.value, of.interval, of.n), (Some(35.0), None, 5));
        assert!(of.note.as_deref().unwrap_or_default().contains("no spread among 5 trials"), "{of:?}");
    }

    // Kaplan–Meier: of a hundred the times of all that were restored are the same.
    let hundred: Vec<TrialNumbers> = (0..100)
        .map(|case| match case {
            0 => fault(0, case, 0, Outcome::Timeout, Err(20.0)),
            _ => fault(0, case, 0, Outcome::Pass, Ok(5.0)),
        })
        .collect();
    let faults = compare(&hundred, &named()).variants[0].faults.clone().unwrap();
    assert_eq!((faults.restore_s.p50.value, faults.restore_s.p50.interval), (Some(5.0), None));
    let note = faults.restore_s.p50.note.unwrap();
    assert!(note.contains("no spread among 99 times to restoration"), "{note}");
    assert!(faults.restore_s.mean.interval.is_some(), "one trial is longer than the others");
}

#[test]
fn a_difference_that_is_the_same_in_every_case_has_no_interval_but_its_signs() {
    let both = |cases: u32, times: [f32; 2]| -> Vec<TrialNumbers> {
        (0..cases)
            .flat_map(|case| {
                let base = 3.0 + case as f32;
                [0, 1].map(|variant| {
                    fault(variant, case, 0, Outcome::Pass, Ok(base + times[usize::from(variant)]))
                })
            })
            .collect()
    };
    let of = |trials: &[TrialNumbers]| {
        let comparison = compare(trials, &AnalysisOptions { margin: 0.0, ..named() });
        comparison.differences.into_iter().find(|one| one.metric == Metric::RestoreS).unwrap()
    };
    let longer = of(&both(30, [0.0, 2.0]));
    assert_eq!((longer.difference.value, longer.difference.interval), (Some(2.0), None));
    assert_eq!(longer.p_value, Some(2f64.powi(-29)), "two of 2³⁰ sign patterns");
    assert_eq!((longer.verdict, longer.detectable), (Verdict::Worse, None));
    assert!(
        longer.sentence.contains("the same in each of 30 cases, so there is no interval"),
        "{}",
        longer.sentence
    );
    let few = of(&both(4, [0.0, 2.0]));
    assert_eq!(
        (few.p_value, few.verdict),
        (Some(0.125), Verdict::CannotTell),
        "four signs may agree by chance"
    );
    let equal = of(&both(30, [1.0, 1.0]));
    assert_eq!(
        (equal.p_value, equal.verdict, equal.difference.interval),
        (Some(1.0), Verdict::NoDifference, None)
    );
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

/// Four faults, `repetitions` of each; the second variant passes all, the first all but the first `failed` repetitions.
fn duel(repetitions: u16, failed: u16, restore_s: [f32; 2]) -> Vec<TrialNumbers> {
    let cell = |case: u32, repetition: u16| {
        let time = |variant: usize| restore_s[variant] + f32::from(repetition) / 10.0;
        let first = if repetition < failed { Err(15.0) } else { Ok(time(0)) };
        let outcome = if first.is_ok() { Outcome::Pass } else { Outcome::Timeout };
        [fault(0, case, repetition, outcome, first), fault(1, case, repetition, Outcome::Pass, Ok(time(1)))]
    };
    (0..4).flat_map(|case| (0..repetitions).flat_map(move |repetition| cell(case, repetition))).collect()
}

fn judged(trials: &[TrialNumbers], change: impl FnOnce(&mut AnalysisOptions)) -> HeadToHead {
    let mut options = AnalysisOptions { scope: Scope::TheseCases, ..options(&["a", "b"], 4) };
    change(&mut options);
    head_to_head(&compare(trials, &options))
}

#[test]
fn success_decides_a_duel_where_it_can() {
    let found = judged(&duel(3, 2, [4.0, 4.0]), |_| {});
    assert_eq!((found.winner, found.decided_by), (Some(1), Some(Metric::SuccessRate)), "{}", found.reason);
    assert!(found.reason.contains("passes 66.7 points more often than a (95 % interval"), "{}", found.reason);
    let turned: Vec<TrialNumbers> = duel(3, 2, [4.0, 4.0])
        .into_iter()
        .map(|mut trial| {
            trial.key.variant = 1 - trial.key.variant;
            trial
        })
        .collect();
    assert_eq!(judged(&turned, |_| {}).winner, Some(0), "the worse one's other is the winner");
    let running = judged(&duel(3, 2, [4.0, 4.0]), |options| options.complete = false);
    assert_eq!((running.winner, running.reason.starts_with("Still running")), (None, true), "{running:?}");
}

#[test]
fn the_time_to_restoration_breaks_a_tie_only_with_its_interval() {
    let sooner = judged(&duel(5, 0, [8.0, 4.0]), |_| {});
    assert_eq!((sooner.winner, sooner.decided_by), (Some(1), Some(Metric::RestoreS)), "{}", sooner.reason);
    let alike = judged(&duel(5, 0, [4.01, 4.0]), |_| {});
    assert_eq!((alike.winner, alike.decided_by), (None, None));
    assert!(alike.reason.contains("Nor does the time to restoration"), "{}", alike.reason);
    // One trial of each: nothing has an interval.
    assert_eq!(judged(&duel(1, 0, [8.0, 4.0])[..2], |_| {}).winner, None);
}

#[test]
fn a_time_that_contradicts_success_decides_nothing() {
    // The first fails one in five, which is not enough to tell; where it is restored it is much sooner.
    let mut trials = duel(5, 0, [1.0, 9.0]);
    trials[0] = fault(0, 0, 0, Outcome::Fail, Err(2.0));
    let found = judged(&trials, |_| {});
    assert_eq!(found.winner, None);
    assert!(found.reason.contains("points the other way"), "{}", found.reason);
}

#[test]
fn one_fault_has_intervals_over_its_trials() {
    let trials: Vec<TrialNumbers> =
        duel(6, 3, [4.0, 4.0]).into_iter().filter(|trial| trial.key.case == 0).collect();
    let comparison = compare(&trials, &options(&["a", "b"], 1));
    let first = &comparison.variants[0];
    let wilson = first.success_rate.interval.unwrap().bounds().unwrap();
    assert_eq!((first.success_rate.value, first.success_rate.n), (Some(0.5), 6));
    assert!((wilson.0 - 0.18761).abs() < 1e-5 && (wilson.1 - 0.81239).abs() < 1e-5, "{wilson:?}");
    assert!(first.success_rate.note.as_deref().unwrap().contains("about this case only"));
    assert!(comparison.variants[1].faults.as_ref().unwrap().restore_s.mean.interval.is_some());
    let difference = &comparison.differences[0].difference;
    assert_eq!((difference.value, difference.n), (Some(0.5), 1));
    assert!(difference.interval.is_some() && difference.method.contains("Newcombe"), "{difference:?}");
}

#[test]
fn the_table_has_a_row_a_fault_and_loses_no_trial() {
    let name = |fault: &str| FaultName { subject: "embedded".to_owned(), fault: fault.to_owned() };
    // The third case is the first fault again, of a subject that was changed; the fourth is the control.
    let names = [name("node_kill"), name("latency"), name("node_kill"), name("none")];
    let mut trials = duel(2, 1, [4.0, 0.0]);
    for trial in trials.iter_mut().filter(|trial| trial.key.case == 3) {
        trial.lab = Some(LabNumbers::default());
    }
    trials.push(fault(0, 1, 7, Outcome::Void, Err(1.0)));
    let rows = by_fault(&trials, &names, &options(&["a", "b"], 4));
    let heads: Vec<&str> = rows.iter().map(|row| row.name.fault.as_str()).collect();
    assert_eq!(heads, ["node_kill", "latency", "none"]);
    let [a, b] = rows[0].cells.as_slice() else { panic!("two variants") };
    assert_eq!((a.trials, a.passes, b.trials, b.passes), (4, 2, 4, 4), "both cases of one name");
    let zero = b.restore_s.as_ref().unwrap();
    assert!(zero.value.is_some_and(|value| (value - 0.05).abs() < 1e-6), "0 s is a value: {zero:?}");
    let [latency, _] = rows[1].cells.as_slice() else { panic!("two variants") };
    assert_eq!((latency.trials, latency.unusable), (3, 1), "a void trial is told");
    assert!(latency.outcomes.iter().any(|count| count.outcome == Outcome::Void && count.count == 1));
    let [control, _] = rows[2].cells.as_slice() else { panic!("two variants") };
    assert_eq!(control.restore_s.as_ref().and_then(|restore| restore.value), None);
    let trials_of = |row: &FaultSlice| row.cells.iter().map(|cell| cell.trials).sum::<u32>();
    assert_eq!(rows.iter().map(trials_of).sum::<u32>() as usize, trials.len());
}
