//! Opening: the checkpoint, then the rest of the journal.

use std::ops::ControlFlow;

use super::checkpoint::Checkpointer;
use super::locations::{Location, Locations};
use super::writer::merge;
use super::{Options, history};
use crate::journal::{CheckpointRow, JournalError, JournalReader};
use crate::model::{LocationId, Seq, address};
use std::sync::Arc;

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
pub(super) struct Recovered {
    pub(super) locations: Locations,
    pub(super) checkpointer: Checkpointer,
    pub(super) checkpoint: Seq,
    pub(super) head: Seq,
}

/// Builds the graphs from the checkpoint and the events behind it.
pub(super) fn recover(
    journal: &mut dyn JournalReader,
    options: &Options,
) -> Result<Recovered, JournalError> {
    recover_into(journal, options, Locations::default())
}

fn recover_into(
    journal: &mut dyn JournalReader,
    options: &Options,
    locations: Locations,
) -> Result<Recovered, JournalError> {
    let checkpoint = load_checkpoint(journal, &locations)?;
    let saved = address(locations.all().len());
    let mut checkpointer = Checkpointer::new(options, saved);
    let head = journal.head()?;
    if head < checkpoint {
        return Err(JournalError::CutOff { head, checkpoint });
    }
    let pruned = journal.pruned()?;
    if checkpoint < pruned {
        return Err(JournalError::Pruned { pruned, checkpoint });
    }
    let head = replay(journal, checkpoint, head, &locations, &mut checkpointer)?;
    locations.news.advance(head);
    Ok(Recovered { locations, checkpointer, checkpoint, head })
}

/// As [`recover`], of one location alone or of all, while another process writes: it
/// may save a checkpoint and prune after the one that was there has been read.
pub(super) fn recover_beside_writer(
    journal: &mut dyn JournalReader,
    options: &Options,
    only: Option<&str>,
) -> Result<Recovered, JournalError> {
    match recover_into(journal, options, Locations::of(only)) {
        Err(JournalError::Pruned { .. } | JournalError::PrunedWhileReading { .. }) => {
            recover_into(journal, options, Locations::of(only))
        }
        recovered => recovered,
    }
}

fn load_checkpoint(
    journal: &mut dyn JournalReader,
    locations: &Locations,
) -> Result<Seq, JournalError> {
    let damaged = |reason: String| JournalError::DamagedCheckpoint { reason };
    let mut current: Option<Arc<Location>> = None;
    let mut newest = 0;
    let only = locations.only();
    let mut restore = |row: &CheckpointRow<'_>| match row {
        CheckpointRow::Location { number, id } => {
            let location = locations.intern(&LocationId::from(*id));
            let fits = only.is_some() || location.number == *number;
            if fits { Ok(()) } else { Err(damaged(format!("location {id} is out of order"))) }
        }
        CheckpointRow::State { location, row } => {
            newest = newest.max(row.newest());
            // One that is alone is the first here, whatever it is there.
            let number = if only.is_some() { 0 } else { *location };
            let known = current.take().filter(|current| current.number == number);
            let found = known.or_else(|| locations.at(number));
            let found = found.ok_or_else(|| damaged(format!("no location {location}")))?;
            let restored = found.write().restore(row);
            restored.map_err(|reason| damaged(format!("{reason}: {row:?} of {}", found.id())))?;
            current = Some(found);
            Ok(())
        }
        CheckpointRow::Mentions { .. }
        | CheckpointRow::Repeats { .. }
        | CheckpointRow::Idle { .. } => Ok(()),
    };
    let upto = match only {
        Some(id) => journal.load_location(id, &mut restore)?,
        None => journal.load_checkpoint(&mut restore)?,
    };
    if newest > upto {
        return Err(damaged(format!("it speaks of event {newest}, behind its own {upto}")));
    }
    Ok(upto)
}

/// Merges every event after `after` and up to `upto`, and returns the last.
pub(super) fn replay(
    journal: &mut dyn JournalReader,
    after: Seq,
    upto: Seq,
    locations: &Locations,
    checkpointer: &mut Checkpointer,
) -> Result<Seq, JournalError> {
    let mut head = after;
    let mut failed = None;
    journal.read(after, &mut |seq, entry| {
        if seq > upto {
            return ControlFlow::Break(());
        }
        if !locations.holds(entry.location) {
            head = seq;
            return ControlFlow::Continue(());
        }
        match history::read(seq, &entry) {
            Ok(event) => {
                head = seq;
                match event {
                    Some(event) => {
                        merge(locations, seq, &event, checkpointer);
                    }
                    None => checkpointer.pass(seq),
                }
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(head), Err)
}
