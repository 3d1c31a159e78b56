//! Rows of a checkpoint, and what a journal stores beside its entries.

use crate::journal::error::JournalError;
use crate::model::{Counts, Seq, StateKey, StateRow};

/// One row of a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckpointRow<'a> {
    /// A location and its number.
    Location {
        /// Its number in this store.
        number: u32,
        /// Its id.
        id: &'a str,
        /// Number of rows of its state. Unknown in a file of an older format, and while
        /// only some of its rows are saved.
        rows: Option<u64>,
        /// The entry that all its rows cover, if that is later than that of the
        /// checkpoint; `None` leaves the earlier one in place.
        seq: Option<Seq>,
    },
    /// What a location holds, as of the moment at which all of its rows were last saved. Not
    /// among its rows: it follows from them.
    Summary {
        /// The number of the location.
        location: u32,
        /// What people call the location, if that is known.
        name: Option<&'a str>,
        /// How much it holds.
        counts: Counts,
        /// Number of things that are deleted and still remembered.
        tombstones: u64,
    },
    /// A row of a location that is not what was saved; only shown to readers.
    Damaged {
        /// The number of the location.
        location: u32,
        /// What is wrong with the row.
        reason: &'a str,
    },
    /// The state of one thing of a location.
    State {
        /// The number of the location.
        location: u32,
        /// The state.
        row: StateRow<'a>,
    },
    /// A thing of a location that is no longer there.
    Dropped {
        /// The number of the location.
        location: u32,
        /// The row that it had.
        key: StateKey<'a>,
    },
    /// The things that a run of events names.
    SkipIndex {
        /// The first event of the run; a later row with the same first event replaces
        /// this one.
        first: Seq,
        /// The last event of the run.
        last: Seq,
        /// The future [`SkipBlock::hashes`].
        hashes: &'a [u8],
    },
    /// Which parts of a chunk, of 4,096 entries, contain entries of a location.
    LocationBlocks {
        /// The id of the location, empty for entries that named none.
        location: &'a str,
        /// The number of the chunk: the seq divided by 4,096.
        chunk: u64,
        /// A bit for each 64 entries of the chunk, the first the lowest, added to those
        /// saved before.
        blocks: u64,
    },
    /// The entries of all locations whose blocks were put, with this checkpoint.
    LocationBlocksOf {
        /// The first of them.
        first: Seq,
        /// The last of them.
        last: Seq,
    },
    /// A delivery that was repeated.
    Redeliveries {
        /// Its event.
        seq: Seq,
        /// How often since the last checkpoint.
        times: u64,
    },
    /// An event that changed nothing.
    NoOp {
        /// The event.
        seq: Seq,
    },
}

/// Takes rows of a checkpoint, one by one.
pub type RowSink<'s> = &'s mut dyn FnMut(&CheckpointRow<'_>) -> Result<(), JournalError>;

/// How far a checkpoint has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CheckpointSeq {
    /// The last entry that it covers: a replay continues after this one, or after that of
    /// the location, if that is later.
    pub seq: Seq,
    /// No row covers a later entry while a checkpoint is saved in parts; and for every
    /// entry up to this one it is known whether it [changed nothing](CheckpointRow::NoOp).
    pub newest: Seq,
}

impl CheckpointSeq {
    /// Returns that of a checkpoint that is saved as one.
    pub fn whole(seq: Seq) -> Self {
        Self { seq, newest: seq }
    }
}

/// A run of entries, and the things they name, from [`CheckpointRow::SkipIndex`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkipBlock {
    /// The first of them.
    pub first: Seq,
    /// The last of them.
    pub last: Seq,
    /// Hashes of the things they name.
    pub hashes: Box<[u8]>,
}

/// Removal of what had been deleted long ago from a location: every replay does it again,
/// after the same event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Compaction {
    /// The location.
    pub location: Box<str>,
    /// The last event of the journal at that time: it was done after that one and before
    /// the next.
    pub at: Seq,
    /// Things deleted by events up to this one were dropped.
    pub upto: Seq,
}
