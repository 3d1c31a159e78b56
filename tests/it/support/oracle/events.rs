//! Random histories of one location, and random filters to ask with.

use proptest::prelude::*;
use relata::graph::{LinkFilter, LocationGraph};
use relata::{
    Association, Change, End, Event, EventType, LocationId, ObjectKey, ObjectSchema, RecordId,
    RecordRef, Relation, Side, Timestamp,
};

const KEYS: [&str; 3] = ["contact", "property", "viewing"];
const LABELS: [&str; 4] = ["Buyer", "Home", "Friend", ""];

/// Associations and the object keys that they join as a rule; the last is never
/// declared.
const ASSOCIATIONS: [(&str, &str, &str); 5] = [
    ("a1", "contact", "property"),
    ("a2", "contact", "contact"),
    ("a3", "property", "viewing"),
    ("a4", "contact", "property"),
    ("pending", "contact", "contact"),
];
const CARDINALITIES: [&str; 4] = ["ONE_TO_ONE", "ONE_TO_MANY", "MANY_TO_ONE", "MANY_TO_MANY"];

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(words)
}

/// The usual object key, or now and then any other.
fn key_like(usual: &'static str) -> impl Strategy<Value = &'static str> {
    prop_oneof![9 => Just(usual), 1 => one_of(&KEYS)]
}

fn association() -> impl Strategy<Value = Association> {
    let declared = ASSOCIATIONS.split_last().map_or(&[][..], |(_, declared)| declared);
    let keys = prop::sample::select(declared)
        .prop_flat_map(|(id, first, second)| (Just(id), key_like(first), key_like(second)));
    let cardinality = || prop::option::of(one_of(&CARDINALITIES));
    let labels = (one_of(&LABELS), one_of(&LABELS));
    (keys, labels, cardinality(), cardinality()).prop_map(
        |((id, first, second), labels, there, back)| Association {
            id: id.into(),
            key: format!("key-{id}").into(),
            association_type: "USER_DEFINED".into(),
            first: End { object: first.into(), label: labels.0.into() },
            second: End { object: second.into(), label: labels.1.into() },
            first_to_second: there.map(Into::into),
            second_to_first: back.map(Into::into),
        },
    )
}

fn record_id() -> impl Strategy<Value = String> + Clone {
    (1..4).prop_map(|number| format!("r{number}"))
}

/// One relation; its ids are this many.
fn relation(ids: u32) -> impl Strategy<Value = Relation> {
    let kind = prop::sample::select(&ASSOCIATIONS[..])
        .prop_flat_map(|(id, first, second)| (Just(id), key_like(first), key_like(second)));
    (0..ids, kind, record_id(), record_id()).prop_map(|(number, kind, first, second)| Relation {
        id: format!("l{number}").into(),
        association: kind.0.into(),
        first: RecordRef { object: kind.1.into(), id: first.into() },
        second: RecordRef { object: kind.2.into(), id: second.into() },
    })
}

fn of_record() -> impl Strategy<Value = Change> {
    (prop::option::of(one_of(&KEYS)), record_id()).prop_map(|(object, id)| Change::Record {
        object: object.map(ObjectKey::from),
        id: RecordId::from(id),
        properties: Box::default(),
    })
}

fn schema() -> impl Strategy<Value = Change> {
    (one_of(&KEYS), prop::option::of(one_of(&LABELS))).prop_map(|(key, singular)| {
        Change::ObjectSchema(ObjectSchema {
            key: key.into(),
            singular: singular.map(Into::into),
            plural: None,
            primary: None,
        })
    })
}

fn told<S: Strategy<Value = Change>>(
    event_type: EventType,
    change: S,
) -> impl Strategy<Value = (EventType, Change)> {
    change.prop_map(move |change| (event_type, change))
}

fn change(ids: u32) -> impl Strategy<Value = (EventType, Change)> {
    let defined = || association().prop_map(Change::Association);
    let linked = || relation(ids).prop_map(Change::Relation);
    let of_kind = |object: &'static str| {
        record_id().prop_map(move |id| Change::Record {
            object: Some(object.into()),
            id: id.into(),
            properties: Box::default(),
        })
    };
    let gone = one_of(&["a1", "a2", "a3", "a4"]).prop_map(|id| Change::AssociationDeleted {
        id: id.into(),
        first: "contact".into(),
        second: "property".into(),
    });
    prop_oneof![
        8 => told(EventType::AssociationCreate, defined()),
        4 => told(EventType::AssociationUpdate, defined()),
        1 => told(EventType::AssociationDelete, gone),
        40 => told(EventType::RelationCreate, linked()),
        5 => told(EventType::RelationDelete, linked()),
        1 => told(EventType::RecordCreate, of_record()),
        1 => told(EventType::RecordUpdate, of_record()),
        1 => told(EventType::RecordDelete, of_record()),
        1 => told(EventType::ContactDelete, of_kind("contact")),
        1 => told(EventType::OpportunityDelete, of_kind("viewing")),
        1 => told(EventType::ObjectSchemaCreate, schema()),
        1 => told(EventType::ObjectSchemaUpdate, schema()),
    ]
}

/// Events of all types, dated and undated, in any order, of so many relations.
pub(crate) fn history_of(
    count: impl Into<prop::collection::SizeRange>,
    ids: u32,
) -> impl Strategy<Value = Vec<Event>> {
    let one = (prop::option::weighted(0.8, 1i64..9), change(ids)).prop_map(|(at, it)| Event {
        event_type: it.0,
        location: LocationId::from("here"),
        at: at.map(Timestamp::from_millis),
        webhook_id: None,
        trace_id: None,
        origin: relata::Origin::default(),
        observed_at: None,
        change: it.1,
    });
    prop::collection::vec(one, count)
}

/// A history of a small, dense graph.
pub(crate) fn history() -> impl Strategy<Value = Vec<Event>> {
    history_of(1..60, 24)
}

/// A history after which some nodes have so many links that they are kept in
/// another way, with gaps where links were.
pub(crate) fn crowded() -> impl Strategy<Value = Vec<Event>> {
    let is_old = |event: &Event| event.at.is_none_or(|at| at.as_millis() < 3);
    let is_wide = |event: &Event| {
        matches!(event.change, Change::Record { .. } | Change::AssociationDeleted { .. })
    };
    history_of(200..260, 240).prop_map(move |mut events| {
        // A late delete of a record or an association would leave few links.
        events.retain(|event| is_old(event) || !is_wide(event));
        for event in &mut events {
            let Change::Relation(relation) = &mut event.change else { continue };
            for end in [&mut relation.first, &mut relation.second] {
                if end.id.as_str() == "r3" {
                    end.id = "r1".into();
                }
            }
        }
        events
    })
}

/// The graph that events make.
pub(crate) fn folded(events: &[Event]) -> LocationGraph {
    let mut graph = LocationGraph::new();
    for (event, seq) in events.iter().zip(1..) {
        graph.merge(seq, event);
    }
    graph
}

fn words(all: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    prop_oneof![
        2 => Just(vec![]),
        1 => prop::collection::vec(one_of(all).prop_map(str::to_owned), 1..3),
    ]
}

/// A filter by label and association, as conditions and paths take it.
pub(crate) fn condition_filter() -> impl Strategy<Value = LinkFilter> {
    let labels = words(&["Buyer", "Home", "Friend", "", "nobody"]);
    let associations = words(&["a1", "key-a1", "key-a2", "a3", "a4", "pending", "none"]);
    (labels, associations).prop_map(|(labels, associations)| LinkFilter {
        labels,
        associations,
        ..LinkFilter::default()
    })
}

/// A filter by anything.
pub(crate) fn filter() -> impl Strategy<Value = LinkFilter> {
    let object = prop::option::weighted(0.25, one_of(&["contact", "property", "viewing", "none"]));
    let side = prop::option::weighted(0.25, prop::sample::select(&[Side::First, Side::Second][..]));
    (condition_filter(), object, side).prop_map(|(filter, object, side)| LinkFilter {
        object: object.map(str::to_owned),
        side,
        ..filter
    })
}
