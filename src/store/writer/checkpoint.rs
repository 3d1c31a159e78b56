//! When and what the writer saves, so that opening replays little.

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
use crate::store::writer::saving::{PART_ROWS, Saving};

/// Knows which locations changed since the last checkpoint. Only what changed
/// is written, so a checkpoint costs the events since the last one, not the
/// graph.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    pub(crate) touched: BTreeSet<u32>,
    /// What is on disk is not to be built upon.
    pub(crate) is_anew: bool,
    /// Those since the last checkpoint began.
    pub(crate) events: u64,
    /// Whether anything came since then.
    pub(crate) is_dirty: bool,
    /// When the first event since then came.
    pub(crate) since: Option<Instant>,
    pub(crate) events_max: u64,
    interval: Duration,
    pub(crate) mentions: SkipIndex,
    pub(crate) blocks: LocationBlocks,
    pub(crate) repeats: Redeliveries,
    pub(crate) idle: NoOpEvents,
    /// What is on disk.
    pub(crate) saved: LoadedCheckpoint,
    /// The event behind which something was last dropped of a location, by number, where a
    /// replay from the checkpoint would come by it.
    pub(crate) compacted: BTreeMap<u32, Seq>,
    /// The checkpoint that is being saved.
    pub(crate) saving: Option<Saving>,
    /// Whether deliveries have just come, and when they last did.
    pub(crate) is_busy: bool,
    pub(crate) delivered: Option<Instant>,
    /// How many rows a part of it has.
    pub(crate) part_rows: usize,
    pub(crate) part_rows_max: usize,
}

/// How long to sleep when nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

impl Checkpointer {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            touched: BTreeSet::new(),
            is_anew: false,
            events: 0,
            is_dirty: false,
            since: None,
            events_max: options.checkpoint_events.max(1),
            interval: options.checkpoint_interval,
            mentions: SkipIndex::default(),
            blocks: LocationBlocks::default(),
            repeats: Redeliveries::default(),
            idle: NoOpEvents::default(),
            saved: LoadedCheckpoint::default(),
            compacted: BTreeMap::new(),
            is_busy: false,
            delivered: None,
            saving: None,
            part_rows: PART_ROWS.min(options.checkpoint_part_rows.max(1)),
            part_rows_max: options.checkpoint_part_rows.max(1),
        }
    }

    /// Builds on what was loaded.
    pub(crate) fn behind(self, saved: LoadedCheckpoint) -> Self {
        Self { saved, ..self }
    }

    /// Whether the rows on disk of a location stand for this event: it is not to be
    /// merged once more.
    pub(crate) fn has_saved(&self, location: u32, seq: Seq) -> bool {
        let seqs = &self.saved.locations;
        seq <= self.saved.come.newest && seqs.get(&location).is_some_and(|upto| seq <= *upto)
    }

    /// Notes an event of this location, and what it did.
    pub(crate) fn touch(&mut self, location: u32, seq: Seq, event: &Event, outcome: Outcome) {
        self.touched.insert(location);
        self.mentions.note(seq, event);
        self.blocks.add(event.location.as_str(), seq);
        // Of events before, the rows may be newer, and what they did is on disk.
        if outcome != Outcome::Applied && seq > self.saved.come.newest {
            self.idle.note(seq);
        }
        self.note();
    }

    /// Notes an event of which the rows on disk stand for what it did.
    pub(crate) fn pass_saved(&mut self, seq: Seq, event: &Event) {
        self.mentions.note(seq, event);
        self.blocks.add(event.location.as_str(), seq);
        self.note();
    }

    /// Notes that something of a location was dropped behind this event.
    pub(crate) fn compact(&mut self, location: u32, at: Seq) {
        self.touched.insert(location);
        self.compacted.insert(location, at);
        self.note();
    }

    /// Has the next save replace what is on disk; every location must have been touched.
    pub(crate) fn anew(self) -> Self {
        Self { is_anew: true, ..self }
    }

    /// Whether the next save replaces what is on disk.
    pub(crate) fn is_anew(&self) -> bool {
        self.is_anew
    }

    /// Notes an event on which no part of the graph depends: a checkpoint stands for it,
    /// too.
    pub(crate) fn pass(&mut self, location: &str, seq: Seq) {
        self.mentions.pass(seq);
        self.blocks.add(location, seq);
        self.note();
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
        }
        self.repeats.hold().retain(|seq, _| seqs.binary_search(seq).is_err());
        self.idle.saved(&seqs.iter().copied().collect());
        self.is_dirty = true;
        self.mentions.forget()
    }

    /// Says what a run of events speaks of.
    pub(crate) fn cover(&mut self, run: (Seq, Seq), hashes: Vec<u8>) {
        self.mentions.cover(run, hashes);
    }

    /// Notes that the delivery of this event came again.
    pub(crate) fn repeat(&mut self, seq: Seq) {
        self.repeats.note(seq);
        self.note();
    }

    fn note(&mut self) {
        self.events += 1;
        self.is_dirty = true;
        if self.since.is_none() {
            self.since = Some(Instant::now());
        }
    }

    /// The locations that changed, by number.
    pub(crate) fn touched(&self) -> impl Iterator<Item = u32> {
        self.touched.iter().copied()
    }

    /// The repeats that are not saved yet.
    pub(crate) fn repeats(&self) -> Redeliveries {
        self.repeats.clone()
    }

    /// The events without effect that are not saved yet.
    pub(crate) fn idle(&self) -> NoOpEvents {
        self.idle.clone()
    }

    /// Has events without effect noted here.
    pub(crate) fn noting(self, idle: NoOpEvents) -> Self {
        Self { idle, ..self }
    }

    pub(crate) fn due_in(&self, now: Instant) -> Duration {
        if self.saving.is_some() {
            return Duration::ZERO;
        }
        let left = |since: Instant| self.interval.saturating_sub(now.duration_since(since));
        self.since.map_or(IDLE, left)
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        let is_due =
            self.events >= self.events_max || (self.events > 0 && self.due_in(now).is_zero());
        is_due && self.saving.is_none()
    }

    pub(crate) fn put_off(&mut self, now: Instant) {
        // Not for good, though nothing more may come.
        self.events = self.events.min(1);
        self.since = self.since.map(|_| now);
    }
}
