//! The user's own program as an agent: ticket, variant, limits and the way to `labctl` as JSON on its stdin; what came of
//! it as JSON from its stdout.

use super::super::call::ask;
use super::super::draft::Draft;
use super::super::lab::{Audit, Lookout};
use super::super::strand::AttemptEnd;
use super::super::{Verdict, millis};
use super::{AgentEnd, Desk, prompt};
use crate::message::{CallReport, CallResult, Caller, Denial, Message, Work};
use bakeoff_core::lab::Executed;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::lab::BrokerCall;
use bakeoff_core::ports::{RunnerCall, RunnerError, RunnerErrorKind};
use bakeoff_core::trial::{AttemptPurpose, SentPrompt, Usage};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

/// The attempt's provider.
const NAME: &str = "command";

/// What a program writes to stdout.
#[derive(Debug, Deserialize)]
struct Written {
    resolved: bool,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    tokens: Option<Tokens>,
    #[serde(default)]
    cost_usd: Option<f64>,
}

/// Their number, or by kind.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Tokens {
    Total(u64),
    ByKind {
        #[serde(default)]
        input: Option<u64>,
        #[serde(default)]
        cached_input: Option<u64>,
        #[serde(default)]
        output: Option<u64>,
    },
}

impl Tokens {
    fn usage(self) -> Usage {
        match self {
            // Which of them were written can't be known; in sums and limits only the total counts.
            Self::Total(total) => {
                Usage { input_tokens: Some(total), cached_input_tokens: None, output_tokens: Some(0) }
            }
            Self::ByKind { input, cached_input, output } => {
                Usage { input_tokens: input, cached_input_tokens: cached_input, output_tokens: output }
            }
        }
    }
}

/// Runs the program on the ticket. Its commands are those that came through the instance's broker.
///
/// # Errors
/// The verdict when it could not be started, or when the run has no money for it.
pub(in crate::trial) async fn run_program(
    desk: Desk<'_>,
    draft: &mut Draft,
    command: &[String],
) -> Result<AgentEnd, Verdict> {
    let caller = Caller::Variant { variant: draft.key().variant, node: 0 };
    ask(desk.context, &mut draft.strand, caller, Work::Program).await.map_err(|denial| match denial {
        Denial::Money(words) => Verdict::Outcome(Outcome::Cancelled, Some(words)),
        Denial::Refusal(words) => Verdict::infra(format!("The program was not started: {words}")),
    })?;
    let input = input(&desk, draft);
    draft.record.sent = SentPrompt { system: None, user: input.to_string() };
    let call = RunnerCall { command: command.to_vec(), environment: Vec::new(), input, timeout: desk.left() };
    let program = command.first().map_or(NAME, String::as_str);
    draft.strand.begin_attempt(AttemptPurpose::Answer, NAME, program, desk.audit.now());
    let start = Instant::now();
    let answer = tokio::select! {
        answer = desk.context.runner.run(&call) => answer,
        // Dropping the call ends the program with everything that it started.
        () = desk.overtaken() => Err(RunnerError {
            kind: RunnerErrorKind::Failed,
            message: "It was ended, because its ticket was resolved by somebody else.".to_owned(),
            stderr: String::new(),
        }),
    };
    let is_overtaken = answer.is_err() && desk.is_overtaken();
    draft.add_latency(Some(millis(start.elapsed())));
    take_commands(desk.lookout, desk.audit);
    let read = answer.and_then(|answer| {
        serde_json::from_value::<Written>(answer.output).map_err(|error| RunnerError {
            kind: RunnerErrorKind::Failed,
            message: format!(
                "The JSON that the program wrote does not have the right shape: {error}. It must look like \
                 {{\"resolved\": true, \"summary\": \"…\", \"tokens\": 0, \"cost_usd\": 0}}; only resolved is needed."
            ),
            stderr: answer.stderr,
        })
    });
    let end = settle(&desk, draft, read);
    if is_overtaken { Ok(AgentEnd::Overtaken) } else { end }
}

fn input(desk: &Desk<'_>, draft: &Draft) -> Value {
    let variant = desk.context.prepared.variant(draft.key().variant);
    let briefing = desk.lookout.instance.briefing();
    json!({
        "ticket": desk.ticket,
        "prompt": prompt::turn(desk.ticket, &briefing),
        "briefing": briefing,
        "subject": desk.lookout.subject.name,
        "variant": {
            "name": variant.name,
            "provider": variant.provider,
            "model": variant.model,
            "base_url": variant.base_url,
            "system_prompt": variant.system_prompt,
            "prompt": variant.prompt,
            "temperature": variant.temperature,
            "max_output_tokens": variant.max_output_tokens,
            "tools_config": variant.tools_config,
        },
        "limits": {
            "seconds": desk.left().as_secs_f64(),
            "command_seconds": desk.settings.command_seconds,
            "max_steps": desk.settings.max_steps,
            "max_tokens": desk.settings.max_tokens,
            "max_cost_usd": desk.settings.max_cost_usd,
        },
        "labctl": {
            "command": desk.lookout.instance.labctl_program(),
            "socket": desk.lookout.instance.broker(),
        },
        "seed": desk.seed,
    })
}

/// What came through the broker since this was called last goes into the audit and is counted.
pub(in crate::trial) fn take_commands(lookout: &Lookout, audit: &Audit) {
    for call in lookout.instance.broker_calls() {
        let class = call.command.class();
        let line = call.command.to_string();
        audit.call("labctl", &json!(call.command), &line, None, Some(class));
        audit.result("labctl", Some(call.exit_code), "");
        let BrokerCall { began_at, ended_at, exit_code, .. } = call;
        audit.executed(Executed { began_at, ended_at, line, class, exit_code });
    }
}

/// Keeps what came of it and tells the scheduler.
fn settle(
    desk: &Desk<'_>,
    draft: &mut Draft,
    read: Result<Written, RunnerError>,
) -> Result<AgentEnd, Verdict> {
    let told = read.as_ref().ok();
    let usage = told.and_then(|written| written.tokens).map_or_else(Usage::default, Tokens::usage);
    let not_started = matches!(&read, Err(error) if error.kind == RunnerErrorKind::NotStarted);
    let cost_usd = match not_started {
        true => Some(0.0),
        false => told.and_then(|written| written.cost_usd).filter(|cost| *cost >= 0.0),
    };
    let result = match &read {
        Ok(_) => CallResult::Answered,
        Err(error) if not_started => CallResult::NotStarted(error.message.clone()),
        Err(_) => CallResult::ProgramFailed,
    };
    let error = read.as_ref().err().map(|error| error.message.clone());
    draft.strand.end_attempt(AttemptEnd { at: desk.audit.now(), status: None, usage, cost_usd, error });
    desk.context
        .tell(Message::CallEnded { line: draft.strand.line, report: CallReport { usage, cost_usd, result } });
    match read {
        Ok(Written { resolved: true, summary, .. }) => Ok(AgentEnd::Resolved(summary)),
        Ok(Written { summary, .. }) => Ok(AgentEnd::Escalated(summary)),
        Err(RunnerError { kind, message, .. }) => match kind {
            RunnerErrorKind::NotStarted => Err(Verdict::infra(message)),
            RunnerErrorKind::TimedOut => Ok(AgentEnd::TimeUp),
            RunnerErrorKind::Failed => Ok(AgentEnd::Failed(message)),
        },
    }
}
