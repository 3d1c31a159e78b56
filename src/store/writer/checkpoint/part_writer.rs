//! Saves a checkpoint in parts, between which deliveries are accepted.
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

use std::time::{Duration, Instant};

use crate::journal::{CheckpointRow, Journal, JournalError, RowSink};
use crate::model::Seq;
use crate::store::locations::Locations;
use crate::store::writer::checkpoint::checkpointer::{Checkpointer, Pace};
use crate::store::writer::checkpoint::part_plan::Part;
use crate::store::writer::checkpoint::progress::{Current, LocationPart, PART_ROWS_MIN};

/// How long a part should take. A delivery may wait that much longer.
const PART_TIME: Duration = Duration::from_millis(8);

/// The same while no delivery has arrived for a while: each part costs a sync.
const PART_TIME_ALONE: Duration = Duration::from_millis(60);

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

impl Checkpointer {
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
            self.pace = Pace::Usual;
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
