//! Erasing a location: it is gone from memory and from every byte of the files, and
//! nothing else is.

use std::path::Path;

use relata::changes::ChangeFilter;
use relata::graph::Difference;
use relata::history::Subject;
use relata::journal::{DeadLetterBounds, Refused, SqliteJournal};
use relata::{AsOf, NodeRef, Options, Status, Store, Timestamp, verify};

use crate::support::database::fresh;

fn relation(location: &str, number: usize) -> String {
    format!(
        r#"{{"id":"{location}-r{number}","associationId":"{location}-a","locationId":"{location}",
        "firstObjectKey":"contact","firstRecordId":"{location}-f{number}",
        "secondObjectKey":"house","secondRecordId":"{location}-s{number}",
        "webhookId":"{location}-w{number}"}}"#
    )
}

fn fill(store: &Store, location: &str, numbers: std::ops::Range<usize>) {
    for number in numbers {
        store.ingest(relation(location, number).as_bytes()).unwrap();
    }
}

fn refuse(store: &Store, location: Option<&str>, body: &str) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let refused = Refused {
        received_at: Timestamp::now(),
        url_type: None,
        location: location.map(str::to_owned),
        code: "invalid_event",
        field: None,
        reason: "test".to_owned(),
        headers: vec![],
        body: body.as_bytes().to_vec(),
    };
    store.keep_refused(refused, move |kept| sender.send(kept).unwrap()).unwrap();
    receiver.recv().unwrap().unwrap();
}

/// What the graphs that two stores have of a location differ in.
fn differences(left: &Store, right: &Store, location: &str) -> Vec<Difference> {
    let mut found = Vec::new();
    let (left, right) =
        (left.location(location).unwrap().unwrap(), right.location(location).unwrap().unwrap());
    left.read().differences(&right.read(), &mut found, 10);
    left.read().contradictions(&mut found, 10);
    found
}

/// Whether any file of the store holds this text.
fn is_on_disk(path: &Path, text: &str) -> bool {
    ["", "-wal"].iter().any(|suffix| {
        let bytes = std::fs::read(format!("{}{suffix}", path.display())).unwrap_or_default();
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    })
}

/// Checks that the location has one link again, and that the other is as in the reference.
fn check_begun_again(path: &Path, reference: &Store) {
    let proof = verify(&mut SqliteJournal::open_read_only(path).unwrap(), 10).unwrap();
    assert_eq!((proof.events, proof.differences), (301, vec![]));
    let store = Store::open(path).unwrap();
    assert_eq!(differences(&store, reference, "stays"), []);
    let location = store.location("leaves").unwrap().unwrap();
    let node = NodeRef::record("contact", "leaves-f5");
    let links = location.links(&node.to_string()).page().unwrap().links.len();
    assert_eq!(links, 1);
    store.close().unwrap();
}

/// A tenant asked for its data to be deleted; there was no way but to delete everybody's.
#[test]
fn a_location_is_gone_from_memory_and_from_every_byte_and_the_others_stay() {
    let (_directory, path) = fresh().unwrap();
    let options = Options { checkpoint_events: 50, ..Options::default() };
    let store = Store::open_with(&path, options.clone()).unwrap();
    let reference = Store::in_memory().unwrap();
    for round in 0..10 {
        fill(&store, "stays", round * 10..round * 10 + 10);
        fill(&store, "leaves", round * 20..round * 20 + 20);
        fill(&reference, "stays", round * 10..round * 10 + 10);
        fill(&reference, "leaves", round * 20..round * 20 + 20);
    }
    store.ingest(relation("leaves", 3).as_bytes()).unwrap();
    let large = format!(r#"{{"locationId":"leaves","note":"leaves-{}"}}"#, "x".repeat(50_000));
    refuse(&store, Some("leaves"), &large);
    refuse(&store, None, r#"{"locationId":"leaves","#);
    refuse(&store, Some("stays"), r#"{"locationId":"stays","about":"others"}"#);
    store.past("leaves", 100).unwrap();
    assert!(is_on_disk(&path, "leaves-f7"));

    let erased = store.erase_location("leaves").unwrap().unwrap();
    assert_eq!((erased.events, erased.dead_letters), (200, 2));
    assert_eq!((erased.counts.relations, erased.counts.records), (200, 400));
    assert!(erased.log_emptied);
    assert!(store.location("leaves").unwrap().is_none());
    assert!(!is_on_disk(&path, "leaves"), "not in the files while they are open");
    assert_eq!(store.erase_location("leaves").unwrap(), None);

    // What is left answers as it did, in the past too.
    assert_eq!(differences(&store, &reference, "stays"), []);
    assert_eq!(store.dead_letter_totals().unwrap().letters, 1);
    let subject = Subject::Relation("stays-r42".to_owned());
    assert_eq!(store.history("stays", &subject, 0, 10).unwrap().events.len(), 1);
    let filter = ChangeFilter::default();
    assert_eq!(store.changes("stays", 0, &filter, 1_000).unwrap().events.len(), 100);
    assert_eq!(store.changes("leaves", 0, &filter, 1_000).unwrap().events, []);
    let then = store.past("stays", 150).unwrap();
    assert_eq!(then.graph.view().counts().relations, 50);
    assert_eq!(store.past("leaves", 150).unwrap().graph.view().counts().relations, 0);
    assert!(store.seq_as_of(AsOf::Time(Timestamp::now())).unwrap().is_none());
    let again = store.ingest(relation("stays", 5).as_bytes()).unwrap();
    assert_eq!(again.status, Status::Duplicate, "other locations' deliveries are remembered");

    // A delivery that comes again is new: the location begins anew.
    let anew = store.ingest(relation("leaves", 5).as_bytes()).unwrap();
    assert_eq!((anew.status, anew.seq), (Status::Applied, Some(301)));
    store.close().unwrap();
    for _ in 0..2 {
        check_begun_again(&path, &reference);
    }
    let store = Store::open(&path).unwrap();
    store.erase_location("leaves").unwrap().unwrap();
    store.close().unwrap();
    assert!(!is_on_disk(&path, "leaves"), "nor after they are closed");
}

/// What is pruned left the id of its delivery behind.
#[test]
fn pruned_deliveries_are_erased_and_imports_begin_anew() {
    let (_directory, path) = fresh().unwrap();
    let options = Options {
        keep_events: Some(std::time::Duration::ZERO),
        dead_letters: DeadLetterBounds::default(),
        ..Options::default()
    };
    let store = Store::open_with(&path, options).unwrap();
    let lines: Vec<String> = (0..20).map(|n| relation("leaves", n).replace('\n', " ")).collect();
    let file = lines.join("\n");
    assert_eq!(store.import().read(file.as_bytes(), |_| Ok(())).unwrap().applied, 20);
    store.checkpoint().unwrap();
    for _ in 0..500 {
        if store.pruned().unwrap() == 20 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(store.pruned().unwrap(), 20);
    assert_eq!(store.import().read(file.as_bytes(), |_| Ok(())).unwrap().duplicate, 20);
    let erased = store.erase_location("leaves").unwrap().unwrap();
    assert_eq!((erased.events, erased.counts.relations), (0, 20));
    assert!(!is_on_disk(&path, "leaves"));
    assert_eq!(store.import().read(file.as_bytes(), |_| Ok(())).unwrap().applied, 20);
    assert_eq!(store.head(), 40);
}

/// Both journals forget the same.
#[test]
fn a_store_in_memory_erases_too() {
    let store = Store::in_memory().unwrap();
    let reference = Store::in_memory().unwrap();
    for store in [&store, &reference] {
        for location in ["a", "b", "c"] {
            fill(store, location, 0..5);
        }
    }
    refuse(&store, Some("b"), "{");
    let erased = store.erase_location("b").unwrap().unwrap();
    assert_eq!((erased.events, erased.dead_letters), (5, 1));
    for location in ["a", "c"] {
        assert_eq!(differences(&store, &reference, location), []);
    }
    assert_eq!(store.ingest(relation("b", 0).as_bytes()).unwrap().seq, Some(16));
    let ids: Vec<String> =
        store.locations().unwrap().iter().map(|it| it.id().to_string()).collect();
    assert_eq!(ids, ["a", "c", "b"]);
}
