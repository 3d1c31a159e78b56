//! All things of a location at one moment, as one side has them.

use std::collections::{BTreeMap, BTreeSet};

use crate::drift::difference::{Difference, Thing};
use crate::graph::{Edge, Layers, LocationGraph};
use crate::model::{
    Association, AssociationId, ObjectKey, RecordId, RecordRef, Relation, RelationId, Timestamp,
};
use crate::pull::{ObjectRow, PullError, Row, RowSink};
use crate::webhook::clean_name;

/// All things of a location at one moment, as one side has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Types of objects, by object key.
    pub objects: BTreeMap<String, ObjectRow>,
    /// Associations, by id.
    pub associations: BTreeMap<String, Association>,
    /// The object keys of records, by record id.
    pub records: BTreeMap<String, BTreeSet<String>>,
    /// Relations, by id.
    pub relations: BTreeMap<String, Relation>,
}

impl State {
    /// Collects what is visible of a location. Costs all of it; the graph is locked for its
    /// associations alone.
    pub fn of(graph: &LocationGraph) -> Self {
        let snapshot = graph.snapshot();
        let view = snapshot.view();
        let mut state = Self::default();
        for count in view.objects() {
            let object = ObjectRow {
                id: String::new(),
                key: count.object.into(),
                singular: count.singular.map(str::to_owned),
                plural: count.plural.map(str::to_owned),
                primary: None,
                object_type: None,
                created_at: None,
                updated_at: None,
            };
            state.objects.insert(count.object.to_owned(), object);
        }
        for count in view.associations() {
            let association = count.association.clone();
            state.associations.insert(association.id.as_str().to_owned(), association);
        }
        for node in snapshot.nodes(Layers::Records) {
            if let Some(id) = node.record {
                state.add_record(node.object, id);
            }
        }
        for relation in snapshot.links(Layers::Records).iter().filter_map(relation) {
            state.relations.insert(relation.id.as_str().to_owned(), relation);
        }
        state
    }

    fn add_record(&mut self, object: &str, id: &str) {
        self.records.entry(id.to_owned()).or_default().insert(object.to_owned());
    }

    /// Returns whether there is a record.
    pub(crate) fn has_record(&self, object: &str, id: &str) -> bool {
        self.records.get(id).is_some_and(|objects| objects.contains(object))
    }

    /// Returns what this, the state of a store, has of the thing of a difference.
    pub(crate) fn local_of(&self, difference: &Difference) -> Option<Thing> {
        match difference.local().or(difference.upstream())? {
            Thing::Object(object) => {
                self.objects.get(object.key.as_str()).cloned().map(Thing::Object)
            }
            Thing::Association(it) => {
                self.associations.get(it.id.as_str()).cloned().map(Thing::Association)
            }
            Thing::Record(it) => {
                let is_known = self.has_record(it.object.as_str(), it.id.as_str());
                is_known.then(|| Thing::Record(it.clone()))
            }
            Thing::Relation(it) => self.relations.get(it.id.as_str()).cloned().map(Thing::Relation),
        }
    }
}

fn relation(edge: &Edge<'_>) -> Option<Relation> {
    let end = |object: &str, record: Option<&str>| {
        Some(RecordRef { object: ObjectKey::from(object), id: RecordId::from(record?) })
    };
    Some(Relation {
        id: RelationId::from(edge.relation?),
        association: AssociationId::from(edge.association),
        first: end(edge.first.object, edge.first.record)?,
        second: end(edge.second.object, edge.second.record)?,
    })
}

/// Collects the rows of a location.
impl RowSink for State {
    fn take(&mut self, row: Row, _: Timestamp) -> Result<(), PullError> {
        match row {
            Row::Location(_) => {}
            Row::Object(mut row) => {
                // As a store shows them.
                for label in [&mut row.singular, &mut row.plural] {
                    *label = label.as_deref().and_then(clean_name).map(String::from);
                }
                self.objects.insert(row.key.as_str().to_owned(), row);
            }
            Row::Association(row) => {
                self.associations.insert(row.id.as_str().to_owned(), row);
            }
            Row::Record(row) => self.add_record(row.object.as_str(), row.id.as_str()),
            Row::Relation(row) => {
                self.relations.insert(row.id.as_str().to_owned(), row);
            }
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<Option<u64>, PullError> {
        Ok(None)
    }

    fn resume(&mut self, _: u64) -> Result<(), PullError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), PullError> {
        Ok(())
    }
}
