//! A trial that is one run of the user's own program.

use super::call::ask;
use super::draft::Draft;
use super::strand::{AttemptEnd, NodeRun};
use super::{Context, Verdict, millis};
use crate::message::{CallReport, CallResult, Caller, Message, Work};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::{RunnerCall, RunnerError, RunnerErrorKind};
use bakeoff_core::trial::{AttemptPurpose, SentPrompt, TrialKey, Usage};
use bakeoff_core::variant::Variant;
use bakeoff_core::workflow::{Runner, State, WorkflowVariant, runner_outputs};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The step's node and the attempt's provider.
const NAME: &str = "runner";

/// What a program writes to stdout.
#[derive(Debug, Deserialize)]
struct Written {
    outputs: Map<String, Value>,
    #[serde(default)]
    tokens: Option<Tokens>,
    #[serde(default)]
    cost_usd: Option<f64>,
    #[serde(default)]
    latency_ms: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
struct Tokens {
    #[serde(default)]
    input: Option<u64>,
    #[serde(default)]
    cached_input: Option<u64>,
    #[serde(default)]
    output: Option<u64>,
}

/// How one run of it ended.
struct Ended {
    written: Result<Written, (Outcome, String)>,
    result: CallResult,
    stderr: String,
    took: Duration,
}

/// Runs the program; its outputs.
pub(super) async fn run(
    context: &Context,
    draft: &mut Draft,
    workflow: &WorkflowVariant,
    runner: &Runner,
    state: State,
    case: &str,
) -> Result<Map<String, Value>, Verdict> {
    let key = draft.key();
    let caller = Caller::Variant { variant: key.variant, node: 0 };
    if ask(context, &mut draft.strand, caller, Work::Program).await.is_err() {
        return Err(Verdict::NotRun);
    }
    let call = RunnerCall {
        command: runner.command.clone(),
        environment: runner.environment.clone(),
        input: input(context, context.prepared.variant(key.variant), workflow, &state, key, case),
        timeout: context.timeout,
    };
    let now = context.clock.now();
    draft.strand.begin_step(NodeRun { node: NAME, iteration: 1, item: None }, SentPrompt::default(), now);
    let program = call.command.first().map_or(NAME, String::as_str);
    draft.strand.begin_attempt(AttemptPurpose::Answer, NAME, program, now);
    let ended = execute(context, &call).await;
    settle(context, draft, workflow, state, ended)
}

/// What the program reads from stdin.
fn input(
    context: &Context,
    variant: &Variant,
    workflow: &WorkflowVariant,
    state: &State,
    key: TrialKey,
    case: &str,
) -> Value {
    let file = context.workflow.as_deref().unwrap_or_default();
    let stem = file.rsplit('/').next().unwrap_or_default();
    json!({
        "workflow": {"name": stem.rsplit_once('.').map_or(stem, |(stem, _)| stem), "file": file},
        "variant": {
            "name": variant.name,
            "prompt": variant.prompt,
            "system_prompt": variant.system_prompt,
            "node": workflow.node,
            "provider": variant.provider,
            "model": variant.model,
            "base_url": variant.base_url,
            "temperature": variant.temperature,
            "max_output_tokens": variant.max_output_tokens,
            "config_overrides": variant.config_overrides,
        },
        "inputs": state,
        "seed": seed(context.seed, key),
        "trial": {"case": case, "case_index": key.case, "repetition": key.repetition},
    })
}

/// A seed for the randomness of a program or a system under test: another one for each case and repetition, the same for all variants, so
/// that they are compared on the same luck. 32 bits, because common libraries take no more.
pub(super) fn seed(seed: u64, key: TrialKey) -> u32 {
    let trial = u64::from(key.case) << 16 | u64::from(key.repetition);
    let mixed = (seed ^ trial.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> 32) as u32
}

async fn execute(context: &Context, call: &RunnerCall) -> Ended {
    let start = Instant::now();
    let answer = context.runner.run(call).await;
    let took = start.elapsed();
    let failed = |outcome, message| Err((outcome, message));
    match answer {
        Ok(answer) => match serde_json::from_value(answer.output.clone()) {
            Ok(written) => {
                Ended { written: Ok(written), result: CallResult::Answered, stderr: answer.stderr, took }
            }
            Err(error) => Ended {
                written: failed(Outcome::Fail, wrong_shape(&answer.output, &error)),
                result: CallResult::ProgramFailed,
                stderr: answer.stderr,
                took,
            },
        },
        Err(RunnerError { kind, message, stderr }) => {
            let (outcome, result) = match kind {
                RunnerErrorKind::NotStarted => (Outcome::InfraError, CallResult::NotStarted(message.clone())),
                RunnerErrorKind::TimedOut => (Outcome::Timeout, CallResult::ProgramFailed),
                RunnerErrorKind::Failed => (Outcome::Fail, CallResult::ProgramFailed),
            };
            Ended { written: failed(outcome, message), result, stderr, took }
        }
    }
}

fn wrong_shape(output: &Value, error: &serde_json::Error) -> String {
    let shape = r#"{"outputs": {…}, "tokens": {"input": 0, "output": 0}, "cost_usd": 0, "latency_ms": 0}"#;
    let found = match output {
        Value::Object(fields) if !fields.contains_key("outputs") => {
            let names: Vec<&str> = fields.keys().take(10).map(String::as_str).collect();
            format!(
                "It has no `outputs`, but: {}",
                if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
            )
        }
        Value::Object(_) => format!("{error}"),
        _ => "It is no object".to_owned(),
    };
    format!(
        "The JSON that the program wrote does not have the right shape. {found}. It must look like {shape}; only outputs is needed."
    )
}

/// Keeps what came of it and tells the scheduler.
fn settle(
    context: &Context,
    draft: &mut Draft,
    workflow: &WorkflowVariant,
    mut state: State,
    ended: Ended,
) -> Result<Map<String, Value>, Verdict> {
    let Ended { written, result, stderr, took } = ended;
    let now = context.clock.now();
    let told = written.as_ref().ok();
    let tokens = told.and_then(|written| written.tokens.as_ref());
    let usage = tokens.map_or_else(Usage::default, |tokens| Usage {
        input_tokens: tokens.input,
        cached_input_tokens: tokens.cached_input,
        output_tokens: tokens.output,
    });
    // A program that never started costs nothing.
    let cost_usd = match &result {
        CallResult::NotStarted(_) => Some(0.0),
        _ => told.and_then(|written| written.cost_usd).filter(|cost| *cost >= 0.0),
    };
    let latency = told.and_then(|written| written.latency_ms).filter(|latency| *latency >= 0.0);
    let latency = latency.unwrap_or_else(|| millis(took));
    let written = written.and_then(|written| {
        runner_outputs(&workflow.program, written.outputs).map_err(|problem| {
            (Outcome::Fail, format!("The program's outputs don't fit the workflow: {problem}."))
        })
    });
    let error = written.as_ref().err().map(|(_, message)| message.clone());
    let strand = &mut draft.strand;
    strand.end_attempt(AttemptEnd { at: now, status: None, usage, cost_usd, error: error.clone() });
    context.tell(Message::CallEnded { line: strand.line, report: CallReport { usage, cost_usd, result } });
    if let Some(step) = strand.step() {
        step.answer = Some(stderr).filter(|stderr| !stderr.is_empty());
        step.latency_ms = Some(latency);
    }
    strand.end_step(error.map_or_else(|| Ok(written.as_ref().cloned().unwrap_or_default()), Err), now);
    let outputs = written.map_err(|(outcome, message)| {
        if outcome == Outcome::Fail {
            draft.record.latency_ms = Some(latency);
        }
        Verdict::Outcome(outcome, Some(message))
    })?;
    state.extend(outputs.clone());
    draft.strand.set_state(&state);
    draft.record.latency_ms = Some(latency);
    Ok(outputs)
}
