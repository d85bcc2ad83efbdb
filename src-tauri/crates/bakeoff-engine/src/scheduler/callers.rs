//! Who calls which endpoint. A caller is a variant (a node of it, where it is a workflow) or a judge; each belongs to
//! one endpoint, and each may be refused for good.

use crate::endpoint::{Endpoint, Target};
use crate::message::{CallResult, Caller, Work};
use crate::spec::ProviderLimits;
use crate::words::sentence;
use bakeoff_core::ports::ModelErrorKind;
use bakeoff_core::scorer::{Scorer, ScorerKind};
use bakeoff_core::variant::{Provider, Variant};
use bakeoff_core::workflow::{Next, Program, START};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// This many requests of one caller that the provider does not accept, before any that it does, end its calls.
const BAD_REQUESTS: u32 = 5;

struct CallerState {
    name: String,
    endpoint: usize,
    bad_requests: u32,
    /// It had an answer, so its requests are not wrong as such.
    worked: bool,
    refused: Option<Refusal>,
}

/// No further call of a caller is made.
struct Refusal {
    /// For people, with what to do.
    words: String,
    /// Trials get along without it: it is a node that not every trial comes to.
    avoidable: bool,
}

/// A variant's callers: one for each node of a workflow, else one.
struct VariantCallers {
    nodes: Vec<CallerState>,
    /// The place of the one that calls first.
    first: usize,
    /// A trial had an answer, so nodes that never worked are not on every way.
    worked: bool,
}

pub(super) struct Callers {
    variants: Vec<VariantCallers>,
    /// By a scorer's place; `None`: it calls nobody.
    judges: Vec<Option<CallerState>>,
    endpoints: Vec<Endpoint>,
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
            Self { variants: Vec::new(), judges: Vec::new(), endpoints: Vec::new(), parallel, limits };
        for variant in variants {
            let added = callers.callers_of(variant, now);
            callers.variants.push(added);
        }
        for scorer in scorers {
            let judge = match &scorer.kind {
                ScorerKind::Rubric { provider, model, base_url, .. } => {
                    let target = Target::Model(*provider, base_url.clone());
                    Some(callers.caller(format!("the judge {model}"), target, now))
                }
                _ => None,
            };
            callers.judges.push(judge);
        }
        callers
    }

    fn callers_of(&mut self, variant: &Variant, now: Instant) -> VariantCallers {
        let name = &variant.name;
        let program = variant.workflow.as_ref().map(|workflow| &workflow.program);
        let nodes = match program {
            None => {
                let target = Target::Model(variant.provider, variant.base_url.clone());
                vec![self.caller(name.clone(), target, now)]
            }
            Some(program) if program.runner.is_some() => {
                vec![self.caller(name.clone(), Target::Programs, now)]
            }
            Some(program) => {
                let mut nodes = Vec::with_capacity(program.nodes.len());
                for node in &program.nodes {
                    let target = Target::Model(node.llm.provider, node.llm.base_url.clone());
                    nodes.push(self.caller(format!("node {} of {name}", node.id), target, now));
                }
                nodes
            }
        };
        VariantCallers { nodes, first: program.map_or(0, first_node), worked: false }
    }

    fn caller(&mut self, name: String, target: Target, now: Instant) -> CallerState {
        let endpoint = self.endpoint_for(target, now);
        CallerState { name, endpoint, bad_requests: 0, worked: false, refused: None }
    }

    /// The endpoint of a target; a row's own judge may bring a new one.
    fn endpoint_for(&mut self, target: Target, now: Instant) -> usize {
        let known = self.endpoints.iter().position(|endpoint| endpoint.is(&target));
        known.unwrap_or_else(|| {
            let limits = match &target {
                Target::Model(provider, _) => self.limits.get(provider).copied().unwrap_or_default(),
                Target::Programs => ProviderLimits::default(),
            };
            self.endpoints.push(Endpoint::new(target, self.parallel, limits, now));
            self.endpoints.len() - 1
        })
    }

    pub(super) fn endpoint_of_work(&mut self, work: &Work, now: Instant) -> usize {
        let target = match work {
            Work::Model(request) => Target::Model(request.provider, request.base_url.clone()),
            Work::Program => Target::Programs,
        };
        self.endpoint_for(target, now)
    }

    pub(super) fn variants(&self) -> usize {
        self.variants.len()
    }

    /// Where a trial of this variant calls first.
    pub(super) fn first_endpoint(&self, variant: usize) -> usize {
        let variant = &self.variants[variant];
        // A workflow without any node does not pass its check; its trials fail before they call.
        variant.nodes.get(variant.first).map_or(0, |caller| caller.endpoint)
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

    fn known(&self, caller: Caller) -> Option<&CallerState> {
        match caller {
            Caller::Variant { variant, node } => self.variants.get(usize::from(variant))?.nodes.get(node),
            Caller::Judge(place) => self.judges.get(place)?.as_ref(),
        }
    }

    fn known_mut(&mut self, caller: Caller) -> Option<&mut CallerState> {
        match caller {
            Caller::Variant { variant, node } => {
                self.variants.get_mut(usize::from(variant))?.nodes.get_mut(node)
            }
            Caller::Judge(place) => self.judges.get_mut(place)?.as_mut(),
        }
    }

    /// Whether a trial of this variant may be started as far as its first endpoint goes.
    pub(super) fn is_open(&self, variant: usize, now: Instant) -> bool {
        !self.is_refused(variant) && self.endpoints[self.first_endpoint(variant)].has_room(now)
    }

    /// Whether a caller calls where a trial of this variant calls first.
    pub(super) fn shares_endpoint(&self, variant: usize, other: Caller) -> bool {
        self.known(other).is_some_and(|other| other.endpoint == self.first_endpoint(variant))
    }

    /// Why a caller's calls to an endpoint are not made any more. A row's own judge is no known caller, but its
    /// endpoint may be refused.
    pub(super) fn refusal(&self, caller: Caller, endpoint: usize) -> Option<&str> {
        let of_caller = self.known(caller).and_then(|caller| caller.refused.as_ref());
        of_caller.map(|refusal| refusal.words.as_str()).or_else(|| self.endpoints[endpoint].refused())
    }

    fn is_shut(&self, caller: &CallerState) -> bool {
        caller.refused.as_ref().is_some_and(|refusal| !refusal.avoidable)
            || self.endpoints[caller.endpoint].refused().is_some()
    }

    /// Whether calls of a variant are not made any more. One node that can't be called is enough, unless trials get along
    /// without it: no further trial is worth its money.
    pub(super) fn is_refused(&self, variant: usize) -> bool {
        self.variants[variant].nodes.iter().any(|caller| self.is_shut(caller))
    }

    /// Whether a judge of the campaign can't be asked any more, which makes every further answer worthless.
    pub(super) fn judge_refused(&self) -> bool {
        self.judges.iter().flatten().any(|judge| self.is_shut(judge))
    }

    /// Every refusal, one a cause.
    pub(super) fn refusals(&self) -> impl Iterator<Item = &str> {
        let nodes = self.variants.iter().flat_map(|variant| &variant.nodes);
        let by_caller = nodes.chain(self.judges.iter().flatten()).filter_map(|one| one.refused.as_ref());
        let by_caller = by_caller.map(|refusal| refusal.words.as_str());
        self.endpoints.iter().filter_map(Endpoint::refused).chain(by_caller)
    }

    /// A trial of this variant had an answer.
    pub(super) fn answered(&mut self, variant: u16) {
        if let Some(variant) = self.variants.get_mut(usize::from(variant)) {
            variant.worked = true;
        }
    }

    /// Learns from a call whether the caller's requests are acceptable at all.
    pub(super) fn learn(&mut self, caller: Caller, result: &CallResult) {
        let avoidable = match caller {
            Caller::Variant { variant, .. } => {
                self.variants.get(usize::from(variant)).is_some_and(|variant| variant.worked)
            }
            Caller::Judge(_) => false,
        };
        let Some(caller) = self.known_mut(caller) else { return };
        let name = &caller.name;
        let words = match result {
            CallResult::Answered | CallResult::ProgramFailed => {
                caller.worked = true;
                return;
            }
            CallResult::Failed {
                kind: ModelErrorKind::BadRequest | ModelErrorKind::Unsupported,
                message,
                ..
            } if avoidable => format!(
                "The first {BAD_REQUESTS} calls of {name} were not accepted: {} It is not called any more; trials that \
                 don't come to it go on. Correct its model or parameters and launch again, or mend the server and use \
                 Retry failed.",
                sentence(message)
            ),
            CallResult::Failed {
                kind: ModelErrorKind::BadRequest | ModelErrorKind::Unsupported,
                message,
                ..
            } => format!(
                "The first {BAD_REQUESTS} calls of {name} were not accepted: {} The other trials of it were not sent. \
                 Correct its model or parameters and launch again, or mend the server and resume the run.",
                sentence(message)
            ),
            CallResult::NotStarted(message) => format!(
                "The program of {name} could not be started {BAD_REQUESTS} times: {} The other trials of it were not \
                 run. Mend that, then resume the run.",
                sentence(message)
            ),
            CallResult::Failed { .. } | CallResult::TimedOut => return,
        };
        caller.bad_requests += u32::from(!caller.worked);
        if caller.bad_requests >= BAD_REQUESTS && caller.refused.is_none() {
            caller.refused = Some(Refusal { words, avoidable });
        }
    }
}

/// The place of the node that runs first.
fn first_node(program: &Program) -> usize {
    let start = program.edges.iter().find(|edge| edge.from == START);
    let first = start.and_then(|edge| match &edge.next {
        Next::To(to) | Next::Parallel { target_node: to, .. } => Some(to),
        Next::Routes(routes) => routes.first().map(|route| &route.to),
        Next::Loop { .. } => None,
    });
    let place = first.and_then(|first| program.nodes.iter().position(|node| node.id == *first));
    place.unwrap_or(0)
}
