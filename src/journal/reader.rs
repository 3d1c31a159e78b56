//! Reading a journal.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, RangeInclusive};

use crate::journal::checkpoint::{CheckpointRow, CheckpointSeq, Compaction, RowSink, SkipBlock};
use crate::journal::dead_letter::{DeadLetter, DeadLetterSummary, DeadLetterTotals};
use crate::journal::delivery_hash::{DeliveryHash, DeliveryIndex};
use crate::journal::entry::{Accepted, JournalEntry};
use crate::journal::error::JournalError;
use crate::model::{Epochs, Seq, ThingId, Timestamp};

/// Sizes of the files of a journal, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileSizes {
    /// The database.
    pub database: u64,
    /// Its write-ahead log.
    pub log: u64,
}

/// Opens readers of one journal, from any thread, beside its writer.
pub type OpenReader = dyn Fn() -> Result<Box<dyn JournalReader>, JournalError> + Send + Sync;

/// Reads a journal while others may write to it.
///
/// No call keeps a snapshot for the next one, and none keeps one while it calls back,
/// except [`load_checkpoint`](Self::load_checkpoint): however slow a caller is, the writer
/// can tidy up. What is appended meanwhile is seen by later calls.
pub trait JournalReader: Send {
    /// Returns the seq of the last entry, or 0.
    fn head(&mut self) -> Result<Seq, JournalError>;

    /// Returns the last entry that was pruned, or 0.
    fn pruned(&mut self) -> Result<Seq, JournalError>;

    /// Returns the epochs of the journal. A new one begins when it is opened for writing
    /// after it was restored from a copy, as far as that can be known.
    fn epochs(&mut self) -> Result<Epochs, JournalError>;

    /// Shows every entry after `after` up to the head at the time of the call, in order,
    /// until `each` breaks.
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

    /// Shows the entries of a range as [`read`](Self::read) does.
    fn read_range(
        &mut self,
        range: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Seq, JournalEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), JournalError>;

    /// Shows the entries of a range as [`read_range`](Self::read_range) does, but only those
    /// of locations that are wanted. Asks that of each entry, perhaps before those before it
    /// are shown. An entry of another location may be damaged, but not missing.
    fn read_locations(
        &mut self,
        range: RangeInclusive<Seq>,
        wanted: &mut dyn FnMut(&str) -> bool,
        each: &mut dyn FnMut(Seq, JournalEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.read_range(range, &mut |seq, entry| {
            if wanted(entry.location) { each(seq, entry) } else { ControlFlow::Continue(()) }
        })
    }

    /// Adds the seqs of a location after `after` and up to `upto` to `found`, in order,
    /// except pruned ones. Passes over the entries of all others.
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

    /// Returns when an entry was received, or `None` if it is not there.
    fn received_at(&mut self, seq: Seq) -> Result<Option<Timestamp>, JournalError>;

    /// Returns the first entry that was received at this time or later, or the seq that
    /// the next one would get. Costs a logarithm of the entries; exact as long as their
    /// times never go back.
    fn first_since(&mut self, since: Timestamp) -> Result<Seq, JournalError>;

    /// Returns the last entry, pruned or not, that is known to have been received before
    /// this time, or 0. As exact as the hour in which one was pruned.
    fn last_before(&mut self, time: Timestamp) -> Result<Seq, JournalError>;

    /// Returns the compactions after this entry and later ones, in order; for one location
    /// at one entry, only the last.
    fn compactions(&mut self, from: Seq) -> Result<Vec<Compaction>, JournalError>;

    /// Returns the next entries after `after` that may be of a location: entries between
    /// them are not, entries among them may be of others, and the last of them need not
    /// exist. Where it is unknown whose entries are, they may be of any location.
    ///
    /// # Errors
    ///
    /// [`JournalError::PrunedWhileReading`] if the next entry was pruned.
    fn next_location_range(
        &mut self,
        location: &str,
        after: Seq,
    ) -> Result<RangeInclusive<Seq>, JournalError>;

    /// Returns the last entries after `after` and up to `upto` that may be of a location, as
    /// [`next_location_range`](Self::next_location_range) returns the next ones; `None` if no
    /// entry between the two is of it.
    ///
    /// # Errors
    ///
    /// [`JournalError::PrunedWhileReading`] if the entry that follows `after` was pruned.
    fn last_location_range(
        &mut self,
        location: &str,
        after: Seq,
        upto: Seq,
    ) -> Result<Option<RangeInclusive<Seq>>, JournalError>;

    /// Returns the first block of the skip index that ends after `after`. Entries that no
    /// block covers may name anything.
    fn next_skip_block(&mut self, after: Seq) -> Result<Option<SkipBlock>, JournalError>;

    /// Returns the last block of the skip index that begins at `upto` or before.
    fn last_skip_block(&mut self, upto: Seq) -> Result<Option<SkipBlock>, JournalError>;

    /// Returns how often the delivery of this entry was repeated, as of the last
    /// checkpoint.
    fn redeliveries(&mut self, seq: Seq) -> Result<u64, JournalError>;

    /// Returns those of these entries that changed nothing, in order, as of the last
    /// checkpoint.
    fn no_ops(&mut self, entries: RangeInclusive<Seq>) -> Result<Vec<Seq>, JournalError>;

    /// Returns whether this entry changed nothing, as of the last checkpoint.
    fn is_no_op(&mut self, seq: Seq) -> Result<bool, JournalError> {
        Ok(!self.no_ops(seq..=seq)?.is_empty())
    }

    /// Shows the states of the checkpoint and returns how far it has come, 0 if there is
    /// none. Locations come first; then the rows of each location, in the order that
    /// [`StateRow`](crate::model::StateRow) requires.
    fn load_checkpoint(&mut self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError>;

    /// Shows one location and its states as [`load_checkpoint`](Self::load_checkpoint)
    /// does.
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

    /// Shows the locations of the checkpoint, without their states, then a
    /// [summary](CheckpointRow::Summary) of each that has one, both in the order of their
    /// numbers, and returns how far the checkpoint has come.
    fn list_locations(&mut self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError>;

    /// Shows the location of this number and its states, as
    /// [`load_checkpoint`](Self::load_checkpoint) does. Costs its rows, whatever other
    /// locations there are.
    fn load_numbered(
        &mut self,
        number: u32,
        each: RowSink<'_>,
    ) -> Result<CheckpointSeq, JournalError>;

    /// Returns whether the checkpoint has a row of a thing in the location of this number.
    /// Costs the rows of its associations, or of its relations: no index has their ids.
    fn has_thing(&mut self, number: u32, thing: ThingId<'_>) -> Result<bool, JournalError> {
        let mut has_thing = false;
        self.load_numbered(number, &mut |row| {
            has_thing |= matches!(row, CheckpointRow::State { row, .. } if row.is_of(thing));
            Ok(())
        })?;
        Ok(has_thing)
    }

    /// Shows the locations that are wanted, and their states, as
    /// [`load_checkpoint`](Self::load_checkpoint) does. Asks of each location, by its id and
    /// the number of its rows if that is known, whether it is wanted.
    fn load_locations(
        &mut self,
        wanted: &mut dyn FnMut(&str, Option<u64>) -> bool,
        each: RowSink<'_>,
    ) -> Result<CheckpointSeq, JournalError> {
        let mut numbers = BTreeSet::new();
        self.load_checkpoint(&mut |row| match row {
            CheckpointRow::Location { number, id, rows, .. } => {
                if !wanted(id, *rows) {
                    return Ok(());
                }
                numbers.insert(*number);
                each(row)
            }
            CheckpointRow::State { location, .. } | CheckpointRow::Damaged { location, .. }
                if numbers.contains(location) =>
            {
                each(row)
            }
            _ => Ok(()),
        })
    }

    /// Returns the last event whose names the checkpoint may lack, since a version that
    /// read none saved it; 0 if it lacks none.
    fn unnamed_upto(&mut self) -> Result<Seq, JournalError> {
        Ok(0)
    }

    /// Shows the ids of the checkpoint's locations, in the order of their numbers, until
    /// `each` breaks, and returns the seq that the checkpoint covers.
    fn location_ids(
        &mut self,
        each: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Seq, JournalError> {
        let mut is_wanted = true;
        self.load_checkpoint(&mut |row| {
            if let CheckpointRow::Location { id, .. } = row
                && is_wanted
            {
                is_wanted = each(id).is_continue();
            }
            Ok(())
        })
        .map(|checkpoint| checkpoint.seq)
    }

    /// Shows the ids of the deliveries of these entries, including pruned ones as far as
    /// they are remembered, in order. Costs the entries, without the bodies.
    fn accepted(
        &mut self,
        entries: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Accepted<'_>),
    ) -> Result<(), JournalError>;

    /// Returns which ids [`delivery_hashes`](Self::delivery_hashes) knows, or `None` if the
    /// journal indexes none.
    fn delivery_index(&mut self) -> Result<Option<DeliveryIndex>, JournalError> {
        Ok(None)
    }

    /// Shows the hashes in one [part](DeliveryHash::part) of the ids that
    /// [`accepted`](Self::accepted) shows of these entries, all of which are indexed; in any
    /// order. Costs about that part of the index alone.
    fn delivery_hashes(
        &mut self,
        _part: u8,
        _entries: RangeInclusive<Seq>,
        _each: &mut dyn FnMut(Seq, DeliveryHash),
    ) -> Result<(), JournalError> {
        Ok(())
    }

    /// Returns up to `limit` dead letters after this id, in order.
    fn dead_letters(
        &mut self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetterSummary>, JournalError>;

    /// Returns a dead letter, or `None` if there is none of this id.
    fn dead_letter(&mut self, id: u64) -> Result<Option<DeadLetter>, JournalError>;

    /// Counts the dead letters.
    fn dead_letter_totals(&mut self) -> Result<DeadLetterTotals, JournalError>;

    /// Returns the space that the journal takes on disk.
    fn file_sizes(&mut self) -> Result<FileSizes, JournalError> {
        Ok(FileSizes::default())
    }
}
