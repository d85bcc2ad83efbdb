//! Clocks for tests.

use bakeoff_core::ports::Clock;
use bakeoff_core::trial::Millis;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// A clock that moves only when it is told to.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `now` (milliseconds since 1970 UTC).
    pub fn at(now: Millis) -> Self {
        Self { now: AtomicI64::new(now) }
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.now.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        self.now.load(Ordering::Relaxed)
    }
}

/// A clock that follows tokio's time, so that it agrees with `tokio::time::pause`.
#[derive(Debug)]
pub struct TokioClock {
    start: Instant,
    start_millis: Millis,
}

impl TokioClock {
    /// A clock that stands at `now` at this moment. Must be called within a tokio runtime when its time is paused.
    pub fn starting_at(now: Millis) -> Self {
        Self { start: Instant::now(), start_millis: now }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Millis {
        let elapsed = self.start.elapsed().as_millis();
        self.start_millis + i64::try_from(elapsed).unwrap_or(i64::MAX / 2)
    }
}
