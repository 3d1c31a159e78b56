//! What the checkpoint says of entries, and where those of each location are.

use crate::journal::checkpoint::CheckpointRow;
use crate::journal::conformance::{Open, at, entry, five, save};
use crate::journal::error::JournalError;
use crate::journal::reader::JournalReader;
use crate::journal::writer::Journal;
use crate::model::{SEQ_MAX, Seq};

pub(super) fn it_is_known_where_entries_of_a_location_are(open: &mut Open) {
    let mut journal = open();
    journal.append(&vec![entry("one", "{}"); 300_000]).unwrap();
    let next = |journal: &mut dyn JournalReader, location: &str, after: Seq| {
        let stretch = journal.next_location_range(location, after).unwrap();
        let end = stretch.end();
        (*stretch.start(), if *end == SEQ_MAX { None } else { Some(*end) })
    };
    assert_eq!(next(journal.as_mut(), "A", 0), (1, None), "nothing is known");
    let blocks =
        |location, chunk, blocks| CheckpointRow::LocationBlocks { location, chunk, blocks };
    let of = |first, last| CheckpointRow::LocationBlocksOf { first, last };
    let first = [blocks("A", 0, 0b110), blocks("B", 0, 1), of(65, 5_000)];
    save(journal.as_mut(), 5_000, &first).unwrap();
    let second = [
        blocks("A", 0, 0b1100),
        blocks("A", 70, 1 << 63),
        blocks("", 1, 1 << 20),
        blocks("B", 72, 1),
        of(5_001, 299_000),
    ];
    save(journal.as_mut(), 299_000, &second).unwrap();
    drop(journal);
    let mut journal = open();
    let last = 70 * 4_096 + 4_095;
    for (location, after, expected) in [
        ("A", 0, (1, Some(64))),
        ("A", 64, (65, Some(255))),
        ("A", 200, (201, Some(255))),
        ("A", 255, (last - 63, Some(last))),
        ("A", last, (299_001, None)),
        ("A", 299_500, (299_501, None)),
        ("B", 64, (72 * 4_096, Some(72 * 4_096 + 63))),
        ("", 64, (4_096 + 20 * 64, Some(4_096 + 20 * 64 + 63))),
        ("", 6_000, (299_001, None)),
        ("C", 64, (299_001, None)),
    ] {
        assert_eq!(next(journal.as_mut(), location, after), expected, "{location} {after}");
    }
    last_ranges(journal.as_mut(), last);
    let erased = journal.erase_location("A", &[], 0).unwrap();
    assert_eq!(erased.events, 0);
    assert_eq!(next(journal.as_mut(), "A", 64), (299_001, None));
    assert_eq!(journal.last_location_range("A", 64, 299_000).unwrap(), None);
    assert_eq!(next(journal.as_mut(), "B", 64).0, 72 * 4_096, "others stay");
    assert_eq!(journal.prune(at(99), at(0), 290_000).unwrap(), 290_000);
    let gone = journal.next_location_range("B", 289_999);
    assert!(matches!(gone, Err(JournalError::PrunedWhileReading { seq: 290_000, .. })));
    let gone = journal.last_location_range("B", 289_999, 299_000);
    assert!(matches!(gone, Err(JournalError::PrunedWhileReading { seq: 290_000, .. })));
    assert_eq!(next(journal.as_mut(), "B", 290_000), (72 * 4_096, Some(72 * 4_096 + 63)));
    a_gap_is_not_known(journal.as_mut());
    journal.replace_checkpoint(300_000, &mut |_| Ok(())).unwrap();
    assert_eq!(next(journal.as_mut(), "B", 299_999), (300_000, None));
}

/// Of what a checkpoint skipped nothing is known, and of what was before not any more.
fn a_gap_is_not_known(journal: &mut dyn Journal) {
    let of = |location, blocks| CheckpointRow::LocationBlocks { location, chunk: 73, blocks };
    let range = CheckpointRow::LocationBlocksOf { first: 299_500, last: 300_000 };
    save(journal, 300_000, &[of("B", 1 << 40), of("D", 1 << 10), range]).unwrap();
    assert_eq!(journal.next_location_range("B", 290_000).unwrap(), 290_001..=299_499);
    let next = journal.next_location_range("B", 299_499).unwrap();
    assert_eq!(*next.start(), 73 * 4_096 + 40 * 64);
    let set = 73 * 4_096 + 10 * 64;
    for (location, upto, expected) in [
        ("D", 300_000, Some(set..=set + 63)),
        ("D", set + 20, Some(set..=set + 20)),
        ("D", set - 1, Some(290_001..=299_499)),
        ("B", 300_000, Some(290_001..=299_499)),
        ("B", 299_300, Some(290_001..=299_300)),
        ("B", 290_000, None),
    ] {
        let found = journal.last_location_range(location, 290_000, upto).unwrap();
        assert_eq!(found, expected, "{location} {upto}");
    }
}

/// What is known after the second checkpoint above, from the end to the beginning; `last` is
/// the last entry of the last block of A.
fn last_ranges(journal: &mut dyn JournalReader, last: Seq) {
    for (location, after, upto, expected) in [
        ("A", 0, 300_000, Some(299_001..=300_000)),
        ("A", 299_500, 300_000, Some(299_501..=300_000)),
        ("A", 0, 299_000, Some(last - 63..=last)),
        ("A", last - 10, 299_000, Some(last - 9..=last)),
        ("A", last, 299_000, None),
        ("A", 0, last - 1, Some(last - 63..=last - 1)),
        ("A", 0, last - 64, Some(65..=255)),
        ("A", 100, last - 64, Some(101..=255)),
        ("A", 0, 64, Some(1..=64)),
        ("A", 64, 64, None),
        ("B", 64, 299_000, Some(72 * 4_096..=72 * 4_096 + 63)),
        ("B", 64, 72 * 4_096 - 1, None),
        ("", 64, 299_000, Some(4_096 + 20 * 64..=4_096 + 20 * 64 + 63)),
        ("", 64, 5_000, None),
        ("C", 64, 299_000, None),
        ("C", 0, 299_000, Some(1..=64)),
    ] {
        let found = journal.last_location_range(location, after, upto).unwrap();
        assert_eq!(found, expected, "{location} {after} {upto}");
    }
}

pub(super) fn what_events_did_and_speak_of_is_kept_with_the_checkpoint(open: &mut Open) {
    let mut journal = open();
    five(journal.as_mut());
    let runs = |journal: &mut dyn JournalReader, after: Seq| {
        let mut seen = Vec::new();
        let mut done = after;
        while let Some(run) = journal.next_skip_block(done).unwrap() {
            done = run.last;
            seen.push((run.first, run.last, run.hashes.to_vec()));
        }
        seen
    };
    assert_eq!(runs(journal.as_mut(), 0), []);
    let mentions = |first, last, hashes| CheckpointRow::SkipIndex { first, last, hashes };
    let repeats = |seq, times| CheckpointRow::Redeliveries { seq, times };
    let idle = |seq| CheckpointRow::NoOp { seq };
    let first = [mentions(1, 2, &[1, 2]), mentions(3, 3, &[3]), repeats(2, 4), idle(1), idle(3)];
    save(journal.as_mut(), 3, &first).unwrap();
    let second = [mentions(3, 4, &[]), repeats(2, 1), repeats(4, 1), idle(3), idle(4)];
    save(journal.as_mut(), 4, &second).unwrap();
    drop(journal);
    let mut journal = open();
    assert_eq!(runs(journal.as_mut(), 0), [(1, 2, vec![1, 2]), (3, 4, vec![])]);
    assert_eq!(runs(journal.as_mut(), 2), [(3, 4, vec![])]);
    assert_eq!(runs(journal.as_mut(), 4), []);
    let last = |journal: &mut dyn JournalReader, upto| {
        let run = journal.last_skip_block(upto).unwrap();
        run.map(|run| (run.first, run.last, run.hashes.to_vec()))
    };
    assert_eq!(last(journal.as_mut(), Seq::MAX), Some((3, 4, vec![])));
    assert_eq!(last(journal.as_mut(), 3), Some((3, 4, vec![])));
    assert_eq!(last(journal.as_mut(), 2), Some((1, 2, vec![1, 2])));
    assert_eq!(last(journal.as_mut(), 0), None);
    let times =
        |journal: &mut dyn JournalReader| [1, 2, 4].map(|seq| journal.redeliveries(seq).unwrap());
    assert_eq!(times(journal.as_mut()), [0, 5, 1]);
    let idle =
        |journal: &mut dyn JournalReader| [1, 2, 3, 4, 5].map(|seq| journal.is_no_op(seq).unwrap());
    assert_eq!(idle(journal.as_mut()), [true, false, true, true, false]);
    assert_eq!(idle(journal.readers()().unwrap().as_mut()), [true, false, true, true, false]);
    journal.prune(at(99), at(0), 3).unwrap();
    assert_eq!(runs(journal.as_mut(), 0), [(3, 4, vec![])], "part of it is still there");
    assert_eq!(times(journal.as_mut()), [0, 0, 1]);
    assert_eq!(idle(journal.as_mut()), [false, false, false, true, false]);
}
