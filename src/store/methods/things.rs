//! Finding the locations of a thing by its id alone.

use crate::graph::LocationGraph;
use crate::model::LocationId;
use crate::store::load_error::LoadError;
use crate::store::store::Store;

/// A thing by its id alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThingId<'i> {
    /// An association.
    Association(&'i str),
    /// A relation.
    Relation(&'i str),
}

impl ThingId<'_> {
    /// Returns whether the thing is known and visible.
    fn is_in(self, graph: &LocationGraph) -> bool {
        match self {
            Self::Association(id) => graph.association(id).is_some(),
            Self::Relation(id) => graph.relation(id).is_some(),
        }
    }
}

impl Store {
    /// Returns up to `limit` of the locations that `admits` admits in which a thing is known
    /// and visible.
    pub fn locations_with(
        &self,
        thing: ThingId<'_>,
        limit: usize,
        admits: impl Fn(&str) -> bool,
    ) -> Result<Vec<LocationId>, LoadError> {
        let mut found = Vec::new();
        for id in self.locations.ids() {
            if found.len() < limit
                && admits(id.as_str())
                && let Some(location) = self.location(id.as_str())?
                && thing.is_in(&location.read())
            {
                found.push(id);
            }
        }
        Ok(found)
    }
}
