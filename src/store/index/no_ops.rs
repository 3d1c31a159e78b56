//! Accepted events that changed nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::model::Seq;
use crate::sync::IgnorePoison;

/// Events since the last checkpoint that changed nothing. They are removed only after they
/// are saved: a reader that looks here first, and then at what is saved, misses none.
#[derive(Debug, Default, Clone)]
pub(crate) struct NoOpEvents(Arc<Mutex<BTreeSet<Seq>>>);

impl NoOpEvents {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<Seq>> {
        self.0.lock().ignore_poison()
    }

    pub(crate) fn insert(&self, seq: Seq) {
        self.lock().insert(seq);
    }

    /// Returns those after `after`, as of now.
    pub(crate) fn after(&self, after: Seq) -> BTreeSet<Seq> {
        self.lock().range(after.saturating_add(1)..).copied().collect()
    }

    /// Returns the first ones, up to `limit` of them.
    pub(crate) fn first(&self, limit: usize) -> BTreeSet<Seq> {
        self.lock().iter().take(limit).copied().collect()
    }

    /// Removes events that are saved.
    pub(crate) fn remove_upto(&self, upto: Seq) {
        let mut seqs = self.lock();
        *seqs = seqs.split_off(&upto.saturating_add(1));
    }

    pub(crate) fn remove_all(&self, seqs: &BTreeSet<Seq>) {
        self.lock().retain(|seq| !seqs.contains(seq));
    }
}
