//! How often deliveries came again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::journal::{CheckpointRow, JournalError, RowSink};
use crate::model::Seq;

/// Repeats since the last checkpoint, by the event of the first delivery. They
/// are counted here and not written at once: what a repeat says is on disk
/// already.
#[derive(Debug, Default, Clone)]
pub(super) struct Repeats(Arc<Mutex<HashMap<Seq, u64>>>);

impl Repeats {
    fn counts(&self) -> MutexGuard<'_, HashMap<Seq, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, seq: Seq) {
        *self.counts().entry(seq).or_default() += 1;
    }

    pub(super) fn of(&self, seq: Seq) -> u64 {
        self.counts().get(&seq).copied().unwrap_or(0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counts().is_empty()
    }

    pub(super) fn put(&self, put: RowSink<'_>) -> Result<(), JournalError> {
        let counts = self.counts();
        counts.iter().try_for_each(|(&seq, &times)| put(&CheckpointRow::Repeats { seq, times }))
    }

    /// What was put is saved.
    pub(super) fn saved(&self) {
        self.counts().clear();
    }
}
