//! How much the engine itself costs: a model that answers at once (or after a delay) and a log in memory.
//!
//! `cargo run --release -p bakeoff-engine --example throughput [TRIALS] [PARALLEL] [DELAY_MS]`

use bakeoff_core::dataset::Case;
use bakeoff_core::ports::{BoxFuture, Clock, LogError, TrialLog};
use bakeoff_core::scorer::{Scorer, ScorerKind};
use bakeoff_core::trial::{Millis, TrialKey, TrialRecord};
use bakeoff_core::variant::{Provider, Variant};
use bakeoff_engine::{Ports, RunSpec};
use bakeoff_testkit::{FakeAnswer, FakeModel, FakeRun, FakeRunner, ManualClock};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Counts records without keeping them.
#[derive(Default)]
struct CountingLog(AtomicUsize);

impl TrialLog for CountingLog {
    fn append<'a>(&'a self, _: TrialRecord) -> BoxFuture<'a, Result<(), LogError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(Ok(())))
    }

    fn started(&self, _: TrialKey, _: Millis) {}
}

fn variant(number: u16) -> Variant {
    let json = serde_json::json!({
        "name": format!("v{number}"), "provider": Provider::OpenaiCompatible, "model": "m", "stop": [],
        "system_prompt": "Answer with one label.", "tools_config": {}, "config_overrides": {}, "tags": [],
    });
    serde_json::from_value(json).expect("a variant of the current form")
}

fn spec(trials: u32, parallel: u16) -> RunSpec {
    let case = |number: u32| {
        Case {
        id: format!("case-{number}").into(),
        json: serde_json::value::to_raw_value(
            &serde_json::json!({"input": format!("Ticket {number}: the disk is full"), "expected": "storage"}),
        )
        .expect("a JSON object"),
    }
    };
    let cases: Arc<[Case]> = (0..trials / 4).map(case).collect();
    let of_case = |case| (0..4).map(move |variant| TrialKey { case, variant, repetition: 0 });
    RunSpec {
        trials: (0..trials / 4).flat_map(of_case).collect(),
        cases: Arc::new(cases),
        variants: (0..4).map(variant).collect(),
        workflow: None,
        inputs: Default::default(),
        scorers: vec![Scorer {
            kind: ScorerKind::Exact { value: "{{ expected }}".to_owned() },
            metric: "exact".to_owned(),
            weight: 1.0,
            output: None,
        }],
        pass_threshold: 1.0,
        parallel,
        timeout: Duration::from_secs(60),
        retries: 3,
        cooldown: Duration::ZERO,
        budget_usd: None,
        spent_usd: 0.0,
        seed: 1,
        lab: None,
            triage: false,
    }
}

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u32>().expect("a whole number"));
    let trials = numbers.next().unwrap_or(100_000);
    let parallel = u16::try_from(numbers.next().unwrap_or(16)).expect("at most 65,535");
    let delay = Duration::from_millis(numbers.next().unwrap_or(0).into());
    let answer = FakeAnswer::text_with_tokens("storage", 20, 1).after(delay);
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(0));
    let ports = Ports {
        model: Arc::new(FakeModel::scripted(vec![answer]).counting_only()),
        runner: Arc::new(FakeRunner::new(|_, _| FakeRun::output(serde_json::json!({})))),
        subjects: None,
        operator: None,
        lab_log: None,
        log: Arc::new(CountingLog::default()),
        clock,
        prices: Arc::new(|_, _| None),
        limits: Default::default(),
    };
    let spec = spec(trials, parallel);
    let planned = spec.trials.len() as f64;
    let start = Instant::now();
    let run = bakeoff_engine::start(spec, ports, |_| {}).expect("the example's own run can start");
    let end = run.wait().await;
    let took = start.elapsed().as_secs_f64();
    let cpu = cpu_seconds();
    println!(
        "{:?}, {} trials in {took:.3} s: {:.0} trials/s",
        end.reason,
        end.counts.recorded(),
        planned / took
    );
    println!("CPU a trial: {:.1} µs (the fake model included)", cpu / planned * 1e6);
    if !delay.is_zero() {
        let ideal = planned / f64::from(parallel) * delay.as_secs_f64();
        println!("ideal {ideal:.3} s; {:.1} % over", (took / ideal - 1.0) * 100.0);
    }
}

/// CPU time of this process so far, in seconds, where the system tells it (Linux); else not a number.
fn cpu_seconds() -> f64 {
    let ticks = || {
        let text = std::fs::read_to_string("/proc/self/stat").ok()?;
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
    };
    ticks().map_or(f64::NAN, |ticks| ticks / 100.0)
}
