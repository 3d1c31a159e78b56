//! What the next part of a checkpoint holds, and when it is due.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::journal::CheckpointSeq;
use crate::model::Seq;
use crate::store::locations::Locations;
use crate::store::writer::checkpoint::checkpointer::{Checkpointer, Pace};
use crate::store::writer::checkpoint::progress::{Current, LocationPart, Saving};

/// How long after a delivery another one is expected.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// Where events arrive faster than they can be saved, a checkpoint is finished before there
/// are this many times [`Options::checkpoint_events`](crate::store::options::Options) more.
const EVENTS_MAX: u64 = 4;

/// What one part of a checkpoint writes.
pub(super) struct Part {
    pub(super) no_ops: BTreeSet<Seq>,
    pub(super) redeliveries: Vec<(Seq, u64)>,
    pub(super) locations: Vec<LocationPart>,
    /// The last event that the whole checkpoint covers.
    pub(super) upto: Seq,
    /// How far the checkpoint has come with this part.
    pub(super) come: CheckpointSeq,
    pub(super) is_last: bool,
}

impl Part {
    pub(super) fn row_count(&self) -> usize {
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
            self.pace = Pace::Usual;
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
            Some(_) => !self.is_busy || self.pace == Pace::Urgent || self.is_behind(1),
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

    /// Takes the next part of a checkpoint that has begun.
    pub(super) fn next_part(
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
}
