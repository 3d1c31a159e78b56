//! When and what the writer saves, so that opening replays little.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::Options;
use super::idle::Idle;
use super::locations::Locations;
use super::mentions::Mentions;
use super::repeats::Repeats;
use crate::graph::Outcome;
use crate::journal::{CheckpointRow, Journal, JournalError, RowSink};
use crate::model::{Event, Seq};

/// Knows which locations changed since the last checkpoint. Only what changed
/// is written, so a checkpoint costs the events since the last one, not the
/// graph.
#[derive(Debug)]
pub(super) struct Checkpointer {
    touched: BTreeSet<u32>,
    /// What is on disk is not to be built upon.
    is_anew: bool,
    events: u64,
    /// Whether anything came since the last checkpoint.
    is_dirty: bool,
    /// When the first event since the last checkpoint came.
    since: Option<Instant>,
    events_max: u64,
    interval: Duration,
    mentions: Mentions,
    repeats: Repeats,
    idle: Idle,
}

/// How long to sleep when nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

impl Checkpointer {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            touched: BTreeSet::new(),
            is_anew: false,
            events: 0,
            is_dirty: false,
            since: None,
            events_max: options.checkpoint_events.max(1),
            interval: options.checkpoint_interval,
            mentions: Mentions::default(),
            repeats: Repeats::default(),
            idle: Idle::default(),
        }
    }

    /// Notes an event of this location, and what it did.
    pub(super) fn touch(&mut self, location: u32, seq: Seq, event: &Event, outcome: Outcome) {
        self.touched.insert(location);
        self.mentions.note(seq, event);
        if outcome != Outcome::Applied {
            self.idle.note(seq);
        }
        self.note();
    }

    /// Notes that something of a location was dropped.
    pub(super) fn compact(&mut self, location: u32) {
        self.touched.insert(location);
        self.note();
    }

    /// Has the next save replace what is on disk; every location must have been touched.
    pub(super) fn anew(self) -> Self {
        Self { is_anew: true, ..self }
    }

    /// Whether the next save replaces what is on disk.
    pub(super) fn is_anew(&self) -> bool {
        self.is_anew
    }

    /// Notes an event on which no part of the graph depends: a checkpoint stands for it,
    /// too.
    pub(super) fn pass(&mut self, seq: Seq) {
        self.mentions.pass(seq);
        self.note();
    }

    /// Forgets a location that was erased, and its events, and returns the runs of events
    /// that are no longer covered.
    pub(super) fn forget(&mut self, number: Option<u32>, seqs: &[Seq]) -> Vec<(Seq, Seq)> {
        if let Some(number) = number {
            self.touched.remove(&number);
        }
        self.repeats.hold().retain(|seq, _| seqs.binary_search(seq).is_err());
        self.idle.saved(&seqs.iter().copied().collect());
        self.is_dirty = true;
        self.mentions.forget()
    }

    /// Says what a run of events speaks of.
    pub(super) fn cover(&mut self, run: (Seq, Seq), hashes: Vec<u8>) {
        self.mentions.cover(run, hashes);
    }

    /// Notes that the delivery of this event came again.
    pub(super) fn repeat(&mut self, seq: Seq) {
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
    pub(super) fn touched(&self) -> impl Iterator<Item = u32> {
        self.touched.iter().copied()
    }

    /// The repeats that are not saved yet.
    pub(super) fn repeats(&self) -> Repeats {
        self.repeats.clone()
    }

    /// The events without effect that are not saved yet.
    pub(super) fn idle(&self) -> Idle {
        self.idle.clone()
    }

    /// Has events without effect noted here.
    pub(super) fn noting(self, idle: Idle) -> Self {
        Self { idle, ..self }
    }

    pub(super) fn due_in(&self, now: Instant) -> Duration {
        let left = |since: Instant| self.interval.saturating_sub(now.duration_since(since));
        self.since.map_or(IDLE, left)
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.events >= self.events_max || (self.events > 0 && self.due_in(now).is_zero())
    }

    pub(super) fn put_off(&mut self, now: Instant) {
        // Not for good, though nothing more may come.
        self.events = self.events.min(1);
        self.since = self.since.map(|_| now);
    }

    /// Saves what changed, if anything did, and tells whether it did.
    pub(super) fn save(
        &mut self,
        journal: &mut dyn Journal,
        locations: &Locations,
        head: Seq,
    ) -> Result<bool, JournalError> {
        if !self.is_dirty && !self.is_anew {
            return Ok(false);
        }
        let mut repeats = self.repeats.hold();
        let idle = self.idle.behind(0);
        let mut taken = Vec::new();
        let mut fill = |put: RowSink<'_>| {
            for location in self.touched.iter().filter_map(|&number| locations.at(number)) {
                let (number, id) = (location.number, location.id().as_str());
                let rows = Some(location.read().row_count());
                put(&CheckpointRow::Location { number, id, rows })?;
                let changed = location.write().take_changed();
                let drop = |key| CheckpointRow::Dropped { location: number, key };
                let dropped = changed.dropped().try_for_each(|key| put(&drop(key)));
                // No one but this thread changes the graph: readers are not held up.
                let put = dropped.and_then(|()| {
                    location
                        .read()
                        .rows(&changed, |row| put(&CheckpointRow::State { location: number, row }))
                });
                taken.push((location, changed));
                put?;
            }
            self.mentions.put(put)?;
            idle.iter().try_for_each(|&seq| put(&CheckpointRow::Idle { seq }))?;
            repeats
                .iter()
                .try_for_each(|(&seq, &times)| put(&CheckpointRow::Repeats { seq, times }))
        };
        let saved = if self.is_anew {
            journal.replace_checkpoint(head, &mut fill)
        } else {
            journal.save_checkpoint(head, &mut fill)
        };
        if let Err(error) = saved {
            for (location, changed) in taken {
                location.write().put_back_changed(changed);
            }
            return Err(error);
        }
        self.mentions.saved();
        repeats.clear();
        self.idle.saved(&idle);
        self.is_anew = false;
        self.touched.clear();
        self.events = 0;
        self.is_dirty = false;
        self.since = None;
        Ok(true)
    }
}
