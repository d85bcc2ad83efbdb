//! A call to a model with its retries. Every attempt asks for a permit first and is kept.

use super::draft::Answered;
use super::strand::{AttemptEnd, Strand};
use super::{Context, millis};
use crate::backoff;
use crate::message::{Ask, CallReport, CallResult, Caller, Denial, Message, Permission, Work};
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
    Denied(Denial),
    /// The model took longer than allowed.
    TimedOut(String),
    /// The last error, and how long its attempt took.
    Model(ModelError, Duration),
}

/// A call that is wanted.
pub(super) struct Call<'a> {
    pub purpose: AttemptPurpose,
    pub caller: Caller,
    pub request: &'a Arc<ModelRequest>,
    /// Of one attempt.
    pub timeout: Duration,
    pub retries: u16,
}

/// Calls until there is an answer, an error that won't go away, or no retry left. A time-out is the variant's result
/// and final, but a judge's is tried again.
pub(super) async fn call(
    context: &Context,
    strand: &mut Strand,
    wanted: &Call<'_>,
) -> Result<Answered, CallFailure> {
    let mut retry = 0;
    loop {
        let work = Work::Model(Arc::clone(wanted.request));
        ask(context, strand, wanted.caller, work).await.map_err(CallFailure::Denied)?;
        let failure = match attempt(context, strand, wanted).await {
            Ok(answered) => return Ok(answered),
            Err(failure) => failure,
        };
        let (message, retry_after) = match &failure {
            CallFailure::Model(error, _) if error.kind.is_transient() => (&error.message, error.retry_after),
            CallFailure::TimedOut(message) if wanted.purpose == AttemptPurpose::Judge => (message, None),
            _ => return Err(failure),
        };
        if retry >= u32::from(wanted.retries) {
            return Err(failure);
        }
        let wait = backoff::wait(context.seed, strand.line, retry, retry_after);
        let message = format!("{} Trying again in {:.1} s.", sentence(message), wait.as_secs_f64());
        back_off(context, strand, wait, message).await;
        retry += 1;
    }
}

/// Waits for a permit.
pub(super) async fn ask(
    context: &Context,
    strand: &mut Strand,
    caller: Caller,
    work: Work,
) -> Result<(), Denial> {
    let start = Instant::now();
    let (reply, permission) = oneshot::channel();
    context.tell(Message::Ask(Ask { line: strand.line, caller, work, reply }));
    let permission = permission.await;
    strand.waited += start.elapsed();
    match permission {
        Ok(Permission::Granted) => Ok(()),
        Ok(Permission::Denied(denial)) => Err(denial),
        Err(_) => Err(Denial::Refusal("The run has ended.".to_owned())),
    }
}

async fn back_off(context: &Context, strand: &mut Strand, wait: Duration, message: String) {
    let until = Instant::now() + wait;
    context.tell(Message::BackingOff { line: strand.line, until, message });
    tokio::time::sleep_until(until).await;
    strand.waited += wait;
}

async fn attempt(context: &Context, strand: &mut Strand, wanted: &Call<'_>) -> Result<Answered, CallFailure> {
    let request = wanted.request;
    strand.begin_attempt(wanted.purpose, request.provider.name(), &request.model, context.clock.now());
    let start = Instant::now();
    let result = tokio::time::timeout(wanted.timeout, context.model.complete(request)).await;
    let took = start.elapsed();
    let outcome = match result {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(CallFailure::Model(error, took)),
        Err(_) => {
            let seconds = millis(wanted.timeout) / 1e3;
            Err(CallFailure::TimedOut(format!("There was no answer within {seconds} s.")))
        }
    };
    let price = (context.prices)(request.provider, &request.model);
    let mut end = attempt_end(&outcome, price, context.clock.now());
    if request.provider == Provider::Builtin {
        end.status = None;
    }
    let report = CallReport { usage: end.usage, cost_usd: end.cost_usd, result: call_result(&outcome) };
    strand.end_attempt(end);
    context.tell(Message::CallEnded { line: strand.line, report });
    outcome.map(|answer| Answered { answer, took })
}

fn attempt_end(outcome: &Result<ModelAnswer, CallFailure>, price: Option<Price>, at: i64) -> AttemptEnd {
    let (status, usage, error) = match outcome {
        Ok(answer) => (Some(200), answer.usage, None),
        Err(CallFailure::Model(error, _)) => (error.status, error.usage, Some(error.message.clone())),
        Err(CallFailure::TimedOut(message)) => (None, Usage::default(), Some(message.clone())),
        Err(CallFailure::Denied(denial)) => (None, Usage::default(), Some(denial.words().to_owned())),
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
