//! What only a file can meet: other writers, other programs, damage.

mod log;
mod statements;

use std::ops::ControlFlow;
use std::path::Path;

use crate::journal::conformance::entry;
use crate::journal::dead_letter::{DeadLetterBounds, DeadLetterTotals, Refused};
use crate::journal::entry::JournalEntry;
use crate::journal::error::{JournalError, WriteOutcome};
use crate::journal::reader::JournalReader;
use crate::journal::sqlite::backup;
use crate::journal::sqlite::journal::SqliteJournal;
use crate::journal::sqlite::tokens::SqliteTokens;
use crate::journal::writer::Journal;
use crate::model::{Seq, Timestamp};

#[test]
fn a_second_writer_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let first = SqliteJournal::open(&path).unwrap();
    assert!(matches!(SqliteJournal::open(&path), Err(JournalError::InUse { .. })));
    drop(first);
    SqliteJournal::open(&path).unwrap();
}

#[test]
fn what_is_committed_is_synced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    for _ in ["created", "opened again"] {
        let journal = SqliteJournal::open(&path).unwrap();
        let text = |name| -> String {
            journal.connection().pragma_query_value(None, name, |row| row.get(0)).unwrap()
        };
        let number = |name| -> i64 {
            journal.connection().pragma_query_value(None, name, |row| row.get(0)).unwrap()
        };
        // kill -9 leaves what the system has in memory: no crash test can see this.
        assert_eq!((&*text("journal_mode"), number("synchronous")), ("wal", 2));
    }
}

pub(in crate::journal) fn execute(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

pub(in crate::journal) fn count(path: &Path, select: &str) -> u64 {
    rusqlite::Connection::open(path).unwrap().query_row(select, [], |row| row.get(0)).unwrap()
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

/// Damages a journal of three entries and returns the result of reading it again.
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

#[test]
fn an_entry_that_is_missing_is_named_when_ids_are_recalled() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let mut journal = SqliteJournal::open(&path).unwrap();
    let known = JournalEntry { webhook_id: Some("w"), ..entry("a", "one") };
    journal.append(&[known, known, known]).unwrap();
    execute(&path, "DELETE FROM event WHERE seq = 2");
    let recalled = journal.accepted(1..=Seq::MAX, &mut |_| ());
    let error = recalled.unwrap_err().to_string();
    assert_eq!(error, "event 2 is damaged: it is missing; the next one there is 3");
}

/// A database browser with changes that are not written yet.
#[test]
fn a_lock_of_another_program_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let mut journal = SqliteJournal::open(&path).unwrap();
    journal.append(&[entry("a", "one")]).unwrap();
    let browser = rusqlite::Connection::open(&path).unwrap();
    browser.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = journal.recover().unwrap_err();
    assert_eq!(refused.write_outcome(), WriteOutcome::NothingWritten, "{refused}");
    browser.execute_batch("ROLLBACK").unwrap();
    assert_eq!(journal.recover().unwrap(), 1);
    assert_eq!(journal.append(&[entry("b", "two")]).unwrap(), 2);
}

/// Only bodies, reasons and headers counted once, and senders chose the length of others.
#[test]
fn all_that_is_kept_of_dead_letters_counts_in_files_of_before_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let refused = Refused {
        received_at: Timestamp::from_millis(0),
        url_type: Some("é".repeat(200)),
        location: Some("l".repeat(500)),
        code: "invalid_event",
        field: None,
        reason: "why".to_owned(),
        headers: vec![],
        body: b"{}".to_vec(),
    };
    let mut journal = SqliteJournal::open(&path).unwrap();
    journal.keep_dead_letters(&[refused], DeadLetterBounds::default()).unwrap();
    let totals = journal.dead_letter_totals().unwrap();
    assert_eq!(totals.bytes, 400 + 500 + 13 + 3 + 2);
    drop(journal);
    execute(&path, "UPDATE dead_letter_total SET bytes = 5");
    execute(&path, include_str!("../schema/0008_dead_letter_bytes.sql"));
    let mut journal = SqliteJournal::open(&path).unwrap();
    assert_eq!(journal.dead_letter_totals().unwrap(), totals);
    assert!(journal.delete_dead_letter(1).unwrap());
    assert_eq!(journal.dead_letter_totals().unwrap().bytes, 0);
}

#[test]
fn a_file_of_the_first_format_is_read_and_brought_up_to_date() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    execute(&path, include_str!("../schema/0001_journal_and_state.sql"));
    let checksum = {
        let other = directory.path().join("other.db");
        let mut journal = SqliteJournal::open(&other).unwrap();
        journal.append(&[entry("a", "one")]).unwrap();
        let select = "SELECT checksum FROM event";
        journal.connection().query_row(select, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    execute(
        &path,
        &format!(
            "INSERT INTO event VALUES (1, 'L', 'RelationCreate', 'a', NULL, NULL, 1, {checksum}, 'one');
             PRAGMA user_version = 1; PRAGMA application_id = {};",
            crate::journal::sqlite::schema::APPLICATION_ID
        ),
    );
    let content = std::fs::read(&path).unwrap();
    assert!(SqliteTokens::open_read_only(&path).unwrap().list().unwrap().is_empty());
    assert!(std::fs::read(&path).unwrap() == content, "listing tokens leaves it as it is");
    let mut old = SqliteJournal::open_read_only(&path).unwrap();
    assert_eq!((old.head().unwrap(), old.pruned().unwrap()), (1, 0));
    assert!(!old.is_no_op(1).unwrap(), "not known to have done nothing");
    assert_eq!(old.dead_letters(0, 10).unwrap(), []);
    assert_eq!(old.dead_letter_totals().unwrap(), DeadLetterTotals::default());
    old.read(0, &mut |_, _| ControlFlow::Continue(())).unwrap();
    drop(old);
    let mut journal = SqliteJournal::open(&path).unwrap();
    assert_eq!(journal.append(&[entry("b", "two")]).unwrap(), 2);
    assert_eq!(journal.pruned().unwrap(), 0);
    assert!(!journal.is_no_op(1).unwrap());
    drop(journal);
    assert!(SqliteTokens::open(&path).unwrap().list().unwrap().is_empty());
}

#[test]
fn the_oldest_marks_of_imports_make_room() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let mut journal = SqliteJournal::open(&path).unwrap();
    execute(
        &path,
        "INSERT INTO import VALUES (1, zeroblob(32)), (2, zeroblob(32)), (65537, zeroblob(32))",
    );
    journal.append_import(&[], &[9; 32]).unwrap();
    let mut seen = Vec::new();
    journal.import_marks(0, &mut |_, mark| seen.push(mark[0])).unwrap();
    assert_eq!(seen, [0, 9]);
}

#[test]
fn a_backup_is_a_whole_store_of_one_moment() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let mut writer = SqliteJournal::open(&path("relata.db")).unwrap();
    writer.append(&[entry("a", "one"), entry("b", "two")]).unwrap();
    let mut steps = 0;
    let head = backup(&path("relata.db"), &path("copy.db"), &mut |_, _| steps += 1).unwrap();
    assert!(head == 2 && steps > 0);
    writer.append(&[entry("c", "three")]).unwrap();
    let again = backup(&path("relata.db"), &path("copy.db"), &mut |_, _| ()).unwrap_err();
    assert!(again.to_string().ends_with("copy.db: it exists already"), "{again}");
    assert!(backup(&path("missing.db"), &path("other.db"), &mut |_, _| ()).is_err());
    assert!(backup(&path("relata.db"), &path("no/such/folder.db"), &mut |_, _| ()).is_err());
    let mut names: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("relata.db"))
        .collect();
    names.sort();
    assert_eq!(names, ["copy.db"], "nothing is left over");
    let mut copy = SqliteJournal::open(&path("copy.db")).unwrap();
    assert_eq!(copy.head().unwrap(), 2);
    copy.read(0, &mut |_, _| ControlFlow::Continue(())).unwrap();
}
