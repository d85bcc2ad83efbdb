//! From an answer to scores and an outcome. A judge that fails is a judge error, never a failed answer.

use super::call::{Call, CallFailure, call};
use super::draft::Draft;
use super::{Context, Verdict};
use crate::message::Caller;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelRequest;
use bakeoff_core::scorer::rubric::{self, Verdict as Judgement};
use bakeoff_core::scorer::{self, AnswerFacts, RubricQuestion, Scoring};
use bakeoff_core::trial::AttemptPurpose;
use serde_json::{Map, Value};
use std::sync::Arc;

/// How often a judge is asked when what it says is no verdict.
const VERDICT_ATTEMPTS: u32 = 2;

pub(super) async fn judge(context: &Context, draft: &mut Draft, fields: &Map<String, Value>) -> Verdict {
    let mut scoring = match score(context, draft, fields) {
        Ok(scoring) => scoring,
        Err(message) => return Verdict::Outcome(Outcome::JudgeError, Some(message)),
    };
    let mut error = scoring.error.take();
    for question in std::mem::take(&mut scoring.rubrics) {
        if error.is_some() {
            break;
        }
        match ask_judge(context, draft, &question).await {
            Ok(judgement) => scoring.add_verdict(&question, &judgement),
            Err(message) => error = Some(message),
        }
    }
    draft.record.expected_label = scoring.expected_label;
    draft.record.answered_label = scoring.answered_label;
    draft.record.scores = scoring.scores;
    if error.is_some() {
        return Verdict::Outcome(Outcome::JudgeError, error);
    }
    let (score, passed) = scorer::weigh(&draft.record.scores, context.pass_threshold);
    draft.record.score = score;
    let outcome = match score {
        // Nothing else can be meant by the success of a workflow or a triage that nobody scores.
        None if context.triage || context.prepared.variant(draft.key().variant).workflow.is_some() => {
            Outcome::Pass
        }
        None => Outcome::Ungraded,
        Some(_) if passed => Outcome::Pass,
        Some(_) => Outcome::Fail,
    };
    Verdict::Outcome(outcome, None)
}

fn score(context: &Context, draft: &Draft, fields: &Map<String, Value>) -> Result<Scoring, String> {
    let scorers = scorer::for_case(&context.prepared.scorers, fields)?;
    let facts = AnswerFacts {
        text: draft.record.answer.as_deref().unwrap_or_default(),
        latency_ms: draft.record.latency_ms,
        cost_usd: draft.cost(),
    };
    Ok(scorer::score(&scorers, fields, &facts))
}

async fn ask_judge(
    context: &Context,
    draft: &mut Draft,
    question: &RubricQuestion,
) -> Result<Judgement, String> {
    let request = Arc::new(ModelRequest {
        provider: question.provider,
        model: question.model.clone(),
        base_url: question.base_url.clone(),
        system: Some(question.system.clone()),
        user: question.user.clone(),
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
    });
    let wanted = Call {
        purpose: AttemptPurpose::Judge,
        caller: Caller::Judge(question.index),
        request: &request,
        timeout: context.timeout,
        retries: context.retries,
    };
    let mut misunderstood = String::new();
    for _ in 0..VERDICT_ATTEMPTS {
        let answered = call(context, &mut draft.strand, &wanted).await;
        let answered = answered.map_err(|failure| in_words(failure, question))?;
        match rubric::verdict(&answered.answer.text) {
            Ok(verdict) => return Ok(verdict),
            Err(message) => misunderstood = message,
        }
    }
    Err(format!("The judge {} gave no verdict: {misunderstood}", question.model))
}

fn in_words(failure: CallFailure, question: &RubricQuestion) -> String {
    let words = match failure {
        CallFailure::Denied(denial) => denial.words().to_owned(),
        CallFailure::TimedOut(message) => message,
        CallFailure::Model(error, _) => error.message,
    };
    format!("The judge {} could not be asked: {words}", question.model)
}
