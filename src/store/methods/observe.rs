//! Watching the writer.

use crate::model::Seq;
use crate::store::store::Store;
use crate::store::writer::observer::WriteEvent;
use crate::store::writer::queue::Backlog;

impl Store {
    /// Registers an observer, called on the writer's thread after each transaction, when
    /// events have become visible, and after each checkpoint, for as long as the store
    /// exists. It must neither block nor register another.
    ///
    /// In a store that is open for reading only, it is called by
    /// [`refresh`](Self::refresh), on that thread.
    pub fn observe(&self, observer: impl Fn(WriteEvent) + Send + Sync + 'static) {
        self.state.observers.add(observer);
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

    /// Returns what waits for the writer now.
    pub fn waiting(&self) -> Backlog {
        self.state.queued.backlog()
    }
}
