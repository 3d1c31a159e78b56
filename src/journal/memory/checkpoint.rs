//! The checkpoint of a journal in memory.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::journal::checkpoint::{CheckpointRow, CheckpointSeq, RowSink, SkipBlock};
use crate::journal::error::JournalError;
use crate::journal::location_blocks::BlockMap;
use crate::journal::memory::rows::{
    RowKey, StoredRow, borrow_row, copy_row, dropped_key, dropped_name,
};
use crate::journal::memory::state::{State, StoredLocation, StoredSummary};
use crate::model::Seq;

/// One part of a checkpoint, complete before any of it is applied.
#[derive(Debug, Default)]
pub(super) struct CheckpointPart {
    locations: Vec<(u32, StoredLocation)>,
    summaries: Vec<(u32, StoredSummary)>,
    rows: Vec<((u32, RowKey), Arc<StoredRow>)>,
    dropped: Vec<(u32, RowKey)>,
    skip_blocks: Vec<SkipBlock>,
    redeliveries: Vec<(Seq, u64)>,
    no_ops: Vec<Seq>,
    blocks: BlockMap,
}

impl CheckpointPart {
    /// Gives locations that are saved already the numbers under which they are, and new ones
    /// numbers after them: another process may count them differently.
    pub(super) fn renumber(&mut self, state: &State) {
        let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
        let mut next = state.locations.last_key_value().map_or(0, |(last, _)| last + 1);
        for (number, stored) in &self.locations {
            let known = state.locations.iter().find(|(_, known)| known.id == stored.id);
            let saved = known.map_or_else(|| next.max(*number), |(known, _)| *known);
            next = next.max(saved + 1);
            numbers.insert(*number, saved);
        }
        let saved = |number: &mut u32| *number = numbers.get(number).copied().unwrap_or(*number);
        self.locations.iter_mut().for_each(|(number, _)| saved(number));
        self.summaries.iter_mut().for_each(|(number, _)| saved(number));
        self.rows.iter_mut().for_each(|((number, _), _)| saved(number));
        self.dropped.iter_mut().for_each(|(number, _)| saved(number));
    }

    pub(super) fn add(&mut self, row: &CheckpointRow<'_>) {
        match row {
            CheckpointRow::Location { number, id, rows, seq } => {
                let stored = StoredLocation { id: (*id).into(), rows: *rows, seq: *seq };
                self.locations.push((*number, stored));
            }
            CheckpointRow::Summary { location, name, counts, tombstones } => {
                self.summaries.push((*location, (name.map(Box::from), *counts, *tombstones)));
            }
            // Only shown to readers.
            CheckpointRow::Damaged { .. } => {}
            CheckpointRow::State { location, row } => {
                let (key, row) = copy_row(row);
                self.rows.push(((*location, key), Arc::new(row)));
            }
            CheckpointRow::Dropped { location, key } => {
                self.dropped.push((*location, dropped_key(key)));
                self.dropped.extend(dropped_name(key).map(|name| (*location, name)));
            }
            CheckpointRow::SkipIndex { first, last, hashes } => {
                let (first, last, hashes) = (*first, *last, (*hashes).into());
                self.skip_blocks.push(SkipBlock { first, last, hashes });
            }
            CheckpointRow::LocationBlocks { location, chunk, blocks: added } => {
                self.blocks.add(location, *chunk, *added);
            }
            CheckpointRow::LocationBlocksOf { first, last } => {
                self.blocks.cover(*first, *last);
            }
            CheckpointRow::Redeliveries { seq, times } => self.redeliveries.push((*seq, *times)),
            CheckpointRow::NoOp { seq } => self.no_ops.push(*seq),
        }
    }
}

impl State {
    pub(super) fn apply(&mut self, part: CheckpointPart, upto: CheckpointSeq) {
        for (number, mut stored) in part.locations {
            let known = self.locations.get(&number);
            stored.seq = stored.seq.or(known.and_then(|known| known.seq));
            self.locations.insert(number, stored);
        }
        self.summaries.extend(part.summaries);
        for key in &part.dropped {
            self.rows.remove(key);
        }
        self.rows.extend(part.rows);
        let blocks = part.skip_blocks.into_iter();
        self.skip_blocks.extend(blocks.map(|it| (it.first, (it.last, it.hashes))));
        self.no_ops.extend(part.no_ops);
        self.blocks.merge(&part.blocks);
        for (seq, times) in part.redeliveries {
            *self.redeliveries.entry(seq).or_default() += times;
        }
        // A part that is no checkpoint leaves it where it is.
        let CheckpointSeq { seq, newest } = self.checkpoint;
        self.checkpoint = CheckpointSeq { seq: upto.seq.max(seq), newest: upto.newest.max(newest) };
    }

    pub(super) fn show_locations(&self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError> {
        for (&number, StoredLocation { id, rows, seq }) in &self.locations {
            each(&CheckpointRow::Location { number, id, rows: *rows, seq: *seq })?;
        }
        for (&location, (name, counts, tombstones)) in &self.summaries {
            let (name, counts, tombstones) = (name.as_deref(), *counts, *tombstones);
            each(&CheckpointRow::Summary { location, name, counts, tombstones })?;
        }
        Ok(self.checkpoint)
    }

    /// Drops all that [`replace_checkpoint`](crate::journal::Journal::replace_checkpoint)
    /// replaces.
    pub(super) fn clear_checkpoint(&mut self) {
        self.checkpoint = CheckpointSeq::default();
        self.locations.clear();
        self.summaries.clear();
        self.rows.clear();
        self.skip_blocks.clear();
        self.blocks = BlockMap::default();
        self.no_ops.clear();
    }

    pub(super) fn show_checkpoint(&self, each: RowSink<'_>) -> Result<CheckpointSeq, JournalError> {
        self.show_states(0..=u32::MAX, each)
    }

    /// Shows the locations of these numbers and their states.
    pub(super) fn show_states(
        &self,
        numbers: RangeInclusive<u32>,
        each: RowSink<'_>,
    ) -> Result<CheckpointSeq, JournalError> {
        for (&number, StoredLocation { id, rows, seq }) in self.locations.range(numbers.clone()) {
            each(&CheckpointRow::Location { number, id, rows: *rows, seq: *seq })?;
        }
        let rows = self.rows.iter().filter(|((location, _), _)| numbers.contains(location));
        for ((location, key), row) in rows {
            if let Some(row) = borrow_row(key, row) {
                each(&CheckpointRow::State { location: *location, row })?;
            }
        }
        Ok(self.checkpoint)
    }
}
