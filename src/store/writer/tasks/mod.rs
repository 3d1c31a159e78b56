//! What the writer does besides deliveries.

pub(crate) mod compaction;
pub(crate) mod erase;
pub(crate) mod import;
pub(crate) mod recovery;
