//! What the writer does, for those who watch over it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::model::Seq;
use crate::sync::IgnorePoison;

/// What the writer has just put on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteEvent {
    /// A transaction of events.
    Events {
        /// How many.
        count: usize,
        /// How long it took, the sync included.
        took: Duration,
    },
    /// A checkpoint.
    Checkpoint {
        /// The last event that it stands for.
        upto: Seq,
        /// How long it took.
        took: Duration,
    },
}

/// What waits for the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries, refused ones too, and other things to do.
    pub jobs: usize,
    /// Bytes of bodies.
    pub bytes: usize,
}

type OnWrite = Box<dyn Fn(WriteEvent) + Send + Sync>;

/// Tells what was written. Costs a look while nobody wants to know.
#[derive(Default)]
pub(crate) struct WriteObserver {
    pub(crate) checkpoint: AtomicU64,
    pub(crate) write_failures: AtomicU64,
    compacted_rows: AtomicU64,
    log_held_since: Mutex<Option<Instant>>,
    pub(crate) observer: OnceLock<OnWrite>,
}

impl fmt::Debug for WriteObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteObserver")
            .field("checkpoint", &self.checkpoint)
            .finish_non_exhaustive()
    }
}

impl WriteObserver {
    pub(crate) fn begin(&self, checkpoint: Seq) {
        self.checkpoint.store(checkpoint, Ordering::Release);
    }

    /// Notes since when a reader has kept the log from being cut down.
    pub(crate) fn log_held_since(&self, since: Option<Instant>) {
        *self.log_held_since.lock().ignore_poison() = since;
    }

    /// Counts a write that failed.
    pub(crate) fn write_failed(&self) {
        self.write_failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts rows that were dropped, since they stood for what was deleted for long.
    pub(crate) fn compacted(&self, rows: u64) {
        self.compacted_rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn compacted_rows(&self) -> u64 {
        self.compacted_rows.load(Ordering::Relaxed)
    }

    pub(crate) fn log_held(&self) -> Duration {
        let since = *self.log_held_since.lock().ignore_poison();
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    pub(crate) fn committed(&self, count: usize, start: Instant) {
        if let Some(observer) = self.observer.get() {
            observer(WriteEvent::Events { count, took: start.elapsed() });
        }
    }

    pub(crate) fn checkpointed(&self, upto: Seq, took: Duration) {
        self.checkpoint.store(upto, Ordering::Release);
        if let Some(observer) = self.observer.get() {
            observer(WriteEvent::Checkpoint { upto, took });
        }
    }
}
