//! What a journal is, whatever keeps it.

use std::ops::{ControlFlow, RangeInclusive};
use std::sync::Arc;

use crate::journal::dead_letter::{
    DeadLetter, DeadLetterBounds, DeadLetterSummary, DeadLetterTotals, Refused,
};
use crate::journal::error::JournalError;
use crate::model::{Epochs, Seq, StateKey, StateRow, Timestamp};

/// One accepted delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalEntry<'a> {
    /// The tenant; empty where an ignored event told none.
    pub location: &'a str,
    /// The event type by its name on the wire.
    pub event_type: &'a str,
    /// The id of the thing the event speaks of.
    pub entity: &'a str,
    /// The sender's id of the delivery, where told.
    pub webhook_id: Option<&'a str>,
    /// The sender's time of the event, where told.
    pub at: Option<Timestamp>,
    /// When the delivery came in.
    pub received_at: Timestamp,
    /// The body as it came.
    pub body: &'a str,
}

impl JournalEntry<'_> {
    /// What is left of an entry that was erased.
    pub fn erased(received_at: Timestamp) -> Self {
        let (location, event_type, entity, body) = ("", "", "", "");
        Self { location, event_type, entity, webhook_id: None, at: None, received_at, body }
    }

    /// Whether it was erased: no delivery has an empty body.
    pub fn is_erased(&self) -> bool {
        self.body.is_empty()
    }
}

/// What [`Journal::erase_location`] has removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// Entries of which only the place and the time they came are left.
    pub events: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// The positions of those entries, and of pruned ones of which the id was remembered,
    /// in order.
    pub seqs: Vec<Seq>,
    /// First and last entry of each run that [`JournalReader::next_run`] no longer shows.
    pub runs: Vec<(Seq, Seq)>,
}

/// One row of a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckpointRow<'a> {
    /// A location and its number.
    Location {
        /// Its number in this store.
        number: u32,
        /// Its id.
        id: &'a str,
        /// How many rows its state has. Not known of a file of an older format, nor while
        /// some of its rows are saved and others are not yet.
        rows: Option<u64>,
        /// The entry that all its rows stand for, if that is a later one than of the
        /// checkpoint; where none is put, that of before stays.
        seq: Option<Seq>,
    },
    /// A row of a location that is not what was saved; only readers are shown one.
    Damaged {
        /// The number of the location.
        location: u32,
        /// What is wrong with it.
        reason: &'a str,
    },
    /// The state of one thing of a location.
    State {
        /// The number of the location.
        location: u32,
        /// The state.
        row: StateRow<'a>,
    },
    /// A thing of a location is no longer there.
    Dropped {
        /// The number of the location.
        location: u32,
        /// Which row that was.
        key: StateKey<'a>,
    },
    /// Which things a run of events speaks of.
    SkipIndex {
        /// The first event of the run; a later row of the same first replaces
        /// this one.
        first: Seq,
        /// The last event of the run.
        last: Seq,
        /// What [`SkipBlock::hashes`] is to be.
        hashes: &'a [u8],
    },
    /// Some entries of a chunk, which is 4,096 entries, are of a location.
    LocationBlocks {
        /// The id of the location, empty for entries that told none.
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
    /// A delivery came again.
    Repeats {
        /// Its event.
        seq: Seq,
        /// How often since the last checkpoint.
        times: u64,
    },
    /// An event did nothing.
    Idle {
        /// The event.
        seq: Seq,
    },
}

/// How far a checkpoint has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CheckpointSeq {
    /// The last entry that it stands for: a replay goes on after this one, or after that
    /// of the location, if that is later.
    pub seq: Seq,
    /// No row tells of a later entry, while a checkpoint is saved in parts; and it is
    /// known of every entry up to this one whether it [did nothing](CheckpointRow::Idle).
    pub newest: Seq,
}

impl CheckpointSeq {
    /// Of a checkpoint that is saved as one.
    pub fn whole(seq: Seq) -> Self {
        Self { seq, newest: seq }
    }
}

/// That a location was rid of what had been deleted for long: every replay does it
/// again, at the same event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compaction {
    /// The location.
    pub location: Box<str>,
    /// The last event of the journal at that time: it was done behind that one and
    /// before the next.
    pub at: Seq,
    /// What events up to this one had deleted was dropped.
    pub upto: Seq,
}

/// The id of one accepted delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted<'a> {
    /// Its position.
    pub seq: Seq,
    /// The tenant.
    pub location: &'a str,
    /// The sender's id of the delivery.
    pub webhook_id: &'a str,
    /// When it came in.
    pub received_at: Timestamp,
}

/// Sizes of the files of a journal, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileSizes {
    /// The database.
    pub database: u64,
    /// Its write-ahead log.
    pub log: u64,
}

/// Takes rows of a checkpoint, one by one.
pub type RowSink<'s> = &'s mut dyn FnMut(&CheckpointRow<'_>) -> Result<(), JournalError>;

/// Reads a journal while others may write to it.
///
/// No call keeps a snapshot for the next one, and none keeps one while it calls
/// back, but for [`load_checkpoint`](Self::load_checkpoint): however slow a caller
/// is, the writer can tidy up. What is appended meanwhile is seen by later calls.
pub trait JournalReader: Send {
    /// The seq of the last entry, or 0.
    fn head(&mut self) -> Result<Seq, JournalError>;

    /// Entries up to this seq were pruned; 0 if none was.
    fn pruned(&mut self) -> Result<Seq, JournalError>;

    /// Returns the epochs of the journal. A new one begins when it is opened for writing
    /// after it was restored from a copy, as far as that can be known.
    fn epochs(&mut self) -> Result<Epochs, JournalError>;

    /// Shows every entry after `after` up to the head as it is when the call begins,
    /// in order, until told to stop.
    ///
    /// # Errors
    ///
    /// [`JournalError::PrunedWhileReading`] if one of them was pruned already, or is
    /// before it is its turn: never a gap.
    fn read(
        &mut self,
        after: Seq,
        each: &mut dyn FnMut(Seq, JournalEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.read_range(after.saturating_add(1)..=Seq::MAX, each)
    }

    /// As [`read`](Self::read), of the entries of a range alone.
    fn read_range(
        &mut self,
        range: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Seq, JournalEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), JournalError>;

    /// Adds the entries of a location after `after` and up to `upto`, in order, but none
    /// that is pruned. Passes over those of all others.
    fn seqs_of(
        &mut self,
        location: &str,
        after: Seq,
        upto: Seq,
        found: &mut Vec<Seq>,
    ) -> Result<(), JournalError> {
        let after = after.max(self.pruned()?);
        self.read_range(after.saturating_add(1)..=upto, &mut |seq, entry| {
            found.extend((entry.location == location).then_some(seq));
            ControlFlow::Continue(())
        })
    }

    /// Returns when an entry came, if it is there.
    fn received_at(&mut self, seq: Seq) -> Result<Option<Timestamp>, JournalError>;

    /// The first entry that came at this time or later, or the one that would
    /// come next. Costs a logarithm of the entries; exact as long as their times never
    /// go back.
    fn first_since(&mut self, since: Timestamp) -> Result<Seq, JournalError>;

    /// Returns the last entry that is known to have come before this time, 0 if none is;
    /// pruned ones too. As exact as the hour in which one was pruned.
    fn came_before(&mut self, time: Timestamp) -> Result<Seq, JournalError>;

    /// Returns the compactions behind this entry and later ones, in order: of one
    /// location at one entry the last.
    fn compactions(&mut self, from: Seq) -> Result<Vec<Compaction>, JournalError>;

    /// Returns the next entries after `after` that may be of a location: entries between
    /// them are not, entries among them may be of others, and the last of them need not
    /// be there. Where it is not known whose entries are, they may be of any location.
    ///
    /// # Errors
    ///
    /// [`JournalError::PrunedWhileReading`] if the next entry was pruned.
    fn next_stretch(
        &mut self,
        location: &str,
        after: Seq,
    ) -> Result<RangeInclusive<Seq>, JournalError>;

    /// Returns the first run that ends after `after`, if any does. Entries that no run
    /// covers may speak of anything.
    fn next_run(&mut self, after: Seq) -> Result<Option<SkipBlock>, JournalError>;

    /// How often the delivery of this entry came again, as of the last
    /// checkpoint.
    fn repeats(&mut self, seq: Seq) -> Result<u64, JournalError>;

    /// Whether this entry did nothing, as of the last checkpoint.
    fn is_idle(&mut self, seq: Seq) -> Result<bool, JournalError>;

    /// Shows the states of the checkpoint and answers with the seq it stands for,
    /// 0 if there is none. Locations come first; then the rows of each location, in the
    /// order that [`StateRow`] asks for.
    fn load_checkpoint(&mut self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError>;

    /// As [`load_checkpoint`](Self::load_checkpoint), but shows one location and its
    /// states alone.
    fn load_location(
        &mut self,
        id: &str,
        each: RowSink<'_>,
    ) -> Result<CheckpointSeq, JournalError> {
        let mut wanted = None;
        self.load_checkpoint(&mut |row| match row {
            CheckpointRow::Location { number, id: found, .. } if *found == id => {
                wanted = Some(*number);
                each(row)
            }
            CheckpointRow::State { location, .. } | CheckpointRow::Damaged { location, .. }
                if wanted == Some(*location) =>
            {
                each(row)
            }
            _ => Ok(()),
        })
    }

    /// Shows the ids of the checkpoint's locations, in the order of their numbers,
    /// until told to stop, and returns the seq that the checkpoint stands for.
    fn location_ids(
        &mut self,
        each: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Seq, JournalError> {
        let mut going_on = true;
        self.load_checkpoint(&mut |row| {
            if let CheckpointRow::Location { id, .. } = row
                && going_on
            {
                going_on = each(id).is_continue();
            }
            Ok(())
        })
        .map(|checkpoint| checkpoint.seq)
    }

    /// Shows the ids of deliveries after this entry, pruned ones too as far as they are
    /// remembered, in order. Costs what came since, without the bodies.
    fn accepted(
        &mut self,
        after: Seq,
        each: &mut dyn FnMut(Accepted<'_>),
    ) -> Result<(), JournalError>;

    /// Up to `limit` dead letters behind this id, in order.
    fn dead_letters(
        &mut self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetterSummary>, JournalError>;

    /// One dead letter.
    fn dead_letter(&mut self, id: u64) -> Result<Option<DeadLetter>, JournalError>;

    /// How many dead letters there are.
    fn dead_letter_totals(&mut self) -> Result<DeadLetterTotals, JournalError>;

    /// Returns what the journal takes on disk.
    fn file_sizes(&mut self) -> Result<FileSizes, JournalError> {
        Ok(FileSizes::default())
    }
}

/// A run of entries, and what [`CheckpointRow::SkipIndex`] said that they speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkipBlock {
    /// The first of them.
    pub first: Seq,
    /// The last of them.
    pub last: Seq,
    /// Which things they speak of.
    pub hashes: Box<[u8]>,
}

/// How far an import had come: a hash of all that it had brought up to there.
pub type ImportMark = [u8; 32];

/// How many marks of imports are kept; the oldest go. Each stands for up to 4,096
/// lines.
pub const IMPORT_MARKS: usize = 65_536;

/// Opens readers of one journal, from any thread, beside its writer.
pub type OpenReader = dyn Fn() -> Result<Box<dyn JournalReader>, JournalError> + Send + Sync;

/// An append-only log of accepted events with a checkpoint beside it.
///
/// A journal promises:
/// 1. Seqs are 1, 2, 3 … without gaps, in the order of [`append`](Self::append);
///    only the oldest are ever deleted, by [`prune`](Self::prune).
/// 2. When `append` returns, the whole batch survives a crash and a loss of
///    power. When it fails, [`JournalError::write_outcome`] tells whether nothing was
///    written; if that is unknown, nothing may be appended before
///    [`recover`](Self::recover) has told what is there.
/// 3. `read` gives what `append` took, byte for byte, or an error that names the
///    seq at fault; it never skips. What was [erased](Self::erase_location) keeps its
///    place, as an entry that [says so](JournalEntry::is_erased).
/// 4. A checkpoint is saved in parts over the one before, each whole or not at all: rows
///    of the same thing replace each other, rows not given stay.
/// 5. One journal has one writer. A second is refused at opening.
///
/// Calls block.
pub trait Journal: JournalReader {
    /// Adds a batch in one transaction and answers with the new head.
    fn append(&mut self, batch: &[JournalEntry<'_>]) -> Result<Seq, JournalError>;

    /// As [`append`](Self::append) of what an import brings, which may be nothing,
    /// and marks in the same transaction how far it has come. Keeps the last
    /// [`IMPORT_MARKS`] marks.
    fn append_import(
        &mut self,
        batch: &[JournalEntry<'_>],
        mark: &ImportMark,
    ) -> Result<Seq, JournalError>;

    /// Shows the marks of imports, oldest first.
    fn import_marks(&mut self, each: &mut dyn FnMut(ImportMark)) -> Result<(), JournalError>;

    /// Saves what `fill` puts in one transaction, after which the checkpoint has come as
    /// far as told. Of a checkpoint in several parts, all but the last leave
    /// [`CheckpointSeq::seq`] as it was: replaying the events behind that over newer rows
    /// changes nothing.
    fn save_checkpoint(
        &mut self,
        upto: CheckpointSeq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError>;

    /// As [`save_checkpoint`](Self::save_checkpoint) of every row there is, in place of
    /// the checkpoint before and of what it said of events, but for repeats. Compactions
    /// stay.
    fn replace_checkpoint(
        &mut self,
        upto: Seq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError>;

    /// Makes a compaction durable, in a transaction of its own: from when this returns,
    /// every replay does it.
    fn record_compaction(&mut self, compaction: &Compaction) -> Result<(), JournalError>;

    /// Deletes the oldest entries, up to `limit` of them: those that came before
    /// `before` and that the checkpoint stands for. Keeps the ids of their
    /// deliveries that came since `remember`. Answers with the seq up to which
    /// entries are pruned now.
    fn prune(
        &mut self,
        before: Timestamp,
        remember: Timestamp,
        limit: u32,
    ) -> Result<Seq, JournalError>;

    /// Keeps dead letters within these bounds, dropping the oldest; a body that
    /// is there already is counted there. As durable as an entry.
    fn keep_dead_letters(
        &mut self,
        letters: &[Refused],
        bounds: DeadLetterBounds,
    ) -> Result<(), JournalError>;

    /// Deletes a dead letter and tells whether there was one.
    fn delete_dead_letter(&mut self, id: u64) -> Result<bool, JournalError>;

    /// Erases, in one transaction, what entries of a location say, and the location's
    /// dead letters, rows of the checkpoint, and ids of deliveries; the marks of all
    /// imports, since none tells what it stands for; its compactions; and runs that speak of
    /// it.
    ///
    /// `known` are the entries of the location up to `upto`, as
    /// [`seqs_of`](JournalReader::seqs_of) found them; what came later is looked for.
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

    /// Cuts the write-ahead log down if it has grown past its bound. Returns false
    /// while a reader keeps that from happening: try again later.
    fn trim_log(&mut self) -> Result<bool, JournalError> {
        Ok(true)
    }

    /// Finds out what is durable after a write of unknown outcome, makes sure that
    /// writing succeeds again, and returns the seq of the last entry. Can be tried again
    /// after an error.
    fn recover(&mut self) -> Result<Seq, JournalError>;

    /// How others read this journal while it is written.
    fn readers(&self) -> Arc<OpenReader>;
}
