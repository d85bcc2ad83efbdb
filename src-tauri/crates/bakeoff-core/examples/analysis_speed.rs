//! Prints how long a comparison of 100,000 and of 1,000,000 trials takes (four variants, without resampling).
//! `cargo run --release -p bakeoff-core --example analysis_speed`

use bakeoff_core::analysis::{AnalysisOptions, Scope, TrialNumbers, compare};
use bakeoff_core::metric::Metric;
use bakeoff_core::outcome::{Outcome, TimeoutCountsAs};
use bakeoff_core::trial::TrialKey;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Instant;

const VARIANTS: u16 = 4;

fn main() {
    for (trials, repetitions) in [(100_000, 1), (100_000, 5), (1_000_000, 1), (1_000_000, 5)] {
        let (trials, options) = made_up(trials, repetitions);
        let mut times: Vec<u128> = (0..5)
            .map(|_| {
                let start = Instant::now();
                let comparison = std::hint::black_box(compare(std::hint::black_box(&trials), &options));
                assert_eq!(comparison.variants.len(), usize::from(VARIANTS));
                start.elapsed().as_micros()
            })
            .collect();
        times.sort_unstable();
        let (best, median) = (times[0] as f64 / 1e3, times[2] as f64 / 1e3);
        println!(
            "compare {:>9} trials, {repetitions} a case: median {median:>7.1} ms, best {best:>7.1} ms",
            trials.len()
        );
    }
}

/// Trials in the order in which a run writes them: case by case in random order, shuffled within a case.
fn made_up(count: u32, repetitions: u16) -> (Vec<TrialNumbers>, AnalysisOptions) {
    let cases = count / u32::from(VARIANTS) / u32::from(repetitions);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut trials = Vec::with_capacity(count as usize);
    let mut order: Vec<u32> = (0..cases).collect();
    shuffle(&mut order, &mut rng);
    for case in order {
        let first = trials.len();
        for variant in 0..VARIANTS {
            for repetition in 0..repetitions {
                trials.push(trial(TrialKey { case, variant, repetition }, &mut rng));
            }
        }
        shuffle(&mut trials[first..], &mut rng);
    }
    let options = AnalysisOptions {
        variants: (0..VARIANTS).map(|variant| format!("variant-{variant}")).collect(),
        baseline: 0,
        cases,
        confidence: 0.95,
        margin: 0.02,
        primary_metric: Metric::SuccessRate,
        timeout_counts_as: TimeoutCountsAs::Fail,
        complete: true,
        seed: 1,
        resampling: false,
        scope: Scope::default(),
    };
    (trials, options)
}

fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for index in (1..items.len()).rev() {
        items.swap(index, rng.next_u64() as usize % (index + 1));
    }
}

fn trial(key: TrialKey, rng: &mut ChaCha8Rng) -> TrialNumbers {
    let mut uniform = || f64::from(rng.next_u32()) / f64::from(u32::MAX);
    let passed = uniform() < 0.6 + 0.05 * f64::from(key.variant);
    let outcome = match uniform() {
        luck if luck < 0.01 => Outcome::InfraError,
        luck if luck < 0.02 => Outcome::Timeout,
        _ if passed => Outcome::Pass,
        _ => Outcome::Fail,
    };
    TrialNumbers {
        key,
        outcome,
        score: Some(uniform()),
        latency_ms: Some(200.0 + 2_000.0 * uniform() * uniform()),
        cost_usd: Some(0.001 * uniform()),
        input_tokens: Some(300 + (100.0 * uniform()) as u32),
        output_tokens: Some((50.0 * uniform()) as u32),
        total_tokens: None,
        paced: false,
        lab: None,
    }
}
