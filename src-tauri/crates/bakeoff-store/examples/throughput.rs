//! Measures the store on this machine: `cargo run --release -p bakeoff-store --example throughput [TRIALS]`.
//!
//! A commit waits for the disk, so the folder matters: set `TMPDIR` to where workspaces live.

#[path = "../tests/support/mod.rs"]
mod support;

use bakeoff_core::outcome::Outcome;
use bakeoff_core::ports::TrialLog;
use bakeoff_store::{RunState, Store, StoreError, TrialFilter};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use support::{NOW, key, new_run, record};

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let trials: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bakeoff.db");
    let store = Store::open(&path)?;
    for (callers, trials) in [(1, 2_000), (16, 20_000), (64, 40_000), (1_000, 100_000)] {
        append(&store, callers, trials).await?;
    }
    let started = Instant::now();
    store.create_run(new_run("cases", 100_000, 1)).await?;
    tell("create a run of 100,000 new cases", started.elapsed());
    let started = Instant::now();
    store.create_run(new_run("cases", 100_000, 1)).await?;
    tell("create a run of the same cases", started.elapsed());
    let run = append(&store, 1_000, trials).await?;
    read(&store, run)?;
    let started = Instant::now();
    store.delete_run(run, NOW).await?;
    tell("delete the run", started.elapsed());
    Ok(())
}

/// Appends trials from many callers, each waiting for its own.
async fn append(store: &Store, callers: u32, trials: u32) -> Result<u32, StoreError> {
    let run = store.create_run(new_run("speed", trials.div_ceil(2), 1)).await?;
    let next = Arc::new(AtomicU32::new(0));
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (log, next) = (store.trial_log(run), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= trials {
                        return;
                    }
                    let key = key(place / 2, (place % 2) as u16, 0);
                    log.started(key, NOW);
                    log.append(record(key, Outcome::Pass)).await.expect("a trial");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    let rate = f64::from(trials) / started.elapsed().as_secs_f64();
    println!("{callers:>5} callers: {rate:>8.0} trials/s ({trials} trials)");
    store.set_state(run, RunState::Finished, None, NOW).await?;
    Ok(run)
}

fn read(store: &Store, run: u32) -> Result<(), StoreError> {
    let summary = store.run(run)?;
    let last = summary.planned.saturating_sub(50);
    time("numbers", || store.numbers(run).map(|numbers| numbers.len()))?;
    time("latencies", || store.latencies(run).map(|latencies| latencies.len()))?;
    time("remaining", || store.remaining(run).map(|keys| keys.len()))?;
    time("last page of trials", || {
        store.trials_page(run, &TrialFilter::default(), last, 50).map(|page| page.0.len())
    })?;
    let some = TrialFilter { variant: Some(1), outcomes: vec![Outcome::Pass], ..Default::default() };
    time("filtered page of trials", || store.trials_page(run, &some, 20_000, 50).map(|page| page.0.len()))?;
    let named = TrialFilter { search: Some("case-49".into()), ..Default::default() };
    time("page of trials by case id", || store.trials_page(run, &named, 0, 50).map(|page| page.0.len()))?;
    time("matrix of 500 cases", || store.matrix(run, 20_000, 500).map(|cells| cells.len()))?;
    time("list of runs", || store.list_runs(None, 0, 50).map(|page| page.0.len()))?;
    time("a trial's detail", || {
        store.trial_detail(run, key(20_000, 1, 0)).map(|found| usize::from(found.is_some()))
    })?;
    let mut count = 0;
    time("every trial's detail", || store.each_trial(run, |_| count += 1).map(|()| 0))
}

/// The best of three.
fn time(what: &str, mut read: impl FnMut() -> Result<usize, StoreError>) -> Result<(), StoreError> {
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let started = Instant::now();
        read()?;
        best = best.min(started.elapsed());
    }
    tell(what, best);
    Ok(())
}

fn tell(what: &str, time: Duration) {
    println!("{what:>35}: {:>9.2} ms", time.as_secs_f64() * 1000.0);
}
