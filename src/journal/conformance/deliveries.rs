//! What an index knows of the ids of deliveries.

use crate::journal::conformance::copies::Places;
use crate::journal::conformance::{Open, entry, save};
use crate::journal::copy::copy;
use crate::journal::database::Database;
use crate::journal::delivery_hash::{DELIVERY_BLOCK, DELIVERY_PARTS};
use crate::journal::entry::JournalEntry;
#[cfg(all(feature = "postgres", unix))]
use crate::journal::postgres::cluster;
use crate::journal::reader::JournalReader;
use crate::journal::sqlite::tests::{count, execute};
use crate::journal::writer::Journal;
use crate::model::{Seq, Timestamp};

/// Entries of so many blocks.
fn block(count: u64) -> u64 {
    count * DELIVERY_BLOCK
}

/// Appends this many entries; every seventh has no id.
pub(in crate::journal) fn fill(journal: &mut dyn Journal, count: u64) {
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
pub(in crate::journal) fn check(journal: &mut dyn JournalReader) -> Option<(Seq, Seq, usize)> {
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
        // All of them are too long to read.
        let counts = (seen.len(), expected.len());
        assert!(seen == *expected, "{part}: {counts:?}");
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
    let (after, _, kept) = check(journal.as_mut()).unwrap();
    assert_eq!(after, block(1), "of those before, nothing is left");
    assert!((left * 3 / 5..left * 3 / 4).contains(&kept), "{kept} of {left}");

    // Those that need not be known any more go.
    fill(journal.as_mut(), block(1));
    assert_eq!(journal.index_deliveries(block(2) + 9).unwrap(), block(4));
    let (after, upto, _) = check(journal.as_mut()).unwrap();
    assert_eq!((after, upto), (block(2), block(4)));
}

/// Executes the first statements in a file, or the second ones in a database server.
fn damage(database: &Database, statements: (&str, &str)) {
    let path = database.file();
    if let Some(path) = path {
        execute(path, statements.0);
    }
    #[cfg(all(feature = "postgres", unix))]
    if let (None, Some(cluster)) = (path, cluster::shared()) {
        cluster.run_sql(&database.to_string(), statements.1);
    }
}

/// Returns the number of hashes that are on disk.
fn hashes(database: &Database) -> u64 {
    let select = |hex: &str| {
        format!(
            "SELECT sum(length(replace({hex}, '00000000000000000000ffff', ''))) / 24 \
             FROM delivery_block"
        )
    };
    if let Some(path) = database.file() {
        return count(path, &select("lower(hex(hashes))"));
    }
    #[cfg(all(feature = "postgres", unix))]
    if let Some(cluster) = cluster::shared() {
        let counted = cluster.run_sql(&database.to_string(), &select("encode(hashes, 'hex')"));
        return counted.parse().unwrap();
    }
    0
}

/// Fills a store with so many blocks that are indexed, and a few entries more.
fn indexed(database: &Database, blocks: u64) -> Box<dyn Journal> {
    let mut journal = database.open().unwrap();
    fill(journal.as_mut(), block(blocks) + 100);
    for upto in (1..=blocks).chain([blocks]) {
        assert_eq!(journal.index_deliveries(0).unwrap(), block(upto));
    }
    journal
}

/// What was done to an index: in a file, in a database server, and which entries it knows then.
type Damage = (&'static str, &'static str, Option<(u64, u64)>);

const DAMAGES: [Damage; 7] = [
    (
        "UPDATE delivery_block SET hashes = zeroblob(length(hashes)) WHERE number >> 40 = 3",
        "UPDATE delivery_block SET hashes = decode(repeat('00', length(hashes)), 'hex') \
         WHERE part = 3",
        Some((0, 2)),
    ),
    (
        "UPDATE delivery_block SET checksum = checksum + 1 WHERE number > 0",
        "UPDATE delivery_block SET checksum = checksum + 1 WHERE (part, block) <> (0, 0)",
        Some((0, 2)),
    ),
    (
        "UPDATE delivery_block SET number = number + (9 << 40) WHERE number >> 40 = 8",
        "UPDATE delivery_block SET part = 17 WHERE part = 8",
        Some((0, 2)),
    ),
    (
        "DELETE FROM delivery_block WHERE number & 1 = 1",
        "DELETE FROM delivery_block WHERE block = 1",
        Some((0, 1)),
    ),
    (
        "DELETE FROM delivery_block WHERE number & 1 = 0",
        "DELETE FROM delivery_block WHERE block = 0",
        Some((1, 2)),
    ),
    (
        "UPDATE delivery_key SET key = randomblob(16)",
        "UPDATE delivery_key SET key = sha224('')::bytea",
        None,
    ),
    ("DELETE FROM delivery_key", "DELETE FROM delivery_key", None),
];

#[test]
fn a_row_that_is_damaged_costs_the_entries_of_its_block() {
    for database in Places::new().each() {
        let mut journal = indexed(&database, 2);
        let (_, _, all) = check(journal.as_mut()).unwrap();
        assert!(all as u64 > block(2) * 5 / 6, "{all}");
        let intact = hashes(&database);
        for (of_file, of_server, expected) in DAMAGES {
            let saved = "CREATE TABLE saved AS SELECT * FROM delivery_block; \
                CREATE TABLE saved_key AS SELECT * FROM delivery_key";
            damage(&database, (saved, saved));
            damage(&database, (of_file, of_server));
            let found = check(journal.as_mut());
            let blocks = found.map(|(after, upto, _)| (after / block(1), upto / block(1)));
            assert_eq!(blocks, expected, "{database}: {of_file}");
            assert!(expected.is_none_or(|it| it != (0, 2)) || found.unwrap().2 == all);
            let restored = "DELETE FROM delivery_block; DELETE FROM delivery_key; \
                INSERT INTO delivery_block SELECT * FROM saved; DROP TABLE saved; \
                INSERT INTO delivery_key SELECT * FROM saved_key; DROP TABLE saved_key";
            damage(&database, (restored, restored));
        }
        assert_eq!(hashes(&database), intact);
        assert_eq!(check(journal.as_mut()), Some((0, block(2), all)));
    }
}

/// Hashes that nobody reads any more were left: of pruned deliveries whose ids were
/// forgotten, and in rows that were damaged.
#[test]
fn of_what_is_erased_no_hash_is_left_on_disk() {
    for database in Places::new().each() {
        let mut journal = indexed(&database, 2);
        let all = hashes(&database);
        let damages = (
            "UPDATE delivery_block SET checksum = checksum + 1 WHERE number = (5 << 40) + 1",
            "UPDATE delivery_block SET checksum = checksum + 1 WHERE (part, block) = (5, 1)",
        );
        damage(&database, damages);
        journal.erase_location("nobody", &[], 0).unwrap();
        assert_eq!(hashes(&database), all, "nothing is touched");
        let erased = journal.erase_location("M", &[], 0).unwrap();
        let left = hashes(&database);
        // A third of them, but for one row of 32.
        assert!((all / 3 * 30 / 32..all / 3).contains(&left), "{left} of {all}");
        let of_others = (block(2) + 100) / 3;
        assert_eq!(erased.seqs.len() as u64, block(2) + 100 - of_others);
        check(journal.as_mut()).unwrap();

        save(journal.as_mut(), block(2), &[]).unwrap();
        let at = |seq: u64| Timestamp::from_millis(seq.cast_signed());
        journal.prune(at(block(2)), at(block(1) + 300), u32::MAX).unwrap();
        assert_eq!(hashes(&database), left);
        journal.erase_location("nobody", &[], 0).unwrap();
        let kept = hashes(&database);
        check(journal.as_mut()).unwrap();
        let expected = journal_ids(journal.as_mut(), block(1) + 300..=block(2));
        assert!(kept < left / 2 && (expected * 28 / 32..=expected).contains(&kept), "{kept}");
    }
}

fn journal_ids(journal: &mut dyn JournalReader, entries: std::ops::RangeInclusive<Seq>) -> u64 {
    let mut ids = 0;
    journal.accepted(entries, &mut |_| ids += 1).unwrap();
    ids
}

/// Its key is another one: the same hashes in two stores would say what both have.
#[test]
fn a_copy_is_indexed_anew() {
    let mut places = Places::new();
    for from in places.each() {
        let mut journal = indexed(&from, 1);
        let key = journal.delivery_index().unwrap().unwrap().key;
        let expected = check(journal.as_mut());
        drop(journal);
        for to in places.each() {
            copy(&from, &to, &mut |_, _| ()).unwrap();
            let mut journal = to.open().unwrap();
            let index = journal.delivery_index().unwrap().unwrap();
            assert_eq!((index.after, index.upto), (0, 0), "{from} to {to}");
            assert_ne!(index.key, key);
            assert_eq!(journal.index_deliveries(0).unwrap(), block(1));
            assert_eq!(check(journal.as_mut()), expected, "{from} to {to}");
        }
    }
}
