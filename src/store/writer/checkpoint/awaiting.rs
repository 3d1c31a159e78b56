//! Changes that another process saves.
//!
//! Of several processes that write one journal, one saves the checkpoints. The others keep what
//! has changed since the last checkpoint, to continue where that process ends: all up to a certain
//! event together, which is dropped once a checkpoint covers that event.

use std::sync::Arc;
use std::time::Instant;

use crate::journal::CheckpointSeq;
use crate::model::Seq;
use crate::store::location::Location;
use crate::store::locations::Locations;
use crate::store::writer::checkpoint::checkpointer::Checkpointer;
use crate::store::writer::checkpoint::progress::Awaited;

impl Checkpointer {
    /// Drops what the process that saves checkpoints has saved by now, and keeps what is new
    /// for it.
    pub(crate) fn await_save(&mut self, saved: CheckpointSeq, locations: &Locations, head: Seq) {
        self.abandon(locations);
        // Of one directly after the event it is not known whether it is saved.
        let compacted = self.compacted.values().copied().max();
        let is_covered = |upto: Seq| {
            saved.seq > upto || saved.seq == upto && compacted.is_none_or(|at| at < upto)
        };
        if let Some(awaited) = self.awaited.take_if(|awaited| is_covered(awaited.upto)) {
            self.no_ops.remove_upto(awaited.upto);
            self.compacted.retain(|_, at| *at >= awaited.upto);
            self.saved.come_to(saved, head);
        }
        if self.awaited.is_none() && self.is_dirty {
            let touched = std::mem::take(&mut self.touched);
            let touched = touched.into_iter().filter_map(|number| locations.at(number));
            let take = |location: Arc<Location>| {
                let changed = location.write().take_changed();
                (location, changed)
            };
            self.awaited = Some(Awaited {
                upto: head,
                changed: touched.map(take).collect(),
                skip_index: std::mem::take(&mut self.skip_index),
                blocks: std::mem::take(&mut self.blocks),
            });
            self.is_dirty = false;
        }
        // Looked at once more, even if nothing comes.
        let is_open = self.awaited.is_some() || self.is_dirty;
        (self.events, self.since) = (is_open.into(), is_open.then(Instant::now));
        self.put_off(Instant::now());
    }

    /// Continues the checkpoints of the process that has saved them until now, and has come
    /// this far.
    pub(crate) fn take_over(&mut self, saved: CheckpointSeq, locations: &Locations, head: Seq) {
        // One of its own, from before it was another's turn to save them.
        self.abandon(locations);
        self.saved.come_to(saved, head);
        let Some(awaited) = self.awaited.take() else { return };
        let Awaited { changed, mut skip_index, mut blocks, .. } = awaited;
        for (location, changed) in changed {
            // It may have been erased.
            let known = locations.at(location.number);
            if known.is_some_and(|known| Arc::ptr_eq(&known, &location)) {
                location.write().put_back_changed(changed);
                self.touched.insert(location.number);
            }
        }
        skip_index.append(std::mem::take(&mut self.skip_index));
        blocks.append(std::mem::take(&mut self.blocks));
        (self.skip_index, self.blocks, self.is_dirty) = (skip_index, blocks, true);
        self.since.get_or_insert_with(Instant::now);
    }

    /// Forgets what another process is to save of a location that was erased.
    pub(super) fn forget_awaited(&mut self, id: &str) -> Vec<(Seq, Seq)> {
        let Some(awaited) = &mut self.awaited else { return Vec::new() };
        awaited.blocks.remove(id);
        awaited.changed.retain(|(location, _)| location.id().as_str() != id);
        awaited.skip_index.take_runs()
    }
}
