//! A location whose every text is a given one that breaks naive writers.

use relata::graph::Snapshot;
use relata::journal::{Journal, JournalEntry, MemoryJournal};
use relata::{Options, Store, Timestamp};
use serde_json::{Value, json};

pub(crate) const NASTY: &[&str] = &[
    "",
    "\"",
    "\\",
    "\\n",
    "\\\"",
    "<&>\"'",
    "]]>",
    "-->",
    "&amp;&#13;",
    "a\nb\r\nc\td",
    "\u{0}\u{1}\u{8}\u{b}\u{1f}",
    "\u{7f}\u{85}\u{2028}\u{feff}\u{fffe}\u{ffff}",
    "🏠👩‍👩‍👧",
    "שלום עולם \u{202e}evil",
    "=1+1",
    " \u{a0}=1+1",
    "a/b//c",
    " lead and trail ",
    "\u{301}",
    "'",
    "`",
    "' }) DETACH DELETE n //",
    "` {id: 1}) DETACH DELETE n //",
    "\\u0027\\u0060\\U0001",
    "a,b;c|d\te",
    "@SUM(1)",
    "\u{ff1d}1",
    "%20%",
    "> <urn:x> .",
    "AUX",
    "(x){y}[z]:w#v$u",
    "2",
    " ",
];

/// A text as ids spell it: what some format cannot carry, and the point that marks
/// it, as a number between two points.
pub(crate) fn spelled(text: &str) -> String {
    let mut spelled = String::new();
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{b7}' | '\u{fffe}' | '\u{ffff}') {
            spelled.extend(["\u{b7}", &format!("{:x}", u32::from(c)), "\u{b7}"]);
        } else {
            spelled.push(c);
        }
    }
    spelled
}

/// The id of a node in the exports.
pub(crate) fn node_id(object: &str, record: Option<&str>) -> String {
    let object = spelled(object).replace('/', "\u{b7}2f\u{b7}");
    record.map_or_else(|| object.clone(), |record| format!("{object}/{}", spelled(record)))
}

/// A location with a self-link and parallel links.
pub(crate) fn snapshot(nasty: &str) -> Snapshot {
    // Written into the journal: it may hold what is no longer accepted, as a slash in an
    // object key, and that must come out right.
    let mut journal = MemoryJournal::new();
    for event in events_as("L", nasty, |key| key) {
        let entry = JournalEntry {
            location: "L",
            event_type: event["type"].as_str().unwrap(),
            entity: event["id"].as_str().unwrap(),
            webhook_id: None,
            at: None,
            received_at: Timestamp::from_millis(0),
            body: &event.to_string(),
        };
        journal.append(&[entry]).unwrap();
    }
    let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
    store.location("L").unwrap().unwrap().read().snapshot()
}

/// The events of such a location, with its object keys as they are given.
pub(crate) fn events_as(
    location: &str,
    nasty: &str,
    object_key: fn(String) -> String,
) -> Vec<Value> {
    let id = |prefix: &str| format!("{prefix}{nasty}");
    let key_of = |prefix: &str| object_key(id(prefix));
    let association = |association: String, key: &str| {
        json!({"type": "AssociationCreate", "id": association, "key": nasty_or(nasty, key),
            "locationId": location, "firstObjectKey": key_of("c"), "firstObjectLabel": nasty,
            "secondObjectKey": key_of("p"), "secondObjectLabel": nasty})
    };
    let relation = |relation: String, association: String, first: &str, second: &str| {
        json!({"type": "RelationCreate", "id": relation, "associationId": association,
            "locationId": location, "firstObjectKey": key_of("c"), "firstRecordId": id(first),
            "secondObjectKey": key_of("p"), "secondRecordId": id(second)})
    };
    vec![
        association(id("a"), "key"),
        association(id("b"), "key"),
        relation(id("r1"), id("a"), "1", "2"),
        relation(id("r2"), id("a"), "1", "2"),
        relation(id("r3"), id("b"), "1", "2"),
        relation(id("r4"), id("unknown"), "1", "1"),
        json!({"type": "RelationCreate", "id": id("self"), "associationId": id("a"),
            "locationId": location, "firstObjectKey": key_of("c"), "firstRecordId": id("1"),
            "secondObjectKey": key_of("c"), "secondRecordId": id("1")}),
        json!({"type": "ObjectSchemaCreate", "id": id("s"), "key": key_of("p"), "locationId": location,
            "labels": {"singular": nasty, "plural": nasty}}),
    ]
}

fn nasty_or<'a>(nasty: &'a str, other: &'a str) -> &'a str {
    if nasty.is_empty() { other } else { nasty }
}
