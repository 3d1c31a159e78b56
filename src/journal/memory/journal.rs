//! The journal in memory: the reference that tests compare with, and the journal of a store
//! that need not survive.

use std::ops::{ControlFlow, RangeInclusive};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use crate::journal::checkpoint::{CheckpointSeq, Compaction, RowSink, SkipBlock};
use crate::journal::dead_letter::{
    DeadLetter, DeadLetterBounds, DeadLetterSummary, DeadLetterTotals, Refused,
};
use crate::journal::entry::{Accepted, JournalEntry, StoredEntry};
use crate::journal::error::JournalError;
use crate::journal::memory::checkpoint::CheckpointPart;
use crate::journal::memory::state::State;
use crate::journal::reader::{JournalReader, OpenReader};
use crate::journal::writer::{
    Erased, IMPORT_MARKS, ImportMark, Journal, Position, RecordedErasure,
};
use crate::model::{EpochId, Epochs, Seq, Timestamp};
use crate::sync::IgnorePoison;

/// Entries read at a time.
const PAGE_ENTRIES: usize = 1_024;

/// A journal that lives as long as the process.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    state: Arc<(Mutex<State>, Condvar)>,
    /// Which of those who write it this is; `None` if it is the only one.
    process: Option<u64>,
}

/// Opens the same journal once more, as another process if several write it.
impl Clone for MemoryJournal {
    fn clone(&self) -> Self {
        let process = self.process.map(|_| self.lock().sharing.begin_process());
        Self { state: Arc::clone(&self.state), process }
    }
}

/// Gives up the turn, and the saving of checkpoints, as a process does that ends.
impl Drop for MemoryJournal {
    fn drop(&mut self) {
        if let Some(process) = self.process {
            self.lock().sharing.end_process(process);
            self.state.1.notify_all();
        }
    }
}

impl MemoryJournal {
    /// Creates an empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty journal that several stores may write by turns, each with a clone of
    /// it.
    pub fn shared() -> Self {
        let journal = Self::default();
        let process = Some(journal.lock().sharing.begin_process());
        Self { state: Arc::clone(&journal.state), process }
    }

    /// Writes within this process's turn, and ends it.
    fn write<T>(&mut self, work: impl FnOnce(&mut State) -> T) -> Result<T, JournalError> {
        self.take_turn()?;
        let mut state = self.lock();
        let done = work(&mut state);
        state.sharing.turn = None;
        drop(state);
        self.state.1.notify_one();
        Ok(done)
    }

    /// Returns entries after this one: no lock is held while a caller works on them.
    fn page(&self, after: Seq, upto: Seq) -> Result<Vec<Arc<StoredEntry>>, JournalError> {
        let inner = self.lock();
        let pruned = inner.pruned;
        let skipped = after
            .checked_sub(pruned)
            .ok_or(JournalError::PrunedWhileReading { seq: after + 1, pruned })?;
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let left = usize::try_from(upto - after).unwrap_or(usize::MAX);
        Ok(inner.entries.iter().skip(skipped).take(left.min(PAGE_ENTRIES)).cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().ignore_poison()
    }
}

fn skip_block((&first, (last, hashes)): (&Seq, &(Seq, Box<[u8]>))) -> SkipBlock {
    SkipBlock { first, last: *last, hashes: hashes.clone() }
}

fn position(state: &State) -> Position {
    Position {
        head: state.head(),
        revision: state.sharing.revision,
        checkpoint: state.checkpoint,
        now: Timestamp::now(),
    }
}

impl JournalReader for MemoryJournal {
    fn head(&mut self) -> Result<Seq, JournalError> {
        Ok(self.lock().head())
    }

    fn epochs(&mut self) -> Result<Epochs, JournalError> {
        // It lives as long as the process, and is never restored.
        Ok(Epochs::starting_with(EpochId(0)))
    }

    fn pruned(&mut self) -> Result<Seq, JournalError> {
        Ok(self.lock().pruned)
    }

    fn read_range(
        &mut self,
        range: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Seq, JournalEntry<'_>) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let upto = self.head()?.min(*range.end());
        let mut last = range.start().saturating_sub(1);
        while last < upto {
            for (kept, seq) in self.page(last, upto)?.iter().zip(last + 1..) {
                if each(seq, kept.entry()).is_break() {
                    return Ok(());
                }
                last = seq;
            }
        }
        Ok(())
    }

    fn load_checkpoint(&mut self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError> {
        self.lock().show_checkpoint(each)
    }

    fn list_locations(&mut self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError> {
        self.lock().show_locations(each)
    }

    fn load_numbered(
        &mut self,
        number: u32,
        each: RowSink<'_>,
    ) -> Result<CheckpointSeq, JournalError> {
        self.lock().show_states(number..=number, each)
    }

    fn accepted(
        &mut self,
        entries: RangeInclusive<Seq>,
        each: &mut dyn FnMut(Accepted<'_>),
    ) -> Result<(), JournalError> {
        let inner = self.lock();
        let pruned = inner.remembered.iter().map(|(seq, location, webhook_id, received_at)| {
            Accepted { seq: *seq, location, webhook_id, received_at: *received_at }
        });
        let kept = inner.entries.iter().zip(inner.pruned + 1..).filter_map(|(kept, seq)| {
            let webhook_id = kept.webhook_id.as_deref()?;
            let (location, received_at) = (&*kept.location, kept.received_at);
            Some(Accepted { seq, location, webhook_id, received_at })
        });
        pruned.chain(kept).filter(|accepted| entries.contains(&accepted.seq)).for_each(each);
        Ok(())
    }

    fn received_at(&mut self, seq: Seq) -> Result<Option<Timestamp>, JournalError> {
        let inner = self.lock();
        let place = seq.checked_sub(inner.pruned + 1).and_then(|place| usize::try_from(place).ok());
        Ok(place.and_then(|place| inner.entries.get(place)).map(|kept| kept.received_at))
    }

    fn first_since(&mut self, since: Timestamp) -> Result<Seq, JournalError> {
        let inner = self.lock();
        let before = inner.entries.partition_point(|kept| kept.received_at < since);
        Ok(inner.pruned + before as Seq + 1)
    }

    fn last_before(&mut self, time: Timestamp) -> Result<Seq, JournalError> {
        let last = self.first_since(time)? - 1;
        let inner = self.lock();
        let pruned = inner.pruned_before.range(..=time).next_back().map_or(0, |(_, seq)| *seq);
        Ok(if last > inner.pruned { last } else { pruned })
    }

    fn compactions(&mut self, from: Seq) -> Result<Vec<Compaction>, JournalError> {
        let inner = self.lock();
        let found = inner.compactions.iter().filter(|((at, _), _)| *at >= from);
        let found = found.map(|((at, location), upto)| Compaction {
            location: location.clone(),
            at: *at,
            upto: *upto,
        });
        Ok(found.collect())
    }

    fn next_location_range(
        &mut self,
        location: &str,
        after: Seq,
    ) -> Result<RangeInclusive<Seq>, JournalError> {
        let (inner, from) = (self.lock(), after.saturating_add(1));
        if after < inner.pruned {
            return Err(JournalError::PrunedWhileReading { seq: from, pruned: inner.pruned });
        }
        Ok(inner.blocks.next_range(location, from))
    }

    fn last_location_range(
        &mut self,
        location: &str,
        after: Seq,
        upto: Seq,
    ) -> Result<Option<RangeInclusive<Seq>>, JournalError> {
        let inner = self.lock();
        if after < inner.pruned {
            return Err(JournalError::PrunedWhileReading { seq: after + 1, pruned: inner.pruned });
        }
        Ok(inner.blocks.last_range(location, after, upto))
    }

    fn next_skip_block(&mut self, after: Seq) -> Result<Option<SkipBlock>, JournalError> {
        let inner = self.lock();
        let found = inner.skip_blocks.iter().find(|(_, (last, _))| *last > after);
        Ok(found.map(skip_block))
    }

    fn last_skip_block(&mut self, upto: Seq) -> Result<Option<SkipBlock>, JournalError> {
        Ok(self.lock().skip_blocks.range(..=upto).next_back().map(skip_block))
    }

    fn redeliveries(&mut self, seq: Seq) -> Result<u64, JournalError> {
        Ok(self.lock().redeliveries.get(&seq).copied().unwrap_or(0))
    }

    fn no_ops(&mut self, entries: RangeInclusive<Seq>) -> Result<Vec<Seq>, JournalError> {
        Ok(self.lock().no_ops.range(entries).copied().collect())
    }

    fn dead_letters(
        &mut self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetterSummary>, JournalError> {
        let inner = self.lock();
        let behind = inner.letters.range(after.saturating_add(1)..);
        Ok(behind.take(limit).map(|(_, letter)| letter.summary.clone()).collect())
    }

    fn dead_letter(&mut self, id: u64) -> Result<Option<DeadLetter>, JournalError> {
        Ok(self.lock().letters.get(&id).cloned())
    }

    fn dead_letter_totals(&mut self) -> Result<DeadLetterTotals, JournalError> {
        Ok(self.lock().dead_letter_totals())
    }
}

impl Journal for MemoryJournal {
    fn position(&mut self) -> Result<Option<Position>, JournalError> {
        Ok(self.process.map(|_| position(&self.lock())))
    }

    fn take_turn(&mut self) -> Result<Option<Position>, JournalError> {
        let Some(process) = self.process else { return Ok(None) };
        let is_of_other = |state: &mut State| state.sharing.turn.is_some_and(|it| it != process);
        let (state, ended) = &*self.state;
        let state = ended.wait_while(state.lock().ignore_poison(), is_of_other);
        let mut state = state.ignore_poison();
        state.sharing.turn = Some(process);
        Ok(Some(position(&state)))
    }

    fn end_turn(&mut self) -> Result<(), JournalError> {
        let mut state = self.lock();
        if state.sharing.turn == self.process {
            state.sharing.turn = None;
            drop(state);
            self.state.1.notify_one();
        }
        Ok(())
    }

    fn maintain(&mut self) -> Result<bool, JournalError> {
        let Some(process) = self.process else { return Ok(true) };
        Ok(*self.lock().sharing.maintainer.get_or_insert(process) == process)
    }

    fn erasures(&mut self, after: u64) -> Result<Vec<RecordedErasure>, JournalError> {
        Ok(self.lock().sharing.erasures_after(after))
    }

    fn append(&mut self, batch: &[JournalEntry<'_>]) -> Result<Seq, JournalError> {
        self.write(|state| {
            state.entries.extend(batch.iter().map(|entry| Arc::new(StoredEntry::new(entry))));
            state.head()
        })
    }

    fn append_import(
        &mut self,
        batch: &[JournalEntry<'_>],
        mark: &ImportMark,
    ) -> Result<Seq, JournalError> {
        self.write(|state| {
            state.entries.extend(batch.iter().map(|entry| Arc::new(StoredEntry::new(entry))));
            let number = state.marks.back().map_or(1, |(number, _)| number + 1);
            state.marks.push_back((number, *mark));
            if state.marks.len() > IMPORT_MARKS {
                state.marks.pop_front();
            }
            state.head()
        })
    }

    fn import_marks(
        &mut self,
        after: u64,
        each: &mut dyn FnMut(u64, ImportMark),
    ) -> Result<(), JournalError> {
        for (number, mark) in self.lock().marks.iter().filter(|(number, _)| *number > after) {
            each(*number, *mark);
        }
        Ok(())
    }

    fn save_checkpoint(
        &mut self,
        upto: CheckpointSeq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let mut part = CheckpointPart::default();
        fill(&mut |row| {
            part.add(row);
            Ok(())
        })?;
        let is_shared = self.process.is_some();
        self.write(|state| {
            if is_shared {
                part.renumber(state);
            }
            state.apply(part, upto);
        })
    }

    fn replace_checkpoint(
        &mut self,
        upto: Seq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.take_turn()?;
        self.lock().clear_checkpoint();
        self.save_checkpoint(CheckpointSeq::whole(upto), fill)
    }

    fn record_compaction(&mut self, compaction: &Compaction) -> Result<(), JournalError> {
        let Compaction { location, at, upto } = compaction.clone();
        self.write(|state| {
            state.compactions.insert((at, location), upto);
            state.sharing.revision += 1;
        })
    }

    fn prune(
        &mut self,
        before: Timestamp,
        remember: Timestamp,
        limit: u32,
    ) -> Result<Seq, JournalError> {
        self.write(|state| state.prune(before, remember, limit))
    }

    fn keep_dead_letters(
        &mut self,
        letters: &[Refused],
        bounds: DeadLetterBounds,
    ) -> Result<(), JournalError> {
        self.write(|state| state.keep_dead_letters(letters, bounds))
    }

    fn delete_dead_letter(&mut self, id: u64) -> Result<bool, JournalError> {
        self.write(|state| state.letters.remove(&id).is_some())
    }

    fn erase_location(
        &mut self,
        location: &str,
        known: &[Seq],
        upto: Seq,
    ) -> Result<Erased, JournalError> {
        self.write(|state| {
            let erased = state.erase_location(location, known, upto);
            let at = state.head();
            state.sharing.record_erasure(location, at, &erased.seqs);
            erased
        })
    }

    fn recover(&mut self) -> Result<Seq, JournalError> {
        self.end_turn()?;
        self.head()
    }

    fn readers(&self) -> Arc<OpenReader> {
        let journal = self.clone();
        Arc::new(move || Ok(Box::new(journal.clone())))
    }
}
