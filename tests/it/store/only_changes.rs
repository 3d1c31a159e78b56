//! Imports that write only what changes something, now or some time.

use std::ops::Range;

use proptest::prelude::*;
use relata::graph::Layers;
use relata::import::{ImportCounts, LineOutcome};
use relata::{Delivery, IngestError, Options, Seq, Status, Store, Timestamp};
use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::long::rounds;
use crate::support::oracle::{body, history_of};
use crate::support::sample::SAMPLE;

/// Imports lines with only changes, and returns the status and the seq of each.
fn import(store: &Store, lines: &str) -> (ImportCounts, Vec<(Status, Option<Seq>)>) {
    let mut outcomes = Vec::new();
    let counts = store.import().only_changes().read(lines.as_bytes(), |line| {
        let LineOutcome::Accepted { status, seq } = line.outcome else { panic!("{line:?}") };
        outcomes.push((status, seq));
        Ok(())
    });
    (counts.unwrap(), outcomes)
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| event.to_string() + "\n").collect()
}

fn relation(number: usize) -> Value {
    json!({"type": "RelationCreate", "id": format!("r{number}"), "associationId": "A",
        "locationId": "L", "firstObjectKey": "contact", "firstRecordId": format!("c{number}"),
        "secondObjectKey": "home", "secondRecordId": format!("h{}", number % 7),
        "origin": "pull", "observedAt": "2026-01-02T03:04:05.006Z"})
}

fn relations(numbers: Range<usize>) -> String {
    lines(&numbers.map(relation).collect::<Vec<_>>())
}

#[test]
fn a_second_import_writes_nothing_and_leaves_the_file_as_it_is() {
    let (_directory, path) = fresh().unwrap();
    let file = relations(0..9_000) + SAMPLE + "\n";
    let store = Store::open(&path).unwrap();
    let (first, _) = import(&store, &file);
    let head = store.head();
    assert_eq!((first.applied, first.lines > head), (head, true));
    store.close().unwrap();
    let before = std::fs::metadata(&path).unwrap().len();
    let store = Store::open(&path).unwrap();
    let (again, outcomes) = import(&store, &file);
    // Those with an id of their own are known by it.
    let news = again.unchanged + again.stale + again.duplicate;
    assert_eq!((news, again.applied, store.head()), (first.lines, 0, head));
    assert!(outcomes.iter().take(9_000).all(|it| *it == (Status::Unchanged, None)));
    store.close().unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), before);
}

/// An event of so many seconds after a moment, if it has a time.
fn dated(mut event: Value, at: Option<u32>) -> Value {
    if let Some(at) = at {
        event["timestamp"] = json!(format!("2026-01-01T00:00:{at:02}Z"));
    }
    event
}

fn home(name: &str, at: Option<u32>) -> Value {
    let event = json!({"type": "RecordUpdate", "id": "h", "objectKey": "home",
        "locationId": "L", "properties": {"name": name}});
    dated(event, at)
}

/// The delete of the first relation.
fn unlinked() -> Value {
    let mut event = relation(1);
    event["type"] = json!("RelationDelete");
    event
}

fn labelled(label: &str, at: Option<u32>) -> Value {
    let event = json!({"type": "AssociationCreate", "id": "A", "key": "k",
        "locationId": "L", "firstObjectKey": "contact", "firstObjectLabel": label,
        "secondObjectKey": "home", "secondObjectLabel": "Home"});
    dated(event, at)
}

#[test]
fn a_line_is_written_if_it_says_something_new_even_if_only_when() {
    use Status::{Applied, Stale, Unchanged};

    let office = |name: &str| json!({"type": "LocationUpdate", "id": "L", "name": name});
    for (events, expected) in [
        // The same once more, another one, and the first again.
        (
            vec![
                labelled("a", None),
                labelled("a", None),
                labelled("b", None),
                labelled("a", None),
            ],
            vec![(Applied, 1), (Unchanged, 0), (Applied, 2), (Applied, 3)],
        ),
        // The same under a later time decides against one in between.
        (
            vec![
                labelled("a", Some(1)),
                labelled("a", Some(3)),
                labelled("b", Some(2)),
                labelled("b", None),
            ],
            vec![(Applied, 1), (Unchanged, 2), (Stale, 0), (Stale, 0)],
        ),
        (
            vec![relation(1), relation(1), unlinked(), relation(1), unlinked()],
            vec![(Applied, 1), (Unchanged, 0), (Applied, 2), (Stale, 0), (Unchanged, 0)],
        ),
        (
            vec![home("a", None), home("a", None), home("b", None), home("a", None)],
            vec![(Applied, 1), (Unchanged, 0), (Applied, 2), (Applied, 3)],
        ),
        (
            vec![home("a", Some(2)), home("b", Some(1)), home("a", Some(3)), home("b", Some(2))],
            vec![(Applied, 1), (Stale, 0), (Applied, 2), (Stale, 0)],
        ),
        (
            vec![office("a"), office("a"), office("b"), office("a")],
            vec![(Applied, 1), (Unchanged, 0), (Applied, 2), (Applied, 3)],
        ),
        (
            vec![
                json!({"type": "LocationUpdate", "id": "L"}),
                json!({"type": "LocationUpdate", "id": "M"}),
            ],
            vec![(Unchanged, 0), (Unchanged, 0)],
        ),
    ] {
        let expected: Vec<_> =
            expected.into_iter().map(|(status, seq)| (status, (seq > 0).then_some(seq))).collect();
        let store = Store::in_memory().unwrap();
        assert_eq!(import(&store, &lines(&events)).1, expected, "at once: {events:?}");
        let store = Store::in_memory().unwrap();
        let each = events.iter().map(|event| import(&store, &event.to_string()).1[0]);
        assert_eq!(each.collect::<Vec<_>>(), expected, "each by itself: {events:?}");
    }
}

#[test]
fn marks_of_imports_say_what_they_did() {
    let file = relations(0..5_000);
    let store = Store::in_memory().unwrap();
    import(&store, &file);
    // Its lines were not all written, perhaps: an import of all of them is to write them.
    let all = |store: &Store| store.import().read(file.as_bytes(), |_| Ok(())).unwrap();
    assert_eq!((all(&store).unchanged, store.head()), (5_000, 10_000));
    assert_eq!((all(&store).duplicate, store.head()), (5_000, 10_000));
    // What was imported before is compared with what has become of it, not taken as known.
    let mut gone = relation(7);
    gone["type"] = json!("RelationDelete");
    store.ingest(gone.to_string().as_bytes()).unwrap();
    let (counts, _) = import(&store, &file);
    assert_eq!((counts.unchanged, counts.stale, counts.duplicate), (4_999, 1, 0));
    assert_eq!(store.head(), 10_001);
}

#[test]
fn a_delivery_with_a_known_id_is_a_duplicate_and_one_left_out_is_not_remembered() {
    let store = Store::in_memory().unwrap();
    let with_id = |id: &str| {
        let mut event = relation(1);
        event["webhookId"] = json!(id);
        event
    };
    let (_, outcomes) = import(&store, &lines(&[with_id("a"), with_id("a"), with_id("b")]));
    let expected =
        [(Status::Applied, Some(1)), (Status::Duplicate, Some(1)), (Status::Unchanged, None)];
    assert_eq!(outcomes, expected);
    let receipt = store.ingest(with_id("b").to_string().as_bytes()).unwrap();
    assert_eq!((receipt.status, receipt.seq), (Status::Unchanged, Some(2)));
}

#[test]
fn limits_of_names_hold_for_what_is_written() {
    let mut options = Options::default();
    (options.names.locations, options.names.associations) = (2, 1);
    let journal = Box::new(relata::journal::MemoryJournal::new());
    let store = Store::with_journal(journal, options).unwrap();
    let of = |location: &str, association: &str, number: usize| {
        let mut event = relation(number);
        (event["locationId"], event["associationId"]) = (json!(location), json!(association));
        event
    };
    let empty = |location: &str| json!({"type": "LocationUpdate", "id": location});
    let events = [
        empty("X"),
        empty("Y"),
        of("L", "A", 1),
        of("L", "A", 1),
        of("L", "B", 2),
        of("M", "A", 1),
        of("X", "A", 1),
        of("N", "A", 1),
        of("N", "A", 2),
        of("M", "A", 2),
    ];
    let mut refused = Vec::new();
    let counts = store.import().only_changes().read(lines(&events).as_bytes(), |line| {
        if let LineOutcome::Refused(why) = line.outcome {
            refused.push((line.number, why.error.field()));
        }
        Ok(())
    });
    let counts = counts.unwrap();
    let location = Some("locationId");
    let expected = [(5, Some("associationId")), (7, location), (8, location), (9, location)];
    assert_eq!(refused, expected);
    assert_eq!((counts.applied, counts.unchanged, store.location_count()), (3, 3, 2));
}

/// What can be seen of a location, but for seqs.
fn seen(store: &Store, location: &str) -> (Vec<String>, Vec<String>) {
    let Some(location) = store.location(location).unwrap() else { return (vec![], vec![]) };
    let snapshot = location.read().snapshot();
    let nodes = snapshot.nodes(Layers::All);
    let links = snapshot.links(Layers::All);
    let link = |edge: &relata::graph::Edge<'_>| {
        let ends = [edge.first, edge.second].map(|end| (end.object, end.record));
        format!(
            "{ends:?} {} {:?} {:?} {:?}",
            edge.association, edge.relation, edge.definition, edge.at
        )
    };
    (nodes.iter().map(|node| format!("{node:?}")).collect(), links.iter().map(link).collect())
}

/// Names, dated or not, of a few things in several ways.
fn naming() -> impl Strategy<Value = Value> {
    let names = || prop::sample::select(vec!["a", "b", "c"]);
    let at = prop::option::of(0..4_u32);
    (0..7_usize, names(), prop::option::of(names()), at).prop_map(|(sort, name, title, at)| {
        let mut event = match sort {
            0 => json!({"type": "ContactUpdate", "id": "r1", "name": name}),
            1 => json!({"type": "RecordUpdate", "id": "r1", "objectKey": "property",
                "properties": {"name": name, "title": title}}),
            2 => json!({"type": "RecordCreate", "id": "r1", "properties": {"title": title}}),
            3 => json!({"type": "RecordUpdate", "id": "r2", "objectKey": "property",
                "properties": {"pet": name, "title": title}}),
            4 => json!({"type": "ObjectSchemaUpdate", "id": "s", "key": "property",
                "labels": {"singular": name, "plural": title}}),
            5 => json!({"type": "ObjectSchemaCreate", "id": "s", "key": "property",
                "primaryDisplayProperty": title.map(|_| "property.pet")}),
            _ => json!({"type": "LocationUpdate", "id": "here", "name": title}),
        };
        event["locationId"] = json!("here");
        if let Some(at) = at {
            event["timestamp"] = json!(Timestamp::from_millis(i64::from(at)).to_string());
        }
        event
    })
}

/// Events of all sorts, as bodies that name their type.
fn story() -> impl Strategy<Value = Vec<String>> {
    let events = history_of(0..40, 5)
        .prop_map(|events| events.iter().map(|event| body(event, 0).0).collect::<Vec<_>>());
    let names = prop::collection::vec(naming().prop_map(|it| it.to_string()), 0..30);
    (events, names).prop_flat_map(|(events, names)| Just([events, names].concat()).prop_shuffle())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(rounds(128, 3_000)))]
    /// A line that was left out is never missed, whatever comes after it.
    #[test]
    fn the_graph_is_as_if_every_line_had_been_written(
        first in story(),
        then in story(),
        together in 1..20_usize,
    ) {
        let (all, changes) = (Store::in_memory().unwrap(), Store::in_memory().unwrap());
        let told = |store: &Store, line: &str| {
            let delivery = Delivery::read(line.as_bytes(), None, None).unwrap();
            store.accept(delivery).map(|receipt| receipt.status)
        };
        for lines in first.chunks(together) {
            let expected: Result<Vec<Status>, IngestError> =
                lines.iter().map(|line| told(&all, line)).collect();
            let (_, outcomes) = import(&changes, &lines.join("\n"));
            let found: Vec<Status> = outcomes.iter().map(|(status, _)| *status).collect();
            prop_assert_eq!(found, expected.unwrap());
        }
        prop_assert_eq!(seen(&changes, "here"), seen(&all, "here"));
        for line in &then {
            prop_assert_eq!(told(&changes, line).unwrap(), told(&all, line).unwrap(), "{}", line);
        }
        prop_assert_eq!(seen(&changes, "here"), seen(&all, "here"));
        let (counts, _) = import(&changes, &[first, then].concat().join("\n"));
        prop_assert_eq!(counts.duplicate, 0);
    }
}
