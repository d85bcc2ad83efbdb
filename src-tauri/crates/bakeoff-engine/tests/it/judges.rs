//! Model-graded scorers: same limits, same retries, and never the variant's fault.

use crate::common::{World, exact, rubric};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelErrorKind;
use bakeoff_core::trial::{AttemptPurpose, TrialKey, TrialRecord};
use bakeoff_core::variant::Provider;
use bakeoff_testkit::{FakeAnswer, FakeModel};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const FIRST: TrialKey = TrialKey { case: 0, variant: 0, repetition: 0 };

/// The variant says `yes`; the judge gives these answers in turn, and the last one for ever.
async fn judged(judge: Vec<FakeAnswer>) -> TrialRecord {
    let asked = AtomicUsize::new(0);
    let model = FakeModel::new(move |request, _| match request.provider {
        Provider::Anthropic => judge[asked.fetch_add(1, Ordering::Relaxed).min(judge.len() - 1)].clone(),
        _ => FakeAnswer::text_with_tokens("yes", 10, 1).after(Duration::from_millis(5)),
    });
    let mut world = World::new(1, model);
    world.spec.scorers = vec![rubric(), exact()];
    world.run().await;
    world.log.record(FIRST).unwrap()
}

fn verdict(score: f64) -> FakeAnswer {
    FakeAnswer::text_with_tokens(format!(r#"{{"reason": "because", "score": {score}}}"#), 100, 20)
}

#[tokio::test(start_paused = true)]
async fn a_verdict_is_a_score_in_its_place() {
    let record = judged(vec![verdict(0.8).after(Duration::from_secs(2))]).await;
    assert_eq!((record.outcome, record.scores.len()), (Outcome::Pass, 2));
    assert_eq!((record.scores[0].metric.as_str(), record.scores[0].reason.as_str()), ("polite", "because"));
    assert_eq!(record.score, Some(0.9));
    assert_eq!(record.latency_ms, Some(5.0), "the judge's time is not the variant's");
    assert_eq!(record.usage.input_tokens, Some(10), "nor are its tokens");
    let cost = (10.0 + 10.0 + 100.0 + 200.0) / 1e6;
    assert!((record.cost_usd.unwrap() - cost).abs() < 1e-15, "but its cost is the trial's: {record:?}");
    let purposes: Vec<_> = record.attempts.iter().map(|attempt| attempt.purpose).collect();
    assert_eq!(purposes, [AttemptPurpose::Answer, AttemptPurpose::Judge]);
}

#[tokio::test(start_paused = true)]
async fn a_low_verdict_fails() {
    assert_eq!(judged(vec![verdict(0.2)]).await.outcome, Outcome::Fail);
}

#[tokio::test(start_paused = true)]
async fn a_judge_that_fails_is_tried_again() {
    let transient = FakeAnswer::error(ModelErrorKind::Server);
    let record = judged(vec![transient, FakeAnswer::hang(), verdict(1.0)]).await;
    assert_eq!((record.outcome, record.attempts.len()), (Outcome::Pass, 4));
}

#[tokio::test(start_paused = true)]
async fn a_judge_that_keeps_failing_is_a_judge_error() {
    for (answer, calls) in [
        (FakeAnswer::error(ModelErrorKind::Server), 5),
        (FakeAnswer::error(ModelErrorKind::BadRequest), 2),
        (FakeAnswer::error(ModelErrorKind::NoAnswer), 2),
        (FakeAnswer::text("lovely"), 3),
    ] {
        let record = judged(vec![answer.clone()]).await;
        assert_eq!(record.outcome, Outcome::JudgeError, "{answer:?}");
        assert_eq!(
            (record.score, record.answer.as_deref()),
            (None, Some("yes")),
            "the answer is kept unjudged"
        );
        assert_eq!(record.attempts.len(), calls, "{answer:?}");
        assert!(record.error.as_ref().is_some_and(|text| text.contains("The judge judge")), "{record:?}");
        assert_eq!(record.scores.len(), 1, "what the other scorers found is kept");
    }
}

#[tokio::test(start_paused = true)]
async fn talk_is_asked_again_once() {
    let record = judged(vec![FakeAnswer::text("lovely"), verdict(1.0)]).await;
    assert_eq!((record.outcome, record.attempts.len()), (Outcome::Pass, 3));
}
