//! The store: what it acknowledged is there, however it ended.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod sample;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use relata::export::{Format, write};
use relata::graph::{Layers, LinkQuery, PartQuery, Snapshot};
use relata::journal::{CheckpointRow, JournalError, JournalReader, SqliteJournal};
use relata::{AsOf, IngestError, NodeRef, OpenError, Options, Status, Store, repair, verify};
use sample::{SAMPLE, delivery, differences, shuffled, tell};

fn every(events: u64) -> Options {
    Options { checkpoint_events: events, batch_events: 16, ..Options::default() }
}

fn verified(path: &Path) -> relata::Verification {
    verify(&mut SqliteJournal::open_read_only(path).unwrap(), 10).unwrap()
}

fn written(snapshot: &Snapshot, format: Format) -> Vec<u8> {
    let mut to = Vec::new();
    let part = snapshot.view().part(&PartQuery::default()).unwrap();
    write(&part, format, &relata::export::Options::default(), &mut to).unwrap();
    to
}

/// What every export of every location says.
fn exports(store: &Store) -> Vec<Vec<u8>> {
    let mut locations = store.locations();
    locations.sort_by(|a, b| a.id().cmp(b.id()));
    let all = locations.iter().flat_map(|location| {
        let snapshot = location.read().snapshot();
        Format::ALL.iter().map(|&format| written(&snapshot, format)).collect::<Vec<_>>()
    });
    all.collect()
}

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
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("relata.db");
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
fn a_crash_behind_any_checkpoint_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
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
fn exported_events_give_the_same_graph() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
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
    for location in store.locations() {
        let mut to = Vec::new();
        lines += store.export_events(location.id().as_str(), store.head(), &mut to).unwrap();
        tell(&again, std::str::from_utf8(&to).unwrap().lines());
    }
    assert_eq!((lines, again.head()), (store.head(), store.head()));
    assert_eq!(exports(&store), exports(&again));
}

#[test]
fn a_past_moment_is_the_graph_of_the_events_up_to_there() {
    let store = Store::in_memory().unwrap();
    tell(&store, shuffled(7));
    for seq in [0, 1, 40, 200, store.head() - 1, store.head()] {
        let again = Store::in_memory().unwrap();
        let mut seen = 0;
        for location in store.locations() {
            let mut to = Vec::new();
            seen += store.export_events(location.id().as_str(), seq, &mut to).unwrap();
            tell(&again, std::str::from_utf8(&to).unwrap().lines());
            let (upto, past) = store.snapshot(&location, Some(AsOf::Seq(seq)), &[]).unwrap();
            assert_eq!(upto, seq.min(store.head()));
            let Some(location) = again.location(location.id().as_str()) else {
                assert_eq!(past.nodes(Layers::Records).len(), 0);
                continue;
            };
            let (_, now) = again.snapshot(&location, None, &[]).unwrap();
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
fn an_export_shows_one_moment_while_writes_go_on() {
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
        let location = store.location("seaside-realty").unwrap();
        let (snapshot, counts) = {
            let graph = location.read();
            (graph.snapshot(), graph.counts())
        };
        std::thread::yield_now();
        let mut to = Vec::new();
        let options = relata::export::Options::default();
        let part = snapshot.view().part(&PartQuery::default()).unwrap();
        write(&part, Format::NodeLink, &options, &mut to).unwrap();
        let graph: serde_json::Value = serde_json::from_slice(&to).unwrap();
        let edges = graph["edges"].as_array().unwrap().len() as u64;
        assert_eq!(edges, counts.relations + counts.associations);
    }
    writer.join().unwrap();
}

#[test]
fn one_writer_and_any_reader() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
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
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
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
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("relata.db");
        let options = Options { keep_ignored, ..Options::default() };
        let store = Store::open_with(&path, options).unwrap();
        let receipt = store.ingest(other).unwrap();
        let seq = keep_ignored.then_some(1);
        assert_eq!((receipt.status, receipt.seq), (Status::Ignored, seq));
        assert!(store.locations().is_empty());
        store.close().unwrap();
        assert_eq!(Store::open(&path).unwrap().head(), seq.unwrap_or(0));
        assert_eq!(verified(&path).differences, []);
    }
}

fn execute(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn filled(path: &Path) {
    let store = Store::open(path).unwrap();
    tell(&store, SAMPLE.lines());
    store.close().unwrap();
}

#[test]
fn a_checkpoint_that_lies_is_found_out() {
    let directory = tempfile::tempdir().unwrap();
    for (number, sql) in [
        "UPDATE state_association SET first_label = 'Guest' WHERE number = 0 AND location = 0",
        "UPDATE state_relation SET rank = 2 WHERE number = 3 AND location = 0",
        "UPDATE state_record SET deleted_rank = 2, deleted_seq = 300, at = 1, rank = 2, seq = 300, \
         deleted_at = 9000000000000 WHERE number = 1 AND location = 0",
        "UPDATE state_object SET singular = 'Thing' WHERE key = 'custom_objects.property'",
        "UPDATE state_relation SET at = at + 1 WHERE number = 9 AND location = 0",
    ]
    .iter()
    .enumerate()
    {
        let path = directory.path().join(format!("{number}.db"));
        filled(&path);
        assert_eq!(verified(&path).differences, []);
        execute(&path, sql);
        assert_ne!(verified(&path).differences, [], "{sql}");
        execute(&path, FORGET_CHECKPOINT);
        assert_eq!(verified(&path).differences, [], "replayed instead: {sql}");
    }
}

const FORGET_CHECKPOINT: &str = "DELETE FROM checkpoint; DELETE FROM state_location; \
    DELETE FROM state_object; DELETE FROM state_association; DELETE FROM state_unkeyed_record; \
    DELETE FROM state_record; DELETE FROM state_relation";

/// A flipped bit once kept a store from opening although its journal knew everything.
#[test]
fn a_checkpoint_that_cannot_be_is_built_anew() {
    let reference = Store::in_memory().unwrap();
    tell(&reference, SAMPLE.lines());
    let directory = tempfile::tempdir().unwrap();
    for (number, sql) in [
        "UPDATE state_relation SET first = 99999 WHERE number = 3 AND location = 0",
        "UPDATE state_record SET number = 88888 WHERE number = 3 AND location = 0",
        "UPDATE state_relation SET rank = 7 WHERE number = 3 AND location = 0",
        "UPDATE state_relation SET association = 777 WHERE number = 3 AND location = 0",
        "DELETE FROM state_location WHERE number = 0",
        "DELETE FROM state_location WHERE number = 1",
        "DELETE FROM state_relation WHERE number = (SELECT max(number) FROM state_relation)",
        "UPDATE checkpoint SET seq = 336",
    ]
    .iter()
    .enumerate()
    {
        let path = directory.path().join(format!("{number}.db"));
        filled(&path);
        execute(&path, sql);
        assert_ne!(verified(&path).differences, [], "{sql}");
        let read_only = Store::open_read_only(&path).unwrap();
        assert_eq!(differences(&read_only, &reference), [], "{sql}");
        assert_ne!(verified(&path).differences, [], "a reader mends nothing: {sql}");
        Store::open(&path).unwrap().close().unwrap();
        let proof = verified(&path);
        assert_eq!((proof.checkpoint, proof.differences), (337, vec![]), "{sql}");
    }
    let path = directory.path().join("cut.db");
    filled(&path);
    execute(&path, "DELETE FROM event WHERE seq > 300");
    let refused = Store::open(&path).unwrap_err().to_string();
    assert!(refused.contains("ends at event 300, but 337 were accepted"), "{refused}");
    std::fs::remove_file(directory.path().join("cut.db-lock")).unwrap();
    let refused = Store::open(&path).unwrap_err().to_string();
    assert!(refused.contains("its checkpoint stands for event 337"), "{refused}");
    execute(&path, "DELETE FROM checkpoint");
    let refused = Store::open(&path).unwrap_err().to_string();
    assert!(refused.contains("its checkpoint stands for event 337"), "not built anew: {refused}");
}

#[test]
fn sql_tools_see_what_the_graph_answers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let store = Store::open(&path).unwrap();
    tell(&store, shuffled(3));
    let connection = rusqlite::Connection::open(&path).unwrap();
    let columns = "location, object, record, label, own_label, side, far_object, far_record, \
        association, association_key, relation, at, seq";
    let mut select = connection.prepare(&format!("SELECT {columns} FROM link")).unwrap();
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
        let values: Result<Vec<rusqlite::types::Value>, _> =
            (0..13).map(|at| row.get(at)).collect();
        Ok(values?.iter().map(shown).collect::<Vec<_>>().join("|") + "|")
    };
    let mut by_sql: Vec<String> =
        select.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap();
    let mut by_graph = Vec::new();
    for location in store.locations() {
        let graph = location.read();
        let snapshot = graph.snapshot();
        for node in snapshot.nodes(Layers::Records) {
            let (object, record) = (node.object, node.record.unwrap());
            let of = NodeRef::record(object, record);
            let page = graph.links(&of, &LinkQuery::default().limit(10_000)).unwrap();
            by_graph.extend(page.links.iter().map(|link| {
                format!(
                    "{}|{object}|{record}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|",
                    location.id(),
                    link.label.unwrap_or("null"),
                    link.own_label.unwrap_or("null"),
                    link.side.as_str(),
                    link.object,
                    link.record.unwrap(),
                    link.association,
                    link.association_key.unwrap_or("null"),
                    link.relation.unwrap(),
                    link.at.map_or("null".to_owned(), |at| at.as_millis().to_string()),
                    link.seq
                )
            }));
        }
    }
    by_sql.sort();
    by_graph.sort();
    assert!(by_graph.len() > 300);
    assert_eq!(by_sql, by_graph);
    let count = |sql: &str| -> u64 {
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
    };
    let counts = store.locations().into_iter().map(|location| location.read().counts());
    let (associations, relations) =
        counts.fold((0, 0), |sum, c| (sum.0 + c.associations, sum.1 + c.relations));
    assert_eq!(count("SELECT count(*) FROM association"), associations);
    assert_eq!(count("SELECT count(*) FROM relation"), relations);
}

fn shown(value: &rusqlite::types::Value) -> String {
    use rusqlite::types::Value;
    match value {
        Value::Null => "null".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_store_that_is_dropped_has_kept_what_was_queued() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let store = Store::open(&path).unwrap();
    for event in SAMPLE.lines() {
        store.submit_waiting(delivery(event), |_| ()).unwrap();
    }
    drop(store);
    let proof = verified(&path);
    assert_eq!((proof.events, proof.checkpoint), (337, 337));
}

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
fn pruning_leaves_the_graph_and_what_it_knows() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
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
    assert!(refused.to_string().starts_with("events up to 337 are pruned"), "{refused}");
    store.close().unwrap();
    // What is left of the journal can still tell that a checkpoint lies …
    let store = Store::open(&path).unwrap();
    let fresh = br#"{"id":"fresh","associationId":"A","locationId":"seaside-realty",
        "firstObjectKey":"contact","firstRecordId":"a","secondObjectKey":"p","secondRecordId":"b"}"#;
    assert_eq!(store.ingest(fresh).unwrap().seq, Some(338));
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
    assert!(refused.contains("pruned, but the checkpoint stands for event 0"), "{refused}");
}

#[test]
fn events_that_are_young_or_not_checkpointed_stay() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
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

/// A question of one location cost the memory of all of them, beside a server that
/// held them already.
#[test]
fn one_location_is_opened_without_the_others() {
    const LOCATIONS: u32 = 60;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let store = Store::open_with(&path, every(1_000_000)).unwrap();
    let relate = |location: u32, round: u32| {
        let event = serde_json::json!({"type": "RelationCreate", "id": format!("r{round}"),
            "associationId": "A", "locationId": format!("L{location}"),
            "firstObjectKey": "c", "firstRecordId": format!("{round}"),
            "secondObjectKey": "p", "secondRecordId": format!("{location}")});
        store.ingest(event.to_string().as_bytes()).unwrap();
    };
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
    let (mut all, mut one) = (0, 0);
    let mut count_all = |_: &CheckpointRow<'_>| {
        all += 1;
        Ok(())
    };
    journal.load_checkpoint(&mut count_all).unwrap();
    let mut count_one = |_: &CheckpointRow<'_>| {
        one += 1;
        Ok(())
    };
    journal.load_location("L7", &mut count_one).unwrap();
    assert_eq!(all, one * LOCATIONS, "rows read");

    let open = |id: &str| Store::open_location_read_only(&path, id).unwrap();
    let compare = |part: &Store, id: &str| {
        assert_eq!((part.head(), part.locations().len()), (store.head(), 1), "{id}");
        let [here, there] = [part, &store].map(|it| it.location(id).unwrap().read().snapshot());
        assert!(written(&here, Format::NodeLink) == written(&there, Format::NodeLink), "{id}");
    };
    let parts = ["L0", "L7", "L8", "L59", "L60"].map(|id| (id, open(id)));
    for (id, part) in &parts {
        compare(part, id);
    }
    assert!(open("nowhere").locations().is_empty());

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

/// With `--keep-ignored` and a sender whose events are all of other types no checkpoint
/// was ever saved: every start replayed all of them, and none could be pruned.
#[test]
fn events_that_are_passed_over_lead_to_a_checkpoint_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let options = Options { keep_ignored: true, checkpoint_events: 5, ..Options::default() };
    let store = Store::open_with(&path, options.clone()).unwrap();
    for _ in 0..12 {
        store.ingest(br#"{"type":"OrderCreate","locationId":"L"}"#).unwrap();
    }
    store.close().unwrap();
    let store = Store::open_with(&path, options).unwrap();
    assert_eq!((store.head(), store.checkpoint_seq()), (12, 12));
}
