//! Copies from each kind of database to each.

use std::ops::ControlFlow;

use crate::journal::checkpoint::{CheckpointRow, CheckpointSeq, Compaction};
use crate::journal::conformance::{at, entry, refused};
use crate::journal::copy::copy;
use crate::journal::database::Database;
use crate::journal::dead_letter::DeadLetterBounds;
use crate::journal::entry::JournalEntry;
use crate::journal::error::JournalError;
#[cfg(all(feature = "postgres", unix))]
use crate::journal::postgres::cluster;
use crate::journal::reader::JournalReader;
use crate::journal::sqlite::tests::execute;
use crate::journal::token::{Scope, TokenRow};
use crate::journal::tokens::Tokens;
use crate::journal::writer::Journal;
use crate::model::{
    Counts, EpochId, EventId, NamedThing, Properties, PropertyState, Rank, RecordState, Seq, Stamp,
    StateRow,
};

/// An hour, in milliseconds: how exactly it is known when pruned entries were received.
const HOUR: i64 = 3_600_000;

/// What no encoding may change.
const NASTY: &str = "a\u{0}b'\";--\\x00%\u{feff}🏠שלום\n";

/// Creates databases that are not there yet.
pub(super) struct Places {
    directory: tempfile::TempDir,
    made: u32,
}

impl Places {
    pub(super) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), made: 0 }
    }

    fn file(&mut self) -> Database {
        self.made += 1;
        Database::from(self.directory.path().join(format!("{}.db", self.made)))
    }

    /// Returns one of each kind.
    pub(super) fn each(&mut self) -> Vec<Database> {
        let file = self.file();
        #[cfg(all(feature = "postgres", unix))]
        if let Some(cluster) = cluster::shared() {
            return vec![file, Database::from(cluster.new_database())];
        }
        vec![file]
    }
}

impl Places {
    /// Returns new ones in each combination of the kinds.
    fn pairs(&mut self) -> Vec<(Database, Database)> {
        let mut pairs = Vec::new();
        for kind in 0..self.each().len() {
            for from in self.each() {
                pairs.push((from, self.each().swap_remove(kind)));
            }
        }
        pairs
    }
}

fn stamp(rank: Rank, seq: Seq) -> Stamp {
    Stamp::new(Some(at(-5)), rank, seq)
}

/// Fills a store with some of everything: seven entries, the first two of them pruned, one
/// of the others erased.
fn fill(database: &Database) {
    let mut journal = database.open().unwrap();
    let body = |number: i64| JournalEntry { received_at: at(number * HOUR), ..entry("e", NASTY) };
    let mut entries: Vec<_> = (1..=7).map(body).collect();
    entries[1].webhook_id = Some(NASTY);
    entries[3] = JournalEntry { location: "gone", webhook_id: Some("x"), ..entries[3] };
    entries[4] = JournalEntry { location: "", webhook_id: Some(""), at: Some(at(9)), ..entries[4] };
    entries[5].entity = NASTY;
    journal.append(&entries[..3]).unwrap();
    journal.append_import(&entries[3..], &[7; 32]).unwrap();
    let letters = ["a", "b", "c", "d"].map(|body| refused(body, 1));
    let bounds = DeadLetterBounds { letters: 3, ..DeadLetterBounds::default() };
    journal.keep_dead_letters(&letters, bounds).unwrap();
    journal.keep_dead_letters(&[refused("b", 9)], bounds).unwrap();
    journal.delete_dead_letter(4).unwrap();
    save(journal.as_mut());
    let compaction = |location: &str, at, upto| Compaction { location: location.into(), at, upto };
    journal.record_compaction(&compaction("L", 3, 1)).unwrap();
    journal.record_compaction(&compaction("gone", 5, 1)).unwrap();
    assert_eq!(journal.prune(at(2 * HOUR + 1), at(0), 9).unwrap(), 2);
    assert_eq!(journal.erase_location("gone", &[4], 7).unwrap().events, 1);
    journal.append_import(&[], &[8; 32]).unwrap();
    journal.append_import(&[], &[5; 32]).unwrap();
    drop(journal);
    let mut tokens = Tokens::open(database).unwrap();
    for (id, locations) in [("1", vec![]), ("2", vec!["A".to_owned(), NASTY.to_owned()])] {
        let (id, name) = (id.to_owned(), NASTY.to_owned());
        let (hash, created_at) = ([id.as_bytes()[0]; 32], at(4));
        let token = TokenRow { id, name, scope: Scope::Write, locations, hash, created_at };
        assert!(tokens.add(&token).unwrap());
    }
}

/// Saves two parts of a checkpoint, the second of them one of several.
fn save(journal: &mut dyn Journal) {
    let state = |location, row| CheckpointRow::State { location, row };
    let location = |number, id, rows, seq| CheckpointRow::Location { number, id, rows, seq };
    let property = |key: &str, value: &str| PropertyState {
        key: key.into(),
        value: value.into(),
        stamp: stamp(Rank::Update, 3),
    };
    let properties: Properties = [property("name", NASTY)].into_iter().collect();
    let record = RecordState::default().with(stamp(Rank::Create, 1)).with(stamp(Rank::Delete, 3));
    let relation = StateRow::Relation {
        number: 7,
        id: NASTY,
        association: 0,
        first: 0,
        second: 0,
        stamp: stamp(Rank::Delete, 2),
    };
    let association = StateRow::Association { number: 0, id: "A", stamp: None, definition: None };
    let counts = Counts { objects: 1, records: 2, relations: 3, ..Counts::default() };
    let first = [
        location(0, "L", Some(5), Some(4)),
        location(1, "gone", Some(0), None),
        location(3, NASTY, None, None),
        CheckpointRow::Summary { location: 0, name: Some(NASTY), counts, tombstones: 9 },
        CheckpointRow::Summary { location: 3, name: None, counts, tombstones: 0 },
        state(0, StateRow::Object { number: 0, key: NASTY, schema: None }),
        state(0, association),
        state(0, StateRow::UnkeyedRecord { id: NASTY, state: record }),
        state(0, StateRow::Record { number: 0, object: 0, id: NASTY, state: record }),
        state(0, relation),
        state(0, StateRow::Name { of: NamedThing::Location, properties: &properties }),
        state(0, StateRow::Name { of: NamedThing::UnkeyedRecord(NASTY), properties: &properties }),
        CheckpointRow::SkipIndex { first: 1, last: 3, hashes: &[0, 1, 2, 255] },
        CheckpointRow::LocationBlocks { location: "L", chunk: 0, blocks: 1 | 1 << 63 },
        CheckpointRow::LocationBlocks { location: NASTY, chunk: 0, blocks: 5 },
        CheckpointRow::LocationBlocksOf { first: 1, last: 4 },
        CheckpointRow::Redeliveries { seq: 3, times: 4 },
        CheckpointRow::NoOp { seq: 3 },
        CheckpointRow::NoOp { seq: 5 },
    ];
    let second = [location(3, NASTY, None, Some(6)), CheckpointRow::NoOp { seq: 6 }];
    for (rows, come) in
        [(&first[..], CheckpointSeq::whole(4)), (&second, CheckpointSeq { seq: 4, newest: 6 })]
    {
        journal.save_checkpoint(come, &mut |put| rows.iter().try_for_each(&mut *put)).unwrap();
    }
}

/// Returns all that a store answers, except its epochs.
fn answers(database: &Database) -> Vec<String> {
    let mut journal = database.open_read_only().unwrap();
    let journal = journal.as_mut();
    let (pruned, head) = (journal.pruned().unwrap(), journal.head().unwrap());
    let mut said = vec![format!("{pruned} {head}")];
    journal
        .read(pruned, &mut |seq, entry| {
            said.push(format!("{seq} {entry:?}"));
            ControlFlow::Continue(())
        })
        .unwrap();
    checkpoint(journal, &mut said);
    journal.accepted(1..=Seq::MAX, &mut |delivery| said.push(format!("{delivery:?}"))).unwrap();
    for seq in 0..=head + 1 {
        let notes = (journal.redeliveries(seq).unwrap(), journal.is_no_op(seq).unwrap());
        let block = (journal.next_skip_block(seq).unwrap(), journal.last_skip_block(seq).unwrap());
        said.push(format!("{seq} {notes:?} {block:?} {:?}", journal.received_at(seq).unwrap()));
        for location in ["L", "", "gone", NASTY] {
            let next = journal.next_location_range(location, seq).ok();
            let last = journal.last_location_range(location, seq, head).ok();
            said.push(format!("{location:?} {next:?} {last:?}"));
        }
    }
    for time in [0, HOUR, 3 * HOUR - 1, 3 * HOUR, 3 * HOUR + 1, 5 * HOUR, i64::MAX] {
        let (first, last) = (journal.first_since(at(time)), journal.last_before(at(time)));
        said.push(format!("{first:?} {last:?}"));
    }
    said.push(format!("{:?}", journal.compactions(0).unwrap()));
    said.push(format!("{:?}", journal.dead_letter_totals().unwrap()));
    let letters = journal.dead_letters(0, 99).unwrap();
    said.extend(letters.iter().map(|it| format!("{:?}", journal.dead_letter(it.id).unwrap())));
    said.push(format!("{:?}", Tokens::open_read_only(database).unwrap().list().unwrap()));
    said
}

fn checkpoint(journal: &mut dyn JournalReader, said: &mut Vec<String>) {
    let mut show = |row: &CheckpointRow<'_>| {
        said.push(format!("{row:?}"));
        Ok(())
    };
    let come = journal.load_checkpoint(&mut show).unwrap();
    let listed = journal.list_locations(&mut show).unwrap();
    said.push(format!("{come:?} {listed:?}"));
}

fn import_marks(database: &Database) -> Vec<u8> {
    let mut seen = Vec::new();
    database.open().unwrap().import_marks(0, &mut |_, mark| seen.push(mark[0])).unwrap();
    seen
}

/// Compares answer by answer: all of them are too long to read.
fn check(found: &[String], expected: &[String], what: &str) {
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(found.len(), expected.len(), "{what}");
}

#[test]
fn a_copy_answers_everything_alike() {
    let mut places = Places::new();
    for from in places.each() {
        fill(&from);
        let expected = answers(&from);
        assert!(expected.len() > 60, "{expected:#?}");
        for to in places.each() {
            assert_eq!(copy(&from, &to, &mut |_, _| ()).unwrap(), 7);
            check(&answers(&to), &expected, &format!("{from} to {to}"));
            check(&answers(&from), &expected, "it is as it was");
            assert_eq!(import_marks(&to), import_marks(&from));
            assert_eq!(import_marks(&to), [8, 5], "those before are erased");
            // Nothing that was given to something is given again.
            let mut journal = to.open().unwrap();
            assert_eq!(journal.append(&[entry("eight", "{}")]).unwrap(), 8);
            let bounds = DeadLetterBounds::default();
            journal.keep_dead_letters(&[refused("new", 1)], bounds).unwrap();
            assert_eq!(journal.dead_letters(3, 9).unwrap()[0].id, 5, "{from} to {to}");
            assert_eq!(journal.dead_letter_totals().unwrap().dropped, 1);
        }
    }
}

/// Somebody may continue to write to the store that was copied: its later events are others.
#[test]
fn a_place_in_the_feed_is_good_up_to_the_copy() {
    let mut places = Places::new();
    for from in places.each() {
        fill(&from);
        let before = from.open().unwrap().epochs().unwrap();
        let id = |seq, epoch: EpochId| EventId { seq, epoch: Some(epoch) };
        for to in places.each() {
            copy(&from, &to, &mut |_, _| ()).unwrap();
            let mut journal = to.open().unwrap();
            let after = journal.epochs().unwrap();
            assert_ne!(after.current(), before.current());
            assert_eq!(after.resolve(id(7, before.current())), Ok(7));
            assert!(after.resolve(id(8, before.current())).is_err(), "{from} to {to}");
            assert_eq!(after.resolve(EventId { seq: 7, epoch: None }), Ok(7));
            assert_eq!(journal.append(&[entry("eight", "{}")]).unwrap(), 8);
            assert_eq!(after.resolve(id(8, after.current())), Ok(8));
            drop(journal);
            assert_eq!(to.open().unwrap().epochs().unwrap(), after, "it begins once");
        }
        assert_eq!(from.open().unwrap().epochs().unwrap(), before);
    }
}

#[test]
fn only_a_new_database_is_filled() {
    let mut places = Places::new();
    for from in places.each() {
        fill(&from);
        for to in places.each() {
            fill(&to);
            let before = answers(&to);
            copy(&from, &to, &mut |_, _| ()).unwrap_err();
            copy(&to, &to, &mut |_, _| ()).unwrap_err();
            assert_eq!(answers(&to), before, "{from} to {to}");
        }
    }
    for (from, to) in places.pairs() {
        fill(&from);
        drop(to.open().unwrap());
        let failed = copy(&from, &to, &mut |_, _| ()).unwrap_err();
        assert_eq!(failed.database, to, "an empty store is a store");
        assert_eq!(to.open_read_only().unwrap().head().unwrap(), 0);
    }
    for missing in places.each() {
        for to in places.each() {
            copy(&missing, &to, &mut |_, _| ()).unwrap_err();
            assert!(to.open_read_only().is_err(), "{missing} to {to}");
            assert!(missing.open_read_only().is_err());
        }
    }
}

/// A change to a store while it is copied.
type Change = fn(&mut dyn Journal);

/// A database server keeps no snapshot while the events are read, and what is gone by then
/// must not be missed in silence. A file has everything as it was at the beginning.
#[test]
fn a_copy_is_of_one_moment() {
    let changes: [(Change, &str); 3] = [
        (|journal| assert_eq!(journal.append(&[entry("eight", "{}")]).unwrap(), 8), ""),
        (|journal| drop(journal.erase_location("L", &[], 0).unwrap()), "location was erased"),
        (
            |journal| assert_eq!(journal.prune(at(3 * HOUR + 1), at(0), 9).unwrap(), 3),
            "event 3 was pruned",
        ),
    ];
    let mut places = Places::new();
    for (change, expected) in changes {
        for (from, to) in places.pairs() {
            changed_meanwhile(&from, &to, change, expected);
        }
    }
}

fn changed_meanwhile(from: &Database, to: &Database, change: Change, expected: &str) {
    fill(from);
    let before = answers(from);
    let mut is_changed = false;
    let copied = copy(from, to, &mut |_, _| {
        if !std::mem::replace(&mut is_changed, true) {
            change(from.open().unwrap().as_mut());
        }
    });
    assert!(is_changed);
    if from.file().is_some() || expected.is_empty() {
        assert_eq!(copied.unwrap(), 7);
        check(&answers(to), &before, &format!("{from} to {to}"));
    } else {
        let failed = copied.unwrap_err().to_string();
        assert!(failed.contains(expected), "{failed}");
        assert!(to.open_read_only().is_err(), "{from} to {to}");
    }
}

/// A copy gives each row a new checksum: what was damaged would seem to be whole.
#[test]
fn what_is_damaged_is_not_copied() {
    let mut places = Places::new();
    for (event, expected) in [(true, "event 6 is damaged"), (false, "checkpoint is damaged")] {
        for from in places.each() {
            fill(&from);
            damage(&from, event);
            for to in places.each() {
                let failed = copy(&from, &to, &mut |_, _| ()).unwrap_err();
                assert_eq!(failed.database, from);
                assert!(failed.to_string().contains(expected), "{failed}");
                assert!(to.open_read_only().is_err(), "{from} to {to}");
            }
        }
    }
    let left = std::fs::read_dir(places.directory.path()).unwrap();
    let left = left
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("partial"));
    assert_eq!(left.count(), 0);
}

/// Changes an event, or a row of the checkpoint, without its checksum.
fn damage(database: &Database, event: bool) {
    let event = event.then_some("UPDATE event SET body = 'x' WHERE seq = 6");
    let path = database.file();
    if let Some(path) = path {
        execute(path, event.unwrap_or("UPDATE state_record SET seq = 1"));
    }
    #[cfg(all(feature = "postgres", unix))]
    if let (None, Some(cluster)) = (path, cluster::shared()) {
        let sql = event.unwrap_or("UPDATE state SET checksum = checksum + 1");
        cluster.run_sql(&database.to_string(), sql);
    }
}

/// What an older version has left undone, no copy could do later: the target has no place for
/// it.
#[test]
fn a_file_that_is_not_upgraded_is_refused() {
    let mut places = Places::new();
    for undone in ["INSERT INTO unnamed VALUES (1, 3)", "PRAGMA user_version = 13"] {
        for to in places.each() {
            let from = places.file();
            fill(&from);
            execute(from.file().unwrap(), undone);
            let failed = copy(&from, &to, &mut |_, _| ()).unwrap_err();
            assert!(matches!(failed.source, JournalError::NotUpgraded), "{failed}");
            assert_eq!(failed.database, from);
            assert!(to.open_read_only().is_err());
        }
    }
}
