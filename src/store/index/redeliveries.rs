//! How often deliveries came again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::model::Seq;
use crate::sync::IgnorePoison;

/// Repeats since the last checkpoint, by the event of the first delivery. They
/// are counted here and not written at once: what a repeat says is on disk
/// already.
#[derive(Debug, Default, Clone)]
pub(crate) struct Redeliveries(Arc<Mutex<HashMap<Seq, u64>>>);

impl Redeliveries {
    /// Held while they are saved, and while the saved ones are read beside these: so
    /// that none is counted twice, or not at all.
    pub(crate) fn hold(&self) -> MutexGuard<'_, HashMap<Seq, u64>> {
        self.0.lock().ignore_poison()
    }

    pub(crate) fn note(&self, seq: Seq) {
        *self.hold().entry(seq).or_default() += 1;
    }
}
