//! Observers of what the writer does.

use std::fmt;
use std::sync::{Arc, RwLock, Weak};
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

#[derive(Default)]
struct Registered {
    next_id: u64,
    observers: Vec<(u64, Observer)>,
}

/// The observers of a store. Notifying them costs one uncontended lock while there are
/// none.
#[derive(Default)]
pub(crate) struct Observers(Arc<RwLock<Registered>>);

/// A registered observer, which is removed when this is dropped.
#[must_use = "an observer is removed when this is dropped"]
pub struct Observation {
    registered: Weak<RwLock<Registered>>,
    id: u64,
}

impl fmt::Debug for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observation").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        if let Some(registered) = self.registered.upgrade() {
            registered.write().ignore_poison().observers.retain(|(id, _)| *id != self.id);
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers").finish_non_exhaustive()
    }
}

impl Observers {
    pub(crate) fn add(&self, observer: impl Fn(WriteEvent) + Send + Sync + 'static) -> Observation {
        let mut registered = self.0.write().ignore_poison();
        let id = registered.next_id;
        registered.next_id += 1;
        registered.observers.push((id, Box::new(observer)));
        Observation { registered: Arc::downgrade(&self.0), id }
    }

    pub(crate) fn notify(&self, event: WriteEvent) {
        for (_, observer) in &self.0.read().ignore_poison().observers {
            observer(event);
        }
    }
}
