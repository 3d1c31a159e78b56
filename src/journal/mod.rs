//! Where accepted events are kept: the journal is the truth, the graph a fold
//! of it, the checkpoint a shortcut.

#[cfg(test)]
mod conformance;
mod contract;
mod error;
mod memory;
mod sqlite;

pub use contract::{CheckpointRow, Entry, Journal, JournalReader, OpenReader, RowSink};
pub use error::JournalError;
pub use memory::MemoryJournal;
pub use sqlite::SqliteJournal;
