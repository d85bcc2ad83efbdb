//! One provider at one address, or the user's own programs: how many calls may be open, how many a minute, and until when it wants to be left
//! alone. Pure: every moment comes in as an argument.

use crate::backoff::LONGEST_ASKED;
use crate::bucket::Bucket;
use crate::message::CallResult;
use crate::spec::ProviderLimits;
use crate::words::sentence;
use bakeoff_core::ports::ModelErrorKind;
use bakeoff_core::variant::Provider;
use std::time::Duration;
use tokio::time::Instant;

/// This many refusals for lack of a valid key, one after the other, end the calls to an endpoint.
const AUTH_ERRORS: u32 = 3;

/// Why a call can't go out now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Block {
    /// As many calls are open as may be.
    Full,
    /// Not before this moment, for this reason.
    Until(Instant, String),
}

/// A call that was permitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Permit {
    /// In which endpoint.
    pub endpoint: usize,
    epoch: u64,
    tokens: f64,
}

/// Where calls go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A provider, at its own address or at this one.
    Model(Provider, Option<String>),
    /// Programs on this machine.
    Programs,
}

impl Target {
    fn name(&self) -> &'static str {
        match self {
            Self::Model(provider, _) => provider.name(),
            Self::Programs => "the program",
        }
    }
}

pub(crate) struct Endpoint {
    target: Target,
    /// Calls that may be open, adapted: halved by 429, one more for each round of successes.
    limit: f64,
    most: f64,
    /// Counts the halvings, so that all calls of one bad moment halve once.
    epoch: u64,
    /// Open calls.
    calling: usize,
    /// Trials that prepare a call, make it or wait to make it again.
    pub engaged: usize,
    blocked_until: Option<Instant>,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    auth_errors: u32,
    refused: Option<String>,
}

impl Endpoint {
    pub(crate) fn new(target: Target, parallel: u16, limits: ProviderLimits, now: Instant) -> Self {
        let most = f64::from(u32::from(parallel).min(limits.max_parallel.unwrap_or(u32::MAX)).max(1));
        Self {
            target,
            limit: most,
            most,
            epoch: 0,
            calling: 0,
            engaged: 0,
            blocked_until: None,
            requests: limits.requests_per_minute.map(|number| Bucket::new(number, now)),
            tokens: limits.tokens_per_minute.map(|number| Bucket::new(number, now)),
            auth_errors: 0,
            refused: None,
        }
    }

    pub(crate) fn is(&self, target: &Target) -> bool {
        self.target == *target
    }

    /// Why no call is made to it any more.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Calls that may be open now.
    pub(crate) fn limit(&self) -> usize {
        // At least 1 and at most 65,535.
        self.limit as usize
    }

    /// Whether another trial may be prepared for it.
    pub(crate) fn has_room(&self, now: Instant) -> bool {
        self.refused.is_none()
            && self.engaged < self.limit()
            && self.blocked_until.is_none_or(|until| until <= now)
    }

    /// Since when it may be called again, if it asked to be left alone.
    pub(crate) fn blocked_until(&self, now: Instant) -> Option<(Instant, String)> {
        let until = self.blocked_until.filter(|until| *until > now)?;
        Some((until, format!("{} asked to wait", self.target.name())))
    }

    /// Whether a call of about `tokens` tokens may go out now.
    pub(crate) fn check(&mut self, tokens: f64, now: Instant) -> Result<(), Block> {
        if let Some((until, reason)) = self.blocked_until(now) {
            return Err(Block::Until(until, reason));
        }
        if self.calling >= self.limit() {
            return Err(Block::Full);
        }
        let name = self.target.name();
        if let Some(until) = self.requests.as_mut().and_then(|bucket| bucket.ready_at(1.0, now)) {
            return Err(Block::Until(until, format!("{name}'s limit of requests a minute")));
        }
        if let Some(until) = self.tokens.as_mut().and_then(|bucket| bucket.ready_at(tokens, now)) {
            return Err(Block::Until(until, format!("{name}'s limit of tokens a minute")));
        }
        Ok(())
    }

    /// A call goes out; [`Endpoint::check`] allowed it. `endpoint` is this endpoint's own place.
    pub(crate) fn begin(&mut self, endpoint: usize, tokens: f64, now: Instant) -> Permit {
        self.calling += 1;
        if let Some(bucket) = &mut self.requests {
            bucket.take(1.0, now);
        }
        if let Some(bucket) = &mut self.tokens {
            bucket.take(tokens, now);
        }
        Permit { endpoint, epoch: self.epoch, tokens }
    }

    /// A call was given up.
    pub(crate) fn abandon(&mut self) {
        self.calling = self.calling.saturating_sub(1);
    }

    /// A call has ended; `used` are its tokens, where known. Returns words for the user when the limit was lowered.
    pub(crate) fn end(
        &mut self,
        permit: Permit,
        result: &CallResult,
        used: Option<u64>,
        now: Instant,
    ) -> Option<String> {
        self.abandon();
        if let (Some(bucket), Some(used)) = (&mut self.tokens, used) {
            bucket.take(used as f64 - permit.tokens, now);
        }
        match result {
            CallResult::Answered => self.answered(),
            CallResult::Failed { kind: ModelErrorKind::RateLimited, retry_after, .. } => {
                return self.rate_limited(permit, *retry_after, now);
            }
            CallResult::Failed { kind: ModelErrorKind::Auth, message, .. } => self.not_authorised(message),
            CallResult::Failed { kind: ModelErrorKind::NoAnswer | ModelErrorKind::TooLarge, .. } => {
                self.auth_errors = 0;
            }
            CallResult::Failed { .. }
            | CallResult::TimedOut
            | CallResult::NotStarted(_)
            | CallResult::ProgramFailed => {}
        }
        None
    }

    fn answered(&mut self) {
        self.auth_errors = 0;
        self.limit = (self.limit + 1.0 / self.limit).min(self.most);
    }

    fn rate_limited(
        &mut self,
        permit: Permit,
        retry_after: Option<Duration>,
        now: Instant,
    ) -> Option<String> {
        if let Some(wait) = retry_after {
            let until = now + wait.min(LONGEST_ASKED);
            self.blocked_until = Some(self.blocked_until.map_or(until, |known| known.max(until)));
        }
        if permit.epoch != self.epoch || self.limit() == 1 {
            return None;
        }
        self.epoch += 1;
        self.limit = (self.limit / 2.0).floor().max(1.0);
        let (name, limit) = (self.target.name(), self.limit());
        Some(format!("{name} limits the rate of calls: from now on at most {limit} at the same time."))
    }

    fn not_authorised(&mut self, message: &str) {
        self.auth_errors += 1;
        if self.auth_errors >= AUTH_ERRORS && self.refused.is_none() {
            self.refused = Some(format!(
                "{} refused the last {AUTH_ERRORS} calls: {} The other trials of it were not sent. Check its key in \
                 Settings, then resume the run.",
                self.target.name(),
                sentence(message)
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(parallel: u16) -> Endpoint {
        let target = Target::Model(Provider::Openai, None);
        Endpoint::new(target, parallel, ProviderLimits::default(), Instant::now())
    }

    fn failed(kind: ModelErrorKind) -> CallResult {
        CallResult::Failed { kind, retry_after: None, message: "no.".to_owned() }
    }

    #[tokio::test(start_paused = true)]
    async fn one_bad_moment_halves_once_and_success_grows_slowly() {
        let now = Instant::now();
        let mut endpoint = endpoint(16);
        let permits: Vec<Permit> = (0..16).map(|_| endpoint.begin(0, 0.0, now)).collect();
        assert_eq!(endpoint.check(0.0, now), Err(Block::Full));
        for permit in permits {
            endpoint.end(permit, &failed(ModelErrorKind::RateLimited), None, now);
        }
        assert_eq!(endpoint.limit(), 8, "16 calls of the same moment halve once");
        for _ in 0..8 {
            let permit = endpoint.begin(0, 0.0, now);
            endpoint.end(permit, &CallResult::Answered, None, now);
        }
        assert_eq!(endpoint.limit(), 8, "not quite a round, since the limit grows meanwhile");
        let permit = endpoint.begin(0, 0.0, now);
        endpoint.end(permit, &CallResult::Answered, None, now);
        assert_eq!(endpoint.limit(), 9, "about one more for each round of successes");
        for _ in 0..10_000 {
            let permit = endpoint.begin(0, 0.0, now);
            endpoint.end(permit, &CallResult::Answered, None, now);
        }
        assert_eq!(endpoint.limit(), 16, "never over what was asked for");
    }

    #[tokio::test(start_paused = true)]
    async fn never_falls_below_one() {
        let now = Instant::now();
        let mut endpoint = endpoint(4);
        for _ in 0..9 {
            let permit = endpoint.begin(0, 0.0, now);
            endpoint.end(permit, &failed(ModelErrorKind::RateLimited), None, now);
        }
        assert_eq!(endpoint.limit(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn auth_errors_in_a_row_close_it_and_an_answer_between_does_not() {
        let now = Instant::now();
        let mut endpoint = endpoint(4);
        let results = [
            failed(ModelErrorKind::Auth),
            failed(ModelErrorKind::Auth),
            CallResult::Answered,
            failed(ModelErrorKind::Auth),
            failed(ModelErrorKind::Auth),
        ];
        for result in &results {
            let permit = endpoint.begin(0, 0.0, now);
            endpoint.end(permit, result, None, now);
        }
        assert_eq!(endpoint.refused(), None, "there was an answer in between");
        let permit = endpoint.begin(0, 0.0, now);
        endpoint.end(permit, &failed(ModelErrorKind::Auth), None, now);
        assert!(endpoint.refused().is_some_and(|text| text.contains("openai") && text.contains("Settings")));
        assert!(!endpoint.has_room(now));
    }
}
