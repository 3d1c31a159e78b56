//! Saving a checkpoint in parts, between which deliveries are accepted.
//!
//! Each part is a transaction of its own. The rows of a location that is half saved are of
//! different moments, and all are newer than the previous checkpoint. Opening replays the
//! events after that one over them, which is exact: the state of each thing is the greatest
//! of its events, however many of them it includes already; things are numbered in the order
//! in which events name them, and those with the lowest numbers are saved first. A replay
//! cannot find out whether an event changed anything when it was first merged, so that is
//! saved before any row that includes it.
//!
//! A location that was compacted since the last checkpoint is saved in one part, with the
//! event that its rows cover: events from before cannot be merged into it again, and
//! repeating the compaction on newer rows could drop more.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::journal::{CheckpointRow, CheckpointSeq, Journal, JournalError, RowSink};
use crate::model::Seq;
use crate::store::locations::Locations;
use crate::store::writer::checkpoint::Checkpointer;
use crate::store::writer::saving::{Current, LocationPart, PART_ROWS_MIN, Saving};

/// How long a part should take. A delivery may wait that much longer.
const PART_TIME: Duration = Duration::from_millis(8);

/// The same while no delivery has arrived for a while: each part costs a sync.
const PART_TIME_ALONE: Duration = Duration::from_millis(60);

/// How long after a delivery another one is expected.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// Where events arrive faster than they can be saved, a checkpoint is finished before there
/// are this many times [`Options::checkpoint_events`](crate::store::options::Options) more.
const EVENTS_MAX: u64 = 4;

/// The progress of a checkpoint after saving a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Saved {
    /// There was nothing new.
    Nothing,
    /// More parts follow.
    Part,
    /// It is complete.
    Whole {
        /// The last event that it covers.
        upto: Seq,
        /// How long all parts took.
        took: Duration,
    },
}

/// What one part of a checkpoint writes.
struct Part {
    no_ops: BTreeSet<Seq>,
    redeliveries: Vec<(Seq, u64)>,
    locations: Vec<LocationPart>,
    /// The last event that the whole checkpoint covers.
    upto: Seq,
    /// How far the checkpoint has come with this part.
    come: CheckpointSeq,
    is_last: bool,
}

impl Part {
    fn row_count(&self) -> usize {
        let rows: usize = self.locations.iter().map(|part| part.changed.rows() + 1).sum();
        self.no_ops.len() + self.redeliveries.len() + rows
    }
}

impl Checkpointer {
    /// Returns whether a checkpoint is being saved.
    pub(crate) fn is_saving(&self) -> bool {
        self.saving.is_some()
    }

    /// Begins a checkpoint if anything is new, and returns whether it has.
    pub(crate) fn begin(&mut self, locations: &Locations, head: Seq) -> bool {
        if !self.is_dirty && !self.is_replacing {
            return false;
        }
        let left = std::mem::take(&mut self.touched);
        let touched = left.iter().filter_map(|&number| locations.at(number));
        let rows = touched.map(|location| location.read().changed_rows() as u64 + 1).sum();
        let (current, written, took) = (None, 0, Duration::ZERO);
        let events = std::mem::take(&mut self.events);
        self.saving = Some(Saving { upto: head, left, current, events, rows, written, took });
        self.is_dirty = false;
        self.since = None;
        true
    }

    /// Records whether deliveries have just arrived.
    pub(crate) fn set_busy(&mut self, is_busy: bool) {
        self.is_busy = is_busy;
        if is_busy {
            self.delivered = Some(Instant::now());
        }
    }

    /// Returns whether deliveries are arriving, and wait for other writes.
    pub(crate) fn is_shared(&self) -> bool {
        self.delivered.is_some_and(|at| at.elapsed() < SHARED_FOR)
    }

    /// Returns whether it is time to save a part of a checkpoint. While deliveries arrive one
    /// after the other, that is only as often as needed to finish before the next is due.
    pub(crate) fn wants_part(&self, now: Instant) -> bool {
        match &self.saving {
            Some(_) => !self.is_busy || self.is_behind(1),
            None => self.is_due(now),
        }
    }

    /// Returns whether a checkpoint that is being saved needs more than its share of the
    /// time.
    pub(crate) fn is_late(&self) -> bool {
        self.is_behind(EVENTS_MAX)
    }

    /// Returns whether less of a checkpoint is saved than needed to complete it after this
    /// many times [`Options::checkpoint_events`](crate::store::options::Options) more.
    fn is_behind(&self, times: u64) -> bool {
        self.saving.as_ref().is_some_and(|saving| {
            let (rows, written) = (u128::from(saving.rows), u128::from(saving.written));
            let events = u128::from(self.events);
            rows * events > written * u128::from(self.events_max.saturating_mul(times))
        })
    }

    /// Saves all changes at once, if there are any.
    pub(crate) fn save_whole(
        &mut self,
        journal: &mut dyn Journal,
        locations: &Locations,
        head: Seq,
    ) -> Result<(), JournalError> {
        let limit = std::mem::replace(&mut self.part_rows, usize::MAX);
        let saved = if self.begin(locations, head) {
            self.save_part(journal, locations, head).map(drop)
        } else {
            Ok(())
        };
        self.part_rows = limit;
        saved
    }

    /// Saves the next part of a checkpoint that has begun. After an error it is abandoned.
    pub(crate) fn save_part(
        &mut self,
        journal: &mut dyn Journal,
        locations: &Locations,
        head: Seq,
    ) -> Result<Saved, JournalError> {
        let start = Instant::now();
        let redeliveries = self.redeliveries.clone();
        let mut redeliveries = redeliveries.lock();
        let part = self.next_part(&redeliveries, locations, head);
        if let Err(error) = self.write_part(journal, &part) {
            drop(redeliveries);
            for LocationPart { location, changed, .. } in part.locations {
                self.touched.insert(location.number);
                location.write().put_back_changed(changed);
            }
            self.abandon(locations);
            return Err(error);
        }
        for (seq, _) in &part.redeliveries {
            redeliveries.remove(seq);
        }
        drop(redeliveries);
        self.no_ops.remove_all(&part.no_ops);
        self.saved.come = part.come;
        Ok(self.record_saved(part.row_count(), part.is_last, start.elapsed()))
    }

    /// Takes the next part of a checkpoint that has begun.
    fn next_part(
        &mut self,
        redeliveries: &HashMap<Seq, u64>,
        locations: &Locations,
        head: Seq,
    ) -> Part {
        let limit = self.part_rows;
        let no_ops = self.no_ops.first(limit);
        let first = redeliveries.iter().take(limit - no_ops.len());
        let redeliveries: Vec<(Seq, u64)> = first.map(|(&seq, &times)| (seq, times)).collect();
        let room = limit - no_ops.len() - redeliveries.len();
        let locations = self.next_rows(locations, head, room);
        let saving = self.saving.as_ref();
        let is_done = saving.is_none_or(|it| it.left.is_empty() && it.current.is_none());
        let is_last = room > 0 && is_done;
        let upto = saving.map_or(head, |saving| saving.upto);
        let old = self.saved.come;
        let come = match (room > 0, is_last) {
            (false, _) => old,
            (true, false) => CheckpointSeq { newest: head, ..old },
            (true, true) => CheckpointSeq { seq: upto, newest: head },
        };
        Part { no_ops, redeliveries, locations, upto, come, is_last }
    }

    fn write_part(&mut self, journal: &mut dyn Journal, part: &Part) -> Result<(), JournalError> {
        let (skip_index, blocks) = (&mut self.skip_index, &self.blocks);
        let mut fill = |put: RowSink<'_>| {
            part.no_ops.iter().try_for_each(|&seq| put(&CheckpointRow::NoOp { seq }))?;
            let redelivered = |&(seq, times)| put(&CheckpointRow::Redeliveries { seq, times });
            part.redeliveries.iter().try_for_each(redelivered)?;
            part.locations.iter().try_for_each(|location| location.put(put))?;
            if part.is_last {
                skip_index.put(put)?;
                blocks.put(put)?;
            }
            Ok(())
        };
        if self.is_replacing {
            journal.replace_checkpoint(part.upto, &mut fill)
        } else {
            journal.save_checkpoint(part.come, &mut fill)
        }
    }

    /// Takes the next changed rows of the graphs, up to about `room` of them.
    fn next_rows(&mut self, locations: &Locations, head: Seq, room: usize) -> Vec<LocationPart> {
        let mut parts = Vec::new();
        let Some(saving) = &mut self.saving else { return parts };
        let mut room = room;
        while room > 0 {
            let current = saving.current.take().or_else(|| {
                let mut next = std::iter::from_fn(|| saving.left.pop_first());
                next.find_map(|number| locations.at(number)).map(|it| Current::begin(it, head))
            });
            let Some(mut current) = current else { break };
            let compacted = self.compacted.get(&current.location.number);
            let is_compacted = compacted.is_some_and(|at| *at >= self.saved.come.seq);
            let is_whole = is_compacted || current.changed.has_dropped();
            let limit = if is_whole { usize::MAX } else { room };
            let (changed, come) = current.take_first(limit);
            room = room.saturating_sub(changed.rows() + 1);
            let location = Arc::clone(&current.location);
            if come.is_none() {
                saving.current = Some(current);
            }
            parts.push(LocationPart { location, changed, come });
        }
        parts
    }

    /// Records what was saved, and how long it took.
    fn record_saved(&mut self, rows: usize, is_last: bool, took: Duration) -> Saved {
        let time = if self.is_shared() { PART_TIME } else { PART_TIME_ALONE };
        if took > time {
            self.part_rows = (self.part_rows / 2).max(PART_ROWS_MIN).min(self.part_rows_max);
        } else if rows >= self.part_rows / 2 && took < time / 2 {
            self.part_rows = self.part_rows.saturating_mul(2).min(self.part_rows_max);
        }
        let Some(mut saving) = self.saving.take() else { return Saved::Part };
        saving.written += rows as u64;
        saving.took += took;
        if is_last {
            self.skip_index.drop_saved();
            self.blocks.clear();
            self.is_replacing = false;
            self.saved.locations.clear();
            self.compacted.retain(|_, at| *at >= saving.upto);
            return Saved::Whole { upto: saving.upto, took: saving.took };
        }
        self.saving = Some(saving);
        Saved::Part
    }

    /// Abandons a checkpoint that has begun: what is not saved yet is changed again. Parts
    /// on disk are valid, and written once more.
    pub(crate) fn abandon(&mut self, locations: &Locations) {
        let Some(saving) = self.saving.take() else { return };
        self.touched.extend(saving.left);
        if let Some(Current { location, changed, .. }) = saving.current {
            self.touched.insert(location.number);
            // It may have been erased.
            if locations.at(location.number).is_some() {
                location.write().put_back_changed(changed);
            }
        }
        self.events += saving.events;
        self.is_dirty = true;
        self.since.get_or_insert(Instant::now());
    }
}
