//! The state tables: the checkpoint, and what SQL tools read.

pub(super) mod load;
pub(super) mod rows;
pub(super) mod save;
