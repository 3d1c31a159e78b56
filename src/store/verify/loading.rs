//! Loading the locations of a round from the checkpoint.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use crate::journal::{CheckpointRow, CheckpointSeq, JournalError, JournalReader};
use crate::model::{LocationId, Seq};
use crate::store::verify::pair::{Pair, Pairs};
use crate::store::verify::summary::Summary;

/// How far the checkpoint had come when locations were loaded from it.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) come: CheckpointSeq,
    /// The newest event of any row.
    newest: Seq,
    /// Whether a row is not what was saved.
    pub(super) is_damaged: bool,
}

impl Loaded {
    /// Returns the error of a checkpoint with rows newer than itself. It means nothing where
    /// rows are damaged, in which the seq itself may be wrong.
    pub(super) fn check_newest(&self, head: Seq) -> Result<(), JournalError> {
        let (newest, upto) = (self.newest, self.come.newest);
        if newest <= upto {
            Ok(())
        } else if newest > head {
            Err(JournalError::CutOff { head, checkpoint: newest })
        } else {
            Err(damaged(format!("it names event {newest}, after its own {upto}")))
        }
    }
}

fn damaged(reason: String) -> JournalError {
    JournalError::DamagedCheckpoint { reason }
}

/// Loads the left sides, as opening does, but records damage of one location with it.
pub(super) fn load(
    journal: &mut dyn JournalReader,
    pairs: &mut Pairs,
) -> Result<Loaded, JournalError> {
    let Pairs { all, by_id } = pairs;
    let mut loader = Loader {
        pairs: all,
        by_id,
        by_number: BTreeMap::new(),
        current: None,
        loaded: Loaded::default(),
    };
    let mut wanted = |id: &str, _: Option<u64>| by_id.contains_key(id);
    let come = journal.load_locations(&mut wanted, &mut |row| loader.restore(row))?;
    let found = Loaded { come, ..loader.loaded };
    for pair in all {
        let rows = pair.left.graph.row_count();
        if let Some(saved) = pair.saved_rows.filter(|saved| rows != *saved) {
            let reason = || format!("it has {rows} rows, {saved} were saved");
            pair.damage.get_or_insert_with(reason);
        }
        let is_whole = pair.saved_rows.is_some() && pair.damage.is_none();
        pair.held = is_whole.then(|| Summary::of(&pair.left.graph));
    }
    Ok(found)
}

struct Loader<'p> {
    pairs: &'p mut [Pair],
    by_id: &'p HashMap<LocationId, usize, RandomState>,
    /// Where the locations shown so far are, by number.
    by_number: BTreeMap<u32, usize>,
    /// The location of the last row.
    current: Option<(u32, usize)>,
    loaded: Loaded,
}

impl Loader<'_> {
    fn restore(&mut self, row: &CheckpointRow<'_>) -> Result<(), JournalError> {
        match row {
            CheckpointRow::Location { number, id, rows, seq } => {
                let is_next = self.by_number.last_key_value().is_none_or(|(last, _)| last < number);
                let index = self.by_id.get(*id).filter(|_| is_next);
                let found = index.and_then(|index| Some((*index, self.pairs.get_mut(*index)?)));
                let found = found.filter(|(_, pair)| !pair.left.is_present);
                let (index, pair) =
                    found.ok_or_else(|| damaged(format!("location {id} is out of order")))?;
                pair.left.is_present = true;
                (pair.saved_rows, pair.saved_seq) = (*rows, *seq);
                self.by_number.insert(*number, index);
                Ok(())
            }
            CheckpointRow::State { location, row } => {
                self.loaded.newest = self.loaded.newest.max(row.newest());
                let pair = self.pair(*location)?;
                if let Err(reason) = pair.left.graph.restore(row) {
                    pair.damage.get_or_insert_with(|| format!("{reason}: {row:?}"));
                }
                Ok(())
            }
            CheckpointRow::Damaged { location, reason } => {
                self.loaded.is_damaged = true;
                self.pair(*location)?.damage.get_or_insert_with(|| (*reason).to_owned());
                Ok(())
            }
            CheckpointRow::Summary { .. }
            | CheckpointRow::Dropped { .. }
            | CheckpointRow::SkipIndex { .. }
            | CheckpointRow::LocationBlocks { .. }
            | CheckpointRow::LocationBlocksOf { .. }
            | CheckpointRow::Redeliveries { .. }
            | CheckpointRow::NoOp { .. } => Ok(()),
        }
    }

    fn pair(&mut self, number: u32) -> Result<&mut Pair, JournalError> {
        let current = self.current.filter(|(current, _)| *current == number);
        let index = match current {
            Some((_, index)) => Some(index),
            None => self.by_number.get(&number).copied(),
        };
        self.current = index.map(|index| (number, index));
        let pair = index.and_then(|index| self.pairs.get_mut(index));
        pair.ok_or_else(|| damaged(format!("no location {number}")))
    }
}
