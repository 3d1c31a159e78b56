//! The first look: which locations there are on either side, and how large they are.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::journal::{CheckpointRow, CheckpointSeq, JournalEntry, JournalError, JournalReader};
use crate::model::{LocationId, Seq};
use crate::store::history;
use crate::store::verify::entries;
use crate::store::verify::progress::Progress;

/// Bytes in memory of a graph with next to nothing in it, about.
const GRAPH_BYTES: u64 = 4_096;

/// Bytes in memory of a row of a checkpoint, about.
const ROW_BYTES: u64 = 128;

/// Rows that an event adds at most, about: a relation and a new record.
const EVENT_ROWS: u64 = 2;

/// What is known of a location before its graphs are made.
#[derive(Debug, Default)]
pub(super) struct Known {
    is_saved: bool,
    /// Number of rows in the checkpoint.
    rows: u64,
    /// The first event that the replay merges, and the first of those after the checkpoint.
    first: Option<Seq>,
    first_after: Option<Seq>,
    /// Number of entries, and of those after the checkpoint.
    pub(super) entries: u64,
    entries_after: u64,
    /// The last event before its last compaction.
    compacted: Seq,
}

impl Known {
    /// Returns about how much memory one of its graphs takes.
    fn bytes(&self) -> u64 {
        let events = if self.is_saved { self.entries_after } else { self.entries };
        GRAPH_BYTES + (self.rows + events * EVENT_ROWS) * ROW_BYTES
    }
}

/// The locations of a journal and its checkpoint.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) head: Seq,
    pub(super) pruned: Seq,
    pub(super) come: CheckpointSeq,
    /// Why the checkpoint cannot be read, where it is damaged as a whole.
    pub(super) damage: Option<String>,
    pub(super) known: HashMap<LocationId, Known, RandomState>,
    /// The locations of the checkpoint, in order.
    saved: Vec<LocationId>,
}

impl Survey {
    /// Reads every event, which also proves that none is damaged.
    pub(super) fn take(
        journal: &mut dyn JournalReader,
        progress: &mut Progress<'_>,
    ) -> Result<Self, JournalError> {
        let mut survey = Self::default();
        match survey.list(journal) {
            Ok(come) => survey.come = come,
            Err(JournalError::DamagedCheckpoint { reason }) if journal.pruned()? == 0 => {
                survey = Self { damage: Some(reason), ..Self::default() };
            }
            Err(error) => return Err(error),
        }
        survey.head = journal.head()?;
        if survey.head < survey.come.newest {
            let (head, checkpoint) = (survey.head, survey.come.newest);
            return Err(JournalError::CutOff { head, checkpoint });
        }
        survey.pruned = journal.pruned()?;
        if survey.come.seq < survey.pruned {
            let (pruned, checkpoint) = (survey.pruned, survey.come.seq);
            return Err(JournalError::CheckpointOutdated { pruned, checkpoint });
        }
        if survey.pruned > 0 {
            for compaction in journal.compactions(0)? {
                let known = survey.known.entry(LocationId::from(&*compaction.location));
                known.or_default().compacted = compaction.at;
            }
        }
        progress.expect(survey.head - survey.pruned);
        let all = survey.pruned + 1..=survey.head;
        let count = &mut |_: &str| progress.count();
        entries::read(journal, &[all], count, &mut |seq, entry| survey.add(seq, entry))?;
        Ok(survey)
    }

    /// Lists the locations of the checkpoint, and counts their rows.
    fn list(&mut self, journal: &mut dyn JournalReader) -> Result<CheckpointSeq, JournalError> {
        let mut are_counted = true;
        let mut each = |id: &str, rows: Option<u64>| {
            are_counted &= rows.is_some();
            let known = Known { is_saved: true, rows: rows.unwrap_or(0), ..Known::default() };
            self.known.insert(id.into(), known);
            self.saved.push(id.into());
            false
        };
        let come = journal.load_locations(&mut each, &mut |_| Ok(()))?;
        if !are_counted {
            // Those in the middle of being saved, or all of an older file.
            let known = &mut self.known;
            let mut ids = HashMap::<u32, LocationId, RandomState>::default();
            journal.load_locations(&mut |_, rows| rows.is_none(), &mut |row| {
                match row {
                    CheckpointRow::Location { number, id, .. } => {
                        ids.insert(*number, (*id).into());
                    }
                    CheckpointRow::State { location, .. } => {
                        let of_it = ids.get(location).and_then(|id| known.get_mut(id));
                        if let Some(known) = of_it {
                            known.rows += 1;
                        }
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(come)
    }

    fn add(&mut self, seq: Seq, entry: &JournalEntry<'_>) -> Result<(), JournalError> {
        if !self.known.contains_key(entry.location) {
            self.known.insert(entry.location.into(), Known::default());
        }
        let Some(known) = self.known.get_mut(entry.location) else { return Ok(()) };
        let is_after = seq > self.come.seq;
        known.entries += 1;
        known.entries_after += u64::from(is_after);
        let is_wanted = known.first.is_none() && seq > known.compacted
            || is_after && known.first_after.is_none();
        if is_wanted && history::decode_entry(seq, entry)?.is_some() {
            if seq > known.compacted {
                known.first.get_or_insert(seq);
            }
            if is_after {
                known.first_after.get_or_insert(seq);
            }
        }
        Ok(())
    }

    /// Returns the locations that opening gives, in order.
    pub(super) fn left(&self) -> Vec<LocationId> {
        self.with_others(|known| known.first_after)
    }

    /// Returns the locations that the events give, in order. Those of a pruned journal are
    /// merged into what opening gives.
    pub(super) fn right(&self) -> Vec<LocationId> {
        if self.pruned == 0 {
            return self.sorted(|known| known.first);
        }
        let mut right = self.left();
        let others = |known: &Known| {
            let is_left = known.is_saved || known.first_after.is_some();
            known.first.filter(|_| !is_left)
        };
        right.extend(self.sorted(others));
        right
    }

    /// Returns every location of either side, those of the checkpoint first.
    fn all(&self) -> Vec<LocationId> {
        self.with_others(|known| known.first)
    }

    fn with_others(&self, first: impl Fn(&Known) -> Option<Seq>) -> Vec<LocationId> {
        let mut all = self.saved.clone();
        all.extend(self.sorted(|known| first(known).filter(|_| !known.is_saved)));
        all
    }

    fn sorted(&self, first: impl Fn(&Known) -> Option<Seq>) -> Vec<LocationId> {
        let found = self.known.iter().filter_map(|(id, known)| Some((first(known)?, id)));
        let mut found: Vec<_> = found.collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id.clone()).collect()
    }

    /// Divides all locations into rounds, the graphs of each of which take about this much
    /// memory, or are those of one location.
    pub(super) fn rounds(&self, bytes_max: u64) -> Vec<Vec<LocationId>> {
        self.divided(self.all(), bytes_max / 2)
    }

    /// Divides locations into parts, a graph of each of which takes about this much memory.
    pub(super) fn divided(&self, ids: Vec<LocationId>, bytes_max: u64) -> Vec<Vec<LocationId>> {
        let mut rounds: Vec<Vec<LocationId>> = Vec::new();
        let mut room = 0;
        for id in ids {
            let bytes = self.known.get(&id).map_or(0, Known::bytes);
            match rounds.last_mut() {
                Some(round) if bytes <= room => {
                    round.push(id);
                    room -= bytes;
                }
                _ => {
                    rounds.push(vec![id]);
                    room = bytes_max.saturating_sub(bytes);
                }
            }
        }
        rounds
    }
}
