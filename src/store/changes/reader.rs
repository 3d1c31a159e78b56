//! The change feed: applied events, from a reader's position on.

use std::collections::HashMap;
use std::sync::Arc;

use crate::journal::JournalError;
use crate::model::{
    Association, AssociationId, Change, Event, NodeRef, ObjectKey, Seq, Side, Timestamp,
};
use crate::store::load_error::LoadError;
use crate::store::location::Location;
use crate::store::pruned::Pruned;

/// Selects changes. The default is every change.
///
/// ```
/// use relata::changes::ChangeFilter;
///
/// let amara = ChangeFilter { of: "contact/amara".parse().ok(), ..ChangeFilter::default() };
/// # assert!(amara.of.is_some());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ChangeFilter {
    /// Only relations with one of these labels at an end; empty for no filter. It excludes
    /// only relations, and only those whose labels are known.
    pub labels: Vec<String>,
    /// Only events about things of this object key.
    pub object: Option<String>,
    /// Only events that name this record, or are about an association of its object
    /// key; or for an object key, its schema and its associations.
    pub of: Option<NodeRef>,
}

/// An event that changed the graph of its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedEvent {
    /// Its position.
    pub seq: Seq,
    /// When it was received.
    pub received_at: Timestamp,
    /// The event.
    pub event: Event,
    /// The association of a relation, if it was known when this was read.
    pub association: Option<Arc<Association>>,
    /// What people called the record, or those on the two ends of a relation, when this was
    /// read.
    pub names: [Option<Arc<str>>; 2],
}

/// Selects changes of a location, up to a visible event.
#[derive(Debug)]
pub(crate) struct ChangeQuery<'q> {
    pub(crate) location: &'q str,
    pub(crate) filter: &'q ChangeFilter,
    pub(crate) after: Seq,
    pub(crate) upto: Seq,
    pub(crate) limit: usize,
}

/// A page of changes, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePage {
    /// The changes.
    pub events: Vec<AppliedEvent>,
    /// The `after` of the next page; less than [`Store::head`](crate::Store::head) if there
    /// may be more already.
    pub upto: Seq,
}

/// Why changes could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangesError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(JournalError),
    /// The location cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Some of them were pruned: load the graph again, and continue after its seq.
    #[error("{0}, so what changed since {asked} is not known", asked = .0.asked)]
    Pruned(Pruned),
}

impl From<JournalError> for ChangesError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::PrunedWhileReading { seq, pruned } => {
                Self::Pruned(Pruned { upto: pruned, asked: seq.saturating_sub(1) })
            }
            error => Self::Journal(error),
        }
    }
}

impl ChangeFilter {
    /// Returns whether an event is about a wanted thing, as far as it names that itself.
    /// What it leaves open counts as wanted.
    pub fn matches_names(&self, event: &Event) -> bool {
        let is_of = |key: &str| self.object.as_deref().is_none_or(|object| object == key);
        let joins = |keys: [&ObjectKey; 2]| {
            keys.iter().any(|key| is_of(key.as_str()))
                && self.of.as_ref().is_none_or(|of| keys.contains(&&of.object))
        };
        match &event.change {
            Change::AssociationDeleted { first, second, .. } => joins([first, second]),
            Change::Association(association) => {
                joins([Side::First, Side::Second].map(|side| &association.end(side).object))
            }
            Change::Relation(relation) => {
                let ends = [&relation.first, &relation.second];
                let has = |of: &NodeRef| {
                    ends.iter()
                        .any(|end| end.object == of.object && Some(&end.id) == of.record.as_ref())
                };
                ends.iter().any(|end| is_of(end.object.as_str()))
                    && self.of.as_ref().is_none_or(has)
            }
            Change::Record { object, id, .. } => {
                object.as_ref().is_none_or(|key| is_of(key.as_str()))
                    && self.of.as_ref().is_none_or(|of| {
                        of.record.as_ref() == Some(id)
                            && object.as_ref().is_none_or(|key| *key == of.object)
                    })
            }
            Change::ObjectSchema(schema) => {
                is_of(schema.key.as_str())
                    && self
                        .of
                        .as_ref()
                        .is_none_or(|of| of.record.is_none() && of.object == schema.key)
            }
            Change::Location { .. } => self.object.is_none() && self.of.is_none(),
        }
    }

    /// Returns whether an event has one of the labels, or may have: only relations of a
    /// known association are excluded.
    pub fn matches_labels(&self, event: &Event, association: Option<&Association>) -> bool {
        match (&event.change, association) {
            (Change::Relation(_), Some(association)) if !self.labels.is_empty() => {
                let ends = [&association.first, &association.second];
                ends.iter().any(|end| self.labels.iter().any(|label| **label == *end.label))
            }
            _ => true,
        }
    }
}

/// The associations of a location, each looked up once, and the names of its records.
#[derive(Debug)]
pub(crate) struct Definitions {
    location: Option<Arc<Location>>,
    known: HashMap<AssociationId, Option<Arc<Association>>>,
}

impl Definitions {
    pub(crate) fn of(location: Option<Arc<Location>>) -> Self {
        Self { location, known: HashMap::new() }
    }

    /// Returns what people call the records that an event names, now.
    pub(crate) fn names_of(&self, event: &Event) -> [Option<Arc<str>>; 2] {
        let Some(location) = &self.location else { return [None, None] };
        match &event.change {
            Change::Record { object: Some(object), id, .. } => {
                [location.read().record_name(object, id), None]
            }
            Change::Relation(relation) => {
                let graph = location.read();
                [&relation.first, &relation.second]
                    .map(|end| graph.record_name(&end.object, &end.id))
            }
            _ => [None, None],
        }
    }

    /// Returns the association of a relation, as it stands now.
    pub(crate) fn association_of(&mut self, event: &Event) -> Option<Arc<Association>> {
        let Change::Relation(relation) = &event.change else { return None };
        if let Some(known) = self.known.get(&relation.association) {
            return known.clone();
        }
        let location = self.location.as_ref()?;
        let found = location.read().association(relation.association.as_str()).cloned();
        let found = found.map(Arc::new);
        self.known.insert(relation.association.clone(), found.clone());
        found
    }
}
