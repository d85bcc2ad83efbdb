//! Trials that are one run of the user's own program.

use crate::common::World;
use crate::flows::{check_failed, object, of, only, program};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::RunnerErrorKind;
use bakeoff_core::workflow::Runner;
use bakeoff_engine::EndReason;
use bakeoff_testkit::{FakeModel, FakeRun, FakeRunner};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn world(
    trials: u32,
    state: &[(&str, &str)],
    script: impl Fn(&bakeoff_core::ports::RunnerCall, usize) -> FakeRun + Send + Sync + 'static,
) -> World {
    let mut program = program(state, Vec::new(), Vec::new());
    program.runner = Some(Runner {
        command: vec!["python3".into(), "agent.py".into()],
        environment: vec!["MY_KEY".into()],
    });
    let mut variant = of("own", "", program);
    variant.prompt = Some("Be brief.".into());
    let mut world = World::new(trials, FakeModel::always("never called")).variants(vec![variant]);
    world.runner = Arc::new(FakeRunner::new(script));
    world.spec.scorers.clear();
    world.spec.workflow = Some("workflows/triage.yaml".into());
    world
}

fn always(output: Value) -> impl Fn(&bakeoff_core::ports::RunnerCall, usize) -> FakeRun + Send + Sync {
    move |_, _| FakeRun::output(output.clone()).after(SECOND)
}

#[tokio::test(start_paused = true)]
async fn a_program_gets_everything_and_tells_everything() {
    let output = json!({
        "outputs": {"label": "disk", "score": "0.5", "more": [1]},
        "tokens": {"input": 100, "output": 20, "cached_input": 7},
        "cost_usd": 0.25,
        "latency_ms": 120.5,
    });
    let mut world = world(1, &[("input", "str"), ("team", "str"), ("score", "float")], always(output));
    world.spec.inputs = object(json!({"team": "core"}));
    let record = only(&world).await;
    assert_eq!((record.outcome, &record.error), (Outcome::Pass, &None));
    assert_eq!(record.answer.as_deref(), Some(r#"{"label":"disk","score":0.5,"more":[1]}"#));
    assert_eq!((record.latency_ms, record.cost_usd), (Some(120.5), Some(0.25)));
    assert_eq!((record.usage.input_tokens, record.usage.output_tokens), (Some(100), Some(20)));
    assert_eq!(record.usage.cached_input_tokens, Some(7));
    let [attempt] = &record.attempts[..] else { panic!("one run is one attempt: {record:?}") };
    assert_eq!((attempt.provider.as_str(), attempt.model.as_str()), ("runner", "python3"));
    let [step] = &record.steps[..] else { panic!("one step: {record:?}") };
    assert_eq!((step.node.as_str(), step.answer.as_deref()), ("runner", Some("the fake program ran\n")));
    assert_eq!((step.state["team"].clone(), step.state["score"].clone()), (json!("core"), json!(0.5)));
    let call = world.runner.calls().remove(0);
    assert_eq!(
        (call.command, call.environment),
        (vec!["python3".into(), "agent.py".into()], vec!["MY_KEY".into()])
    );
    assert_eq!(call.timeout, world.spec.timeout);
    assert_eq!(call.input["workflow"], json!({"name": "triage", "file": "workflows/triage.yaml"}));
    assert_eq!(call.input["inputs"], json!({"input": "ticket 0", "team": "core", "score": null}));
    assert_eq!(call.input["variant"]["prompt"], json!("Be brief."));
    assert_eq!(call.input["trial"], json!({"case": "case-0", "case_index": 0, "repetition": 0}));
    assert!(call.input["seed"].is_u64());
    assert_eq!(world.model.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn only_outputs_are_needed_and_a_row_is_no_envelope() {
    let world = world(2, &[], always(json!({"outputs": {}})));
    world.run().await;
    let records = world.log.records();
    assert_eq!(
        (records[0].latency_ms, records[0].cost_usd),
        (Some(1_000.0), None),
        "its wall time, no guess"
    );
    assert_eq!(records[0].answer.as_deref(), Some("{}"));
    let calls = world.runner.calls();
    assert_eq!(calls[0].input["inputs"], json!({"input": "ticket 0"}), "what is expected stays a secret");
    assert_ne!(calls[0].input["seed"], calls[1].input["seed"], "each case has its own luck");
}

#[tokio::test(start_paused = true)]
async fn wrong_shapes_fail_with_what_is_wrong() {
    let shapes = [
        (json!([1]), "It is no object"),
        (json!({"output": 1}), "It has no `outputs`, but: output"),
        (json!({"outputs": 1}), "expected a map"),
        (json!({"outputs": {}, "cost_usd": "cheap"}), "expected f64"),
        (json!({"outputs": {"score": "high"}}), "`score` must be float, but is the text \"high\""),
    ];
    for (shape, words) in shapes {
        let world = world(1, &[("input", "str"), ("score", "float")], always(shape));
        let record = only(&world).await;
        check_failed(&record, Outcome::Fail, words);
        assert!(record.steps[0].error.is_some() && record.steps[0].answer.is_some(), "stderr is kept");
        assert_eq!(record.latency_ms, Some(1_000.0));
    }
}

#[tokio::test(start_paused = true)]
async fn failures_have_the_outcome_of_whose_fault_they_are() {
    let failures = [
        (FakeRun::error(RunnerErrorKind::NotStarted, "no python3"), Outcome::InfraError, "no python3"),
        (FakeRun::error(RunnerErrorKind::Failed, "exit code 3"), Outcome::Fail, "exit code 3"),
        (FakeRun::output(json!({"outputs": {}})).after(SECOND * 31), Outcome::Timeout, "took too long"),
    ];
    for (run, outcome, words) in failures {
        let world = world(1, &[], move |_, _| run.clone());
        let record = only(&world).await;
        check_failed(&record, outcome, words);
        assert_eq!((world.runner.calls().len(), record.attempts.len()), (1, 1), "never tried again");
    }
}

#[tokio::test(start_paused = true)]
async fn permits_hold_for_programs_and_a_stop_drops_them() {
    let world = world(12, &[], always(json!({"outputs": {}})));
    let start = tokio::time::Instant::now();
    assert_eq!(world.run().await.counts.of(Outcome::Pass), 12);
    assert_eq!(start.elapsed(), SECOND * 3, "four at the same time");
    let hanging = self::world(12, &[], |_, _| FakeRun::output(json!({})).after(SECOND * 20));
    let run = hanging.start();
    tokio::time::sleep(SECOND).await;
    run.stop();
    let end = run.wait().await;
    assert_eq!((end.counts.of(Outcome::Cancelled), end.counts.not_run), (4, 8));
}

#[tokio::test(start_paused = true)]
async fn a_program_that_never_starts_is_not_started_a_thousand_times() {
    let missing = FakeRun::error(RunnerErrorKind::NotStarted, "There is no program python3.");
    let mut world = world(1_000, &[], move |_, _| missing.clone());
    world.spec.parallel = 1;
    let end = world.run().await;
    assert!(
        matches!(&end.reason, EndReason::Refused(text) if text.contains("There is no program python3.")),
        "{end:?}"
    );
    assert_eq!(end.counts.recorded(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_programs_cost_counts_against_the_budget() {
    let mut world = world(100, &[], always(json!({"outputs": {}, "cost_usd": 0.01})));
    world.spec.budget_usd = Some(0.055);
    let end = world.run().await;
    assert_eq!((end.reason, world.runner.calls().len()), (EndReason::OutOfBudget, 5));
    let mut silent = self::world(10, &[], always(json!({"outputs": {}})));
    silent.spec.budget_usd = Some(0.001);
    assert_eq!(silent.run().await.reason, EndReason::Finished, "what is unknown can't be counted");
    assert!(
        silent.warnings().iter().any(|text| text.contains("does not write cost_usd")),
        "{:?}",
        silent.warnings()
    );
}
