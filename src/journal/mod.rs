//! Where accepted events are kept: the journal is the truth, the graph a fold of it, the
//! checkpoint a shortcut.

mod checkpoint;
#[cfg(test)]
mod conformance;
mod copy;
mod copy_row;
mod database;
mod dead_letter;
mod delivery_blocks;
mod delivery_hash;
mod entry;
mod error;
mod location_blocks;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod reader;
mod sqlite;
mod token;
mod tokens;
mod writer;

pub use crate::model::{NamedThing, Properties, PropertyState, RecordState, StateKey, StateRow};
pub use checkpoint::{CheckpointRow, CheckpointSeq, Compaction, RowSink, SkipBlock};
pub use copy::{CopyError, copy};
pub use database::Database;
pub use dead_letter::{DeadLetter, DeadLetterBounds, DeadLetterSummary, DeadLetterTotals, Refused};
pub use delivery_hash::{DELIVERY_BLOCK, DELIVERY_PARTS, DeliveryHash, DeliveryIndex, DeliveryKey};
pub use entry::{Accepted, JournalEntry};
pub use error::{JournalError, WriteOutcome};
pub(crate) use location_blocks::LocationBlocks;
pub use memory::MemoryJournal;
#[cfg(feature = "postgres")]
pub use postgres::{PostgresJournal, PostgresUrl};
pub use reader::{FileSizes, JournalReader, OpenReader};
pub use sqlite::{SqliteJournal, backup};
pub use token::{Scope, TokenRow};
pub use tokens::Tokens;
pub use writer::{Erased, IMPORT_MARKS, ImportMark, Journal, Position, RecordedErasure};
