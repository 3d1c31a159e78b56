//! The merge rule: the state of one thing is the greatest of all its events.
//!
//! Events come at least once and in any order. The order is timestamp (absent
//! is oldest), then create < update < delete, then seq; see [`Stamp`]. Taking a
//! maximum over a total order makes replay, repetition and reordering
//! harmless. Of two events that differ in seq alone and say the same, the
//! first delivered stays.

use std::sync::Arc;

use crate::graph::layers::record_data::EdgeType;
use crate::graph::location_graph::LocationGraph;
use crate::graph::memory::table::{AssociationNo, EdgeTypeNo, ObjectNo, RecordNo};
use crate::graph::outcome::Outcome;
use crate::model::{Association, Change, Event, ObjectKey, Relation, Seq, Side, Stamp};

impl LocationGraph {
    /// Takes one event of this location at its journal position.
    ///
    /// Costs a few look-ups, whatever the size of the graph, but for the delete
    /// of a record, which costs the number of its links.
    pub fn merge(&mut self, seq: Seq, event: &Event) -> Outcome {
        self.seq = self.seq.max(seq);
        let stamp = Stamp::new(event.at, event.event_type.rank(), seq);
        match &event.change {
            Change::Association(association) => self.merge_association(association, stamp),
            Change::AssociationDeleted { id, .. } => {
                let number = self.intern_association(id.as_str());
                self.define(number, None, stamp)
            }
            Change::Relation(relation) => self.merge_relation(relation, stamp),
            Change::Record { object: Some(object), id, .. } => {
                let object = self.intern_object(object);
                let outcome = self.records.merge_record(object, id.as_str(), stamp);
                outcome.or_renamed(self.merge_names(event, stamp))
            }
            Change::Record { object: None, id, .. } => {
                let outcome = self.records.merge_unkeyed(id.as_str(), stamp);
                outcome.or_renamed(self.merge_names(event, stamp))
            }
            Change::ObjectSchema(schema) => {
                let number = self.intern_object(&schema.key);
                let objects = Arc::make_mut(&mut self.objects);
                let outcome = objects.merge_schema(number, schema, stamp);
                self.changed_objects.push(number);
                self.name_by_schema(number);
                outcome
            }
            Change::Location { .. } => {
                Outcome::Unchanged.or_renamed(self.merge_names(event, stamp))
            }
        }
    }

    pub(super) fn intern_object(&mut self, key: &ObjectKey) -> ObjectNo {
        if let Some(known) = self.objects.find(key.as_str()) {
            return known;
        }
        let (number, _) = Arc::make_mut(&mut self.objects).intern(key);
        self.changed_objects.push(number);
        self.name_by_schema(number);
        number
    }

    pub(super) fn intern_association(&mut self, id: &str) -> AssociationNo {
        if let Some(known) = self.associations.find(id) {
            return known;
        }
        let (number, _) = Arc::make_mut(&mut self.associations).intern(id);
        self.changed_associations.push(number);
        number
    }

    fn merge_association(&mut self, association: &Association, stamp: Stamp) -> Outcome {
        let number = self.intern_association(association.id.as_str());
        self.intern_object(&association.first.object);
        self.intern_object(&association.second.object);
        self.define(number, Some(association), stamp)
    }

    /// Merges a definition, or with `None` a delete.
    pub(super) fn define(
        &mut self,
        number: AssociationNo,
        definition: Option<&Association>,
        stamp: Stamp,
    ) -> Outcome {
        let outcome = Arc::make_mut(&mut self.associations).merge(number, definition, stamp);
        if outcome == Outcome::Applied {
            self.show(number);
        }
        self.changed_associations.push(number);
        outcome
    }

    /// Brings both layers in line with an association's state.
    pub(super) fn show(&mut self, number: AssociationNo) {
        let row = &self.associations.rows()[number];
        let end =
            |side: Side| self.objects.find(row.definition.as_ref()?.end(side).object.as_str());
        let ends = end(Side::First).zip(end(Side::Second));
        Arc::make_mut(&mut self.objects).join(number, ends);
        self.records.set_hidden(number, row.is_deleted());
    }

    fn merge_relation(&mut self, relation: &Relation, stamp: Stamp) -> Outcome {
        let (kind, ends) = self.place(relation);
        self.records.merge_relation(relation.id.as_str(), kind, ends, stamp)
    }

    /// Returns the numbers of all that a relation names, assigned now where there were
    /// none.
    pub(super) fn place(&mut self, relation: &Relation) -> (EdgeTypeNo, (RecordNo, RecordNo)) {
        let association = self.intern_association(relation.association.as_str());
        let first = self.intern_object(&relation.first.object);
        let second = self.intern_object(&relation.second.object);
        let kind = self.intern_kind(EdgeType { association, first, second });
        let ends = (
            self.records.intern_record(first, relation.first.id.as_str()),
            self.records.intern_record(second, relation.second.id.as_str()),
        );
        (kind, ends)
    }

    pub(super) fn intern_kind(&mut self, kind: EdgeType) -> EdgeTypeNo {
        let hidden = self.associations.rows()[kind.association].is_deleted();
        self.records.intern_kind(kind, hidden)
    }
}
