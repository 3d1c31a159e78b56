//! What long use and odd events do to a location's graph.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod long;
mod sample;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use relata::graph::{
    Effort, LinkFilter, LinkQuery, LocationGraph, NeighborhoodQuery, PathQuery, View, WalkQuery,
};
use relata::webhook::{Decoded, decode};
use relata::{Event, NodeRef, Seq, Store};
use sample::delivery;
use serde_json::{Value, json};

fn event(body: &Value) -> Event {
    match decode(body.to_string().as_bytes(), None).unwrap() {
        Decoded::Event(event) => event,
        Decoded::Ignored { .. } => unreachable!("{body}"),
    }
}

fn relation_body(id: &str, association: &str, first: [&str; 2], second: [&str; 2]) -> Value {
    json!({
        "type": "RelationCreate", "id": id, "associationId": association, "locationId": "here",
        "firstObjectKey": first[0], "firstRecordId": first[1],
        "secondObjectKey": second[0], "secondRecordId": second[1],
    })
}

fn relation(id: &str, association: &str, first: [&str; 2], second: [&str; 2]) -> Event {
    event(&relation_body(id, association, first, second))
}

/// Held by tests that look at the memory of the process.
static MEMORY: Mutex<()> = Mutex::new(());

/// The address space of this process and what of it is resident, in bytes, where the
/// system tells.
fn memory() -> Option<[u64; 2]> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let mut pages = pages.split(' ').map_while(|number| number.parse::<u64>().ok());
    Some([pages.next()? * 4_096, pages.next()? * 4_096])
}

/// A copy of a location, during whose life one new id came, used up a chunk of texts for
/// ever. After 65,536 of them, some hours of exports or long questions beside posts, ids
/// were read as other ids, the checkpoint saved that, and then the writer died.
#[test]
fn seventy_thousand_copies_leave_ids_right_and_memory_flat() {
    const COPIES: u64 = 70_000;
    let _alone = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let mut graph = LocationGraph::new();
    let before = memory();
    for number in 0..COPIES {
        let copy = (number % 7 != 0).then(|| graph.snapshot());
        let [id, contact, house] = ["r", "c", "h"].map(|kind| format!("{kind}{number:06}"));
        graph.merge(number + 1, &relation(&id, "a", ["contact", &contact], ["house", &house]));
        drop(copy);
    }
    if let (Some([before, _]), Some([after, _])) = (before, memory()) {
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

/// What took memory for every copy: an hour of exports beside posts took gigabytes that
/// only a restart gave back.
#[test]
fn an_hour_of_copies_beside_posts_leaves_memory_where_it_was() {
    let _alone = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path().join("relata.db")).unwrap();
    let post = |number: u32| {
        // Most events tell of what is there, by another association each time.
        let known = if number.is_multiple_of(10) { number } else { number % 1_999 };
        let (id, contact) = (format!("r{known}"), format!("c{}", known % 5_000));
        let association = ["a", "b", "c", "d"][number as usize % 4];
        let body = relation_body(&id, association, ["contact", &contact], ["house", "h"]);
        store.submit_waiting(delivery(&body.to_string()), |result| drop(result.unwrap())).unwrap();
    };
    let mut copies = 0_u32;
    let mut held = VecDeque::new();
    let mut round = |number: u32| {
        (0..50).for_each(|event| post(number * 50 + event));
        if let Some(location) = store.location("here") {
            for _ in 0..10 {
                held.push_back(location.read().snapshot());
                copies += 1;
            }
        }
        while held.len() > 20 {
            held.pop_front();
        }
        if number.is_multiple_of(40) {
            store.checkpoint().unwrap();
        }
    };
    let warm = long::rounds(40, 400);
    (0..warm).for_each(&mut round);
    let before = memory();
    let until = Instant::now() + Duration::from_secs(long::rounds(2, 3_600).into());
    let mut number = warm;
    while Instant::now() < until {
        round(number);
        number += 1;
    }
    store.checkpoint().unwrap();
    let new = u64::from(number - warm) * 5;
    long::tell("copies beside posts", copies);
    if let (Some([_, before]), Some([_, after])) = (before, memory()) {
        let grown = after.saturating_sub(before);
        long::tell("resident bytes grown", grown);
        // New relations take what relations take, and the database has a cache.
        assert!(grown < (48 << 20) + new * 512, "{grown} bytes for {new} relations");
    }
}

/// What every question that shows an order says of these nodes.
fn answers(view: View<'_>, nodes: &[NodeRef]) -> Vec<String> {
    let mut effort = Effort::unbounded();
    let mut said = Vec::new();
    for node in nodes {
        let links = view.links(node, &LinkQuery::default(), &mut effort).unwrap();
        said.push(format!("{links:?}"));
        said.push(format!("{:?}", view.labels(node, &mut effort).unwrap()));
        for limit in [3, 1_000] {
            let near = NeighborhoodQuery { depth: 2, limit, ..NeighborhoodQuery::of(node.clone()) };
            said.push(format!("{:?}", view.neighborhood(&near, &mut effort).unwrap()));
            let walks = WalkQuery::from(node.clone());
            let walks = walks.step(LinkFilter::default()).step(LinkFilter::default());
            let walks = WalkQuery { limit, ..walks };
            said.push(format!("{:?}", view.walk(&walks, &mut effort).unwrap()));
            said.push(format!("{:?}", view.walks(&walks, &mut effort).unwrap()));
        }
        for to in nodes {
            for (all, limit) in [(false, 1), (true, 3), (true, 100)] {
                let path = PathQuery::between(node.clone(), to.clone());
                let path = PathQuery { all, limit, ..path };
                said.push(format!("{:?}", view.path(&path, &mut effort)));
            }
        }
    }
    said
}

/// A relation that moved from one association to another stood elsewhere in answers
/// after a restart: labels, paths, walks and neighborhoods were in the order of numbers
/// that are given anew when a store is opened.
#[test]
fn answers_keep_their_order_over_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let store = Store::open(&path).unwrap();
    for round in 0..3_u32 {
        for number in 0..24_u32 {
            let of = (number * 7 + round * 5) % 6;
            let (id, association) = (format!("r{number}"), ["f", "b", "d", "a", "e", "c"]);
            let first = if number % 4 == 3 { "company" } else { "contact" };
            let mut body = relation_body(
                &id,
                association[of as usize],
                [first, &format!("c{}", number % 3)],
                ["house", &format!("h{}", number % 2)],
            );
            body["timestamp"] = json!(format!("2026-01-0{}T00:00:00Z", round + 1));
            store.ingest(body.to_string().as_bytes()).unwrap();
        }
    }
    let nodes: Vec<NodeRef> = ["contact/c0", "contact/c1", "contact/c2", "house/h0", "house/h1"]
        .map(|node| node.parse().unwrap())
        .into();
    let before = answers(store.location("here").unwrap().read().view(), &nodes);
    store.close().unwrap();
    let store = Store::open(&path).unwrap();
    let after = answers(store.location("here").unwrap().read().view(), &nodes);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after);
    }
    assert_eq!(before.len(), after.len());
}
