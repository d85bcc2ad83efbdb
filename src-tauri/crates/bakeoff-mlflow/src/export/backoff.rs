//! How long to wait after an error.

use std::time::Duration;

/// Waits that double up to a limit, each cut by up to half at random so that several programs don't come together.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// The wait after one more error; `random` is 0 to 1.
    pub(super) fn wait(&mut self, random: f64) -> Duration {
        let full = self.next.min(self.longest);
        self.next = (full * 2).min(self.longest);
        full.mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0)
    }

    /// Something worked.
    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use std::time::Duration;

    #[test]
    fn waits_double_up_to_the_limit() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        let waits: Vec<u64> = (0..8).map(|_| backoff.wait(0.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.wait(1.0), Duration::from_secs(30));
        backoff.reset();
        assert_eq!(backoff.wait(0.0), Duration::from_secs(1));
    }
}
