//! Mutations that cannot be written, or not yet.

use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;

use relata::journal::{MemoryJournal, SqliteJournal};
use relata::{IngestError, Options, Store, ThingId};
use serde_json::json;

use super::{association, create_association, create_relation, mutate, mutate_all, mutations};
use crate::store::verified;
use crate::support::database::fresh;
use crate::support::fault_plan::Fault;
use crate::support::faulty_journal::Faulty;

fn rows(association: &str, count: usize) -> Vec<relata::mutation::Mutation> {
    (0..count).map(|it| create_relation(association, "ann", &format!("h{it}"))).collect()
}

#[test]
fn after_a_failed_write_nothing_is_half_done_and_writing_goes_on() {
    for fault in [Fault::Full, Fault::Sync] {
        let faulty = Faulty::new(MemoryJournal::new(), fault, 1);
        let plan = std::sync::Arc::clone(&faulty.plan);
        plan.failures_left.store(1, Ordering::Relaxed);
        let store = Store::with_journal(Box::new(faulty), Options::default()).unwrap();
        let id = association(mutate(&store, create_association("k", "contact", "home"))).id;
        let failed = store.mutate(mutations(rows(id.as_str(), 10)));
        // It may be found on disk after all; then it is as done as any other.
        let written = failed.is_ok();
        assert!(written || matches!(failed, Err(IngestError::Unavailable { .. })), "{fault:?}");
        let links = store.location("L").unwrap().unwrap().read().view().relation_count(id.as_str());
        assert_eq!(links, if written { 10 } else { 0 }, "{fault:?}");
        assert_eq!(store.head(), if written { 11 } else { 1 });
        let again = loop {
            match store.mutate(mutations(rows(id.as_str(), 10))) {
                Ok(mutated) => break mutated,
                // Until the disk is tried again.
                Err(IngestError::Unavailable { .. }) => std::thread::yield_now(),
                Err(other) => panic!("{other}"),
            }
        };
        let done = again.outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!((done, again.head), (if written { 0 } else { 10 }, 11), "{fault:?}");
    }
}

#[test]
fn a_full_queue_refuses_at_once_and_counts_the_bytes() {
    let faulty = Faulty::new(MemoryJournal::new(), Fault::Full, u64::MAX);
    faulty.plan.delay_ms.store(200, Ordering::Relaxed);
    let options = Options { queue_events: 2, queue_bytes: 8_000, ..Options::default() };
    let store = Store::with_journal(Box::new(faulty), options).unwrap();
    let (sender, replies) = channel();
    let mut refused = 0;
    for number in 0..40 {
        let sender = sender.clone();
        let one = mutations(vec![create_association(&format!("k{number}"), "a", "b")]);
        match store.submit_mutations(one, move |reply| sender.send(reply).unwrap()) {
            Ok(()) => {}
            Err(IngestError::Overloaded) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    drop(sender);
    assert!(refused > 0);
    let done: Vec<_> = replies.iter().map(|it| it.unwrap().outcomes.remove(0).unwrap()).collect();
    assert_eq!(done.len() + refused, 40);
    let large = mutations(rows("k", 30));
    let too_many = store.submit_mutations(large, |_| unreachable!("it was refused"));
    assert!(matches!(too_many, Err(IngestError::Overloaded)));
    assert_eq!((store.waiting().jobs, store.waiting().bytes), (0, 0));
    // Who waits needs no room.
    assert_eq!(mutate_all(&store, rows("k", 30)).outcomes.len(), 30);
}

#[test]
fn a_location_on_disk_is_loaded_first() {
    let (_directory, path) = fresh().unwrap();
    let tight = Options { rows_loaded_at_once: 0, graph_memory: Some(1), ..Options::default() };
    let store = Store::open_with(&path, tight.clone()).unwrap();
    let id = association(mutate(&store, create_association("k", "contact", "home"))).id;
    mutate_all(&store, rows(id.as_str(), 5));
    store.close().unwrap();
    let store = Store::open_with(&path, tight).unwrap();
    assert_eq!(store.graph_memory().loaded, 0);
    let (sender, replies) = channel();
    for number in 0..3 {
        let sender = sender.clone();
        let rows = rows(id.as_str(), 6 + number);
        store.submit_mutations(mutations(rows), move |reply| sender.send(reply).unwrap()).unwrap();
    }
    drop(sender);
    let done: Vec<usize> = replies
        .iter()
        .map(|reply| reply.unwrap().outcomes.iter().filter(|outcome| outcome.is_ok()).count())
        .collect();
    assert_eq!((done, store.head()), (vec![1, 1, 1], 9));
    store.close().unwrap();
    assert_eq!(verified(&path).differences, []);
}

#[test]
fn a_store_that_is_open_for_reading_only_refuses() {
    let (_directory, path) = fresh().unwrap();
    Store::open(&path).unwrap().close().unwrap();
    let store = Store::open_read_only(&path).unwrap();
    let refused = store.mutate(mutations(vec![create_association("k", "a", "b")]));
    assert!(matches!(refused, Err(IngestError::Unavailable { .. })));
    drop(SqliteJournal::open_read_only(&path).unwrap());
}

#[test]
fn a_thing_is_found_by_its_id_alone_in_memory_and_on_disk() {
    let (_directory, path) = fresh().unwrap();
    let tight = Options { rows_loaded_at_once: 0, graph_memory: Some(1), ..Options::default() };
    let store = Store::open_with(&path, tight.clone()).unwrap();
    let post = |event_type: &str, location: &str, id: &str| {
        let body = json!({"type": event_type, "id": id, "associationId": format!("A-{location}"),
            "locationId": location, "firstObjectKey": "contact", "firstRecordId": "ann",
            "secondObjectKey": "home", "secondRecordId": "h1"});
        store.ingest(body.to_string().as_bytes()).unwrap();
    };
    for location in ["L", "M", "N"] {
        post("RelationCreate", location, "everywhere");
        post("RelationCreate", location, &format!("in-{location}"));
        post("RelationDelete", location, &format!("in-{location}-once"));
        let body = super::defined("AssociationCreate", &format!("A-{location}"), ["a", "b"]);
        let body = body
            .to_string()
            .replace(r#""locationId":"L""#, &format!(r#""locationId":"{location}""#));
        store.ingest(body.as_bytes()).unwrap();
    }
    store.close().unwrap();
    let store = Store::open_with(&path, tight).unwrap();
    let find = |thing, limit| {
        let found = store.locations_with(thing, limit, |id| id != "N").unwrap();
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    for held in [None, Some("M")] {
        // One of them is in memory, and found first.
        let _held = held.map(|id| store.location(id).unwrap());
        for (thing, expected) in [
            (ThingId::Relation("everywhere"), vec!["L", "M"]),
            (ThingId::Relation("in-L"), vec!["L"]),
            (ThingId::Relation("in-N"), vec![]),
            (ThingId::Relation("in-M-once"), vec![]),
            (ThingId::Relation("A-L"), vec![]),
            (ThingId::Association("A-M"), vec!["M"]),
            (ThingId::Association("in-L"), vec![]),
        ] {
            let mut found = find(thing, 9);
            assert_eq!(find(thing, 1).len(), expected.len().min(1), "{thing:?}");
            found.sort();
            assert_eq!(found, expected, "{thing:?}");
        }
    }
    assert_eq!(find(ThingId::Relation("everywhere"), 0), Vec::<String>::new());
}
