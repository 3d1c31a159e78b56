//! A journal whose disk fails, or is slow, when told to.

use std::ops::{ControlFlow, RangeInclusive};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use relata::changes::Epochs;
use relata::journal::{
    Accepted, CheckpointSeq, Compaction, DeadLetter, DeadLetterBounds, DeadLetterSummary,
    DeadLetterTotals, DeliveryHash, DeliveryIndex, Erased, ImportMark, Journal, JournalEntry,
    JournalError, JournalReader, OpenReader, Position, RecordedErasure, Refused, RowSink,
    SkipBlock,
};
use relata::{Seq, Timestamp};

use crate::support::clock::ManualClock;
use crate::support::counting_reader::CountingReader;
use crate::support::fault_plan::{Fault, Plan, Saver};

/// Wraps a journal.
#[derive(Debug)]
pub(crate) struct Faulty<J> {
    pub(crate) kept: J,
    pub(crate) plan: Arc<Plan>,
    pub(crate) append: Fault,
    /// The time by the clock of the database, where several write the journal.
    pub(crate) clock: Option<ManualClock>,
    /// Whether the last append that failed was written all the same.
    pub(crate) was_kept: bool,
    /// Who saves checkpoints, if that is decided here: one loses that with its connection.
    pub(crate) saver: Option<Saver>,
    /// Whether this process does, as far as it knows.
    pub(crate) saves: bool,
}

impl<J> Faulty<J> {
    /// Fails at the append after so many.
    pub(crate) fn new(kept: J, append: Fault, appends_left: u64) -> Self {
        let plan = Arc::new(Plan {
            appends_left: appends_left.into(),
            failures_left: u64::MAX.into(),
            ..Plan::default()
        });
        Self { kept, plan, append, clock: None, was_kept: true, saver: None, saves: false }
    }
}

impl<J> Faulty<J> {
    fn check_alive(&self) -> Result<(), JournalError> {
        let is_gone = [&self.plan.is_dead, &self.plan.is_cut];
        if is_gone.iter().any(|it| it.load(Ordering::Relaxed)) { Err(full()) } else { Ok(()) }
    }

    fn set_time(&self, position: Option<Position>) -> Option<Position> {
        position.map(|position| {
            let now = self.clock.as_ref().map_or(position.now, ManualClock::wall);
            Position { now, ..position }
        })
    }
}

/// No space is left.
pub(crate) fn full() -> JournalError {
    JournalError::File {
        path: "relata.db".into(),
        source: std::io::Error::from(std::io::ErrorKind::StorageFull),
    }
}

impl<J: JournalReader> JournalReader for Faulty<J> {
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
        let (panics_at, mut fails) = (self.plan.panics_at.load(Ordering::Relaxed), false);
        self.kept.read_range(range, &mut |seq, entry| {
            if seq == panics_at {
                std::panic::resume_unwind(Box::new("told to"));
            }
            if seq == self.plan.read_fails_at.load(Ordering::Relaxed) {
                self.plan.read_fails_at.store(0, Ordering::Relaxed);
                fails = true;
                return ControlFlow::Break(());
            }
            each(seq, entry)
        })?;
        if fails { Err(full()) } else { Ok(()) }
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
        self.kept.load_numbered(number, each)
    }

    fn accepted(
        &mut self,
        entries: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Accepted<'_>),
    ) -> Result<(), JournalError> {
        if self.plan.accepted_fails.load(Ordering::Relaxed) {
            return Err(full());
        }
        self.kept.accepted(entries, &mut |it| {
            self.plan.ids_read.fetch_add(1, Ordering::Relaxed);
            each(it);
        })
    }

    fn delivery_index(&mut self) -> Result<Option<DeliveryIndex>, JournalError> {
        let simulated = self.plan.reads.index();
        simulated.map_or_else(|| self.kept.delivery_index(), |index| Ok(Some(index)))
    }

    fn delivery_hashes(
        &mut self,
        part: u8,
        entries: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Seq, DeliveryHash),
    ) -> Result<(), JournalError> {
        let reads = Arc::clone(&self.plan.reads);
        reads.delivery_hashes(&mut self.kept, part, entries, each)
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
        self.kept.next_skip_block(after)
    }

    fn last_skip_block(&mut self, upto: Seq) -> Result<Option<SkipBlock>, JournalError> {
        self.kept.last_skip_block(upto)
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

impl<J: Journal> Faulty<J> {
    fn append_or_fail(
        &mut self,
        batch: &[JournalEntry<'_>],
        mark: Option<&ImportMark>,
    ) -> Result<Seq, JournalError> {
        let whole = |kept: &mut J| match mark {
            Some(mark) => kept.append_import(batch, mark),
            None => kept.append(batch),
        };
        self.check_alive()?;
        std::thread::sleep(Duration::from_millis(self.plan.delay_ms.load(Ordering::Relaxed)));
        let left = self.plan.appends_left.load(Ordering::Relaxed);
        if left > 0 {
            self.plan.appends_left.store(left - 1, Ordering::Relaxed);
            return whole(&mut self.kept);
        }
        let failures = self.plan.failures_left.load(Ordering::Relaxed);
        if failures == 0 {
            return whole(&mut self.kept);
        }
        self.plan.failures_left.store(failures - 1, Ordering::Relaxed);
        let dies = self.plan.dies.load(Ordering::Relaxed);
        self.plan.is_dead.fetch_or(dies, Ordering::Relaxed);
        self.was_kept = !matches!(self.append, Fault::Full | Fault::Taken | Fault::Same);
        match self.append {
            Fault::Full => {}
            Fault::Taken => {
                let others = batch.iter().map(|it| JournalEntry { webhook_id: None, ..*it });
                self.kept.append(&others.collect::<Vec<_>>())?;
            }
            Fault::Same => {
                self.kept.append(batch)?;
            }
            Fault::Short => {
                let (half, _) = batch.split_at(batch.len() / 2);
                self.kept.append(half)?;
            }
            Fault::Sync => {
                whole(&mut self.kept)?;
            }
            Fault::Panic => {
                whole(&mut self.kept)?;
                std::panic::resume_unwind(Box::new("told to"));
            }
            Fault::Lie => return whole(&mut self.kept).map(|head| head - 1),
        }
        self.kept.end_turn()?;
        Err(full())
    }
}

impl<J: Journal> Journal for Faulty<J> {
    fn position(&mut self) -> Result<Option<Position>, JournalError> {
        self.check_alive()?;
        let position = self.kept.position()?;
        Ok(self.set_time(position))
    }

    fn take_turn(&mut self) -> Result<Option<Position>, JournalError> {
        self.check_alive()?;
        let position = self.kept.take_turn()?;
        Ok(self.set_time(position))
    }

    fn end_turn(&mut self) -> Result<(), JournalError> {
        self.kept.end_turn()
    }

    fn was_last_append_kept(&mut self, _: &[JournalEntry<'_>]) -> Result<bool, JournalError> {
        self.check_alive()?;
        Ok(self.was_kept)
    }

    fn maintain(&mut self) -> Result<bool, JournalError> {
        let Some(saver) = &self.saver else {
            self.check_alive()?;
            return self.kept.maintain();
        };
        if !self.saves {
            self.check_alive()?;
            let this = Arc::as_ptr(&self.plan).addr();
            self.saves = *saver.lock().unwrap().get_or_insert(this) == this;
        }
        Ok(self.saves)
    }

    fn erasures(&mut self, after: u64) -> Result<Vec<RecordedErasure>, JournalError> {
        self.check_alive()?;
        self.kept.erasures(after)
    }

    fn append(&mut self, batch: &[JournalEntry<'_>]) -> Result<Seq, JournalError> {
        self.append_or_fail(batch, None)
    }

    fn append_import(
        &mut self,
        batch: &[JournalEntry<'_>],
        mark: &ImportMark,
    ) -> Result<Seq, JournalError> {
        self.append_or_fail(batch, Some(mark))
    }

    fn import_marks(
        &mut self,
        after: u64,
        each: &mut dyn FnMut(u64, ImportMark),
    ) -> Result<(), JournalError> {
        self.kept.import_marks(after, each)
    }

    fn save_checkpoint(
        &mut self,
        upto: CheckpointSeq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.check_alive()?;
        if self.plan.checkpoints_fail.load(Ordering::Relaxed) {
            fill(&mut |_| Ok(()))?;
            return Err(full());
        }
        match self.plan.parts_left.load(Ordering::Relaxed) {
            0 => {}
            1 => {
                fill(&mut |_| Ok(()))?;
                return Err(full());
            }
            left => self.plan.parts_left.store(left - 1, Ordering::Relaxed),
        }
        let delay = Duration::from_micros(self.plan.row_delay_us.load(Ordering::Relaxed));
        self.kept.save_checkpoint(upto, &mut |put| {
            fill(&mut |row| {
                if !delay.is_zero() {
                    std::thread::sleep(delay);
                }
                put(row)
            })
        })
    }

    fn replace_checkpoint(
        &mut self,
        upto: Seq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        if self.plan.checkpoints_fail.load(Ordering::Relaxed) {
            fill(&mut |_| Ok(()))?;
            return Err(full());
        }
        self.kept.replace_checkpoint(upto, fill)
    }

    fn index_deliveries(&mut self, after: Seq) -> Result<Seq, JournalError> {
        self.plan.indexings.fetch_add(1, Ordering::Relaxed);
        self.kept.index_deliveries(after)
    }

    fn record_compaction(&mut self, compaction: &Compaction) -> Result<(), JournalError> {
        self.check_alive()?;
        let fails = self.plan.compactions_fail.load(Ordering::Relaxed);
        if !fails || self.plan.compactions_last.load(Ordering::Relaxed) {
            self.kept.record_compaction(compaction)?;
        }
        if fails { Err(full()) } else { Ok(()) }
    }

    fn erase_location(
        &mut self,
        location: &str,
        known: &[Seq],
        upto: Seq,
    ) -> Result<Erased, JournalError> {
        self.check_alive()?;
        self.kept.erase_location(location, known, upto)
    }

    fn prune(
        &mut self,
        before: Timestamp,
        remember: Timestamp,
        limit: u32,
    ) -> Result<Seq, JournalError> {
        self.check_alive()?;
        if self.plan.prunes_fail.load(Ordering::Relaxed) {
            return Err(full());
        }
        self.kept.prune(before, remember, limit)
    }

    fn keep_dead_letters(
        &mut self,
        letters: &[Refused],
        bounds: DeadLetterBounds,
    ) -> Result<(), JournalError> {
        if self.plan.letters_fail.load(Ordering::Relaxed) {
            return Err(full());
        }
        self.kept.keep_dead_letters(letters, bounds)
    }

    fn delete_dead_letter(&mut self, id: u64) -> Result<bool, JournalError> {
        self.kept.delete_dead_letter(id)
    }

    fn is_moving_log(&self) -> bool {
        self.plan.is_moving_log.load(Ordering::Relaxed)
    }

    fn recover(&mut self) -> Result<Seq, JournalError> {
        if self.plan.is_cut.swap(false, Ordering::Relaxed) {
            self.saves = false;
            std::thread::sleep(Duration::from_millis(self.plan.cut_ms.load(Ordering::Relaxed)));
        }
        self.check_alive()?;
        if self.plan.is_away.load(Ordering::Relaxed) {
            return Err(full());
        }
        self.kept.recover()
    }

    fn readers(&self) -> Arc<OpenReader> {
        let (readers, reads) = (self.kept.readers(), Arc::clone(&self.plan.reads));
        Arc::new(move || Ok(Box::new(CountingReader::new(readers()?, Arc::clone(&reads)))))
    }
}
