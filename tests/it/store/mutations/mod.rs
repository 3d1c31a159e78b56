//! Writes to the store itself: what they do, what they refuse, and what is left of them.

mod bulk;
mod conditions;
mod failures;
mod model;
mod records;
mod relations;
mod schema;

use relata::graph::{Budget, RelationQuery};
use relata::mutation::{
    Done, Mutated, Mutation, MutationRefusal, Mutations, NewAssociation, Thing,
};
use relata::{
    Association, AssociationId, Delivery, End, LocationId, ObjectKey, Options, RecordId, Relation,
    RelationId, Status, Store,
};
use serde_json::{Value, json};

use crate::support::clock::ManualClock;

type Outcome = Result<Done, MutationRefusal>;

/// A store with a clock of its own, and one location.
struct Desk {
    store: Store,
    clock: ManualClock,
}

impl Desk {
    fn new() -> Self {
        Self::with(&Options::default())
    }

    fn with(options: &Options) -> Self {
        let clock = ManualClock::new();
        let options = Options { clock: clock.shared(), ..options.clone() };
        let journal = Box::new(relata::journal::MemoryJournal::new());
        Self { store: Store::with_journal(journal, options).unwrap(), clock }
    }

    fn mutate_all(&self, mutations: Vec<Mutation>) -> Mutated {
        mutate_all(&self.store, mutations)
    }

    fn mutate(&self, mutation: Mutation) -> Outcome {
        mutate(&self.store, mutation)
    }

    /// Creates the association of buyers and homes.
    fn interest(&self) -> Association {
        association(self.mutate(create_association("interest", "contact", "home")))
    }

    fn link(&self, association: &AssociationId, first: &str, second: &str) -> Outcome {
        self.mutate(create_relation(association.as_str(), first, second))
    }

    fn unlink(&self, id: &RelationId) -> Outcome {
        self.mutate(Mutation::DeleteRelation { id: id.clone() })
    }

    /// A webhook, with the time of the desk's clock and so many milliseconds.
    fn post_at(&self, ahead: i64, mut body: Value) -> Status {
        let at = relata::Timestamp::from_millis(self.clock.wall().as_millis() + ahead);
        body["timestamp"] = json!(at.to_string());
        self.post(&body)
    }

    fn post(&self, body: &Value) -> Status {
        self.store.ingest(body.to_string().as_bytes()).unwrap().status
    }

    /// The ids of the relations of a record, whatever its object key.
    fn relations(&self, record: &str) -> Vec<String> {
        let Some(location) = self.store.location("L").unwrap() else { return Vec::new() };
        let graph = location.read();
        let list = graph.view().relations(&RelationQuery::of(record), &mut Budget::unbounded());
        assert_eq!((list.total, list.complete), (list.relations.len() as u64, true));
        list.relations.iter().map(|edge| edge.relation.unwrap().to_owned()).collect()
    }

    fn definition(&self, id: &AssociationId) -> Option<Association> {
        self.store.location("L").unwrap()?.read().association(id.as_str()).cloned()
    }

    /// The last body of the journal.
    fn last_body(&self) -> Value {
        let events = self.store.events("L", self.store.head() - 1, 1).unwrap().events;
        serde_json::from_str(&events[0].body).unwrap()
    }
}

fn mutations(mutations: Vec<Mutation>) -> Mutations {
    Mutations { location: LocationId::from("L"), trace_id: Some("trace".into()), mutations }
}

fn mutate_all(store: &Store, all: Vec<Mutation>) -> Mutated {
    let (count, before) = (all.len(), store.head());
    let mutated = store.mutate(mutations(all)).unwrap();
    assert_eq!((mutated.outcomes.len(), mutated.head >= before), (count, true));
    mutated
}

fn mutate(store: &Store, mutation: Mutation) -> Outcome {
    mutate_all(store, vec![mutation]).outcomes.remove(0)
}

fn end(object: &str, label: &str) -> End {
    End { object: ObjectKey::from(object), label: label.into() }
}

fn new_association(key: &str, first: &str, second: &str) -> NewAssociation {
    NewAssociation {
        key: key.into(),
        first: end(first, "Buyer"),
        second: end(second, "Home"),
        first_to_second: None,
        second_to_first: None,
    }
}

fn create_association(key: &str, first: &str, second: &str) -> Mutation {
    Mutation::CreateAssociation(new_association(key, first, second))
}

fn create_relation(association: &str, first: &str, second: &str) -> Mutation {
    Mutation::CreateRelation {
        association: AssociationId::from(association),
        first: RecordId::from(first),
        second: RecordId::from(second),
    }
}

fn relabel(id: &AssociationId, first: &str, second: &str) -> Mutation {
    let (first_label, second_label) = (first.into(), second.into());
    Mutation::UpdateAssociation { id: id.clone(), first_label, second_label }
}

fn association(outcome: Outcome) -> Association {
    match outcome.unwrap().thing {
        Thing::Association(association) => association,
        other => panic!("{other:?}"),
    }
}

fn relation(outcome: Outcome) -> Relation {
    match outcome.unwrap().thing {
        Thing::Relation(relation) => relation,
        other => panic!("{other:?}"),
    }
}

fn delivery(body: &Value) -> Box<Delivery> {
    Box::new(Delivery::read(body.to_string().as_bytes(), None, None).unwrap())
}

/// The webhook of a relation of an association between contacts and homes.
fn posted(event_type: &str, id: &str, association: &str, first: &str, second: &str) -> Value {
    json!({"type": event_type, "id": id, "associationId": association, "locationId": "L",
        "firstObjectKey": "contact", "firstRecordId": first,
        "secondObjectKey": "home", "secondRecordId": second})
}

/// The webhook of an association between contacts and homes.
fn defined(event_type: &str, id: &str, labels: [&str; 2]) -> Value {
    json!({"type": event_type, "id": id, "key": format!("key-{id}"), "locationId": "L",
        "associationType": "USER_DEFINED",
        "firstObjectKey": "contact", "firstObjectLabel": labels[0],
        "secondObjectKey": "home", "secondObjectLabel": labels[1]})
}
