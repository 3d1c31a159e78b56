//! What the checkpoint says that each location holds, beside what its rows say.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::graph::Difference;
use crate::journal::{CheckpointRow, JournalError, JournalReader};
use crate::model::LocationId;
use crate::store::verify::entries::Reading;
use crate::store::verify::pair::Pair;
use crate::store::verify::progress::Progress;
use crate::store::verify::round::Round;
use crate::store::verify::summary::Summary;

/// How often a location is looked at again that a writer saves meanwhile.
const TRIES: u32 = 3;

/// What the checkpoint says that each location holds, where it says so.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summaries(HashMap<LocationId, Summary, RandomState>);

impl Summaries {
    /// Lists them. Costs all locations. A checkpoint that lacks names has none to compare with.
    pub(super) fn list(journal: &mut dyn JournalReader) -> Result<Self, JournalError> {
        if journal.unnamed_upto()? > 0 {
            return Ok(Self::default());
        }
        let mut ids: HashMap<u32, LocationId, RandomState> = HashMap::default();
        let mut summaries = HashMap::default();
        journal.list_locations(&mut |row| {
            match row {
                CheckpointRow::Location { number, id, .. } => {
                    ids.insert(*number, LocationId::from(*id));
                }
                CheckpointRow::Summary { location, name, counts, tombstones } => {
                    let summary = Summary {
                        name: name.map(Into::into),
                        counts: *counts,
                        tombstones: *tombstones,
                    };
                    if let Some(id) = ids.get(location) {
                        summaries.insert(id.clone(), summary);
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self(summaries))
    }

    /// Returns whether a location holds something else than its rows, if they are all saved.
    pub(super) fn contradicts(&self, pair: &Pair) -> bool {
        let Some(rows) = pair.held() else { return false };
        self.0.get(&pair.id).is_some_and(|summary| summary != rows)
    }
}

/// Returns the differences between what the checkpoint says that a location holds and its
/// rows. A writer may save either meanwhile: only what was the same before and after its rows
/// were loaded counts.
pub(super) fn differences(
    journal: &mut dyn JournalReader,
    id: &LocationId,
    progress: &mut Progress<'_>,
) -> Result<Vec<Difference>, JournalError> {
    let mut before = Summaries::list(journal)?;
    for _ in 0..TRIES {
        let mut round = Round::load(journal, [id])?;
        round.replay(journal, Reading::NearOnly, progress)?;
        let after = Summaries::list(journal)?;
        let (Some(summary), Some(pair)) = (after.0.get(id), round.pairs.all.first()) else { break };
        if before.0.get(id) == Some(summary) {
            let found = pair.held().map(|rows| summary.differences(id, rows));
            return Ok(found.unwrap_or_default());
        }
        before = after;
    }
    Ok(Vec::new())
}
