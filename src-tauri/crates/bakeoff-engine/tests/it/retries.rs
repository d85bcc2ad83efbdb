//! Transient errors are tried again, permanent ones aren't, and waiting is not latency.

use crate::common::World;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelErrorKind;
use bakeoff_core::trial::TrialKey;
use bakeoff_engine::{EndReason, EngineEvent};
use bakeoff_testkit::{FakeAnswer, FakeModel};
use std::time::Duration;
use tokio::time::Instant;

const FIRST: TrialKey = TrialKey { case: 0, variant: 0, repetition: 0 };

#[tokio::test(start_paused = true)]
async fn transient_errors_are_tried_again_and_every_attempt_is_kept() {
    let ms = Duration::from_millis;
    let answers = vec![
        FakeAnswer::error(ModelErrorKind::Server).after(ms(100)),
        FakeAnswer::error(ModelErrorKind::Connection).after(ms(100)),
        FakeAnswer::error(ModelErrorKind::RateLimited).after(ms(100)),
        FakeAnswer::text("yes").after(ms(40)),
    ];
    let world = World::new(1, FakeModel::scripted(answers));
    let start = Instant::now();
    world.run().await;
    let took = start.elapsed().as_secs_f64() * 1e3;
    let record = world.log.record(FIRST).unwrap();
    assert_eq!((record.outcome, record.attempts.len()), (Outcome::Pass, 4));
    assert_eq!(record.latency_ms, Some(40.0), "the successful attempt's own time");
    assert!((record.wait_ms + 340.0 - took).abs() < 5.0, "{} waited of {took}", record.wait_ms);
    assert!(record.wait_ms < 7_000.0, "waits are bounded by 1, 2 and 4 s");
    let numbers: Vec<_> = record.attempts.iter().map(|attempt| (attempt.number, attempt.status)).collect();
    assert_eq!(numbers, [(1, Some(500)), (2, None), (3, Some(429)), (4, Some(200))]);
    assert!(record.attempts[0].error.is_some() && record.attempts[3].error.is_none());
    let retries = world.events().iter().filter(|one| matches!(one, EngineEvent::Retrying { .. })).count();
    assert_eq!(retries, 3);
}

#[tokio::test(start_paused = true)]
async fn retries_end() {
    let world = World::new(1, FakeModel::scripted(vec![FakeAnswer::error(ModelErrorKind::Server)]));
    world.run().await;
    let record = world.log.record(FIRST).unwrap();
    assert_eq!((record.outcome, record.attempts.len()), (Outcome::InfraError, 4), "one and three retries");
}

#[tokio::test(start_paused = true)]
async fn permanent_errors_and_timeouts_are_final() {
    for answer in [
        FakeAnswer::error(ModelErrorKind::Auth),
        FakeAnswer::error(ModelErrorKind::BadRequest),
        FakeAnswer::error(ModelErrorKind::NoAnswer),
        FakeAnswer::error(ModelErrorKind::Unsupported),
        FakeAnswer::error(ModelErrorKind::TooLarge),
        FakeAnswer::hang(),
    ] {
        let world = World::new(1, FakeModel::scripted(vec![answer.clone(), FakeAnswer::text("yes")]));
        world.run().await;
        assert_eq!(world.model.calls(), 1, "{answer:?} must not be tried again");
    }
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_the_whole_time() {
    let slow = Duration::from_secs(20);
    let answers =
        vec![FakeAnswer::error(ModelErrorKind::Server).after(slow), FakeAnswer::text("yes").after(slow)];
    let world = World::new(1, FakeModel::scripted(answers));
    world.run().await;
    assert_eq!(world.outcomes(), [Outcome::Pass], "a provider's trouble doesn't use up the variant's 30 s");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_heard_by_the_whole_provider() {
    let model = FakeModel::new(|_, number| match number {
        0 => FakeAnswer::rate_limited(Duration::from_secs(20)),
        _ => FakeAnswer::text("yes").after(Duration::from_millis(10)),
    });
    let mut world = World::new(3, model);
    world.spec.parallel = 1;
    let start = Instant::now();
    let end = world.run().await;
    assert_eq!(end.reason, EndReason::Finished);
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(20) && took < Duration::from_secs(21), "{took:?}");
    let mut records = world.log.records();
    records.sort_by_key(|record| record.key);
    assert!((records[0].wait_ms - 20_000.0).abs() < 5.0, "{}", records[0].wait_ms);
    assert!(records.iter().all(|record| record.started_at == 1_000_000 || record.started_at >= 1_020_000));
    let waiting: Vec<_> = world
        .events()
        .into_iter()
        .filter_map(|event| match event {
            EngineEvent::Waiting { reason } => Some(reason),
            _ => None,
        })
        .collect();
    assert!(waiting[0].as_ref().is_some_and(|reason| reason.contains("openai")), "{waiting:?}");
    assert_eq!(waiting.last(), Some(&None), "it tells when the waiting is over");
}

#[tokio::test(start_paused = true)]
async fn retry_after_of_a_day_is_not_waited_for() {
    let day = Duration::from_secs(86_400);
    let world =
        World::new(1, FakeModel::scripted(vec![FakeAnswer::rate_limited(day), FakeAnswer::text("yes")]));
    let start = Instant::now();
    world.run().await;
    assert!(start.elapsed() <= Duration::from_secs(301), "{:?}", start.elapsed());
    assert_eq!(world.outcomes(), [Outcome::Pass]);
}
