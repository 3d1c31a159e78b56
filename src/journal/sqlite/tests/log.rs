//! The write-ahead log: when it is moved and cut down.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::journal::conformance::entry;
use crate::journal::entry::JournalEntry;
use crate::journal::reader::JournalReader;
use crate::journal::sqlite::journal::SqliteJournal;
use crate::journal::writer::Journal;

/// Appends this many bytes of bodies in transactions of 1 MiB.
fn grow(journal: &mut dyn Journal, mebibytes: usize) {
    let body = "x".repeat(1 << 18);
    for _ in 0..mebibytes {
        journal.append(&[entry("a", &body); 4]).unwrap();
    }
}

/// A person who left `BEGIN` open in a shell overnight found the log as large as the
/// database in the morning; it kept its size for good, until a restart.
#[test]
fn a_log_that_grew_behind_a_foreign_reader_is_cut_down_once_that_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let mut journal = SqliteJournal::open(&path).unwrap();
    journal.append(&[entry("a", "one")]).unwrap();
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM event").unwrap();
    grow(&mut journal, 24);
    assert!(journal.file_sizes().unwrap().log > 24 << 20);
    assert!(!journal.trim_log().unwrap(), "the reader still needs it");
    reader.execute_batch("COMMIT").unwrap();
    assert!(journal.trim_log().unwrap());
    let sizes = journal.file_sizes().unwrap();
    assert_eq!(sizes.log, 0);
    assert!(sizes.database > 24 << 20);
}

/// A post in ten waited for the log to be moved to the main file, which took as long as
/// a hundred commits, when an import filled it.
#[test]
fn the_log_is_moved_beside_the_commits() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let mut journal = SqliteJournal::open(&path).unwrap();
    grow(&mut journal, 15);
    let deadline = Instant::now() + Duration::from_secs(60);
    // Nothing else is committed meanwhile.
    while journal.file_sizes().unwrap().database < 12 << 20 || journal.is_moving_log() {
        assert!(Instant::now() < deadline, "{:?}", journal.file_sizes());
        std::thread::sleep(Duration::from_millis(1));
    }
    let log = journal.file_sizes().unwrap().log;
    grow(&mut journal, 10);
    let grown = journal.file_sizes().unwrap().log.saturating_sub(log);
    assert!(grown < 4 << 20, "it begins from its start: {grown} bytes more");
    grow(&mut journal, 100);
    assert!(journal.file_sizes().unwrap().log < 24 << 20, "{:?}", journal.file_sizes());
    journal.recover().unwrap();
    grow(&mut journal, 40);
    assert!(journal.file_sizes().unwrap().log < 24 << 20, "{:?}", journal.file_sizes());
    assert!(journal.empty_log().unwrap());
    drop(journal);
    assert_eq!(SqliteJournal::open(&path).unwrap().head().unwrap(), 165 * 4);
}

/// An export taken at the pace of a phone held one read transaction to its end, and the
/// log grew by all that was written meanwhile.
#[test]
fn a_slow_reader_of_events_does_not_hold_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let mut journal = SqliteJournal::open(&path).unwrap();
    grow(&mut journal, 2);
    let mut reader = journal.readers()().unwrap();
    let mut read = 0;
    let mut slowly = |_, _: JournalEntry<'_>| {
        read += 1;
        if read == 1 {
            grow(&mut journal, 40);
            assert!(journal.file_sizes().unwrap().log < 24 << 20);
            assert!(journal.trim_log().unwrap());
        }
        ControlFlow::Continue(())
    };
    reader.read(0, &mut slowly).unwrap();
    assert_eq!(read, 8);
}
