//! Which outcome each ending has, and what its record keeps.

use crate::common::{World, variant};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelErrorKind;
use bakeoff_core::scorer::{Scorer, ScorerKind};
use bakeoff_core::trial::TrialKey;
use bakeoff_core::variant::Provider;
use bakeoff_engine::{EndReason, EngineEvent};
use bakeoff_testkit::{FakeAnswer, FakeModel, MemoryLog};
use std::sync::Arc;
use std::time::Duration;

const FIRST: TrialKey = TrialKey { case: 0, variant: 0, repetition: 0 };

async fn check(answer: FakeAnswer, outcome: Outcome, error: Option<&str>) {
    let mut world = World::new(1, FakeModel::scripted(vec![answer]));
    world.spec.retries = 0;
    let end = world.run().await;
    assert_eq!(end.reason, EndReason::Finished, "a trial's own ending doesn't break the run");
    let record = world.log.record(FIRST).expect("every trial that called has a record");
    assert_eq!(record.outcome, outcome, "{record:?}");
    match error {
        Some(words) => assert!(record.error.as_ref().is_some_and(|text| text.contains(words)), "{record:?}"),
        None => assert_eq!(record.error, None),
    }
    assert_eq!(record.attempts.len(), 1, "every call is kept");
    assert_eq!((end.counts.of(outcome), end.counts.recorded(), end.counts.not_run), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn each_ending_has_its_outcome() {
    check(FakeAnswer::text("yes"), Outcome::Pass, None).await;
    check(FakeAnswer::text("no"), Outcome::Fail, None).await;
    check(FakeAnswer::hang(), Outcome::Timeout, Some("within 30 s")).await;
    check(FakeAnswer::panic(), Outcome::InfraError, Some("defect of this program")).await;
    check(FakeAnswer::error(ModelErrorKind::NoAnswer), Outcome::Fail, Some("NoAnswer")).await;
    check(FakeAnswer::error(ModelErrorKind::TooLarge), Outcome::Fail, Some("over the size limit")).await;
    for kind in [
        ModelErrorKind::Auth,
        ModelErrorKind::BadRequest,
        ModelErrorKind::Unsupported,
        ModelErrorKind::RateLimited,
        ModelErrorKind::Server,
        ModelErrorKind::Connection,
    ] {
        check(FakeAnswer::error(kind), Outcome::InfraError, Some(&format!("{kind:?}"))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_answer_is_kept_whole() {
    let answer = FakeAnswer::text_with_tokens("yes", 100, 2).after(Duration::from_millis(250));
    let world = World::new(1, FakeModel::scripted(vec![answer]));
    let end = world.run().await;
    let record = world.log.record(FIRST).unwrap();
    assert_eq!((record.latency_ms, record.wait_ms, record.score), (Some(250.0), 0.0, Some(1.0)));
    assert_eq!((record.started_at, record.ended_at), (1_000_000, 1_000_250));
    assert_eq!(record.answer.as_deref(), Some("yes"));
    assert_eq!(record.sent.user, "ticket 0");
    assert_eq!(record.sent.system.as_deref(), Some("Answer with a label."));
    let cost = (100.0 * 1.0 + 2.0 * 10.0) / 1e6;
    assert!((record.cost_usd.unwrap() - cost).abs() < 1e-15);
    assert!((end.counts.known_cost_usd - cost).abs() < 1e-15);
    assert_eq!((record.usage.input_tokens, record.usage.output_tokens), (Some(100), Some(2)));
    assert_eq!(record.expected_label.as_deref(), Some("yes"));
    assert_eq!(world.log.started(), [(FIRST, 1_000_000)]);
}

#[tokio::test(start_paused = true)]
async fn without_scorers_an_answer_is_ungraded() {
    let mut world = World::new(1, FakeModel::always("yes"));
    world.spec.scorers.clear();
    world.run().await;
    assert_eq!(world.outcomes(), [Outcome::Ungraded]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_price_is_unknown_and_a_lost_answer_too() {
    let mut world = World::new(1, FakeModel::scripted(vec![FakeAnswer::text_with_tokens("yes", 1, 1)]));
    world.price = None;
    world.run().await;
    assert_eq!(world.log.record(FIRST).unwrap().cost_usd, None, "never 0");

    let lost = FakeAnswer::error(ModelErrorKind::Connection);
    let world = World::new(1, FakeModel::scripted(vec![lost, FakeAnswer::text_with_tokens("yes", 1, 1)]));
    world.run().await;
    assert_eq!(world.log.record(FIRST).unwrap().cost_usd, None, "the lost answer may have been charged");

    let turned_down = FakeAnswer::error(ModelErrorKind::Server);
    let world =
        World::new(1, FakeModel::scripted(vec![turned_down, FakeAnswer::text_with_tokens("yes", 1, 1)]));
    world.run().await;
    assert!(world.log.record(FIRST).unwrap().cost_usd.is_some(), "a request that was turned down is free");
}

#[tokio::test(start_paused = true)]
async fn a_case_that_lacks_a_field_costs_nothing_and_says_which() {
    let mut lacking = variant("a", Provider::Openai);
    lacking.prompt = Some("{{ inptu }}".to_owned());
    let world = World::new(1, FakeModel::always("yes")).variants(vec![lacking]);
    let end = world.run().await;
    let record = world.log.record(FIRST).unwrap();
    assert_eq!((record.outcome, world.model.calls()), (Outcome::InfraError, 0), "not the variant's failure");
    let error = record.error.unwrap();
    assert!(error.contains("inptu") && error.contains("case-0") && error.contains("did you mean"), "{error}");
    assert_eq!(end.reason, EndReason::Finished);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_start_says_everything_that_is_wrong() {
    let mut broken = variant("a", Provider::Openai);
    broken.prompt = Some("{{ input".to_owned());
    let mut world = World::new(1, FakeModel::always("yes")).variants(vec![broken]);
    world.spec.scorers = vec![Scorer {
        kind: ScorerKind::Regex { pattern: "(".to_owned() },
        metric: "r".to_owned(),
        weight: 1.0,
        output: None,
    }];
    world.spec.trials.push(TrialKey { case: 0, variant: 7, repetition: 0 });
    let ports = bakeoff_engine::Ports {
        model: Arc::clone(&world.model) as _,
        runner: Arc::clone(&world.runner) as _,
        subjects: None,
        operator: None,
        lab_log: None,
        log: Arc::clone(&world.log) as _,
        clock: Arc::new(bakeoff_testkit::ManualClock::at(0)),
        prices: Arc::new(|_, _| None),
        limits: Default::default(),
    };
    let error = bakeoff_engine::start(world.spec.clone(), ports, |_| {}).expect_err("nothing here can run");
    assert_eq!(error.problems.len(), 3, "{error}");
}

#[tokio::test(start_paused = true)]
async fn events_come_after_the_record_is_durable() {
    let mut world = World::new(3, FakeModel::always("yes"));
    world.log = Arc::new(MemoryLog::slow(Duration::from_secs(1)));
    let run = world.start();
    world.until(|world| world.model.calls() == 3).await;
    let ended = |event: &EngineEvent| matches!(event, EngineEvent::TrialEnded(_));
    assert_eq!(world.events().iter().filter(|event| ended(event)).count(), 0, "nothing is durable yet");
    run.wait().await;
    assert_eq!(world.events().iter().filter(|event| ended(event)).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_ends_the_run_and_nothing_more_is_called() {
    let answer = FakeAnswer::text("yes").after(Duration::from_millis(10));
    let mut world = World::new(1000, FakeModel::scripted(vec![answer]));
    world.log = Arc::new(MemoryLog::failing_after(5));
    let end = world.run().await;
    let EndReason::LogFailed(message) = &end.reason else { panic!("{end:?}") };
    assert!(message.contains("disk is full"), "{message}");
    assert_eq!(end.counts.recorded(), 5, "only what is durable counts");
    assert_eq!(end.counts.not_run, 995);
    let reported = world.events().iter().filter(|event| matches!(event, EngineEvent::TrialEnded(_))).count();
    assert_eq!(reported, 5);
    assert!(world.model.calls() <= 5 + 2 * 4, "no new call after the first failure: {}", world.model.calls());
    assert_eq!(world.warnings().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_to_do_ends_at_once() {
    let end = World::new(0, FakeModel::always("yes")).run().await;
    assert_eq!((end.reason, end.counts.recorded()), (EndReason::Finished, 0));
}
