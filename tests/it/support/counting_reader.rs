//! A reader of a journal that counts what is read.

use std::ops::{ControlFlow, RangeInclusive};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use relata::changes::Epochs;
use relata::journal::{
    Accepted, CheckpointSeq, Compaction, DeadLetter, DeadLetterSummary, DeadLetterTotals,
    JournalEntry, JournalError, JournalReader, RowSink, SkipBlock,
};
use relata::{Seq, Timestamp};

/// Counts what readers of a journal read.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// Readers opened, and those open now.
    pub(crate) opened: AtomicU64,
    pub(crate) open: AtomicU64,
    pub(crate) entries: AtomicU64,
    /// Held while no location may be loaded.
    pub(crate) loading: Mutex<()>,
    /// Bytes of hashes of runs.
    pub(crate) hashes: AtomicU64,
    /// Looks at where the entries of a location are.
    pub(crate) looks: AtomicU64,
}

impl Reads {
    /// Returns the entries and bytes of hashes read since the last call.
    pub(crate) fn take(&self) -> (u64, u64) {
        (self.entries.swap(0, Ordering::Relaxed), self.hashes.swap(0, Ordering::Relaxed))
    }
}

/// A reader that counts.
pub(crate) struct CountingReader {
    kept: Box<dyn JournalReader>,
    reads: Arc<Reads>,
}

impl CountingReader {
    /// Wraps a reader that was just opened.
    pub(crate) fn new(kept: Box<dyn JournalReader>, reads: Arc<Reads>) -> Self {
        reads.opened.fetch_add(1, Ordering::Relaxed);
        reads.open.fetch_add(1, Ordering::Relaxed);
        Self { kept, reads }
    }
}

impl CountingReader {
    fn count(&self, run: Option<&SkipBlock>) {
        let bytes = run.map_or(0, |run| run.hashes.len() as u64);
        self.reads.hashes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for CountingReader {
    fn drop(&mut self) {
        self.reads.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl JournalReader for CountingReader {
    fn head(&mut self) -> Result<Seq, JournalError> {
        self.kept.head()
    }

    fn epochs(&mut self) -> Result<Epochs, JournalError> {
        self.kept.epochs()
    }

    fn pruned(&mut self) -> Result<Seq, JournalError> {
        self.kept.pruned()
    }

    fn read_range(
        &mut self,
        range: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Seq, JournalEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.kept.read_range(range, &mut |seq, entry| {
            self.reads.entries.fetch_add(1, Ordering::Relaxed);
            each(seq, entry)
        })
    }

    fn load_checkpoint(&mut self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError> {
        self.kept.load_checkpoint(each)
    }

    fn list_locations(&mut self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError> {
        self.kept.list_locations(each)
    }

    fn load_numbered(
        &mut self,
        number: u32,
        each: RowSink<'_>,
    ) -> Result<CheckpointSeq, JournalError> {
        let _held = self.reads.loading.lock().unwrap();
        self.kept.load_numbered(number, each)
    }

    fn accepted(
        &mut self,
        after: Seq,
        each: &mut dyn FnMut(Accepted<'_>),
    ) -> Result<(), JournalError> {
        self.kept.accepted(after, each)
    }

    fn received_at(&mut self, seq: Seq) -> Result<Option<Timestamp>, JournalError> {
        self.kept.received_at(seq)
    }

    fn first_since(&mut self, since: Timestamp) -> Result<Seq, JournalError> {
        self.kept.first_since(since)
    }

    fn last_before(&mut self, time: Timestamp) -> Result<Seq, JournalError> {
        self.kept.last_before(time)
    }

    fn compactions(&mut self, from: Seq) -> Result<Vec<Compaction>, JournalError> {
        self.kept.compactions(from)
    }

    fn next_location_range(
        &mut self,
        location: &str,
        after: Seq,
    ) -> Result<RangeInclusive<Seq>, JournalError> {
        self.reads.looks.fetch_add(1, Ordering::Relaxed);
        self.kept.next_location_range(location, after)
    }

    fn last_location_range(
        &mut self,
        location: &str,
        after: Seq,
        upto: Seq,
    ) -> Result<Option<RangeInclusive<Seq>>, JournalError> {
        self.kept.last_location_range(location, after, upto)
    }

    fn next_skip_block(&mut self, after: Seq) -> Result<Option<SkipBlock>, JournalError> {
        self.kept.next_skip_block(after).inspect(|run| self.count(run.as_ref()))
    }

    fn last_skip_block(&mut self, upto: Seq) -> Result<Option<SkipBlock>, JournalError> {
        self.kept.last_skip_block(upto).inspect(|run| self.count(run.as_ref()))
    }

    fn redeliveries(&mut self, seq: Seq) -> Result<u64, JournalError> {
        self.kept.redeliveries(seq)
    }

    fn is_no_op(&mut self, seq: Seq) -> Result<bool, JournalError> {
        self.kept.is_no_op(seq)
    }

    fn dead_letters(
        &mut self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetterSummary>, JournalError> {
        self.kept.dead_letters(after, limit)
    }

    fn dead_letter(&mut self, id: u64) -> Result<Option<DeadLetter>, JournalError> {
        self.kept.dead_letter(id)
    }

    fn dead_letter_totals(&mut self) -> Result<DeadLetterTotals, JournalError> {
        self.kept.dead_letter_totals()
    }
}
