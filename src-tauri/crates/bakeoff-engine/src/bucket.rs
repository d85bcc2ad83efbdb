//! A token bucket: at most so much a minute, smoothly.

use std::time::Duration;
use tokio::time::Instant;

/// Allows `per_minute` units in any 60 seconds. Requests are whole units; tokens may go below zero when a call took
/// more than was thought, which later calls pay for.
#[derive(Debug)]
pub(crate) struct Bucket {
    capacity: f64,
    per_second: f64,
    level: f64,
    at: Instant,
}

impl Bucket {
    /// Starts full. The burst is a tenth of a minute's allowance (at least 1), and the rest flows in over the minute,
    /// so that burst and flow together never pass it.
    pub(crate) fn new(per_minute: u32, now: Instant) -> Self {
        let per_minute = f64::from(per_minute.max(1));
        let capacity = (per_minute / 10.0).floor().max(1.0);
        Self { capacity, per_second: (per_minute - capacity + 1.0) / 60.0, level: capacity, at: now }
    }

    /// When `amount` can be taken: `None` now, else then. More than the capacity asks for a full bucket.
    pub(crate) fn ready_at(&mut self, amount: f64, now: Instant) -> Option<Instant> {
        self.refill(now);
        // The tolerance is far below a unit and keeps rounding from asking for a wait of no length.
        let missing = amount.min(self.capacity) - self.level;
        (missing > 1e-6).then(|| now + Duration::from_secs_f64(missing / self.per_second) + ROUNDING)
    }

    /// Takes `amount`; a negative one gives back.
    pub(crate) fn take(&mut self, amount: f64, now: Instant) {
        self.refill(now);
        self.level = (self.level - amount).min(self.capacity);
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level + passed * self.per_second).min(self.capacity);
        self.at = now;
    }
}

/// Timers have a resolution of a millisecond.
const ROUNDING: Duration = Duration::from_micros(100);

#[cfg(test)]
mod tests {
    use super::*;

    /// The most units taken within any 60 seconds when they are taken as soon as they can be.
    fn most_in_a_minute(per_minute: u32) -> usize {
        let start = Instant::now();
        let mut bucket = Bucket::new(per_minute, start);
        let mut now = start;
        let mut taken = Vec::new();
        while now < start + Duration::from_secs(200) {
            match bucket.ready_at(1.0, now) {
                Some(later) => now = later,
                None => {
                    bucket.take(1.0, now);
                    taken.push(now);
                }
            }
        }
        let minute = Duration::from_secs(60);
        let within =
            |first: &Instant| taken.iter().filter(|at| **at >= *first && **at < *first + minute).count();
        taken.iter().map(within).max().unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn no_minute_has_more_than_allowed_and_little_is_given_away() {
        for per_minute in [1, 2, 3, 10, 59, 60, 100, 500] {
            let most = most_in_a_minute(per_minute);
            assert!(most <= per_minute as usize, "{per_minute} a minute became {most}");
            assert!(most * 10 >= per_minute as usize * 9, "{per_minute} a minute became only {most}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_amount_waits_for_a_full_bucket_and_is_paid_later() {
        let now = Instant::now();
        let mut bucket = Bucket::new(6_000, now);
        assert_eq!(bucket.ready_at(5_000.0, now), None, "more than the burst goes out from a full bucket");
        bucket.take(5_000.0, now);
        let next = bucket.ready_at(1.0, now).expect("the debt must be paid first");
        assert!(next > now + Duration::from_secs(48), "4,400 missing tokens flow in at 90 a second");
        bucket.take(-4_600.0, now);
        assert_eq!(bucket.ready_at(1.0, now), None, "what wasn't used is given back");
    }
}
