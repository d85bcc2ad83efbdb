//! The whole path, from files over HTTP and scorers to durable rows, beside a client that keeps nothing.

use crate::Error;
use crate::machine::{milliseconds, processor_ms};
use crate::mock::Mock;
use crate::place::{Place, VARIANTS};
use crate::report::{Report, Target};
use bakeoff_service::dto::{LaunchOptions, RunState};
use bakeoff_testkit::bare_client;
use std::time::{Duration, Instant};

/// Cases of each campaign.
const CASES: usize = 1_000;

/// What one campaign took.
struct Took {
    wall_ms: f64,
    /// Of this process; the model server is another.
    processor_ms: Option<f64>,
}

/// A server that answers at once: what we cost.
pub fn whole_path(report: &mut Report) -> Result<(), Error> {
    const PARALLEL: usize = 16;
    let mock = Mock::start(0)?;
    let trials = CASES * VARIANTS.len();
    let count = trials as f64;
    // Before and after, because other work on the machine comes and goes.
    let (first, first_processor) = bare(&mock, trials, PARALLEL)?;
    let took = campaign(&mock, PARALLEL)?;
    let (second, second_processor) = bare(&mock, trials, PARALLEL)?;
    let bare_rate = count / ((first + second) / 2.0);
    let rate = count / (took.wall_ms / 1000.0);
    report.judge(
        format!("{trials} calls, {PARALLEL} at a time, 0 ms server: our rate ÷ bare client's"),
        rate / bare_rate,
        "",
        Target::AtLeast(0.25),
    );
    report.note("our trials a second", rate, "/s");
    report.note("bare client's requests a second", bare_rate, "/s");
    if let Some(processor) = took.processor_ms {
        report.judge("our processor time a trial", processor / count, "ms", Target::AtMost(0.5));
    }
    if let (Some(first), Some(second)) = (first_processor, second_processor) {
        report.note("bare client's processor time a request", (first + second) / 2.0 / count, "ms");
    }
    Ok(())
}

/// A server that takes 50 ms: whether the parallelism is used.
pub fn waiting_server(report: &mut Report) -> Result<(), Error> {
    const PARALLEL: usize = 64;
    const DELAY_MS: u64 = 50;
    let mock = Mock::start(DELAY_MS)?;
    let trials = CASES * VARIANTS.len();
    let took = campaign(&mock, PARALLEL)?;
    let ideal_ms = trials as f64 / PARALLEL as f64 * DELAY_MS as f64;
    report.judge(
        format!("{trials} calls, {PARALLEL} at a time, {DELAY_MS} ms server: wall time ÷ ideal"),
        took.wall_ms / ideal_ms,
        "",
        Target::AtMost(1.10),
    );
    let (bare, _) = bare(&mock, trials, PARALLEL)?;
    report.note("bare client's wall time ÷ ideal", bare * 1000.0 / ideal_ms, "");
    Ok(())
}

/// Seconds, and this process's processor time in ms.
fn bare(mock: &Mock, requests: usize, parallel: usize) -> Result<(f64, Option<f64>), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let before = processor_ms();
    let seconds = runtime.block_on(bare_client(&mock.url(), requests, parallel))?;
    Ok((seconds, processor_ms().zip(before).map(|(after, before)| after - before)))
}

/// From the launch, with its reading and checking of files, to the recorded end.
fn campaign(mock: &Mock, parallel: usize) -> Result<Took, Error> {
    let place = Place::new()?;
    let model = format!("provider: openai-compatible\nmodel: mock-small\nbase_url: {}/v1", mock.url());
    place.write_campaign(&model, CASES, parallel)?;
    let service = place.open()?;
    let before = processor_ms();
    let start = Instant::now();
    let run = service.launch("bench", &LaunchOptions::default())?.id;
    service.wait_for_end(run, Duration::from_secs(600));
    let wall_ms = milliseconds(start);
    let used = processor_ms().zip(before).map(|(after, before)| after - before);
    let end = service.run_detail(run)?.row;
    let passes = service.progress(run)?.passes as usize;
    if end.state != RunState::Finished || passes != CASES * VARIANTS.len() {
        return Err(format!("the run ended {:?} with {passes} passes: {:?}", end.state, end.reason).into());
    }
    Ok(Took { wall_ms, processor_ms: used })
}
