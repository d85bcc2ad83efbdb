//! Pause, resume, stop.

use crate::common::World;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelErrorKind;
use bakeoff_engine::EndReason;
use bakeoff_testkit::{FakeAnswer, FakeModel, MemoryLog};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

fn second() -> FakeModel {
    FakeModel::scripted(vec![FakeAnswer::text_with_tokens("yes", 10, 1).after(Duration::from_secs(1))])
}

#[tokio::test(start_paused = true)]
async fn a_pause_lets_running_trials_finish_and_starts_none() {
    let world = World::new(20, second());
    let run = world.start();
    world.until(|world| world.model.in_flight() == 4).await;
    run.pause();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!((world.model.calls(), world.log.len()), (4, 4));
    assert_eq!(run.ended(), None);
    run.resume();
    assert_eq!(run.wait().await.reason, EndReason::Finished);
    assert_eq!((world.model.calls(), world.log.len()), (20, 20));
}

#[tokio::test(start_paused = true)]
async fn a_stop_cancels_at_once_and_keeps_what_was_done() {
    let mut world = World::new(20, second());
    world.log = Arc::new(MemoryLog::slow(Duration::from_millis(1)));
    let run = world.start();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let before = Instant::now();
    run.stop();
    let end = run.wait().await;
    assert!(before.elapsed() <= Duration::from_millis(2), "running calls are dropped, not waited for");
    assert_eq!((end.reason, world.model.in_flight()), (EndReason::Stopped, 0));
    assert_eq!(
        (end.counts.of(Outcome::Pass), end.counts.of(Outcome::Cancelled), end.counts.not_run),
        (4, 4, 12)
    );
    assert_eq!(world.log.len(), 8, "cancelled trials are durable when wait returns, others have no record");
    let cancelled = world.log.records().into_iter().find(|one| one.outcome == Outcome::Cancelled).unwrap();
    assert_eq!(cancelled.attempts.len(), 1, "the call that was given up is kept");
    assert_eq!(cancelled.cost_usd, None, "it may have been charged");
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_waiting_to_try_again_ends_at_once() {
    let world = World::new(8, FakeModel::scripted(vec![FakeAnswer::error(ModelErrorKind::Server)]));
    let run = world.start();
    world.until(|world| world.model.calls() == 4).await;
    run.stop();
    let end = run.wait().await;
    assert_eq!((end.counts.of(Outcome::Cancelled), end.counts.not_run), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_a_paused_run_ends_it() {
    let world = World::new(20, second());
    let run = world.start();
    run.pause();
    tokio::time::sleep(Duration::from_secs(5)).await;
    run.stop();
    let end = run.wait().await;
    assert_eq!(end.reason, EndReason::Stopped);
    assert_eq!(end.counts.recorded() + end.counts.not_run, 20);
}

#[tokio::test(start_paused = true)]
async fn a_stop_after_the_last_trial_is_a_finish() {
    let mut world = World::new(1, FakeModel::always("yes"));
    world.log = Arc::new(MemoryLog::slow(Duration::from_secs(1)));
    let run = world.start();
    tokio::time::sleep(Duration::from_millis(500)).await;
    run.stop();
    assert_eq!(run.wait().await.reason, EndReason::Finished, "the only trial was being written");
}

#[tokio::test(start_paused = true)]
async fn nobody_can_resume_a_paused_run_whose_handles_are_gone() {
    let world = World::new(8, second());
    let run = world.start();
    run.pause();
    let waiting = run.clone();
    let end = tokio::spawn(async move { waiting.wait().await });
    drop(run);
    // The waiting clone is the last handle.
    tokio::time::sleep(Duration::from_secs(1)).await;
    end.abort();
    world.until(|world| Arc::strong_count(&world.log) == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_on_without_its_handles() {
    let world = World::new(8, second());
    drop(world.start());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(world.log.len(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_resumed_run_does_exactly_the_missing_trials() {
    let world = World::new(20, second());
    let run = world.start();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    run.stop();
    run.wait().await;
    let done: Vec<_> = world
        .log
        .records()
        .into_iter()
        .filter(|record| !record.outcome.is_unfinished())
        .map(|record| record.key)
        .collect();
    assert_eq!(done.len(), 8);
    let mut rest = World::new(20, second());
    rest.spec.trials.retain(|key| !done.contains(key));
    assert_eq!(rest.run().await.reason, EndReason::Finished);
    assert_eq!(rest.log.len() + done.len(), 20);
}
