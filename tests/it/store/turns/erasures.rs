//! What was erased by one process is gone in all of them.

use std::time::Duration;

use relata::journal::MemoryJournal;
use relata::{AsOf, Options, Store};

fn open(journal: &MemoryJournal) -> Store {
    Store::with_journal(Box::new(journal.clone()), Options::default()).unwrap()
}

fn link(store: &Store, number: u64) -> u64 {
    let body = format!(
        r#"{{"type":"RelationCreate","id":"r{number}","associationId":"A","locationId":"L",
        "firstObjectKey":"contact","firstRecordId":"c{number}",
        "secondObjectKey":"house","secondRecordId":"h"}}"#
    );
    store.ingest(body.as_bytes()).unwrap().seq.unwrap()
}

fn relations(store: &Store, seq: u64) -> u64 {
    let location = store.location("L").unwrap().unwrap();
    store.snapshot(&location, Some(AsOf::Seq(seq)), &()).unwrap().1.view().counts().relations
}

/// The other process had the graph of the past in memory, and showed it once the location had
/// begun again.
#[test]
fn no_process_shows_the_past_of_what_another_has_erased() {
    let journal = MemoryJournal::shared();
    let stores = [open(&journal), open(&journal)];
    let before = (1..=5).map(|number| link(&stores[0], number)).last().unwrap();
    assert!(stores[1].wait_for(before, Duration::from_secs(10)));
    for store in &stores {
        assert_eq!(relations(store, before - 1), 4);
    }
    stores[0].erase_location("L").unwrap().unwrap();
    let again = link(&stores[0], 6);
    link(&stores[0], 7);
    for store in &stores {
        assert!(store.wait_for(again + 1, Duration::from_secs(10)));
        assert_eq!((relations(store, before - 1), relations(store, again)), (0, 1));
    }
}
