//! Checkpoints that are wrong or missing.

use relata::{Options, Store};

use crate::store::{FORGET_CHECKPOINT, execute, filled, verified};
use crate::support::database::fresh;
use crate::support::sample::{SAMPLE, differences, tell};

#[test]
fn verify_finds_a_checkpoint_that_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    for (number, sql) in [
        "UPDATE state_association SET first_label = 'Guest' WHERE number = 0 AND location = 0",
        "UPDATE state_relation SET rank = 2 WHERE number = 3 AND location = 0",
        "UPDATE state_record SET deleted_rank = 2, deleted_seq = 300, at = 1, rank = 2, seq = 300, \
         deleted_at = 9000000000000 WHERE number = 1 AND location = 0",
        "UPDATE state_object SET singular = 'Thing' WHERE key = 'custom_objects.property'",
        "UPDATE state_relation SET at = at + 1 WHERE number = 9 AND location = 0",
        "UPDATE state_summary SET relations = relations + 1 WHERE location = 0",
        "UPDATE state_summary SET tombstones = 7 WHERE location = 1",
        "UPDATE state_summary SET name = 'Nobody' WHERE location = 0",
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

/// A flipped bit once kept a store from opening although its journal knew everything.
#[test]
fn a_damaged_checkpoint_is_rebuilt_from_the_journal() {
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
        "UPDATE checkpoint SET seq = 387",
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
        assert_eq!((proof.checkpoint, proof.differences), (388, vec![]), "{sql}");
    }
    let path = directory.path().join("cut.db");
    filled(&path);
    execute(&path, "DELETE FROM event WHERE seq > 300");
    let refused = Store::open(&path).unwrap_err().to_string();
    assert!(refused.contains("ends at event 300, but 388 were accepted"), "{refused}");
    std::fs::remove_file(directory.path().join("cut.db-lock")).unwrap();
    let refused = Store::open(&path).unwrap_err().to_string();
    assert!(refused.contains("its checkpoint includes event 388"), "{refused}");
    execute(&path, "DELETE FROM checkpoint");
    let refused = Store::open(&path).unwrap_err().to_string();
    assert!(refused.contains("its checkpoint includes event 388"), "not built anew: {refused}");
}

/// With `--keep-ignored` and a sender whose events are all of other types no checkpoint
/// was ever saved: every start replayed all of them, and none could be pruned.
#[test]
fn ignored_events_lead_to_a_checkpoint_too() {
    let (_directory, path) = fresh().unwrap();
    let options = Options { keep_ignored: true, checkpoint_events: 5, ..Options::default() };
    let store = Store::open_with(&path, options.clone()).unwrap();
    for _ in 0..12 {
        store.ingest(br#"{"type":"OrderCreate","locationId":"L"}"#).unwrap();
    }
    store.close().unwrap();
    let store = Store::open_with(&path, options).unwrap();
    assert_eq!((store.head(), store.checkpoint_seq()), (12, 12));
}
