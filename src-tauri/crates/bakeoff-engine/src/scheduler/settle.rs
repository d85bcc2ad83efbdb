//! What trials tell, and what follows from it.

use super::Scheduler;
use super::flight::Stage;
use crate::event::{EndReason, EngineEvent, TrialSummary};
use crate::message::{CallReport, CallResult, Caller, Line, Message, TrialEnd, Work};
use bakeoff_core::trial::TrialKey;
use tokio::time::Instant;

impl Scheduler {
    pub(super) fn take(&mut self, message: Message, now: Instant) {
        match message {
            Message::Ask(ask) => {
                if ask.line.branch.is_some() && !self.lines.contains_key(&ask.line) {
                    self.branch_off(ask.line);
                }
                if let Some(line) = self.lines.get_mut(&ask.line) {
                    line.stage = Stage::Asking;
                }
                self.yield_permit(ask.line);
                self.disengage(ask.line);
                self.asking.push_back(ask);
            }
            Message::CallEnded { line, report } => self.call_ended(line, &report, now),
            Message::BackingOff { line, until, message } => self.backing_off(line, until, message),
            Message::BranchEnded(line) => self.branch_ended(line),
            Message::Began(key) => self.started(key),
            Message::Unavailable(message) => self.unavailable(message),
            Message::Ended { key, end } => self.trial_ended(key, end, now),
        }
    }

    fn call_ended(&mut self, line: Line, report: &CallReport, now: Instant) {
        self.yield_permit(line);
        self.disengage(line);
        let Some(state) = self.lines.get_mut(&line) else { return };
        let Stage::Calling { permit, caller, estimate, work } =
            std::mem::replace(&mut state.stage, Stage::Finishing)
        else {
            return;
        };
        self.budget.remove_doubt(estimate.doubt);
        let used = report.usage.total_tokens();
        if let Some(message) = self.callers.endpoint(permit.endpoint).end(permit, &report.result, used, now) {
            self.tell(EngineEvent::LimitLowered { message });
        }
        self.callers.learn(caller, &report.result);
        self.learn(caller, &work, report);
        self.counts.known_cost_usd += report.cost_usd.unwrap_or(0.0);
        self.spend(line.trial, estimate.cost, report.cost_usd.unwrap_or(estimate.cost));
    }

    fn learn(&mut self, caller: Caller, work: &Work, report: &CallReport) {
        if !matches!(report.result, CallResult::Answered) {
            return;
        }
        match (work, caller) {
            (Work::Model(request), _) => self.estimator.learn(request, &report.usage),
            (Work::Program, Caller::Variant { variant, .. }) => {
                self.estimator.learn_program(variant, report.cost_usd);
            }
            (Work::Program, Caller::Judge(_)) => {}
        }
    }

    /// A call is over: its money leaves what was set aside for the trial; what it costs more than that comes on top.
    fn spend(&mut self, trial: TrialKey, estimated: f64, cost: f64) {
        self.budget.spend(cost);
        if let Some(flight) = self.flights.get_mut(&trial) {
            flight.calling = (flight.calling - estimated).max(0.0);
            let covered = flight.reserved.min(cost);
            flight.reserved -= covered;
            self.budget.release(covered);
        }
    }

    fn backing_off(&mut self, line: Line, until: Instant, message: String) {
        let Some(state) = self.lines.get_mut(&line) else { return };
        state.stage = Stage::BackingOff { until, message: message.clone() };
        // Until it has tried again it takes the place of a new trial, so that a provider in trouble isn't flooded.
        let endpoint = state.endpoint;
        state.engaged_at = Some(endpoint);
        self.callers.engage(endpoint);
        self.tell(EngineEvent::Retrying { key: line.trial, message });
    }

    fn trial_ended(&mut self, key: TrialKey, end: TrialEnd, now: Instant) {
        let branches = self.flights.get(&key).map(|flight| flight.branches.clone()).unwrap_or_default();
        for branch in branches {
            self.branch_ended(Line { trial: key, branch: Some(branch) });
        }
        let permit_held = self.drop_line(Line::of(key));
        let Some(flight) = self.flights.remove(&key) else { return };
        self.budget.release(flight.reserved);
        self.rest(permit_held, flight.started, now);
        match end {
            TrialEnd::Durable(summary) => self.recorded(summary),
            TrialEnd::NotRun => self.counts.not_run += 1,
            TrialEnd::LogFailed(message) => self.log_failed(message),
        }
    }

    /// Forgets a line with whatever it still had open; returns whether it held a permit.
    pub(super) fn drop_line(&mut self, line: Line) -> bool {
        self.disengage(line);
        self.asking.retain(|ask| ask.line != line);
        let Some(state) = self.lines.remove(&line) else { return false };
        if let Stage::Calling { permit, estimate, .. } = &state.stage {
            // A call that was given up may be charged all the same, so what was set aside for it counts as spent.
            self.callers.endpoint(permit.endpoint).abandon();
            self.budget.remove_doubt(estimate.doubt);
            self.spend(line.trial, estimate.cost, estimate.cost);
        }
        state.permit_held
    }

    fn rest(&mut self, permit_held: bool, started: bool, now: Instant) {
        if self.cooldown.is_zero() || !started {
            self.occupied -= usize::from(permit_held);
            return;
        }
        if permit_held {
            self.resting.push_back(now + self.cooldown);
        }
    }

    fn recorded(&mut self, summary: TrialSummary) {
        self.counts.add(&summary);
        if summary.outcome.has_answer() {
            self.callers.answered(summary.key.variant);
        }
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

    /// Something that a fault campaign needs is not there, so its other trials will not run.
    fn unavailable(&mut self, message: String) {
        if !self.unavailable.contains(&message) {
            self.tell(EngineEvent::Warning { message: message.clone() });
            self.unavailable.push(message);
        }
    }

    /// Gives a permit back while no call is open, unless it has to rest after the trial or stands for a system under
    /// test.
    fn yield_permit(&mut self, line: Line) {
        if !self.cooldown.is_zero() || self.context.lab.is_some() {
            return;
        }
        if let Some(state) = self.lines.get_mut(&line)
            && std::mem::take(&mut state.permit_held)
        {
            self.occupied -= 1;
        }
    }

    pub(super) fn disengage(&mut self, line: Line) {
        if let Some(endpoint) = self.lines.get_mut(&line).and_then(|state| state.engaged_at.take()) {
            self.callers.disengage(endpoint);
        }
    }
}
