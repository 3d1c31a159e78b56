//! Damage to the checkpoint is noticed when the file is opened, and healed from the
//! journal.

use std::path::Path;

use relata::journal::{Journal, SqliteJournal};
use relata::{Options, Store, repair, verify};
use rusqlite::Connection;

use crate::support::database::fresh;
use crate::support::sample::differences;

const EVENTS: [&str; 6] = [
    r#"{"type":"ObjectSchemaCreate","id":"s","objectKey":"custom_objects.p","locationId":"L","key":"custom_objects.p","labels":{"singular":"P","plural":"Ps"},"timestamp":"2026-01-01T00:00:00Z"}"#,
    r#"{"id":"a","associationType":"USER_DEFINED","locationId":"L","firstObjectKey":"contact","firstObjectLabel":"Buyer","secondObjectKey":"custom_objects.p","secondObjectLabel":"Property","key":"k","timestamp":"2026-01-01T00:00:00Z"}"#,
    r#"{"id":"r1","associationId":"a","locationId":"L","firstObjectKey":"contact","firstRecordId":"c","secondObjectKey":"custom_objects.p","secondRecordId":"p","timestamp":"2026-01-01T00:00:00Z"}"#,
    r#"{"type":"ContactDelete","id":"c","locationId":"L","timestamp":"2026-01-02T00:00:00Z"}"#,
    r#"{"type":"RecordDelete","id":"u","locationId":"L","timestamp":"2026-01-02T00:00:00Z"}"#,
    r#"{"id":"r2","associationId":"b","locationId":"M","firstObjectKey":"contact","firstRecordId":"c2","secondObjectKey":"x","secondRecordId":"y"}"#,
];

const TABLES: [&str; 8] = [
    "checkpoint",
    "state_location",
    "state_object",
    "state_association",
    "state_unkeyed_record",
    "state_record",
    "state_relation",
    "state_name",
];

fn tell(store: &Store) {
    for event in EVENTS {
        store.ingest(event.as_bytes()).unwrap();
    }
}

fn filled(path: &Path) -> Store {
    let store = Store::open(path).unwrap();
    tell(&store);
    store.close().unwrap();
    let reference = Store::in_memory().unwrap();
    tell(&reference);
    reference
}

fn columns(file: &Connection, table: &str) -> Vec<(String, String)> {
    let mut select = file.prepare(&format!("PRAGMA table_info({table})")).unwrap();
    let columns = select.query_map([], |row| Ok((row.get(1)?, row.get(2)?))).unwrap();
    columns.collect::<Result<_, _>>().unwrap()
}

fn ok(path: &Path) -> bool {
    verify(&mut SqliteJournal::open_read_only(path).unwrap(), 10).unwrap().differences.is_empty()
}

/// A bit flipped in the state tables was served: the server answered for a record that
/// no event had named, 404 for the one that had been there, and only `verify` told.
#[test]
fn checksums_cover_every_column_of_the_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("good.db");
    let reference = filled(&path);
    let good = Connection::open(&path).unwrap();
    let mut tried = 0;
    for table in TABLES {
        let rows: i64 =
            good.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert!(rows > 0, "{table} has a row to damage");
        for (column, column_type) in columns(&good, table) {
            let value = match column_type.as_str() {
                "TEXT" => format!("ifnull({column}, '') || 'x'"),
                _ => format!("ifnull({column}, 0) + 1000"),
            };
            let last = format!("(SELECT {column} FROM {table} ORDER BY 1 DESC LIMIT 1)");
            let sql = format!("UPDATE {table} SET {column} = {value} WHERE {column} IS {last}");
            let damaged = directory.path().join("damaged.db");
            std::fs::copy(&path, &damaged).unwrap();
            let file = Connection::open(&damaged).unwrap();
            // The one row of this table carries a constraint that keeps this damage out.
            if (table, column.as_str()) == ("checkpoint", "only") {
                continue;
            }
            assert!(file.execute(&sql, []).unwrap() > 0, "{sql}");
            file.close().unwrap();
            let opened = Store::open_read_only(&damaged).unwrap();
            assert_eq!(differences(&opened, &reference), [], "{sql}");
            assert!(!ok(&damaged), "{sql}");
            let found = repair(&mut SqliteJournal::open(&damaged).unwrap(), 10).unwrap();
            assert!(!found.differing.is_empty(), "{sql}");
            assert!(ok(&damaged), "{sql}");
            for suffix in ["", "-wal", "-shm", "-lock"] {
                std::fs::remove_file(format!("{}{suffix}", damaged.display())).unwrap_or_default();
            }
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
}

/// Makes a file one of a version that knew no checksums.
pub(in crate::store) fn make_old(path: &Path) {
    let file = Connection::open(path).unwrap();
    for table in TABLES {
        file.execute_batch(&format!("ALTER TABLE {table} DROP COLUMN checksum")).unwrap();
    }
    file.execute_batch(
        "ALTER TABLE state_location DROP COLUMN rows;
         ALTER TABLE state_location DROP COLUMN seq;
         ALTER TABLE checkpoint DROP COLUMN locations;
         ALTER TABLE checkpoint DROP COLUMN newest;
         DROP TABLE compaction; DROP TABLE pruned_before;
         DROP TABLE location_block; DROP TABLE location_block_range;
         DROP TABLE state_name; DROP TABLE unnamed; DROP TABLE state_summary;
         DROP TABLE delivery_block; DROP TABLE delivery_key;
         PRAGMA user_version = 6",
    )
    .unwrap();
    file.close().unwrap();
}

/// A file of a version that knew no checksums is given them when it is migrated, and
/// can be read before.
#[test]
fn an_older_file_is_read_and_given_checksums() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.db");
    let reference = filled(&path);
    make_old(&path);
    assert_eq!(differences(&Store::open_read_only(&path).unwrap(), &reference), []);
    let store = Store::open(&path).unwrap();
    assert_eq!(differences(&store, &reference), []);
    store.close().unwrap();
    let file = Connection::open(&path).unwrap();
    for table in TABLES {
        let sql = format!("SELECT count(*) FROM {table} WHERE checksum IS NULL");
        assert_eq!(file.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "{table}");
    }
    file.execute("UPDATE state_record SET id = 'evil' WHERE id = 'c'", []).unwrap();
    file.close().unwrap();
    assert!(!ok(&path));
}

/// With `--keep-ignored` and nothing but ignored events there was never a checkpoint, so
/// each start replayed them all and none was ever pruned.
#[test]
fn ignored_events_that_are_kept_move_the_checkpoint() {
    let (directory, path) = fresh().unwrap();
    let options = Options {
        keep_ignored: true,
        keep_events: Some(std::time::Duration::ZERO),
        ..Options::default()
    };
    let store = Store::open_with(&path, options.clone()).unwrap();
    for number in 0..50 {
        let event = format!(r#"{{"type":"NoteCreate","id":"{number}","locationId":"L"}}"#);
        store.ingest(event.as_bytes()).unwrap();
    }
    store.checkpoint().unwrap();
    assert_eq!(store.checkpoint_seq(), 50);
    store.close().unwrap();
    let mut journal = SqliteJournal::open(&path).unwrap();
    let now = relata::Timestamp::from_millis(i64::MAX);
    assert_eq!(journal.prune(now, now, 100).unwrap(), 50);
    // Replayed ones count as well.
    let again = directory.path().join("again.db");
    let store = Store::open_with(&again, options).unwrap();
    store.ingest(br#"{"type":"NoteCreate","id":"1","locationId":"L"}"#).unwrap();
    for suffix in ["", "-wal"] {
        let copy = format!("{}{suffix}", directory.path().join("copy.db").display());
        std::fs::copy(format!("{}{suffix}", again.display()), copy).unwrap();
    }
    let copy = Store::open(directory.path().join("copy.db")).unwrap();
    copy.checkpoint().unwrap();
    assert_eq!(copy.checkpoint_seq(), 1);
}
