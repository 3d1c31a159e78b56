//! The journal in memory: the reference that tests compare with, and a store
//! that nothing needs to survive.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::journal::contract::{
    Accepted, CheckpointRow, CheckpointSeq, Compaction, Erased, IMPORT_MARKS, ImportMark, Journal,
    JournalEntry, JournalReader, OpenReader, RowSink, SkipBlock,
};
use crate::journal::dead_letter::{
    DeadLetter, DeadLetterBounds, DeadLetterSummary, DeadLetterTotals, Refused,
};
use crate::journal::error::JournalError;
use crate::journal::location_blocks::BlockMap;
use crate::journal::memory_rows::{KeptRow, RowKey, keep, key_of, show};
use crate::model::{EpochId, Epochs, Seq, Timestamp};
use crate::sync::IgnorePoison;

/// Entries read at a time.
const PAGE_ENTRIES: usize = 1_024;

/// A journal that lives as long as the process.
#[derive(Debug, Default, Clone)]
pub struct MemoryJournal {
    kept: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Those behind `pruned`.
    entries: Vec<Arc<StoredEntry>>,
    pruned: Seq,
    /// Pruned deliveries that may be repeated: seq, location, id, time.
    remembered: Vec<(Seq, Box<str>, Box<str>, Timestamp)>,
    letters: BTreeMap<u64, DeadLetter>,
    last_letter: u64,
    dropped_letters: u64,
    checkpoint: CheckpointSeq,
    locations: BTreeMap<u32, KeptLocation>,
    /// By location, then in the order that rows refer to each other.
    rows: BTreeMap<(u32, RowKey), Arc<KeptRow>>,
    /// By the first of each run: the last, and hashes.
    mentions: BTreeMap<Seq, (Seq, Box<[u8]>)>,
    blocks: BlockMap,
    repeats: BTreeMap<Seq, u64>,
    marks: VecDeque<ImportMark>,
    idle: BTreeSet<Seq>,
    /// By place and location.
    compactions: BTreeMap<(Seq, Box<str>), Seq>,
    /// By time: the last pruned entry that came before it.
    pruned_before: BTreeMap<Timestamp, Seq>,
}

/// A location, and how far its rows have come.
#[derive(Debug)]
struct KeptLocation {
    id: Box<str>,
    rows: Option<u64>,
    seq: Option<Seq>,
}

#[derive(Debug)]
struct StoredEntry {
    location: Box<str>,
    event_type: Box<str>,
    entity: Box<str>,
    webhook_id: Option<Box<str>>,
    at: Option<Timestamp>,
    received_at: Timestamp,
    body: Box<str>,
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// Entries after this one: no lock is held while a caller works on them.
    fn page(&self, after: Seq, upto: Seq) -> Result<Vec<Arc<StoredEntry>>, JournalError> {
        let inner = self.inner();
        let pruned = inner.pruned;
        let skipped = after
            .checked_sub(pruned)
            .ok_or(JournalError::PrunedWhileReading { seq: after + 1, pruned })?;
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let left = usize::try_from(upto - after).unwrap_or(usize::MAX);
        Ok(inner.entries.iter().skip(skipped).take(left.min(PAGE_ENTRIES)).cloned().collect())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.kept.lock().ignore_poison()
    }
}

fn keep_entry(entry: &JournalEntry<'_>) -> StoredEntry {
    StoredEntry {
        location: entry.location.into(),
        event_type: entry.event_type.into(),
        entity: entry.entity.into(),
        webhook_id: entry.webhook_id.map(Box::from),
        at: entry.at,
        received_at: entry.received_at,
        body: entry.body.into(),
    }
}

impl JournalReader for MemoryJournal {
    fn head(&mut self) -> Result<Seq, JournalError> {
        let inner = self.inner();
        Ok(inner.pruned + inner.entries.len() as Seq)
    }

    fn epochs(&mut self) -> Result<Epochs, JournalError> {
        // It lives as long as the process, and is never restored.
        Ok(Epochs::starting_with(EpochId(0)))
    }

    fn pruned(&mut self) -> Result<Seq, JournalError> {
        Ok(self.inner().pruned)
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
                let entry = JournalEntry {
                    location: &kept.location,
                    event_type: &kept.event_type,
                    entity: &kept.entity,
                    webhook_id: kept.webhook_id.as_deref(),
                    at: kept.at,
                    received_at: kept.received_at,
                    body: &kept.body,
                };
                if each(seq, entry).is_break() {
                    return Ok(());
                }
                last = seq;
            }
        }
        Ok(())
    }

    fn load_checkpoint(&mut self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError> {
        let inner = self.inner();
        for (&number, KeptLocation { id, rows, seq }) in &inner.locations {
            each(&CheckpointRow::Location { number, id, rows: *rows, seq: *seq })?;
        }
        for ((location, key), row) in &inner.rows {
            if let Some(row) = show(key, row) {
                each(&CheckpointRow::State { location: *location, row })?;
            }
        }
        Ok(inner.checkpoint)
    }

    fn accepted(
        &mut self,
        after: Seq,
        each: &mut dyn FnMut(Accepted<'_>),
    ) -> Result<(), JournalError> {
        let inner = self.inner();
        let pruned = inner.remembered.iter().map(|(seq, location, webhook_id, received_at)| {
            Accepted { seq: *seq, location, webhook_id, received_at: *received_at }
        });
        let kept = inner.entries.iter().zip(inner.pruned + 1..).filter_map(|(kept, seq)| {
            let webhook_id = kept.webhook_id.as_deref()?;
            let (location, received_at) = (&*kept.location, kept.received_at);
            Some(Accepted { seq, location, webhook_id, received_at })
        });
        pruned.chain(kept).filter(|accepted| accepted.seq > after).for_each(each);
        Ok(())
    }

    fn received_at(&mut self, seq: Seq) -> Result<Option<Timestamp>, JournalError> {
        let inner = self.inner();
        let place = seq.checked_sub(inner.pruned + 1).and_then(|place| usize::try_from(place).ok());
        Ok(place.and_then(|place| inner.entries.get(place)).map(|kept| kept.received_at))
    }

    fn first_since(&mut self, since: Timestamp) -> Result<Seq, JournalError> {
        let inner = self.inner();
        let before = inner.entries.partition_point(|kept| kept.received_at < since);
        Ok(inner.pruned + before as Seq + 1)
    }

    fn came_before(&mut self, time: Timestamp) -> Result<Seq, JournalError> {
        let last = self.first_since(time)? - 1;
        let inner = self.inner();
        let pruned = inner.pruned_before.range(..=time).next_back().map_or(0, |(_, seq)| *seq);
        Ok(if last > inner.pruned { last } else { pruned })
    }

    fn compactions(&mut self, from: Seq) -> Result<Vec<Compaction>, JournalError> {
        let inner = self.inner();
        let found = inner.compactions.iter().filter(|((at, _), _)| *at >= from);
        let found = found.map(|((at, location), upto)| Compaction {
            location: location.clone(),
            at: *at,
            upto: *upto,
        });
        Ok(found.collect())
    }

    fn next_stretch(
        &mut self,
        location: &str,
        after: Seq,
    ) -> Result<RangeInclusive<Seq>, JournalError> {
        let (inner, from) = (self.inner(), after.saturating_add(1));
        if after < inner.pruned {
            return Err(JournalError::PrunedWhileReading { seq: from, pruned: inner.pruned });
        }
        Ok(inner.blocks.next_stretch(location, from))
    }

    fn next_run(&mut self, after: Seq) -> Result<Option<SkipBlock>, JournalError> {
        let inner = self.inner();
        let found = inner.mentions.iter().find(|(_, (last, _))| *last > after);
        Ok(found.map(|(&first, (last, hashes))| SkipBlock {
            first,
            last: *last,
            hashes: hashes.clone(),
        }))
    }

    fn repeats(&mut self, seq: Seq) -> Result<u64, JournalError> {
        Ok(self.inner().repeats.get(&seq).copied().unwrap_or(0))
    }

    fn is_idle(&mut self, seq: Seq) -> Result<bool, JournalError> {
        Ok(self.inner().idle.contains(&seq))
    }

    fn dead_letters(
        &mut self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetterSummary>, JournalError> {
        let inner = self.inner();
        let behind = inner.letters.range(after.saturating_add(1)..);
        Ok(behind.take(limit).map(|(_, letter)| letter.summary.clone()).collect())
    }

    fn dead_letter(&mut self, id: u64) -> Result<Option<DeadLetter>, JournalError> {
        Ok(self.inner().letters.get(&id).cloned())
    }

    fn dead_letter_totals(&mut self) -> Result<DeadLetterTotals, JournalError> {
        Ok(self.inner().totals())
    }
}

impl Inner {
    fn totals(&self) -> DeadLetterTotals {
        let bytes = self.letters.values().map(|letter| letter.bytes() as u64).sum();
        let letters = self.letters.len() as u64;
        DeadLetterTotals { letters, bytes, dropped: self.dropped_letters }
    }
}

impl Journal for MemoryJournal {
    fn append(&mut self, batch: &[JournalEntry<'_>]) -> Result<Seq, JournalError> {
        self.inner().entries.extend(batch.iter().map(|entry| Arc::new(keep_entry(entry))));
        self.head()
    }

    fn append_import(
        &mut self,
        batch: &[JournalEntry<'_>],
        mark: &ImportMark,
    ) -> Result<Seq, JournalError> {
        let head = self.append(batch)?;
        let mut inner = self.inner();
        inner.marks.push_back(*mark);
        if inner.marks.len() > IMPORT_MARKS {
            inner.marks.pop_front();
        }
        Ok(head)
    }

    fn import_marks(&mut self, each: &mut dyn FnMut(ImportMark)) -> Result<(), JournalError> {
        self.inner().marks.iter().copied().for_each(each);
        Ok(())
    }

    fn save_checkpoint(
        &mut self,
        upto: CheckpointSeq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let (mut locations, mut rows, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
        let (mut mentions, mut repeats, mut idle) = (Vec::new(), Vec::new(), Vec::new());
        let mut blocks = BlockMap::default();
        fill(&mut |row| {
            match row {
                CheckpointRow::Location { number, id, rows, seq } => {
                    let kept = KeptLocation { id: (*id).into(), rows: *rows, seq: *seq };
                    locations.push((*number, kept));
                }
                // Only readers say so.
                CheckpointRow::Damaged { .. } => {}
                CheckpointRow::State { location, row } => {
                    let (key, row) = keep(row);
                    rows.push(((*location, key), Arc::new(row)));
                }
                CheckpointRow::Dropped { location, key } => dropped.push((*location, key_of(key))),
                CheckpointRow::SkipIndex { first, last, hashes } => {
                    mentions.push((*first, (*last, (*hashes).into())));
                }
                CheckpointRow::LocationBlocks { location, chunk, blocks: added } => {
                    blocks.add(location, *chunk, *added);
                }
                CheckpointRow::LocationBlocksOf { first, last } => {
                    blocks.cover(*first, *last);
                }
                CheckpointRow::Repeats { seq, times } => repeats.push((*seq, *times)),
                CheckpointRow::Idle { seq } => idle.push(*seq),
            }
            Ok(())
        })?;
        let mut inner = self.inner();
        for (number, mut kept) in locations {
            let known = inner.locations.get(&number);
            kept.seq = kept.seq.or(known.and_then(|known| known.seq));
            inner.locations.insert(number, kept);
        }
        for key in &dropped {
            inner.rows.remove(key);
        }
        inner.rows.extend(rows);
        inner.mentions.extend(mentions);
        inner.idle.extend(idle);
        inner.blocks.merge(&blocks);
        for (seq, times) in repeats {
            *inner.repeats.entry(seq).or_default() += times;
        }
        inner.checkpoint = upto;
        Ok(())
    }

    fn replace_checkpoint(
        &mut self,
        upto: Seq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let mut inner = self.inner();
        inner.locations.clear();
        inner.rows.clear();
        inner.mentions.clear();
        inner.blocks = BlockMap::default();
        inner.idle.clear();
        drop(inner);
        self.save_checkpoint(CheckpointSeq::whole(upto), fill)
    }

    fn record_compaction(&mut self, compaction: &Compaction) -> Result<(), JournalError> {
        let Compaction { location, at, upto } = compaction.clone();
        self.inner().compactions.insert((at, location), upto);
        Ok(())
    }

    fn prune(
        &mut self,
        before: Timestamp,
        remember: Timestamp,
        limit: u32,
    ) -> Result<Seq, JournalError> {
        let mut guard = self.inner();
        let inner = &mut *guard;
        let behind = usize::try_from(inner.checkpoint.seq.saturating_sub(inner.pruned));
        let most = behind.unwrap_or(usize::MAX).min(limit as usize);
        let old = |kept: &&Arc<StoredEntry>| kept.received_at < before;
        let count = inner.entries.iter().take(most).take_while(old).count();
        let leaving: Vec<Arc<StoredEntry>> = inner.entries.drain(..count).collect();
        for (kept, seq) in leaving.iter().zip(inner.pruned + 1..) {
            if let Some(webhook_id) = &kept.webhook_id {
                let delivery = (seq, kept.location.clone(), webhook_id.clone(), kept.received_at);
                inner.remembered.push(delivery);
            }
        }
        inner.remembered.retain(|(.., received_at)| *received_at >= remember);
        inner.pruned += count as Seq;
        let pruned = inner.pruned;
        if count > 0 {
            inner.pruned_before.insert(before, pruned);
        }
        inner.compactions.retain(|(at, _), _| *at >= pruned);
        inner.mentions.retain(|_, (last, _)| *last > pruned);
        inner.blocks.prune(pruned);
        inner.repeats.retain(|seq, _| *seq > pruned);
        inner.idle.retain(|seq| *seq > pruned);
        Ok(inner.pruned)
    }

    fn keep_dead_letters(
        &mut self,
        letters: &[Refused],
        bounds: DeadLetterBounds,
    ) -> Result<(), JournalError> {
        let mut guard = self.inner();
        let inner = &mut *guard;
        for refused in letters {
            let same = |letter: &&mut DeadLetter| {
                letter.body == refused.body && letter.summary.url_type == refused.url_type
            };
            if let Some(known) = inner.letters.values_mut().find(same) {
                known.summary.times += 1;
                known.summary.last_at = refused.received_at;
                continue;
            }
            inner.last_letter += 1;
            let letter = DeadLetter::new(inner.last_letter, refused);
            inner.letters.insert(inner.last_letter, letter);
        }
        while inner.totals().letters > bounds.letters || inner.totals().bytes > bounds.bytes {
            inner.letters.pop_first();
            inner.dropped_letters += 1;
        }
        Ok(())
    }

    fn delete_dead_letter(&mut self, id: u64) -> Result<bool, JournalError> {
        Ok(self.inner().letters.remove(&id).is_some())
    }

    fn erase_location(
        &mut self,
        location: &str,
        known: &[Seq],
        upto: Seq,
    ) -> Result<Erased, JournalError> {
        let mut guard = self.inner();
        let inner = &mut *guard;
        let mut erased = Erased::default();
        for (kept, seq) in inner.entries.iter_mut().zip(inner.pruned + 1..) {
            let is_of_it = if seq > upto {
                *kept.location == *location
            } else {
                known.binary_search(&seq).is_ok()
            };
            if is_of_it {
                *kept = Arc::new(keep_entry(&JournalEntry::erased(kept.received_at)));
                erased.seqs.push(seq);
            }
        }
        erased.events = erased.seqs.len() as u64;
        let quoted = format!("\"{location}\"").into_bytes();
        let letters = inner.letters.len();
        inner.letters.retain(|_, letter| match &letter.summary.location {
            Some(of) => of != location,
            None => !letter.body.windows(quoted.len()).any(|part| part == quoted),
        });
        erased.dead_letters = (letters - inner.letters.len()) as u64;
        inner.blocks.erase(location);
        let is_erased = |seq: Seq| erased.seqs.binary_search(&seq).is_ok();
        inner.repeats.retain(|seq, _| !is_erased(*seq));
        inner.idle.retain(|seq| !is_erased(*seq));
        inner.mentions.retain(|first, (last, _)| {
            let holds = erased.seqs.iter().any(|seq| (*first..=*last).contains(seq));
            erased.runs.extend(holds.then_some((*first, *last)));
            !holds
        });
        let mut deliveries = Vec::new();
        inner.compactions.retain(|(_, of), _| **of != *location);
        inner.remembered.retain(|(seq, of, ..)| {
            let is_of_it = **of == *location;
            deliveries.extend(is_of_it.then_some(*seq));
            !is_of_it
        });
        erased.seqs.splice(..0, deliveries);
        if !erased.seqs.is_empty() {
            inner.marks.clear();
        }
        let number = inner.locations.iter().find(|(_, kept)| *kept.id == *location);
        if let Some(number) = number.map(|(number, _)| *number) {
            inner.locations.remove(&number);
            inner.rows.retain(|(of, _), _| *of != number);
        }
        Ok(erased)
    }

    fn recover(&mut self) -> Result<Seq, JournalError> {
        self.head()
    }

    fn readers(&self) -> Arc<OpenReader> {
        let journal = self.clone();
        Arc::new(move || Ok(Box::new(journal.clone())))
    }
}
