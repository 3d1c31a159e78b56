//! A checkpoint that is being saved: how far it is, and its next rows.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::graph::Changed;
use crate::journal::{CheckpointRow, JournalError, LocationBlocks, RowSink};
use crate::model::Seq;
use crate::store::index::skip_index::SkipIndex;
use crate::store::location::Location;

/// Number of rows of the first part; later ones have as many as can be written in time.
pub(crate) const PART_ROWS: usize = 512;

pub(super) const PART_ROWS_MIN: usize = 64;

/// A checkpoint that is being saved.
#[derive(Debug)]
pub(crate) struct Saving {
    /// The last event that it will cover.
    pub(super) upto: Seq,
    /// The numbers of the locations that are still to be saved.
    pub(super) left: BTreeSet<u32>,
    pub(super) current: Option<Current>,
    /// Number of events that it adds.
    pub(super) events: u64,
    /// Number of rows to write, approximately, and of those written.
    pub(super) rows: u64,
    pub(super) written: u64,
    pub(super) took: Duration,
}

/// What changed up to an event, which another process is to save.
#[derive(Debug)]
pub(crate) struct Awaited {
    pub(super) upto: Seq,
    pub(super) changed: Vec<(Arc<Location>, Changed)>,
    pub(super) skip_index: SkipIndex,
    pub(super) blocks: LocationBlocks,
}

/// A location some of whose rows are saved.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) location: Arc<Location>,
    pub(super) changed: Changed,
    /// Number of relations that it had when the changed ones were taken, and its last event.
    relations: u32,
    seq: Seq,
}

/// The rows of a location in a part of a checkpoint.
pub(super) struct LocationPart {
    pub(super) location: Arc<Location>,
    pub(super) changed: Changed,
    /// Number of rows of the location, and the event they cover, if this part is its last.
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

    /// Takes up to `limit` rows: first all that relations refer to that has changed since.
    /// If these are the last, also returns the number of rows of the location, and the
    /// event that they cover.
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
        // Only this thread changes the graph: readers are not blocked.
        let graph = location.read();
        graph.rows(changed, |row| put(&CheckpointRow::State { location: number, row }))?;
        if come.is_none() {
            return Ok(());
        }
        let (name, counts) = (graph.name(), graph.view().counts());
        let tombstones = graph.tombstones(&counts);
        put(&CheckpointRow::Summary { location: number, name, counts, tombstones })
    }
}
