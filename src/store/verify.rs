//! Proof that the journal, the checkpoint and the graph agree.

use std::collections::HashMap;
use std::sync::Arc;

use crate::graph::Difference;
use crate::journal::{Journal, JournalError, JournalReader};
use crate::model::{LocationId, Seq};
use crate::store::loaded_checkpoint::LoadedCheckpoint;
use crate::store::locations::{Location, Locations};
use crate::store::options::Options;
use crate::store::recovery::{Recovered, Replaying, go_on, load_checkpoint, replay};
use crate::store::writer::checkpoint::Checkpointer;

/// What comparing a journal's replay with its checkpoint has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The last event of the journal.
    pub events: Seq,
    /// Events up to this seq were pruned: they are not compared.
    pub pruned: Seq,
    /// The seq of the checkpoint.
    pub checkpoint: Seq,
    /// Locations compared.
    pub locations: usize,
    /// The locations that the two disagree on.
    pub differing: Vec<LocationId>,
    /// What they disagree on, up to the limit; left is the checkpoint with the
    /// events behind it, right the replay of every event.
    pub differences: Vec<Difference>,
}

/// Replays every event into fresh graphs and compares them with what opening
/// the journal gives.
///
/// Of a pruned journal, the events that are left are merged a second time into
/// what the checkpoint gives, which must change nothing: what only pruned events
/// said cannot be proved any more, nor what events said of a location before something
/// that was deleted long ago was dropped of it.
///
/// Holds both in memory, and checks each graph against itself.
pub fn verify(journal: &mut dyn JournalReader, limit: usize) -> Result<Verification, JournalError> {
    Ok(compare(journal, limit)?.found)
}

/// As [`verify`], and replaces a checkpoint that disagrees by what the events say, in
/// one transaction. Where old events are pruned nothing is replaced: the locations that
/// differ cannot be proved.
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
    /// What replaying touched.
    checkpointer: Checkpointer,
}

fn compare(journal: &mut dyn JournalReader, limit: usize) -> Result<Compared, JournalError> {
    let options = Options::default();
    let mut damage = HashMap::new();
    let (opened, damage_of_all) = open(journal, &options, &mut damage)?;
    let pruned = journal.pruned()?;
    let replayed = if pruned == 0 { Locations::default() } else { opened.locations.copy() };
    let mut checkpointer = Checkpointer::new(&options);
    // What is accepted meanwhile is not looked at on either side.
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

/// What opening gives, but that damage is noted, by location or of all of it, and
/// nothing is replayed in its place.
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
    let opened = go_on(journal, loaded, locations, Checkpointer::new(options))?;
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
