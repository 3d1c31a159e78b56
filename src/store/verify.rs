//! Proof that the journal, the checkpoint and the graph agree.

use super::Options;
use super::checkpoint::Checkpointer;
use super::locations::Locations;
use super::recovery::{recover, replay};
use crate::graph::{Difference, LocationGraph};
use crate::journal::{JournalError, JournalReader};
use crate::model::Seq;

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
    /// What they disagree on, up to the limit; left is the checkpoint with the
    /// events behind it, right the replay of every event.
    pub differences: Vec<Difference>,
}

/// Replays every event into fresh graphs and compares them with what opening
/// the journal gives.
///
/// Of a pruned journal, the events that are left are merged a second time into
/// what the checkpoint gives, which must change nothing: what only pruned events
/// said cannot be proved any more.
///
/// Holds both in memory, and checks each graph against itself.
pub fn verify(journal: &mut dyn JournalReader, limit: usize) -> Result<Verification, JournalError> {
    let options = Options::default();
    let opened = recover(journal, &options)?;
    let pruned = journal.pruned()?;
    let replayed = if pruned == 0 { Locations::default() } else { opened.locations.copy() };
    let mut notes = Checkpointer::new(&options, 0);
    // What is accepted meanwhile is not looked at on either side.
    let head = replay(journal, pruned, opened.head, &replayed, &mut notes)?;
    let mut differences = Vec::new();
    let (left, right) = (opened.locations.all(), replayed.all());
    let ids = |all: &[std::sync::Arc<super::Location>]| -> Vec<String> {
        all.iter().map(|location| location.id().to_string()).collect()
    };
    if ids(&left) != ids(&right) {
        differences.push(Difference {
            thing: "locations".to_owned(),
            left: format!("{:?}", ids(&left)),
            right: format!("{:?}", ids(&right)),
        });
    }
    for (left, right) in left.iter().zip(&right) {
        let (left, right) = (left.read(), right.read());
        left.contradictions(&mut differences, limit);
        left.differences(&right, &mut differences, limit);
        LocationGraph::contradictions(&right, &mut differences, limit);
    }
    Ok(Verification {
        events: head,
        pruned,
        checkpoint: opened.checkpoint,
        locations: right.len(),
        differences,
    })
}
