//! The agent: a variant's model with tools, or the user's own program, at work on one ticket.

mod budget;
mod program;
mod prompt;
mod tools;

pub(super) use program::{run_program, take_commands};
pub(crate) use tools::ToolSet;

use super::call::{Call, CallFailure, call};
use super::draft::{Answered, Draft};
use super::lab::{Audit, Lookout};
use super::{Context, Verdict, without_answer};
use crate::message::Caller;
use bakeoff_core::campaign::LabSettings;
use bakeoff_core::lab::{FaultTrial, Ticket, TicketStatus};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::{ModelAnswer, ModelRequest, ToolChoice, Turn};
use bakeoff_core::trial::AttemptPurpose;
use budget::Budget;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tools::Tools;

/// A last word that begins so is no solution.
const ESCALATE: &str = "ESCALATE";

/// Everything that an agent has before it.
pub(super) struct Desk<'a> {
    pub context: &'a Context,
    pub settings: &'a LabSettings,
    pub lookout: &'a Lookout,
    pub audit: &'a Audit,
    /// The one that it works on.
    pub ticket: &'a Ticket,
    /// When its time is up.
    pub limit: Instant,
    /// Of its own randomness; the same for all variants.
    pub seed: u64,
    /// Where it is noted which tools it has and where its commands run.
    pub trial: &'a mut FaultTrial,
}

impl Desk<'_> {
    fn left(&self) -> Duration {
        self.limit.saturating_duration_since(Instant::now())
    }

    /// Returns once somebody else has resolved the ticket.
    async fn overtaken(&self) {
        let number = self.ticket.number;
        let is_resolved = |ticket: &Ticket| ticket.status == TicketStatus::Resolved;
        let resolved = self
            .lookout
            .until(self.limit, |seen, _| seen.tickets.get(number).filter(|one| is_resolved(one)).map(|_| ()));
        if resolved.await.is_none() {
            // The time limit is somebody else's business.
            std::future::pending().await
        }
    }

    /// Somebody else has resolved the ticket.
    fn is_overtaken(&self) -> bool {
        let seen = self.lookout.seen();
        seen.tickets.get(self.ticket.number).is_none_or(|ticket| ticket.status == TicketStatus::Resolved)
    }
}

/// How an agent ended.
pub(super) enum AgentEnd {
    /// It says that the ticket is resolved, in these words.
    Resolved(String),
    /// It gave up, in these words.
    Escalated(String),
    /// By its own fault, budgets included.
    Failed(String),
    /// The ticket was resolved by somebody else.
    Overtaken,
    /// The trial's time was up.
    TimeUp,
}

impl AgentEnd {
    fn of_last_word(text: &str) -> Self {
        let text = text.trim();
        let is_escalation =
            text.get(..ESCALATE.len()).is_some_and(|start| start.eq_ignore_ascii_case(ESCALATE));
        if is_escalation { Self::Escalated(text.to_owned()) } else { Self::Resolved(text.to_owned()) }
    }
}

/// Lets the variant's model work until it says its last word or may not go on.
///
/// # Errors
/// The verdict when somebody else is at fault: the provider, the lab.
pub(super) async fn run(desk: Desk<'_>, draft: &mut Draft, tool_set: &ToolSet) -> Result<AgentEnd, Verdict> {
    let tools = Tools::open(tool_set, &desk).await?;
    desk.trial.sandbox = tools.sandbox();
    desk.trial.tools = tools.names();
    let mut request = prompt::request(&desk, draft)?;
    request.tools = tools.offered();
    request.tool_choice = tool_set.choice();
    let mut budget = Budget::of(desk.settings);
    loop {
        if desk.is_overtaken() {
            return Ok(AgentEnd::Overtaken);
        }
        if let Some(words) = budget.used_up(draft) {
            return Ok(AgentEnd::Failed(words));
        }
        let answer = match ask(&desk, draft, &request).await? {
            Ok(answer) => answer,
            Err(end) => return Ok(end),
        };
        budget.step();
        if answer.tool_calls.is_empty() {
            return Ok(AgentEnd::of_last_word(&answer.text));
        }
        if !answer.text.trim().is_empty() {
            desk.audit.reasoning(&answer.text);
        }
        if let Some(words) = budget.used_up(draft) {
            let calls = answer.tool_calls.len();
            desk.audit
                .note(&format!("{calls} tool calls were not run: their results could not be sent any more."));
            return Ok(AgentEnd::Failed(words));
        }
        let ModelAnswer { text, tool_calls: calls, .. } = answer;
        let mut results = Vec::with_capacity(calls.len());
        for call in &calls {
            if desk.is_overtaken() {
                return Ok(AgentEnd::Overtaken);
            }
            results.push(tools.carry_out(&desk, call).await?);
        }
        request.turns.push(Turn { text, calls, results });
        // A forced call holds for the first answer only, or the agent could never say its last word.
        if matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Tool(_))) {
            request.tool_choice = Some(ToolChoice::Auto);
        }
    }
}

/// One call to the model: its answer, or how the agent ends without one.
async fn ask(
    desk: &Desk<'_>,
    draft: &mut Draft,
    request: &ModelRequest,
) -> Result<Result<ModelAnswer, AgentEnd>, Verdict> {
    let request = Arc::new(request.clone());
    let first_attempt = draft.strand.attempts.len();
    let wanted = Call {
        purpose: AttemptPurpose::Answer,
        caller: Caller::Variant { variant: draft.key().variant, node: 0 },
        request: &request,
        timeout: desk.left(),
        retries: desk.context.retries,
    };
    let failure = match call(desk.context, &mut draft.strand, &wanted).await {
        Ok(Answered { answer, took }) => {
            draft.add_latency(Some(super::millis(took)));
            draft.record.paced |= answer.paced;
            draft.record.stop_reason.clone_from(&answer.stop_reason);
            draft.record.model_answered.clone_from(&answer.model);
            return Ok(Ok(answer));
        }
        Err(CallFailure::TimedOut(_)) => return Ok(Err(AgentEnd::TimeUp)),
        Err(failure) => failure,
    };
    if let CallFailure::Model(_, took) = &failure {
        draft.add_latency(Some(super::millis(*took)));
    }
    let attempts = draft.strand.attempts.get(first_attempt..).unwrap_or_default();
    match without_answer(attempts, failure) {
        // No usable answer is the variant's own fault; the system is judged all the same.
        Verdict::Outcome(Outcome::Fail, why) => Ok(Err(AgentEnd::Failed(why.unwrap_or_default()))),
        verdict => Err(verdict),
    }
}
