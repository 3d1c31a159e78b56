//! Many object keys cost no more than one.

use std::time::{Duration, Instant};

use relata::graph::LocationGraph;
use relata::{Delivery, Event, Seq, Store};

use crate::graph::relation;
use crate::support::long;

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
fn many_object_keys_merge_as_fast_as_one() {
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

/// A record was found by its id alone: each relation of an id under thousands of object
/// keys compared as many.
#[test]
fn one_id_under_many_object_keys_is_as_fast_as_any() {
    let keys = 3_000;
    let body = |n: usize, id: &str| {
        format!(
            r#"{{"type":"RecordUpdate","id":"{id}","objectKey":"key-{}","locationId":"L"}}"#,
            n % keys
        )
    };
    let time = |id: &dyn Fn(usize) -> String| {
        let mut graph = LocationGraph::new();
        let events: Vec<_> = (0..keys * 2)
            .map(|n| Delivery::read(body(n, &id(n)).as_bytes(), None, None).unwrap())
            .collect();
        let start = Instant::now();
        for (seq, delivery) in (1..).zip(&events) {
            let relata::webhook::Decoded::Event(event) = delivery.decoded() else { panic!() };
            graph.merge(seq, event);
        }
        assert_eq!(graph.view().counts().records, keys as u64);
        start.elapsed()
    };
    let same = (0..3).map(|_| time(&|_| "same".to_owned())).min().unwrap();
    let distinct = (0..3).map(|_| time(&|n| format!("id-{}", n % keys))).min().unwrap();
    long::tell("one id under 3,000 keys, and 3,000 ids", format!("{same:?}, {distinct:?}"));
    assert!(same < distinct * 4, "{same:?} against {distinct:?}");

    // An event that names the id alone is of every one of them.
    let store = Store::in_memory().unwrap();
    for n in 0..40 {
        store.ingest(body(n, "same").as_bytes()).unwrap();
    }
    let gone = r#"{"type":"RecordDelete","id":"same","locationId":"L"}"#;
    store.ingest(gone.as_bytes()).unwrap();
    assert_eq!(store.location("L").unwrap().unwrap().read().view().counts().records, 0);
}
