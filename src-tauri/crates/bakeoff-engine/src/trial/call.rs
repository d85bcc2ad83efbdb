//! A call to a model with its retries. Every attempt asks for a permit first and is kept.

use super::draft::{Answered, AttemptEnd, Draft};
use super::{Context, millis};
use crate::backoff;
use crate::message::{Ask, CallReport, CallResult, Message, Permission};
use crate::words::sentence;
use bakeoff_core::ports::{ModelAnswer, ModelError, ModelErrorKind, ModelRequest};
use bakeoff_core::price::Price;
use bakeoff_core::trial::{AttemptPurpose, Usage};
use bakeoff_core::variant::Provider;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Why a call gave no answer, after retries.
pub(super) enum CallFailure {
    /// The scheduler does not want it to be made (again).
    Denied(String),
    /// The model took longer than allowed.
    TimedOut(String),
    /// The last error, and how long its attempt took.
    Model(ModelError, Duration),
}

/// Calls until there is an answer, an error that won't go away, or no retry left. A time-out is the variant's result
/// and final, but a judge's is tried again.
pub(super) async fn call(
    context: &Context,
    draft: &mut Draft,
    purpose: AttemptPurpose,
    caller: usize,
    request: &Arc<ModelRequest>,
) -> Result<Answered, CallFailure> {
    let mut retry = 0;
    loop {
        ask(context, draft, caller, request).await.map_err(CallFailure::Denied)?;
        let failure = match attempt(context, draft, purpose, request).await {
            Ok(answered) => return Ok(answered),
            Err(failure) => failure,
        };
        let (message, retry_after) = match &failure {
            CallFailure::Model(error, _) if error.kind.is_transient() => (&error.message, error.retry_after),
            CallFailure::TimedOut(message) if purpose == AttemptPurpose::Judge => (message, None),
            _ => return Err(failure),
        };
        if retry >= u32::from(context.retries) {
            return Err(failure);
        }
        let wait = backoff::wait(context.seed, draft.key(), retry, retry_after);
        let message = format!("{} Trying again in {:.1} s.", sentence(message), wait.as_secs_f64());
        back_off(context, draft, wait, message).await;
        retry += 1;
    }
}

async fn ask(
    context: &Context,
    draft: &mut Draft,
    caller: usize,
    request: &Arc<ModelRequest>,
) -> Result<(), String> {
    let start = Instant::now();
    let (reply, permission) = oneshot::channel();
    context.tell(Message::Ask(Ask { key: draft.key(), caller, request: Arc::clone(request), reply }));
    let permission = permission.await;
    draft.waited(start.elapsed());
    match permission {
        Ok(Permission::Granted) => Ok(()),
        Ok(Permission::Denied(reason)) => Err(reason),
        Err(_) => Err("The run has ended.".to_owned()),
    }
}

async fn back_off(context: &Context, draft: &mut Draft, wait: Duration, message: String) {
    let until = Instant::now() + wait;
    context.tell(Message::BackingOff { key: draft.key(), until, message });
    tokio::time::sleep_until(until).await;
    draft.waited(wait);
}

async fn attempt(
    context: &Context,
    draft: &mut Draft,
    purpose: AttemptPurpose,
    request: &ModelRequest,
) -> Result<Answered, CallFailure> {
    draft.begin_attempt(purpose, request, context.clock.now());
    let start = Instant::now();
    let result = tokio::time::timeout(context.timeout, context.model.complete(request)).await;
    let took = start.elapsed();
    let outcome = match result {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(CallFailure::Model(error, took)),
        Err(_) => {
            let seconds = millis(context.timeout) / 1e3;
            Err(CallFailure::TimedOut(format!("There was no answer within {seconds} s.")))
        }
    };
    let price = (context.prices)(request.provider, &request.model);
    let mut end = attempt_end(&outcome, price, context.clock.now());
    if request.provider == Provider::Builtin {
        end.status = None;
    }
    let report = CallReport { usage: end.usage, cost_usd: end.cost_usd, result: call_result(&outcome) };
    draft.end_attempt(end);
    context.tell(Message::CallEnded { key: draft.key(), report });
    outcome.map(|answer| Answered { answer, took })
}

fn attempt_end(outcome: &Result<ModelAnswer, CallFailure>, price: Option<Price>, at: i64) -> AttemptEnd {
    let (status, usage, error) = match outcome {
        Ok(answer) => (Some(200), answer.usage, None),
        Err(CallFailure::Model(error, _)) => (error.status, error.usage, Some(error.message.clone())),
        Err(CallFailure::TimedOut(message) | CallFailure::Denied(message)) => {
            (None, Usage::default(), Some(message.clone()))
        }
    };
    AttemptEnd { at, status, usage, cost_usd: cost(outcome, price, &usage), error }
}

/// USD of one attempt. A request that was turned down costs nothing; one whose answer was lost on the way may have
/// been charged, so its cost is unknown unless the model is free.
fn cost(outcome: &Result<ModelAnswer, CallFailure>, price: Option<Price>, usage: &Usage) -> Option<f64> {
    let price = price?;
    if price.input == 0.0 && price.output == 0.0 && price.cached_input.unwrap_or(0.0) == 0.0 {
        return Some(0.0);
    }
    let turned_down = match outcome {
        Err(CallFailure::Model(error, _)) => matches!(
            error.kind,
            ModelErrorKind::RateLimited
                | ModelErrorKind::Server
                | ModelErrorKind::Auth
                | ModelErrorKind::BadRequest
                | ModelErrorKind::Unsupported
        ),
        _ => false,
    };
    price.cost_usd(usage).or(turned_down.then_some(0.0))
}

fn call_result(outcome: &Result<ModelAnswer, CallFailure>) -> CallResult {
    match outcome {
        Ok(_) => CallResult::Answered,
        Err(CallFailure::Model(error, _)) => CallResult::Failed {
            kind: error.kind,
            retry_after: error.retry_after,
            message: error.message.clone(),
        },
        Err(CallFailure::TimedOut(_) | CallFailure::Denied(_)) => CallResult::TimedOut,
    }
}
