//! The difference between two moments.

use crate::graph::{AssociationDiff, Budget, DiffQuery, LinkDiff, Snapshot};
use crate::model::Seq;

/// A location at two moments.
#[derive(Debug)]
pub struct LocationDiff {
    pub(crate) from: (Seq, Snapshot),
    pub(crate) to: (Seq, Snapshot),
}

impl LocationDiff {
    /// Returns the events up to which the graph stood at the first moment and the second.
    pub fn seqs(&self) -> (Seq, Seq) {
        (self.from.0, self.to.0)
    }

    /// Lists the relations that the second moment shows and the first did not, and the
    /// other way round; see [`View::link_diff`](crate::graph::View::link_diff).
    pub fn links(&self, query: &DiffQuery, budget: &mut Budget<'_>) -> LinkDiff<'_> {
        self.to.1.view().link_diff(self.from.1.view(), query, budget)
    }

    /// Lists the associations that were added or removed, or whose definition changed; see
    /// [`View::association_diff`](crate::graph::View::association_diff).
    pub fn associations(&self, budget: &mut Budget<'_>) -> AssociationDiff<'_> {
        self.to.1.view().association_diff(self.from.1.view(), budget)
    }
}
