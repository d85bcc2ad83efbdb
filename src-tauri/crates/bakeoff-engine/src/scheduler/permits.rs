//! Permits for calls: who may call now, who must wait, who is told no.

use super::Scheduler;
use super::flight::Stage;
use crate::endpoint::Block;
use crate::estimate::Estimate;
use crate::event::EngineEvent;
use crate::message::{Ask, Denial, Permission, Work};
use bakeoff_core::trial::TrialKey;
use tokio::time::Instant;

/// What is decided on one ask.
enum Decision {
    Grant {
        endpoint: usize,
        estimate: Estimate,
        /// USD.
        reserve: f64,
    },
    /// A message or [`Scheduler::wake`] will come.
    Wait,
    /// All of the run's permits are taken.
    WaitForPermit,
    /// Only the money of calls that are under way can make room.
    WaitForMoney,
    Deny(Denial),
}

impl Scheduler {
    /// Goes through all asks in their order. One that has to wait holds up nobody at another endpoint.
    pub(super) fn permit(&mut self, now: Instant) {
        let (mut short, mut without_permit) = (0, 0);
        for _ in 0..self.asking.len() {
            let Some(ask) = self.asking.pop_front() else { break };
            if ask.reply.is_closed() {
                continue;
            }
            // While a trial waits for money no later one may start with it.
            let decision = match self.decide(&ask, now) {
                Decision::Grant { .. } if short > 0 && !self.has_called(&ask) => Decision::WaitForMoney,
                decision => decision,
            };
            match decision {
                Decision::Grant { endpoint, estimate, reserve } => {
                    self.grant(ask, endpoint, estimate, reserve, now);
                }
                Decision::Deny(denial) => deny(ask, denial),
                Decision::Wait => self.asking.push_back(ask),
                Decision::WaitForPermit => {
                    without_permit += 1;
                    self.asking.push_back(ask);
                }
                Decision::WaitForMoney => {
                    short += 1;
                    self.asking.push_back(ask);
                }
            }
        }
        self.short_of_money = short > 0;
        if short > 0 && self.no_money_comes_back(short, without_permit) {
            self.out_of_budget = true;
            self.deny_for_money();
        }
    }

    /// Whether no call is under way whose money could come back. That is so when every line waits for money or for its
    /// branches. A fault trial does other things for minutes, while the time of one that waits runs out, so there only
    /// open calls count.
    fn no_money_comes_back(&self, short: usize, without_permit: usize) -> bool {
        if self.context.lab.is_some() {
            return self.count(|stage| matches!(stage, Stage::Calling { .. })) == 0;
        }
        let joining = self.count(|stage| matches!(stage, Stage::Joining));
        // Permits that rest will be free; those of lines that wait for money will not.
        let stuck = if self.resting.is_empty() { without_permit } else { 0 };
        short + stuck + joining == self.lines.len()
    }

    fn deny_for_money(&mut self) {
        let reason = self.budget_words();
        self.tell(EngineEvent::Warning { message: reason.clone() });
        for ask in std::mem::take(&mut self.asking) {
            deny(ask, Denial::Money(reason.clone()));
        }
    }

    fn has_called(&self, ask: &Ask) -> bool {
        self.flights.get(&ask.line.trial).is_some_and(|flight| flight.called)
    }

    fn decide(&mut self, ask: &Ask, now: Instant) -> Decision {
        if self.ending.is_some() {
            // Every trial has been told to end; this one will do so at once.
            return Decision::Wait;
        }
        let endpoint = self.callers.endpoint_of_work(&ask.work, now);
        if let Some(refusal) = self.callers.refusal(ask.caller, endpoint) {
            return Decision::Deny(Denial::Refusal(refusal.to_owned()));
        }
        let (Some(flight), Some(line)) = (self.flights.get(&ask.line.trial), self.lines.get(&ask.line))
        else {
            return Decision::Deny(Denial::Refusal(String::new()));
        };
        let (called, to_hand, permit_held) = (flight.called, flight.to_hand(), line.permit_held);
        let (estimate, whole) = self.estimate(ask, called);
        let reserve = (whole - to_hand).max(0.0);
        if self.out_of_budget && (!called || !self.budget.fits(reserve)) {
            return Decision::Deny(Denial::Money(self.budget_words()));
        }
        if !permit_held && self.occupied >= self.parallel {
            return Decision::WaitForPermit;
        }
        match self.callers.endpoint(endpoint).check(estimate.tokens, now) {
            Err(Block::Full) => return Decision::Wait,
            Err(Block::Until(at, _)) => {
                self.wake_at(at);
                return Decision::Wait;
            }
            Ok(()) => {}
        }
        // The first call of a model shows what its calls take; further ones before its answer must fit at worst.
        let doubt = if estimate.doubt > 0.0 && self.is_calling(ask) { estimate.doubt } else { 0.0 };
        if !self.budget.surely_fits(reserve, doubt) {
            return Decision::WaitForMoney;
        }
        Decision::Grant { endpoint, estimate, reserve }
    }

    /// Whether a call of the same model, or of the same program, is open.
    fn is_calling(&self, ask: &Ask) -> bool {
        self.count(|stage| match stage {
            Stage::Calling { work, caller, .. } => match (work, &ask.work) {
                (Work::Model(open), Work::Model(asked)) => {
                    open.provider == asked.provider && open.model == asked.model
                }
                (Work::Program, Work::Program) => *caller == ask.caller,
                _ => false,
            },
            _ => false,
        }) > 0
    }

    fn grant(&mut self, ask: Ask, endpoint: usize, estimate: Estimate, reserve: f64, now: Instant) {
        let (Some(flight), Some(line)) =
            (self.flights.get_mut(&ask.line.trial), self.lines.get_mut(&ask.line))
        else {
            return;
        };
        if ask.reply.send(Permission::Granted).is_err() {
            // It was cancelled a moment ago; its end is on the way.
            return;
        }
        if !line.permit_held {
            line.permit_held = true;
            self.occupied += 1;
        }
        let permit = self.callers.endpoint(endpoint).begin(endpoint, estimate.tokens, now);
        self.callers.engage(endpoint);
        line.engaged_at = Some(endpoint);
        line.endpoint = endpoint;
        line.stage = Stage::Calling { permit, caller: ask.caller, estimate, work: ask.work };
        flight.called = true;
        flight.reserved += reserve;
        flight.calling += estimate.cost;
        self.budget.reserve(reserve);
        self.budget.add_doubt(estimate.doubt);
        self.started(ask.line.trial);
    }

    /// Tells once that a trial has started.
    pub(super) fn started(&mut self, key: TrialKey) {
        let Some(flight) = self.flights.get_mut(&key) else { return };
        if std::mem::replace(&mut flight.started, true) {
            return;
        }
        self.context.log.started(key, self.context.clock.now());
        self.tell(EngineEvent::TrialStarted { key });
    }
}

fn deny(ask: Ask, denial: Denial) {
    // A trial that was cancelled meanwhile doesn't need to know.
    let _ = ask.reply.send(Permission::Denied(denial));
}
