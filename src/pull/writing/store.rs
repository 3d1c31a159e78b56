//! A store as the destination: what would change nothing is not written.

use crate::pull::error::PullError;
use crate::pull::writing::destination::{Destination, EventCounts, Known};
use crate::store::{ImportCounts, LineOutcome, Store};

/// A store that this process has open.
#[derive(Debug)]
pub struct StoreDestination<'s>(
    /// The store.
    pub &'s Store,
);

impl Destination for StoreDestination<'_> {
    fn known(&mut self, location: &str) -> Result<Known, PullError> {
        let found = self.0.location(location);
        let found = found.map_err(|error| PullError::Destination(error.to_string()))?;
        let Some(location) = found else {
            return Ok(Known { has_events: Some(false), ..Known::default() });
        };
        let graph = location.read();
        let cardinalities = graph.view().associations().map(|row| {
            let association = row.association;
            let known = [&association.first_to_second, &association.second_to_first];
            (association.id.as_str().to_owned(), known.map(Clone::clone))
        });
        Ok(Known { has_events: Some(true), cardinalities: cardinalities.collect() })
    }

    fn write(&mut self, lines: &[u8]) -> Result<EventCounts, PullError> {
        let mut refusal = None;
        let counts = self.0.import().only_changes().read(lines, |line| {
            if let LineOutcome::Refused(refused) = line.outcome {
                refusal.get_or_insert_with(|| refused.error.to_string());
            }
            Ok(())
        });
        let counts = counts.map_err(|error| PullError::Destination(error.to_string()))?;
        Ok(event_counts(counts, refusal))
    }

    fn commit(&mut self) -> Result<Option<u64>, PullError> {
        Ok(None) // Each import is durable when it returns.
    }

    fn resume(&mut self, _: u64) -> Result<(), PullError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), PullError> {
        Ok(())
    }
}

fn event_counts(counts: ImportCounts, refusal: Option<String>) -> EventCounts {
    let ImportCounts { applied, unchanged, stale, duplicate, ignored, refused, .. } = counts;
    EventCounts { applied, unchanged: unchanged + duplicate, stale, ignored, refused, refusal }
}
