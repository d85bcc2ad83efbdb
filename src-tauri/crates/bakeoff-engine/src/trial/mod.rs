//! One trial from its case to its durable record.

mod agent;
mod call;
mod draft;
mod judge;
mod lab;
mod node;
mod program;
mod strand;
mod triage;
mod walk;

use crate::event::TrialSummary;
use crate::message::{Caller, Denial, Message, TrialEnd};
use crate::prepare::Prepared;
use crate::spec::{CaseSource, PriceSource};
use crate::words::sentence;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::{Clock, Model, ModelError, ModelErrorKind, Runner, TrialLog};
use bakeoff_core::trial::{Attempt, AttemptPurpose, TrialKey};
use call::{Call, CallFailure};
use draft::Draft;
use futures::FutureExt;
pub use lab::TicketChangeError;
pub(crate) use lab::{LabContext, OpenTrials};
use serde_json::{Map, Value};
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
    pub runner: Arc<dyn Runner>,
    pub log: Arc<dyn TrialLog>,
    pub clock: Arc<dyn Clock>,
    pub prices: PriceSource,
    pub messages: mpsc::UnboundedSender<Message>,
    pub cancel: CancellationToken,
    pub timeout: Duration,
    pub retries: u16,
    pub pass_threshold: f64,
    pub seed: u64,
    /// Of every case of a workflow.
    pub inputs: Map<String, Value>,
    /// The workflow's file.
    pub workflow: Option<String>,
    /// Of a fault campaign.
    pub lab: Option<LabContext>,
    /// Candidates are triaged.
    pub triage: bool,
    /// Calls at the same time.
    pub parallel: usize,
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
    let verdict = match &context.lab {
        Some(lab) => lab::run(&context, lab, &mut draft).await,
        None => unless_stopped(&context, conduct(&context, &mut draft)).await,
    };
    let end = match verdict {
        Verdict::NotRun => TrialEnd::NotRun,
        Verdict::Cancelled if !draft.has_begun() => TrialEnd::NotRun,
        Verdict::Cancelled => {
            save(&context, draft, Outcome::Cancelled, Some("Stopped while it ran.".to_owned())).await
        }
        Verdict::Outcome(outcome, error) => save(&context, draft, outcome, error).await,
    };
    context.tell(Message::Ended { key, end });
}

/// The verdict of some work that a stop ends at once and a defect ends as nobody's fault.
async fn unless_stopped(context: &Context, work: impl Future<Output = Verdict>) -> Verdict {
    tokio::select! {
        biased;
        () = context.cancel.cancelled() => Verdict::Cancelled,
        verdict = AssertUnwindSafe(work).catch_unwind() => {
            verdict.unwrap_or_else(|panic| Verdict::infra(defect(&*panic)))
        }
    }
}

/// Makes the record durable; only then the trial counts as done.
async fn save(context: &Context, draft: Draft, outcome: Outcome, error: Option<String>) -> TrialEnd {
    let workflow = context.prepared.variant(draft.key().variant).workflow.as_ref();
    let node = workflow.map(|workflow| workflow.node.as_str());
    let record = draft.finish(outcome, error, node, context.clock.now());
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
    let variant = draft.key().variant;
    if let Some(workflow) = &context.prepared.variant(variant).workflow {
        return walk::conduct(context, draft, workflow, &case).await;
    }
    if context.triage {
        return triage::conduct(context, draft, &case).await;
    }
    let fields = case.fields();
    let request = match context.prepared.request(variant, &fields) {
        Ok((sent, request)) => {
            draft.record.sent = sent;
            Arc::new(request)
        }
        Err(message) => return Verdict::infra(format!("{message} (case {})", case.id)),
    };
    let wanted = Call {
        purpose: AttemptPurpose::Answer,
        caller: Caller::Variant { variant, node: 0 },
        request: &request,
        timeout: context.timeout,
        retries: context.retries,
    };
    match call::call(context, &mut draft.strand, &wanted).await {
        Ok(answer) => {
            draft.answered(answer);
            judge::judge(context, draft, &fields).await
        }
        Err(CallFailure::Denied(_)) if !draft.has_called() => Verdict::NotRun,
        Err(failure) => {
            if let CallFailure::Model(ModelError { kind: ModelErrorKind::NoAnswer, .. }, took) = &failure {
                draft.record.latency_ms = Some(millis(*took));
            }
            without_answer(&draft.strand.attempts, failure)
        }
    }
}

/// The outcome of a trial whose variant gave no answer: its own fault or somebody else's. `attempts` are those of this
/// one call (of a node: of both its turns).
fn without_answer(attempts: &[Attempt], failure: CallFailure) -> Verdict {
    match failure {
        CallFailure::Denied(denial) => {
            let words = denial.words();
            match (attempts.last().and_then(|last| last.error.as_deref()), &denial) {
                (Some(error), _) => {
                    Verdict::infra(format!("{} It was not tried again: {words}", sentence(error)))
                }
                // Nobody is at fault, and with more money the run goes on with it.
                (None, Denial::Money(_)) => {
                    Verdict::Outcome(Outcome::Cancelled, Some(format!("Stopped in the middle. {words}")))
                }
                (None, Denial::Refusal(_)) => Verdict::infra(format!("It was not called: {words}")),
            }
        }
        CallFailure::TimedOut(message) => Verdict::Outcome(Outcome::Timeout, Some(message)),
        CallFailure::Model(error, _) => match error.kind {
            ModelErrorKind::NoAnswer => Verdict::Outcome(Outcome::Fail, Some(error.message)),
            ModelErrorKind::TooLarge => {
                let message = format!("The answer is over the size limit: {}", error.message);
                Verdict::Outcome(Outcome::Fail, Some(message))
            }
            _ => Verdict::infra(match attempts.len() {
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
