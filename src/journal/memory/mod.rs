//! The journal in memory.

pub(super) mod checkpoint;
pub(super) mod journal;
pub(super) mod rows;
pub(super) mod sharing;
pub(super) mod state;

pub use journal::MemoryJournal;
