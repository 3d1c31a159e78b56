//! Opening a large store: the list of its locations and what lies behind the checkpoint. The
//! graphs of all other locations are loaded when they are needed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::journal::{CheckpointRow, Journal, JournalError, JournalReader, Position};
use crate::model::{EventType, LocationId, Seq};
use crate::store::load_graph::{Rows, load_graph};
use crate::store::loaded_checkpoint::LoadedCheckpoint;
use crate::store::locations::{Found, Locations};
use crate::store::options::Options;
use crate::store::recovery::{Recovered, recover, recover_beside_writer, replay_upto};
use crate::store::writer::checkpoint::checkpointer::Checkpointer;

/// Reads what is needed of the graphs, and saves what an older version did not.
pub(crate) fn open_graphs(
    journal: &mut dyn Journal,
    options: &Options,
) -> Result<(Recovered, Option<Position>), JournalError> {
    if let Some(position) = journal.position()? {
        return recover_shared(journal, options, position);
    }
    let lacks_summaries = match recover_on_demand(journal, options, Rows::Own)? {
        OnDemand::Recovered(recovered) => return Ok((*recovered, None)),
        OnDemand::Whole { lacks_summaries } => lacks_summaries,
    };
    let mut recovered = recover(journal, options)?;
    recovered.replace_damaged_checkpoint(journal)?;
    recovered.save_names(journal)?;
    if lacks_summaries {
        recovered.save_summaries(journal)?;
    }
    Ok((recovered, None))
}

/// Opens what several processes write, and returns how far compactions and erasures are
/// repeated in it.
fn recover_shared(
    journal: &mut dyn Journal,
    options: &Options,
    mut begun: Position,
) -> Result<(Recovered, Option<Position>), JournalError> {
    loop {
        let mut recovered = match recover_beside_others(journal, options)? {
            OnDemand::Recovered(recovered) => *recovered,
            OnDemand::Whole { .. } => recover_beside_writer(journal, options, None)?,
        };
        let Some(position) = journal.position()? else { return Ok((recovered, None)) };
        // One that came between the rows and the events is in neither, or in a half of both.
        if position.revision != begun.revision {
            begun = position;
            continue;
        }
        if recovered.checkpointer.is_replacing() {
            if !journal.maintain()? {
                let reason = "another process saves it: run `relata verify --repair`".to_owned();
                return Err(JournalError::DamagedCheckpoint { reason });
            }
            // What is erased from here on must not be saved again.
            let turn = journal.take_turn()?.unwrap_or(position);
            if turn.revision != position.revision {
                journal.end_turn()?;
                begun = turn;
                continue;
            }
            recovered.replace_damaged_checkpoint(journal)?;
        }
        return Ok((recovered, Some(position)));
    }
}

/// Reads what is needed of the graphs as [`recover_on_demand`] does, once more if events were
/// pruned meanwhile.
fn recover_beside_others(
    journal: &mut dyn JournalReader,
    options: &Options,
) -> Result<OnDemand, JournalError> {
    match recover_on_demand(journal, options, Rows::Shared) {
        Err(JournalError::CheckpointOutdated { .. } | JournalError::PrunedWhileReading { .. }) => {
            recover_on_demand(journal, options, Rows::Shared)
        }
        recovered => recovered,
    }
}

/// What opening without the graphs comes to.
enum OnDemand {
    /// They are loaded when they are needed.
    Recovered(Box<Recovered>),
    /// They must all be loaded, or are few.
    Whole {
        /// Whether it is not known what some location holds: an older version has saved it.
        lacks_summaries: bool,
    },
}

/// Reads the locations of the checkpoint without their graphs, loads those that later events
/// name, and replays these events.
fn recover_on_demand(
    journal: &mut dyn JournalReader,
    options: &Options,
    rows: Rows,
) -> Result<OnDemand, JournalError> {
    let locations = Locations::default();
    let mut listed = match list(journal, &locations) {
        Ok(listed) => listed,
        // Loading it whole finds out what to do about it.
        Err(JournalError::DamagedCheckpoint { .. }) => {
            return Ok(OnDemand::Whole { lacks_summaries: false });
        }
        Err(error) => return Err(error),
    };
    let lacks_summaries = listed.summaries < locations.len();
    let is_small = listed.rows <= options.rows_loaded_at_once;
    if is_small || lacks_summaries || journal.unnamed_upto()? > 0 {
        return Ok(OnDemand::Whole { lacks_summaries });
    }
    let checkpoint = listed.checkpoint.come.seq;
    let (mut named_upto, mut head) = (checkpoint, journal.head()?);
    loop {
        for id in named_after(journal, named_upto, head)? {
            let Found::OnDisk = locations.look_up(id.as_str()) else { continue };
            let Some((number, _)) = locations.describe(id.as_str()) else { continue };
            match load_graph(journal, &id, number, rows) {
                Ok(loaded) => {
                    listed.checkpoint.note_loaded(number, &loaded, checkpoint);
                    drop(locations.put_graph(id.as_str(), loaded.graph));
                }
                Err(JournalError::DamagedCheckpoint { .. }) => {
                    return Ok(OnDemand::Whole { lacks_summaries });
                }
                Err(error) => return Err(error),
            }
        }
        // Another process may have appended more since, and saved it.
        if listed.checkpoint.come.newest <= head || rows == Rows::Own {
            break;
        }
        (named_upto, head) = (head, journal.head()?);
    }
    let checkpointer = Checkpointer::new(options);
    let recovered = replay_upto(journal, head, listed.checkpoint, locations, checkpointer)?;
    Ok(OnDemand::Recovered(Box::new(recovered)))
}

/// The locations of a checkpoint, without their states.
struct Listed {
    checkpoint: LoadedCheckpoint,
    /// Number of rows of all of them.
    rows: u64,
    /// Number of those of which it is known what they hold.
    summaries: usize,
}

fn list(journal: &mut dyn JournalReader, locations: &Locations) -> Result<Listed, JournalError> {
    let (mut rows, mut summaries) = (0, 0);
    let mut seqs: BTreeMap<u32, Seq> = BTreeMap::new();
    let come = journal.list_locations(&mut |row| {
        match row {
            CheckpointRow::Location { number, id, rows: saved, seq } => {
                if !locations.restore_on_disk(*number, &LocationId::from(*id)) {
                    let reason = format!("location {id} is out of order");
                    return Err(JournalError::DamagedCheckpoint { reason });
                }
                rows += saved.unwrap_or_default();
                seqs.extend(seq.map(|seq| (*number, seq)));
            }
            CheckpointRow::Summary { location, name, counts, tombstones } => {
                locations.set_summary(*location, *name, *counts, *tombstones);
                summaries += 1;
            }
            _ => {}
        }
        Ok(())
    })?;
    seqs.retain(|_, seq| *seq > come.seq);
    Ok(Listed { checkpoint: LoadedCheckpoint { come, locations: seqs }, rows, summaries })
}

/// Returns the locations that the events between these name, or that were compacted after the
/// first.
fn named_after(
    journal: &mut dyn JournalReader,
    after: Seq,
    upto: Seq,
) -> Result<BTreeSet<LocationId>, JournalError> {
    let mut named: BTreeSet<LocationId> = BTreeSet::new();
    let compactions = journal.compactions(after)?;
    named.extend(compactions.iter().map(|it| LocationId::from(&*it.location)));
    let after = after.max(journal.pruned()?);
    if after >= upto {
        return Ok(named);
    }
    journal.read_range(after + 1..=upto, &mut |_, entry| {
        let is_known = EventType::from_name(entry.event_type).is_some();
        if is_known && !named.contains(entry.location) {
            named.insert(LocationId::from(entry.location));
        }
        ControlFlow::Continue(())
    })?;
    Ok(named)
}
