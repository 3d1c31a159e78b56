//! What an event would do, without doing it.

use std::sync::Arc;

use crate::graph::layers::record_data::EdgeType;
use crate::graph::location_graph::LocationGraph;
use crate::graph::memory::table::{AssociationNo, ObjectNo, RecordNo};
use crate::graph::outcome::Outcome;
use crate::model::{Change, Event, ObjectKey, RecordState, Seq};

impl LocationGraph {
    /// Returns what [`merge`](Self::merge) would return, and leaves the graph as it is.
    ///
    /// Merges into a copy of the few things that the event concerns, so it
    /// costs what merging does.
    pub fn preview(&self, seq: Seq, event: &Event) -> Outcome {
        let mut part = Scratch { whole: self, graph: Self::new() };
        match &event.change {
            Change::Association(association) => {
                part.association(association.id.as_str());
            }
            Change::AssociationDeleted { id, .. } => {
                part.association(id.as_str());
            }
            Change::Relation(relation) => {
                part.association(relation.association.as_str());
                for end in [&relation.first, &relation.second] {
                    part.record(&end.object, end.id.as_str());
                }
                part.relation(relation.id.as_str());
            }
            Change::Record { object: Some(object), id, .. } => {
                part.record(object, id.as_str());
            }
            Change::Record { object: None, id, .. } => part.unkeyed(id.as_str()),
            Change::ObjectSchema(schema) => {
                part.object(&schema.key);
            }
            Change::Location { .. } => part.graph.own_name.clone_from(&self.own_name),
        }
        part.graph.merge(seq, event)
    }
}

/// Some things of a graph, in a graph of their own.
struct Scratch<'g> {
    whole: &'g LocationGraph,
    graph: LocationGraph,
}

impl Scratch<'_> {
    fn object(&mut self, key: &ObjectKey) -> ObjectNo {
        let (copy, _) = Arc::make_mut(&mut self.graph.objects).intern(key);
        let known = self.whole.objects.find(key.as_str());
        let schema = known.and_then(|known| self.whole.objects.rows()[known].schema.clone());
        if let Some((schema, stamp)) = schema.map(|schema| *schema) {
            Arc::make_mut(&mut self.graph.objects).restore_schema(copy, schema, stamp);
        }
        if let Some(known) = known {
            let names = self.whole.objects.rows()[known].names.clone();
            Arc::make_mut(&mut self.graph.objects).restore_names(copy, names);
        }
        self.graph.name_by_schema(copy);
        copy
    }

    fn association(&mut self, id: &str) -> AssociationNo {
        let associations = Arc::make_mut(&mut self.graph.associations);
        let (copy, _) = associations.intern(id);
        if let Some(known) = self.whole.associations.find(id) {
            let row = &self.whole.associations.rows()[known];
            associations.restore(copy, row.stamp, row.definition.clone());
        }
        copy
    }

    fn unkeyed(&mut self, id: &str) {
        let state = self.whole.records.unkeyed_state(id);
        if state != RecordState::default() {
            self.graph.records.restore_unkeyed(id, state);
        }
        if let Some(names) = self.whole.records.names().unkeyed(id) {
            self.graph.records.restore_unkeyed_name(id, names);
        }
    }

    fn record(&mut self, object: &ObjectKey, id: &str) -> Option<RecordNo> {
        self.unkeyed(id);
        let known = self.whole.objects.find(object.as_str());
        let known = known.and_then(|object| self.whole.records.find_record(object, id))?;
        let object = self.object(object);
        if let Some(copy) = self.graph.records.find_record(object, id) {
            return Some(copy);
        }
        let (next, state) = (self.graph.records.records().len(), self.whole.records.state(known));
        self.graph.records.restore_record(next, object, id, state);
        let copy = self.graph.records.find_record(object, id)?;
        if let Some(name) = self.whole.records.name_row(known) {
            self.graph.records.restore_name(copy, &name);
        }
        Some(copy)
    }

    fn relation(&mut self, id: &str) -> Option<()> {
        let number = self.whole.records.find_relation(id)?;
        let row = self.whole.records.relations()[number];
        let association = self.whole.records.kinds()[row.kind].kind.association;
        let association = self.association(&self.whole.associations.rows()[association].id);
        let first = self.end(row.first)?;
        let second = self.end(row.second)?;
        let object = |record| self.graph.records.records()[record].object;
        let kind = EdgeType { association, first: object(first), second: object(second) };
        let kind = self.graph.intern_kind(kind);
        self.graph.records.restore_relation(0, id, kind, (first, second), row.stamp);
        Some(())
    }

    fn end(&mut self, record: RecordNo) -> Option<RecordNo> {
        let object = self.whole.records.records()[record].object;
        let key = &self.whole.objects.rows()[object].key;
        self.record(key, self.whole.records.record_id(record))
    }
}
