//! What trials tell, and what follows from it.

use super::Scheduler;
use super::flight::{Flight, Stage};
use crate::event::{EndReason, EngineEvent, TrialSummary};
use crate::message::{CallReport, CallResult, Message, TrialEnd};
use bakeoff_core::trial::TrialKey;
use tokio::time::Instant;

impl Scheduler {
    pub(super) fn take(&mut self, message: Message, now: Instant) {
        match message {
            Message::Ask(ask) => {
                if let Some(flight) = self.flights.get_mut(&ask.key) {
                    flight.stage = Stage::Asking;
                }
                self.yield_permit(ask.key);
                self.disengage(ask.key);
                self.asking.push_back(ask);
            }
            Message::CallEnded { key, report } => self.call_ended(key, &report, now),
            Message::BackingOff { key, until, message } => self.backing_off(key, until, message),
            Message::Ended { key, end } => self.trial_ended(key, end, now),
        }
    }

    fn call_ended(&mut self, key: TrialKey, report: &CallReport, now: Instant) {
        self.yield_permit(key);
        self.disengage(key);
        let Some(flight) = self.flights.get_mut(&key) else { return };
        let Stage::Calling { permit, caller, estimate, request } =
            std::mem::replace(&mut flight.stage, Stage::Finishing)
        else {
            return;
        };
        self.budget.remove_doubt(estimate.doubt);
        let used = report.usage.total_tokens();
        if let Some(message) = self.callers.endpoint(permit.endpoint).end(permit, &report.result, used, now) {
            self.tell(EngineEvent::LimitLowered { message });
        }
        self.callers.learn(caller, &report.result);
        if matches!(report.result, CallResult::Answered) {
            self.estimator.learn(&request, &report.usage);
        }
        self.counts.known_cost_usd += report.cost_usd.unwrap_or(0.0);
        self.spend(key, report.cost_usd.unwrap_or(estimate.cost));
    }

    /// Money leaves what was set aside for the trial; what it costs more than that comes on top.
    fn spend(&mut self, key: TrialKey, cost: f64) {
        self.budget.spend(cost);
        if let Some(flight) = self.flights.get_mut(&key) {
            let covered = flight.reserved.min(cost);
            flight.reserved -= covered;
            self.budget.release(covered);
        }
    }

    fn backing_off(&mut self, key: TrialKey, until: Instant, message: String) {
        let Some(flight) = self.flights.get_mut(&key) else { return };
        flight.stage = Stage::BackingOff { until, message: message.clone() };
        // Until it has tried again it takes the place of a new trial, so that a provider in trouble isn't flooded.
        let endpoint = flight.endpoint;
        flight.engaged_at = Some(endpoint);
        self.callers.engage(endpoint);
        self.tell(EngineEvent::Retrying { key, message });
    }

    fn trial_ended(&mut self, key: TrialKey, end: TrialEnd, now: Instant) {
        self.disengage(key);
        let Some(flight) = self.flights.remove(&key) else { return };
        self.asking.retain(|ask| ask.key != key);
        self.abandon_call(&flight);
        self.budget.release(flight.reserved);
        self.rest(&flight, now);
        match end {
            TrialEnd::Durable(summary) => self.recorded(summary),
            TrialEnd::NotRun => self.counts.not_run += 1,
            TrialEnd::LogFailed(message) => self.log_failed(message),
        }
    }

    /// A call that was given up may be charged all the same, so what was set aside for it counts as spent.
    fn abandon_call(&mut self, flight: &Flight) {
        if let Stage::Calling { permit, estimate, .. } = &flight.stage {
            self.callers.endpoint(permit.endpoint).abandon();
            self.budget.remove_doubt(estimate.doubt);
            self.budget.spend(estimate.cost);
        }
    }

    fn rest(&mut self, flight: &Flight, now: Instant) {
        if self.cooldown.is_zero() || !flight.called {
            self.occupied -= usize::from(flight.permit_held);
            return;
        }
        if flight.permit_held {
            self.resting.push_back(now + self.cooldown);
        }
    }

    fn recorded(&mut self, summary: TrialSummary) {
        self.counts.add(&summary);
        self.tell(EngineEvent::TrialEnded(summary));
    }

    fn log_failed(&mut self, message: String) {
        self.counts.not_run += 1;
        if matches!(self.ending, Some(EndReason::LogFailed(_))) {
            return;
        }
        self.tell(EngineEvent::Warning { message: message.clone() });
        self.ending = Some(EndReason::LogFailed(message));
        self.context.cancel.cancel();
    }

    /// Gives a permit back while no call is open, unless it has to rest after the trial.
    fn yield_permit(&mut self, key: TrialKey) {
        if !self.cooldown.is_zero() {
            return;
        }
        if let Some(flight) = self.flights.get_mut(&key)
            && std::mem::take(&mut flight.permit_held)
        {
            self.occupied -= 1;
        }
    }

    fn disengage(&mut self, key: TrialKey) {
        if let Some(endpoint) = self.flights.get_mut(&key).and_then(|flight| flight.engaged_at.take()) {
            self.callers.disengage(endpoint);
        }
    }
}
