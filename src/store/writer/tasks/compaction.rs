//! Dropping things deleted long ago.

use std::sync::Arc;
use std::time::Instant;

use crate::graph::LocationGraph;
use crate::journal::{Compaction, JournalError, WriteOutcome};
use crate::model::Seq;
use crate::store::delivery::IngestError;
use crate::store::location::Location;
use crate::store::writer::compaction::Compactions;
use crate::store::writer::thread::Writer;

/// Number of locations examined between two batches of deliveries.
const STEP_LOCATIONS: usize = 256;

/// Minimum number of rows that are worth a compaction.
const ROWS_MIN: u64 = 64;

/// A compaction is worth its cost once one in this many rows is dropped.
const ROWS_SHARE: u64 = 4;

/// Maximum number of rows of a location that is compacted between two batches: about 50 ms.
/// A larger one waits for the next opening.
const ROWS_AT_ONCE: u64 = 60_000;

/// Which locations are compacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Locations from which something can be dropped.
    All,
    /// Locations from which enough can be dropped to be worth the cost.
    Worthwhile,
    /// Worthwhile ones that take no longer than deliveries can wait.
    Small,
}

impl Writer {
    /// Compacts every location where that is worth the cost: at opening, when deliveries
    /// wait in any case.
    pub(crate) fn compact_all(&mut self) {
        // Logged; tried again later.
        self.compact_to_the_end(Which::Worthwhile).unwrap_or_default();
    }

    /// Compacts the next locations, if they are small.
    pub(crate) fn compact(&mut self) {
        // Logged; tried again later.
        self.compact_some(Which::Small).unwrap_or_default();
    }

    /// Compacts every location, and returns the number of things dropped.
    pub(crate) fn compact_now(&mut self) -> Result<u64, IngestError> {
        self.check_writable()?;
        let before = self.state.stats.compacted_rows();
        self.compaction.begin();
        self.compact_to_the_end(Which::All)?;
        Ok(self.state.stats.compacted_rows() - before)
    }

    fn compact_to_the_end(&mut self, which: Which) -> Result<(), IngestError> {
        while self.compaction.due_in(Instant::now()).is_zero() {
            self.compact_some(which)?;
        }
        Ok(())
    }

    fn compact_some(&mut self, which: Which) -> Result<(), IngestError> {
        let compacted = match self.check_writable() {
            Ok(()) => self.compact_next(which),
            Err(refusal) => {
                self.compaction.pause();
                return Err(refusal);
            }
        };
        compacted.map_err(|error| {
            self.compaction.pause();
            self.state.stats.count_write_failure();
            let (reason, advice) = (error.to_string(), error.advice());
            tracing::error!(reason, advice, "deleted things cannot be dropped; it is tried again");
            error.into()
        })
    }

    /// Compacts the next location that is worth it, if one of the next few is.
    fn compact_next(&mut self, which: Which) -> Result<(), Arc<JournalError>> {
        let Some(keep) = self.compaction.keep else {
            self.compaction.pause();
            return Ok(());
        };
        let before = self.clock.settled().before(keep);
        let upto = self.journal.last_before(before)?.min(self.head);
        let locations = self.locations.from(self.compaction.from, STEP_LOCATIONS);
        if upto == 0 || locations.is_empty() {
            self.compaction.pause();
            return Ok(());
        }
        for location in locations {
            self.compaction.from = location.number + 1;
            if let Some((compacted, rows)) = without_deleted(&location, upto, which) {
                self.replace_graph(&location, compacted, upto)?;
                self.state.stats.add_compacted_rows(rows);
                break;
            }
        }
        Ok(())
    }

    /// Records a compaction and replaces the graph by its result.
    fn replace_graph(
        &mut self,
        location: &Location,
        mut compacted: LocationGraph,
        upto: Seq,
    ) -> Result<(), Arc<JournalError>> {
        let id = location.id().as_str();
        let compaction = Compaction { location: id.into(), at: self.head, upto };
        if let Err(error) = self.journal.record_compaction(&compaction) {
            let error = Arc::new(error);
            if error.write_outcome() != WriteOutcome::NothingWritten {
                self.compaction.is_unsettled = true;
                self.settle_other(Arc::clone(&error));
                if self.state.health.failure().is_none()
                    && let Err(error) = self.settle_compaction()
                {
                    self.fail(error.into());
                }
            }
            return Err(error);
        }
        // What is half saved refers to numbers that change.
        self.checkpointer.abandon(&self.locations);
        let old = {
            let mut graph = location.write();
            let mut old = std::mem::replace(&mut *graph, LocationGraph::new());
            compacted.take_over_changes(&mut old);
            *graph = compacted;
            old
        };
        // Freeing may take long: readers are no longer kept out.
        drop(old);
        self.checkpointer.record_compaction(location.number, compaction.at);
        tracing::debug!(location = id, upto, "what was deleted for long is dropped");
        Ok(())
    }

    /// Does the last compaction if it turns out that it was recorded, where that was
    /// unknown. To be called before anything else is accepted.
    pub(crate) fn settle_compaction(&mut self) -> Result<(), JournalError> {
        if self.compaction.is_unsettled {
            self.checkpointer.abandon(&self.locations);
            let compactions = Compactions::load(self.journal.as_mut(), self.head)?;
            compactions.from(self.head).apply_upto(
                self.head,
                &self.locations,
                &mut self.checkpointer,
            );
            self.compaction.is_unsettled = false;
        }
        Ok(())
    }
}

/// Returns the graph of a location without what was deleted, and how many rows fewer it
/// has, if it is among those to be compacted.
fn without_deleted(location: &Location, upto: Seq, which: Which) -> Option<(LocationGraph, u64)> {
    let graph = location.read();
    let all = graph.row_count();
    let is_worth_it = |rows: u64| match which {
        Which::All => rows > 0,
        Which::Worthwhile | Which::Small => rows >= ROWS_MIN.max(all / ROWS_SHARE),
    };
    if which == Which::Small && all > ROWS_AT_ONCE
        || !is_worth_it(graph.tombstones(&graph.view().counts()))
    {
        return None;
    }
    let deleted = graph.deleted_upto(upto);
    is_worth_it(deleted.rows()).then(|| (graph.without(&deleted), deleted.rows()))
}
