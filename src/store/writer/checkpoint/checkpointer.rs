//! What is not in the checkpoint yet, and when it is due, so that opening replays little.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::graph::Outcome;
use crate::journal::LocationBlocks;
use crate::model::{Event, Seq};
use crate::store::index::no_ops::NoOpEvents;
use crate::store::index::redeliveries::Redeliveries;
use crate::store::index::skip_index::SkipIndex;
use crate::store::loaded_checkpoint::LoadedCheckpoint;
use crate::store::options::Options;
use crate::store::writer::checkpoint::progress::{Awaited, PART_ROWS, Saving};

/// Tracks which locations changed since the last checkpoint. Only changes are written, so a
/// checkpoint costs the events since the last one, not the graph.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    pub(crate) touched: BTreeSet<u32>,
    /// Whether the next save replaces the checkpoint on disk.
    pub(crate) is_replacing: bool,
    /// Number of events since the last checkpoint began.
    pub(crate) events: u64,
    /// Whether anything changed since then.
    pub(crate) is_dirty: bool,
    pub(crate) pace: Pace,
    /// When the first event since then was merged.
    pub(crate) since: Option<Instant>,
    pub(crate) events_max: u64,
    interval: Duration,
    pub(crate) skip_index: SkipIndex,
    pub(crate) blocks: LocationBlocks,
    pub(crate) redeliveries: Redeliveries,
    pub(crate) no_ops: NoOpEvents,
    /// How far the checkpoint on disk has come.
    pub(crate) saved: LoadedCheckpoint,
    /// The event before the last compaction of a location, by number, where a replay from
    /// the checkpoint would repeat it.
    pub(crate) compacted: BTreeMap<u32, Seq>,
    /// The checkpoint that is being saved.
    pub(crate) saving: Option<Saving>,
    /// What another process is to save.
    pub(crate) awaited: Option<Awaited>,
    /// Whether deliveries have just arrived, and when they last did.
    pub(crate) is_busy: bool,
    pub(crate) delivered: Option<Instant>,
    /// Number of rows of a part.
    pub(crate) part_rows: usize,
    pub(crate) part_rows_max: usize,
}

/// When the next checkpoint is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// After some time or events.
    Usual,
    /// At once: graphs wait for it to be dropped from memory.
    Urgent,
}

/// How long to sleep when nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

impl Checkpointer {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            touched: BTreeSet::new(),
            is_replacing: false,
            events: 0,
            is_dirty: false,
            pace: Pace::Usual,
            since: None,
            events_max: options.checkpoint_events.max(1),
            interval: options.checkpoint_interval,
            skip_index: SkipIndex::default(),
            blocks: LocationBlocks::default(),
            redeliveries: Redeliveries::default(),
            no_ops: NoOpEvents::default(),
            saved: LoadedCheckpoint::default(),
            compacted: BTreeMap::new(),
            is_busy: false,
            delivered: None,
            saving: None,
            awaited: None,
            part_rows: PART_ROWS.min(options.checkpoint_part_rows.max(1)),
            part_rows_max: options.checkpoint_part_rows.max(1),
        }
    }

    /// Continues after the checkpoint that was loaded.
    pub(crate) fn after(self, saved: LoadedCheckpoint) -> Self {
        Self { saved, ..self }
    }

    /// Returns whether the rows on disk of a location cover this event, which must not be
    /// merged once more.
    pub(crate) fn has_saved(&self, location: u32, seq: Seq) -> bool {
        let seqs = &self.saved.locations;
        seq <= self.saved.come.newest && seqs.get(&location).is_some_and(|upto| seq <= *upto)
    }

    /// Records an event of a location, and its outcome.
    pub(crate) fn record_event(
        &mut self,
        location: u32,
        seq: Seq,
        event: &Event,
        outcome: Outcome,
    ) {
        self.touched.insert(location);
        self.skip_index.add_event(seq, event);
        self.blocks.add(event.location.as_str(), seq);
        // The rows of earlier events may be newer, and their outcome is on disk.
        if outcome != Outcome::Applied && seq > self.saved.come.newest {
            self.no_ops.insert(seq);
        }
        self.count_event();
    }

    /// Records that a location has names which the rows on disk lack.
    pub(crate) fn record_name(&mut self, location: u32) {
        self.touched.insert(location);
        self.is_dirty = true;
    }

    /// Records an event that the rows on disk cover.
    pub(crate) fn record_saved_event(&mut self, seq: Seq, event: &Event) {
        self.skip_index.add_event(seq, event);
        self.blocks.add(event.location.as_str(), seq);
        self.count_event();
    }

    /// Records a compaction of a location after this event.
    pub(crate) fn record_compaction(&mut self, location: u32, at: Seq) {
        self.touched.insert(location);
        self.compacted.insert(location, at);
        self.count_event();
    }

    /// Makes the next save replace the checkpoint on disk; every location must have been
    /// changed.
    pub(crate) fn replacing(self) -> Self {
        Self { is_replacing: true, ..self }
    }

    /// Returns whether the next save replaces the checkpoint on disk.
    pub(crate) fn is_replacing(&self) -> bool {
        self.is_replacing
    }

    /// Records an event that the graph does not depend on: a checkpoint covers it, too.
    pub(crate) fn skip_event(&mut self, location: &str, seq: Seq) {
        self.skip_index.extend_run(seq);
        self.blocks.add(location, seq);
        self.count_event();
    }

    /// Forgets a location that was erased, and its events, and returns the runs of events
    /// that are no longer covered.
    pub(crate) fn forget(
        &mut self,
        id: &str,
        number: Option<u32>,
        seqs: &[Seq],
    ) -> Vec<(Seq, Seq)> {
        self.blocks.remove(id);
        if let Some(number) = number {
            self.touched.remove(&number);
            self.compacted.remove(&number);
            self.saved.locations.remove(&number);
        }
        self.redeliveries.lock().retain(|seq, _| seqs.binary_search(seq).is_err());
        self.no_ops.remove_all(&seqs.iter().copied().collect());
        self.is_dirty = true;
        let mut runs = self.forget_awaited(id);
        runs.extend(self.skip_index.take_runs());
        runs
    }

    /// Adds a run of events to the skip index.
    pub(crate) fn add_run(&mut self, run: (Seq, Seq), hashes: Vec<u8>) {
        self.skip_index.add_run(run, hashes);
    }

    /// Counts a repeated delivery of this event.
    pub(crate) fn count_redelivery(&mut self, seq: Seq) {
        self.redeliveries.count(seq);
        self.count_event();
    }

    fn count_event(&mut self) {
        self.events += 1;
        self.is_dirty = true;
        if self.since.is_none() {
            self.since = Some(Instant::now());
        }
    }

    /// Returns the numbers of the locations that changed.
    pub(crate) fn touched(&self) -> impl Iterator<Item = u32> {
        self.touched.iter().copied()
    }

    /// Returns the redeliveries that are not saved yet.
    pub(crate) fn redeliveries(&self) -> Redeliveries {
        self.redeliveries.clone()
    }

    /// Returns the events without effect that are not saved yet.
    pub(crate) fn no_ops(&self) -> NoOpEvents {
        self.no_ops.clone()
    }

    /// Records events without effect in this set.
    pub(crate) fn with_no_ops(self, no_ops: NoOpEvents) -> Self {
        Self { no_ops, ..self }
    }

    /// Makes a checkpoint due at once, if anything is new.
    pub(crate) fn hurry(&mut self) {
        if self.is_dirty || self.saving.is_some() {
            self.pace = Pace::Urgent;
        }
    }

    pub(crate) fn due_in(&self, now: Instant) -> Duration {
        if self.saving.is_some() || self.pace == Pace::Urgent {
            return Duration::ZERO;
        }
        let left = |since: Instant| self.interval.saturating_sub(now.duration_since(since));
        self.since.map_or(IDLE, left)
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        let is_due = self.pace == Pace::Urgent
            || self.events >= self.events_max
            || (self.events > 0 && self.due_in(now).is_zero());
        is_due && self.saving.is_none()
    }

    pub(crate) fn put_off(&mut self, now: Instant) {
        self.pace = Pace::Usual;
        // Not for good, even if no more events arrive.
        self.events = self.events.min(1);
        self.since = self.since.map(|_| now);
    }
}
