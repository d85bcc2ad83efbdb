//! Random orders and samples from a seed. Written out here instead of taken from the random-number crate, whose
//! algorithms may change between versions: a seed stored with a run must give the same order for ever.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The generator for a seed.
pub(crate) fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A uniform number from 0 to `bound` − 1, without bias: values from the uneven rest are drawn again.
fn below(generator: &mut ChaCha8Rng, bound: u64) -> u64 {
    let largest = u64::MAX - (u64::MAX % bound + 1) % bound;
    loop {
        let drawn = generator.next_u64();
        if drawn <= largest {
            return drawn % bound;
        }
    }
}

/// Fisher–Yates: every order equally likely.
pub(crate) fn shuffle<T>(generator: &mut ChaCha8Rng, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(generator, last as u64 + 1) as usize);
    }
}

/// `amount` of the indices 0 to `length` − 1, ascending; all of them when there are no more.
pub(crate) fn sample(generator: &mut ChaCha8Rng, length: usize, amount: usize) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..length).collect();
    let amount = amount.min(length);
    for first in 0..amount {
        indices.swap(first, first + below(generator, (length - first) as u64) as usize);
    }
    indices.truncate(amount);
    indices.sort_unstable();
    indices
}
