//! Writing a journal, and what it promises.

use std::sync::Arc;

use crate::journal::checkpoint::{CheckpointSeq, Compaction, RowSink};
use crate::journal::dead_letter::{DeadLetterBounds, Refused};
use crate::journal::entry::JournalEntry;
use crate::journal::error::JournalError;
use crate::journal::reader::{JournalReader, OpenReader};
use crate::model::{Seq, Timestamp};

/// How far an import had come: a hash of all that it had brought up to there.
pub type ImportMark = [u8; 32];

/// Number of marks of imports that are kept; the oldest are dropped. Each covers up to
/// 4,096 lines.
pub const IMPORT_MARKS: usize = 65_536;

/// What [`Journal::erase_location`] has removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// Entries of which only the position and the time of receipt are left.
    pub events: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// The seqs of those entries, and of pruned ones whose id was remembered, in order.
    pub seqs: Vec<Seq>,
    /// First and last entry of each block that [`JournalReader::next_skip_block`] no longer
    /// shows.
    pub runs: Vec<(Seq, Seq)>,
}

/// How far a journal that several processes write has come, all of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The last entry.
    pub head: Seq,
    /// Number of compactions and erasures so far.
    pub revision: u64,
    /// How far the checkpoint has come.
    pub checkpoint: CheckpointSeq,
    /// The time by the clock of the database, which all go by.
    pub now: Timestamp,
}

/// The erasure of a location, as those who have its graph in memory repeat it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedErasure {
    /// The [revision](Position::revision) that it made.
    pub revision: u64,
    /// The location.
    pub location: Box<str>,
    /// The last entry before it.
    pub at: Seq,
    /// [`Erased::seqs`].
    pub seqs: Vec<Seq>,
}

/// An append-only log of accepted events with a checkpoint beside it.
///
/// A journal promises:
/// 1. Seqs are 1, 2, 3 … without gaps, in the order of [`append`](Self::append);
///    only the oldest are ever deleted, by [`prune`](Self::prune).
/// 2. When `append` returns, the whole batch survives a crash and a loss of power. When it
///    fails, [`JournalError::write_outcome`] says whether nothing was written; if that is
///    unknown, nothing may be appended before [`recover`](Self::recover) has returned what
///    is there.
/// 3. `read` gives what `append` took, byte for byte, or an error that names the
///    seq at fault; it never skips. An [erased](Self::erase_location) entry keeps its
///    position and [says so](JournalEntry::is_erased).
/// 4. A checkpoint is saved in parts over the one before, each whole or not at all: rows
///    of the same thing replace each other, rows not given stay.
/// 5. One journal has one writer, and a second is refused at opening; or several, which
///    [take turns](Self::take_turn).
///
/// Calls block.
pub trait Journal: JournalReader {
    /// Returns how far the journal has come, without taking the turn; `None` where there is
    /// one writer.
    fn position(&mut self) -> Result<Option<Position>, JournalError> {
        Ok(None)
    }

    /// Takes the turn to write, where several processes write the journal, and returns how
    /// far it has come: what others have done is to be repeated before anything is decided.
    /// The next write ends the turn. `None` where there is one writer, whose turn it always
    /// is.
    fn take_turn(&mut self) -> Result<Option<Position>, JournalError> {
        Ok(None)
    }

    /// Gives up the turn without writing.
    fn end_turn(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    /// Returns whether the last append, whose outcome was unknown, is in the journal: this
    /// batch, each entry of it. Asked after [`recover`](Self::recover). With one writer the head
    /// tells.
    fn was_last_append_kept(&mut self, _batch: &[JournalEntry<'_>]) -> Result<bool, JournalError> {
        Ok(true)
    }

    /// Returns whether this process is the one that saves checkpoints, compacts and prunes;
    /// it becomes that one if there is none. Always true where there is one writer.
    fn maintain(&mut self) -> Result<bool, JournalError> {
        Ok(true)
    }

    /// Returns the erasures after this [revision](Position::revision), in order.
    fn erasures(&mut self, _after: u64) -> Result<Vec<RecordedErasure>, JournalError> {
        Ok(Vec::new())
    }

    /// Appends a batch in one transaction and returns the new head.
    fn append(&mut self, batch: &[JournalEntry<'_>]) -> Result<Seq, JournalError>;

    /// Appends what an import brings, which may be nothing, as [`append`](Self::append)
    /// does, and in the same transaction adds a mark of how far it has come. Keeps the last
    /// [`IMPORT_MARKS`] marks.
    fn append_import(
        &mut self,
        batch: &[JournalEntry<'_>],
        mark: &ImportMark,
    ) -> Result<Seq, JournalError>;

    /// Shows the marks of imports after the one of this number, oldest first, each with its
    /// number. After an erasure that has deleted all, they are counted from 1 again.
    fn import_marks(
        &mut self,
        after: u64,
        each: &mut dyn FnMut(u64, ImportMark),
    ) -> Result<(), JournalError>;

    /// Saves what `fill` puts in one transaction, after which the checkpoint has come to
    /// `upto`; where several processes write, one that is further already stays where it is.
    /// All but the last of several parts leave [`CheckpointSeq::seq`] as it was:
    /// replaying the events after that over newer rows changes nothing.
    fn save_checkpoint(
        &mut self,
        upto: CheckpointSeq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError>;

    /// Saves every row there is as [`save_checkpoint`](Self::save_checkpoint) does, in place
    /// of the earlier checkpoint and of what it said of events, except redeliveries.
    /// Compactions stay.
    fn replace_checkpoint(
        &mut self,
        upto: Seq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError>;

    /// Records that the checkpoint lacks no names: see
    /// [`JournalReader::unnamed_upto`](crate::journal::JournalReader::unnamed_upto).
    fn finish_naming(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    /// Indexes in a transaction of its own the ids of the next
    /// [`DELIVERY_BLOCK`](crate::journal::DELIVERY_BLOCK) entries that are not indexed, at
    /// first those after `after`; nothing while there are fewer. What is indexed of entries
    /// up to that one may be dropped. Returns the last entry that need not be indexed.
    fn index_deliveries(&mut self, _after: Seq) -> Result<Seq, JournalError> {
        Ok(Seq::MAX)
    }

    /// Makes a compaction durable, in a transaction of its own: once this returns, every
    /// replay does it.
    fn record_compaction(&mut self, compaction: &Compaction) -> Result<(), JournalError>;

    /// Deletes the oldest entries, up to `limit` of them: those received before `before`
    /// that the checkpoint covers. Keeps the ids of their deliveries received since
    /// `remember`. Returns the last entry that is pruned now.
    fn prune(
        &mut self,
        before: Timestamp,
        remember: Timestamp,
        limit: u32,
    ) -> Result<Seq, JournalError>;

    /// Keeps dead letters within these bounds, dropping the oldest; a body that is there
    /// already is counted there. As durable as an entry.
    fn keep_dead_letters(
        &mut self,
        letters: &[Refused],
        bounds: DeadLetterBounds,
    ) -> Result<(), JournalError>;

    /// Deletes a dead letter and returns whether there was one.
    fn delete_dead_letter(&mut self, id: u64) -> Result<bool, JournalError>;

    /// Erases in one transaction what entries of a location say, and the location's dead
    /// letters, rows of the checkpoint, and ids of deliveries; the marks of all
    /// imports, since none says what it covers; its compactions; and blocks of the skip
    /// index that name it.
    ///
    /// `known` are the entries of the location up to `upto`, as
    /// [`seqs_of`](JournalReader::seqs_of) found them; later ones are searched for.
    fn erase_location(
        &mut self,
        location: &str,
        known: &[Seq],
        upto: Seq,
    ) -> Result<Erased, JournalError>;

    /// Empties the write-ahead log. Returns false if a reader keeps that from happening.
    fn empty_log(&mut self) -> Result<bool, JournalError> {
        Ok(true)
    }

    /// Returns whether pages of the write-ahead log are being moved to the main file, which
    /// slows every write down: what can wait should.
    fn is_moving_log(&self) -> bool {
        false
    }

    /// Cuts the write-ahead log down if it has grown past its bound. Returns false
    /// while a reader keeps that from happening: try again later.
    fn trim_log(&mut self) -> Result<bool, JournalError> {
        Ok(true)
    }

    /// Finds out what is durable after a write of unknown outcome, makes sure that
    /// writing succeeds again, and returns the seq of the last entry. Can be tried again
    /// after an error.
    fn recover(&mut self) -> Result<Seq, JournalError>;

    /// Returns how others read this journal while it is written.
    fn readers(&self) -> Arc<OpenReader>;
}
