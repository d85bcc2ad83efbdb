//! One variant's triage of one candidate: a call whose answer must be readable, and one more that is told what was wrong.

use super::call::{Call, CallFailure, call};
use super::draft::{Answered, Draft};
use super::judge;
use super::node::repair;
use super::strand::NodeRun;
use super::{Context, Verdict, millis, without_answer};
use crate::message::Caller;
use bakeoff_core::dataset::Case;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::{ModelError, ModelErrorKind, ModelRequest};
use bakeoff_core::trial::{AttemptPurpose, SentPrompt};
use bakeoff_core::triage::{
    SCHEMA_VERSION, Triage, TriageAnswer, answer_schema, prompt_fields, prompt_id,
};
use serde_json::Value;
use std::sync::{Arc, LazyLock};

/// The one step of a triage, which keeps what the model wrote as it was.
pub(super) const STEP: &str = "triage";

static SCHEMA: LazyLock<Arc<Value>> = LazyLock::new(|| Arc::new(answer_schema()));

/// Why there is nothing usable.
enum Failure {
    Call(CallFailure),
    Unreadable(String),
}

/// Asks, keeps the answer with where it came from, and judges it.
pub(super) async fn conduct(context: &Context, draft: &mut Draft, case: &Case) -> Verdict {
    let variant = draft.key().variant;
    let fields = case.fields();
    let (sent, mut request) = match context.prepared.request(variant, &prompt_fields(fields.clone())) {
        Ok(prepared) => prepared,
        Err(message) => return Verdict::infra(format!("{message} (candidate {})", case.id)),
    };
    request.answer_schema = Some(Arc::clone(&SCHEMA));
    let run = NodeRun { node: STEP, iteration: 1, item: None };
    draft.strand.begin_step(run, sent.clone(), context.clock.now());
    let answer = match converse(context, draft, variant, sent, request).await {
        Ok(answer) => answer,
        Err(failure) => return without(context, draft, failure),
    };
    let asked = context.prepared.variant(variant);
    let triage = Triage {
        schema_version: SCHEMA_VERSION.to_owned(),
        prompt_id: prompt_id(asked),
        provider: asked.provider.name().to_owned(),
        model: asked.model.clone(),
        answer,
    };
    let Ok(Value::Object(outputs)) = serde_json::to_value(&triage) else {
        return Verdict::infra("The answer can't be kept as JSON.");
    };
    draft.record.answer = Some(Value::Object(outputs.clone()).to_string());
    draft.strand.end_step(Ok(outputs), context.clock.now());
    judge::judge(context, draft, &fields).await
}

/// Asks, and asks once more when the answer can't be read. A provider's error is tried again by the call itself.
async fn converse(
    context: &Context,
    draft: &mut Draft,
    variant: u16,
    mut sent: SentPrompt,
    mut request: ModelRequest,
) -> Result<TriageAnswer, Failure> {
    let text = ask(context, draft, variant, &request).await?;
    let problem = match TriageAnswer::read(&text) {
        Ok(answer) => return Ok(answer),
        Err(problem) => problem,
    };
    sent.user = repair(&sent.user, &text, &problem);
    request.user.clone_from(&sent.user);
    draft.record.sent = sent;
    let text = ask(context, draft, variant, &request).await?;
    TriageAnswer::read(&text).map_err(Failure::Unreadable)
}

async fn ask(
    context: &Context,
    draft: &mut Draft,
    variant: u16,
    request: &ModelRequest,
) -> Result<String, Failure> {
    let request = Arc::new(request.clone());
    let sent = SentPrompt { system: request.system.clone(), user: request.user.clone() };
    if let Some(step) = draft.strand.step() {
        step.sent = sent.clone();
    }
    draft.record.sent = sent;
    let wanted = Call {
        purpose: AttemptPurpose::Answer,
        caller: Caller::Variant { variant, node: 0 },
        request: &request,
        timeout: context.timeout,
        retries: context.retries,
    };
    let Answered { answer, took } =
        call(context, &mut draft.strand, &wanted).await.map_err(Failure::Call)?;
    draft.strand.answered(&answer, took);
    draft.add_latency(Some(millis(took)));
    draft.record.paced |= answer.paced;
    draft.record.stop_reason = answer.stop_reason;
    draft.record.model_answered = answer.model;
    // Kept also where it can't be read: then it shows why.
    draft.record.answer = Some(answer.text.clone());
    Ok(answer.text)
}

fn without(context: &Context, draft: &mut Draft, failure: Failure) -> Verdict {
    let verdict = match failure {
        Failure::Call(CallFailure::Denied(_)) if !draft.has_called() => {
            draft.strand.forget_step();
            return Verdict::NotRun;
        }
        Failure::Call(failure) => {
            if let CallFailure::Model(ModelError { kind: ModelErrorKind::NoAnswer, .. }, took) = &failure {
                draft.add_latency(Some(millis(*took)));
            }
            without_answer(&draft.strand.attempts, failure)
        }
        Failure::Unreadable(problem) => Verdict::Outcome(
            Outcome::Fail,
            Some(format!("The answer can't be read, also after it was told so: {problem}.")),
        ),
    };
    if let Verdict::Outcome(_, error) = &verdict {
        draft.strand.end_step(Err(error.clone().unwrap_or_default()), context.clock.now());
    }
    verdict
}
