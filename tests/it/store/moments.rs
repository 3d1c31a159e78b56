//! Exports, each of one moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use relata::export::{Format, write};
use relata::graph::{Layers, SubgraphQuery};
use relata::{AsOf, Store};

use crate::store::{exports, written};
use crate::support::database::fresh;
use crate::support::sample::{SAMPLE, shuffled, tell};

#[test]
fn exported_events_give_the_same_graph() {
    let (_directory, path) = fresh().unwrap();
    let store = Store::open(&path).unwrap();
    tell(&store, shuffled(7));
    // One whose type only the URL told.
    let shapeless = br#"{"id":"emqf","locationId":"seaside-realty"}"#;
    let delivery =
        relata::Delivery::read(shapeless, Some("ContactDelete"), relata::Timestamp::from_millis(0));
    store.submit_waiting(delivery.unwrap(), |_| ()).unwrap();
    store.checkpoint().unwrap();
    let again = Store::in_memory().unwrap();
    let mut lines = 0;
    for location in store.locations().unwrap() {
        let mut to = Vec::new();
        lines += store.export_events(location.id().as_str(), store.head(), &mut to).unwrap();
        tell(&again, std::str::from_utf8(&to).unwrap().lines());
    }
    assert_eq!((lines, again.head()), (store.head(), store.head()));
    assert_eq!(exports(&store), exports(&again));
}

#[test]
fn a_past_graph_is_that_of_the_events_up_to_then() {
    let store = Store::in_memory().unwrap();
    tell(&store, shuffled(7));
    for seq in [0, 1, 40, 200, store.head() - 1, store.head()] {
        let again = Store::in_memory().unwrap();
        let mut seen = 0;
        for location in store.locations().unwrap() {
            let mut to = Vec::new();
            seen += store.export_events(location.id().as_str(), seq, &mut to).unwrap();
            tell(&again, std::str::from_utf8(&to).unwrap().lines());
            let (upto, past) = store.snapshot(&location, Some(AsOf::Seq(seq)), &()).unwrap();
            assert_eq!(upto, seq.min(store.head()));
            let Some(location) = again.location(location.id().as_str()).unwrap() else {
                assert_eq!(past.nodes(Layers::Records).len(), 0);
                continue;
            };
            let (_, now) = again.snapshot(&location, None, &()).unwrap();
            assert_eq!(
                written(&past, Format::GraphMl),
                written(&now, Format::GraphMl),
                "as of {seq}"
            );
        }
        assert_eq!(seen, seq.min(store.head()));
    }
}

#[test]
fn an_export_shows_one_moment_while_writes_continue() {
    let store = Arc::new(Store::in_memory().unwrap());
    let events: Vec<&str> = SAMPLE.lines().filter(|line| line.contains("seaside-realty")).collect();
    store.ingest(events[0].as_bytes()).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let writer = {
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        std::thread::spawn(move || {
            for event in events {
                store.ingest(event.as_bytes()).unwrap();
            }
            done.store(true, Ordering::Release);
        })
    };
    while !done.load(Ordering::Acquire) {
        let location = store.location("seaside-realty").unwrap().unwrap();
        let (snapshot, counts) = {
            let graph = location.read();
            (graph.snapshot(), graph.view().counts())
        };
        std::thread::yield_now();
        let mut to = Vec::new();
        let options = relata::export::Options::default();
        let part = snapshot.view().part(&SubgraphQuery::default()).unwrap();
        write(&part, Format::NodeLink, &options, &mut to).unwrap();
        let graph: serde_json::Value = serde_json::from_slice(&to).unwrap();
        let edges = graph["edges"].as_array().unwrap().len() as u64;
        assert_eq!(edges, counts.relations + counts.associations);
    }
    writer.join().unwrap();
}
