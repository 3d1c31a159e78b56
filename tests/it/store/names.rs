//! What things are called: where the names come from, and what is kept of their bodies.

use std::path::Path;

use proptest::prelude::*;
use relata::graph::Layers;
use relata::journal::{Journal as _, JournalEntry, SqliteJournal};
use relata::webhook::{Decoded, Keep, decode};
use relata::{Delivery, Options, Status, Store, Timestamp};
use serde_json::{Value, json};

use crate::store::checkpoint::checksums::make_old;
use crate::store::{exports, verified};

const SCHEMA: &str = r#"{"type":"ObjectSchemaCreate","id":"s1","locationId":"L","key":"custom_objects.pets",
    "labels":{"singular":"Pet","plural":"Pets"},"primaryDisplayProperty":"custom_objects.pets.pet_name",
    "timestamp":"2026-01-01T00:00:00Z"}"#;

fn tell(store: &Store, body: &str) -> Status {
    store.ingest(body.as_bytes()).unwrap().status
}

fn open(path: &Path, keep: Keep) -> Store {
    Store::open_with(path, Options { keep, checkpoint_events: 2, ..Options::default() }).unwrap()
}

/// The names of all records, as `contact/c1 = Ann`.
fn names(store: &Store) -> Vec<String> {
    let Some(location) = store.location("L").unwrap() else { return Vec::new() };
    let snapshot = location.read().snapshot();
    let nodes = snapshot.nodes(Layers::Records);
    let line = |(object, id, name): (&str, &str, &str)| format!("{object}/{id} = {name}");
    let mut lines: Vec<String> = nodes
        .iter()
        .filter_map(|node| Some(line((node.object, node.record?, node.name?))))
        .collect();
    lines.sort();
    lines
}

fn bodies(store: &Store) -> Vec<String> {
    let events = store.events("L", 0, 1000).unwrap().events;
    events.into_iter().map(|event| event.body).collect()
}

#[test]
fn a_name_is_the_first_member_that_is_not_blank() {
    let check = |event_type: &str, members: Value, expected: Option<&str>| {
        let store = Store::in_memory().unwrap();
        tell(&store, SCHEMA);
        let mut body = json!({"type": event_type, "id": "x", "locationId": "L"});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        if event_type.starts_with("Record") {
            body["objectKey"] = "custom_objects.pets".into();
        }
        tell(&store, &body.to_string());
        let found = names(&store);
        let name = found.first().and_then(|line| Some(line.split_once(" = ")?.1));
        assert_eq!(name, expected, "{body}");
    };
    let contact = |members, expected| check("ContactCreate", members, expected);
    contact(json!({"name": " Ann \t Lee ", "firstName": "B"}), Some("Ann Lee"));
    contact(json!({"name": " ", "firstName": "Ann", "lastName": "Lee"}), Some("Ann Lee"));
    contact(json!({"name": null, "firstName": "Ann", "lastName": null}), Some("Ann"));
    contact(json!({"lastName": "Lee", "companyName": "Acme"}), Some("Lee"));
    contact(json!({"companyName": "Acme", "email": "a@b.c"}), Some("Acme"));
    contact(json!({"email": "a@b.c", "phone": "+1"}), Some("a@b.c"));
    contact(json!({"phone": "+1"}), Some("+1"));
    contact(json!({"name": "\u{0}\u{1b}"}), None);
    contact(json!({}), None);
    check("ContactUpdate", json!({"name": "Ann"}), Some("Ann"));
    for event_type in [
        "OpportunityCreate",
        "OpportunityUpdate",
        "OpportunityAssignedToUpdate",
        "OpportunityMonetaryValueUpdate",
        "OpportunityStageUpdate",
        "OpportunityStatusUpdate",
    ] {
        check(event_type, json!({"name": "A sale", "phone": "+1"}), Some("A sale"));
    }
    let record = |members, expected| check("RecordCreate", members, expected);
    let property = |key, value: Value| json!({"key": key, "valueString": value});
    let list = |all: Vec<Value>| json!({"properties": all});
    record(list(vec![property("pet_name", json!("Buddy"))]), Some("Buddy"));
    record(list(vec![property("custom_objects.pets.pet_name", json!("Buddy"))]), Some("Buddy"));
    record(list(vec![property("pet_name", json!(" ")), property("title", json!("T"))]), Some("T"));
    let both = vec![property("title", json!("T")), property("name", json!("N"))];
    record(list(both), Some("N"));
    record(list(vec![property("notes", json!("secret"))]), None);
    record(json!({"properties": {"pet_name": "Buddy", "name": "N"}}), Some("Buddy"));
    record(json!({"properties": {"pet_name": 12.50}}), Some("12.5"));
    record(json!({"properties": {"pet_name": ["a", {"b": 1}]}}), Some(r#"["a",{"b":1}]"#));
    record(json!({"properties": [{"key": "pet_name", "valueNumber": 7}]}), Some("7"));
    record(json!({"properties": [3, null, {"key": 7}, {"key": "pet_name"}]}), None);
    record(json!({"properties": "pet_name"}), None);
    check("RecordUpdate", list(vec![property("pet_name", json!("Rex"))]), Some("Rex"));
}

/// Tells a name as what one thing of a type is called.
fn check_label(name: &str, expected: Option<&str>) {
    let store = Store::in_memory().unwrap();
    let schema = json!({"type": "ObjectSchemaCreate", "id": "s", "key": "custom_objects.pets",
        "locationId": "L", "labels": {"singular": name, "plural": name}});
    tell(&store, &schema.to_string());
    let location = store.location("L").unwrap().unwrap();
    let graph = location.read();
    let pets = graph.view().objects().find(|it| it.object == "custom_objects.pets").unwrap();
    assert_eq!((pets.singular, pets.plural), (expected, expected), "{name:?}");
}

/// Names that are nasty for a terminal, a table or a file are cleaned once, where they come
/// in; what is left is data of whatever shows it.
#[test]
fn a_nasty_name_is_cleaned() {
    let check = |name: &str, expected: Option<&str>| {
        let store = Store::in_memory().unwrap();
        let body = json!({"type": "ContactCreate", "id": "x", "locationId": "L", "name": name});
        tell(&store, &body.to_string());
        let expected: Vec<String> =
            expected.map(|it| format!("contact/x = {it}")).into_iter().collect();
        assert_eq!(names(&store), expected, "{name:?}");
        // What is kept of the body is as clean.
        assert!(!bodies(&store).iter().any(|body| body.contains("\\u00")), "{name:?}");
        if name.len() <= 512 {
            check_label(name, expected.first().and_then(|it| it.strip_prefix("contact/x = ")));
        }
    };
    let long = "é".repeat(10_000);
    check(&long, Some(&format!("{}…", "é".repeat(126))));
    check("שלום עולם", Some("שלום עולם"));
    check("👩\u{200d}👩\u{200d}👦", Some("👩\u{200d}👩\u{200d}👦"));
    check(" \t\n\u{a0}", None);
    check("<script>alert(1)</script>", Some("<script>alert(1)</script>"));
    check("=HYPERLINK(\"x\")", Some("=HYPERLINK(\"x\")"));
    check("a\0b", Some("ab"));
    check("\u{1b}[2Ja", Some("[2Ja"));
}

#[test]
fn no_more_of_a_body_is_kept_than_is_read() {
    let record = r#"{"type":"RecordCreate","id":"r","locationId":"L","objectKey":"custom_objects.pets",
        "owners":["o"],"properties":[{"key":"pet_name","valueString":"Buddy"},{"key":"notes","valueString":"secret"}],
        "timestamp":"2026-01-02T00:00:00Z","webhookId":"w"}"#;
    let contact = r#"{"id":"c","locationId":"L","firstName":"Ann","lastName":"Lee","phone":"+1555",
        "traceId":"t","customFields":[{"id":"f","value":"secret"}]}"#;
    let url = Some("ContactCreate");
    let kept = |keep, is_schema_first: bool| {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory.path().join("relata.db"), keep);
        if is_schema_first {
            tell(&store, SCHEMA);
        }
        tell(&store, record);
        let delivery = Delivery::read(contact.as_bytes(), url, None).unwrap();
        let status = store.accept(delivery).unwrap().status;
        assert_eq!(status, if keep == Keep::Ids { Status::Ignored } else { Status::Applied });
        let kept =
            bodies(&store).into_iter().skip(usize::from(is_schema_first)).collect::<Vec<_>>();
        (kept, names(&store))
    };
    let named = |properties: &str| {
        format!(
            r#"{{"type":"RecordCreate","id":"r","locationId":"L","objectKey":"custom_objects.pets","timestamp":"2026-01-02T00:00:00.000Z","webhookId":"w"{properties}}}"#
        )
    };
    let ann =
        r#"{"type":"ContactCreate","id":"c","locationId":"L","traceId":"t","name":"Ann Lee"}"#;
    let buddy = r#","properties":[{"key":"pet_name","valueString":"Buddy"}]"#;
    let (bodies, seen) = kept(Keep::Names, true);
    assert_eq!(bodies, [named(buddy), ann.to_owned()]);
    assert_eq!(seen, ["contact/c = Ann Lee", "custom_objects.pets/r = Buddy"]);
    // Before the schema any property may name the record.
    let both = r#","properties":[{"key":"notes","valueString":"secret"},{"key":"pet_name","valueString":"Buddy"}]"#;
    assert_eq!(kept(Keep::Names, false).0, [named(both), ann.to_owned()]);
    assert_eq!(kept(Keep::Bodies, true).0, [record, contact]);
    assert_eq!(kept(Keep::Ids, true), (vec![named("")], vec![]));
    // What holds nothing else stays byte for byte.
    let store = Store::in_memory().unwrap();
    let spaced = r#"{"name": "Ann", "type": "ContactCreate",  "locationId": "L", "id": "c"}"#;
    tell(&store, spaced);
    assert_eq!(super::names::bodies(&store), [spaced]);
}

const DELIVERIES: [&str; 8] = [
    SCHEMA,
    r#"{"type":"RecordCreate","id":"r","locationId":"L","timestamp":"2026-01-02T00:00:00Z","properties":[{"key":"pet_name","valueString":"buddy"},{"key":"age","valueString":"3"}]}"#,
    r#"{"type":"RecordUpdate","id":"r","objectKey":"custom_objects.pets","locationId":"L","timestamp":"2026-01-03T00:00:00Z","properties":[{"key":"pet_name","valueString":"Buddy"},{"key":"title","valueString":"Dog"}]}"#,
    r#"{"type":"RecordUpdate","id":"r","objectKey":"custom_objects.pets","locationId":"L","timestamp":"2026-01-04T00:00:00Z","properties":[{"key":"age","valueString":"4"}]}"#,
    r#"{"type":"ContactCreate","id":"c","locationId":"L","timestamp":"2026-01-02T00:00:00Z","firstName":"Ann"}"#,
    r#"{"type":"ContactUpdate","id":"c","locationId":"L","timestamp":"2026-01-05T00:00:00Z","firstName":"Ann","lastName":"Lee"}"#,
    r#"{"type":"ContactDelete","id":"c","locationId":"L","timestamp":"2026-01-03T00:00:00Z"}"#,
    r#"{"type":"LocationUpdate","id":"L","timestamp":"2026-01-02T00:00:00Z","name":"Seaside"}"#,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Through the journal, where what is kept of a record depends on what is known.
    #[test]
    fn any_order_of_deliveries_gives_the_same_names(
        order in Just((0..DELIVERIES.len()).collect::<Vec<_>>()).prop_shuffle(),
        repeated in 0..DELIVERIES.len(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("relata.db");
        let store = open(&path, Keep::Names);
        for number in order.into_iter().chain([repeated]) {
            tell(&store, DELIVERIES[number]);
        }
        let expected = ["contact/c = Ann Lee", "custom_objects.pets/r = Buddy"];
        assert_eq!(names(&store), expected);
        assert_eq!(store.location("L").unwrap().unwrap().read().name(), Some("Seaside"));
        store.close().unwrap();
        assert_eq!(verified(&path).differences, []);
        assert_eq!(names(&Store::open_read_only(&path).unwrap()), expected);
        assert_eq!(names(&Store::open(&path).unwrap()), expected);
    }
}

/// The record events of a file of an earlier version are in its journal, and give their
/// names when it is first opened.
#[test]
fn an_older_file_is_given_names() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.db");
    let store = open(&path, Keep::Bodies);
    DELIVERIES[..4].iter().for_each(|body| assert_ne!(tell(&store, body), Status::Ignored));
    let (expected, reference) = (names(&store), exports(&store));
    assert_eq!(expected, ["custom_objects.pets/r = Buddy"]);
    store.close().unwrap();
    make_old(&path);
    assert_eq!(names(&Store::open_read_only(&path).unwrap()), expected);
    let store = Store::open(&path).unwrap();
    assert_eq!((names(&store), exports(&store)), (expected.clone(), reference));
    store.close().unwrap();
    assert_eq!(verified(&path).differences, []);
    // No event is needed for them any more.
    let unnamed = "SELECT count(*) FROM unnamed";
    let file = rusqlite::Connection::open(&path).unwrap();
    assert_eq!(file.query_row(unnamed, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    assert_eq!(names(&Store::open(&path).unwrap()), expected);
}

/// An earlier version kept events that it ignored if it was told to. They stay ignored:
/// nothing of them was in any answer, and their place is that of nothing.
#[test]
fn what_was_ignored_stays_ignored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.db");
    let entry = JournalEntry {
        location: "L",
        event_type: "ContactCreate",
        entity: "",
        webhook_id: None,
        at: None,
        received_at: Timestamp::from_millis(0),
        body: DELIVERIES[4],
    };
    SqliteJournal::open(&path).unwrap().append(&[entry]).unwrap();
    assert_eq!(names(&Store::open(&path).unwrap()), [""; 0]);
    assert_eq!(verified(&path).differences, []);
}

#[test]
fn a_distilled_body_says_the_same() {
    for body in DELIVERIES {
        let Decoded::Event(event) = decode(body.as_bytes(), None).unwrap() else { panic!() };
        let kept = relata::webhook::distill(&event, body);
        let kept = kept.as_deref().unwrap_or(body);
        assert_eq!(decode(kept.as_bytes(), None), Ok(Decoded::Event(event.clone())), "{body}");
        assert_eq!(relata::webhook::distill(&event, kept), None, "{kept}");
    }
}
