//! When the ids of further deliveries are indexed.

use std::time::{Duration, Instant};

use crate::journal::DELIVERY_BLOCK;
use crate::model::Seq;

/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_secs(60);

/// How long to wait after a step, in the time that it took.
const PAUSED_SHARE: u32 = 4;

/// When nothing is to be indexed.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// How far the ids of deliveries are indexed.
#[derive(Debug)]
pub(crate) struct Indexing {
    upto: Seq,
    not_before: Instant,
}

impl Indexing {
    /// Creates that of a journal of which nothing is known yet.
    pub(crate) fn new() -> Self {
        Self { upto: Seq::MAX, not_before: Instant::now() }
    }

    /// Begins after this event.
    pub(crate) fn begin(&mut self, upto: Seq) {
        self.upto = upto;
    }

    /// Records that a step begun then has come to this event. Where there are many to go,
    /// deliveries have the writer for most of the time.
    pub(crate) fn advance(&mut self, upto: Seq, begun: Instant) {
        self.upto = upto;
        self.not_before = Instant::now() + begun.elapsed() * PAUSED_SHARE;
    }

    /// Tries again, but not soon.
    pub(crate) fn put_off(&mut self) {
        self.not_before = Instant::now() + PAUSE;
    }

    pub(crate) fn due_in(&self, head: Seq, now: Instant) -> Duration {
        if head.saturating_sub(self.upto) < DELIVERY_BLOCK {
            return NEVER;
        }
        self.not_before.saturating_duration_since(now)
    }
}
