//! A reader of a journal that counts what is read.

use std::ops::{ControlFlow, RangeInclusive};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use relata::changes::Epochs;
use relata::journal::{
    Accepted, CheckpointSeq, Compaction, DeadLetter, DeadLetterSummary, DeadLetterTotals,
    DeliveryHash, DeliveryIndex, DeliveryKey, JournalEntry, JournalError, JournalReader, RowSink,
    SkipBlock,
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
    /// The entries whose ids are indexed, if the second is not 0: those after the first, up
    /// to the second. Otherwise it is up to the journal.
    pub(crate) indexed_after: AtomicU64,
    pub(crate) indexed_upto: AtomicU64,
    /// Whether the index cannot be read, and how long it takes to read a part of it, in
    /// milliseconds.
    pub(crate) parts_fail: AtomicBool,
    pub(crate) part_delay_ms: AtomicU64,
    /// Parts of the index that were read.
    pub(crate) parts_read: AtomicU64,
}

impl Reads {
    /// Returns the index that there is instead of the journal's.
    pub(crate) fn index(&self) -> Option<DeliveryIndex> {
        let key = DeliveryKey::new([7; 16]);
        let after = self.indexed_after.load(Ordering::Relaxed);
        let upto = self.indexed_upto.load(Ordering::Relaxed);
        (upto > 0).then_some(DeliveryIndex { key, after, upto })
    }

    /// Shows hashes of that index, or of the journal's.
    pub(crate) fn delivery_hashes(
        &self,
        journal: &mut dyn JournalReader,
        part: u8,
        entries: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Seq, DeliveryHash),
    ) -> Result<(), JournalError> {
        std::thread::sleep(Duration::from_millis(self.part_delay_ms.load(Ordering::Relaxed)));
        if self.parts_fail.load(Ordering::Relaxed) {
            return Err(JournalError::File {
                path: "relata.db".into(),
                source: std::io::Error::from(std::io::ErrorKind::StorageFull),
            });
        }
        self.parts_read.fetch_add(1, Ordering::Relaxed);
        let Some(index) = self.index() else {
            return journal.delivery_hashes(part, entries, each);
        };
        journal.accepted(entries, &mut |it| {
            let hash = index.key.hash(it.location, it.webhook_id);
            if hash.part() == part {
                each(it.seq, hash);
            }
        })
    }

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
        entries: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Accepted<'_>),
    ) -> Result<(), JournalError> {
        self.kept.accepted(entries, each)
    }

    fn delivery_index(&mut self) -> Result<Option<DeliveryIndex>, JournalError> {
        let simulated = self.reads.index();
        simulated.map_or_else(|| self.kept.delivery_index(), |index| Ok(Some(index)))
    }

    fn delivery_hashes(
        &mut self,
        part: u8,
        entries: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Seq, DeliveryHash),
    ) -> Result<(), JournalError> {
        self.reads.delivery_hashes(self.kept.as_mut(), part, entries, each)
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

    fn no_ops(&mut self, entries: RangeInclusive<Seq>) -> Result<Vec<Seq>, JournalError> {
        self.kept.no_ops(entries)
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
