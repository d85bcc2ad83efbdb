//! The one owner of a run's state: what is queued, what is under way, what is spent. It starts trials, permits calls
//! and counts results; it never calls a model or writes a record itself.

mod branches;
mod callers;
mod flight;
mod money;
mod permits;
mod settle;
mod waiting;

use crate::budget::Budget;
use crate::estimate::Estimator;
use crate::event::{EndReason, EngineEvent, RunCounts, RunEnd};
use crate::handle::{Command, RunHandle};
use crate::message::{Ask, Line, Message};
use crate::prepare::{Prepared, StartError};
use crate::queue::Queue;
use crate::spec::{Ports, RunSpec};
use crate::trial::{self, Context, LabContext};
use bakeoff_core::trial::TrialKey;
use callers::Callers;
use flight::{Flight, LineState, Stage};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Trials that may have their answer without being durable yet, beyond those that are calling. It lets the log write
/// in groups; a crash costs at most this many answers, and in practice only as many as arrive within one write.
pub const UNSAVED_WINDOW: usize = 256;

/// Messages that are taken before the state is looked at again.
const BATCH: usize = 256;

type Observer = Box<dyn Fn(EngineEvent) + Send + Sync>;

struct Scheduler {
    context: Arc<Context>,
    observer: Observer,
    queue: Queue,
    /// Trials that were started and have not ended.
    flights: HashMap<TrialKey, Flight>,
    /// Their lines of work: one for each, and one for each branch that has asked and not ended.
    lines: HashMap<Line, LineState>,
    /// Trials that wait for a permit, in the order in which they asked.
    asking: VecDeque<Ask>,
    callers: Callers,
    estimator: Estimator,
    budget: Budget,
    /// Calls at the same time.
    parallel: usize,
    /// Permits in use, resting ones included.
    occupied: usize,
    cooldown: Duration,
    /// When permits have rested enough, ascending.
    resting: VecDeque<Instant>,
    paused: bool,
    out_of_budget: bool,
    /// A trial waits until calls under way are settled, because its own would pass the budget otherwise.
    short_of_money: bool,
    /// Why nothing more is started.
    ending: Option<EndReason>,
    /// What was told as the reason of waiting.
    waiting: Option<String>,
    told_refusals: Vec<String>,
    /// What a fault campaign lacks on this machine, with what it means.
    unavailable: Vec<String>,
    /// When something may go on that nobody will send a message about.
    wake: Option<Instant>,
    counts: RunCounts,
}

/// Starts a run on the current tokio runtime. The observer is called from one task, in order, and must be quick.
///
/// # Errors
/// Templates or scorers that don't compile, or a plan that names variants which aren't there: all problems at once.
pub fn start(
    spec: RunSpec,
    ports: Ports,
    observer: impl Fn(EngineEvent) + Send + Sync + 'static,
) -> Result<RunHandle, StartError> {
    let prepared = Prepared::new(&spec)?;
    let lab = LabContext::new(&spec, &ports)?;
    let trials = lab.as_ref().map(|lab| Arc::clone(lab.open()));
    let (commands, command_queue) = mpsc::unbounded_channel();
    let (message_sender, messages) = mpsc::unbounded_channel();
    let (end_sender, end) = watch::channel(None);
    let scheduler = Scheduler::new(spec, ports, (prepared, lab), message_sender, Box::new(observer));
    tokio::spawn(async move {
        let end = scheduler.run(command_queue, messages).await;
        end_sender.send_replace(Some(end));
    });
    Ok(RunHandle::new(commands, end, trials))
}

impl Scheduler {
    fn new(
        spec: RunSpec,
        ports: Ports,
        (prepared, lab): (Prepared, Option<LabContext>),
        messages: mpsc::UnboundedSender<Message>,
        observer: Observer,
    ) -> Self {
        let parallel = spec.parallel.max(1);
        let callers = Callers::new(&spec.variants, &spec.scorers, parallel, ports.limits, Instant::now());
        let queue = Queue::new(spec.trials, spec.variants.len(), |key| usize::from(key.variant));
        let context = Context {
            prepared,
            cases: spec.cases,
            model: ports.model,
            runner: ports.runner,
            log: ports.log,
            clock: ports.clock,
            prices: Arc::clone(&ports.prices),
            messages,
            cancel: CancellationToken::new(),
            timeout: spec.timeout,
            retries: spec.retries,
            pass_threshold: spec.pass_threshold,
            seed: spec.seed,
            inputs: spec.inputs,
            workflow: spec.workflow,
            triage: spec.triage,
            lab,
            parallel: usize::from(parallel),
        };
        Self {
            context: Arc::new(context),
            observer,
            queue,
            flights: HashMap::new(),
            lines: HashMap::new(),
            asking: VecDeque::new(),
            callers,
            estimator: Estimator::new(ports.prices),
            budget: Budget::new(spec.budget_usd, spec.spent_usd),
            parallel: usize::from(parallel),
            occupied: 0,
            cooldown: spec.cooldown,
            resting: VecDeque::new(),
            paused: false,
            out_of_budget: false,
            short_of_money: false,
            ending: None,
            waiting: None,
            told_refusals: Vec::new(),
            unavailable: Vec::new(),
            wake: None,
            counts: RunCounts { known_cost_usd: spec.spent_usd, ..RunCounts::default() },
        }
    }

    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut messages: mpsc::UnboundedReceiver<Message>,
    ) -> RunEnd {
        let mut steered = true;
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            self.advance(Instant::now());
            if self.is_over() {
                return self.end();
            }
            let wake = self.wake;
            tokio::select! {
                biased;
                command = commands.recv(), if steered => match command {
                    Some(command) => self.obey(command),
                    None => {
                        steered = false;
                        if self.paused {
                            self.obey(Command::Stop);
                        }
                    }
                },
                _ = messages.recv_many(&mut batch, BATCH) => {
                    let now = Instant::now();
                    for message in batch.drain(..) {
                        self.take(message, now);
                    }
                }
                () = sleep_until(wake), if wake.is_some() => {}
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Pause => self.paused = true,
            Command::Resume => self.paused = false,
            Command::Stop => {
                self.ending.get_or_insert(EndReason::Stopped);
                self.context.cancel.cancel();
            }
        }
    }

    /// Everything that can be done at this moment.
    fn advance(&mut self, now: Instant) {
        self.wake = None;
        while self.resting.front().is_some_and(|until| *until <= now) {
            self.resting.pop_front();
            self.occupied -= 1;
        }
        if let Some(until) = self.resting.front() {
            self.wake = Some(*until);
        }
        self.permit(now);
        self.start_trials(now);
        self.tell_warnings();
        self.tell_waiting(now);
    }

    fn start_trials(&mut self, now: Instant) {
        let held_up = self.paused || self.short_of_money || self.out_of_budget;
        if held_up || self.ending.is_some() || self.callers.judge_refused() {
            return;
        }
        while self.occupied < self.parallel && self.flights.len() < self.parallel + UNSAVED_WINDOW {
            let (asking, callers) = (&self.asking, &self.callers);
            // Whoever asked already comes first; a trial that was only started later must not pass it by.
            let open = |lane: usize| {
                callers.is_open(lane, now)
                    && !asking.iter().any(|ask| callers.shares_endpoint(lane, ask.caller))
            };
            let Some(key) = self.queue.take(open) else { return };
            let endpoint = self.callers.first_endpoint(usize::from(key.variant));
            self.callers.engage(endpoint);
            self.occupied += 1;
            self.flights.insert(key, Flight::default());
            self.lines.insert(Line::of(key), LineState::preparing(endpoint));
            tokio::spawn(trial::run(Arc::clone(&self.context), key));
        }
    }

    /// Whether nothing is under way and nothing more will be started.
    fn is_over(&self) -> bool {
        let startable = |lane: usize| self.queue.has(lane) && !self.callers.is_refused(lane);
        let may_start = self.ending.is_none()
            && !self.out_of_budget
            && !self.callers.judge_refused()
            && (0..self.callers.variants()).any(startable);
        self.flights.is_empty() && !may_start
    }

    fn end(mut self) -> RunEnd {
        // 4 billion trials don't fit into memory.
        self.counts.not_run += self.queue.len() as u32;
        let cancelled = self.counts.of(bakeoff_core::outcome::Outcome::Cancelled);
        let complete = self.counts.not_run == 0 && cancelled == 0;
        let reason = match self.ending {
            Some(EndReason::Stopped) if complete => EndReason::Finished,
            Some(reason) => reason,
            None if complete => EndReason::Finished,
            None => match self.callers.refusals().chain(self.unavailable.iter().map(String::as_str)).next() {
                Some(refusal) if !self.out_of_budget => EndReason::Refused(refusal.to_owned()),
                _ => EndReason::OutOfBudget,
            },
        };
        RunEnd { reason, counts: self.counts }
    }

    fn tell(&self, event: EngineEvent) {
        (self.observer)(event);
    }

    fn wake_at(&mut self, at: Instant) {
        self.wake = Some(self.wake.map_or(at, |known| known.min(at)));
    }

    /// How many lines are in a stage.
    fn count(&self, in_stage: impl Fn(&Stage) -> bool) -> usize {
        self.lines.values().filter(|line| in_stage(&line.stage)).count()
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
