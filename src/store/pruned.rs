//! Events that are needed and were pruned.

use crate::model::Seq;

/// Events that were asked for are pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("events up to {upto} are pruned")]
pub struct Pruned {
    /// The last event that was pruned.
    pub upto: Seq,
    /// The events after this one were asked for; 0 for all.
    pub asked: Seq,
}
