//! Where accepted events are kept: the journal is the truth, the graph a fold
//! of it, the checkpoint a shortcut.

#[cfg(test)]
mod conformance;
mod contract;
mod dead_letter;
mod error;
mod location_blocks;
mod memory;
mod memory_rows;
mod sqlite;
mod token;

pub use contract::{
    Accepted, CheckpointRow, CheckpointSeq, Compaction, Erased, FileSizes, IMPORT_MARKS,
    ImportMark, Journal, JournalEntry, JournalReader, OpenReader, RowSink, SkipBlock,
};
pub use dead_letter::{DeadLetter, DeadLetterBounds, DeadLetterSummary, DeadLetterTotals, Refused};
pub use error::{JournalError, WriteOutcome};
pub(crate) use location_blocks::{LocationBlocks, SEQ_MAX};
pub use memory::MemoryJournal;
pub use sqlite::{SqliteJournal, Tokens, backup};
pub use token::{Scope, TokenRow};
