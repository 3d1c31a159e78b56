//! Opening: the checkpoint, then the rest of the journal.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::graph::LocationGraph;
use crate::journal::{CheckpointRow, CheckpointSeq, Journal, JournalError, JournalReader};
use crate::model::{EventType, LocationId, Seq, Stamp};
use crate::store::history;
use crate::store::loaded_checkpoint::LoadedCheckpoint;
use crate::store::location::Location;
use crate::store::locations::Locations;
use crate::store::options::Options;
use crate::store::writer::checkpoint::checkpointer::Checkpointer;
use crate::store::writer::compaction::Compactions;
use crate::store::writer::merge::merge_event;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The journal cannot be opened or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The writer's thread cannot be started.
    #[error("cannot start the writer: {0}")]
    Thread(#[source] std::io::Error),
}

/// The state that opening found.
pub(crate) struct Recovered {
    pub(crate) locations: Locations,
    pub(crate) checkpointer: Checkpointer,
    pub(crate) checkpoint: Seq,
    pub(crate) head: Seq,
}

impl Recovered {
    /// Saves the names that a checkpoint of an older version lacked.
    pub(crate) fn save_names(&mut self, journal: &mut dyn Journal) -> Result<(), JournalError> {
        if journal.unnamed_upto()? > 0 {
            self.checkpointer.save_whole(journal, &self.locations, self.head)?;
            self.checkpoint = self.head;
            journal.finish_naming()?;
        }
        Ok(())
    }

    /// Saves what each location holds, which an older version did not.
    pub(crate) fn save_summaries(&self, journal: &mut dyn Journal) -> Result<(), JournalError> {
        let come = self.checkpointer.saved.come;
        journal.save_checkpoint(come, &mut |put| {
            self.locations.all().iter().try_for_each(|location| {
                let graph = location.read();
                let (name, counts) = (graph.name(), graph.view().counts());
                let (location, tombstones) = (location.number, graph.tombstones(&counts));
                put(&CheckpointRow::Summary { location, name, counts, tombstones })
            })
        })
    }

    /// Saves the state rebuilt from the events, if the checkpoint was damaged.
    pub(crate) fn replace_damaged_checkpoint(
        &mut self,
        journal: &mut dyn Journal,
    ) -> Result<(), JournalError> {
        if self.checkpointer.is_replacing() {
            self.checkpointer.save_whole(journal, &self.locations, self.head)?;
            self.checkpoint = self.head;
            tracing::warn!(events = self.head, "the checkpoint was replaced");
        }
        Ok(())
    }
}

/// Builds the graphs from the checkpoint and the events after it, or, where the checkpoint
/// is damaged and no event is pruned, from every event: the next save then replaces the
/// checkpoint.
pub(crate) fn recover(
    journal: &mut dyn JournalReader,
    options: &Options,
) -> Result<Recovered, JournalError> {
    recover_into(journal, options, None)
}

fn recover_into(
    journal: &mut dyn JournalReader,
    options: &Options,
    only: Option<&str>,
) -> Result<Recovered, JournalError> {
    let locations = Locations::of(only);
    let loaded = load_checkpoint(journal, &locations, &mut |location, reason| {
        let reason = format!("{reason}, in location {location}");
        Err(JournalError::DamagedCheckpoint { reason })
    });
    match loaded {
        Ok(loaded) => replay_rest(journal, loaded, locations, Checkpointer::new(options)),
        Err(JournalError::DamagedCheckpoint { reason }) if journal.pruned()? == 0 => {
            let advice = "look at the disk; `relata verify` compares the two";
            tracing::error!(reason, advice, "the checkpoint is damaged: all events are replayed");
            let (nothing, locations) = (LoadedCheckpoint::default(), Locations::of(only));
            replay_rest(journal, nothing, locations, Checkpointer::new(options).replacing())
        }
        Err(error) => Err(error),
    }
}

/// Replays the events after the checkpoint that was loaded.
fn replay_rest(
    journal: &mut dyn JournalReader,
    loaded: LoadedCheckpoint,
    locations: Locations,
    checkpointer: Checkpointer,
) -> Result<Recovered, JournalError> {
    let head = journal.head()?;
    replay_upto(journal, head, loaded, locations, checkpointer)
}

/// Replays the events after the checkpoint that was loaded, up to this one.
pub(crate) fn replay_upto(
    journal: &mut dyn JournalReader,
    head: Seq,
    loaded: LoadedCheckpoint,
    locations: Locations,
    checkpointer: Checkpointer,
) -> Result<Recovered, JournalError> {
    let CheckpointSeq { seq: checkpoint, newest } = loaded.come;
    if head < newest {
        return Err(JournalError::CutOff { head, checkpoint: newest });
    }
    let mut checkpointer = checkpointer.after(loaded);
    let pruned = journal.pruned()?;
    if checkpoint < pruned {
        return Err(JournalError::CheckpointOutdated { pruned, checkpoint });
    }
    let compactions = Compactions::load(journal, 0)?;
    let unnamed = journal.unnamed_upto()?.min(head);
    if unnamed > 0 {
        name_from_events(journal, unnamed, &locations, &mut checkpointer)?;
    }
    let replaying = Replaying { after: checkpoint, upto: head, compactions: &compactions };
    let head = replay(journal, &replaying, &locations, &mut checkpointer)?;
    Ok(Recovered { locations, checkpointer, checkpoint, head })
}

/// Takes the names from events that a checkpoint of an older version covers without them.
fn name_from_events(
    journal: &mut dyn JournalReader,
    upto: Seq,
    locations: &Locations,
    checkpointer: &mut Checkpointer,
) -> Result<(), JournalError> {
    let mut failed = None;
    let after = journal.pruned()?;
    journal.read(after, &mut |seq, entry| {
        if seq > upto {
            return ControlFlow::Break(());
        }
        let event_type = EventType::from_name(entry.event_type);
        if event_type.is_none_or(|it| !it.has_name() && !it.has_schema()) {
            return ControlFlow::Continue(());
        }
        let Some(location) = locations.find(entry.location) else {
            return ControlFlow::Continue(());
        };
        match history::decode_entry(seq, &entry) {
            Ok(Some(event)) => {
                let stamp = Stamp::new(event.at, event.event_type.rank(), seq);
                location.write().merge_names(&event, stamp);
                checkpointer.record_name(location.number);
                ControlFlow::Continue(())
            }
            Ok(None) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(()), Err)
}

/// Recovers one location or all as [`recover`] does, while another process writes, which may
/// save a checkpoint and prune after the earlier checkpoint has been read.
pub(crate) fn recover_beside_writer(
    journal: &mut dyn JournalReader,
    options: &Options,
    only: Option<&str>,
) -> Result<Recovered, JournalError> {
    match recover_into(journal, options, only) {
        Err(JournalError::CheckpointOutdated { .. } | JournalError::PrunedWhileReading { .. }) => {
            recover_into(journal, options, only)
        }
        recovered => recovered,
    }
}

/// Takes the id of a location whose rows are not what was saved, and why; an error ends the
/// loading.
type DamageSink<'s> = &'s mut dyn FnMut(&str, String) -> Result<(), JournalError>;

/// A checkpoint that is being loaded.
struct CheckpointLoader<'l> {
    locations: &'l Locations,
    damage: DamageSink<'l>,
    /// The location of the last row.
    current: Option<Arc<Location>>,
    /// The newest event of any row.
    newest: Seq,
    is_damaged: bool,
    /// Number of rows that were saved of each location.
    saved_rows: Vec<(Arc<Location>, u64)>,
    /// By number, the event that all rows of a location cover, where known.
    saved_seqs: BTreeMap<u32, Seq>,
}

fn damaged(reason: String) -> JournalError {
    JournalError::DamagedCheckpoint { reason }
}

impl CheckpointLoader<'_> {
    /// Returns the number under which a location is loaded. A single location is the first
    /// here, whatever number it has there.
    fn number_here(&self, number: u32) -> u32 {
        if self.locations.only().is_some() { 0 } else { number }
    }

    fn restore(&mut self, row: &CheckpointRow<'_>) -> Result<(), JournalError> {
        match row {
            CheckpointRow::Location { number, id, rows, seq } => {
                let number = self.number_here(*number);
                let id_here = LocationId::from(*id);
                let restored = self.locations.restore(number, &id_here, LocationGraph::new());
                let out_of_order = || damaged(format!("location {id} is out of order"));
                let location = restored.ok_or_else(out_of_order)?;
                self.saved_seqs.extend(seq.map(|seq| (number, seq)));
                self.saved_rows.extend(rows.map(|rows| (location, rows)));
                Ok(())
            }
            CheckpointRow::State { location, row } => {
                self.newest = self.newest.max(row.newest());
                let number = self.number_here(*location);
                let known = self.current.take().filter(|current| current.number == number);
                let found = known.or_else(|| self.locations.at(number));
                let found = found.ok_or_else(|| damaged(format!("no location {location}")))?;
                let restored = found.write().restore(row);
                restored.or_else(|reason| {
                    (self.damage)(found.id().as_str(), format!("{reason}: {row:?}"))
                })?;
                self.current = Some(found);
                Ok(())
            }
            CheckpointRow::Damaged { location, reason } => {
                self.is_damaged = true;
                let found = self.locations.at(*location);
                let found = found.ok_or_else(|| damaged(format!("no location {location}")))?;
                (self.damage)(found.id().as_str(), (*reason).to_owned())
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

    /// Compares the numbers of rows loaded and saved.
    fn check_row_counts(&mut self) -> Result<(), JournalError> {
        for (location, saved) in std::mem::take(&mut self.saved_rows) {
            let found = location.read().row_count();
            if found != saved {
                let reason = format!("it has {found} rows, {saved} were saved");
                (self.damage)(location.id().as_str(), reason)?;
            }
        }
        Ok(())
    }
}

/// Loads the checkpoint and returns how far it has come.
pub(crate) fn load_checkpoint(
    journal: &mut dyn JournalReader,
    locations: &Locations,
    damage: DamageSink<'_>,
) -> Result<LoadedCheckpoint, JournalError> {
    let mut loader = CheckpointLoader {
        locations,
        damage,
        current: None,
        newest: 0,
        is_damaged: false,
        saved_rows: Vec::new(),
        saved_seqs: BTreeMap::new(),
    };
    let come = match locations.only() {
        Some(id) => journal.load_location(id, &mut |row| loader.restore(row))?,
        None => journal.load_checkpoint(&mut |row| loader.restore(row))?,
    };
    loader.check_row_counts()?;
    let CheckpointLoader { newest, is_damaged, mut saved_seqs, .. } = loader;
    // In a damaged row the seq itself may be wrong.
    if newest > come.newest && !is_damaged {
        let head = journal.head()?;
        if newest > head {
            return Err(JournalError::CutOff { head, checkpoint: newest });
        }
        let upto = come.newest;
        return Err(damaged(format!("it names event {newest}, after its own {upto}")));
    }
    saved_seqs.retain(|_, seq| *seq > come.seq);
    Ok(LoadedCheckpoint { come, locations: saved_seqs })
}

/// Which events to replay.
pub(crate) struct Replaying<'c> {
    /// Events after this one.
    pub(crate) after: Seq,
    /// The last event.
    pub(crate) upto: Seq,
    /// The compactions between them.
    pub(crate) compactions: &'c Compactions,
}

/// Merges every event, repeats every compaction, and returns the last event.
///
/// # Errors
///
/// [`JournalError::MergePanicked`] names an event that cannot be merged: a supervisor would
/// otherwise restart a process that ends each time without a reason.
pub(crate) fn replay(
    journal: &mut dyn JournalReader,
    replaying: &Replaying<'_>,
    locations: &Locations,
    checkpointer: &mut Checkpointer,
) -> Result<Seq, JournalError> {
    let &Replaying { after, upto, compactions } = replaying;
    let mut due = compactions.from(after);
    let mut head = after;
    let mut failed = None;
    let read = catch_unwind(AssertUnwindSafe(|| {
        journal.read(after, &mut |seq, entry| {
            if seq > upto {
                return ControlFlow::Break(());
            }
            due.apply_upto(seq - 1, locations, checkpointer);
            if !locations.admits(entry.location) {
                head = seq;
                return ControlFlow::Continue(());
            }
            match history::decode_entry(seq, &entry) {
                Ok(event) => {
                    match event {
                        Some(event) => {
                            merge_event(locations, seq, &event, checkpointer);
                        }
                        None => checkpointer.skip_event(entry.location, seq),
                    }
                    head = seq;
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })
    }));
    read.map_err(|_| JournalError::MergePanicked { seq: head + 1 })??;
    failed.map_or(Ok(()), Err)?;
    due.apply_upto(head, locations, checkpointer);
    Ok(head)
}
