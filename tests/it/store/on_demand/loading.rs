//! Locations that are slow to load, loaded twice, or cannot be loaded.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use relata::journal::SqliteJournal;
use relata::{Delivery, IngestError, Options, Status, Store};
use serde_json::json;

use crate::store::on_demand::{relation, three, tight};
use crate::store::{execute, verified};
use crate::support::clock::ManualClock;
use crate::support::database::fresh;
use crate::support::fault_plan::Fault;
use crate::support::faulty_journal::Faulty;

/// Deliveries to a location that is being loaded wait; those to others do not.
#[test]
fn a_location_that_is_slow_to_load_holds_up_nobody_else() {
    let (_directory, db) = fresh().unwrap();
    three(&db);
    let faulty = Faulty::new(SqliteJournal::open(&db).unwrap(), Fault::Full, u64::MAX);
    let plan = Arc::clone(&faulty.plan);
    let options = Options { rows_loaded_at_once: 0, queue_events: 40, ..Options::default() };
    let store = Store::with_journal(Box::new(faulty), options).unwrap();
    let nothing_loads = plan.reads.loading.lock().unwrap();
    let (sender, receiver) = channel();
    for number in 100..138 {
        let sender = sender.clone();
        let body = relation("L0", number).to_string();
        let delivery = Delivery::read(body.as_bytes(), None, None).unwrap();
        let reply = move |told| sender.send(told).unwrap();
        store.submit_waiting(delivery, reply).unwrap();
    }
    let new = relation("L9", 1).to_string();
    let head = store.head();
    assert_eq!(store.ingest(new.as_bytes()).unwrap().status, Status::Applied);
    assert_eq!(store.head(), head + 1, "nothing of those that wait is written");
    // A quarter of the queue may wait for one location.
    let refused: Vec<_> = receiver.try_iter().collect();
    assert_eq!(refused.len(), 28);
    assert!(refused.iter().all(|told| matches!(told, Err(IngestError::Overloaded))));
    drop(nothing_loads);
    for _ in 0..10 {
        let told = receiver.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(told.unwrap().status, Status::Applied);
    }
    assert_eq!(store.head(), head + 11);
    store.close().unwrap();
}

/// A graph that the writer needs at once comes into memory while a thread still loads it: those
/// that wait for that thread are answered, and those that come later are accepted.
#[test]
fn a_graph_that_is_loaded_twice_answers_all_who_wait() {
    let (_directory, db) = fresh().unwrap();
    let clock = ManualClock::new();
    let store =
        Store::open_with(&db, Options { clock: clock.shared(), ..Options::default() }).unwrap();
    for number in 0..30 {
        store.ingest(relation("L0", number).to_string().as_bytes()).unwrap();
    }
    let gone = relation("L0", 3).to_string().replace("RelationCreate", "RelationDelete");
    store.ingest(gone.as_bytes()).unwrap();
    store.close().unwrap();
    let faulty = Faulty::new(SqliteJournal::open(&db).unwrap(), Fault::Full, u64::MAX);
    let plan = Arc::clone(&faulty.plan);
    let options = Options {
        keep_tombstones: Some(Duration::from_secs(3_600)),
        clock: clock.shared(),
        rows_loaded_at_once: 0,
        ..Options::default()
    };
    let store = Store::with_journal(Box::new(faulty), options).unwrap();
    clock.pass_days(400);
    let nothing_loads = plan.reads.loading.lock().unwrap();
    let (sender, receiver) = channel();
    let submit = |number: u64| {
        let sender = sender.clone();
        let body = relation("L0", number).to_string();
        let delivery = Delivery::read(body.as_bytes(), None, None).unwrap();
        store.submit_waiting(delivery, move |told| sender.send(told).unwrap()).unwrap();
    };
    submit(100);
    // By the writer itself.
    assert_eq!(store.compact().unwrap(), 1);
    drop(nothing_loads);
    submit(101);
    for _ in 0..2 {
        let told = receiver.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(told.unwrap().status, Status::Applied);
    }
    assert_eq!(store.location("L0").unwrap().unwrap().read().view().counts().relations, 31);
    store.close().unwrap();
    assert_eq!(verified(&db).differences, []);
}

/// One that is damaged keeps what was deleted from it, and those behind it do not.
#[test]
fn a_location_that_cannot_be_loaded_is_left_by_a_compaction() {
    let (_directory, db) = fresh().unwrap();
    let clock = ManualClock::new();
    let options = || Options { clock: clock.shared(), ..tight() };
    let store = Store::open_with(&db, options()).unwrap();
    for (location, number) in [("L0", 0..30), ("L1", 0..30)]
        .into_iter()
        .flat_map(|(id, numbers)| numbers.map(move |number| (id, number)))
    {
        store.ingest(relation(location, number).to_string().as_bytes()).unwrap();
    }
    for (location, number) in [("L0", 4), ("L1", 4), ("L1", 5)] {
        let mut gone = relation(location, number);
        gone["type"] = json!("RelationDelete");
        store.ingest(gone.to_string().as_bytes()).unwrap();
    }
    store.close().unwrap();
    execute(&db, "UPDATE state_relation SET rank = 7 WHERE number = 3 AND location = 0");
    let keep = Some(Duration::from_secs(24 * 3_600));
    let store = Store::open_with(&db, Options { keep_tombstones: keep, ..options() }).unwrap();
    clock.pass_days(2);
    assert_eq!(store.compact().unwrap(), 2);
    assert!(store.location("L0").is_err());
    assert_eq!(store.location("L1").unwrap().unwrap().read().view().counts().relations, 28);
    store.close().unwrap();
}

/// Damage to one location is found when it is loaded, and is its own.
#[test]
fn a_location_that_cannot_be_loaded_is_refused_alone() {
    let (_directory, db) = fresh().unwrap();
    three(&db);
    execute(&db, "UPDATE state_relation SET rank = 7 WHERE number = 3 AND location = 1");
    let options = Options { rows_loaded_at_once: 0, ..Options::default() };
    let store = Store::open_with(&db, options).unwrap();
    let error = store.location("L1").unwrap_err().to_string();
    assert!(
        error.starts_with("location L1 cannot be loaded: the checkpoint is damaged"),
        "{error}"
    );
    let post = |location: &str| store.ingest(relation(location, 99).to_string().as_bytes());
    let refused = post("L1").unwrap_err();
    assert!(matches!(refused, IngestError::Unavailable { .. }), "{refused}");
    assert_eq!(post("L0").unwrap().status, Status::Applied);
    assert_eq!(store.location("L2").unwrap().unwrap().read().view().counts().relations, 30);
    assert_eq!(store.locations_after(None, 10).len(), 3);
    store.close().unwrap();
}
