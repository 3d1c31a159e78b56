//! Of checkpoints: saved whole, in parts, and in place of another.

use crate::journal::checkpoint::{CheckpointRow, CheckpointSeq};
use crate::journal::conformance::{Open, entry, rows, save};
use crate::journal::error::JournalError;
use crate::journal::reader::JournalReader;
use crate::journal::writer::Journal;
use crate::model::{
    Association, AssociationId, End, ObjectKey, ObjectSchema, Rank, RecordState, Seq, Stamp,
    StateRow, ThingId, Timestamp,
};

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

pub(super) fn a_checkpoint_is_saved_over_the_one_before(open: &mut Open) {
    let schema = ObjectSchema {
        key: ObjectKey::from("property"),
        singular: Some("Property".into()),
        plural: None,
        primary: None,
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
        CheckpointRow::Location { number: 0, id: "L", rows: None, seq: None },
        CheckpointRow::Location { number: 1, id: "another", rows: None, seq: None },
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

pub(super) fn a_checkpoint_that_fails_changes_nothing(open: &mut Open) {
    let mut journal = open();
    journal.append(&[entry("a", "1"), entry("b", "2")]).unwrap();
    let location = CheckpointRow::Location { number: 0, id: "L", rows: None, seq: None };
    save(journal.as_mut(), 1, std::slice::from_ref(&location)).unwrap();
    let before = rows(journal.as_mut());
    let failed = journal.save_checkpoint(CheckpointSeq::whole(2), &mut |put| {
        put(&CheckpointRow::Location { number: 1, id: "M", rows: None, seq: None })?;
        Err(JournalError::DamagedCheckpoint { reason: "as if".to_owned() })
    });
    assert!(failed.is_err());
    assert_eq!(rows(journal.as_mut()), before);
    save(journal.as_mut(), 2, std::slice::from_ref(&location)).unwrap();
    assert_eq!(rows(journal.as_mut()).0, 2);
}

fn location(number: u32, id: &str, come: Option<(u64, Seq)>) -> CheckpointRow<'_> {
    let (rows, seq) = come.unzip();
    CheckpointRow::Location { number, id, rows, seq }
}

fn record(location: u32, number: u32, id: &str) -> CheckpointRow<'_> {
    let state = RecordState::default();
    let row = StateRow::Record { number, object: 0, id, state };
    CheckpointRow::State { location, row }
}

fn object(location: u32) -> CheckpointRow<'static> {
    let row = StateRow::Object { number: 0, key: "contact", schema: None };
    CheckpointRow::State { location, row }
}

fn save_part(
    journal: &mut dyn Journal,
    seq: Seq,
    newest: Seq,
    rows: &[CheckpointRow<'_>],
) -> Result<(), JournalError> {
    journal.save_checkpoint(CheckpointSeq { seq, newest }, &mut |put| {
        rows.iter().try_for_each(&mut *put)
    })
}

/// The rows, and how far they have come.
fn loaded(journal: &mut dyn JournalReader) -> (CheckpointSeq, Vec<String>) {
    let mut seen = Vec::new();
    let come = journal.load_checkpoint(&mut |row| {
        seen.push(format!("{row:?}"));
        Ok(())
    });
    (come.unwrap(), seen)
}

fn shown(rows: &[CheckpointRow<'_>]) -> Vec<String> {
    rows.iter().map(|row| format!("{row:?}")).collect()
}

pub(super) fn parts_of_a_checkpoint_are_saved_over_the_one_before(open: &mut Open) {
    let mut journal = open();
    journal.append(&[entry("x", "{}"); 9]).unwrap();
    let whole = [location(0, "L", Some((2, 3))), object(0), record(0, 0, "a")];
    save(journal.as_mut(), 3, &whole).unwrap();

    // Of the first location some rows are saved, of the second none.
    let part = [location(0, "L", None), record(0, 1, "b"), CheckpointRow::NoOp { seq: 4 }];
    save_part(journal.as_mut(), 3, 6, &part).unwrap();
    let half = [location(0, "L", None), object(0), record(0, 0, "a"), record(0, 1, "b")];
    // The event that all its rows cover stays.
    let mut expected = shown(&half);
    *expected.first_mut().unwrap() =
        format!("{:?}", CheckpointRow::Location { number: 0, id: "L", rows: None, seq: Some(3) });
    let come = CheckpointSeq { seq: 3, newest: 6 };
    assert_eq!(loaded(journal.as_mut()), (come, expected.clone()));
    assert!(journal.is_no_op(4).unwrap());
    drop(journal);
    let mut journal = open();
    assert_eq!(loaded(journal.as_mut()), (come, expected));

    let part = [location(0, "L", Some((4, 6))), record(0, 2, "c"), location(1, "M", None)];
    save_part(journal.as_mut(), 3, 7, &part).unwrap();
    save_part(journal.as_mut(), 6, 8, &[location(1, "M", Some((1, 8))), object(1)]).unwrap();
    let all = [
        location(0, "L", Some((4, 6))),
        location(1, "M", Some((1, 8))),
        object(0),
        record(0, 0, "a"),
        record(0, 1, "b"),
        record(0, 2, "c"),
        object(1),
    ];
    let come = CheckpointSeq { seq: 6, newest: 8 };
    assert_eq!(loaded(journal.as_mut()), (come, shown(&all)));
    // What is pruned depends on what the checkpoint covers, not on its newest row.
    let later = Timestamp::from_millis(i64::MAX);
    assert_eq!(journal.prune(later, later, 100).unwrap(), 6);
    drop(journal);
    assert_eq!(loaded(open().as_mut()), (come, shown(&all)));
}

pub(super) fn a_checkpoint_is_replaced_by_another(open: &mut Open) {
    let mut journal = open();
    journal.append(&[entry("x", "{}"); 5]).unwrap();
    let before = [
        location(0, "L", Some((2, 3))),
        location(1, "M", Some((1, 3))),
        object(0),
        record(0, 0, "a"),
        object(1),
        CheckpointRow::NoOp { seq: 2 },
        CheckpointRow::Redeliveries { seq: 1, times: 2 },
    ];
    save(journal.as_mut(), 3, &before).unwrap();
    let after = [location(0, "M", Some((1, 4))), object(0)];
    journal.replace_checkpoint(4, &mut |put| after.iter().try_for_each(&mut *put)).unwrap();
    assert_eq!(loaded(journal.as_mut()), (CheckpointSeq::whole(4), shown(&after)));
    assert!(!journal.is_no_op(2).unwrap(), "replaying everything restores it");
    assert_eq!(journal.redeliveries(1).unwrap(), 2, "which nothing else tells");
    // The next continues from it.
    save(journal.as_mut(), 5, &[location(1, "L", Some((0, 5)))]).unwrap();
    let all = [location(0, "M", Some((1, 4))), location(1, "L", Some((0, 5))), object(0)];
    assert_eq!(loaded(journal.as_mut()), (CheckpointSeq::whole(5), shown(&all)));
    drop(journal);
    assert_eq!(loaded(open().as_mut()), (CheckpointSeq::whole(5), shown(&all)));
}

pub(super) fn a_thing_is_found_by_its_id_in_one_location(open: &mut Open) {
    let state = |location, row| CheckpointRow::State { location, row };
    let association = StateRow::Association { number: 0, id: "A", stamp: None, definition: None };
    let record = StateRow::Record { number: 0, object: 0, id: "a", state: RecordState::default() };
    let stamp = stamp(None, Rank::Delete, 1);
    let relation =
        StateRow::Relation { number: 0, id: "R", association: 0, first: 0, second: 0, stamp };
    let all = [
        CheckpointRow::Location { number: 0, id: "L", rows: None, seq: None },
        CheckpointRow::Location { number: 1, id: "another", rows: None, seq: None },
        state(0, StateRow::Object { number: 0, key: "contact", schema: None }),
        state(0, association),
        state(0, record),
        state(0, relation),
        state(1, StateRow::Object { number: 0, key: "R", schema: None }),
    ];
    let mut journal = open();
    journal.append(&[entry("x", "{}")]).unwrap();
    save(journal.as_mut(), 1, &all).unwrap();
    for (location, thing, is_there) in [
        (0, ThingId::Association("A"), true),
        (0, ThingId::Association("R"), false),
        (0, ThingId::Relation("R"), true),
        (0, ThingId::Relation("A"), false),
        (1, ThingId::Relation("R"), false),
        (9, ThingId::Association("A"), false),
    ] {
        assert_eq!(journal.has_thing(location, thing).unwrap(), is_there, "{location} {thing:?}");
    }
}
