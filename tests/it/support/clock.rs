//! A clock that only the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use relata::Timestamp;
use relata::operations::{Clock, ClockReading};

pub(crate) const DAY: i64 = 24 * 3_600_000;

/// Milliseconds that have passed, and those that the wall clock is ahead of them.
#[derive(Debug, Clone)]
pub(crate) struct ManualClock {
    passed: Arc<AtomicI64>,
    ahead: Arc<AtomicI64>,
}

impl ManualClock {
    pub(crate) fn new() -> Self {
        Self { passed: Arc::default(), ahead: Arc::new((20_000 * DAY).into()) }
    }

    /// What a store reads; it shares the time with `self`.
    pub(crate) fn shared(&self) -> Clock {
        let clock = self.clone();
        Clock::new(move || ClockReading { wall: clock.wall(), steady: clock.steady() })
    }

    /// Milliseconds since the test began.
    pub(crate) fn passed(&self) -> i64 {
        self.passed.load(Ordering::Relaxed)
    }

    fn steady(&self) -> Duration {
        Duration::from_millis(self.passed().unsigned_abs())
    }

    pub(crate) fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.passed() + self.ahead.load(Ordering::Relaxed))
    }

    pub(crate) fn pass(&self, millis: i64) {
        self.passed.fetch_add(millis, Ordering::Relaxed);
    }

    pub(crate) fn pass_days(&self, days: i64) {
        self.pass(days * DAY);
    }

    /// Sets the wall clock forward, or back.
    pub(crate) fn set(&self, millis: i64) {
        self.ahead.fetch_add(millis, Ordering::Relaxed);
    }
}
