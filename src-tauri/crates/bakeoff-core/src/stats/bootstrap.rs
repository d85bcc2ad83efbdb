//! Resampling cases with replacement, from a seed.

use super::Interval;
use super::distributions::{normal_cdf, normal_quantile};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// `resamples` values of a statistic. Each time `statistic` gets as many indices below `cases` as there are cases,
/// drawn with replacement (ChaCha8, the same seed gives the same values everywhere). Efron (1979).
pub fn replicates(
    cases: usize,
    resamples: usize,
    seed: u64,
    mut statistic: impl FnMut(&mut dyn Iterator<Item = usize>) -> f64,
) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Multiply-shift of 32 random bits: the bias is below cases ÷ 2³².
    (0..resamples)
        .map(|_| {
            statistic(&mut (0..cases).map(|_| ((u64::from(rng.next_u32()) * cases as u64) >> 32) as usize))
        })
        .collect()
}

/// The percentile interval: the α/2 and 1 − α/2 quantiles of the replicates. Efron and Tibshirani (1993), chapter 13.
pub fn percentile(replicates: &mut [f64], confidence: f64) -> Option<Interval> {
    let tail = (1.0 - confidence) / 2.0;
    replicates.sort_unstable_by(f64::total_cmp);
    Some(Interval::between(quantile(replicates, tail)?, quantile(replicates, 1.0 - tail)?))
}

/// The bias-corrected and accelerated interval. `jackknife` holds the statistic with one case left out, for each case.
///
/// Efron (1987), JASA 82:171–185; as scipy's `bootstrap(method="BCa")`. `None` when every replicate lies on the
/// same side of the estimate, so that there is no bias to correct from.
pub fn bca(estimate: f64, replicates: &mut [f64], jackknife: &[f64], confidence: f64) -> Option<Interval> {
    replicates.sort_unstable_by(f64::total_cmp);
    let below = replicates.partition_point(|value| *value < estimate) as f64;
    let not_above = replicates.partition_point(|value| *value <= estimate) as f64;
    let share = f64::midpoint(below, not_above) / replicates.len() as f64;
    if !(share > 0.0 && share < 1.0) {
        return None;
    }
    let bias = normal_quantile(share);
    let acceleration = acceleration(jackknife);
    let level = |tail: f64| {
        let z = bias + normal_quantile(tail);
        normal_cdf(bias + z / (1.0 - acceleration * z))
    };
    let tail = (1.0 - confidence) / 2.0;
    Some(Interval::between(quantile(replicates, level(tail))?, quantile(replicates, level(1.0 - tail))?))
}

/// Σ(mean − θᵢ)³ ÷ 6(Σ(mean − θᵢ)²)^1.5 over the jackknife values; 0 when they don't differ or aren't finite.
pub fn acceleration(jackknife: &[f64]) -> f64 {
    let mean = jackknife.iter().sum::<f64>() / jackknife.len().max(1) as f64;
    let (mut squares, mut cubes) = (0.0, 0.0);
    for value in jackknife {
        let distance = mean - value;
        squares += distance * distance;
        cubes += distance * distance * distance;
    }
    let acceleration = cubes / (6.0 * squares.powf(1.5));
    if acceleration.is_finite() { acceleration } else { 0.0 }
}

/// Type-7 quantile of sorted values that may end in infinities.
fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let position = (sorted.len().checked_sub(1)?) as f64 * p.clamp(0.0, 1.0);
    let low = sorted[position.floor() as usize];
    let high = sorted[position.ceil() as usize];
    let share = position.fract();
    Some(if share == 0.0 { low } else { low + (high - low) * share })
}
