//! What was acknowledged is there after a crash, and the same in any order.

use std::path::Path;

use relata::journal::JournalError;
use relata::{IngestError, OpenError, Options, Status, Store};

use crate::store::{every, exports, verified};
use crate::support::database::fresh;
use crate::support::sample::{SAMPLE, delivery, differences, shuffled, tell};

/// A copy of the files as a crash at this moment would leave them.
fn crashed(path: &Path, to: &Path) {
    for suffix in ["", "-wal"] {
        let name = |path: &Path| format!("{}{suffix}", path.display());
        std::fs::copy(name(path), name(to)).unwrap();
    }
}

#[test]
fn live_replayed_and_restored_graphs_are_the_same() {
    for seed in 0..12 {
        let (directory, path) = fresh().unwrap();
        let events = shuffled(seed);
        // So that checkpoints fall on many positions, or none.
        let store = Store::open_with(&path, every(1 + 37 * seed)).unwrap();
        for part in events.chunks(100) {
            tell(&store, part.iter().copied());
        }
        let accepted = store.head();
        let copy = directory.path().join("copy.db");
        crashed(&path, &copy);
        let recovered = Store::open(&copy).unwrap();
        assert_eq!(recovered.head(), accepted);
        assert_eq!(differences(&store, &recovered), []);
        let memory = Store::in_memory().unwrap();
        tell(&memory, events);
        assert_eq!(differences(&store, &memory), []);
        store.close().unwrap();
        let proof = verified(&path);
        assert_eq!(proof.differences, []);
        assert_eq!((proof.events, proof.checkpoint), (accepted, accepted));
        assert_eq!(differences(&Store::open(&path).unwrap(), &recovered), []);
    }
}

#[test]
fn a_crash_after_any_checkpoint_loses_nothing() {
    let (directory, path) = fresh().unwrap();
    let store = Store::open_with(&path, every(u64::MAX)).unwrap();
    let reference = Store::in_memory().unwrap();
    for (position, event) in shuffled(99).into_iter().enumerate() {
        store.ingest(event.as_bytes()).unwrap();
        reference.ingest(event.as_bytes()).unwrap();
        if position % 29 == 0 {
            store.checkpoint().unwrap();
        }
        if position % 41 == 0 {
            let copy = directory.path().join(format!("{position}.db"));
            crashed(&path, &copy);
            let recovered = Store::open_read_only(&copy).unwrap();
            assert_eq!(recovered.head(), reference.head());
            assert_eq!(differences(&recovered, &reference), []);
        }
    }
}

#[test]
fn order_does_not_change_the_graph() {
    let plain = Store::in_memory().unwrap();
    tell(&plain, SAMPLE.lines());
    for seed in 0..8 {
        let other = Store::in_memory().unwrap();
        tell(&other, shuffled(seed));
        assert_eq!(exports(&plain), exports(&other), "seed {seed}");
    }
}

#[test]
fn a_store_has_one_writer_and_any_number_of_readers() {
    let (_directory, path) = fresh().unwrap();
    let store = Store::open(&path).unwrap();
    tell(&store, SAMPLE.lines().take(50));
    assert!(matches!(
        Store::open(&path).unwrap_err(),
        OpenError::Journal(JournalError::InUse { .. })
    ));
    let reader = Store::open_read_only(&path).unwrap();
    assert_eq!(differences(&store, &reader), []);
    let refused = reader.ingest(SAMPLE.lines().next().unwrap().as_bytes()).unwrap_err();
    assert!(matches!(refused, IngestError::Unavailable { .. }));
    tell(&store, SAMPLE.lines().skip(50));
    assert_eq!(reader.head(), 50, "a reader keeps its moment");
    reader.close().unwrap();
}

#[test]
fn a_repeated_delivery_is_known_after_a_restart() {
    let (_directory, path) = fresh().unwrap();
    let event = |id: &str, webhook: &str| {
        format!(
            r#"{{"type":"ContactDelete","id":"{id}","locationId":"L","webhookId":"{webhook}"}}"#
        )
    };
    let store = Store::open(&path).unwrap();
    let ingest = |store: &Store, body: String| {
        let receipt = store.ingest(body.as_bytes()).unwrap();
        (receipt.status, receipt.seq)
    };
    assert_eq!(ingest(&store, event("a", "1")), (Status::Applied, Some(1)));
    assert_eq!(ingest(&store, event("b", "2")), (Status::Applied, Some(2)));
    assert_eq!(ingest(&store, event("a", "1")), (Status::Duplicate, Some(1)));
    assert_eq!(ingest(&store, event("a", "3")), (Status::Unchanged, Some(3)));
    store.close().unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(ingest(&store, event("b", "2")), (Status::Duplicate, Some(2)));
    assert_eq!(ingest(&store, event("c", "4")), (Status::Applied, Some(4)));
}

#[test]
fn events_of_other_types_are_kept_only_if_asked() {
    let other = br#"{"type":"InvoicePaid","id":"i","locationId":"L","timestamp":"soon"}"#;
    for keep_ignored in [false, true] {
        let (_directory, path) = fresh().unwrap();
        let options = Options { keep_ignored, ..Options::default() };
        let store = Store::open_with(&path, options).unwrap();
        let receipt = store.ingest(other).unwrap();
        let seq = keep_ignored.then_some(1);
        assert_eq!((receipt.status, receipt.seq), (Status::Ignored, seq));
        assert!(store.locations().unwrap().is_empty());
        store.close().unwrap();
        assert_eq!(Store::open(&path).unwrap().head(), seq.unwrap_or(0));
        assert_eq!(verified(&path).differences, []);
    }
}

#[test]
fn a_dropped_store_has_written_what_was_queued() {
    let (_directory, path) = fresh().unwrap();
    let store = Store::open(&path).unwrap();
    for event in SAMPLE.lines() {
        store.submit_waiting(delivery(event), |_| ()).unwrap();
    }
    drop(store);
    let proof = verified(&path);
    assert_eq!((proof.events, proof.checkpoint), (388, 388));
}
