//! One round: some locations, their graphs from the checkpoint and from the events.

use std::ops::RangeInclusive;

use crate::graph::Outcome;
use crate::journal::{CheckpointSeq, JournalEntry, JournalError, JournalReader};
use crate::model::{EventType, LocationId, Seq, Stamp};
use crate::store::history;
use crate::store::verify::entries::{self, Reading};
use crate::store::verify::loading::{Loaded, load};
use crate::store::verify::pair::{Compacted, Pair, Pairs};
use crate::store::verify::progress::Progress;

/// Takes an event that was merged into a right side, and its outcome.
pub(super) type MergeSink<'s> = &'s mut dyn FnMut(Seq, Outcome) -> Result<(), JournalError>;

/// Some locations, and what is known of them.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) pairs: Pairs,
    pub(super) loaded: Loaded,
    /// The last event that was pruned.
    pub(super) pruned: Seq,
    /// The last event; later ones are ignored.
    pub(super) head: Seq,
    /// Number of entries of these locations that were merged, up to one of them.
    pub(super) seen: u64,
    counted_upto: Seq,
}

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Its names are taken, which a checkpoint of an older version lacks.
    Name,
    Left,
    Right,
    Both,
}

impl Round {
    /// Begins with these locations, and loads them from the checkpoint.
    ///
    /// # Errors
    ///
    /// [`JournalError::DamagedCheckpoint`] if the checkpoint is damaged as a whole.
    pub(super) fn load<'i>(
        journal: &mut dyn JournalReader,
        ids: impl IntoIterator<Item = &'i LocationId>,
    ) -> Result<Self, JournalError> {
        let mut pairs = Pairs::new(ids);
        let loaded = load(journal, &mut pairs)?;
        let mut round = Self::of(journal, pairs)?;
        let CheckpointSeq { seq: saved, newest } = loaded.come;
        if round.head < newest {
            return Err(JournalError::CutOff { head: round.head, checkpoint: newest });
        }
        if saved < round.pruned {
            let pruned = round.pruned;
            return Err(JournalError::CheckpointOutdated { pruned, checkpoint: saved });
        }
        for Pair { left, compactions, saved_seq, .. } in &mut round.pairs.all {
            let covered = saved_seq.map_or(0, |seq| seq.min(newest));
            left.continue_after(saved.max(covered), compactions);
        }
        Ok(Self { loaded, ..round })
    }

    /// Begins with these locations, and without a checkpoint.
    pub(super) fn without_checkpoint<'i>(
        journal: &mut dyn JournalReader,
        ids: impl IntoIterator<Item = &'i LocationId>,
    ) -> Result<Self, JournalError> {
        Self::of(journal, Pairs::new(ids))
    }

    fn of(journal: &mut dyn JournalReader, mut pairs: Pairs) -> Result<Self, JournalError> {
        let (head, pruned) = (journal.head()?, journal.pruned()?);
        // The head must be known before: a compaction is recorded before the next event is.
        for compaction in journal.compactions(0)? {
            if let Some(pair) = pairs.find_mut(&compaction.location) {
                pair.compactions.push(Compacted { at: compaction.at, upto: compaction.upto });
            }
        }
        Ok(Self { pairs, loaded: Loaded::default(), pruned, head, seen: 0, counted_upto: 0 })
    }

    /// Counts the entries up to this one that are merged.
    pub(super) fn counting_upto(self, counted_upto: Seq) -> Self {
        Self { counted_upto, ..self }
    }

    /// Merges the events: into the left sides those after the checkpoint, into the right ones
    /// all.
    ///
    /// Those of a pruned journal are merged a second time into the complete state, which must
    /// change nothing.
    pub(super) fn replay(
        &mut self,
        journal: &mut dyn JournalReader,
        reading: Reading,
        progress: &mut Progress<'_>,
    ) -> Result<(), JournalError> {
        let (pruned, head) = (self.pruned, self.head);
        let ids = self.pairs.all.iter().map(|pair| &pair.id);
        let ranges = entries::entries(journal, reading, ids, (pruned, head))?;
        progress.spare((head - pruned).saturating_sub(entries::count(&ranges)));
        let ignored: MergeSink<'_> = &mut |_, _| Ok(());
        let unnamed = journal.unnamed_upto()?.min(head);
        if unnamed > pruned {
            self.merge(journal, &[pruned + 1..=unnamed], Task::Name, progress, ignored)?;
        }
        if pruned == 0 {
            self.merge(journal, &ranges, Task::Both, progress, ignored)?;
        } else {
            let rest = entries::after(&ranges, self.loaded.come.seq);
            self.merge(journal, &rest, Task::Left, progress, ignored)?;
            self.pairs.all.iter_mut().for_each(Pair::copy_left);
            self.merge(journal, &ranges, Task::Right, progress, ignored)?;
        }
        Ok(())
    }

    /// Merges the events of the locations that are among these entries.
    pub(super) fn merge(
        &mut self,
        journal: &mut dyn JournalReader,
        ranges: &[RangeInclusive<Seq>],
        task: Task,
        progress: &mut Progress<'_>,
        merged: MergeSink<'_>,
    ) -> Result<(), JournalError> {
        let Pairs { all, by_id } = &mut self.pairs;
        let by_id = &*by_id;
        let mut wanted = |id: &str| progress.count() && by_id.contains_key(id);
        let (counted_upto, seen) = (self.counted_upto, &mut self.seen);
        entries::read(journal, ranges, &mut wanted, &mut |seq, entry| {
            let pair = by_id.get(entry.location).and_then(|index| all.get_mut(*index));
            *seen += u64::from(task.is_right() && seq <= counted_upto);
            pair.map_or(Ok(()), |pair| pair.merge(seq, entry, task, merged))
        })?;
        for Pair { left, right, compactions, .. } in &mut self.pairs.all {
            if task.is_left() {
                left.compact_before(self.head + 1, compactions);
            }
            if task.is_right() {
                right.compact_before(self.head + 1, compactions);
            }
        }
        Ok(())
    }
}

impl Task {
    fn is_left(self) -> bool {
        matches!(self, Self::Left | Self::Both)
    }

    fn is_right(self) -> bool {
        matches!(self, Self::Right | Self::Both)
    }
}

impl Pair {
    fn merge(
        &mut self,
        seq: Seq,
        entry: &JournalEntry<'_>,
        task: Task,
        merged: MergeSink<'_>,
    ) -> Result<(), JournalError> {
        if task == Task::Name {
            return self.name(seq, entry);
        }
        if task == Task::Right && self.right.includes(seq) {
            return Ok(());
        }
        let Some(event) = history::decode_entry(seq, entry)? else { return Ok(()) };
        let Self { left, right, compactions, .. } = self;
        if task.is_left() {
            left.merge(seq, &event, compactions);
        }
        if task.is_right()
            && let Some(outcome) = right.merge(seq, &event, compactions)
        {
            merged(seq, outcome)?;
        }
        Ok(())
    }

    /// Takes the names of an event that the checkpoint covers without them.
    fn name(&mut self, seq: Seq, entry: &JournalEntry<'_>) -> Result<(), JournalError> {
        let event_type = EventType::from_name(entry.event_type);
        if !self.left.is_present || event_type.is_none_or(|it| !it.has_name() && !it.has_schema()) {
            return Ok(());
        }
        if let Some(event) = history::decode_entry(seq, entry)? {
            let stamp = Stamp::new(event.at, event.event_type.rank(), seq);
            self.left.graph.merge_names(&event, stamp);
        }
        Ok(())
    }
}
