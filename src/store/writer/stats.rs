//! Counts of what the writer has done.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::model::{Origin, Seq};
use crate::sync::IgnorePoison;

/// Counts of what the writer has done since the store was opened, for monitoring.
#[derive(Debug, Default)]
pub(crate) struct WriteStats {
    checkpoint: AtomicU64,
    write_failures: AtomicU64,
    compacted_rows: AtomicU64,
    /// Events that were written, in the order of [`Origin::ALL`].
    events: [AtomicU64; Origin::ALL.len()],
    log_held_since: Mutex<Option<Instant>>,
}

impl WriteStats {
    /// Starts with a checkpoint that covers the events up to this one.
    pub(crate) fn new(checkpoint: Seq) -> Self {
        Self { checkpoint: AtomicU64::new(checkpoint), ..Self::default() }
    }

    /// Returns the last event that the checkpoint on disk covers.
    pub(crate) fn checkpoint(&self) -> Seq {
        self.checkpoint.load(Ordering::Acquire)
    }

    pub(crate) fn set_checkpoint(&self, upto: Seq) {
        self.checkpoint.store(upto, Ordering::Release);
    }

    pub(crate) fn write_failures(&self) -> u64 {
        self.write_failures.load(Ordering::Relaxed)
    }

    pub(crate) fn count_write_failure(&self) {
        self.write_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn compacted_rows(&self) -> u64 {
        self.compacted_rows.load(Ordering::Relaxed)
    }

    /// Counts rows of things deleted long ago that were dropped.
    pub(crate) fn add_compacted_rows(&self, rows: u64) {
        self.compacted_rows.fetch_add(rows, Ordering::Relaxed);
    }

    /// Returns how many events were written of each origin.
    pub(crate) fn events(&self) -> [(Origin, u64); Origin::ALL.len()] {
        let mut counts = Origin::ALL.map(|origin| (origin, 0));
        for ((_, count), written) in counts.iter_mut().zip(&self.events) {
            *count = written.load(Ordering::Relaxed);
        }
        counts
    }

    /// Counts an event that was written.
    pub(crate) fn count_event(&self, origin: Origin) {
        if let Some(written) = self.events.get(origin as usize) {
            written.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns how long a reader has kept the log from being cut down.
    pub(crate) fn log_held(&self) -> Duration {
        let since = *self.log_held_since.lock().ignore_poison();
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Records since when a reader has kept the log from being cut down.
    pub(crate) fn set_log_held_since(&self, since: Option<Instant>) {
        *self.log_held_since.lock().ignore_poison() = since;
    }
}
