//! Watching the writer.

use crate::model::{Origin, Seq};
use crate::store::store::Store;
use crate::store::writer::observer::{Observation, WriteEvent};
use crate::store::writer::queue::Backlog;

impl Store {
    /// Registers an observer, called on the writer's thread after each transaction, when
    /// events have become visible, and after each checkpoint, until the returned
    /// [`Observation`] is dropped. It must neither block nor register or remove another.
    ///
    /// In a store that is open for reading only, it is called by
    /// [`refresh`](Self::refresh), on that thread.
    pub fn observe(&self, observer: impl Fn(WriteEvent) + Send + Sync + 'static) -> Observation {
        self.state.observers.add(observer)
    }

    /// Returns the last event that the checkpoint on disk covers. Later ones are replayed
    /// when the store is opened.
    pub fn checkpoint_seq(&self) -> Seq {
        self.state.stats.checkpoint()
    }

    /// Returns how many writes have failed since the store was opened.
    pub fn write_failures(&self) -> u64 {
        self.state.stats.write_failures()
    }

    /// Returns how many events were accepted since the store was opened, by their origin.
    pub fn events_by_origin(&self) -> [(Origin, u64); Origin::ALL.len()] {
        self.state.stats.events()
    }

    /// Returns what waits for the writer now.
    pub fn waiting(&self) -> Backlog {
        self.state.queued.backlog()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn an_observer_is_removed_with_its_handle() {
        let store = Store::in_memory().unwrap();
        let counted = || {
            let count = Arc::new(AtomicU64::new(0));
            let counts = Arc::clone(&count);
            let observe = move |event| {
                if matches!(event, WriteEvent::Visible { .. }) {
                    counts.fetch_add(1, Ordering::Relaxed);
                }
            };
            (count, store.observe(observe))
        };
        let (first, kept) = counted();
        let (second, removed) = counted();
        let body = r#"{"type":"RecordCreate","id":"a","objectKey":"contact","locationId":"L"}"#;
        store.ingest(body.as_bytes()).unwrap();
        drop(removed);
        assert_eq!(Arc::strong_count(&second), 1, "what it captured is dropped");
        store.ingest(body.as_bytes()).unwrap();
        let counts = [&first, &second].map(|count| count.load(Ordering::Relaxed));
        assert_eq!(counts, [2, 1]);
        drop(store);
        drop(kept);
    }
}
