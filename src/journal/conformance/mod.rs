//! What every journal must do, run against each.

pub(super) mod checkpoints;
pub(super) mod compactions;
pub(super) mod copies;
pub(super) mod deliveries;
pub(super) mod erasing;
pub(super) mod notes;

use std::ops::ControlFlow;

use crate::journal::checkpoint::{CheckpointRow, CheckpointSeq};
use crate::journal::dead_letter::{DeadLetterBounds, DeadLetterTotals, Refused};
use crate::journal::entry::JournalEntry;
use crate::journal::error::JournalError;
use crate::journal::memory::journal::MemoryJournal;
#[cfg(all(feature = "postgres", unix))]
use crate::journal::postgres::{PostgresJournal, PostgresUrl, cluster};
use crate::journal::reader::JournalReader;
use crate::journal::sqlite::journal::SqliteJournal;
use crate::journal::writer::Journal;
use crate::model::{Seq, Timestamp};

/// Opens the same journal again, once the one opened before is gone.
type Open = Box<dyn FnMut() -> Box<dyn Journal>>;

const CASES: [fn(&mut Open); 21] = [
    a_new_one_is_empty,
    entries_come_back_as_they_were,
    reading_goes_from_where_it_is_told,
    a_reader_sees_what_was_appended_since_it_was_opened,
    a_caller_may_write_while_it_reads,
    entries_pruned_during_a_reading_are_an_error,
    checkpoints::a_checkpoint_is_saved_over_the_one_before,
    checkpoints::a_checkpoint_that_fails_changes_nothing,
    checkpoints::parts_of_a_checkpoint_are_saved_over_the_one_before,
    checkpoints::a_checkpoint_is_replaced_by_another,
    checkpoints::a_thing_is_found_by_its_id_in_one_location,
    deliveries::ids_are_found_by_their_hash,
    erasing::what_was_appended_is_there_after_a_recovery,
    erasing::a_location_is_erased_and_the_others_stay,
    pruning_takes_old_entries_behind_the_checkpoint,
    a_pruned_delivery_is_remembered,
    dead_letters_are_bounded_and_counted,
    notes::what_events_did_and_speak_of_is_kept_with_the_checkpoint,
    notes::it_is_known_where_entries_of_a_location_are,
    entries_are_found_by_time,
    marks_of_imports_come_with_their_entries,
];

#[test]
fn each_journal_keeps_its_promises() {
    CASES.into_iter().for_each(on_each);
}

/// Runs a case against the journal in memory, in a SQLite file, and in a PostgreSQL database
/// where there is a server.
fn on_each(case: fn(&mut Open)) {
    let journal = MemoryJournal::new();
    let mut open: Open = Box::new(move || Box::new(journal.clone()));
    case(&mut open);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let mut open: Open = Box::new(move || Box::new(SqliteJournal::open(&path).unwrap()));
    case(&mut open);
    #[cfg(all(feature = "postgres", unix))]
    on_postgres(case);
}

#[cfg(all(feature = "postgres", unix))]
fn on_postgres(case: fn(&mut Open)) {
    let Some(cluster) = cluster::shared() else { return };
    let url = PostgresUrl::new(&cluster.new_database());
    let mut open: Open = Box::new(move || Box::new(PostgresJournal::open(&url).unwrap()));
    case(&mut open);
}

pub(super) fn entry<'a>(entity: &'a str, body: &'a str) -> JournalEntry<'a> {
    JournalEntry {
        location: "L",
        event_type: "RelationCreate",
        entity,
        webhook_id: None,
        at: None,
        received_at: Timestamp::from_millis(1),
        body,
    }
}

fn all(journal: &mut dyn JournalReader, after: Seq) -> Vec<(Seq, String)> {
    let mut seen = Vec::new();
    let mut each = |seq, entry: JournalEntry<'_>| {
        seen.push((seq, format!("{entry:?}")));
        ControlFlow::Continue(())
    };
    let pruned = journal.pruned().unwrap();
    journal.read(after.max(pruned), &mut each).unwrap();
    seen
}

fn rows(journal: &mut dyn JournalReader) -> (Seq, Vec<String>) {
    let mut seen = Vec::new();
    let seq = journal.load_checkpoint(&mut |row| {
        seen.push(format!("{row:?}"));
        Ok(())
    });
    (seq.unwrap().seq, seen)
}

fn a_new_one_is_empty(open: &mut Open) {
    let mut journal = open();
    assert_eq!(journal.head().unwrap(), 0);
    assert_eq!(all(journal.as_mut(), 0), []);
    assert_eq!(rows(journal.as_mut()), (0, vec![]));
    assert_eq!(journal.append(&[]).unwrap(), 0);
}

fn entries_come_back_as_they_were(open: &mut Open) {
    let entries = [
        entry("plain", "{}"),
        entry("", ""),
        JournalEntry { location: "", webhook_id: Some(""), ..entry("empty texts", " \n") },
        JournalEntry {
            location: "łøçå",
            webhook_id: Some("\u{0}"),
            at: Some(Timestamp::from_millis(i64::MAX)),
            received_at: Timestamp::from_millis(i64::MIN + 1),
            ..entry("שלום\u{0}🏠", "a\u{0}b'\";--%\u{feff}")
        },
        JournalEntry { at: Some(Timestamp::from_millis(-1)), ..entry("before 1970", "x") },
    ];
    let expected: Vec<(Seq, String)> =
        entries.iter().zip(1..).map(|(entry, seq)| (seq, format!("{entry:?}"))).collect();
    let mut journal = open();
    assert_eq!(journal.append(&entries[..2]).unwrap(), 2);
    assert_eq!(journal.append(&entries[2..]).unwrap(), 5);
    assert_eq!(all(journal.as_mut(), 0), expected);
    drop(journal);
    let mut journal = open();
    assert_eq!(journal.head().unwrap(), 5);
    assert_eq!(all(journal.as_mut(), 0), expected);
    assert_eq!(journal.append(&entries[..1]).unwrap(), 6);
}

fn reading_goes_from_where_it_is_told(open: &mut Open) {
    let mut journal = open();
    journal.append(&[entry("a", "1"), entry("b", "2"), entry("c", "3")]).unwrap();
    let everything = all(journal.as_mut(), 0);
    for (skipped, after) in (0..=3).enumerate() {
        assert_eq!(all(journal.as_mut(), after), everything[skipped..]);
    }
    assert_eq!(all(journal.as_mut(), 4), []);
    assert_eq!(all(journal.as_mut(), Seq::MAX), []);
    let mut seen = 0;
    let mut each = |_, _: JournalEntry<'_>| {
        seen += 1;
        if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    journal.read(0, &mut each).unwrap();
    assert_eq!(seen, 2);
}

fn a_reader_sees_what_was_appended_since_it_was_opened(open: &mut Open) {
    let mut journal = open();
    journal.append(&[entry("a", "1")]).unwrap();
    let readers = journal.readers();
    let mut early = readers().unwrap();
    assert_eq!((early.head().unwrap(), rows(early.as_mut()).0), (1, 0));
    journal.append(&[entry("b", "2")]).unwrap();
    save(
        journal.as_mut(),
        2,
        &[CheckpointRow::Location { number: 0, id: "L", rows: None, seq: None }],
    )
    .unwrap();
    let late = std::thread::spawn(move || readers().unwrap()).join().unwrap();
    for mut reader in [early, late] {
        assert_eq!(reader.head().unwrap(), 2);
        assert_eq!(all(reader.as_mut(), 0).len(), 2);
        assert_eq!(rows(reader.as_mut()).0, 2);
    }
}

fn a_caller_may_write_while_it_reads(open: &mut Open) {
    let mut journal = open();
    journal.append(&vec![entry("a", "{}"); 5_000]).unwrap();
    let mut reader = journal.readers()().unwrap();
    let mut seen = 0;
    let mut each = |seq, _: JournalEntry<'_>| {
        seen += 1;
        assert_eq!(seq, seen, "in order, without a gap");
        if seq % 1_000 == 0 {
            assert_eq!(journal.append(&[entry("b", "{}")]).unwrap(), 5_000 + seq / 1_000);
        }
        ControlFlow::Continue(())
    };
    reader.read(0, &mut each).unwrap();
    assert_eq!(seen, 5_000, "up to the head as it was at the beginning");
    assert_eq!(all(reader.as_mut(), 5_000).len(), 5);
}

/// An export that takes its time and `--keep-events` met: what was pruned ahead of the
/// reader was left out, and the file looked whole.
fn entries_pruned_during_a_reading_are_an_error(open: &mut Open) {
    let mut journal = open();
    journal.append(&vec![entry("a", "{}"); 5_000]).unwrap();
    save(
        journal.as_mut(),
        5_000,
        &[CheckpointRow::Location { number: 0, id: "L", rows: None, seq: None }],
    )
    .unwrap();
    let mut reader = journal.readers()().unwrap();
    let mut seen = 0;
    let mut each = |seq, _: JournalEntry<'_>| {
        seen += 1;
        assert_eq!(seq, seen);
        if seq == 10 {
            assert_eq!(journal.prune(at(99), at(99), 4_900).unwrap(), 4_900);
        }
        ControlFlow::Continue(())
    };
    let error = reader.read(0, &mut each).unwrap_err();
    let JournalError::PrunedWhileReading { seq, pruned } = error else { panic!("{error}") };
    assert_eq!((seq, pruned), (seen + 1, 4_900));
    let begun = reader.read(0, &mut |_, _| panic!("nothing to show")).unwrap_err();
    assert!(matches!(begun, JournalError::PrunedWhileReading { seq: 1, pruned: 4_900 }));
    assert_eq!(all(reader.as_mut(), 0).len(), 100);
}

fn save(
    journal: &mut dyn Journal,
    upto: Seq,
    rows: &[CheckpointRow<'_>],
) -> Result<(), JournalError> {
    journal
        .save_checkpoint(CheckpointSeq::whole(upto), &mut |put| rows.iter().try_for_each(&mut *put))
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Five entries that came at 10, 20, 30, 40 and 50, the first three of them
/// checkpointed.
fn five(journal: &mut dyn Journal) {
    let ids = ["one", "two", "three", "four", "five"];
    let entries: Vec<JournalEntry<'_>> = ids
        .iter()
        .zip(1..)
        .map(|(id, place)| JournalEntry {
            received_at: at(place * 10),
            webhook_id: (place != 2).then_some(*id),
            ..entry(id, "{}")
        })
        .collect();
    journal.append(&entries).unwrap();
    save(journal, 3, &[CheckpointRow::Location { number: 0, id: "L", rows: None, seq: None }])
        .unwrap();
}

fn pruning_takes_old_entries_behind_the_checkpoint(open: &mut Open) {
    let mut journal = open();
    five(journal.as_mut());
    let everything = all(journal.as_mut(), 0);
    let never = at(i64::MAX);
    assert_eq!(journal.pruned().unwrap(), 0);
    assert_eq!(journal.prune(at(10), never, 100).unwrap(), 0, "none is older");
    assert_eq!(journal.prune(at(11), never, 100).unwrap(), 1);
    assert_eq!(journal.prune(at(99), never, 1).unwrap(), 2, "no more than asked for");
    assert_eq!(journal.prune(at(99), never, 100).unwrap(), 3, "not past the checkpoint");
    assert_eq!(journal.prune(at(99), never, 100).unwrap(), 3);
    assert_eq!(all(journal.as_mut(), 0), everything[3..]);
    assert_eq!(all(journal.as_mut(), 4), everything[4..]);
    save(journal.as_mut(), 5, &[]).unwrap();
    assert_eq!(journal.prune(at(99), never, 100).unwrap(), 5);
    drop(journal);
    let mut journal = open();
    assert_eq!((journal.pruned().unwrap(), journal.head().unwrap()), (5, 5));
    assert_eq!(all(journal.as_mut(), 0), []);
    assert_eq!(journal.append(&[entry("six", "{}")]).unwrap(), 6, "no seq is given twice");
    assert_eq!(all(journal.as_mut(), 0)[0].0, 6);
    let mut reader = journal.readers()().unwrap();
    assert_eq!((reader.pruned().unwrap(), reader.head().unwrap()), (5, 6));
}

fn a_pruned_delivery_is_remembered(open: &mut Open) {
    let mut journal = open();
    five(journal.as_mut());
    let ids = |journal: &mut dyn JournalReader, after: Seq| {
        let mut seen = Vec::new();
        journal
            .accepted(after + 1..=Seq::MAX, &mut |it| {
                seen.push(format!("{} {}", it.seq, it.webhook_id));
            })
            .unwrap();
        seen.join(", ")
    };
    let everything = "1 one, 3 three, 4 four, 5 five";
    assert_eq!(ids(journal.as_mut(), 0), everything);
    assert_eq!(ids(journal.as_mut(), 2), "3 three, 4 four, 5 five");
    assert_eq!(ids(journal.as_mut(), 3), "4 four, 5 five");
    assert_eq!(ids(journal.as_mut(), 5), "");
    journal.prune(at(99), at(0), 2).unwrap();
    assert_eq!(ids(journal.as_mut(), 0), everything);
    journal.prune(at(99), at(0), 2).unwrap();
    drop(journal);
    let mut journal = open();
    assert_eq!(ids(journal.as_mut(), 0), everything);
    assert_eq!(ids(journal.as_mut(), 2), "3 three, 4 four, 5 five");
    assert_eq!(ids(journal.as_mut(), 1), "3 three, 4 four, 5 five");
    assert_eq!(ids(journal.as_mut(), 4), "5 five");
    assert_eq!(
        [3, 4, 5, 6].map(|seq| journal.received_at(seq).unwrap()),
        [None, Some(at(40)), Some(at(50)), None]
    );
    journal.prune(at(99), at(30), 2).unwrap();
    assert_eq!(ids(journal.as_mut(), 0), "3 three, 4 four, 5 five", "too old to come again");
}

fn marks_of_imports_come_with_their_entries(open: &mut Open) {
    let marks = |journal: &mut dyn Journal, after: u64| {
        let mut seen = Vec::new();
        journal.import_marks(after, &mut |number, mark| seen.push((number, mark[0]))).unwrap();
        seen
    };
    let mut journal = open();
    assert!(marks(journal.as_mut(), 0).is_empty());
    journal.append(&[entry("a", "one")]).unwrap();
    assert_eq!(journal.append_import(&[entry("b", "2"), entry("c", "3")], &[7; 32]).unwrap(), 3);
    assert_eq!(journal.append_import(&[], &[5; 32]).unwrap(), 3);
    drop(journal);
    let mut journal = open();
    assert_eq!(all(journal.as_mut(), 0).len(), 3);
    for (after, expected) in [(0, &[(1, 7), (2, 5)][..]), (1, &[(2, 5)]), (2, &[])] {
        assert_eq!(marks(journal.as_mut(), after), expected, "after {after}");
    }
    journal.erase_location("L", &[], 0).unwrap();
    assert_eq!(journal.append_import(&[], &[9; 32]).unwrap(), 3);
    assert_eq!(marks(journal.as_mut(), 0), [(1, 9)], "counted again");
}

fn entries_are_found_by_time(open: &mut Open) {
    let mut journal = open();
    assert_eq!(journal.first_since(at(5)).unwrap(), 1);
    five(journal.as_mut());
    let found = |journal: &mut dyn JournalReader| {
        [0, 10, 11, 50, 51].map(|since| journal.first_since(at(since)).unwrap())
    };
    assert_eq!(found(journal.as_mut()), [1, 1, 2, 5, 6]);
    journal.prune(at(99), at(0), 2).unwrap();
    assert_eq!(found(journal.as_mut()), [3, 3, 3, 5, 6]);
    save(journal.as_mut(), 5, &[]).unwrap();
    journal.prune(at(99), at(0), 9).unwrap();
    assert_eq!(found(journal.as_mut()), [6; 5]);
}

fn refused(body: &str, received_at: i64) -> Refused {
    Refused {
        received_at: at(received_at),
        url_type: None,
        location: Some("L".to_owned()),
        code: "invalid_event",
        field: Some("id".to_owned()),
        reason: "é is missing".to_owned(),
        headers: vec![("user-agent".to_owned(), "a: b".to_owned())],
        body: body.as_bytes().to_vec(),
    }
}

fn dead_letters_are_bounded_and_counted(open: &mut Open) {
    let mut journal = open();
    let wide = DeadLetterBounds::default();
    assert_eq!(journal.dead_letter_totals().unwrap(), DeadLetterTotals::default());
    let raw = Refused { url_type: Some("X".to_owned()), body: vec![0, 255], ..refused("", 5) };
    journal.keep_dead_letters(&[refused("a", 1), refused("b", 2), raw.clone()], wide).unwrap();
    journal.keep_dead_letters(&[refused("a", 9), Refused { url_type: None, ..raw }], wide).unwrap();
    drop(journal);
    let mut journal = open();
    let summaries = journal.dead_letters(0, 10).unwrap();
    let letters: Vec<_> =
        (1..=4).map(|id| journal.dead_letter(id).unwrap().expect("it is kept")).collect();
    let told = letters.iter().zip(&summaries).map(|(letter, it)| {
        assert_eq!((&letter.summary, letter.body.len()), (it, it.bytes));
        (it.id, it.times, it.first_at.as_millis(), it.last_at.as_millis(), &*letter.body)
    });
    let expected: [(u64, u64, i64, i64, &[u8]); 4] =
        [(1, 2, 1, 9, b"a"), (2, 1, 2, 2, b"b"), (3, 1, 5, 5, &[0, 255]), (4, 1, 5, 5, &[0, 255])];
    assert!(told.eq(expected));
    assert_eq!(letters[0].headers, refused("a", 1).headers);
    assert_eq!(summaries[0].reason, "é is missing");
    assert_eq!(summaries[2].url_type.as_deref(), Some("X"));
    assert_eq!(journal.dead_letters(1, 2).unwrap(), summaries[1..3]);
    assert_eq!(journal.dead_letter(99).unwrap(), None);
    let totals = journal.dead_letter_totals().unwrap();
    // The reason, the code, the location, the member, the headers; and for one the type "X".
    let one = 13 + 13 + 1 + 2 + "user-agent: a: b\n".len() as u64;
    assert_eq!(totals, DeadLetterTotals { letters: 4, bytes: 6 + 4 * one + 1, dropped: 0 });

    assert!(journal.delete_dead_letter(4).unwrap());
    assert!(!journal.delete_dead_letter(4).unwrap());
    let two = DeadLetterBounds { letters: 2, ..wide };
    journal.keep_dead_letters(&[refused("c", 6)], two).unwrap();
    let ids = |journal: &mut dyn Journal| -> Vec<u64> {
        journal.dead_letters(0, 10).unwrap().iter().map(|letter| letter.id).collect()
    };
    assert_eq!(ids(journal.as_mut()), [3, 5], "a number is given once");
    let little = DeadLetterBounds { bytes: 2 * one + 2, ..wide };
    journal.keep_dead_letters(&[refused("d", 7)], little).unwrap();
    assert_eq!(ids(journal.as_mut()), [5, 6]);
    assert_eq!(journal.dead_letter_totals().unwrap().dropped, 3);
    let none = DeadLetterBounds { bytes: 0, ..wide };
    journal.keep_dead_letters(&[refused("e", 8)], none).unwrap();
    let totals = journal.dead_letter_totals().unwrap();
    assert_eq!(totals, DeadLetterTotals { letters: 0, bytes: 0, dropped: 6 });
}
