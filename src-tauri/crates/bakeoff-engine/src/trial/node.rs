//! One node of a workflow, run once: its prompt, its call, its typed outputs, and one repair turn when the answer
//! can't be read.

use super::call::{Call, CallFailure, call};
use super::draft::Answered;
use super::strand::{NodeRun, Strand};
use super::{Context, Verdict, without_answer};
use crate::message::{Caller, Message};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::{ModelError, ModelErrorKind, ModelRequest};
use bakeoff_core::trial::{AttemptPurpose, SentPrompt};
use bakeoff_core::variant::Provider;
use bakeoff_core::workflow::{
    Item, Node, State, answer_instruction, answer_schema, read_outputs, render, wants_json,
};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// Characters of an answer that is shown to its model again.
const SHOWN_ANSWER: usize = 20_000;

/// What is run.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub variant: u16,
    /// The node's place in its program.
    pub place: usize,
    pub node: &'a Node,
    pub iteration: u32,
    pub item: Option<Item<'a>>,
    pub state: &'a State,
}

impl Task<'_> {
    /// In messages.
    fn name(&self) -> String {
        let id = &self.node.id;
        // People count from 1.
        self.item.map_or_else(
            || format!("Node `{id}`"),
            |item| format!("Node `{id}`, item {}", u64::from(item.index) + 1),
        )
    }

    fn request(&self, sent: &SentPrompt) -> ModelRequest {
        let llm = &self.node.llm;
        ModelRequest {
            provider: llm.provider,
            model: llm.model.clone(),
            base_url: llm.base_url.clone(),
            system: sent.system.clone(),
            user: sent.user.clone(),
            reasoning_effort: None,
            temperature: llm.temperature,
            top_p: None,
            max_output_tokens: llm.max_output_tokens,
            stop: Vec::new(),
            pace: llm.pace_ms.map(Duration::from_millis),
            // The built-in model takes a text from its prompt only when it is asked for one by its name.
            answer_schema: (wants_json(self.node) || llm.provider == Provider::Builtin)
                .then(|| Arc::new(answer_schema(self.node))),
            tools: Arc::default(),
            tool_choice: None,
            turns: Vec::new(),
        }
    }
}

/// Why a node gave nothing.
enum Failure {
    Call(CallFailure),
    /// Its answer can't be read, or its prompt can't be filled in.
    Unusable(String),
}

/// Runs a node and keeps it as a step; its outputs, or the verdict on the trial.
pub(super) async fn run(
    context: &Context,
    strand: &mut Strand,
    task: &Task<'_>,
) -> Result<Map<String, Value>, Verdict> {
    let run =
        NodeRun { node: &task.node.id, iteration: task.iteration, item: task.item.map(|item| item.index) };
    let first_attempt = strand.attempts.len();
    strand.begin_step(run, SentPrompt::default(), context.clock.now());
    let failure = match converse(context, strand, task).await {
        Ok(outputs) => {
            strand.end_step(Ok(outputs.clone()), context.clock.now());
            return Ok(outputs);
        }
        Err(failure) => failure,
    };
    if let Failure::Call(CallFailure::Denied(_)) = &failure
        && first_attempt == strand.attempts.len()
    {
        // It never ran.
        strand.forget_step();
    }
    if let Failure::Call(CallFailure::Model(ModelError { kind: ModelErrorKind::NoAnswer, .. }, took)) =
        &failure
    {
        strand.took(*took);
    }
    let attempts = strand.attempts.get(first_attempt..).unwrap_or_default();
    let verdict = match failure {
        Failure::Call(failure) => without_answer(attempts, failure),
        Failure::Unusable(problem) => Verdict::Outcome(Outcome::Fail, Some(problem)),
    };
    let Verdict::Outcome(outcome, error) = verdict else { return Err(verdict) };
    let error = error.unwrap_or_default();
    strand.end_step(Err(error.clone()), context.clock.now());
    Err(Verdict::Outcome(outcome, Some(format!("{}: {error}", task.name()))))
}

/// Asks, and asks once more when the answer can't be read.
async fn converse(
    context: &Context,
    strand: &mut Strand,
    task: &Task<'_>,
) -> Result<Map<String, Value>, Failure> {
    let mut sent = render(task.node, task.state, task.item).map_err(Failure::Unusable)?;
    if let Some(instruction) = answer_instruction(task.node) {
        sent.user = format!("{}\n\n{instruction}", sent.user);
    }
    let answer = ask(context, strand, task, sent.clone()).await?;
    let problem = match read_outputs(task.node, &answer) {
        Ok(outputs) => return Ok(outputs),
        Err(problem) => problem,
    };
    sent.user = repair(&sent.user, &answer, &problem);
    let answer = ask(context, strand, task, sent).await?;
    read_outputs(task.node, &answer).map_err(|again| {
        Failure::Unusable(format!("its outputs can't be read, also after it was told so: {again}"))
    })
}

async fn ask(
    context: &Context,
    strand: &mut Strand,
    task: &Task<'_>,
    sent: SentPrompt,
) -> Result<String, Failure> {
    let request = Arc::new(task.request(&sent));
    if let Some(step) = strand.step() {
        step.sent = sent;
    }
    let timeout = task.node.timeout_seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let wanted = Call {
        purpose: AttemptPurpose::Answer,
        caller: Caller::Variant { variant: task.variant, node: task.place },
        request: &request,
        timeout: timeout.unwrap_or(context.timeout),
        retries: task.node.retries.unwrap_or(context.retries),
    };
    let Answered { answer, took } = call(context, strand, &wanted).await.map_err(Failure::Call)?;
    strand.answered(&answer, took);
    Ok(answer.text)
}

/// The user turn that shows the model its answer and what was wrong with it.
pub(super) fn repair(asked: &str, answer: &str, problem: &str) -> String {
    let shown: String = answer.chars().take(SHOWN_ANSWER).collect();
    format!(
        "{asked}\n\nYou answered this already:\n<answer>\n{shown}\n</answer>\nIt can't be used: {problem}. Answer again, \
         so that this is mended."
    )
}

/// Tells the scheduler that a branch is over, however it ends: also when another branch has failed and this one is
/// dropped.
pub(super) struct BranchEnd<'a> {
    context: &'a Context,
    line: crate::message::Line,
}

impl<'a> BranchEnd<'a> {
    pub(super) fn of(context: &'a Context, strand: &Strand) -> Self {
        Self { context, line: strand.line }
    }
}

impl Drop for BranchEnd<'_> {
    fn drop(&mut self) {
        self.context.tell(Message::BranchEnded(self.line));
    }
}
