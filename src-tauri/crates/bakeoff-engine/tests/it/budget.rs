//! The budget is never passed, and what happens when it is used up.

use crate::common::{World, exact, rubric, variant};
use crate::flows::{node, one_node, program, to};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelErrorKind;
use bakeoff_core::variant::Provider;
use bakeoff_core::workflow::{Edge, Next, START};
use bakeoff_engine::EndReason;
use bakeoff_testkit::{FakeAnswer, FakeModel};
use std::time::Duration;

/// Every call costs (10 × 1 + 99 × 10) ÷ 10⁶ = 0.001 USD; its limit of 100 tokens sets aside a little more.
fn world(trials: u32, budget_usd: f64) -> World {
    let answer = FakeAnswer::text_with_tokens("yes", 10, 99).after(Duration::from_secs(1));
    let mut limited = variant("a", Provider::Openai);
    limited.max_output_tokens = Some(100);
    let mut world = World::new(trials, FakeModel::scripted(vec![answer])).variants(vec![limited]);
    world.spec.budget_usd = Some(budget_usd);
    world
}

#[tokio::test(start_paused = true)]
async fn no_call_is_made_that_would_pass_it() {
    let world = world(100, 0.0505);
    let end = world.run().await;
    assert_eq!(end.reason, EndReason::OutOfBudget);
    assert_eq!((end.counts.of(Outcome::Pass), end.counts.not_run), (50, 50));
    assert_eq!(world.log.len(), 50, "what was not started has no record");
    assert!(end.counts.known_cost_usd <= 0.0505, "{}", end.counts.known_cost_usd);
    assert!(world.warnings().iter().any(|text| text.contains("0.0505") && text.contains("resume")));
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_enough_is_not_mentioned() {
    let world = world(100, 0.2);
    assert_eq!(world.run().await.reason, EndReason::Finished);
    assert_eq!(world.warnings(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn earlier_parts_of_the_run_count() {
    let mut world = world(100, 0.0505);
    world.spec.spent_usd = 0.04;
    let end = world.run().await;
    assert_eq!((end.reason, end.counts.of(Outcome::Pass)), (EndReason::OutOfBudget, 10));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_price_is_told_and_does_not_count() {
    let mut world = world(10, 0.000_001);
    world.price = None;
    let end = world.run().await;
    assert_eq!(end.reason, EndReason::Finished);
    let warnings = world.warnings();
    assert_eq!(warnings.len(), 1, "once, not for every call: {warnings:?}");
    assert!(warnings[0].contains("model-a (openai)") && warnings[0].contains("Settings"), "{warnings:?}");
}

#[tokio::test(start_paused = true)]
async fn judges_are_set_aside_before_the_answer_is_paid_for() {
    let model = FakeModel::new(|request, _| match request.provider {
        Provider::Anthropic => FakeAnswer::text_with_tokens(r#"{"reason": "fine", "score": 1}"#, 400, 60),
        _ => FakeAnswer::text_with_tokens("yes", 10, 5),
    });
    let mut world = World::new(200, model);
    world.spec.scorers = vec![exact(), rubric()];
    world.spec.budget_usd = Some(0.1);
    let end = world.run().await;
    assert_eq!(end.reason, EndReason::OutOfBudget);
    assert_eq!(end.counts.of(Outcome::JudgeError), 0, "every paid answer could be judged: {end:?}");
    assert!(end.counts.of(Outcome::Pass) > 50, "most of the budget is used: {end:?}");
    assert!(end.counts.known_cost_usd <= 0.1);
}

#[tokio::test(start_paused = true)]
async fn lost_answers_count_as_spent() {
    let mut world = world(1, 0.0025);
    world.model = FakeModel::scripted(vec![FakeAnswer::error(ModelErrorKind::Connection)]).into();
    let end = world.run().await;
    assert_eq!(world.model.calls(), 2, "a third call would pass the budget if the lost ones were charged");
    let record = &world.log.records()[0];
    assert_eq!(record.outcome, Outcome::InfraError);
    assert!(record.error.as_ref().is_some_and(|text| text.contains("budget")), "{record:?}");
    assert_eq!(end.counts.not_run, 0);
}

#[tokio::test(start_paused = true)]
async fn a_free_model_runs_on_any_budget() {
    let mut world = world(10, 0.0);
    world.price = Some(bakeoff_core::price::Price { input: 0.0, cached_input: None, output: 0.0 });
    assert_eq!(world.run().await.reason, EndReason::Finished);
}

/// Every call costs 10 × 1000 ÷ 10⁶ = 0.01 USD; its 28 bytes look like 7 tokens.
fn surprising(budget_usd: f64, parallel: u16) -> World {
    let answer = FakeAnswer::text_with_tokens("yes", 10, 5).after(Duration::from_secs(1));
    let mut world = World::new(30, FakeModel::scripted(vec![answer]));
    world.price = Some(bakeoff_core::price::Price { input: 1_000.0, cached_input: None, output: 0.0 });
    world.spec.parallel = parallel;
    world.spec.budget_usd = Some(budget_usd);
    world
}

#[tokio::test(start_paused = true)]
async fn the_first_wave_of_calls_keeps_within_it() {
    let world = surprising(0.05, 8);
    let end = world.run().await;
    assert_eq!((end.reason, world.model.calls()), (EndReason::OutOfBudget, 5));
    assert!(end.counts.known_cost_usd <= 0.05 + 1e-9, "{}", end.counts.known_cost_usd);
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_surely_covers_the_first_wave_does_not_hold_it_back() {
    let world = surprising(5.0, 8);
    assert_eq!(world.run().await.reason, EndReason::Finished);
    assert_eq!(world.model.most_in_flight(), 8);
}

/// One workflow trial whose node goes round `rounds` times; every call costs (10 × 1 + 5 × 10) ÷ 10⁶ = 60 µUSD.
fn looping(rounds: u32, budget_usd: f64) -> World {
    let next = Next::Loop { max_iterations: rounds, condition_field: "done".into(), exit_to: "END".into() };
    let mut again = node("try", "Draft", &[("done", "bool")]);
    again.llm.max_output_tokens = Some(5);
    let edges = vec![to(START, "try"), Edge { from: "try".into(), next }];
    let answer = FakeAnswer::text_with_tokens(r#"{"done": false}"#, 10, 5);
    let mut world = crate::flows::world(
        1,
        program(&[("done", "bool")], vec![again], edges),
        FakeModel::scripted(vec![answer]),
    );
    world.spec.budget_usd = Some(budget_usd);
    world
}

#[tokio::test(start_paused = true)]
async fn a_workflow_trial_that_runs_out_of_money_is_cancelled_with_what_it_cost() {
    let world = looping(10, 0.0005);
    let end = world.run().await;
    assert_eq!(end.reason, EndReason::OutOfBudget, "not finished, although nothing is left in the queue");
    let record = world.log.records().remove(0);
    assert_eq!(record.outcome, Outcome::Cancelled, "so that Resume runs it again: {record:?}");
    assert!(record.error.as_ref().is_some_and(|text| text.contains("0.0005") && text.contains("resume")));
    let calls = world.model.calls();
    assert!((2..10).contains(&calls), "{calls}");
    assert_eq!((record.steps.len(), record.latency_ms), (calls, None), "what ran is kept");
    assert!((record.cost_usd.unwrap() - calls as f64 * 60e-6).abs() < 1e-12);
    assert!((end.counts.known_cost_usd - calls as f64 * 60e-6).abs() < 1e-12);

    let enough = looping(3, 0.01);
    assert_eq!(enough.run().await.reason, EndReason::Finished);
    assert_eq!(enough.outcomes(), [Outcome::Pass]);
}

#[tokio::test(start_paused = true)]
async fn a_repair_turn_without_money_is_no_failure_of_the_provider() {
    let mut answering = one_node(&[("score", "float")]);
    answering.nodes[0].llm.max_output_tokens = Some(5);
    let answer = FakeAnswer::text_with_tokens("rather high", 10, 5);
    let mut world = crate::flows::world(1, answering, FakeModel::scripted(vec![answer]));
    world.spec.budget_usd = Some(0.000_13);
    let end = world.run().await;
    assert_eq!((end.reason, world.model.calls()), (EndReason::OutOfBudget, 1));
    let record = world.log.records().remove(0);
    assert_eq!((record.outcome, record.attempts.len()), (Outcome::Cancelled, 1), "{record:?}");
}
