//! Measures the store on this machine: `cargo run --release -p bakeoff-store --example throughput [TRIALS]`.
//!
//! A commit waits for the disk, so the folder matters: set `TMPDIR` to where workspaces live. On Linux the processor's
//! time is told beside the clock's: on a busy machine it is the one that means something.

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
    for what in ["create a run of 100,000 new cases", "create a run of the same cases"] {
        let (started, before) = (Instant::now(), process_seconds());
        store.create_run(new_run("cases", 100_000, 1)).await?;
        tell(what, started.elapsed(), process_seconds() - before);
    }
    let run = append(&store, 1_000, trials).await?;
    read(&store, run)?;
    let (started, before) = (Instant::now(), process_seconds());
    store.delete_run(run, NOW).await?;
    tell("delete the run", started.elapsed(), process_seconds() - before);
    Ok(())
}

/// Appends trials from many callers, each waiting for its own.
async fn append(store: &Store, callers: u32, trials: u32) -> Result<u32, StoreError> {
    let run = store.create_run(new_run("speed", trials.div_ceil(2), 1)).await?;
    let next = Arc::new(AtomicU32::new(0));
    let (started, before) = (Instant::now(), process_seconds());
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
    let each = (process_seconds() - before) * 1e6 / f64::from(trials);
    println!(
        "{callers:>5} callers: {rate:>8.0} trials/s, {each:.0} µs of processor time a trial ({trials} trials)"
    );
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
    let mut best = (Duration::MAX, f64::MAX);
    for _ in 0..3 {
        let (started, before) = (Instant::now(), thread_seconds());
        read()?;
        best = (best.0.min(started.elapsed()), best.1.min(thread_seconds() - before));
    }
    tell(what, best.0, best.1);
    Ok(())
}

fn tell(what: &str, time: Duration, processor_s: f64) {
    let clock_ms = time.as_secs_f64() * 1000.0;
    println!("{what:>35}: {clock_ms:>9.2} ms, {:>9.2} ms of processor time", processor_s * 1000.0);
}

/// Processor time of this thread; 0 where the system does not tell.
fn thread_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// Processor time of all threads, in hundredths; 0 where the system does not tell.
fn process_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    after_name.split(' ').skip(12).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}
