//! How far the checkpoint had come when the store was opened.

use std::collections::BTreeMap;

use crate::journal::CheckpointSeq;
use crate::model::Seq;

/// How far a checkpoint has come.
#[derive(Debug, Default)]
pub(crate) struct LoadedCheckpoint {
    pub(crate) come: CheckpointSeq,
    /// By number, the event that all rows of a location cover, where that is later.
    pub(crate) locations: BTreeMap<u32, Seq>,
}
