//! Verifying that the journal, the checkpoint and the graph agree.

use std::collections::HashMap;
use std::sync::Arc;

use crate::graph::Difference;
use crate::journal::{Journal, JournalError, JournalReader};
use crate::model::{LocationId, Seq};
use crate::store::loaded_checkpoint::LoadedCheckpoint;
use crate::store::location::Location;
use crate::store::locations::Locations;
use crate::store::options::Options;
use crate::store::recovery::{Recovered, Replaying, load_checkpoint, replay, replay_rest};
use crate::store::writer::checkpoint::checkpointer::Checkpointer;

/// The result of comparing a journal's replay with its checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The last event of the journal.
    pub events: Seq,
    /// The last event that was pruned; events up to there are not compared.
    pub pruned: Seq,
    /// The last event that the checkpoint covers.
    pub checkpoint: Seq,
    /// Number of locations compared.
    pub locations: usize,
    /// The locations on which the two disagree.
    pub differing: Vec<LocationId>,
    /// The differences, up to the limit; left is the checkpoint with the events after it,
    /// right the replay of every event.
    pub differences: Vec<Difference>,
}

/// Replays every event into fresh graphs and compares them with what opening
/// the journal gives.
///
/// The remaining events of a pruned journal are merged a second time into the state of the
/// checkpoint, which must change nothing: what only pruned events said can no longer be
/// proven, nor what events said about a location before its last compaction.
///
/// Keeps both in memory, and checks each graph for consistency.
pub fn verify(journal: &mut dyn JournalReader, limit: usize) -> Result<Verification, JournalError> {
    Ok(compare(journal, limit)?.found)
}

/// Verifies as [`verify`] does, and replaces a checkpoint that disagrees by the state that
/// the events give, in one transaction. Where old events are pruned nothing is replaced:
/// the locations that differ cannot be proven.
pub fn repair(journal: &mut dyn Journal, limit: usize) -> Result<Verification, JournalError> {
    let Compared { found, replayed, checkpointer } = compare(journal, limit)?;
    if !found.differences.is_empty() && found.pruned == 0 {
        let mut checkpointer = checkpointer.replacing();
        checkpointer.save_whole(journal, &replayed, found.events)?;
    }
    Ok(found)
}

struct Compared {
    found: Verification,
    replayed: Locations,
    /// The changes by the replay.
    checkpointer: Checkpointer,
}

fn compare(journal: &mut dyn JournalReader, limit: usize) -> Result<Compared, JournalError> {
    let options = Options::default();
    let mut damage = HashMap::new();
    let (opened, damage_of_all) = open(journal, &options, &mut damage)?;
    let pruned = journal.pruned()?;
    let replayed = if pruned == 0 { Locations::default() } else { opened.locations.copy() };
    let mut checkpointer = Checkpointer::new(&options);
    // Events accepted meanwhile are ignored on either side.
    let replaying = Replaying {
        after: pruned,
        upto: opened.head,
        compactions: &opened.compactions,
        again: pruned > 0,
    };
    let events = replay(journal, &replaying, &replayed, &mut checkpointer)?;
    let (left, right) = (opened.locations.all(), replayed.all());
    let mut found = Verification {
        events,
        pruned,
        checkpoint: opened.checkpoint,
        locations: right.len(),
        differing: Vec::new(),
        differences: Vec::new(),
    };
    let ids = |all: &[Arc<Location>]| -> Vec<LocationId> {
        all.iter().map(|location| location.id().clone()).collect()
    };
    if let Some(reason) = damage_of_all {
        found.differing = ids(&right);
        found.differences.push(unreadable("checkpoint".to_owned(), reason));
        return Ok(Compared { found, replayed, checkpointer });
    }
    if ids(&left) != ids(&right) {
        let text = |all: &[Arc<Location>]| format!("{:?}", ids(all));
        let thing = "locations".to_owned();
        found.differences.push(Difference { thing, left: text(&left), right: text(&right) });
    }
    for right in &right {
        let id = right.id().as_str();
        let mut differences = match opened.locations.find(id) {
            Some(left) => differences(&left, right, limit),
            None => vec![unreadable(format!("location {id}"), "it is missing".to_owned())],
        };
        if let Some(reason) = damage.remove(id) {
            differences.insert(0, unreadable(format!("checkpoint of {id}"), reason));
        }
        if !differences.is_empty() {
            found.differing.push(right.id().clone());
            let room = limit.saturating_sub(found.differences.len());
            found.differences.extend(differences.into_iter().take(room));
        }
    }
    Ok(Compared { found, replayed, checkpointer })
}

/// Opens as a store does, but records damage, by location or for the whole checkpoint, and
/// replays nothing in its place.
fn open(
    journal: &mut dyn JournalReader,
    options: &Options,
    damage: &mut HashMap<String, String>,
) -> Result<(Recovered, Option<String>), JournalError> {
    let locations = Locations::default();
    let loaded = load_checkpoint(journal, &locations, &mut |id, reason| {
        damage.entry(id.to_owned()).or_insert(reason);
        Ok(())
    });
    let (loaded, locations, reason) = match loaded {
        Ok(loaded) => (loaded, locations, None),
        Err(JournalError::DamagedCheckpoint { reason }) if journal.pruned()? == 0 => {
            (LoadedCheckpoint::default(), Locations::default(), Some(reason))
        }
        Err(error) => return Err(error),
    };
    let opened = replay_rest(journal, loaded, locations, Checkpointer::new(options))?;
    Ok((opened, reason))
}

fn unreadable(thing: String, reason: String) -> Difference {
    Difference { thing, left: reason, right: "what the events say".to_owned() }
}

fn differences(left: &Location, right: &Location, limit: usize) -> Vec<Difference> {
    let mut found = Vec::new();
    let id = left.id();
    let (left, right) = (left.read(), right.read());
    left.contradictions(&mut found, limit);
    left.differences(&right, &mut found, limit);
    right.contradictions(&mut found, limit);
    for difference in &mut found {
        difference.thing = format!("{id}: {}", difference.thing);
    }
    found
}
