//! What a location holds, as lists of locations show it.

use crate::graph::{Difference, LocationGraph};
use crate::model::{Counts, LocationId};

/// What a location holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) name: Option<Box<str>>,
    pub(super) counts: Counts,
    /// Number of things that are deleted and still remembered.
    pub(super) tombstones: u64,
}

impl Summary {
    /// Returns what a graph holds.
    pub(super) fn of(graph: &LocationGraph) -> Self {
        let counts = graph.view().counts();
        let tombstones = graph.tombstones(&counts);
        Self { name: graph.name().map(Into::into), counts, tombstones }
    }

    /// Returns on what this and what the rows hold disagree.
    pub(super) fn differences(&self, id: &LocationId, rows: &Self) -> Vec<Difference> {
        let counts = |it: &Self| {
            let Counts { objects, associations, records, relations, pending_associations } =
                it.counts;
            let others = [objects, associations, records, relations, pending_associations];
            (others, it.tombstones)
        };
        let name = |it: &Self| it.name.as_deref().unwrap_or_default().to_owned();
        let differing = |what: &str, left: String, right: String| {
            let thing = format!("summary of {id}: {what}");
            (left != right).then_some(Difference { thing, left, right })
        };
        let ((mine, deleted), (theirs, deleted_there)) = (counts(self), counts(rows));
        let names = ["objects", "associations", "records", "relations", "pending associations"];
        names
            .into_iter()
            .zip(mine.into_iter().zip(theirs))
            .chain([("deleted things", (deleted, deleted_there))])
            .map(|(what, (left, right))| (what, left.to_string(), right.to_string()))
            .chain([("name", name(self), name(rows))])
            .filter_map(|(what, left, right)| differing(what, left, right))
            .collect()
    }
}
