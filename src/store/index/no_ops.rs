//! Which accepted events did nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::model::Seq;
use crate::sync::IgnorePoison;

/// Events since the last checkpoint that did nothing. They leave only once they are
/// saved: whoever looks here first, and then at what is saved, misses none.
#[derive(Debug, Default, Clone)]
pub(crate) struct NoOpEvents(Arc<Mutex<BTreeSet<Seq>>>);

impl NoOpEvents {
    fn hold(&self) -> MutexGuard<'_, BTreeSet<Seq>> {
        self.0.lock().ignore_poison()
    }

    pub(crate) fn note(&self, seq: Seq) {
        self.hold().insert(seq);
    }

    /// Those behind `after`, as they are now.
    pub(crate) fn behind(&self, after: Seq) -> BTreeSet<Seq> {
        self.hold().range(after.saturating_add(1)..).copied().collect()
    }

    /// Up to `limit` of the first.
    pub(crate) fn first(&self, limit: usize) -> BTreeSet<Seq> {
        self.hold().iter().take(limit).copied().collect()
    }

    /// All of these are saved.
    pub(crate) fn saved(&self, seqs: &BTreeSet<Seq>) {
        self.hold().retain(|seq| !seqs.contains(seq));
    }
}
