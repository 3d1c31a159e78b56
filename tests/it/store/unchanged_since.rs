//! Imports that leave out what has changed since an event.

use relata::import::LineOutcome;
use relata::{Status, Store};
use serde_json::{Value, json};

/// Imports lines about what has not changed since, and returns what became of each.
fn import(store: &Store, seq: u64, lines: &[Value]) -> Vec<(Status, Option<u64>)> {
    let text: String = lines.iter().map(|line| line.to_string() + "\n").collect();
    let mut outcomes = Vec::new();
    let counts = store.import().unchanged_since(seq).read(text.as_bytes(), |line| {
        let LineOutcome::Accepted { status, seq } = line.outcome else { panic!("{line:?}") };
        outcomes.push((status, seq));
        Ok(())
    });
    assert_eq!(counts.unwrap().lines, lines.len() as u64);
    outcomes
}

fn relation(kind: &str, id: &str) -> Value {
    json!({"type": format!("Relation{kind}"), "id": id, "associationId": "A", "locationId": "L",
        "firstObjectKey": "contact", "firstRecordId": "c", "secondObjectKey": "home",
        "secondRecordId": id})
}

fn association(kind: &str, label: &str) -> Value {
    json!({"type": format!("Association{kind}"), "id": "A", "locationId": "L", "key": "a",
        "associationType": "USER_DEFINED", "firstObjectKey": "contact", "secondObjectKey": "home",
        "firstObjectLabel": label, "secondObjectLabel": "Home"})
}

fn record(kind: &str, id: &str) -> Value {
    json!({"type": format!("Record{kind}"), "id": id, "locationId": "L", "objectKey": "home"})
}

fn object(label: &str) -> Value {
    json!({"type": "ObjectSchemaUpdate", "id": "o", "locationId": "L", "key": "home",
        "labels": {"singular": label, "plural": "Homes"}})
}

/// Whatever the kind of thing, an event about it stops only those that did not know of it.
#[test]
fn what_has_changed_meanwhile_is_left_alone() {
    let office = |name: &str| json!({"type": "LocationUpdate", "id": "L", "name": name});
    for [first, meanwhile, late] in [
        [relation("Create", "r"), relation("Delete", "r"), relation("Create", "r")],
        [
            association("Create", "Buyer"),
            association("Update", "Owner"),
            association("Update", "X"),
        ],
        [record("Create", "h"), record("Delete", "h"), record("Create", "h")],
        [object("Home"), object("House"), object("Hut")],
        [office("One"), office("Two"), office("Three")],
    ] {
        for is_later in [false, true] {
            let store = Store::in_memory().unwrap();
            let ingest = |event: &Value| store.ingest(event.to_string().as_bytes()).unwrap();
            ingest(&first);
            let seen = store.head();
            // Of another thing.
            ingest(&relation("Create", "other"));
            if is_later {
                ingest(&meanwhile);
            }
            let (head, found) = (store.head(), import(&store, seen, std::slice::from_ref(&late)));
            if is_later {
                assert_eq!(found, [(Status::Stale, None)], "{late}");
                assert_eq!(store.head(), head);
                // Whoever knows of it may.
                let again = import(&store, head, std::slice::from_ref(&late));
                assert_eq!(again[0].1, Some(head + 1), "{late}");
            } else {
                assert_eq!(found[0].1, Some(head + 1), "{late}");
            }
        }
    }
}

/// The lines of one import are events to each other, too, and none is taken for known.
#[test]
fn each_line_is_judged_by_those_before_it() {
    let store = Store::in_memory().unwrap();
    let lines = [
        relation("Create", "r"),
        relation("Delete", "r"),
        relation("Create", "s"),
        association("Create", "Buyer"),
    ];
    let applied = |seq| (Status::Applied, Some(seq));
    let found = import(&store, 0, &lines);
    assert_eq!(found, [applied(1), (Status::Stale, None), applied(2), applied(3)]);
    let again = import(&store, 0, &lines);
    assert!(again.iter().all(|it| *it == (Status::Stale, None)), "{again:?}");
    assert_eq!(store.head(), 3);
}
