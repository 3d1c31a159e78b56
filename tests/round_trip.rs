//! Events out as NDJSON and in elsewhere: the same graph, whatever is asked of it.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod long;
mod oracle;
mod sample;

use oracle::history;
use proptest::prelude::*;
use relata::export::{Format, Layers, Options, write};
use relata::graph::{Difference, LabelCount};
use relata::journal::MemoryJournal;
use relata::{Change, Delivery, Event, NodeRef, Store, Timestamp, verify};
use serde_json::{Map, Value, json};

/// Labels that formats and lines could stumble over.
const ODD: [&str; 6] = [
    "a \"quoted\"\nline",
    "=cmd|' /C'!A0",
    "<&>]]>",
    "\u{1}\u{7f}\u{2028}",
    "日本\u{1f600}",
    " ; \\ '",
];

/// An event as its sender might post it: flat or in an envelope, in one line or
/// several, its type in the body or in the URL.
fn body(event: &Event, style: usize) -> (String, Option<&'static str>) {
    let mut entity = Map::new();
    let mut put = |name: &str, value: &str| drop(entity.insert(name.to_owned(), json!(value)));
    match &event.change {
        Change::Association(it) => {
            put("id", it.id.as_str());
            put("key", &it.key);
            put("associationType", &it.association_type);
            put("firstObjectKey", it.first.object.as_str());
            put("firstObjectLabel", &it.first.label);
            put("secondObjectKey", it.second.object.as_str());
            put("secondObjectLabel", &it.second.label);
            for (name, declared) in [
                ("firstObjectToSecondObjectCardinality", &it.first_to_second),
                ("secondObjectToFirstObjectCardinality", &it.second_to_first),
            ] {
                if let Some(declared) = declared {
                    put(name, declared);
                }
            }
        }
        Change::AssociationGone(id) => {
            put("id", id.as_str());
            put("firstObjectKey", "contact");
            put("secondObjectKey", "property");
        }
        Change::Relation(it) => {
            put("id", it.id.as_str());
            put("associationId", it.association.as_str());
            put("firstObjectKey", it.first.object.as_str());
            put("firstRecordId", it.first.id.as_str());
            put("secondObjectKey", it.second.object.as_str());
            put("secondRecordId", it.second.id.as_str());
        }
        Change::Record { object, id } => {
            put("id", id.as_str());
            if let Some(object) = object {
                put("objectKey", object.as_str());
            }
        }
        Change::ObjectSchema(it) => {
            put("id", "schema");
            put("key", it.key.as_str());
            let labels = json!({"singular": it.singular, "plural": it.plural});
            entity.insert("labels".to_owned(), labels);
        }
    }
    entity.insert("locationId".to_owned(), json!(event.location.as_str()));
    if let Some(at) = event.at {
        entity.insert("timestamp".to_owned(), json!(at.to_string()));
    }
    let name = event.event_type.as_str();
    match style % 4 {
        0 => {
            entity.insert("type".to_owned(), json!(name));
            (Value::Object(entity).to_string(), None)
        }
        1 => (json!({"type": name, "data": entity}).to_string(), None),
        2 => (serde_json::to_string_pretty(&entity).unwrap(), Some(name)),
        _ => (Value::Object(entity).to_string().replace(',', ",\r\n"), Some(name)),
    }
}

fn told(events: &[Event]) -> Store {
    let store = Store::in_memory().unwrap();
    for (style, event) in events.iter().enumerate() {
        let (body, url_type) = body(event, style);
        let delivery = Delivery::read(body.as_bytes(), url_type, Timestamp::from_millis(0));
        store.submit_waiting(delivery.unwrap(), |result| drop(result.unwrap())).unwrap();
    }
    store.checkpoint().unwrap();
    store
}

/// Every location of a store, exported and imported into an empty one.
fn moved(store: &Store) -> Result<Store, TestCaseError> {
    let journal = MemoryJournal::new();
    let other = Store::with_journal(Box::new(journal.clone()), relata::Options::default()).unwrap();
    for location in store.locations() {
        let mut lines = Vec::new();
        store.export_events(location.id().as_str(), store.head(), &mut lines).unwrap();
        let counts = other.import().read(&lines[..], |_| Ok(())).unwrap();
        prop_assert_eq!((counts.refused, counts.ignored, counts.duplicate), (0, 0, 0));
        let mut again = Vec::new();
        other.export_events(location.id().as_str(), other.head(), &mut again).unwrap();
        prop_assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(lines).unwrap());
    }
    other.checkpoint().unwrap();
    prop_assert_eq!(verify(&mut journal.clone(), 10).unwrap().differences, vec![]);
    Ok(other)
}

/// Two stores answer everything alike.
fn compare(one: &Store, other: &Store) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.locations().len(), other.locations().len());
    for location in one.locations() {
        let theirs = other.location(location.id().as_str()).unwrap();
        let (left, right) = (location.read(), theirs.read());
        let (mine, copy) = (left.snapshot(), right.snapshot());
        for &format in Format::ALL {
            for layers in [Layers::All, Layers::Objects, Layers::Records] {
                let options = Options { layers, ..Options::default() };
                let text = |snapshot| {
                    let mut to = Vec::new();
                    // One that refuses a graph refuses both.
                    let written = write(snapshot, format, &options, &mut to);
                    (written.map_err(|error| error.to_string()), to)
                };
                prop_assert!(text(&mine) == text(&copy), "{} {layers:?}", format.as_str());
            }
        }
        prop_assert_eq!(left.counts(), right.counts());
        let objects = |graph: &relata::graph::LocationGraph| {
            format!("{:?}", graph.objects().collect::<Vec<_>>())
        };
        prop_assert_eq!(objects(&left), objects(&right));
        prop_assert!(left.associations().eq(right.associations()));
        let nodes = mine.object_nodes().into_iter().chain(mine.record_nodes());
        for node in nodes {
            let named = match node.record {
                Some(record) => NodeRef::record(node.object, record),
                None => NodeRef::object(node.object),
            };
            let labels = |graph: &relata::graph::LocationGraph| {
                let labels = graph.view().labels(&named).unwrap();
                labels.into_iter().map(LabelCount::into_owned).collect::<Vec<_>>()
            };
            prop_assert_eq!(labels(&left), labels(&right));
        }
    }
    Ok(())
}

/// Two locations, and labels that are odd.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let odd = prop::collection::vec((any::<bool>(), 0..ODD.len() * 2), 60);
    (history(), odd).prop_map(|(mut events, odd)| {
        for (event, (elsewhere, label)) in events.iter_mut().zip(odd) {
            if elsewhere {
                event.location = "elsewhere".into();
            }
            if let (Change::Association(it), Some(odd)) = (&mut event.change, ODD.get(label)) {
                it.first.label = (*odd).into();
                it.second.label = odd.chars().rev().collect();
            }
        }
        events
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: long::rounds(64, 2_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_history_that_is_moved_gives_the_same_graph(events in events()) {
        let store = told(&events);
        compare(&store, &moved(&store)?)?;
    }
}

#[test]
fn the_sample_that_is_moved_gives_the_same_graph() -> Result<(), TestCaseError> {
    let store = Store::in_memory().unwrap();
    sample::tell(&store, sample::SAMPLE.lines());
    let other = moved(&store)?;
    compare(&store, &other)?;
    let mut found: Vec<Difference> = Vec::new();
    for location in other.locations() {
        location.read().contradictions(&mut found, 10);
    }
    prop_assert_eq!(found, vec![]);
    Ok(())
}
