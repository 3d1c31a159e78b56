//! Watching over the writer.

use std::sync::atomic::Ordering;

use crate::model::Seq;
use crate::store::store::Store;
use crate::store::writer::observer::{Backlog, WriteEvent};

impl Store {
    /// Has this called on the writer's thread after each transaction and
    /// checkpoint; it must not block. False if there is such an observer already.
    pub fn observe(&self, observer: impl Fn(WriteEvent) + Send + Sync + 'static) -> bool {
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
    pub fn waiting(&self) -> Backlog {
        self.gauge.waiting()
    }
}
