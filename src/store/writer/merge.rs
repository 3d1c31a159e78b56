//! Merging one event into the graph of its location.

use crate::graph::Outcome;
use crate::model::{Event, Seq};
use crate::store::locations::Locations;
use crate::store::writer::checkpoint::checkpointer::Checkpointer;

/// Merges one event into the graph of its location, unless the checkpoint covers it.
pub(crate) fn merge_event(
    locations: &Locations,
    seq: Seq,
    event: &Event,
    checkpointer: &mut Checkpointer,
) -> Outcome {
    let location = locations.intern(&event.location);
    if checkpointer.has_saved(location.number, seq) {
        checkpointer.record_saved_event(seq, event);
        return Outcome::Unchanged;
    }
    let outcome = location.write_merging().merge(seq, event);
    checkpointer.record_event(location.number, seq, event, outcome);
    outcome
}
