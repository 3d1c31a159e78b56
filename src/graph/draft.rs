//! What a graph would be after some events, without changing it.

use std::collections::HashSet;
use std::sync::Arc;

use crate::graph::layers::record_data::EdgeType;
use crate::graph::location_graph::{LocationGraph, NameCounts};
use crate::graph::memory::adjacency::{AdjacencyEntry, Slot};
use crate::graph::memory::table::{AssociationNo, EdgeTypeNo, ObjectNo, RecordNo, RelationNo};
use crate::graph::outcome::Outcome;
use crate::graph::trace::Trace;
use crate::model::{
    Association, AssociationId, Change, Event, NAME, ObjectKey, RecordId, RecordRef, RecordState,
    Relation, RelationId, Seq, Side, Stamp,
};

/// The few things of a graph that some events concern, in a graph of their own, into which
/// the events are merged.
///
/// A thing is copied when an event or a check first needs it, so each costs what merging it
/// does. The whole graph is given to each call and must not change meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    graph: LocationGraph,
    /// Ids of which what events without an object key have said was copied.
    unkeyed: HashSet<Box<str>>,
    has_own_name: bool,
    has_events: bool,
    /// How many names the events have brought.
    new: NameCounts,
}

impl LocationGraph {
    /// Returns what [`merge`](Self::merge) would return, and leaves the graph as it is.
    ///
    /// Merges into a copy of the few things that the event concerns, so it
    /// costs what merging does.
    pub fn preview(&self, seq: Seq, event: &Event) -> Outcome {
        Draft::default().merge(self, seq, event)
    }

    /// Finds the relations that are linked between two records under an association,
    /// whatever the object keys of these. Costs the edge types of the association, and the
    /// links of one record of each: that with fewer.
    fn relations_between<'g>(
        &'g self,
        association: AssociationNo,
        first: &'g str,
        second: &'g str,
    ) -> impl Iterator<Item = RelationNo> + 'g {
        let rows = self.records.rows();
        let kinds = rows.kinds_under(association).iter();
        kinds.flat_map(move |&kind| {
            let EdgeType { first: one, second: other, .. } = rows.kinds[kind].kind;
            let first = self.records.find_record(one, first);
            let second = self.records.find_record(other, second);
            let ends = first.zip(second).map(|(first, second)| {
                let [near, far] = [(first, Side::First), (second, Side::Second)]
                    .map(|(record, side)| (record, Slot::new(kind, side)));
                let live = |(record, slot): (RecordNo, Slot)| rows.adjacency[record].live(slot);
                if live(near) <= live(far) { (near, far.0) } else { (far, near.0) }
            });
            ends.into_iter().flat_map(move |((near, slot), far)| {
                let runs = rows.adjacency[near].runs().filter(move |run| run.slot == slot);
                let is_between = move |entry: &&AdjacencyEntry| entry.far == far;
                runs.flat_map(|run| run.entries).filter(is_between).map(|entry| entry.relation)
            })
        })
    }
}

impl Draft {
    /// Merges an event, as [`LocationGraph::merge`] would merge it into the whole graph.
    pub(crate) fn merge(&mut self, whole: &LocationGraph, seq: Seq, event: &Event) -> Outcome {
        self.copy(whole, &event.change);
        self.has_events = true;
        let before = self.graph.name_counts();
        let outcome = self.graph.merge(seq, event);
        let after = self.graph.name_counts();
        self.new.objects += after.objects - before.objects;
        self.new.associations += after.associations - before.associations;
        self.new.edge_types += after.edge_types - before.edge_types;
        outcome
    }

    /// Merges an event, and returns whether it leaves a trace: whether the graph could be
    /// another without it, now or after any other events. Of two events that differ in seq
    /// alone and say the same, the second leaves none.
    pub(crate) fn merge_noting_trace(
        &mut self,
        whole: &LocationGraph,
        seq: Seq,
        event: &Event,
    ) -> (Outcome, bool) {
        self.copy(whole, &event.change);
        let before = Trace::of(&self.graph, &event.change);
        let outcome = self.merge(whole, seq, event);
        let leaves_trace =
            outcome == Outcome::Applied || before != Trace::of(&self.graph, &event.change);
        (outcome, leaves_trace)
    }

    /// Returns whether no event was merged.
    pub(crate) fn is_empty(&self) -> bool {
        !self.has_events
    }

    /// Counts the names that are kept for good, those of the whole graph among them.
    pub(crate) fn name_counts(&self, whole: &LocationGraph) -> NameCounts {
        let counts = whole.name_counts();
        NameCounts {
            objects: counts.objects + self.new.objects,
            associations: counts.associations + self.new.associations,
            edge_types: counts.edge_types + self.new.edge_types,
        }
    }

    /// Returns what was copied, with the events merged. It may lack what only the whole graph
    /// has.
    pub(crate) fn graph(&self) -> &LocationGraph {
        &self.graph
    }

    /// Returns the definition of an association, while it is known and not deleted.
    pub(crate) fn association(&mut self, whole: &LocationGraph, id: &str) -> Option<&Association> {
        self.copy_association(whole, id);
        self.graph.association(id)
    }

    /// Returns whether an association that is known and not deleted has this key. Costs a
    /// look at each.
    pub(crate) fn has_association_key(&mut self, whole: &LocationGraph, key: &str) -> bool {
        let has_key = |known: &Association| *known.key == *key;
        let changed = self.graph.associations.rows();
        let is_changed = |id: &str| self.graph.associations.find(id).is_some();
        changed.iter().any(|(_, row)| row.definition.as_ref().is_some_and(has_key))
            || whole.associations.rows().iter().any(|(_, row)| {
                row.definition.as_ref().is_some_and(has_key) && !is_changed(&row.id)
            })
    }

    /// Returns a relation while it is visible.
    pub(crate) fn relation(&mut self, whole: &LocationGraph, id: &str) -> Option<Relation> {
        self.copy_relation(whole, id);
        self.graph.relation(id)?;
        let number = self.graph.records.find_relation(id)?;
        Some(self.graph.relation_at(number))
    }

    /// Returns whether a visible relation under an association links two records.
    pub(crate) fn has_relation(
        &mut self,
        whole: &LocationGraph,
        association: &str,
        first: &str,
        second: &str,
    ) -> bool {
        // Of those that link them there, the draft knows whether they still do.
        if let Some(number) = whole.associations.find(association) {
            for relation in whole.relations_between(number, first, second) {
                self.copy_relation(whole, whole.records.relation_id(relation));
            }
        }
        let Some(number) = self.graph.associations.find(association) else { return false };
        let mut found = self.graph.relations_between(number, first, second);
        found.any(|it| self.graph.relation(self.graph.records.relation_id(it)).is_some())
    }

    /// Returns the state of a record: what its own events have said.
    pub(crate) fn record_state(
        &mut self,
        whole: &LocationGraph,
        object: &ObjectKey,
        id: &str,
    ) -> RecordState {
        self.copy_record(whole, object, id);
        let known = self.find_record(object, id).map(|number| self.graph.records.state(number));
        known.unwrap_or_else(|| self.graph.records.unkeyed_state(id))
    }

    /// Returns whether lists show a record: one that is not deleted, or has visible links. Costs
    /// the links that are hidden, if it is deleted.
    pub(crate) fn shows_record(
        &mut self,
        whole: &LocationGraph,
        object: &ObjectKey,
        id: &str,
    ) -> bool {
        let state = self.record_state(whole, object, id);
        let of_whole = whole.find_record(object, id);
        if !state.is_deleted() {
            return of_whole.is_some() || self.find_record(object, id).is_some();
        }
        let is_linked = |draft: &Self| {
            let number = draft.find_record(object, id);
            number.is_some_and(|number| draft.graph.records.rows().has_shown_links(number))
        };
        let linked = of_whole.map(|number| whole.records.adjacency(number).entries());
        linked.into_iter().flatten().any(|entry| {
            self.copy_relation(whole, whole.records.relation_id(entry.relation));
            is_linked(self)
        }) || is_linked(self)
    }

    /// Returns the greatest event of the visible links of a record. Costs its links.
    pub(crate) fn newest_link(
        &self,
        whole: &LocationGraph,
        object: &ObjectKey,
        id: &str,
    ) -> Option<Stamp> {
        let newest = |graph: &LocationGraph| {
            let entries = graph.records.adjacency(graph.find_record(object, id)?).entries();
            entries.map(|entry| graph.records.relations()[entry.relation].stamp).max()
        };
        newest(whole).max(newest(&self.graph))
    }

    /// Returns the greatest event of the thing that an event concerns.
    pub(crate) fn newest(&mut self, whole: &LocationGraph, of: &Change) -> Option<Stamp> {
        self.copy(whole, of);
        let graph = &self.graph;
        match of {
            Change::Association(Association { id, .. }) | Change::AssociationDeleted { id, .. } => {
                let number = graph.associations.find(id.as_str())?;
                graph.associations.rows()[number].stamp
            }
            Change::Relation(relation) => {
                let number = graph.records.find_relation(relation.id.as_str())?;
                Some(graph.records.relations()[number].stamp)
            }
            Change::Record { object: Some(object), id, .. } => {
                self.record_state(whole, object, id.as_str()).last
            }
            Change::Record { object: None, id, .. } => {
                graph.records.unkeyed_state(id.as_str()).last
            }
            Change::ObjectSchema(schema) => {
                let row = &graph.objects.rows()[graph.objects.find(schema.key.as_str())?];
                row.schema.as_deref().map(|(_, stamp)| *stamp)
            }
            Change::Location { .. } => graph.own_name.get(NAME).map(|name| name.stamp),
        }
    }

    fn find_record(&self, object: &ObjectKey, id: &str) -> Option<RecordNo> {
        self.graph.find_record(object, id)
    }

    /// Copies what an event of this concerns.
    fn copy(&mut self, whole: &LocationGraph, change: &Change) {
        match change {
            Change::Association(association) => {
                self.copy_association(whole, association.id.as_str());
                for end in [&association.first, &association.second] {
                    self.copy_object(whole, &end.object);
                }
            }
            Change::AssociationDeleted { id, .. } => {
                self.copy_association(whole, id.as_str());
            }
            Change::Relation(relation) => {
                // Of an edge type that is new there is no copy.
                self.copy_kind(whole, relation);
                for end in [&relation.first, &relation.second] {
                    self.copy_record(whole, &end.object, end.id.as_str());
                }
                self.copy_relation(whole, relation.id.as_str());
            }
            Change::Record { object: Some(object), id, .. } => {
                self.copy_record(whole, object, id.as_str());
            }
            Change::Record { object: None, id, .. } => self.copy_unkeyed(whole, id.as_str()),
            Change::ObjectSchema(schema) => {
                self.copy_object(whole, &schema.key);
            }
            Change::Location { .. } => {
                if !std::mem::replace(&mut self.has_own_name, true) {
                    self.graph.own_name.clone_from(&whole.own_name);
                }
            }
        }
    }

    /// Copies an object key that the whole graph has, and returns its number here.
    fn copy_object(&mut self, whole: &LocationGraph, key: &ObjectKey) -> Option<ObjectNo> {
        if let Some(copy) = self.graph.objects.find(key.as_str()) {
            return Some(copy);
        }
        let row = &whole.objects.rows()[whole.objects.find(key.as_str())?];
        let objects = Arc::make_mut(&mut self.graph.objects);
        let (copy, _) = objects.intern(key);
        if let Some((schema, stamp)) = row.schema.as_deref() {
            objects.restore_schema(copy, schema.clone(), *stamp);
        }
        objects.restore_names(copy, row.names.clone());
        self.graph.name_by_schema(copy);
        Some(copy)
    }

    fn copy_association(&mut self, whole: &LocationGraph, id: &str) -> Option<AssociationNo> {
        if let Some(copy) = self.graph.associations.find(id) {
            return Some(copy);
        }
        let row = &whole.associations.rows()[whole.associations.find(id)?];
        let associations = Arc::make_mut(&mut self.graph.associations);
        let (copy, _) = associations.intern(id);
        associations.restore(copy, row.stamp, row.definition.clone());
        Some(copy)
    }

    /// Copies the edge type of a relation, and what it is made of. Returns the copy if there is
    /// such a type.
    fn copy_kind(&mut self, whole: &LocationGraph, of: &Relation) -> Option<EdgeTypeNo> {
        let (first, second) = (&of.first.object, &of.second.object);
        let association = self.copy_association(whole, of.association.as_str());
        let ends = (self.copy_object(whole, first), self.copy_object(whole, second));
        let (association, (one, other)) = (association?, (ends.0?, ends.1?));
        whole
            .knows_edge_type(of.association.as_str(), first.as_str(), second.as_str())
            .then(|| self.graph.intern_kind(EdgeType { association, first: one, second: other }))
    }

    fn copy_unkeyed(&mut self, whole: &LocationGraph, id: &str) {
        if self.unkeyed.contains(id) {
            return;
        }
        self.unkeyed.insert(id.into());
        let state = whole.records.unkeyed_state(id);
        if state != RecordState::default() {
            self.graph.records.restore_unkeyed(id, state);
        }
        if let Some(names) = whole.records.names().unkeyed(id) {
            self.graph.records.restore_unkeyed_name(id, names);
        }
    }

    fn copy_record(
        &mut self,
        whole: &LocationGraph,
        object: &ObjectKey,
        id: &str,
    ) -> Option<RecordNo> {
        self.copy_unkeyed(whole, id);
        let copy_of = self.copy_object(whole, object)?;
        if let Some(copy) = self.graph.records.find_record(copy_of, id) {
            return Some(copy);
        }
        let known = whole.find_record(object, id)?;
        // What events without an object key say holds for a record that is copied after them.
        let state = whole.records.state(known).merged(self.graph.records.unkeyed_state(id));
        let next = self.graph.records.records().len();
        self.graph.records.restore_record(next, copy_of, id, state);
        let copy = self.graph.records.find_record(copy_of, id)?;
        if let Some(name) = whole.records.name_row(known) {
            self.graph.records.restore_name(copy, &name);
        }
        Some(copy)
    }

    fn copy_relation(&mut self, whole: &LocationGraph, id: &str) -> Option<()> {
        if self.graph.records.find_relation(id).is_some() {
            return Some(());
        }
        let number = whole.records.find_relation(id)?;
        let relation = whole.relation_at(number);
        let kind = self.copy_kind(whole, &relation)?;
        let first = self.copy_record(whole, &relation.first.object, relation.first.id.as_str())?;
        let second =
            self.copy_record(whole, &relation.second.object, relation.second.id.as_str())?;
        let next = self.graph.records.relations().len();
        let stamp = whole.records.relations()[number].stamp;
        self.graph.records.restore_relation(next, id, kind, (first, second), stamp);
        Some(())
    }
}

impl LocationGraph {
    fn find_record(&self, object: &ObjectKey, id: &str) -> Option<RecordNo> {
        self.records.find_record(self.objects.find(object.as_str())?, id)
    }

    /// Returns what a relation joins.
    fn relation_at(&self, number: RelationNo) -> Relation {
        let row = self.records.relations()[number];
        let association = self.records.kinds()[row.kind].kind.association;
        let end = |record| RecordRef {
            object: self.objects.rows()[self.records.records()[record].object].key.clone(),
            id: RecordId::from(self.records.record_id(record)),
        };
        Relation {
            id: RelationId::from(self.records.relation_id(number)),
            association: AssociationId::from(&*self.associations.rows()[association].id),
            first: end(row.first),
            second: end(row.second),
        }
    }
}
