//! All things of a location at one moment, as one side has them.

use std::collections::{BTreeMap, BTreeSet};

use crate::drift::difference::{Difference, Thing};
use crate::graph::{Edge, Layers, LocationGraph, ObjectCount};
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
            state.objects.insert(count.object.to_owned(), object(&count));
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

    /// Returns the associations, and drops the rest.
    pub(crate) fn into_associations(self) -> impl Iterator<Item = Association> {
        self.associations.into_values()
    }
}

/// Returns what a graph, that of a store, shows of the thing of a difference. Costs a look-up;
/// of a type of objects, a look at each.
pub(crate) fn thing_in(graph: &LocationGraph, difference: &Difference) -> Option<Thing> {
    Some(match difference.local().or(difference.upstream())? {
        Thing::Object(it) => {
            let mut all = graph.view().objects();
            Thing::Object(object(&all.find(|known| known.object == it.key.as_str())?))
        }
        Thing::Association(it) => Thing::Association(graph.association(it.id.as_str()).cloned()?),
        Thing::Record(it) => {
            graph.record(it.object.as_str(), it.id.as_str())?;
            Thing::Record(it.clone())
        }
        Thing::Relation(it) => Thing::Relation(relation(&graph.relation(it.id.as_str())?)?),
    })
}

fn object(count: &ObjectCount<'_>) -> ObjectRow {
    ObjectRow {
        id: String::new(),
        key: count.object.into(),
        singular: count.singular.map(str::to_owned),
        plural: count.plural.map(str::to_owned),
        primary: None,
        object_type: None,
        created_at: None,
        updated_at: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::compare::compare;
    use crate::drift::scope::Scope;
    use crate::store::Store;

    const EVENTS: [&str; 6] = [
        r#"{"type":"AssociationCreate","locationId":"L","id":"A","key":"owns",
            "associationType":"USER_DEFINED",
            "firstObjectKey":"contact","firstObjectLabel":"Owner",
            "secondObjectKey":"custom_objects.pet","secondObjectLabel":"Pet"}"#,
        r#"{"type":"RelationCreate","locationId":"L","id":"r","associationId":"A",
            "firstObjectKey":"contact","firstRecordId":"c",
            "secondObjectKey":"custom_objects.pet","secondRecordId":"p"}"#,
        r#"{"type":"ContactCreate","locationId":"L","id":"alone"}"#,
        r#"{"type":"ContactDelete","locationId":"L","id":"alone"}"#,
        r#"{"type":"RelationDelete","locationId":"L","id":"r","associationId":"A",
            "firstObjectKey":"contact","firstRecordId":"c",
            "secondObjectKey":"custom_objects.pet","secondRecordId":"p"}"#,
        r#"{"type":"AssociationDelete","locationId":"L","id":"A","key":"owns",
            "firstObjectKey":"contact","firstObjectLabel":"Owner",
            "secondObjectKey":"custom_objects.pet","secondObjectLabel":"Pet"}"#,
    ];

    /// A look-up of single things finds what a copy of the whole location has.
    #[test]
    fn a_thing_is_looked_up_as_a_state_has_it() {
        let stores = [0, 1, 2, 3, 4, 5, 6].map(|events| {
            let store = Store::in_memory().unwrap();
            EVENTS.iter().take(events).for_each(|event| {
                store.ingest(event.as_bytes()).unwrap();
            });
            store
        });
        let graph = |store: &Store| store.location("L").unwrap();
        let whole = State::of(&graph(&stores[3]).unwrap().read());
        assert_eq!((whole.records.len(), whole.relations.len()), (3, 1));
        let all = compare(&whole, &State::default(), &Scope::default());
        for (events, store) in stores.iter().enumerate() {
            let (graph, mut state) = (graph(store), State::default());
            let mut now = Vec::new();
            for difference in &all {
                let thing = graph.as_ref().and_then(|it| thing_in(&it.read(), difference));
                now.extend(Difference::of(difference.upstream().cloned(), thing));
            }
            if let Some(graph) = &graph {
                state = State::of(&graph.read());
            }
            assert_eq!(now, compare(&whole, &state, &Scope::default()), "{events}");
        }
    }
}
