//! The locations of a journal, without their graphs.

use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::journal::{JournalError, JournalReader};
use crate::model::EventType;
use crate::store::locations::Locations;

/// Calls `each` with the ids of up to `limit` locations of a journal, once each, in the order
/// of their first event.
pub(crate) fn each_location(
    journal: &mut dyn JournalReader,
    limit: usize,
    mut each: impl FnMut(&str),
) -> Result<(), JournalError> {
    let mut known: HashSet<Box<str>> = HashSet::new();
    let mut add = |id: &str| {
        if known.len() < limit && !known.contains(id) {
            known.insert(id.into());
            each(id);
        }
        if known.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let checkpoint = journal.location_ids(&mut add)?;
    journal.read(checkpoint, &mut |_, entry| {
        let is_known = EventType::from_name(entry.event_type).is_some();
        if is_known { add(entry.location) } else { ControlFlow::Continue(()) }
    })
}

/// Counts the locations of a journal, up to `limit`.
pub(crate) fn count_locations(
    journal: &mut dyn JournalReader,
    limit: usize,
) -> Result<usize, JournalError> {
    let mut count = 0;
    each_location(journal, limit, |_| count += 1)?;
    Ok(count)
}

/// Forgets the changes that a checkpoint would save: another process saves it.
pub(crate) fn forget_changes(locations: &Locations, number: u32) {
    if let Some(location) = locations.at(number) {
        location.write().forget_changes();
    }
}
