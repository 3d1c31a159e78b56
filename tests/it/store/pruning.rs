//! Events that are pruned.

use std::path::Path;

use relata::journal::SqliteJournal;
use relata::{Options, Status, Store, repair};

use crate::store::every;
use crate::store::{FORGET_CHECKPOINT, execute, exports, verified};
use crate::support::database::fresh;
use crate::support::sample::{SAMPLE, differences, tell};

fn pruning(path: &Path) -> Store {
    let options = Options { keep_events: Some(std::time::Duration::ZERO), ..every(20) };
    Store::open_with(path, options).unwrap()
}

fn pruned_up_to(store: &Store, seq: u64) -> bool {
    (0..500).any(|_| {
        store.pruned().unwrap() == seq || {
            std::thread::sleep(std::time::Duration::from_millis(10));
            false
        }
    })
}

#[test]
fn pruning_keeps_the_graph_and_known_deliveries() {
    let (_directory, path) = fresh().unwrap();
    let reference = Store::in_memory().unwrap();
    for events in [SAMPLE.lines().take(200).collect::<Vec<_>>(), SAMPLE.lines().collect()] {
        let store = pruning(&path);
        let now = relata::Timestamp::now();
        for event in &events {
            let delivery = relata::Delivery::read(event.as_bytes(), None, now).unwrap();
            store.submit_waiting(delivery, |receipt| drop(receipt.unwrap())).unwrap();
        }
        store.checkpoint().unwrap();
        tell(&reference, events.iter().copied());
        assert_eq!(store.head(), reference.head(), "a repeat is known although it is pruned");
        assert!(pruned_up_to(&store, store.head()));
        assert_eq!(differences(&store, &reference), []);
        store.close().unwrap();
        let proof = verified(&path);
        assert_eq!((proof.events, proof.pruned), (reference.head(), reference.head()));
        assert_eq!(proof.differences, []);
    }
    let store = Store::open(&path).unwrap();
    assert_eq!(differences(&store, &reference), []);
    assert_eq!(exports(&store), exports(&reference));
    let again = store.ingest(SAMPLE.lines().nth(3).unwrap().as_bytes()).unwrap();
    assert_eq!((again.status, again.seq), (Status::Duplicate, Some(4)));
    let refused = store.export_events("seaside-realty", store.head(), &mut Vec::new()).unwrap_err();
    assert!(refused.to_string().starts_with("events up to 388 are pruned"), "{refused}");
    store.close().unwrap();
    // What is left of the journal can still tell that a checkpoint lies …
    let store = Store::open(&path).unwrap();
    let fresh = br#"{"id":"fresh","associationId":"A","locationId":"seaside-realty",
        "firstObjectKey":"contact","firstRecordId":"a","secondObjectKey":"p","secondRecordId":"b"}"#;
    assert_eq!(store.ingest(fresh).unwrap().seq, Some(389));
    store.close().unwrap();
    assert_eq!(verified(&path).differences, []);
    execute(&path, "UPDATE state_relation SET seq = 9, first = second WHERE id = 'fresh'");
    assert_ne!(verified(&path).differences, []);
    // … which cannot be built anew.
    let found = repair(&mut SqliteJournal::open(&path).unwrap(), 10).unwrap();
    assert_eq!(found.differing, [relata::LocationId::from("seaside-realty")]);
    assert_ne!(verified(&path).differences, []);
    let refused = Store::open(&path).unwrap_err().to_string();
    assert!(refused.contains("checksum of a row does not match"), "{refused}");
    // … and a checkpoint that is gone is told.
    execute(&path, FORGET_CHECKPOINT);
    let refused = Store::open(&path).unwrap_err().to_string();
    assert!(refused.contains("pruned, but the checkpoint ends at event 0"), "{refused}");
}

#[test]
fn young_events_and_those_after_the_checkpoint_are_not_pruned() {
    let (_directory, path) = fresh().unwrap();
    let day = std::time::Duration::from_secs(24 * 3600);
    let options = Options { keep_events: Some(day), ..every(20) };
    let store = Store::open_with(&path, options).unwrap();
    let now = relata::Timestamp::now().as_millis();
    for (event, age) in SAMPLE.lines().take(100).zip([2, 2, 0, 2].into_iter().cycle().skip(2)) {
        let at = relata::Timestamp::from_millis(now - age * 24 * 3_600_000);
        let delivery = relata::Delivery::read(event.as_bytes(), None, at).unwrap();
        store.submit_waiting(delivery, |receipt| drop(receipt.unwrap())).unwrap();
    }
    store.checkpoint().unwrap();
    assert!(pruned_up_to(&store, 0), "the first one is young: nothing behind it goes");
    store.close().unwrap();
    let store = pruning(&path);
    assert!(pruned_up_to(&store, 100));
}
