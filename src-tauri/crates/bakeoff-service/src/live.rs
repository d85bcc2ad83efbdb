//! The live numbers of one run while this program runs it.

use crate::dto::{MatrixCell, RunProgress, RunState};
use bakeoff_core::outcome::Outcome;
use bakeoff_core::trial::TrialKey;
use bakeoff_engine::{EngineEvent, TrialSummary};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// The rate is taken over this time.
const RATE_WINDOW: Duration = Duration::from_secs(10);

/// With what a part of a run begins: what earlier parts left.
#[derive(Default)]
pub(crate) struct Beginning {
    /// The run.
    pub run: u32,
    /// Trials of the whole plan.
    pub planned: u32,
    /// Trials that have ended and are not run again.
    pub ended: Vec<(TrialKey, Outcome)>,
    /// USD so far, as far as it is known.
    pub known_usd: f64,
    /// Some calls' cost is unknown.
    pub cost_unknown: bool,
}

/// The numbers.
pub(crate) struct Live {
    progress: RunProgress,
    recent: VecDeque<Instant>,
    started: Instant,
    cells: HashMap<(u32, u16), MatrixCell>,
    changed: Vec<(u32, u16)>,
    known_usd: f64,
    cost_unknown: bool,
    dirty: bool,
}

impl Live {
    /// The numbers with which a part of a run begins.
    pub fn new(beginning: Beginning, now: Instant) -> Self {
        let mut live = Self {
            progress: RunProgress {
                run: beginning.run,
                sequence: 0,
                state: RunState::Running,
                planned: beginning.planned,
                done: 0,
                running: 0,
                passes: 0,
                fails: 0,
                unusable: 0,
                rate: None,
                eta_seconds: None,
                cost_usd: None,
                waiting_for: None,
                cells: Vec::new(),
            },
            recent: VecDeque::new(),
            started: now,
            cells: HashMap::new(),
            changed: Vec::new(),
            known_usd: beginning.known_usd,
            cost_unknown: beginning.cost_unknown,
            dirty: true,
        };
        for (key, outcome) in beginning.ended {
            live.count(key, outcome);
        }
        live.changed.clear();
        live
    }

    /// Takes in one event. Returns what belongs into the run's log: kind and message.
    pub fn take(&mut self, event: EngineEvent, now: Instant) -> Option<(&'static str, String)> {
        self.dirty = true;
        match event {
            EngineEvent::TrialStarted { .. } => self.progress.running += 1,
            EngineEvent::TrialEnded(summary) => self.end(&summary, now),
            EngineEvent::Waiting { reason } => self.progress.waiting_for = reason,
            EngineEvent::Retrying { message, .. } => return Some(("retry", message)),
            EngineEvent::LimitLowered { message } => return Some(("limit", message)),
            EngineEvent::Warning { message } => return Some(("error", message)),
        }
        None
    }

    /// Notes a change of state.
    pub fn set_state(&mut self, state: RunState) {
        self.progress.state = state;
        self.dirty = true;
        if state != RunState::Running {
            self.recent.clear();
        }
        if !matches!(state, RunState::Running | RunState::Paused) {
            self.progress.running = 0;
            self.progress.waiting_for = None;
        }
    }

    /// The news since the last call; `None` when there are none.
    pub fn news(&mut self, now: Instant) -> Option<RunProgress> {
        if !self.dirty {
            return None;
        }
        self.dirty = false;
        self.progress.sequence += 1;
        let mut progress = self.snapshot(now);
        self.changed.sort_unstable();
        self.changed.dedup();
        progress.cells = self.changed.drain(..).filter_map(|cell| self.cells.get(&cell).copied()).collect();
        Some(progress)
    }

    /// The numbers as they stand, without cells.
    pub fn snapshot(&mut self, now: Instant) -> RunProgress {
        while self.recent.front().is_some_and(|at| now.duration_since(*at) > RATE_WINDOW) {
            self.recent.pop_front();
        }
        let window = now.duration_since(self.started).min(RATE_WINDOW).as_secs_f64();
        let running = self.progress.state == RunState::Running;
        let rate =
            (running && window >= 0.5 && !self.recent.is_empty()).then(|| self.recent.len() as f64 / window);
        let left = self.progress.planned.saturating_sub(self.progress.done);
        RunProgress {
            rate,
            eta_seconds: rate.map(|rate| f64::from(left) / rate),
            cost_usd: (!self.cost_unknown).then_some(self.known_usd),
            ..self.progress.clone()
        }
    }

    fn end(&mut self, summary: &TrialSummary, now: Instant) {
        self.progress.running = self.progress.running.saturating_sub(1);
        self.recent.push_back(now);
        match summary.cost_usd {
            Some(cost) => self.known_usd += cost,
            // A cancelled trial may have made no call.
            None => self.cost_unknown |= summary.outcome != Outcome::Cancelled,
        }
        self.count(summary.key, summary.outcome);
    }

    fn count(&mut self, key: TrialKey, outcome: Outcome) {
        if outcome.is_unfinished() {
            return;
        }
        let cell = self.cells.entry((key.case, key.variant)).or_insert(MatrixCell {
            case: key.case,
            variant: key.variant,
            done: 0,
            passes: 0,
            fails: 0,
            unusable: 0,
        });
        let (of_run, of_cell) = match outcome {
            Outcome::Pass => (&mut self.progress.passes, &mut cell.passes),
            Outcome::Fail | Outcome::Timeout => (&mut self.progress.fails, &mut cell.fails),
            _ => (&mut self.progress.unusable, &mut cell.unusable),
        };
        *of_run += 1;
        *of_cell += 1;
        cell.done += 1;
        self.progress.done += 1;
        self.changed.push((key.case, key.variant));
    }
}
