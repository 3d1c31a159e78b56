//! Random events about few things.

use std::collections::BTreeSet;

use proptest::prelude::*;
use relata::{
    Association, Change, End, Event, EventType, LocationId, ObjectKey, ObjectSchema, Property,
    RecordId, RecordRef, Relation, Timestamp,
};

// ---- random events

pub(super) const OBJECTS: [&str; 3] = ["contact", "property", "opportunity"];

pub(super) const RECORDS: [&str; 3] = ["r1", "r2", "r3"];

const LABELS: [&str; 4] = ["Buyer", "Home", "Friend", ""];

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(words)
}

const VALUES: [&str; 3] = ["Ann", "Ben", "12 Maple Street"];

/// The property that every schema names.
pub(super) const PRIMARY: &str = "pet_name";

/// What a record event says, by ascending key.
fn properties() -> impl Strategy<Value = Box<[Property]>> + Clone {
    let keys = [PRIMARY, "name", "notes", "title"];
    let values = prop::collection::vec(prop::option::of(one_of(&VALUES)), keys.len());
    values.prop_map(move |values| {
        let both = keys.into_iter().zip(values);
        let said = both.filter_map(|(key, value)| Some((key, value?)));
        said.map(|(key, value)| Property { key: key.into(), value: value.into() }).collect()
    })
}

pub(super) fn change() -> impl Strategy<Value = (EventType, Change)> {
    let end = || {
        (one_of(&OBJECTS), one_of(&LABELS))
            .prop_map(|(object, label)| End { object: object.into(), label: label.into() })
    };
    let association =
        (one_of(&["a1", "a2", "a3"]), end(), end(), prop::option::of(Just("MANY_TO_MANY")))
            .prop_map(|(id, first, second, cardinality)| Association {
                id: id.into(),
                key: format!("key-{id}").into(),
                association_type: "USER_DEFINED".into(),
                first,
                second,
                first_to_second: cardinality.map(Into::into),
                second_to_first: None,
            });
    let record = || {
        (one_of(&OBJECTS), one_of(&RECORDS))
            .prop_map(|(object, id)| RecordRef { object: object.into(), id: id.into() })
    };
    let relation =
        (one_of(&["l1", "l2", "l3", "l4", "l5"]), one_of(&["a1", "a2", "a3"]), record(), record())
            .prop_map(|(id, association, first, second)| Relation {
                id: id.into(),
                association: association.into(),
                first,
                second,
            });
    prop_oneof![
        3 => association.clone().prop_map(|a| (EventType::AssociationCreate, Change::Association(a))),
        2 => association.prop_map(|a| (EventType::AssociationUpdate, Change::Association(a))),
        1 => one_of(&["a1", "a2", "a3"]).prop_map(|id| (EventType::AssociationDelete, Change::AssociationDeleted { id: id.into(), first: "contact".into(), second: "property".into() })),
        8 => relation.clone().prop_map(|r| (EventType::RelationCreate, Change::Relation(r))),
        3 => relation.prop_map(|r| (EventType::RelationDelete, Change::Relation(r))),
        14 => change_of_names(),
    ]
}

/// Events of records, of object keys and of the location.
fn change_of_names() -> impl Strategy<Value = (EventType, Change)> {
    let of_record = |properties: BoxedStrategy<Box<[Property]>>| {
        (prop::option::of(one_of(&OBJECTS)), one_of(&RECORDS), properties).prop_map(
            |(object, id, properties)| Change::Record {
                object: object.map(ObjectKey::from),
                id: RecordId::from(id),
                properties,
            },
        )
    };
    let of_contact =
        (one_of(&RECORDS), prop::option::of(one_of(&VALUES))).prop_map(|(id, name)| {
            let name = name.map(|value| Property { key: "name".into(), value: value.into() });
            let properties = name.into_iter().collect();
            Change::Record { object: Some("contact".into()), id: id.into(), properties }
        });
    let gone = |object: &'static str| {
        one_of(&RECORDS).prop_map(move |id| Change::Record {
            object: Some(object.into()),
            id: id.into(),
            properties: Box::default(),
        })
    };
    let schema =
        (one_of(&OBJECTS), prop::option::of(one_of(&LABELS)), prop::option::of(Just(PRIMARY)))
            .prop_map(|(key, singular, primary)| {
                Change::ObjectSchema(ObjectSchema {
                    key: key.into(),
                    singular: singular.map(Into::into),
                    plural: None,
                    primary: primary.map(Into::into),
                })
            });
    let named = prop::option::of(one_of(&VALUES))
        .prop_map(|name| Change::Location { id: "here".into(), name: name.map(Into::into) });
    prop_oneof![
        2 => of_record(properties().boxed()).prop_map(|c| (EventType::RecordCreate, c)),
        2 => of_record(properties().boxed()).prop_map(|c| (EventType::RecordUpdate, c)),
        2 => of_record(Just(Box::default()).boxed()).prop_map(|c| (EventType::RecordDelete, c)),
        1 => of_contact.clone().prop_map(|c| (EventType::ContactCreate, c)),
        1 => of_contact.prop_map(|c| (EventType::ContactUpdate, c)),
        1 => gone("contact").prop_map(|c| (EventType::ContactDelete, c)),
        1 => gone("opportunity").prop_map(|c| (EventType::OpportunityDelete, c)),
        1 => named.prop_map(|c| (EventType::LocationUpdate, c)),
        1 => schema.clone().prop_map(|c| (EventType::ObjectSchemaCreate, c)),
        1 => schema.prop_map(|c| (EventType::ObjectSchemaUpdate, c)),
    ]
}

pub(super) fn event(at: Option<i64>, (event_type, change): (EventType, Change)) -> Event {
    Event {
        event_type,
        location: LocationId::from("here"),
        at: at.map(Timestamp::from_millis),
        webhook_id: None,
        trace_id: None,
        origin: relata::Origin::default(),
        observed_at: None,
        change,
    }
}

pub(super) fn events(count: usize) -> impl Strategy<Value = Vec<Event>> {
    let one = (prop::option::of(1i64..6), change()).prop_map(|(at, change)| event(at, change));
    prop::collection::vec(one, 1..count)
}

/// Events no two of which happen at the same time.
pub(super) fn dated_events(count: usize) -> impl Strategy<Value = Vec<Event>> {
    let shuffled = prop::collection::vec(change(), 1..count).prop_map(|changes| {
        changes.into_iter().zip(1..).map(|(change, at)| event(Some(at), change)).collect::<Vec<_>>()
    });
    shuffled.prop_shuffle()
}

/// The thing whose state an event gives.
fn thing(event: &Event) -> String {
    match &event.change {
        Change::Association(association) => format!("association {}", association.id),
        Change::AssociationDeleted { id, .. } => format!("association {id}"),
        Change::Relation(relation) => format!("relation {}", relation.id),
        // One without object key speaks of all records of the id.
        Change::Record { id, .. } => format!("record {id}"),
        Change::ObjectSchema(schema) => format!("schema {}", schema.key),
        Change::Location { .. } => "location".to_owned(),
    }
}

/// A history of dated and undated events in which many things happen at the same
/// time, but no two of the same rank to one thing: those that the order of
/// delivery does not decide between.
pub(super) fn decided_events(count: usize) -> impl Strategy<Value = Vec<Event>> {
    events(count).prop_map(|events| {
        let mut seen = BTreeSet::new();
        let rank = |event: &Event| format!("{:?}", event.event_type.rank());
        let fresh = |event: &Event| seen.insert((thing(event), event.at, rank(event)));
        let mut events = events;
        events.retain(fresh);
        events
    })
}
