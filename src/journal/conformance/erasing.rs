//! Of what is left after a recovery, and after a location was erased.

use crate::journal::checkpoint::CheckpointRow;
use crate::journal::conformance::{Open, all, entry, refused, rows, save};
use crate::journal::dead_letter::{DeadLetterBounds, Refused};
use crate::journal::entry::JournalEntry;
use crate::model::{RecordState, StateRow};

pub(super) fn what_was_appended_is_there_after_a_recovery(open: &mut Open) {
    let mut journal = open();
    assert_eq!(journal.recover().unwrap(), 0);
    assert_eq!(journal.append(&[entry("a", "1"), entry("b", "2")]).unwrap(), 2);
    let before = all(journal.as_mut(), 0);
    let mut reader = journal.readers()().unwrap();
    for _ in 0..2 {
        assert_eq!(journal.recover().unwrap(), 2);
        assert_eq!(all(journal.as_mut(), 0), before);
    }
    assert_eq!(journal.append(&[entry("c", "3")]).unwrap(), 3);
    assert_eq!(all(reader.as_mut(), 2).len(), 1, "earlier readers continue");
    save(journal.as_mut(), 3, &[]).unwrap();
    drop((journal, reader));
    assert_eq!(all(open().as_mut(), 0).len(), 3);
}

fn of<'a>(location: &'a str, webhook_id: &'a str) -> JournalEntry<'a> {
    JournalEntry { location, webhook_id: Some(webhook_id), ..entry(location, "{\"a\":1}") }
}

fn row(location: u32, id: &'static str) -> CheckpointRow<'static> {
    let row = StateRow::UnkeyedRecord { id, state: RecordState::default() };
    CheckpointRow::State { location, row }
}

pub(super) fn a_location_is_erased_and_the_others_stay(open: &mut Open) {
    let mut journal = open();
    let entries = [of("L", "1"), of("M", "2"), of("L", "3"), of("M", "4"), of("L", "5")];
    journal.append(&entries).unwrap();
    let named = |number, id| CheckpointRow::Location { number, id, rows: Some(1), seq: None };
    let saved = [
        named(0, "L"),
        named(1, "M"),
        row(0, "of L"),
        row(1, "of M"),
        CheckpointRow::NoOp { seq: 1 },
        CheckpointRow::NoOp { seq: 2 },
        CheckpointRow::Redeliveries { seq: 3, times: 1 },
    ];
    save(journal.as_mut(), 4, &saved).unwrap();
    let letter = |location: Option<&str>, body: &str| Refused {
        location: location.map(str::to_owned),
        ..refused(body, 1)
    };
    let letters = [
        letter(Some("L"), "{}"),
        letter(None, "{\"locationId\":\"L\"}"),
        letter(Some("M"), "{\"about\":\"L\"}"),
    ];
    let bounds = DeadLetterBounds::default();
    journal.keep_dead_letters(&letters, bounds).unwrap();

    // The last of them has come since they were looked for.
    let mut known = Vec::new();
    journal.seqs_of("L", 0, 4, &mut known).unwrap();
    assert_eq!(known, [1, 3]);
    let erased = journal.erase_location("L", &known, 4).unwrap();
    assert_eq!((erased.events, erased.dead_letters), (3, 2));
    assert_eq!(erased.seqs, [1, 3, 5]);
    for _ in 0..2 {
        let expected = vec![format!("{:?}", named(1, "M")), format!("{:?}", row(1, "of M"))];
        assert_eq!(rows(journal.as_mut()), (4, expected));
        let seen = all(journal.as_mut(), 0);
        assert_eq!(seen.len(), 5, "places stay");
        let bodies = seen.iter().filter(|(_, entry)| entry.contains("{\\\"a\\\":1}")).count();
        assert_eq!(bodies, 2);
        assert_eq!([1, 2, 3].map(|seq| journal.is_no_op(seq).unwrap()), [false, true, false]);
        assert_eq!(journal.redeliveries(3).unwrap(), 0);
        assert_eq!(journal.dead_letter_totals().unwrap().letters, 1);
        let mut ids = Vec::new();
        journal.accepted(1..=u64::MAX, &mut |it| ids.push(it.webhook_id.to_owned())).unwrap();
        assert_eq!(ids, ["2", "4"]);
        drop(journal);
        journal = open();
    }
    assert_eq!(
        journal.erase_location("nobody", &[], 0).unwrap(),
        crate::journal::writer::Erased::default()
    );
    assert_eq!(journal.append(&[of("L", "1")]).unwrap(), 6, "it starts from scratch");
}
