//! What the writer does, for those who watch over it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::model::Seq;
use crate::store::store::Store;

/// What the writer has just put on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Written {
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
pub struct Waiting {
    /// Deliveries, refused ones too, and other things to do.
    pub jobs: usize,
    /// Bytes of bodies.
    pub bytes: usize,
}

type Observer = Box<dyn Fn(Written) + Send + Sync>;

/// Tells what was written. Costs a look while nobody wants to know.
#[derive(Default)]
pub(crate) struct Pulse {
    checkpoint: AtomicU64,
    write_failures: AtomicU64,
    compacted_rows: AtomicU64,
    log_held_since: Mutex<Option<Instant>>,
    observer: OnceLock<Observer>,
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").field("checkpoint", &self.checkpoint).finish_non_exhaustive()
    }
}

impl Pulse {
    pub(crate) fn begin(&self, checkpoint: Seq) {
        self.checkpoint.store(checkpoint, Ordering::Release);
    }

    /// Notes since when a reader has kept the log from being cut down.
    pub(crate) fn log_held_since(&self, since: Option<Instant>) {
        *self.log_held_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
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
        let since = *self.log_held_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    pub(crate) fn committed(&self, count: usize, start: Instant) {
        if let Some(observer) = self.observer.get() {
            observer(Written::Events { count, took: start.elapsed() });
        }
    }

    pub(crate) fn checkpointed(&self, upto: Seq, took: Duration) {
        self.checkpoint.store(upto, Ordering::Release);
        if let Some(observer) = self.observer.get() {
            observer(Written::Checkpoint { upto, took });
        }
    }
}

impl Store {
    /// Has this called on the writer's thread after each transaction and
    /// checkpoint; it must not block. False if there is such an observer already.
    pub fn observe(&self, observer: impl Fn(Written) + Send + Sync + 'static) -> bool {
        self.gauge.pulse.observer.set(Box::new(observer)).is_ok()
    }

    /// The last event that the checkpoint on disk stands for. What came later is
    /// replayed when the store is opened.
    pub fn checkpoint_seq(&self) -> Seq {
        self.gauge.pulse.checkpoint.load(Ordering::Acquire)
    }

    /// Returns how many writes have failed since the store was opened.
    pub fn write_failures(&self) -> u64 {
        self.gauge.pulse.write_failures.load(Ordering::Relaxed)
    }

    /// What waits for the writer now.
    pub fn waiting(&self) -> Waiting {
        self.gauge.waiting()
    }
}
