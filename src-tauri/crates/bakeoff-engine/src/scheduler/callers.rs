//! Who calls which endpoint. A caller is a variant or a judge; each belongs to one endpoint, and each may be refused
//! for good.

use crate::endpoint::Endpoint;
use crate::message::CallResult;
use crate::spec::ProviderLimits;
use crate::words::sentence;
use bakeoff_core::ports::{ModelErrorKind, ModelRequest};
use bakeoff_core::scorer::{Scorer, ScorerKind};
use bakeoff_core::variant::{Provider, Variant};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// This many requests of one caller that the provider does not accept, before any that it does, end its calls.
const BAD_REQUESTS: u32 = 5;

struct Caller {
    name: String,
    endpoint: usize,
    is_judge: bool,
    bad_requests: u32,
    /// It had an answer, so its requests are not wrong as such.
    worked: bool,
    refused: Option<String>,
}

pub(super) struct Callers {
    callers: Vec<Caller>,
    endpoints: Vec<Endpoint>,
    variants: usize,
    parallel: u16,
    limits: BTreeMap<Provider, ProviderLimits>,
}

impl Callers {
    pub(super) fn new(
        variants: &[Variant],
        scorers: &[Scorer],
        parallel: u16,
        limits: BTreeMap<Provider, ProviderLimits>,
        now: Instant,
    ) -> Self {
        let mut callers =
            Self { callers: Vec::new(), endpoints: Vec::new(), variants: variants.len(), parallel, limits };
        for variant in variants {
            callers.add(&variant.name, variant.provider, variant.base_url.as_deref(), false, now);
        }
        for scorer in scorers {
            match &scorer.kind {
                ScorerKind::Rubric { provider, model, base_url, .. } => {
                    callers.add(&format!("the judge {model}"), *provider, base_url.as_deref(), true, now);
                }
                // Scorers that call nobody keep their place, so that judges are found by theirs.
                _ => callers.add("", Provider::Builtin, None, false, now),
            }
        }
        callers
    }

    fn add(&mut self, name: &str, provider: Provider, base_url: Option<&str>, is_judge: bool, now: Instant) {
        let endpoint = self.endpoint_for(provider, base_url, now);
        let name = name.to_owned();
        self.callers.push(Caller { name, endpoint, is_judge, bad_requests: 0, worked: false, refused: None });
    }

    /// The endpoint of a provider at an address; a row's own judge may bring a new one.
    pub(super) fn endpoint_for(&mut self, provider: Provider, base_url: Option<&str>, now: Instant) -> usize {
        let known = self.endpoints.iter().position(|endpoint| endpoint.is(provider, base_url));
        known.unwrap_or_else(|| {
            let limits = self.limits.get(&provider).copied().unwrap_or_default();
            let base_url = base_url.map(str::to_owned);
            self.endpoints.push(Endpoint::new(provider, base_url, self.parallel, limits, now));
            self.endpoints.len() - 1
        })
    }

    pub(super) fn endpoint_of_request(&mut self, request: &ModelRequest, now: Instant) -> usize {
        self.endpoint_for(request.provider, request.base_url.as_deref(), now)
    }

    pub(super) fn variants(&self) -> usize {
        self.variants
    }

    pub(super) fn endpoint_of(&self, caller: usize) -> usize {
        self.callers[caller].endpoint
    }

    pub(super) fn endpoint(&mut self, place: usize) -> &mut Endpoint {
        &mut self.endpoints[place]
    }

    pub(super) fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.iter()
    }

    pub(super) fn engage(&mut self, endpoint: usize) {
        self.endpoints[endpoint].engaged += 1;
    }

    pub(super) fn disengage(&mut self, endpoint: usize) {
        let engaged = &mut self.endpoints[endpoint].engaged;
        *engaged = engaged.saturating_sub(1);
    }

    /// Whether a trial of this variant may be started as far as its endpoint goes.
    pub(super) fn is_open(&self, variant: usize, now: Instant) -> bool {
        let caller = &self.callers[variant];
        caller.refused.is_none() && self.endpoints[caller.endpoint].has_room(now)
    }

    pub(super) fn shares_endpoint(&self, variant: usize, other: usize) -> bool {
        self.callers.get(other).is_some_and(|other| other.endpoint == self.callers[variant].endpoint)
    }

    /// Why a caller's calls to an endpoint are not made any more. A row's own judge is no known caller, but its
    /// endpoint may be refused.
    pub(super) fn refusal(&self, caller: usize, endpoint: usize) -> Option<&str> {
        let of_caller = self.callers.get(caller).and_then(|caller| caller.refused.as_deref());
        of_caller.or_else(|| self.endpoints[endpoint].refused())
    }

    /// Whether a known caller's calls are not made any more.
    pub(super) fn is_refused(&self, caller: usize) -> bool {
        self.refusal(caller, self.callers[caller].endpoint).is_some()
    }

    /// Whether a judge of the campaign can't be asked any more, which makes every further answer worthless.
    pub(super) fn judge_refused(&self) -> bool {
        (self.variants..self.callers.len())
            .any(|caller| self.callers[caller].is_judge && self.is_refused(caller))
    }

    /// Every refusal, one a cause.
    pub(super) fn refusals(&self) -> impl Iterator<Item = &str> {
        let by_caller = self.callers.iter().filter_map(|caller| caller.refused.as_deref());
        self.endpoints.iter().filter_map(Endpoint::refused).chain(by_caller)
    }

    /// Learns from a call whether the caller's requests are acceptable at all.
    pub(super) fn learn(&mut self, caller: usize, result: &CallResult) {
        let Some(caller) = self.callers.get_mut(caller) else { return };
        match result {
            CallResult::Answered => caller.worked = true,
            CallResult::Failed {
                kind: ModelErrorKind::BadRequest | ModelErrorKind::Unsupported,
                message,
                ..
            } if !caller.worked => {
                caller.bad_requests += 1;
                if caller.bad_requests >= BAD_REQUESTS && caller.refused.is_none() {
                    caller.refused = Some(format!(
                        "The first {BAD_REQUESTS} calls of {} were not accepted: {} The other trials of it were not \
                         sent. Correct its model or parameters and launch again, or mend the server and resume the run.",
                        caller.name,
                        sentence(message)
                    ));
                }
            }
            CallResult::Failed { .. } | CallResult::TimedOut => {}
        }
    }
}
