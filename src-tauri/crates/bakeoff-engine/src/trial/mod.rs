//! One trial from its case to its durable record.

mod call;
mod draft;
mod judge;

use crate::event::TrialSummary;
use crate::message::{Message, TrialEnd};
use crate::prepare::Prepared;
use crate::spec::{CaseSource, PriceSource};
use crate::words::sentence;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::{Clock, Model, ModelErrorKind, TrialLog};
use bakeoff_core::trial::{AttemptPurpose, TrialKey};
use call::CallFailure;
use draft::Draft;
use futures::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What every trial of a run is given.
pub(crate) struct Context {
    pub prepared: Prepared,
    pub cases: Arc<dyn CaseSource>,
    pub model: Arc<dyn Model>,
    pub log: Arc<dyn TrialLog>,
    pub clock: Arc<dyn Clock>,
    pub prices: PriceSource,
    pub messages: mpsc::UnboundedSender<Message>,
    pub cancel: CancellationToken,
    pub timeout: Duration,
    pub retries: u16,
    pub pass_threshold: f64,
    pub seed: u64,
}

impl Context {
    fn tell(&self, message: Message) {
        // Without a scheduler the run is over, and the next ask ends this trial.
        let _ = self.messages.send(message);
    }
}

/// How the part before the record ended.
enum Verdict {
    /// With an outcome, and with an error for all but pass, fail by scores, and ungraded.
    Outcome(Outcome, Option<String>),
    /// No call was permitted.
    NotRun,
    /// The run was stopped.
    Cancelled,
}

impl Verdict {
    fn infra(message: impl Into<String>) -> Self {
        Self::Outcome(Outcome::InfraError, Some(message.into()))
    }
}

/// Runs one trial and tells the scheduler how it ended, whatever happens.
pub(crate) async fn run(context: Arc<Context>, key: TrialKey) {
    let mut draft = Draft::new(key, context.clock.now());
    let verdict = tokio::select! {
        biased;
        () = context.cancel.cancelled() => Verdict::Cancelled,
        verdict = AssertUnwindSafe(conduct(&context, &mut draft)).catch_unwind() => {
            verdict.unwrap_or_else(|panic| Verdict::infra(defect(&*panic)))
        }
    };
    let end = match verdict {
        Verdict::NotRun => TrialEnd::NotRun,
        Verdict::Cancelled if !draft.has_called() => TrialEnd::NotRun,
        Verdict::Cancelled => {
            save(&context, draft, Outcome::Cancelled, Some("Stopped while it ran.".to_owned())).await
        }
        Verdict::Outcome(outcome, error) => save(&context, draft, outcome, error).await,
    };
    context.tell(Message::Ended { key, end });
}

/// Makes the record durable; only then the trial counts as done.
async fn save(context: &Context, draft: Draft, outcome: Outcome, error: Option<String>) -> TrialEnd {
    let record = draft.finish(outcome, error, context.clock.now());
    let summary = TrialSummary::from(&record);
    match AssertUnwindSafe(context.log.append(record)).catch_unwind().await {
        Ok(Ok(())) => TrialEnd::Durable(summary),
        Ok(Err(error)) => TrialEnd::LogFailed(error.message),
        Err(panic) => TrialEnd::LogFailed(defect(&*panic)),
    }
}

async fn conduct(context: &Context, draft: &mut Draft) -> Verdict {
    let case = match context.cases.case(draft.key().case).await {
        Ok(case) => case,
        Err(message) => return Verdict::infra(message),
    };
    let fields = case.fields();
    let variant = draft.key().variant;
    let request = match context.prepared.request(variant, &fields) {
        Ok((sent, request)) => {
            draft.record.sent = sent;
            Arc::new(request)
        }
        Err(message) => return Verdict::infra(format!("{message} (case {})", case.id)),
    };
    match call::call(context, draft, AttemptPurpose::Answer, usize::from(variant), &request).await {
        Ok(answer) => {
            draft.answered(answer);
            judge::judge(context, draft, &fields).await
        }
        Err(failure) => without_answer(draft, failure),
    }
}

/// The outcome of a trial whose variant gave no answer: its own fault or somebody else's.
fn without_answer(draft: &mut Draft, failure: CallFailure) -> Verdict {
    match failure {
        CallFailure::Denied(_) if draft.record.attempts.is_empty() => Verdict::NotRun,
        CallFailure::Denied(reason) => {
            let last = draft.record.attempts.last().and_then(|attempt| attempt.error.clone());
            Verdict::infra(format!(
                "{} It was not tried again: {reason}",
                sentence(&last.unwrap_or_default())
            ))
        }
        CallFailure::TimedOut(message) => Verdict::Outcome(Outcome::Timeout, Some(message)),
        CallFailure::Model(error, took) => match error.kind {
            ModelErrorKind::NoAnswer => {
                draft.record.latency_ms = Some(millis(took));
                Verdict::Outcome(Outcome::Fail, Some(error.message))
            }
            ModelErrorKind::TooLarge => {
                let message = format!("The answer is over the size limit: {}", error.message);
                Verdict::Outcome(Outcome::Fail, Some(message))
            }
            _ => Verdict::infra(match draft.record.attempts.len() {
                0 | 1 => error.message,
                tries => format!("{} (the last of {tries} attempts)", error.message),
            }),
        },
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// A panic in words.
fn defect(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    format!(
        "A defect of this program ended the trial: {text}. Please report it; Retry failed runs the trial again."
    )
}
