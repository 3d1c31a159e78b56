//! What only a file can meet: other writers, other programs, damage.

use std::ops::ControlFlow;
use std::path::Path;

use super::super::{Entry, Journal, JournalError, JournalReader};
use super::SqliteJournal;
use crate::model::Timestamp;

fn entry<'a>(entity: &'a str, body: &'a str) -> Entry<'a> {
    Entry {
        location: "L",
        event_type: "RelationCreate",
        entity,
        webhook_id: None,
        at: None,
        received_at: Timestamp::from_millis(1),
        body,
    }
}

#[test]
fn a_second_writer_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let first = SqliteJournal::open(&path).unwrap();
    assert!(matches!(SqliteJournal::open(&path), Err(JournalError::InUse { .. })));
    drop(first);
    SqliteJournal::open(&path).unwrap();
}

fn execute(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_file_of_another_kind_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let open = |name: &str| SqliteJournal::open(&path(name)).map(drop);
    let read = |name: &str| SqliteJournal::open_read_only(&path(name)).map(drop);

    execute(&path("other.db"), "CREATE TABLE notes (text TEXT)");
    let before = std::fs::read(path("other.db")).unwrap();
    assert!(matches!(open("other.db"), Err(JournalError::NotOurs { .. })));
    assert!(matches!(read("other.db"), Err(JournalError::NotOurs { .. })));
    assert_eq!(std::fs::read(path("other.db")).unwrap(), before);

    open("newer.db").unwrap();
    execute(&path("newer.db"), "PRAGMA user_version = 99");
    let refused = open("newer.db").unwrap_err().to_string();
    assert!(refused.contains("format 99"), "{refused}");
    assert!(matches!(read("newer.db"), Err(JournalError::TooNew { found: 99, .. })));

    std::fs::write(path("text.db"), "this is no database, however long it may be").unwrap();
    assert!(matches!(open("text.db"), Err(JournalError::Storage { .. })));
    assert!(read("missing.db").is_err());
    assert!(!path("missing.db").exists(), "reading creates nothing");
}

/// Damages a journal of three entries and says what reading it anew answers.
fn damage(sql: &str) -> Result<usize, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let mut journal = SqliteJournal::open(&path).unwrap();
    journal.append(&[entry("a", "one"), entry("b", "two"), entry("c", "three")]).unwrap();
    drop(journal);
    execute(&path, sql);
    let mut journal = SqliteJournal::open_read_only(&path).unwrap();
    let mut seen = 0;
    let read = journal.read(0, &mut |_, _| {
        seen += 1;
        ControlFlow::Continue(())
    });
    read.map(|()| seen).map_err(|error| error.to_string())
}

#[test]
fn a_damaged_entry_is_named_and_never_skipped() {
    assert_eq!(damage("SELECT 1"), Ok(3));
    for (sql, expected) in [
        ("UPDATE event SET body = 'twO' WHERE seq = 2", "event 2 is damaged: its checksum"),
        ("UPDATE event SET location = 'M' WHERE seq = 3", "event 3 is damaged: its checksum"),
        ("UPDATE event SET received_at = 2 WHERE seq = 1", "event 1 is damaged: its checksum"),
        ("UPDATE event SET at = 0 WHERE seq = 1", "event 1 is damaged: its checksum"),
        ("UPDATE event SET webhook_id = '' WHERE seq = 1", "event 1 is damaged: its checksum"),
        ("UPDATE event SET checksum = 0 WHERE seq = 2", "event 2 is damaged: its checksum"),
        ("UPDATE event SET body = CAST(x'ff' AS TEXT) WHERE seq = 2", "event 2 is damaged"),
        ("DELETE FROM event WHERE seq = 1", "event 1 is damaged: it is missing"),
        ("DELETE FROM event WHERE seq = 2", "event 2 is damaged: it is missing"),
        ("UPDATE event SET seq = 9 WHERE seq = 3", "event 3 is damaged: it is missing"),
    ] {
        let answer = damage(sql).unwrap_err();
        assert!(answer.starts_with(expected), "{sql}: {answer}");
    }
}
