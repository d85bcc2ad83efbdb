//! Watching runs of other programs: what they write to the database is told here as if it were our own news.

use crate::dto::{MatrixCell, Notice, RunProgress, RunState};
use crate::runs::{matrix_cell, state};
use bakeoff_core::outcome::Outcome;
use bakeoff_store::{RunSummary, Store, StoreError};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// How often the database is looked at.
const PACE: Duration = Duration::from_millis(500);
/// The newest runs are looked at.
const NEWEST: u32 = 50;
/// Cases whose cells are told.
const MOST_CASES: u32 = 2_000;
/// The rate is taken over this time.
const RATE_WINDOW: Duration = Duration::from_secs(10);

/// What is known of the runs of other programs.
#[derive(Default)]
struct Others {
    /// Of each of the newest runs.
    states: HashMap<u32, RunState>,
    watched: HashMap<u32, Watched>,
}

#[derive(Default)]
struct Watched {
    sequence: u64,
    cells: HashMap<(u32, u16), MatrixCell>,
    done: VecDeque<(Instant, u32)>,
}

/// Looks at the database for as long as somebody could be told. Ends with the runtime.
pub(crate) async fn watch(store: Store, notices: broadcast::Sender<Notice>) {
    let mut others = Others::default();
    let mut ticks = tokio::time::interval(PACE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if notices.receiver_count() == 0 {
            continue;
        }
        let reader = store.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let news = others.look(&reader);
            (others, news)
        });
        let Ok((returned, news)) = looked.await else { return };
        others = returned;
        // A database that can't be read is told by whoever asks for something.
        for notice in news.unwrap_or_default() {
            let _ = notices.send(notice);
        }
    }
}

impl Others {
    fn look(&mut self, store: &Store) -> Result<Vec<Notice>, StoreError> {
        let (runs, _) = store.list_runs(None, 0, NEWEST)?;
        let states: HashMap<u32, RunState> = runs.iter().map(|run| (run.id, state(run.state))).collect();
        let mut news = Vec::new();
        if self.states != states {
            news.push(Notice::Runs);
        }
        for run in runs {
            let changed = self.states.get(&run.id).copied() != Some(state(run.state));
            let is_others = run.owner.as_ref().is_some_and(|owner| !owner.is_this);
            if is_others || (changed && self.watched.contains_key(&run.id)) {
                news.push(Notice::Progress(self.progress(store, &run)?));
            }
            if !run.state.is_active() {
                self.watched.remove(&run.id);
            }
        }
        self.states = states;
        Ok(news)
    }

    fn progress(&mut self, store: &Store, run: &RunSummary) -> Result<RunProgress, StoreError> {
        let watched = self.watched.entry(run.id).or_default();
        let now = Instant::now();
        let mut progress = progress_of(run);
        watched.sequence += 1;
        progress.sequence = watched.sequence;
        for cell in store.matrix(run.id, 0, MOST_CASES)?.into_iter().map(matrix_cell) {
            if watched.cells.insert((cell.case, cell.variant), cell) != Some(cell) {
                progress.cells.push(cell);
            }
        }
        watched.done.push_back((now, progress.done));
        while watched.done.front().is_some_and(|(at, _)| now.duration_since(*at) > RATE_WINDOW) {
            watched.done.pop_front();
        }
        if let Some((since, before)) = watched.done.front().copied()
            && progress.state == RunState::Running
            && now > since
            && progress.done > before
        {
            let rate = f64::from(progress.done - before) / now.duration_since(since).as_secs_f64();
            progress.rate = Some(rate);
            progress.eta_seconds = Some(f64::from(progress.planned.saturating_sub(progress.done)) / rate);
        }
        Ok(progress)
    }
}

/// A run's numbers as the database has them.
pub(crate) fn progress_of(run: &RunSummary) -> RunProgress {
    let (done, passes) = (run.done(), run.count(|outcome| outcome == Outcome::Pass));
    let fails = run.count(|outcome| matches!(outcome, Outcome::Fail | Outcome::Timeout));
    RunProgress {
        run: run.id,
        sequence: 0,
        state: state(run.state),
        planned: run.planned,
        done,
        running: 0,
        passes,
        fails,
        unusable: done.saturating_sub(passes + fails),
        rate: None,
        eta_seconds: None,
        cost_usd: (run.cost.unknown_trials == 0).then_some(run.cost.known_usd),
        waiting_for: None,
        cells: Vec::new(),
    }
}
