//! A trial's record while it grows. It outlives the work on it, so that a cancelled or broken trial keeps what it had.

use super::millis;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::{ModelAnswer, ModelRequest};
use bakeoff_core::trial::{Attempt, AttemptPurpose, Millis, SentPrompt, TrialKey, TrialRecord, Usage};
use std::time::Duration;

pub(super) struct Draft {
    pub record: TrialRecord,
    open: Option<Attempt>,
}

/// A good answer with the time that its attempt took.
pub(super) struct Answered {
    pub answer: ModelAnswer,
    pub took: Duration,
}

/// How an attempt ended.
pub(super) struct AttemptEnd {
    pub at: Millis,
    pub status: Option<u16>,
    pub usage: Usage,
    pub cost_usd: Option<f64>,
    pub error: Option<String>,
}

impl Draft {
    pub(super) fn new(key: TrialKey, now: Millis) -> Self {
        let record = TrialRecord {
            key,
            outcome: Outcome::InfraError,
            score: None,
            latency_ms: None,
            wait_ms: 0.0,
            paced: false,
            usage: Usage::default(),
            cost_usd: None,
            started_at: now,
            ended_at: now,
            sent: SentPrompt::default(),
            answer: None,
            stop_reason: None,
            model_answered: None,
            error: None,
            expected_label: None,
            answered_label: None,
            scores: Vec::new(),
            attempts: Vec::new(),
            steps: Vec::new(),
        };
        Self { record, open: None }
    }

    pub(super) fn key(&self) -> TrialKey {
        self.record.key
    }

    /// Whether a call went out.
    pub(super) fn has_called(&self) -> bool {
        self.open.is_some() || !self.record.attempts.is_empty()
    }

    /// A call goes out. The first one is the start of the trial.
    pub(super) fn begin_attempt(&mut self, purpose: AttemptPurpose, request: &ModelRequest, now: Millis) {
        if self.record.attempts.is_empty() {
            self.record.started_at = now;
        }
        self.open = Some(Attempt {
            // A trial has at most 65,536 retries for each of its scorers.
            number: self.record.attempts.len() as u32 + 1,
            purpose,
            provider: request.provider.name().to_owned(),
            model: request.model.clone(),
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
            self.record.attempts.push(Attempt { ended_at: at, status, usage, cost_usd, error, ..open });
        }
    }

    pub(super) fn waited(&mut self, time: Duration) {
        self.record.wait_ms += millis(time);
    }

    pub(super) fn answered(&mut self, answered: Answered) {
        let Answered { answer, took } = answered;
        self.record.latency_ms = Some(millis(took));
        self.record.paced = answer.paced;
        self.record.answer = Some(answer.text);
        self.record.stop_reason = answer.stop_reason;
        self.record.model_answered = answer.model;
    }

    /// USD of the attempts so far; `None` when any is unknown.
    pub(super) fn cost(&self) -> Option<f64> {
        self.record.attempts.iter().map(|attempt| attempt.cost_usd).sum()
    }

    /// The finished record. An attempt that was still open was given up.
    pub(super) fn finish(mut self, outcome: Outcome, error: Option<String>, now: Millis) -> TrialRecord {
        self.end_attempt(AttemptEnd {
            at: now,
            status: None,
            usage: Usage::default(),
            cost_usd: None,
            error: Some(match outcome {
                Outcome::Cancelled => "stopped before the answer came".to_owned(),
                _ => "ended before the answer came".to_owned(),
            }),
        });
        let cost_usd = self.cost();
        let answers = self.record.attempts.iter().filter(|one| one.purpose == AttemptPurpose::Answer);
        let usage = answers.fold(Usage::default(), |sum, attempt| sum.plus(attempt.usage));
        TrialRecord { outcome, error, usage, cost_usd, ended_at: now, ..self.record }
    }
}
