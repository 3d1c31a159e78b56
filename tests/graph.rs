//! What long use and odd events do to a location's graph.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

use std::time::{Duration, Instant};

use relata::graph::{Effort, LinkQuery, LocationGraph};
use relata::webhook::{Decoded, decode};
use relata::{Event, NodeRef, Seq};
use serde_json::{Value, json};

fn event(body: &Value) -> Event {
    match decode(body.to_string().as_bytes(), None).unwrap() {
        Decoded::Event(event) => event,
        Decoded::Ignored { .. } => unreachable!("{body}"),
    }
}

fn relation(id: &str, association: &str, first: [&str; 2], second: [&str; 2]) -> Event {
    event(&json!({
        "type": "RelationCreate", "id": id, "associationId": association, "locationId": "here",
        "firstObjectKey": first[0], "firstRecordId": first[1],
        "secondObjectKey": second[0], "secondRecordId": second[1],
    }))
}

/// The address space of this process in bytes, where the system tells.
fn address_space() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(pages.split(' ').next()?.parse::<u64>().ok()? * 4_096)
}

/// A copy of a location, during whose life one new id came, used up a chunk of texts for
/// ever. After 65,536 of them, some hours of exports or long questions beside posts, ids
/// were read as other ids, the checkpoint saved that, and then the writer died.
#[test]
fn seventy_thousand_copies_leave_ids_right_and_memory_flat() {
    const COPIES: u64 = 70_000;
    let mut graph = LocationGraph::new();
    let before = address_space();
    for number in 0..COPIES {
        let copy = (number % 7 != 0).then(|| graph.snapshot());
        let [id, contact, house] = ["r", "c", "h"].map(|kind| format!("{kind}{number:06}"));
        graph.merge(number + 1, &relation(&id, "a", ["contact", &contact], ["house", &house]));
        drop(copy);
    }
    if let (Some(before), Some(after)) = (before, address_space()) {
        let grown = after.saturating_sub(before) >> 20;
        assert!(grown < 400, "{grown} MiB");
    }
    let mut effort = Effort::unbounded();
    for number in (0..COPIES).step_by(997).chain(COPIES - 100..COPIES) {
        let contact: NodeRef = format!("contact/c{number:06}").parse().unwrap();
        let page = graph.view().links(&contact, &LinkQuery::default(), &mut effort).unwrap();
        let link = page.links.first().unwrap();
        assert_eq!(link.relation, Some(&*format!("r{number:06}")));
        assert_eq!(link.record, Some(&*format!("h{number:06}")));
    }
}

/// The fastest of three runs of merging these into an empty graph.
fn merging(events: &[Event]) -> Duration {
    let run = || {
        let mut graph = LocationGraph::new();
        let start = Instant::now();
        for (event, seq) in events.iter().zip(1 as Seq..) {
            graph.merge(seq, event);
        }
        start.elapsed()
    };
    (0..3).map(|_| run()).min().unwrap()
}

/// Relations under one association, each with an object key of its own, cost the square
/// of their number on the thread that writes for everybody.
#[test]
fn invented_object_keys_cost_what_others_cost() {
    let hub = ["house", "h"];
    let events = |key: &dyn Fn(u32) -> [String; 2]| -> Vec<Event> {
        let event = |number: u32| {
            let [key, record] = key(number);
            relation(&format!("r{number}"), "a", [&key, &record], hub)
        };
        (0..6_000).map(event).collect()
    };
    let ordinary = merging(&events(&|number| ["contact".to_owned(), format!("c{number}")]));
    let invented = merging(&events(&|number| [format!("k{number}"), format!("c{number}")]));
    assert!(invented < ordinary * 6 + Duration::from_millis(50), "{invented:?}, {ordinary:?}");
}

/// A deleted record was listed while the only link that it had got since was one of a
/// deleted association, which no list shows.
#[test]
fn a_deleted_record_is_listed_while_a_link_to_it_is_shown() {
    let mut graph = LocationGraph::new();
    let mut seq = 0;
    let mut merge = |graph: &mut LocationGraph, body: Value| {
        seq += 1;
        graph.merge(seq, &event(&body));
    };
    let association = |kind: &str, day: u32| {
        json!({"type": kind, "id": "a", "key": "k", "locationId": "here",
            "firstObjectKey": "contact", "firstObjectLabel": "Buyer",
            "secondObjectKey": "house", "secondObjectLabel": "Home",
            "timestamp": format!("2026-01-0{day}T00:00:00Z")})
    };
    let listed = |graph: &LocationGraph| {
        let counts = graph.view().counts();
        (counts.records, counts.relations)
    };
    merge(&mut graph, association("AssociationCreate", 1));
    merge(
        &mut graph,
        json!({"type": "ContactDelete", "id": "c", "locationId": "here",
        "timestamp": "2026-01-02T00:00:00Z"}),
    );
    merge(
        &mut graph,
        json!({"type": "RelationCreate", "id": "r", "associationId": "a",
        "locationId": "here", "firstObjectKey": "contact", "firstRecordId": "c",
        "secondObjectKey": "house", "secondRecordId": "h",
        "timestamp": "2026-01-03T00:00:00Z"}),
    );
    assert_eq!(listed(&graph), (2, 1));
    merge(&mut graph, association("AssociationDelete", 4));
    assert_eq!(listed(&graph), (1, 0));
    merge(&mut graph, association("AssociationCreate", 5));
    assert_eq!(listed(&graph), (2, 1));
}
