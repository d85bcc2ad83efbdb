//! What one line of work of a trial has done: its calls and, in a workflow, its nodes. It outlives the work on it, so
//! that a cancelled or failed branch keeps what it had.

use super::millis;
use crate::message::Line;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelAnswer;
use bakeoff_core::trial::{Attempt, AttemptPurpose, Millis, SentPrompt, Step, Usage};
use serde_json::{Map, Value};
use std::time::Duration;

pub(super) struct Strand {
    pub line: Line,
    /// Finished calls, in order.
    pub attempts: Vec<Attempt>,
    open: Option<Attempt>,
    /// Finished nodes, in order.
    pub steps: Vec<Stepped>,
    step: Option<OpenStep>,
    /// Time spent waiting for permits and between retries.
    pub waited: Duration,
}

/// A finished node with what only the trial's record needs of it.
pub(super) struct Stepped {
    pub step: Step,
    pub paced: bool,
    pub stop_reason: Option<String>,
    pub model_answered: Option<String>,
}

struct OpenStep {
    stepped: Stepped,
    /// Its calls begin here.
    first_attempt: usize,
}

/// Which run of which node.
#[derive(Clone, Copy)]
pub(super) struct NodeRun<'a> {
    pub node: &'a str,
    /// From 1.
    pub iteration: u32,
    /// Of a parallel edge, from 0.
    pub item: Option<u32>,
}

/// How an attempt ended.
pub(super) struct AttemptEnd {
    pub at: Millis,
    pub status: Option<u16>,
    pub usage: Usage,
    pub cost_usd: Option<f64>,
    pub error: Option<String>,
}

impl AttemptEnd {
    fn unknown(at: Millis, error: &str) -> Self {
        Self { at, status: None, usage: Usage::default(), cost_usd: None, error: Some(error.to_owned()) }
    }
}

impl Strand {
    pub(super) fn new(line: Line) -> Self {
        Self { line, attempts: Vec::new(), open: None, steps: Vec::new(), step: None, waited: Duration::ZERO }
    }

    /// Whether a call went out.
    pub(super) fn has_called(&self) -> bool {
        self.open.is_some() || !self.attempts.is_empty()
    }

    /// A call goes out.
    pub(super) fn begin_attempt(
        &mut self,
        purpose: AttemptPurpose,
        provider: &str,
        model: &str,
        now: Millis,
    ) {
        self.open = Some(Attempt {
            // Numbered when the trial is finished.
            number: 0,
            purpose,
            provider: provider.to_owned(),
            model: model.to_owned(),
            started_at: now,
            ended_at: now,
            status: None,
            usage: Usage::default(),
            cost_usd: None,
            error: None,
        });
    }

    pub(super) fn end_attempt(&mut self, end: AttemptEnd) {
        if let Some(open) = self.open.take() {
            let AttemptEnd { at, status, usage, cost_usd, error } = end;
            self.attempts.push(Attempt { ended_at: at, status, usage, cost_usd, error, ..open });
        }
    }

    /// A node begins.
    pub(super) fn begin_step(&mut self, run: NodeRun<'_>, sent: SentPrompt, now: Millis) {
        let step = Step {
            node: run.node.to_owned(),
            iteration: run.iteration,
            item: run.item,
            started_at: now,
            ended_at: now,
            latency_ms: None,
            usage: Usage::default(),
            cost_usd: None,
            sent,
            answer: None,
            outputs: Map::new(),
            state: Map::new(),
            error: None,
        };
        let stepped = Stepped { step, paced: false, stop_reason: None, model_answered: None };
        self.step = Some(OpenStep { stepped, first_attempt: self.attempts.len() });
    }

    /// The node that has begun.
    pub(super) fn step(&mut self) -> Option<&mut Step> {
        self.step.as_mut().map(|open| &mut open.stepped.step)
    }

    /// The model's own time of the node that has begun grows.
    pub(super) fn took(&mut self, time: Duration) {
        if let Some(step) = self.step() {
            step.latency_ms = Some(step.latency_ms.unwrap_or(0.0) + millis(time));
        }
    }

    /// The model has answered the node that has begun.
    pub(super) fn answered(&mut self, answer: &ModelAnswer, took: Duration) {
        self.took(took);
        if let Some(OpenStep { stepped, .. }) = &mut self.step {
            stepped.step.answer = Some(answer.text.clone());
            stepped.paced |= answer.paced;
            stepped.stop_reason.clone_from(&answer.stop_reason);
            stepped.model_answered.clone_from(&answer.model);
        }
    }

    /// The node has ended, with its outputs or with what went wrong.
    pub(super) fn end_step(&mut self, outcome: Result<Map<String, Value>, String>, now: Millis) {
        let Some(OpenStep { mut stepped, first_attempt }) = self.step.take() else { return };
        let step = &mut stepped.step;
        let calls = self.attempts.get(first_attempt..).unwrap_or_default();
        step.usage = calls.iter().fold(Usage::default(), |sum, call| sum.plus(call.usage));
        step.cost_usd = calls.iter().map(|call| call.cost_usd).sum();
        step.ended_at = now;
        match outcome {
            Ok(outputs) => step.outputs = outputs,
            Err(error) => step.error = Some(error),
        }
        self.steps.push(stepped);
    }

    /// The node that has begun was never called.
    pub(super) fn forget_step(&mut self) {
        self.step = None;
    }

    /// The model's own time of the node that has ended last.
    pub(super) fn last_latency(&self) -> Option<f64> {
        self.steps.last().and_then(|last| last.step.latency_ms)
    }

    /// The outputs of the node that has ended last.
    pub(super) fn last_outputs(&self) -> Map<String, Value> {
        self.steps.last().map(|last| last.step.outputs.clone()).unwrap_or_default()
    }

    /// The state after the node that has ended last.
    pub(super) fn set_state(&mut self, state: &Map<String, Value>) {
        if let Some(last) = self.steps.last_mut() {
            last.step.state.clone_from(state);
        }
    }

    /// Ends what is still open, which was given up.
    pub(super) fn give_up(&mut self, outcome: Outcome, now: Millis) {
        let is_cancelled = outcome == Outcome::Cancelled;
        self.end_attempt(AttemptEnd::unknown(
            now,
            if is_cancelled { "stopped before the answer came" } else { "ended before the answer came" },
        ));
        let words = if is_cancelled {
            "stopped before it had ended"
        } else {
            "given up because the trial had failed elsewhere"
        };
        self.end_step(Err(words.to_owned()), now);
    }
}
