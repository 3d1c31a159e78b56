//! What every journal must do, run against each.

use std::ops::ControlFlow;

use super::{
    CheckpointRow, Entry, Journal, JournalError, JournalReader, MemoryJournal, SqliteJournal,
};
use crate::model::{
    Association, AssociationId, End, ObjectKey, ObjectSchema, Rank, RecordState, Seq, Stamp,
    StateRow, Timestamp,
};

/// Opens the same journal again, once the one opened before is gone.
type Open = Box<dyn FnMut() -> Box<dyn Journal>>;

const CASES: [fn(&mut Open); 6] = [
    a_new_one_is_empty,
    entries_come_back_as_they_were,
    reading_goes_from_where_it_is_told,
    a_reader_keeps_its_moment,
    a_checkpoint_is_saved_over_the_one_before,
    a_checkpoint_that_fails_changes_nothing,
];

#[test]
fn the_journal_in_memory() {
    for case in CASES {
        let journal = MemoryJournal::new();
        let mut open: Open = Box::new(move || Box::new(journal.clone()));
        case(&mut open);
    }
}

#[test]
fn the_journal_in_a_sqlite_file() {
    for case in CASES {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("relata.db");
        let mut open: Open = Box::new(move || Box::new(SqliteJournal::open(&path).unwrap()));
        case(&mut open);
    }
}

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

fn all(journal: &mut dyn JournalReader, after: Seq) -> Vec<(Seq, String)> {
    let mut seen = Vec::new();
    let mut each = |seq, entry: Entry<'_>| {
        seen.push((seq, format!("{entry:?}")));
        ControlFlow::Continue(())
    };
    journal.read(after, &mut each).unwrap();
    seen
}

fn rows(journal: &mut dyn JournalReader) -> (Seq, Vec<String>) {
    let mut seen = Vec::new();
    let seq = journal.load_checkpoint(&mut |row| {
        seen.push(format!("{row:?}"));
        Ok(())
    });
    (seq.unwrap(), seen)
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
        Entry { location: "", webhook_id: Some(""), ..entry("empty texts", " \n") },
        Entry {
            location: "łøçå",
            webhook_id: Some("\u{0}"),
            at: Some(Timestamp::from_millis(i64::MAX)),
            received_at: Timestamp::from_millis(i64::MIN + 1),
            ..entry("שלום\u{0}🏠", "a\u{0}b'\";--%\u{feff}")
        },
        Entry { at: Some(Timestamp::from_millis(-1)), ..entry("before 1970", "x") },
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
    let mut each = |_, _: Entry<'_>| {
        seen += 1;
        if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    journal.read(0, &mut each).unwrap();
    assert_eq!(seen, 2);
}

fn a_reader_keeps_its_moment(open: &mut Open) {
    let mut journal = open();
    journal.append(&[entry("a", "1")]).unwrap();
    let readers = journal.readers();
    let mut early = readers().unwrap();
    journal.append(&[entry("b", "2")]).unwrap();
    save(journal.as_mut(), 2, &[CheckpointRow::Location { number: 0, id: "L" }]).unwrap();
    assert_eq!(early.head().unwrap(), 1);
    assert_eq!(all(early.as_mut(), 0).len(), 1);
    assert_eq!(rows(early.as_mut()).0, 0);
    let mut late = std::thread::spawn(move || readers().unwrap()).join().unwrap();
    assert_eq!(late.head().unwrap(), 2);
    assert_eq!(rows(late.as_mut()).0, 2);
}

fn save(
    journal: &mut dyn Journal,
    upto: Seq,
    rows: &[CheckpointRow<'_>],
) -> Result<(), JournalError> {
    journal.save_checkpoint(upto, &mut |put| rows.iter().try_for_each(&mut *put))
}

fn stamp(at: Option<i64>, rank: Rank, seq: Seq) -> Stamp {
    Stamp::new(at.map(Timestamp::from_millis), rank, seq)
}

fn association() -> Association {
    let end = |object: &str, label: &str| End { object: object.into(), label: label.into() };
    Association {
        id: AssociationId::from("A"),
        key: "interest".into(),
        association_type: "USER_DEFINED".into(),
        first: end("contact", "Interested \"Buyer\"\n"),
        second: end("property", ""),
        first_to_second: Some("MANY_TO_MANY".into()),
        second_to_first: None,
    }
}

fn a_checkpoint_is_saved_over_the_one_before(open: &mut Open) {
    let schema = ObjectSchema {
        key: ObjectKey::from("property"),
        singular: Some("Property".into()),
        plural: None,
    };
    let definition = association();
    let deleted = RecordState { last: None, deleted: None }.with(stamp(None, Rank::Delete, 4));
    let state = |location, row| CheckpointRow::State { location, row };
    let object = |number, key, schema| state(0, StateRow::Object { number, key, schema });
    let named = StateRow::Association { number: 1, id: "B", stamp: None, definition: None };
    let known = StateRow::Association {
        number: 0,
        id: "A",
        stamp: Some(stamp(Some(-5), Rank::Update, 3)),
        definition: Some(&definition),
    };
    let record = |number, id, state: RecordState| StateRow::Record { number, object: 0, id, state };
    let relation = |second, stamp| StateRow::Relation {
        number: 0,
        id: "R",
        association: 0,
        first: 0,
        second,
        stamp,
    };
    let all = [
        CheckpointRow::Location { number: 0, id: "L" },
        CheckpointRow::Location { number: 1, id: "another" },
        object(0, "contact", None),
        object(1, "property", Some((&schema, stamp(Some(9), Rank::Create, 1)))),
        state(0, known),
        state(0, named),
        state(0, StateRow::UnkeyedRecord { id: "u", state: deleted }),
        state(0, record(0, "a", RecordState::default())),
        state(0, record(1, "b", deleted.with(stamp(Some(1), Rank::Create, 6)))),
        state(0, relation(1, stamp(None, Rank::Create, 5))),
        state(1, StateRow::Object { number: 0, key: "contact", schema: None }),
    ];
    let shown = |rows: &[CheckpointRow<'_>]| -> Vec<String> {
        rows.iter().map(|row| format!("{row:?}")).collect()
    };
    let mut journal = open();
    let body = entry("x", "{}");
    journal.append(&[body; 7]).unwrap();
    save(journal.as_mut(), 6, &all).unwrap();
    assert_eq!(rows(journal.as_mut()), (6, shown(&all)));
    let changed = state(0, relation(0, stamp(Some(2), Rank::Delete, 7)));
    save(journal.as_mut(), 7, std::slice::from_ref(&changed)).unwrap();
    let mut expected = all.to_vec();
    expected[9] = changed;
    assert_eq!(rows(journal.as_mut()), (7, shown(&expected)));
    drop(journal);
    assert_eq!(rows(open().as_mut()), (7, shown(&expected)));
}

fn a_checkpoint_that_fails_changes_nothing(open: &mut Open) {
    let mut journal = open();
    journal.append(&[entry("a", "1"), entry("b", "2")]).unwrap();
    let location = CheckpointRow::Location { number: 0, id: "L" };
    save(journal.as_mut(), 1, std::slice::from_ref(&location)).unwrap();
    let before = rows(journal.as_mut());
    let failed = journal.save_checkpoint(2, &mut |put| {
        put(&CheckpointRow::Location { number: 1, id: "M" })?;
        Err(JournalError::DamagedCheckpoint { reason: "as if".to_owned() })
    });
    assert!(failed.is_err());
    assert_eq!(rows(journal.as_mut()), before);
    save(journal.as_mut(), 2, std::slice::from_ref(&location)).unwrap();
    assert_eq!(rows(journal.as_mut()).0, 2);
}
