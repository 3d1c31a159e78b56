//! What differs between two moments.

use crate::graph::{AssociationDiff, DiffQuery, Effort, LinkDiff, Snapshot};
use crate::model::Seq;

/// A location at two moments.
#[derive(Debug)]
pub struct Between {
    pub(crate) from: (Seq, Snapshot),
    pub(crate) to: (Seq, Snapshot),
}

impl Between {
    /// The events up to which the graph stood at the first moment and the second.
    pub fn seqs(&self) -> (Seq, Seq) {
        (self.from.0, self.to.0)
    }

    /// The relations that the second moment shows and the first did not, and the
    /// other way round; see [`View::link_diff`](crate::graph::View::link_diff).
    pub fn links(&self, query: &DiffQuery, effort: &mut Effort<'_>) -> LinkDiff<'_> {
        self.to.1.view().link_diff(self.from.1.view(), query, effort)
    }

    /// The associations that were added, removed and defined anew; see
    /// [`View::association_diff`](crate::graph::View::association_diff).
    pub fn associations(&self, effort: &mut Effort<'_>) -> AssociationDiff<'_> {
        self.to.1.view().association_diff(self.from.1.view(), effort)
    }
}
