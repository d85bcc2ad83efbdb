//! How long to wait before the next attempt.

use crate::message::Line;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Duration;

/// The upper bound of the first wait; it doubles with every retry.
const FIRST: Duration = Duration::from_secs(1);
/// No wait of our own is longer.
const LONGEST: Duration = Duration::from_secs(60);
/// A provider may ask for more than we would wait, but not for ever.
pub(crate) const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// Exponential back-off with full jitter (uniform between 0 and the bound; see "Exponential Backoff And Jitter", AWS
/// Architecture Blog, 2015), but never sooner than the provider asked. `retry` counts from 0. The same seed and key
/// give the same waits.
pub(crate) fn wait(seed: u64, line: Line, retry: u32, retry_after: Option<Duration>) -> Duration {
    let bound = FIRST.saturating_mul(1 << retry.min(10)).min(LONGEST);
    let jittered = bound.mul_f64(uniform(seed, line, retry));
    jittered.max(retry_after.unwrap_or_default().min(LONGEST_ASKED))
}

fn uniform(seed: u64, line: Line, retry: u32) -> f64 {
    let key = line.trial;
    // Branches of a trial wait differently; a trial without any as it always did.
    let seed = seed.wrapping_add(line.branch.map_or(0, |branch| u64::from(branch) + 1));
    let trial = u64::from(key.case) << 32 | u64::from(key.variant) << 16 | u64::from(key.repetition);
    let mut generator = ChaCha8Rng::seed_from_u64(seed ^ trial.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    generator.set_stream(u64::from(retry));
    (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use bakeoff_core::trial::TrialKey;

    fn line(case: u32) -> Line {
        Line::of(TrialKey { case, variant: 1, repetition: 0 })
    }

    #[test]
    fn grows_stays_bounded_and_is_repeatable() {
        for retry in 0..40 {
            let bound = Duration::from_secs(60.min(1 << retry.min(10)));
            for case in 0..50 {
                let waited = wait(7, line(case), retry, None);
                assert!(waited <= bound, "retry {retry}: {waited:?} is over {bound:?}");
                assert_eq!(waited, wait(7, line(case), retry, None), "the seed decides");
            }
        }
    }

    #[test]
    fn spreads_trials_over_the_whole_bound() {
        let waits: Vec<f64> = (0..1000).map(|case| wait(1, line(case), 3, None).as_secs_f64()).collect();
        let mean = waits.iter().sum::<f64>() / 1000.0;
        assert!((3.7..4.3).contains(&mean), "uniform on 0 to 8 s has mean 4, not {mean}");
    }

    #[test]
    fn a_provider_that_asks_is_heard_up_to_a_bound() {
        assert_eq!(wait(1, line(3), 0, Some(Duration::from_secs(20))), Duration::from_secs(20));
        assert_eq!(wait(1, line(3), 0, Some(Duration::from_secs(86_400))), LONGEST_ASKED);
    }
}
