//! Limits of the names that senders may introduce, checked before anything is written.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::graph::{Draft, LocationGraph, NameCounts};
use crate::model::{Change, Event};
use crate::store::location::Location;
use crate::store::locations::Locations;

/// Maximum numbers of names that events may bring into a store.
///
/// Names are kept for good, and queries walk tables of them: without a limit, a sender could
/// fill the memory, or slow down every query of a location. An event that names one more is
/// refused; one that names nothing new is always accepted, even by a store that has more
/// already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameLimits {
    /// Locations of the store.
    pub locations: usize,
    /// Object keys of one location.
    pub object_keys: usize,
    /// Associations of one location, including those that are deleted or that only
    /// relations name.
    pub associations: usize,
    /// Edge types of one location: an association counts once for each pair of object
    /// keys that its relations join. Nearly every association joins one.
    pub edge_types: usize,
}

impl Default for NameLimits {
    fn default() -> Self {
        Self { locations: 100_000, object_keys: 1_000, associations: 5_000, edge_types: 10_000 }
    }
}

/// A kind of name that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedName {
    /// See [`NameLimits::locations`].
    Location,
    /// See [`NameLimits::object_keys`].
    ObjectKey,
    /// See [`NameLimits::associations`].
    Association,
    /// See [`NameLimits::edge_types`].
    EdgeType,
}

impl LimitedName {
    const fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Location => ("location", "a store", "locations"),
            Self::ObjectKey => ("object key", "a location", "object-keys"),
            Self::Association => ("association", "a location", "associations"),
            Self::EdgeType => ("pair of object keys and association", "a location", "edge-types"),
        }
    }
}

/// An event names more than the store may hold; nothing of it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitReached {
    /// The kind of name.
    pub name: LimitedName,
    /// Maximum number of such names.
    pub limit: usize,
    /// The member that holds the name, if one does.
    pub field: Option<&'static str>,
}

impl fmt::Display for LimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, holder, flag) = self.name.texts();
        match self.field {
            Some(field) => write!(f, "`{field}` names")?,
            None => f.write_str("the event names")?,
        }
        let limit = self.limit;
        write!(f, " one {name} more than the {limit} that {holder} may have: raise --{flag}")
    }
}

impl std::error::Error for LimitReached {}

/// A name in an event, and the member that holds it.
type Name<'e> = (&'e str, Option<&'static str>);

/// An association and the object keys that a relation under it joins.
type EdgeType<'e> = [&'e str; 3];

/// The names in an event that are kept for good.
#[derive(Debug, Default)]
pub(crate) struct EventNames<'e> {
    location: Option<&'e str>,
    association: Option<Name<'e>>,
    objects: [Option<Name<'e>>; 2],
    edge_type: Option<EdgeType<'e>>,
}

impl<'e> EventNames<'e> {
    fn of(event: &'e Event) -> Self {
        let mut names = Self { location: Some(event.location.as_str()), ..Self::default() };
        let ends = |first, second| {
            [Some((first, Some("firstObjectKey"))), Some((second, Some("secondObjectKey")))]
        };
        match &event.change {
            Change::Association(it) => {
                names.association = Some((it.id.as_str(), Some("id")));
                names.objects = ends(it.first.object.as_str(), it.second.object.as_str());
            }
            Change::AssociationDeleted { id, .. } => {
                names.association = Some((id.as_str(), Some("id")));
            }
            Change::Relation(it) => {
                let (first, second) = (it.first.object.as_str(), it.second.object.as_str());
                names.association = Some((it.association.as_str(), Some("associationId")));
                names.objects = ends(first, second);
                names.edge_type = Some([it.association.as_str(), first, second]);
            }
            Change::Record { object: Some(object), .. } => {
                // Only the event type says that it is of a contact.
                let field = event.event_type.as_str().starts_with("Record").then_some("objectKey");
                names.objects = [Some((object.as_str(), field)), None];
            }
            Change::Record { object: None, .. } | Change::Location { .. } => {}
            Change::ObjectSchema(it) => {
                names.objects = [Some((it.key.as_str(), Some("key"))), None];
            }
        }
        names
    }

    /// Drops the names that are known.
    fn retain(
        &mut self,
        association: impl Fn(&str) -> bool,
        object: impl Fn(&str) -> bool,
        edge_type: impl Fn(&EdgeType<'_>) -> bool,
    ) {
        self.association = self.association.filter(|(id, _)| association(id));
        for name in &mut self.objects {
            *name = name.filter(|(key, _)| object(key));
        }
        self.edge_type = self.edge_type.filter(edge_type);
    }

    fn is_empty(&self) -> bool {
        let Self { location, association, objects, edge_type } = self;
        location.is_none()
            && association.is_none()
            && objects.iter().all(Option::is_none)
            && edge_type.is_none()
    }
}

impl NameLimits {
    /// Returns whether an event brings no more names into a location than there may be, where
    /// the events before it were merged into a draft. `locations` is the number of locations
    /// if this one is new.
    pub(crate) fn check_drafted(
        &self,
        draft: &Draft,
        whole: &LocationGraph,
        locations: Option<usize>,
        event: &Event,
    ) -> Result<(), LimitReached> {
        let mut names = EventNames::of(event);
        names.location = names.location.filter(|_| locations.is_some());
        let knows = |known: &dyn Fn(&LocationGraph) -> bool| known(whole) || known(draft.graph());
        names.retain(
            |id| !knows(&|graph| graph.knows_association(id)),
            |key| !knows(&|graph| graph.knows_object_key(key)),
            |[association, first, second]| {
                !knows(&|graph| graph.knows_edge_type(association, first, second))
            },
        );
        self.fit(locations.unwrap_or_default(), draft.name_counts(whole), &names)
    }

    /// Returns whether new names fit beside this many locations and names of their location.
    fn fit(
        &self,
        locations: usize,
        counts: NameCounts,
        names: &EventNames<'_>,
    ) -> Result<(), LimitReached> {
        let check = |held: usize, limit: usize, name: LimitedName, field: Option<&'static str>| {
            if held < limit { Ok(()) } else { Err(LimitReached { name, limit, field }) }
        };
        if names.location.is_some() {
            check(locations, self.locations, LimitedName::Location, Some("locationId"))?;
        }
        if let Some((_, field)) = names.association {
            check(counts.associations, self.associations, LimitedName::Association, field)?;
        }
        let [first, second] = names.objects;
        let second = second.filter(|(key, _)| first.is_none_or(|(first, _)| first != *key));
        let objects = [first, second].into_iter().flatten();
        for (held, (_, field)) in (counts.objects..).zip(objects) {
            check(held, self.object_keys, LimitedName::ObjectKey, field)?;
        }
        if names.edge_type.is_some() {
            let field = Some("associationId");
            check(counts.edge_types, self.edge_types, LimitedName::EdgeType, field)?;
        }
        Ok(())
    }
}

/// The new names of the events of one batch, none of which is merged yet.
pub(crate) struct NewNames<'s, 'd> {
    limits: NameLimits,
    locations: &'s Locations,
    /// Locations that are known.
    known: usize,
    /// The location of the previous event: most of a batch may be of one.
    last: Option<(&'d str, Option<Arc<Location>>)>,
    new: HashMap<&'d str, NewInLocation<'d>>,
    new_locations: usize,
}

#[derive(Debug, Default)]
struct NewInLocation<'d> {
    associations: HashSet<&'d str>,
    objects: HashSet<&'d str>,
    edge_types: HashSet<EdgeType<'d>>,
}

impl<'s, 'd> NewNames<'s, 'd> {
    /// Begins a batch in a store with `known` locations, of which `locations` may hold only
    /// some.
    pub(crate) fn new(limits: NameLimits, locations: &'s Locations, known: usize) -> Self {
        Self { limits, locations, known, last: None, new: HashMap::new(), new_locations: 0 }
    }

    /// Returns the new names in an event, or which of them is beyond its limit.
    ///
    /// Costs a look-up of each name in the graph, and allocates nothing.
    pub(crate) fn check(&mut self, event: &'d Event) -> Result<EventNames<'d>, LimitReached> {
        let id = event.location.as_str();
        let mut names = EventNames::of(event);
        let mut counts = NameCounts::default();
        if let Some(location) = self.find(id) {
            let graph = location.read();
            names.location = None;
            names.retain(
                |id| !graph.knows_association(id),
                |key| !graph.knows_object_key(key),
                |[association, first, second]| !graph.knows_edge_type(association, first, second),
            );
            counts = graph.name_counts();
        }
        if names.is_empty() {
            return Ok(names);
        }
        if let Some(new) = self.new.get(id) {
            names.location = None;
            names.retain(
                |id| !new.associations.contains(id),
                |key| !new.objects.contains(key),
                |edge_type| !new.edge_types.contains(edge_type),
            );
            counts.associations += new.associations.len();
            counts.objects += new.objects.len();
            counts.edge_types += new.edge_types.len();
        }
        self.limits.fit(self.known + self.new_locations, counts, &names)?;
        Ok(names)
    }

    /// Adds the names of an event that will be merged.
    pub(crate) fn add(&mut self, location: &'d str, names: &EventNames<'d>) {
        if names.is_empty() {
            return;
        }
        self.new_locations += usize::from(names.location.is_some());
        let new = self.new.entry(location).or_default();
        new.associations.extend(names.association.map(|(id, _)| id));
        new.objects.extend(names.objects.iter().flatten().map(|(key, _)| *key));
        new.edge_types.extend(names.edge_type);
    }

    /// Returns the location of an event, if it is known.
    pub(crate) fn location(&mut self, id: &'d str) -> Option<&Location> {
        self.find(id).map(|location| &**location)
    }

    fn find(&mut self, id: &'d str) -> Option<&Arc<Location>> {
        if self.last.as_ref().is_none_or(|(last, _)| *last != id) {
            self.last = Some((id, self.locations.find(id)));
        }
        self.last.as_ref()?.1.as_ref()
    }
}
