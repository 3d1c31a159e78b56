//! What an event did to the graph.

use crate::model::{RecordState, Stamp};

/// What an event did to the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The thing that it concerns is as it says from now on.
    Applied,
    /// The thing was that way already.
    Unchanged,
    /// Something newer is known of the thing.
    Stale,
}

impl Outcome {
    /// Returns the outcome of an event that has, or has not, changed a name besides.
    pub(super) fn or_renamed(self, is_renamed: bool) -> Self {
        if is_renamed { Self::Applied } else { self }
    }

    pub(super) fn of_record(old: RecordState, stamp: Stamp) -> Self {
        match old.last {
            Some(last) if stamp.same_but_seq(last) => Self::Unchanged,
            // An old delete still hides the links that are older yet.
            Some(last) if stamp <= last && old.with(stamp).deleted == old.deleted => Self::Stale,
            _ => Self::Applied,
        }
    }
}
