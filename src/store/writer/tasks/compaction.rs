//! Dropping things deleted long ago.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use crate::graph::LocationGraph;
use crate::journal::{Compaction, JournalError, WriteOutcome};
use crate::model::{LocationId, Seq};
use crate::store::delivery::IngestError;
use crate::store::load_error::LoadError;
use crate::store::location::{Location, LocationSummary};
use crate::store::locations::Loading;
use crate::store::writer::command::Command;
use crate::store::writer::compaction::Compactions;
use crate::store::writer::thread::Writer;
use crate::sync::IgnorePoison;

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
        if let Err(refusal) = self.check_writable() {
            self.compaction.pause();
            return Err(refusal);
        }
        let compacted = self.maintains().map_err(Arc::new).and_then(|maintains| {
            if maintains {
                return self.compact_next(which);
            }
            self.compaction.pause();
            Ok(())
        });
        self.end_step(compacted)
    }

    /// Compacts a location that was loaded for that.
    pub(crate) fn compact_loaded(&mut self, loaded: Result<Option<Arc<Location>>, LoadError>) {
        self.compaction.is_loading = false;
        // Another failure is logged where it is loaded.
        let Ok(Some(location)) = loaded else { return };
        if self.check_writable().is_err() {
            return self.compaction.pause();
        }
        let compacted = self.last_forgotten().map_err(Arc::new).and_then(|upto| {
            let upto = upto.unwrap_or_default();
            self.compact_location(&location, upto, Which::Small).map(drop)
        });
        // Logged; tried again later.
        self.end_step(compacted).unwrap_or_default();
    }

    fn end_step(&mut self, compacted: Result<(), Arc<JournalError>>) -> Result<(), IngestError> {
        compacted.map_err(|error| {
            self.compaction.pause();
            self.state.stats.count_write_failure();
            let (reason, advice) = (error.to_string(), error.advice());
            tracing::error!(reason, advice, "deleted things cannot be dropped; it is tried again");
            error.into()
        })
    }

    /// Returns the last event whose deletions are dropped, if there is one.
    fn last_forgotten(&mut self) -> Result<Option<Seq>, JournalError> {
        let Some(keep) = self.compaction.keep else { return Ok(None) };
        let before = self.clock.settled().before(keep);
        let upto = self.journal.last_before(before)?.min(self.head);
        Ok((upto > 0).then_some(upto))
    }

    /// Compacts the next location that is worth it, if one of the next few is. A small one whose
    /// graph is not in memory is loaded first, on another thread.
    fn compact_next(&mut self, which: Which) -> Result<(), Arc<JournalError>> {
        let locations = self.locations.numbered_from(self.compaction.from, STEP_LOCATIONS);
        let Some(upto) = self.last_forgotten()?.filter(|_| !locations.is_empty()) else {
            self.compaction.pause();
            return Ok(());
        };
        for (number, id) in locations {
            self.compaction.from = number + 1;
            let location = match (self.locations.at(number), which) {
                (Some(location), _) => location,
                (None, _) if !self.may_be_compacted(&id, which) => continue,
                // At opening, deliveries wait.
                (None, Which::Worthwhile) => continue,
                (None, Which::Small) => {
                    self.load_to_compact(&id);
                    break;
                }
                (None, Which::All) => {
                    self.compact_on_disk(id, upto)?;
                    break;
                }
            };
            if self.compact_location(&location, upto, which)? {
                break;
            }
        }
        Ok(())
    }

    /// Loads and compacts a location on this thread, and drops its graph from memory again. One
    /// that cannot be loaded is left as it is.
    fn compact_on_disk(&mut self, id: LocationId, upto: Seq) -> Result<(), Arc<JournalError>> {
        let ids = BTreeSet::from([id]);
        let held = match self.hold_graphs(&ids) {
            Ok(held) => held,
            Err(error) => {
                let advice = error.advice();
                tracing::error!(?ids, reason = %error, advice, "a location cannot be loaded");
                return Ok(());
            }
        };
        for location in &held {
            self.compact_location(location, upto, Which::All)?;
        }
        drop(held);
        // Without it all graphs would stay until the end. A failure is logged.
        self.save_checkpoint().unwrap_or_default();
        for id in &ids {
            self.locations.evict(id.as_str());
        }
        Ok(())
    }

    /// Returns whether a location is to be compacted, as far as can be known without its graph.
    fn may_be_compacted(&self, id: &LocationId, which: Which) -> bool {
        let summary = self.locations.summary(id.as_str());
        summary.is_some_and(|LocationSummary { counts, tombstones, .. }| {
            which.includes(counts.things() + tombstones, tombstones)
        })
    }

    /// Loads a location to compact it. The others wait.
    fn load_to_compact(&mut self, id: &LocationId) {
        let Some(sender) = self.to_self.lock().ignore_poison().clone() else { return };
        // Fails only after the writer has ended.
        let then = move |loaded| sender.send(Command::CompactLoaded(loaded)).unwrap_or_default();
        let loading = self.locations.load(id.as_str(), Box::new(then));
        self.compaction.is_loading = matches!(loading, Loading::Started);
    }

    fn compact_location(
        &mut self,
        location: &Location,
        upto: Seq,
        which: Which,
    ) -> Result<bool, Arc<JournalError>> {
        // Before the turn, for which others wait.
        let Some(mut compacted) = without_deleted(location, upto, which) else {
            return Ok(false);
        };
        let merges = location.merges();
        self.try_take_turn()?;
        let now = self.locations.at(location.number);
        if !now.is_some_and(|now| std::ptr::eq(Arc::as_ptr(&now), location)) {
            // Another has erased it meanwhile: nothing may name it any more.
            self.end_turn();
            return Ok(false);
        }
        if location.merges() > merges {
            // Others have changed it meanwhile. They wait now, so this is done only where it
            // must be.
            let Some(again) = without_deleted(location, upto, which) else {
                self.end_turn();
                return Ok(false);
            };
            compacted = again;
        }
        let (graph, rows) = compacted;
        self.replace_graph(location, graph, upto)?;
        self.state.stats.add_compacted_rows(rows);
        Ok(true)
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
                    self.pause_or_fail(error.into());
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
        if let Some(following) = &mut self.following {
            following.revision += 1;
            following.note_compaction(&compaction);
        }
        tracing::debug!(location = id, upto, "what was deleted for long is dropped");
        Ok(())
    }

    /// Does the last compaction if it turns out that it was recorded, where that was
    /// unknown. To be called before anything else is accepted.
    pub(crate) fn settle_compaction(&mut self) -> Result<(), JournalError> {
        if self.compaction.is_unsettled {
            self.checkpointer.abandon(&self.locations);
            let compactions = Compactions::load(self.journal.as_mut(), self.head)?;
            // They may have left memory since it failed.
            let _held = self.hold_graphs(&compactions.locations())?;
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

impl Which {
    /// Returns whether a location with this many rows is compacted when this many can be dropped.
    fn includes(self, all: u64, rows: u64) -> bool {
        let is_worth_it = rows >= ROWS_MIN.max(all / ROWS_SHARE);
        match self {
            Self::All => rows > 0,
            Self::Worthwhile => is_worth_it,
            Self::Small => is_worth_it && all <= ROWS_AT_ONCE,
        }
    }
}

/// Returns the graph of a location without what was deleted, and how many rows fewer it
/// has, if it is among those to be compacted.
fn without_deleted(location: &Location, upto: Seq, which: Which) -> Option<(LocationGraph, u64)> {
    let graph = location.read();
    let all = graph.row_count();
    if !which.includes(all, graph.tombstones(&graph.view().counts())) {
        return None;
    }
    let deleted = graph.deleted_upto(upto);
    which.includes(all, deleted.rows()).then(|| (graph.without(&deleted), deleted.rows()))
}
