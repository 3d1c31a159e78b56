//! Opening: the checkpoint, then the rest of the journal.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::journal::{CheckpointRow, CheckpointSeq, Journal, JournalError, JournalReader};
use crate::model::{LocationId, Seq};
use crate::store::history;
use crate::store::loaded_checkpoint::LoadedCheckpoint;
use crate::store::locations::{Location, Locations};
use crate::store::options::Options;
use crate::store::writer::checkpoint::Checkpointer;
use crate::store::writer::compaction::{Compactions, Due};
use crate::store::writer::merge::merge_event;

/// A store could not be opened.
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

/// What opening found.
pub(crate) struct Recovered {
    pub(crate) locations: Locations,
    pub(crate) checkpointer: Checkpointer,
    pub(crate) checkpoint: Seq,
    pub(crate) head: Seq,
    /// All that were written down, as far as they are kept.
    pub(crate) compactions: Compactions,
}

impl Recovered {
    /// Saves what was rebuilt from the events, if the checkpoint was damaged.
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

/// Builds the graphs from the checkpoint and the events behind it, or, where the
/// checkpoint is damaged and no event is pruned, from every event: the next save then
/// replaces the checkpoint.
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
        Ok(loaded) => go_on(journal, loaded, locations, Checkpointer::new(options)),
        Err(JournalError::DamagedCheckpoint { reason }) if journal.pruned()? == 0 => {
            let advice = "look at the disk; `relata verify` compares the two";
            tracing::error!(reason, advice, "the checkpoint is damaged: all events are replayed");
            let (nothing, locations) = (LoadedCheckpoint::default(), Locations::of(only));
            go_on(journal, nothing, locations, Checkpointer::new(options).replacing())
        }
        Err(error) => Err(error),
    }
}

/// Adds the events behind what was loaded.
pub(crate) fn go_on(
    journal: &mut dyn JournalReader,
    loaded: LoadedCheckpoint,
    locations: Locations,
    checkpointer: Checkpointer,
) -> Result<Recovered, JournalError> {
    let head = journal.head()?;
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
    let replaying =
        Replaying { after: checkpoint, upto: head, compactions: &compactions, again: false };
    let head = replay(journal, &replaying, &locations, &mut checkpointer)?;
    Ok(Recovered { locations, checkpointer, checkpoint, head, compactions })
}

/// As [`recover`], of one location alone or of all, while another process writes: it
/// may save a checkpoint and prune after the one that was there has been read.
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

/// Told of a location, by id, whose rows are not what was saved, and why; says whether
/// to go on.
type DamageSink<'s> = &'s mut dyn FnMut(&str, String) -> Result<(), JournalError>;

/// Loads the checkpoint and returns how far it has come.
pub(crate) fn load_checkpoint(
    journal: &mut dyn JournalReader,
    locations: &Locations,
    damage: DamageSink<'_>,
) -> Result<LoadedCheckpoint, JournalError> {
    let damaged = |reason: String| JournalError::DamagedCheckpoint { reason };
    let mut current: Option<Arc<Location>> = None;
    let (mut newest, mut is_damaged) = (0, false);
    let (mut saved_rows, mut saved_seqs) = (Vec::new(), BTreeMap::new());
    let only = locations.only();
    let mut restore = |row: &CheckpointRow<'_>| match row {
        CheckpointRow::Location { number, id, rows, seq } => {
            let number = if only.is_some() { 0 } else { *number };
            let restored = locations.restore(number, &LocationId::from(*id));
            let out_of_order = || damaged(format!("location {id} is out of order"));
            let location = restored.ok_or_else(out_of_order)?;
            saved_seqs.extend(seq.map(|seq| (number, seq)));
            saved_rows.extend(rows.map(|rows| (location, rows)));
            Ok(())
        }
        CheckpointRow::State { location, row } => {
            newest = newest.max(row.newest());
            // One that is alone is the first here, whatever it is there.
            let number = if only.is_some() { 0 } else { *location };
            let known = current.take().filter(|current| current.number == number);
            let found = known.or_else(|| locations.at(number));
            let found = found.ok_or_else(|| damaged(format!("no location {location}")))?;
            let restored = found.write().restore(row);
            restored.or_else(|reason| damage(found.id().as_str(), format!("{reason}: {row:?}")))?;
            current = Some(found);
            Ok(())
        }
        CheckpointRow::Damaged { location, reason } => {
            is_damaged = true;
            let found = locations.at(*location);
            let found = found.ok_or_else(|| damaged(format!("no location {location}")))?;
            damage(found.id().as_str(), (*reason).to_owned())
        }
        CheckpointRow::Dropped { .. }
        | CheckpointRow::SkipIndex { .. }
        | CheckpointRow::LocationBlocks { .. }
        | CheckpointRow::LocationBlocksOf { .. }
        | CheckpointRow::Redeliveries { .. }
        | CheckpointRow::NoOp { .. } => Ok(()),
    };
    let come = match only {
        Some(id) => journal.load_location(id, &mut restore)?,
        None => journal.load_checkpoint(&mut restore)?,
    };
    for (location, saved) in saved_rows {
        let found = location.read().row_count();
        if found != saved {
            damage(location.id().as_str(), format!("it has {found} rows, {saved} were saved"))?;
        }
    }
    // Of a damaged row the seq may be what is wrong.
    if newest > come.newest && !is_damaged {
        let head = journal.head()?;
        if newest > head {
            return Err(JournalError::CutOff { head, checkpoint: newest });
        }
        let upto = come.newest;
        return Err(damaged(format!("it speaks of event {newest}, behind its own {upto}")));
    }
    saved_seqs.retain(|_, seq| *seq > come.seq);
    Ok(LoadedCheckpoint { come, locations: saved_seqs })
}

/// What to replay.
pub(crate) struct Replaying<'c> {
    /// The events behind this one.
    pub(crate) after: Seq,
    /// The last event.
    pub(crate) upto: Seq,
    /// What was dropped between them.
    pub(crate) compactions: &'c Compactions,
    /// Whether they are merged a second time, into what they have made: those from before
    /// something was dropped of their location are passed over then, since what they speak
    /// of may not be there any more.
    pub(crate) again: bool,
}

/// Merges every event, does every compaction, and returns the last event.
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
    let &Replaying { after, upto, compactions, again } = replaying;
    let mut due = if again { Due::default() } else { compactions.from(after) };
    let mut head = after;
    let mut failed = None;
    let read = catch_unwind(AssertUnwindSafe(|| {
        journal.read(after, &mut |seq, entry| {
            if seq > upto {
                return ControlFlow::Break(());
            }
            due.do_upto(seq - 1, locations, checkpointer);
            let is_passed = again && seq <= compactions.last_of(entry.location);
            if is_passed || !locations.holds(entry.location) {
                head = seq;
                return ControlFlow::Continue(());
            }
            match history::read(seq, &entry) {
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
    due.do_upto(head, locations, checkpointer);
    Ok(head)
}
