//! One location, opened by itself.

use relata::Store;
use relata::export::Format;
use relata::journal::{CheckpointRow, JournalReader, SqliteJournal};

use crate::store::{every, written};
use crate::support::database::fresh;

/// Relates record `round` of a location to one of its own.
fn relate(store: &Store, location: u32, round: u32) {
    let event = serde_json::json!({"type": "RelationCreate", "id": format!("r{round}"),
        "associationId": "A", "locationId": format!("L{location}"),
        "firstObjectKey": "c", "firstRecordId": format!("{round}"),
        "secondObjectKey": "p", "secondRecordId": format!("{location}")});
    store.ingest(event.to_string().as_bytes()).unwrap();
}

/// A question of one location cost the memory of all of them, beside a server that
/// held them already.
#[test]
fn one_location_is_opened_without_reading_the_others() {
    const LOCATIONS: u32 = 60;
    let (_directory, path) = fresh().unwrap();
    let store = Store::open_with(&path, every(1_000_000)).unwrap();
    let relate = |location, round| relate(&store, location, round);
    for location in 0..LOCATIONS {
        for round in 0..4 {
            relate(location, round);
        }
    }
    store.checkpoint().unwrap();
    // Behind the checkpoint, and one that is there alone.
    for location in [7, 8, LOCATIONS] {
        relate(location, 4);
    }

    let mut journal = SqliteJournal::open_read_only(&path).unwrap();
    let mut rows = |id: Option<&str>| {
        let mut count = 0;
        let mut add = |_: &CheckpointRow<'_>| {
            count += 1;
            Ok(())
        };
        let read = match id {
            Some(id) => journal.load_location(id, &mut add),
            None => journal.load_checkpoint(&mut add),
        };
        read.map(|_| count).unwrap()
    };
    assert_eq!(rows(None), rows(Some("L7")) * LOCATIONS, "rows read");

    let open = |id: &str| Store::open_location_read_only(&path, id).unwrap();
    let compare = |part: &Store, id: &str| {
        assert_eq!((part.head(), part.locations().unwrap().len()), (store.head(), 1), "{id}");
        let [here, there] =
            [part, &store].map(|it| it.location(id).unwrap().unwrap().read().snapshot());
        assert!(written(&here, Format::NodeLink) == written(&there, Format::NodeLink), "{id}");
    };
    let parts = ["L0", "L7", "L8", "L59", "L60"].map(|id| (id, open(id)));
    for (id, part) in &parts {
        compare(part, id);
    }
    assert!(open("nowhere").locations().unwrap().is_empty());

    // What comes later reaches each in its own.
    for location in [8, 59, 3] {
        relate(location, 9);
    }
    for (id, part) in &parts {
        assert_eq!(part.refresh().unwrap(), store.head());
        compare(part, id);
    }
    assert_eq!(Store::location_ids(&path, 2).unwrap(), ["L0", "L1"]);
    let ids = Store::location_ids(&path, 100).unwrap();
    assert_eq!((ids.len(), &*ids[60]), (61, "L60"));
}
