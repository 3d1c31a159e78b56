//! A checkpoint on its way: what of it is on disk, and what comes next.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::graph::Changed;
use crate::journal::{CheckpointRow, JournalError, RowSink};
use crate::model::Seq;
use crate::store::locations::Location;

/// How many rows the first part has; later ones as many as can be written in time.
pub(crate) const PART_ROWS: usize = 512;

pub(super) const PART_ROWS_MIN: usize = 64;

/// A checkpoint that is being saved.
#[derive(Debug)]
pub(crate) struct Saving {
    /// What it will stand for.
    pub(super) upto: Seq,
    /// The numbers of the locations that are still to be saved.
    pub(super) left: BTreeSet<u32>,
    pub(super) current: Option<Current>,
    /// The events that it adds.
    pub(super) events: u64,
    /// How many rows there were to be written, about, and how many are.
    pub(super) rows: u64,
    pub(super) written: u64,
    pub(super) took: Duration,
}

/// A location of which some rows are saved.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) location: Arc<Location>,
    pub(super) changed: Changed,
    /// How many relations it had when those that changed were taken, and its last event.
    relations: u32,
    seq: Seq,
}

/// What a part of a checkpoint holds of a location.
pub(super) struct LocationPart {
    pub(super) location: Arc<Location>,
    pub(super) changed: Changed,
    /// How many rows it has, and the event they stand for, if this part is its last.
    pub(super) come: Option<(u64, Seq)>,
}

impl Current {
    /// Begins with a location whose last event this is, or one before it.
    pub(super) fn begin(location: Arc<Location>, seq: Seq) -> Self {
        let mut graph = location.write();
        let (changed, relations) = (graph.take_changed(), graph.relation_rows());
        drop(graph);
        Self { location, changed, relations, seq }
    }

    /// Takes up to so many rows, and all that has changed since of what relations refer
    /// to before any of those. Tells how many rows the location has, and the event that
    /// they stand for, if these are the last.
    pub(super) fn take_first(&mut self, limit: usize) -> (Changed, Option<(u64, Seq)>) {
        self.changed.add(self.location.write().take_changed_but_relations());
        let changed = self.changed.take_first(limit);
        let is_last = self.changed.rows() == 0;
        let rows = is_last.then(|| self.location.read().row_count_with(self.relations));
        (changed, rows.map(|rows| (rows, self.seq)))
    }
}

impl LocationPart {
    pub(super) fn put(&self, put: RowSink<'_>) -> Result<(), JournalError> {
        let Self { location, changed, come } = self;
        let (number, id) = (location.number, location.id().as_str());
        let (rows, seq) = come.unzip();
        put(&CheckpointRow::Location { number, id, rows, seq })?;
        let dropped = |key| CheckpointRow::Dropped { location: number, key };
        changed.dropped().try_for_each(|key| put(&dropped(key)))?;
        // No one but this thread changes the graph: readers are not held up.
        location.read().rows(changed, |row| put(&CheckpointRow::State { location: number, row }))
    }
}
