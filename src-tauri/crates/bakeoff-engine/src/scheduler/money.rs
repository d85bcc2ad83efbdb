//! What a call and the rest of its trial will cost, and words about money.

use super::Scheduler;
use crate::estimate::Estimate;
use crate::event::EngineEvent;
use crate::message::{Ask, Caller, Work};
use bakeoff_core::scorer::ScorerKind;
use bakeoff_core::workflow::Node;

/// Bytes of a judge's question beside criterion, task and answer.
const JUDGE_FRAME: usize = 1_200;
/// Bytes to a token.
const BYTES: f64 = 4.0;

impl Scheduler {
    /// What this call takes, and USD that must be set aside before it goes out: the call and the judges after it, and
    /// before a trial's first call the other nodes of a workflow too, so that no answer is paid for that can't be used
    /// or judged any more. Loops and parallel edges may take more than their nodes once; they ask again.
    pub(super) fn estimate(&mut self, ask: &Ask, called: bool) -> (Estimate, f64) {
        let Caller::Variant { variant, node } = ask.caller else {
            let estimate = self.estimate_work(ask);
            return (estimate, estimate.cost);
        };
        let estimate = self.estimate_work(ask);
        let asked = match &ask.work {
            Work::Model(request) => request.user.len() + request.system.as_ref().map_or(0, String::len),
            Work::Program => 0,
        };
        let answer = (estimate.tokens * BYTES) as usize;
        let mut whole = estimate.cost + self.judges(asked + answer);
        if !called {
            whole += self.other_nodes(variant, node);
        }
        (estimate, whole)
    }

    /// What a call takes by itself.
    pub(super) fn estimate_work(&mut self, ask: &Ask) -> Estimate {
        match (&ask.work, ask.caller) {
            (Work::Model(request), _) => self.estimator.of(request),
            (Work::Program, Caller::Variant { variant, .. }) => self.estimator.of_program(variant),
            (Work::Program, Caller::Judge(_)) => Estimate::default(),
        }
    }

    /// USD of the campaign's judges on a task and answer of `bytes` bytes.
    fn judges(&mut self, bytes: usize) -> f64 {
        let mut cost = 0.0;
        for compiled in &self.context.prepared.scorers {
            let ScorerKind::Rubric { provider, model, criterion, .. } = &compiled.scorer().kind else {
                continue;
            };
            let bytes = JUDGE_FRAME + criterion.len() + bytes;
            cost += self.estimator.of_text(*provider, model, bytes, None).cost;
        }
        cost
    }

    /// USD of every node of a variant's workflow once, but for the one at `place`.
    fn other_nodes(&mut self, variant: u16, place: usize) -> f64 {
        let Some(workflow) = &self.context.prepared.variant(variant).workflow else { return 0.0 };
        let others = workflow.program.nodes.iter().enumerate().filter(|(at, _)| *at != place);
        let of_node = |(_, node): (usize, &Node)| {
            let bytes = node.prompt.len() + node.system_prompt.as_ref().map_or(0, String::len);
            self.estimator.of_text(node.llm.provider, &node.llm.model, bytes, node.llm.max_output_tokens).cost
        };
        others.map(of_node).sum()
    }

    pub(super) fn budget_words(&self) -> String {
        let limit = self.budget.limit().unwrap_or_default();
        format!(
            "The budget of {limit} USD is used up: the next call would pass it. Raise budget_usd and resume the run."
        )
    }

    /// Warnings that nobody has seen yet.
    pub(super) fn tell_warnings(&mut self) {
        while let Some(unpriced) = self.estimator.next_unpriced() {
            if let Some(limit) = self.budget.limit() {
                self.tell(EngineEvent::Warning { message: unpriced.in_words(limit) });
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
