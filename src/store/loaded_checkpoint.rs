//! How far the checkpoint had come when it was read.

use std::collections::BTreeMap;

use crate::journal::CheckpointSeq;
use crate::model::Seq;
use crate::store::load_graph::LoadedGraph;

/// How far a checkpoint has come.
#[derive(Debug, Default)]
pub(crate) struct LoadedCheckpoint {
    pub(crate) come: CheckpointSeq,
    /// By number, the event that all rows of a location cover, where that is later.
    pub(crate) locations: BTreeMap<u32, Seq>,
}

impl LoadedCheckpoint {
    /// Notes that the graph of a location was loaded when the events up to `head` were merged:
    /// where another process saves the checkpoints, its rows may cover later ones.
    pub(crate) fn note_loaded(&mut self, number: u32, loaded: &LoadedGraph, head: Seq) {
        if loaded.come.newest > head {
            self.come.newest = self.come.newest.max(loaded.come.newest);
            self.locations.extend(loaded.covers.filter(|upto| *upto > head).map(|it| (number, it)));
        }
    }

    /// Notes that the checkpoint has come this far, and this process to `head`.
    pub(crate) fn come_to(&mut self, come: CheckpointSeq, head: Seq) {
        self.come = CheckpointSeq { newest: come.newest.max(self.come.newest), ..come };
        self.locations.retain(|_, upto| *upto > head);
    }
}
