//! A trial's record while it grows. It outlives the work on it, so that a cancelled or broken trial keeps what it had.

use super::millis;
use super::strand::Strand;
use crate::message::Line;
use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::ModelAnswer;
use bakeoff_core::trial::{AttemptPurpose, Millis, SentPrompt, TrialKey, TrialRecord, Usage};
use std::time::Duration;

pub(super) struct Draft {
    pub record: TrialRecord,
    /// What the trial itself has done.
    pub strand: Strand,
    /// What branches have done that were not taken in yet.
    pub branches: Vec<Strand>,
}

/// A good answer with the time that its attempt took.
pub(super) struct Answered {
    pub answer: ModelAnswer,
    pub took: Duration,
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
            fault: None,
        };
        Self { record, strand: Strand::new(Line::of(key)), branches: Vec::new() }
    }

    pub(super) fn key(&self) -> TrialKey {
        self.record.key
    }

    /// Whether a call went out.
    pub(super) fn has_called(&self) -> bool {
        self.strand.has_called() || self.branches.iter().any(Strand::has_called)
    }

    /// Whether there is anything to record.
    pub(super) fn has_begun(&self) -> bool {
        self.has_called() || self.record.fault.is_some()
    }

    pub(super) fn answered(&mut self, answered: Answered) {
        let Answered { answer, took } = answered;
        self.record.latency_ms = Some(millis(took));
        self.record.paced = answer.paced;
        self.record.answer = Some(answer.text);
        self.record.stop_reason = answer.stop_reason;
        self.record.model_answered = answer.model;
    }

    /// The model's own time grows by that of a node.
    pub(super) fn add_latency(&mut self, latency_ms: Option<f64>) {
        if let Some(more) = latency_ms {
            self.record.latency_ms = Some(self.record.latency_ms.unwrap_or(0.0) + more);
        }
    }

    /// Begins branches, one for each item of a parallel edge.
    pub(super) fn fork(&mut self, items: u32) -> &mut [Strand] {
        let trial = self.key();
        self.branches = (0..items).map(|item| Strand::new(Line { trial, branch: Some(item) })).collect();
        &mut self.branches
    }

    /// Takes in what branches have done. They waited at the same time, so the longest wait counts.
    pub(super) fn join(&mut self) {
        let longest = self.branches.iter().map(|branch| branch.waited).max();
        self.strand.waited += longest.unwrap_or_default();
        for branch in self.branches.drain(..) {
            self.strand.attempts.extend(branch.attempts);
            self.strand.steps.extend(branch.steps);
        }
    }

    /// USD of the attempts so far; `None` when any is unknown.
    pub(super) fn cost(&self) -> Option<f64> {
        self.strand.attempts.iter().map(|attempt| attempt.cost_usd).sum()
    }

    /// The finished record. What was still open was given up.
    pub(super) fn finish(
        mut self,
        outcome: Outcome,
        error: Option<String>,
        node: Option<&str>,
        now: Millis,
    ) -> TrialRecord {
        for strand in self.branches.iter_mut().chain([&mut self.strand]) {
            strand.give_up(outcome, now);
        }
        self.join();
        if let Some(node) = node {
            self.take_from_steps(node);
            // A part of the path's time would pass for the whole.
            if matches!(outcome, Outcome::Timeout | Outcome::InfraError | Outcome::Cancelled) {
                self.record.latency_ms = None;
            }
        }
        let cost_usd = self.cost();
        let mut attempts = self.strand.attempts;
        // Branches call at the same time; else they are in order already.
        attempts.sort_by_key(|attempt| attempt.started_at);
        for (number, attempt) in (1..).zip(&mut attempts) {
            attempt.number = number;
        }
        let answers = attempts.iter().filter(|one| one.purpose == AttemptPurpose::Answer);
        let usage = answers.fold(Usage::default(), |sum, attempt| sum.plus(attempt.usage));
        TrialRecord {
            outcome,
            error,
            usage,
            cost_usd,
            wait_ms: millis(self.strand.waited),
            started_at: match attempts.first() {
                // Of a fault trial the calls are only a part.
                Some(first) if self.record.fault.is_none() => first.started_at,
                _ => self.record.started_at,
            },
            ended_at: now,
            attempts,
            steps: self.strand.steps.into_iter().map(|stepped| stepped.step).collect(),
            ..self.record
        }
    }

    /// Of a workflow: what the node under test was sent last, and which model said what there.
    fn take_from_steps(&mut self, node: &str) {
        let steps = &self.strand.steps;
        self.record.paced = steps.iter().any(|stepped| stepped.paced);
        if let Some(last) = steps.iter().rev().find(|stepped| stepped.step.node == node) {
            self.record.sent = last.step.sent.clone();
            self.record.stop_reason.clone_from(&last.stop_reason);
            self.record.model_answered.clone_from(&last.model_answered);
        }
    }
}
