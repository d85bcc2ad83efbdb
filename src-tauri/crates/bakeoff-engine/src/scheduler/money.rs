//! What a call and the rest of its trial will cost, and words about money.

use super::Scheduler;
use crate::estimate::Estimate;
use crate::event::EngineEvent;
use crate::message::Ask;
use bakeoff_core::scorer::ScorerKind;

/// Bytes of a judge's question beside criterion, task and answer.
const JUDGE_FRAME: usize = 1_200;
/// Bytes to a token.
const BYTES: f64 = 4.0;

impl Scheduler {
    /// What this call takes, and USD that must be set aside before it goes out: before a trial's first call that is the
    /// call and the judges after it, so that no answer is paid for that can't be judged any more.
    pub(super) fn estimate(&mut self, ask: &Ask, called: bool) -> (Estimate, f64) {
        let estimate = self.estimator.of(&ask.request);
        let mut whole = estimate.cost;
        if !called {
            let asked = ask.request.user.len() + ask.request.system.as_ref().map_or(0, String::len);
            let answer = (estimate.tokens * BYTES) as usize;
            for compiled in &self.context.prepared.scorers {
                let ScorerKind::Rubric { provider, model, criterion, .. } = &compiled.scorer().kind else {
                    continue;
                };
                let bytes = JUDGE_FRAME + criterion.len() + asked + answer;
                whole += self.estimator.of_text(*provider, model, bytes, None).cost;
            }
        }
        (estimate, whole)
    }

    pub(super) fn budget_words(&self) -> String {
        let limit = self.budget.limit().unwrap_or_default();
        format!(
            "The budget of {limit} USD is used up: the next call would pass it. Raise budget_usd and resume the run."
        )
    }

    /// Warnings that nobody has seen yet.
    pub(super) fn tell_warnings(&mut self) {
        while let Some(model) = self.estimator.next_unpriced() {
            if let Some(limit) = self.budget.limit() {
                let message = format!(
                    "The price of {model} is not known, so its calls don't count against the budget of {limit} USD. \
                     Enter its price in Settings to include it."
                );
                self.tell(EngineEvent::Warning { message });
            }
        }
        let untold = |refusal: &&str| !self.told_refusals.iter().any(|told| told == refusal);
        let refusals: Vec<String> = self.callers.refusals().filter(untold).map(str::to_owned).collect();
        for message in refusals {
            self.told_refusals.push(message.clone());
            self.tell(EngineEvent::Warning { message });
        }
    }
}
