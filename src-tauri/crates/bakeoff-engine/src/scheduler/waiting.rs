//! Telling why nothing moves.

use super::Scheduler;
use super::flight::Stage;
use crate::event::EngineEvent;
use std::time::Duration;
use tokio::time::Instant;

/// Shorter waits are not worth a word.
const WORTH_TELLING: Duration = Duration::from_millis(500);

impl Scheduler {
    /// Tells a new reason of waiting, or that there is none any more.
    pub(super) fn tell_waiting(&mut self, now: Instant) {
        if let Some(until) = self.blocked_until(now) {
            self.wake_at(until);
        }
        let reason = self.reason_of_waiting(now);
        if reason != self.waiting {
            self.waiting.clone_from(&reason);
            self.tell(EngineEvent::Waiting { reason });
        }
    }

    /// When an endpoint that asked to be left alone may be called again.
    fn blocked_until(&self, now: Instant) -> Option<Instant> {
        let blocks = self.callers.endpoints().filter_map(|endpoint| endpoint.blocked_until(now));
        blocks.map(|(until, _)| until).min()
    }

    fn reason_of_waiting(&mut self, now: Instant) -> Option<String> {
        // The common case first: something is being called or worked on.
        if self.asking.is_empty() && !self.lines.is_empty() && self.occupied > self.resting.len() {
            return None;
        }
        if self.count(|stage| matches!(stage, Stage::Calling { .. } | Stage::Preparing)) > 0 {
            return None;
        }
        let blocked = self.callers.endpoints().find_map(|endpoint| endpoint.blocked_until(now));
        let blocked = blocked.or_else(|| self.blocked_ask(now)).or_else(|| self.next_retry());
        blocked
            .filter(|(until, _)| *until > now + WORTH_TELLING)
            .map(|(_, reason)| format!("waiting: {reason}"))
    }

    /// Why the first trial that asks has to wait.
    fn blocked_ask(&mut self, now: Instant) -> Option<(Instant, String)> {
        let ask = self.asking.pop_front()?;
        let tokens = self.estimate_work(&ask).tokens;
        let endpoint = self.callers.endpoint_of_work(&ask.work, now);
        self.asking.push_front(ask);
        match self.callers.endpoint(endpoint).check(tokens, now) {
            Err(crate::endpoint::Block::Until(until, reason)) => Some((until, reason)),
            _ => None,
        }
    }

    /// The trial that tries again first, when all are waiting to.
    fn next_retry(&self) -> Option<(Instant, String)> {
        let waits = self.lines.values().filter_map(|line| match &line.stage {
            Stage::BackingOff { until, message } => Some((*until, message)),
            _ => None,
        });
        waits.min_by_key(|(until, _)| *until).map(|(until, message)| (until, message.clone()))
    }
}
