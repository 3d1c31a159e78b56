//! What every journal must do with what was dropped of a location.

use crate::journal::checkpoint::{CheckpointRow, Compaction};
use crate::journal::conformance::{at, entry, five, on_each, rows, save};
use crate::journal::reader::JournalReader;
use crate::model::{Rank, RecordState, Seq, Stamp, StateKey, StateRow};

fn compaction(location: &str, at: Seq, upto: Seq) -> Compaction {
    Compaction { location: location.into(), at, upto }
}

#[test]
fn a_compaction_is_kept_in_its_place() {
    on_each(|open| {
        let mut journal = open();
        journal.append(&[entry("a", "{}"); 5]).unwrap();
        let told = [("M", 2, 1), ("L", 4, 2), ("L", 2, 2)];
        for (location, at, upto) in told {
            journal.record_compaction(&compaction(location, at, upto)).unwrap();
        }
        journal.record_compaction(&compaction("M", 2, 2)).unwrap();
        let all = [compaction("L", 2, 2), compaction("M", 2, 2), compaction("L", 4, 2)];
        assert_eq!(journal.compactions(0).unwrap(), all);
        assert_eq!(journal.compactions(2).unwrap(), all);
        assert_eq!(journal.compactions(3).unwrap(), all[2..]);
        assert_eq!(journal.compactions(5).unwrap(), []);
        journal.replace_checkpoint(5, &mut |_| Ok(())).unwrap();
        drop(journal);
        let mut journal = open();
        assert_eq!(journal.readers()().unwrap().compactions(0).unwrap(), all);
        journal.erase_location("M", &[], 0).unwrap();
        assert_eq!(journal.compactions(0).unwrap(), [all[0].clone(), all[2].clone()]);
        // One after the last event that was pruned may not be in the checkpoint yet.
        assert_eq!(journal.prune(at(99), at(0), 2).unwrap(), 2);
        assert_eq!(journal.compactions(0).unwrap().len(), 2);
        assert_eq!(journal.prune(at(99), at(0), 1).unwrap(), 3);
        assert_eq!(journal.compactions(0).unwrap(), all[2..]);
    });
}

#[test]
fn a_dropped_row_leaves_the_checkpoint() {
    on_each(|open| {
        let mut journal = open();
        journal.append(&[entry("a", "{}"); 5]).unwrap();
        let stamp = Stamp::new(None, Rank::Delete, 1);
        let state = RecordState::default().with(stamp);
        let put = |row| CheckpointRow::State { location: 0, row };
        let record = |number, id| put(StateRow::Record { number, object: 0, id, state });
        let association =
            |number, id| put(StateRow::Association { number, id, stamp: None, definition: None });
        let relation = |number, id| {
            let (association, first, second) = (0, 1, 1);
            put(StateRow::Relation { number, id, association, first, second, stamp })
        };
        let all = [
            CheckpointRow::Location { number: 0, id: "L", rows: None, seq: None },
            put(StateRow::Object { number: 0, key: "contact", schema: None }),
            association(0, "A"),
            association(1, "B"),
            put(StateRow::UnkeyedRecord { id: "u", state }),
            put(StateRow::UnkeyedRecord { id: "v", state }),
            record(0, "a"),
            record(1, "b"),
            relation(0, "R"),
            relation(7, "S"),
        ];
        save(journal.as_mut(), 1, &all).unwrap();
        let (_, before) = rows(journal.as_mut());
        let drop_of = |key| CheckpointRow::Dropped { location: 0, key };
        let dropped = [
            drop_of(StateKey::Association(1)),
            drop_of(StateKey::UnkeyedRecord("u")),
            drop_of(StateKey::UnkeyedRecord("v")),
            drop_of(StateKey::Record(0)),
            drop_of(StateKey::Relation(7)),
            drop_of(StateKey::Relation(99)),
            // One that came again since.
            put(StateRow::UnkeyedRecord { id: "v", state }),
        ];
        save(journal.as_mut(), 2, &dropped).unwrap();
        drop(journal);
        let left: Vec<String> = [0, 1, 2, 5, 7, 8].map(|row: usize| before[row].clone()).into();
        assert_eq!(rows(open().as_mut()), (2, left));
    });
}

/// When pruned events came in was not known; and to take them for old would have
/// forgotten every delete among them.
#[test]
fn it_is_known_what_came_before_a_time_also_of_pruned_entries() {
    on_each(|open| {
        const HOUR: i64 = 3_600_000;
        let mut journal = open();
        assert_eq!(journal.last_before(at(99)).unwrap(), 0);
        five(journal.as_mut());
        let found = |journal: &mut dyn JournalReader, times: [i64; 4]| {
            times.map(|time| journal.last_before(at(time)).unwrap())
        };
        assert_eq!(found(journal.as_mut(), [10, 11, 50, 51]), [0, 1, 4, 5]);
        assert_eq!(journal.prune(at(25), at(0), 9).unwrap(), 2);
        assert_eq!(found(journal.as_mut(), [0, 24, 40, 99]), [0, 0, 3, 5]);
        assert_eq!(journal.prune(at(99), at(0), 9).unwrap(), 3);
        save(journal.as_mut(), 5, &[]).unwrap();
        assert_eq!(journal.prune(at(3 * HOUR), at(0), 9).unwrap(), 5);
        drop(journal);
        let mut journal = open();
        assert_eq!(found(journal.as_mut(), [0, 24, HOUR, 2 * HOUR]), [0, 0, 3, 3]);
        assert_eq!(journal.last_before(at(4 * HOUR)).unwrap(), 5);
    });
}
