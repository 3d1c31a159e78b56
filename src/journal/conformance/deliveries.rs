//! What an index knows of the ids of deliveries.

use crate::journal::conformance::{Open, entry, save};
use crate::journal::delivery_hash::{DELIVERY_BLOCK, DELIVERY_PARTS};
use crate::journal::entry::JournalEntry;
use crate::journal::reader::JournalReader;
use crate::journal::writer::Journal;
use crate::model::{Seq, Timestamp};

/// Appends this many entries; every seventh has no id.
fn fill(journal: &mut dyn Journal, count: u64) {
    let from = journal.head().unwrap();
    let ids: Vec<String> = (from..from + count).map(|number| format!("w{number}")).collect();
    let entries: Vec<JournalEntry<'_>> = ids
        .iter()
        .zip(from + 1..)
        .map(|(id, seq)| JournalEntry {
            location: if seq % 3 == 0 { "L" } else { "M" },
            webhook_id: (seq % 7 != 0).then_some(id.as_str()),
            received_at: Timestamp::from_millis(seq.cast_signed()),
            ..entry("r", "{}")
        })
        .collect();
    journal.append(&entries).unwrap();
}

/// Compares the index with the ids themselves, and returns which entries it knows and how
/// many ids.
fn check(journal: &mut dyn JournalReader) -> Option<(Seq, Seq, usize)> {
    let index = journal.delivery_index().unwrap()?;
    let mut expected = vec![Vec::new(); usize::from(DELIVERY_PARTS)];
    // Not all of the first block.
    let entries = index.after + 10..=index.upto;
    journal
        .accepted(entries.clone(), &mut |it| {
            let hash = index.key.hash(it.location, it.webhook_id);
            expected[usize::from(hash.part())].push((it.seq, hash));
        })
        .unwrap();
    for (part, expected) in (0..DELIVERY_PARTS).zip(&expected) {
        let mut seen = Vec::new();
        journal
            .delivery_hashes(part, entries.clone(), &mut |seq, hash| seen.push((seq, hash)))
            .unwrap();
        seen.sort_unstable_by_key(|(seq, _)| *seq);
        assert_eq!(seen, *expected, "{part}");
    }
    Some((index.after, index.upto, expected.iter().map(Vec::len).sum()))
}

pub(super) fn ids_are_found_by_their_hash(open: &mut Open) {
    let mut journal = open();
    fill(journal.as_mut(), DELIVERY_BLOCK - 1);
    if check(journal.as_mut()).is_none() {
        assert_eq!(journal.index_deliveries(0).unwrap(), Seq::MAX, "it needs none");
        return;
    }
    let block = |count: u64| count * DELIVERY_BLOCK;
    assert_eq!(journal.index_deliveries(0).unwrap(), 0, "there is no whole block");
    fill(journal.as_mut(), block(3));
    for blocks in [1, 2, 3, 3] {
        assert_eq!(journal.index_deliveries(0).unwrap(), block(blocks));
    }
    let (after, upto, all) = check(journal.as_mut()).unwrap();
    assert_eq!((after, upto), (0, block(3)));
    drop(journal);
    let mut journal = open();
    assert_eq!(check(journal.as_mut()), Some((after, upto, all)));
    assert_eq!(check(journal.readers()().unwrap().as_mut()), Some((after, upto, all)));

    // Pruned, of which some are remembered; then without one location.
    save(journal.as_mut(), block(3), &[]).unwrap();
    let at = |seq: u64| Timestamp::from_millis(seq.cast_signed());
    journal.prune(at(block(2) + 100), at(block(1) + 100), u32::MAX).unwrap();
    let (_, _, left) = check(journal.as_mut()).unwrap();
    assert!((all / 3..all * 2 / 3).contains(&left), "{left} of {all}");
    let erased = journal.erase_location("L", &[], 0).unwrap();
    assert!(erased.seqs.first().is_some_and(|first| *first < block(2)));
    let (_, _, kept) = check(journal.as_mut()).unwrap();
    assert!((left * 3 / 5..left * 3 / 4).contains(&kept), "{kept} of {left}");

    // Those that need not be known any more go.
    fill(journal.as_mut(), block(1));
    assert_eq!(journal.index_deliveries(block(2) + 9).unwrap(), block(4));
    let (after, upto, _) = check(journal.as_mut()).unwrap();
    assert_eq!((after, upto), (block(2), block(4)));
}
