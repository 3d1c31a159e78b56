//! Checkpoints, as the writer saves them: what is unsaved and when saving is due, which rows the
//! next part holds, writing it, and how far a checkpoint has come.

pub(super) mod awaiting;
pub(in crate::store) mod checkpointer;
pub(super) mod part_plan;
pub(super) mod part_writer;
pub(super) mod progress;
