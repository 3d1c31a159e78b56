//! Finding the locations of a thing by its id alone.

use std::sync::Arc;

use crate::graph::LocationGraph;
use crate::journal::{JournalError, JournalReader};
use crate::model::{LocationId, ThingId};
use crate::store::index::scan::Stop;
use crate::store::load_error::LoadError;
use crate::store::store::Store;

/// Returns whether a thing is known and visible.
fn is_in(graph: &LocationGraph, thing: ThingId<'_>) -> bool {
    match thing {
        ThingId::Association(id) => graph.association(id).is_some(),
        ThingId::Relation(id) => graph.relation(id).is_some(),
    }
}

impl Store {
    /// Returns up to `limit` of the locations that `admits` admits in which a thing is known
    /// and visible, those in memory first.
    ///
    /// # Performance
    ///
    /// Costs a look-up for each location in memory. Of each other one it reads the rows of its
    /// associations, or of its relations, on disk, about 5 million a second, and loads it if
    /// one has the id. Ask only for locations that matter.
    ///
    /// # Errors
    ///
    /// If a location cannot be read or loaded.
    pub fn locations_with(
        &self,
        thing: ThingId<'_>,
        limit: usize,
        admits: impl Fn(&str) -> bool,
    ) -> Result<Vec<LocationId>, LoadError> {
        Ok(self.locations_with_until(thing, limit, admits, &|| false)?.unwrap_or_default())
    }

    /// Finds locations as [`locations_with`](Self::locations_with) does, or returns `None` if
    /// it is to stop before all were looked at.
    pub(crate) fn locations_with_until(
        &self,
        thing: ThingId<'_>,
        limit: usize,
        admits: impl Fn(&str) -> bool,
        stop: Stop<'_>,
    ) -> Result<Option<Vec<LocationId>>, LoadError> {
        let (mut found, mut on_disk) = (Vec::new(), Vec::new());
        // A look at each is no request for it: it leaves memory when it would have.
        for (number, id) in self.locations.numbered_from(0, usize::MAX) {
            if !admits(id.as_str()) {
                continue;
            }
            if found.len() == limit {
                return Ok(Some(found));
            }
            match self.locations.at(number) {
                Some(location) if is_in(&location.read(), thing) => found.push(id),
                Some(_) => {}
                None => on_disk.push((number, id)),
            }
        }
        let mut journal = None;
        for (number, id) in on_disk {
            if found.len() == limit {
                break;
            }
            if stop() {
                return Ok(None);
            }
            let has_row = self.has_row(&mut journal, number, thing);
            let has_row =
                has_row.map_err(|source| LoadError { id: id.clone(), source: Arc::new(source) })?;
            if has_row
                && let Some(location) = self.location(id.as_str())?
                && is_in(&location.read(), thing)
            {
                found.push(id);
            }
        }
        Ok(Some(found))
    }

    /// Returns whether a location on disk has a row of a thing.
    fn has_row(
        &self,
        journal: &mut Option<Box<dyn JournalReader>>,
        number: u32,
        thing: ThingId<'_>,
    ) -> Result<bool, JournalError> {
        let journal = match journal {
            Some(journal) => journal,
            None => journal.insert(self.reader()?),
        };
        journal.has_thing(number, thing)
    }
}
