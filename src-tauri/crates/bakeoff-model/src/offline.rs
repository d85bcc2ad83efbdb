//! The built-in model behind core's port: paces its answers, obeys the length limit and the stop sequences.

use crate::builtin;
use crate::builtin::agent::{self, Agent, Said};
use bakeoff_core::ports::{ModelAnswer, ModelError, ModelErrorKind, ModelRequest};
use bakeoff_core::trial::Usage;
use bakeoff_core::variant::BUILTIN_MODELS;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// Answers at once, or after the request's pace.
pub async fn complete(request: &ModelRequest) -> Result<ModelAnswer, ModelError> {
    let said = said(request)?;
    if let Some(pace) = request.pace {
        tokio::time::sleep(paced(pace, &request.user)).await;
    }
    let (text, stop_reason) = cut(&said.text, request);
    let stop_reason = if said.calls.is_empty() { stop_reason } else { "tool_calls" };
    let output_tokens = builtin::count_tokens(text) + said.call_tokens;
    Ok(ModelAnswer {
        text: text.to_owned(),
        tool_calls: said.calls,
        usage: Usage {
            input_tokens: Some(said.input_tokens),
            cached_input_tokens: None,
            output_tokens: Some(output_tokens),
        },
        stop_reason: Some(stop_reason.to_owned()),
        model: Some(request.model.clone()),
        paced: request.pace.is_some_and(|pace| !pace.is_zero()),
    })
}

/// What a built-in model says, before limits and stop sequences cut it.
fn said(request: &ModelRequest) -> Result<Said, ModelError> {
    if let Some(agent) = Agent::from_name(&request.model) {
        return Ok(agent.next(request));
    }
    if agent::is_nobody(&request.model) {
        let message =
            "nobody repairs in a trial of the baseline: no-agent is never called; please report this";
        return Err(failure(ModelErrorKind::Unsupported, message.to_owned()));
    }
    if request.model != builtin::MODEL_NAME {
        let names = BUILTIN_MODELS.join(", ");
        let message =
            format!("there is no built-in model \"{}\"; write model: with one of {names}", request.model);
        return Err(failure(ModelErrorKind::BadRequest, message));
    }
    let system = request.system.as_deref().unwrap_or_default();
    let answer = builtin::answer(system, &request.user, request.answer_schema.as_deref());
    Ok(Said { text: answer.text, calls: Vec::new(), input_tokens: answer.input_tokens, call_tokens: 0 })
}

fn failure(kind: ModelErrorKind, message: String) -> ModelError {
    ModelError { kind, status: None, message, retry_after: None, usage: Usage::default() }
}

/// The pace and up to half of it again, by the text: the same text always takes the same time.
fn paced(pace: Duration, text: &str) -> Duration {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let share = (hasher.finish() % 1_000) as f64 / 1_000.0;
    pace + pace.mul_f64(share / 2.0)
}

/// The text up to the first stop sequence or the length limit, and why it ended.
fn cut<'a>(text: &'a str, request: &ModelRequest) -> (&'a str, &'static str) {
    let stops = request.stop.iter().filter(|stop| !stop.is_empty());
    let (text, reason) = match stops.filter_map(|stop| text.find(stop.as_str())).min() {
        Some(at) => (&text[..at], "stop_sequence"),
        None => (text, "stop"),
    };
    match request.max_output_tokens {
        Some(limit) if builtin::count_tokens(text) > u64::from(limit) => {
            (builtin::first_tokens(text, u64::from(limit)), "length")
        }
        _ => (text, reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bakeoff_core::variant::Provider;
    use std::sync::Arc;

    fn request() -> ModelRequest {
        ModelRequest {
            provider: Provider::Builtin,
            model: builtin::MODEL_NAME.to_owned(),
            base_url: None,
            system: Some("Choose one of: storage, network. Answer as {\"label\": \"…\"}".to_owned()),
            user: "The storage is full".to_owned(),
            reasoning_effort: None,
            temperature: None,
            top_p: None,
            max_output_tokens: None,
            stop: Vec::new(),
            pace: None,
            answer_schema: None,
            tools: Arc::default(),
            tool_choice: None,
            turns: Vec::new(),
        }
    }

    #[tokio::test]
    async fn it_answers_and_counts_tokens() {
        let answer = complete(&request()).await.expect("an answer");
        assert_eq!(answer.text, r#"{"label":"storage"}"#);
        assert!(answer.usage.total_tokens().is_some_and(|tokens| tokens > 10));
        assert_eq!((answer.stop_reason.as_deref(), answer.paced), (Some("stop"), false));
    }

    #[tokio::test]
    async fn limits_and_stop_sequences_cut_the_answer() {
        let short =
            complete(&ModelRequest { max_output_tokens: Some(3), ..request() }).await.expect("an answer");
        assert_eq!((short.text.as_str(), short.stop_reason.as_deref()), ("{\"label", Some("length")));
        assert_eq!(short.usage.output_tokens, Some(3));
        let stopped =
            complete(&ModelRequest { stop: vec![":".into()], ..request() }).await.expect("an answer");
        assert_eq!(
            (stopped.text.as_str(), stopped.stop_reason.as_deref()),
            ("{\"label\"", Some("stop_sequence"))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_pace_is_kept_and_flagged() {
        let pace = Duration::from_millis(200);
        let started = tokio::time::Instant::now();
        let answer = complete(&ModelRequest { pace: Some(pace), ..request() }).await.expect("an answer");
        let took = started.elapsed();
        assert!(answer.paced);
        assert!(took >= pace && took <= pace.mul_f64(1.51), "{took:?}");
    }

    #[tokio::test]
    async fn an_unknown_name_is_refused_with_the_known_one() {
        let error =
            complete(&ModelRequest { model: "gpt-5".into(), ..request() }).await.expect_err("no such model");
        assert_eq!(error.kind, ModelErrorKind::BadRequest);
        assert!(error.message.contains("lexical-1"), "{}", error.message);
    }

    #[tokio::test]
    async fn every_built_in_model_is_there_and_nobody_is_never_called() {
        for model in BUILTIN_MODELS {
            let result = complete(&ModelRequest { model: model.to_owned(), ..request() }).await;
            match result {
                Ok(answer) => assert_eq!(answer.model.as_deref(), Some(model)),
                Err(error) => {
                    assert_eq!((error.kind, model), (ModelErrorKind::Unsupported, "no-agent"));
                }
            }
        }
    }
}
