//! Runs that are no trials of their own, and numbers that mean something else than they say.

use bakeoff_core::outcome::Outcome;
use bakeoff_mlflow::{Experiment, Run, RunStatus, Runs};
use std::collections::BTreeMap;

fn run(id: &str, at: i64, status: RunStatus, tags: &[(&str, &str)], metrics: &[(&str, f64)]) -> Run {
    let texts =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Run {
        run_id: id.to_owned(),
        name: id.to_owned(),
        status,
        started_at: Some(at),
        ended_at: Some(at + 1),
        params: BTreeMap::new(),
        metrics: metrics.iter().map(|(key, value)| ((*key).into(), *value)).collect(),
        tags: texts(tags),
    }
}

fn experiment(mut runs: Vec<Run>) -> Experiment {
    runs.sort_by_key(|run| std::cmp::Reverse(run.started_at));
    Experiment::new("e", Runs { runs, warnings: Vec::new() })
}

fn outcomes(experiment: &Experiment) -> Vec<Outcome> {
    experiment.numbers().iter().map(|numbers| numbers.outcome).collect()
}

#[test]
fn a_trial_that_was_run_again_counts_once() {
    let ours = |trial, outcome| {
        [
            ("variant_name", "a"),
            ("bakeoff.run", "w/1"),
            ("bakeoff.trial", trial),
            ("bakeoff.outcome", outcome),
        ]
    };
    let experiment = experiment(vec![
        run("first", 1, RunStatus::Failed, &ours("1", "infra_error"), &[]),
        run("other", 2, RunStatus::Finished, &ours("2", "fail"), &[("success", 0.0)]),
        run("again", 3, RunStatus::Finished, &ours("1", "pass"), &[("success", 1.0)]),
        run("summary", 4, RunStatus::Finished, &[("variant_name", "a"), ("bakeoff.summary", "true")], &[]),
    ]);
    assert_eq!(outcomes(&experiment), [Outcome::Fail, Outcome::Pass]);
    assert_eq!(experiment.runs.len(), 4, "all are there to be shown");
}

#[test]
fn a_failed_companion_counts_when_its_run_is_gone() {
    let tags = [("variant_name", "a"), ("ab_test", "true")];
    let failed = run("a_run1_failed", 2, RunStatus::Finished, &tags, &[("success", 0.0)]);
    assert_eq!(outcomes(&experiment(vec![failed.clone()])), [Outcome::Fail]);
    let itself = run("a_run1_20251009_085320", 1, RunStatus::Failed, &tags, &[]);
    let again = run("a_run1_20251009_090000", 3, RunStatus::Finished, &tags, &[("success", 1.0)]);
    assert_eq!(outcomes(&experiment(vec![failed, itself, again])), [Outcome::Fail, Outcome::Pass]);
}

#[test]
fn zeros_that_stand_for_unknown_are_unknown() {
    let zeros = [("cost_usd", 0.0), ("total_tokens", 0.0), ("duration_ms", 5.0), ("success", 1.0)];
    let s3 = experiment(vec![run("a", 1, RunStatus::Finished, &[("ab_test", "true")], &zeros)]);
    let numbers = s3.numbers()[0];
    assert_eq!((numbers.cost_usd, numbers.total_tokens, numbers.latency_ms), (None, None, Some(5.0)));
    assert!(s3.warnings.iter().any(|warning| warning.contains("stands for unknown")), "{:?}", s3.warnings);
    // A model of one's own is free, but it counts tokens.
    let free = [("cost_usd", 0.0), ("total_tokens", 7.0)];
    let numbers =
        experiment(vec![run("a", 1, RunStatus::Finished, &[("ab_test", "true")], &free)]).numbers()[0];
    assert_eq!((numbers.cost_usd, numbers.total_tokens), (Some(0.0), Some(7)));
}

#[test]
fn several_prompts_under_one_name_are_told() {
    let with =
        |id, at, hash| run(id, at, RunStatus::Finished, &[("variant_name", "a"), ("prompt_hash", hash)], &[]);
    let experiment = experiment(vec![with("x", 1, "1111"), with("y", 2, "2222")]);
    assert_eq!(experiment.variants[0].prompts, 2);
    assert!(experiment.warnings[0].contains("2 different prompts"), "{:?}", experiment.warnings);
}
