//! The sign-flip test of paired differences: under no difference each sign could as well be the other.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Up to this many pairs all 2ⁿ sign patterns are counted.
pub const EXACT_UP_TO: usize = 20;

/// Two-sided p of the mean difference when every one of the 2ⁿ sign patterns is equally likely.
///
/// Fisher's randomisation test (1935). Patterns are walked in Gray-code order, one sign a step; the mirror image of
/// each pattern counts with it. `None` without pairs or above [`EXACT_UP_TO`].
pub fn exact(differences: &[f64]) -> Option<f64> {
    let n = differences.len();
    if n == 0 || n > EXACT_UP_TO {
        return None;
    }
    let mut signed = differences.to_vec();
    let mut sum: f64 = signed.iter().sum();
    let threshold = reached(sum, differences);
    let patterns = 1_u32 << (n - 1);
    let mut hits = 1_u32;
    for step in 1..patterns {
        let flipped = step.trailing_zeros() as usize;
        sum -= 2.0 * signed[flipped];
        signed[flipped] = -signed[flipped];
        hits += u32::from(sum.abs() >= threshold);
    }
    Some(f64::from(hits) / f64::from(patterns))
}

/// The same by `flips` random sign patterns: (hits + 1) ÷ (flips + 1), Davison and Hinkley (1997), section 4.2.
pub fn monte_carlo(differences: &[f64], flips: u32, seed: u64) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let threshold = reached(differences.iter().sum(), differences);
    let mut hits = 0_u32;
    for _ in 0..flips {
        let mut sum = 0.0;
        for chunk in differences.chunks(64) {
            let mut bits = rng.next_u64();
            for difference in chunk {
                sum += if bits & 1 == 1 { *difference } else { -difference };
                bits >>= 1;
            }
        }
        hits += u32::from(sum.abs() >= threshold);
    }
    f64::from(hits + 1) / f64::from(flips + 1)
}

/// What a sum must reach to count as at least as extreme; ties count in spite of rounding.
fn reached(sum: f64, differences: &[f64]) -> f64 {
    sum.abs() - 1e-9 * differences.iter().map(|difference| difference.abs()).sum::<f64>()
}
