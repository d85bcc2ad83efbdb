//! Limits of providers: adaptive, per minute, and refusals that end the calls.

use crate::common::{World, exact, plan, rubric, variant};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelErrorKind;
use bakeoff_core::variant::Provider;
use bakeoff_engine::{EndReason, EngineEvent, ProviderLimits};
use bakeoff_testkit::{FakeAnswer, FakeModel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn never_more_calls_at_once_than_asked_for() {
    let answer = FakeAnswer::text("yes").after(Duration::from_millis(10));
    let mut world = World::new(200, FakeModel::scripted(vec![answer.clone()]));
    world.spec.parallel = 7;
    let start = Instant::now();
    world.run().await;
    assert_eq!(world.model.most_in_flight(), 7, "all permits are used and no more");
    assert_eq!(start.elapsed(), Duration::from_millis(290), "29 rounds of 7 without a gap");

    let mut world = World::new(20, FakeModel::scripted(vec![answer]));
    world.spec.parallel = 7;
    let limits = ProviderLimits { max_parallel: Some(2), ..ProviderLimits::default() };
    world.limits.insert(Provider::Openai, limits);
    world.run().await;
    assert_eq!(world.model.most_in_flight(), 2, "the provider's own limit");
}

#[tokio::test(start_paused = true)]
async fn a_slow_log_does_not_hold_back_the_model() {
    let mut world =
        World::new(64, FakeModel::scripted(vec![FakeAnswer::text("yes").after(Duration::from_millis(50))]));
    world.log = Arc::new(bakeoff_testkit::MemoryLog::slow(Duration::from_millis(50)));
    let start = Instant::now();
    world.run().await;
    assert_eq!(start.elapsed(), Duration::from_millis(16 * 50 + 50), "only the last write is waited for");
}

#[tokio::test(start_paused = true)]
async fn rate_limits_lower_the_number_of_open_calls() {
    // A server that takes at most 3 calls at the same time.
    let busy: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let model = FakeModel::new(move |_, _| {
        let mut busy = busy.lock().unwrap();
        let now = Instant::now();
        busy.retain(|until| *until > now);
        if busy.len() >= 3 {
            return FakeAnswer::error(ModelErrorKind::RateLimited);
        }
        busy.push(now + Duration::from_millis(100));
        FakeAnswer::text("yes").after(Duration::from_millis(100))
    });
    let mut world = World::new(300, model);
    world.spec.parallel = 16;
    world.spec.retries = 30;
    world.run().await;
    assert!(world.outcomes().iter().all(|outcome| *outcome == Outcome::Pass));
    let refused = world.model.calls() - 300;
    assert!(refused < 150, "the limit settles near what the server takes, but {refused} calls were refused");
    let lowered = |event: &&EngineEvent| matches!(event, EngineEvent::LimitLowered { .. });
    assert!(world.events().iter().filter(lowered).count() >= 2, "16 to 8 to 4");
}

#[tokio::test(start_paused = true)]
async fn requests_a_minute_are_kept_and_other_providers_go_on() {
    let times: Arc<Mutex<Vec<(Provider, Instant)>>> = Arc::default();
    let noted = Arc::clone(&times);
    let model = FakeModel::new(move |request, _| {
        noted.lock().unwrap().push((request.provider, Instant::now()));
        FakeAnswer::text("yes").after(Duration::from_millis(10))
    });
    let variants = vec![variant("a", Provider::Openai), variant("b", Provider::Gemini)];
    let mut world = World::new(100, model).variants(variants);
    let limits = ProviderLimits { requests_per_minute: Some(30), ..ProviderLimits::default() };
    world.limits.insert(Provider::Openai, limits);
    let start = Instant::now();
    world.run().await;
    let times = times.lock().unwrap();
    let of = |provider| times.iter().filter(move |(known, _)| *known == provider).map(|(_, at)| *at);
    for first in of(Provider::Openai) {
        let within = of(Provider::Openai).filter(|at| *at >= first && *at < first + Duration::from_secs(60));
        assert!(within.count() <= 30, "30 requests a minute were passed");
    }
    let last = of(Provider::Gemini).max().unwrap();
    assert!(last - start < Duration::from_secs(2), "gemini's trials must not wait for openai's limit");
    assert!(start.elapsed() < Duration::from_secs(240), "the limit is used: {:?}", start.elapsed());
    let told = |event: &EngineEvent| matches!(event, EngineEvent::Waiting { reason: Some(reason) } if reason.contains("requests a minute"));
    assert!(world.events().iter().any(told));
}

#[tokio::test(start_paused = true)]
async fn tokens_a_minute_are_kept_by_what_calls_really_took() {
    let model = FakeModel::scripted(vec![FakeAnswer::text_with_tokens("yes", 900, 100)]);
    let mut world = World::new(50, model);
    let limits = ProviderLimits { tokens_per_minute: Some(10_000), ..ProviderLimits::default() };
    world.limits.insert(Provider::Openai, limits);
    let start = Instant::now();
    world.run().await;
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    assert!((4.0..6.0).contains(&minutes), "50,000 tokens at 10,000 a minute took {minutes} minutes");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_stops_the_provider_but_not_the_others() {
    let model = FakeModel::new(|request, _| match request.provider {
        Provider::Openai => FakeAnswer::error(ModelErrorKind::Auth).after(Duration::from_millis(5)),
        _ => FakeAnswer::text("yes").after(Duration::from_millis(5)),
    });
    let variants = vec![variant("a", Provider::Openai), variant("b", Provider::Gemini)];
    let mut world = World::new(100, model).variants(variants);
    world.spec.parallel = 2;
    let end = world.run().await;
    let EndReason::Refused(message) = &end.reason else { panic!("{end:?}") };
    assert!(message.contains("openai") && message.contains("Settings"), "{message}");
    assert_eq!(end.counts.of(Outcome::Pass), 100, "the other provider's trials are done");
    let refused = end.counts.of(Outcome::InfraError);
    assert!((3..=4).contains(&refused), "three in a row and one that was open: {refused}");
    assert_eq!(end.counts.not_run, 100 - refused, "the rest has no record, so Resume runs it");
    assert_eq!(world.warnings().len(), 1, "told once, while the run goes on");
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_never_accepted_stop_their_variant_only() {
    let model = FakeModel::new(|request, _| match request.model.as_str() {
        "model-a" => FakeAnswer::error(ModelErrorKind::BadRequest),
        _ => FakeAnswer::text("yes"),
    });
    let variants = vec![variant("a", Provider::Openai), variant("b", Provider::Openai)];
    let mut world = World::new(50, model).variants(variants);
    world.spec.parallel = 1;
    let end = world.run().await;
    assert!(matches!(&end.reason, EndReason::Refused(message) if message.contains("calls of a")), "{end:?}");
    assert_eq!((end.counts.of(Outcome::Pass), end.counts.of(Outcome::InfraError)), (50, 5));
}

#[tokio::test(start_paused = true)]
async fn a_bad_case_now_and_then_stops_nobody() {
    let model = FakeModel::new(|_, number| match number % 2 {
        0 => FakeAnswer::text("yes"),
        _ => FakeAnswer::error(ModelErrorKind::BadRequest),
    });
    let world = World::new(40, model);
    let end = world.run().await;
    assert_eq!(end.reason, EndReason::Finished);
    assert_eq!(end.counts.of(Outcome::InfraError), 20);
}

#[tokio::test(start_paused = true)]
async fn a_judge_without_a_key_stops_the_spending() {
    let model = FakeModel::new(|request, _| match request.provider {
        Provider::Anthropic => FakeAnswer::error(ModelErrorKind::Auth),
        _ => FakeAnswer::text("yes"),
    });
    let mut world = World::new(100, model);
    world.spec.scorers = vec![exact(), rubric()];
    world.spec.parallel = 1;
    let end = world.run().await;
    assert!(matches!(end.reason, EndReason::Refused(_)), "{end:?}");
    assert!(end.counts.of(Outcome::JudgeError) <= 5, "no answer is paid for that nobody can judge: {end:?}");
    assert_eq!(end.counts.recorded() + end.counts.not_run, 100);
}

#[tokio::test(start_paused = true)]
async fn permits_rest_after_a_trial() {
    let answer = FakeAnswer::text("yes").after(Duration::from_secs(1));
    let mut world = World::new(6, FakeModel::scripted(vec![answer]));
    world.spec.trials = plan(6, 1);
    world.spec.parallel = 2;
    world.spec.cooldown = Duration::from_secs(10);
    let start = Instant::now();
    world.run().await;
    assert_eq!(start.elapsed(), Duration::from_secs(23), "three rounds of a second, two rests between");
}
