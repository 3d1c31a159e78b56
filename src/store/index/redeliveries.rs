//! How often deliveries were repeated.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::model::Seq;
use crate::sync::IgnorePoison;

/// Repeated deliveries since the last checkpoint, by the event of the first delivery. They
/// are counted here and not written at once: what a repeat says is already on disk.
#[derive(Debug, Default, Clone)]
pub(crate) struct Redeliveries(Arc<Mutex<HashMap<Seq, u64>>>);

impl Redeliveries {
    /// Locks the counts. Held while they are saved, and while the saved ones are read
    /// together with these, so that none is counted twice or missed.
    pub(crate) fn lock(&self) -> MutexGuard<'_, HashMap<Seq, u64>> {
        self.0.lock().ignore_poison()
    }

    pub(crate) fn count(&self, seq: Seq) {
        *self.lock().entry(seq).or_default() += 1;
    }
}
