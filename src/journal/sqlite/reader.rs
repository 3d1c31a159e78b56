//! Reading a journal in a file, whatever its format.

use std::ops::{ControlFlow, RangeInclusive};

use crate::journal::checkpoint::{CheckpointSeq, Compaction, RowSink, SkipBlock};
use crate::journal::dead_letter::{DeadLetter, DeadLetterSummary, DeadLetterTotals};
use crate::journal::delivery_hash::{DeliveryHash, DeliveryIndex};
use crate::journal::entry::{Accepted, JournalEntry};
use crate::journal::error::JournalError;
use crate::journal::reader::{FileSizes, JournalReader};
use crate::journal::sqlite::checkpoint::load::{self, Layout, Wanted};
use crate::journal::sqlite::database_path::size_beside;
use crate::journal::sqlite::journal::SqliteJournal;
use crate::journal::sqlite::schema::{
    COMPACTIONS_SINCE, EPOCHS_SINCE, HISTORY_SINCE, LOCATION_BLOCKS_SINCE, NO_OPS_SINCE,
    PROTECTION_SINCE,
};
use crate::journal::sqlite::{
    compactions, dead_letters, delivery_blocks, epochs, erase, events, history, location_blocks,
    prune,
};
use crate::model::{EpochId, Epochs, SEQ_MAX, Seq, ThingId, Timestamp};

impl JournalReader for SqliteJournal {
    fn head(&mut self) -> Result<Seq, JournalError> {
        events::head_of_format(&self.connection, self.format)
    }

    fn pruned(&mut self) -> Result<Seq, JournalError> {
        if self.format >= PROTECTION_SINCE { events::pruned(&self.connection) } else { Ok(0) }
    }

    fn epochs(&mut self) -> Result<Epochs, JournalError> {
        if self.format >= EPOCHS_SINCE {
            epochs::load(&self.connection)
        } else {
            Ok(Epochs::starting_with(EpochId(0)))
        }
    }

    fn read_range(
        &mut self,
        range: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Seq, JournalEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let upto = self.head()?.min(*range.end());
        events::read(&self.connection, range.start().saturating_sub(1), upto, each)
    }

    fn read_locations(
        &mut self,
        range: RangeInclusive<Seq>,
        wanted: &mut dyn FnMut(&str) -> bool,
        each: &mut dyn FnMut(Seq, JournalEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let upto = self.head()?.min(*range.end());
        let after = range.start().saturating_sub(1);
        events::read_locations(&self.connection, after, upto, wanted, each)
    }

    fn seqs_of(
        &mut self,
        location: &str,
        after: Seq,
        upto: Seq,
        found: &mut Vec<Seq>,
    ) -> Result<(), JournalError> {
        erase::seqs_of(&self.connection, location, after, upto, found)
    }

    fn load_checkpoint(&mut self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError> {
        load::load(&self.connection, Layout::of_format(self.format), Wanted::All, each)
    }

    fn load_location(
        &mut self,
        id: &str,
        each: RowSink<'_>,
    ) -> Result<CheckpointSeq, JournalError> {
        load::load(&self.connection, Layout::of_format(self.format), Wanted::One(id), each)
    }

    fn load_locations(
        &mut self,
        wanted: &mut dyn FnMut(&str, Option<u64>) -> bool,
        each: RowSink<'_>,
    ) -> Result<CheckpointSeq, JournalError> {
        let layout = Layout::of_format(self.format);
        load::load(&self.connection, layout, Wanted::Some(wanted), each)
    }

    fn list_locations(&mut self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError> {
        load::list_locations(&self.connection, Layout::of_format(self.format), each)
    }

    fn load_numbered(
        &mut self,
        number: u32,
        each: RowSink<'_>,
    ) -> Result<CheckpointSeq, JournalError> {
        let wanted = Wanted::Numbered(number);
        load::load(&self.connection, Layout::of_format(self.format), wanted, each)
    }

    fn has_thing(&mut self, number: u32, thing: ThingId<'_>) -> Result<bool, JournalError> {
        load::has_thing(&self.connection, number, thing)
    }

    fn unnamed_upto(&mut self) -> Result<Seq, JournalError> {
        load::unnamed_upto(&self.connection, Layout::of_format(self.format))
    }

    fn location_ids(
        &mut self,
        each: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Seq, JournalError> {
        load::location_ids(&self.connection, each)
    }

    fn accepted(
        &mut self,
        entries: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Accepted<'_>),
    ) -> Result<(), JournalError> {
        let (after, upto) = (entries.start().saturating_sub(1), self.head()?.min(*entries.end()));
        prune::accepted(&self.connection, after, upto, each)
    }

    fn delivery_index(&mut self) -> Result<Option<DeliveryIndex>, JournalError> {
        delivery_blocks::index(&self.connection, self.format)
    }

    fn delivery_hashes(
        &mut self,
        part: u8,
        entries: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Seq, DeliveryHash),
    ) -> Result<(), JournalError> {
        delivery_blocks::hashes(&self.connection, part, entries, each)
    }

    fn received_at(&mut self, seq: Seq) -> Result<Option<Timestamp>, JournalError> {
        history::received_at(&self.connection, seq)
    }

    fn first_since(&mut self, since: Timestamp) -> Result<Seq, JournalError> {
        let first = history::first_since(&self.connection, since)?;
        // With every event pruned, the next one is the first.
        Ok(first.max(self.pruned()? + 1))
    }

    fn last_before(&mut self, time: Timestamp) -> Result<Seq, JournalError> {
        let last = self.first_since(time)? - 1;
        if last > self.pruned()? || self.format < COMPACTIONS_SINCE {
            return Ok(last);
        }
        compactions::pruned_before(&self.connection, time)
    }

    fn compactions(&mut self, from: Seq) -> Result<Vec<Compaction>, JournalError> {
        if self.format >= COMPACTIONS_SINCE {
            compactions::load(&self.connection, from)
        } else {
            Ok(Vec::new())
        }
    }

    fn next_location_range(
        &mut self,
        location: &str,
        after: Seq,
    ) -> Result<RangeInclusive<Seq>, JournalError> {
        if self.format >= LOCATION_BLOCKS_SINCE {
            location_blocks::next_range(&self.connection, location, after)
        } else {
            Ok(after.saturating_add(1)..=SEQ_MAX)
        }
    }

    fn last_location_range(
        &mut self,
        location: &str,
        after: Seq,
        upto: Seq,
    ) -> Result<Option<RangeInclusive<Seq>>, JournalError> {
        if self.format >= LOCATION_BLOCKS_SINCE {
            location_blocks::last_range(&self.connection, location, after, upto)
        } else {
            let from = after.saturating_add(1);
            Ok((from <= upto).then_some(from..=upto))
        }
    }

    fn next_skip_block(&mut self, after: Seq) -> Result<Option<SkipBlock>, JournalError> {
        if self.format >= HISTORY_SINCE {
            history::next_skip_block(&self.connection, after)
        } else {
            Ok(None)
        }
    }

    fn last_skip_block(&mut self, upto: Seq) -> Result<Option<SkipBlock>, JournalError> {
        if self.format >= HISTORY_SINCE {
            history::last_skip_block(&self.connection, upto)
        } else {
            Ok(None)
        }
    }

    fn redeliveries(&mut self, seq: Seq) -> Result<u64, JournalError> {
        if self.format >= HISTORY_SINCE {
            history::redeliveries(&self.connection, seq)
        } else {
            Ok(0)
        }
    }

    fn no_ops(&mut self, entries: RangeInclusive<Seq>) -> Result<Vec<Seq>, JournalError> {
        if self.format >= NO_OPS_SINCE {
            history::no_ops(&self.connection, &entries)
        } else {
            Ok(Vec::new())
        }
    }

    fn dead_letters(
        &mut self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetterSummary>, JournalError> {
        if self.format < PROTECTION_SINCE {
            return Ok(vec![]);
        }
        dead_letters::list(&self.connection, after, limit)
    }

    fn dead_letter(&mut self, id: u64) -> Result<Option<DeadLetter>, JournalError> {
        if self.format >= PROTECTION_SINCE {
            dead_letters::one(&self.connection, id)
        } else {
            Ok(None)
        }
    }

    fn dead_letter_totals(&mut self) -> Result<DeadLetterTotals, JournalError> {
        if self.format < PROTECTION_SINCE {
            return Ok(DeadLetterTotals::default());
        }
        dead_letters::totals(&self.connection)
    }

    fn file_sizes(&mut self) -> Result<FileSizes, JournalError> {
        Ok(FileSizes {
            database: size_beside(&self.path, "")?,
            log: size_beside(&self.path, "-wal")?,
        })
    }
}
