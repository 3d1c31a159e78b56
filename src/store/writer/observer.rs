//! Observers of what the writer does.

use std::fmt;
use std::sync::RwLock;
use std::time::Duration;

use crate::model::Seq;
use crate::sync::IgnorePoison;

/// What the writer has just done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteEvent {
    /// Events were committed in one transaction. They are not visible yet.
    Committed {
        /// How many.
        count: usize,
        /// How long the transaction took, including the sync.
        took: Duration,
    },
    /// Events have become visible to every query.
    Visible {
        /// The last of them.
        upto: Seq,
    },
    /// A checkpoint was saved.
    CheckpointSaved {
        /// The last event that it covers.
        upto: Seq,
        /// How long it took.
        took: Duration,
    },
}

type Observer = Box<dyn Fn(WriteEvent) + Send + Sync>;

/// The observers of a store. Notifying them costs one uncontended lock while there are
/// none.
#[derive(Default)]
pub(crate) struct Observers(RwLock<Vec<Observer>>);

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers").finish_non_exhaustive()
    }
}

impl Observers {
    pub(crate) fn add(&self, observer: impl Fn(WriteEvent) + Send + Sync + 'static) {
        self.0.write().ignore_poison().push(Box::new(observer));
    }

    pub(crate) fn notify(&self, event: WriteEvent) {
        for observer in &*self.0.read().ignore_poison() {
            observer(event);
        }
    }
}
