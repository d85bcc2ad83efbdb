//! Triage trials: what is asked, answers however they are wrapped, one more try, errors, labels.

use crate::common::{World, variant};
use bakeoff_core::dataset::Case;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelErrorKind;
use bakeoff_core::scorer::{Scorer, ScorerKind};
use bakeoff_core::trial::TrialRecord;
use bakeoff_core::triage::{SHIPPED_PROMPT_ID, Triage, with_prompts};
use bakeoff_core::variant::{Provider, Variant};
use bakeoff_testkit::{FakeAnswer, FakeModel};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const GOOD: &str = r#"{"ai_score": 71, "reason": "an outage", "is_relevant": true, "is_novel": true,
    "categories": ["outage"], "should_deep_summarize": false, "theme": "storage", "one_liner": "disks"}"#;

fn world(candidate: Value, model: FakeModel) -> World {
    let asked = Variant { system_prompt: None, ..variant("low", Provider::Openai) };
    let mut world = World::new(1, model).variants(vec![with_prompts(asked, None)]);
    let json = serde_json::value::to_raw_value(&candidate).unwrap();
    world.spec.cases = Arc::new(Arc::<[Case]>::from([Case { id: "c-1".into(), json }]));
    world.spec.scorers.clear();
    world.spec.triage = true;
    world.spec.retries = 1;
    world
}

async fn only(world: &World) -> TrialRecord {
    world.run().await;
    world.log.records().remove(0)
}

fn answers(texts: &[&str]) -> FakeModel {
    let answers = texts.iter().map(|text| FakeAnswer::text_with_tokens(*text, 100, 20)).collect();
    FakeModel::scripted(answers)
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_with_where_it_came_from() {
    let body = "b".repeat(5_000);
    let world = world(json!({"id": "c-1", "title": "t".repeat(300), "body": body}), answers(&[GOOD]));
    let record = only(&world).await;
    assert_eq!((record.outcome, &record.error), (Outcome::Pass, &None), "nobody scores it: it was answered");
    let kept: Triage = serde_json::from_str(record.answer.as_deref().unwrap()).unwrap();
    assert_eq!((kept.provider.as_str(), kept.model.as_str()), ("openai", "model-low"));
    assert_eq!((kept.schema_version.as_str(), kept.prompt_id.as_str()), ("triage_v1", SHIPPED_PROMPT_ID));
    assert_eq!((kept.answer.ai_score, kept.answer.is_relevant), (71.0, true));
    assert_eq!(record.steps.len(), 1);
    assert_eq!(record.steps[0].answer.as_deref(), Some(GOOD), "what the model wrote is kept as it was");
    let request = &world.model.requests()[0];
    assert!(request.answer_schema.is_some(), "structured output is asked for");
    assert!(request.user.contains(&"t".repeat(240)) && !request.user.contains(&"t".repeat(241)));
    assert!(request.user.contains(&"b".repeat(4_000)) && !request.user.contains(&"b".repeat(4_001)));
    assert_eq!(record.sent.user, request.user);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_is_asked_for_once_more() {
    let world = world(json!({"title": "Disks fail"}), answers(&["It matters a lot.", GOOD]));
    let record = only(&world).await;
    assert_eq!(record.outcome, Outcome::Pass);
    assert_eq!((record.attempts.len(), record.usage.total_tokens()), (2, Some(240)), "both calls are paid for");
    let again = &world.model.requests()[1];
    assert!(again.user.contains("It matters a lot.") && again.user.contains("no JSON object with `ai_score`"));
    assert_eq!(again.model, "model-low");
}

#[tokio::test(start_paused = true)]
async fn what_stays_unreadable_fails_and_shows_why() {
    let wrong = GOOD.replace("71", "\"very high\"");
    let world = world(json!({"title": "Disks fail"}), answers(&["no", &wrong]));
    let record = only(&world).await;
    assert_eq!(record.outcome, Outcome::Fail);
    let error = record.error.unwrap();
    assert!(error.contains("`ai_score` must be a number from 0 to 100, but is \"very high\""), "{error}");
    assert_eq!(record.answer.as_deref(), Some(wrong.as_str()), "what it wrote can be looked at");
    assert_eq!(record.attempts.len(), 2, "never a third try");
}

#[tokio::test(start_paused = true)]
async fn a_server_is_tried_once_more_and_a_refused_key_is_not() {
    for (kind, calls) in [(ModelErrorKind::Server, 2), (ModelErrorKind::Auth, 1)] {
        let world = world(json!({"title": "t"}), FakeModel::new(move |_, _| FakeAnswer::error(kind)));
        let record = only(&world).await;
        assert_eq!((record.outcome, world.model.calls()), (Outcome::InfraError, calls), "{kind:?}");
        assert_eq!(record.attempts.len(), calls, "failed calls are kept too");
        assert!(record.attempts.iter().all(|attempt| attempt.error.is_some()));
        assert_eq!((record.steps.len(), record.answer), (1, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_hangs_times_out() {
    let mut world = world(json!({"title": "t"}), FakeModel::new(|_, _| FakeAnswer::hang()));
    world.spec.timeout = Duration::from_secs(90);
    let record = only(&world).await;
    assert_eq!((record.outcome, record.attempts.len()), (Outcome::Timeout, 1));
}

#[tokio::test(start_paused = true)]
async fn labels_of_the_rows_decide_where_there_are_scorers() {
    for (label, outcome) in [(true, Outcome::Pass), (false, Outcome::Fail)] {
        let mut world = world(json!({"title": "t", "label": label}), answers(&[GOOD]));
        let kind = ScorerKind::JsonField { field: "is_relevant".to_owned(), equals: "{{ label }}".to_owned() };
        world.spec.scorers = vec![Scorer { kind, metric: "relevant".to_owned(), weight: 1.0, output: None }];
        let record = only(&world).await;
        assert_eq!(record.outcome, outcome, "{:?} {:?}", record.error, record.scores);
        assert_eq!(record.error, None, "a wrong answer is a result and no error");
    }
}
