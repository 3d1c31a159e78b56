//! Reading a journal in a database.

use std::ops::{ControlFlow, RangeInclusive};

use crate::journal::checkpoint::{CheckpointSeq, Compaction, RowSink, SkipBlock};
use crate::journal::dead_letter::{DeadLetter, DeadLetterSummary, DeadLetterTotals};
use crate::journal::delivery_hash::{DeliveryHash, DeliveryIndex};
use crate::journal::entry::{Accepted, JournalEntry};
use crate::journal::error::JournalError;
use crate::journal::postgres::checkpoint::load::{self, Wanted};
use crate::journal::postgres::journal::PostgresJournal;
use crate::journal::postgres::{
    compactions, dead_letters, delivery_blocks, epochs, erase, events, location_blocks, notes,
    prune,
};
use crate::journal::reader::{FileSizes, JournalReader};
use crate::model::{Epochs, Seq, Timestamp};

const SIZE: &str = "SELECT sum(pg_total_relation_size(to_regclass(name)))::int8 FROM unnest(ARRAY[\
    'store', 'event', 'state', 'state_location', 'state_summary', 'skip_block', 'no_op', \
    'redelivery', 'location_block', 'delivery_block', 'pruned_delivery', 'dead_letter', 'erasure', \
    'compaction']) AS t (name)";

impl JournalReader for PostgresJournal {
    fn head(&mut self) -> Result<Seq, JournalError> {
        events::head(self.session()?)
    }

    fn pruned(&mut self) -> Result<Seq, JournalError> {
        events::pruned(self.session()?)
    }

    fn epochs(&mut self) -> Result<Epochs, JournalError> {
        epochs::load(self.session()?)
    }

    fn read_range(
        &mut self,
        range: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Seq, JournalEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        // In a turn, every entry that is asked for is known to be there.
        let known = self.writing.as_ref().map_or(0, |writing| writing.head);
        let upto =
            if *range.end() <= known { *range.end() } else { self.head()?.min(*range.end()) };
        events::read(self.session()?, range.start().saturating_sub(1), upto, each)
    }

    fn seqs_of(
        &mut self,
        location: &str,
        after: Seq,
        upto: Seq,
        found: &mut Vec<Seq>,
    ) -> Result<(), JournalError> {
        erase::seqs_of(self.session()?, location, after, upto, found)
    }

    fn load_checkpoint(&mut self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError> {
        load::load(self.session()?, Wanted::Some(&mut |_, _| true), each)
    }

    fn load_location(
        &mut self,
        id: &str,
        each: RowSink<'_>,
    ) -> Result<CheckpointSeq, JournalError> {
        load::load(self.session()?, Wanted::One(id), each)
    }

    fn load_locations(
        &mut self,
        wanted: &mut dyn FnMut(&str, Option<u64>) -> bool,
        each: RowSink<'_>,
    ) -> Result<CheckpointSeq, JournalError> {
        load::load(self.session()?, Wanted::Some(wanted), each)
    }

    fn list_locations(&mut self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError> {
        load::list(self.session()?, each)
    }

    fn load_numbered(
        &mut self,
        number: u32,
        each: RowSink<'_>,
    ) -> Result<CheckpointSeq, JournalError> {
        load::load(self.session()?, Wanted::Numbered(number), each)
    }

    fn location_ids(
        &mut self,
        each: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Seq, JournalError> {
        load::ids(self.session()?, each)
    }

    fn accepted(
        &mut self,
        entries: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Accepted<'_>),
    ) -> Result<(), JournalError> {
        let (after, upto) = (entries.start().saturating_sub(1), self.head()?.min(*entries.end()));
        prune::accepted(self.session()?, after, upto, each)
    }

    fn delivery_index(&mut self) -> Result<Option<DeliveryIndex>, JournalError> {
        delivery_blocks::index(self.session()?)
    }

    fn delivery_hashes(
        &mut self,
        part: u8,
        entries: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Seq, DeliveryHash),
    ) -> Result<(), JournalError> {
        delivery_blocks::hashes(self.session()?, part, entries, each)
    }

    fn received_at(&mut self, seq: Seq) -> Result<Option<Timestamp>, JournalError> {
        events::received_at(self.session()?, seq)
    }

    fn first_since(&mut self, since: Timestamp) -> Result<Seq, JournalError> {
        events::first_since(self.session()?, since)
    }

    fn last_before(&mut self, time: Timestamp) -> Result<Seq, JournalError> {
        let last = self.first_since(time)? - 1;
        if last > self.pruned()? {
            return Ok(last);
        }
        compactions::pruned_before(self.session()?, time)
    }

    fn compactions(&mut self, from: Seq) -> Result<Vec<Compaction>, JournalError> {
        compactions::load(self.session()?, from)
    }

    fn next_location_range(
        &mut self,
        location: &str,
        after: Seq,
    ) -> Result<RangeInclusive<Seq>, JournalError> {
        location_blocks::next_range(self.session()?, location, after)
    }

    fn last_location_range(
        &mut self,
        location: &str,
        after: Seq,
        upto: Seq,
    ) -> Result<Option<RangeInclusive<Seq>>, JournalError> {
        location_blocks::last_range(self.session()?, location, after, upto)
    }

    fn next_skip_block(&mut self, after: Seq) -> Result<Option<SkipBlock>, JournalError> {
        notes::next_skip_block(self.session()?, after)
    }

    fn last_skip_block(&mut self, upto: Seq) -> Result<Option<SkipBlock>, JournalError> {
        notes::last_skip_block(self.session()?, upto)
    }

    fn redeliveries(&mut self, seq: Seq) -> Result<u64, JournalError> {
        notes::redeliveries(self.session()?, seq)
    }

    fn no_ops(&mut self, entries: RangeInclusive<Seq>) -> Result<Vec<Seq>, JournalError> {
        notes::no_ops(self.session()?, &entries)
    }

    fn dead_letters(
        &mut self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetterSummary>, JournalError> {
        dead_letters::list(self.session()?, after, limit)
    }

    fn dead_letter(&mut self, id: u64) -> Result<Option<DeadLetter>, JournalError> {
        dead_letters::one(self.session()?, id)
    }

    fn dead_letter_totals(&mut self) -> Result<DeadLetterTotals, JournalError> {
        dead_letters::totals(self.session()?)
    }

    fn file_sizes(&mut self) -> Result<FileSizes, JournalError> {
        let database: i64 = self.session()?.one(SIZE, &[])?.try_get(0)?;
        Ok(FileSizes { database: database.unsigned_abs(), log: 0 })
    }
}
