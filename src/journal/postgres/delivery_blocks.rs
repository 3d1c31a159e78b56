//! The table of hashes of the ids of deliveries.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use tokio_postgres::Row;

use crate::journal::delivery_blocks::{
    BlockRows, before, block_of, checksum, erase as erase_hashes, first_kept, next_block,
    number_of, show, show_id,
};
use crate::journal::delivery_hash::{DeliveryHash, DeliveryIndex, DeliveryKey};
use crate::journal::error::JournalError;
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::events::{bound, seq};
use crate::journal::postgres::{events, prune};
use crate::model::Seq;

/// Rows that are read by one statement, 24 KiB each.
const ROWS: u64 = 64;

/// Blocks that are read by one statement: each has a row in 16 parts.
const WHOLE_BLOCKS: usize = 4;

const HAS_TABLES: &str = "SELECT format >= 2 FROM store";
const KEY: &str = "SELECT key FROM delivery_key";
const BLOCKS: &str = "SELECT min(block), max(block) FROM delivery_block WHERE part = 0";
/// All in one statement, which sees one moment: another process may delete the first block.
const INDEX: &str = "SELECT key, first, last, checksum, hashes FROM delivery_key \
    CROSS JOIN (SELECT min(block) AS first, max(block) AS last FROM delivery_block \
    WHERE part = 0) AS known \
    LEFT JOIN delivery_block ON part = 0 AND block = first";
/// In one statement, too: what it says of ids of which none is pruned, and of pruned ones, would
/// be of two moments.
const FORGOTTEN: &str = "SELECT coalesce(\
    (SELECT seq - 1 FROM pruned_delivery ORDER BY seq LIMIT 1), pruned) FROM store";
const ROWS_OF_PART: &str = "SELECT part, block, checksum, hashes FROM delivery_block \
    WHERE part = $1 AND block >= $2 AND block <= $3";
const ROWS_OF_BLOCKS: &str = "SELECT part, block, checksum, hashes FROM delivery_block \
    WHERE block = ANY ($1)";
const SAVE: &str = "INSERT INTO delivery_block (part, block, checksum, hashes) \
    SELECT * FROM unnest($1::int2[], $2::int8[], $3::int8[], $4::bytea[]) \
    ON CONFLICT (part, block) DO UPDATE SET checksum = excluded.checksum, \
    hashes = excluded.hashes";
const DELETE: &str = "DELETE FROM delivery_block d USING unnest($1::int2[], $2::int8[]) \
    AS gone (part, block) WHERE d.part = gone.part AND d.block = gone.block";
const DROP: &str = "DELETE FROM delivery_block WHERE block < $1";

/// Returns which entries are indexed, or `None` if that is not known.
pub(super) fn index(session: &mut Session) -> Result<Option<DeliveryIndex>, JournalError> {
    if !session.one(HAS_TABLES, &[])?.try_get(0)? {
        return Ok(None);
    }
    let Some(row) = session.optional(INDEX, &[])? else { return Ok(None) };
    let Some(key) = key_of(&row)? else { return Ok(None) };
    let Some((first, last)) = ends(&row, 1)? else {
        return Ok(Some(DeliveryIndex { key, after: 0, upto: 0 }));
    };
    // With another key all rows are damaged, and all entries would be read for each part.
    let (sum, hashes): (i64, &[u8]) = (row.try_get(3)?, row.try_get(4)?);
    let is_intact = sum == checksum(key, number_of(0, first), hashes);
    let index = DeliveryIndex { key, after: before(first), upto: before(last + 1) };
    Ok(is_intact.then_some(index))
}

/// Returns the key, or `None` if it is damaged.
fn key(session: &mut Session) -> Result<Option<DeliveryKey>, JournalError> {
    session.optional(KEY, &[])?.as_ref().map_or(Ok(None), key_of)
}

fn key_of(row: &Row) -> Result<Option<DeliveryKey>, JournalError> {
    let bytes: &[u8] = row.try_get(0)?;
    Ok(bytes.try_into().ok().map(DeliveryKey::new))
}

/// Returns the first and the last block, as two columns have them.
fn ends(row: &Row, column: usize) -> Result<Option<(u64, u64)>, JournalError> {
    let ends: (Option<i64>, Option<i64>) = (row.try_get(column)?, row.try_get(column + 1)?);
    Ok(ends.0.zip(ends.1).map(|(first, last)| (first.unsigned_abs(), last.unsigned_abs())))
}

/// Returns the last entry before those whose ids are remembered.
fn forgotten(session: &mut Session) -> Result<Seq, JournalError> {
    seq(&session.one(FORGOTTEN, &[])?, 0)
}

/// A row of the index.
struct IndexRow {
    part: u8,
    block: u64,
    /// `None` if they are damaged.
    hashes: Option<Vec<u8>>,
}

fn read_row(key: Option<DeliveryKey>, row: &Row) -> Result<IndexRow, JournalError> {
    let (part, block): (i16, i64) = (row.try_get(0)?, row.try_get(1)?);
    let (part, block) = (u8::try_from(part).unwrap_or_default(), block.unsigned_abs());
    let (sum, hashes): (i64, Vec<u8>) = (row.try_get(2)?, row.try_get(3)?);
    let is_intact = key.is_some_and(|key| sum == checksum(key, number_of(part, block), &hashes));
    Ok(IndexRow { part, block, hashes: is_intact.then_some(hashes) })
}

/// Shows the hashes of a part within these entries. A row that is missing or damaged costs
/// the entries of its block.
pub(super) fn hashes(
    session: &mut Session,
    part: u8,
    entries: RangeInclusive<Seq>,
    each: &mut dyn FnMut(Seq, DeliveryHash),
) -> Result<(), JournalError> {
    let key = key(session)?.ok_or_else(|| JournalError::DamagedCheckpoint {
        reason: "the key of the ids of deliveries is gone".to_owned(),
    })?;
    let from = (*entries.start()).max(forgotten(session)? + 1);
    let upto = (*entries.end()).min(events::head(session)?);
    if from > upto {
        return Ok(());
    }
    let mut each = |seq, hash| {
        if (from..=upto).contains(&seq) {
            each(seq, hash);
        }
    };
    let (mut next, last) = (block_of(from), block_of(upto));
    while next <= last {
        let page = next..=last.min(next + ROWS - 1);
        next = page.end() + 1;
        for block in show_page(session, (key, part), page, &mut each)? {
            let end = upto.min(before(block + 1));
            prune::accepted(session, before(block), end, &mut |delivery| {
                show_id(key, part, &delivery, &mut each);
            })?;
        }
    }
    Ok(())
}

/// Shows the hashes of a part in these blocks, and returns those of which they are missing or
/// damaged.
fn show_page(
    session: &mut Session,
    (key, part): (DeliveryKey, u8),
    blocks: RangeInclusive<u64>,
    each: &mut dyn FnMut(Seq, DeliveryHash),
) -> Result<BTreeSet<u64>, JournalError> {
    let (first, last) = (bound(*blocks.start()), bound(*blocks.end()));
    let rows = session.query(ROWS_OF_PART, &[&i16::from(part), &first, &last])?;
    let mut missing: BTreeSet<u64> = blocks.collect();
    for row in &rows {
        let IndexRow { block, hashes, .. } = read_row(Some(key), row)?;
        if let Some(hashes) = hashes {
            missing.remove(&block);
            show(&hashes, part, block, each);
        }
    }
    Ok(missing)
}

/// What comes next in the index.
pub(super) enum Next {
    /// Nothing, while no more than these entries need be indexed.
    Nothing(Seq),
    /// A block of entries, in place of the blocks before another.
    Block(BlockRows, u64),
}

/// Reads the ids of the next block of entries after `after`, if it is full. Writes nothing.
pub(super) fn read_next(
    session: &mut Session,
    after: Seq,
    head: Seq,
) -> Result<Next, JournalError> {
    let Some(key) = key(session)? else { return Ok(Next::Nothing(Seq::MAX)) };
    let known = ends(&session.one(BLOCKS, &[])?, 0)?;
    let next = next_block(known, after);
    let end = before(next + 1);
    if end > head {
        return Ok(Next::Nothing(before(next)));
    }
    let mut block = BlockRows::new(key, next);
    prune::accepted(session, before(next), end, &mut |delivery| block.add(&delivery))?;
    let kept = known.map_or(0, |(first, _)| first_kept(first, next, after));
    Ok(Next::Block(block, kept))
}

/// Adds a block, and deletes those before `kept`. Returns the last entry that is indexed.
pub(super) fn add(session: &mut Session, rows: &BlockRows, kept: u64) -> Result<Seq, JournalError> {
    let mut changes = Changes::default();
    for (part, checksum, hashes) in rows.rows() {
        changes.save(part, rows.block(), checksum, hashes.to_vec());
    }
    changes.write(session)?;
    session.execute(DROP, &[&bound(kept)])?;
    Ok(before(rows.block() + 1))
}

/// Overwrites the hashes of these entries, which are in order, and of pruned ones beside
/// them whose ids are forgotten. Blocks of forgotten ones alone are deleted.
pub(super) fn erase(session: &mut Session, seqs: &[Seq]) -> Result<(), JournalError> {
    let (key, forgotten) = (key(session)?, forgotten(session)?);
    let first = block_of(forgotten + 1);
    session.execute(DROP, &[&bound(first)])?;
    let touched: BTreeSet<u64> = seqs.iter().map(|seq| block_of(*seq)).chain([first]).collect();
    let touched: Vec<i64> = touched.into_iter().map(bound).collect();
    for blocks in touched.chunks(WHOLE_BLOCKS) {
        let mut changes = Changes::default();
        for row in session.query(ROWS_OF_BLOCKS, &[&blocks])? {
            let IndexRow { part, block, hashes } = read_row(key, &row)?;
            let Some((key, mut hashes)) = key.zip(hashes) else {
                changes.delete(part, block);
                continue;
            };
            let is_erased = |seq| seq <= forgotten || seqs.binary_search(&seq).is_ok();
            if erase_hashes(&mut hashes, block, is_erased) {
                let checksum = checksum(key, number_of(part, block), &hashes);
                changes.save(part, block, checksum, hashes);
            }
        }
        changes.write(session)?;
    }
    Ok(())
}

/// Rows that are to be saved and deleted, a column each.
#[derive(Debug, Default)]
struct Changes {
    parts: Vec<i16>,
    blocks: Vec<i64>,
    checksums: Vec<i64>,
    hashes: Vec<Vec<u8>>,
    deleted_parts: Vec<i16>,
    deleted_blocks: Vec<i64>,
}

impl Changes {
    fn save(&mut self, part: u8, block: u64, checksum: i64, hashes: Vec<u8>) {
        self.parts.push(part.into());
        self.blocks.push(bound(block));
        self.checksums.push(checksum);
        self.hashes.push(hashes);
    }

    fn delete(&mut self, part: u8, block: u64) {
        self.deleted_parts.push(part.into());
        self.deleted_blocks.push(bound(block));
    }

    fn write(self, session: &mut Session) -> Result<(), JournalError> {
        let Self { parts, blocks, checksums, hashes, deleted_parts, deleted_blocks } = self;
        if !parts.is_empty() {
            session.execute(SAVE, &[&parts, &blocks, &checksums, &hashes])?;
        }
        if !deleted_parts.is_empty() {
            session.execute(DELETE, &[&deleted_parts, &deleted_blocks])?;
        }
        Ok(())
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use crate::journal::conformance::deliveries::{check, fill};
    use crate::journal::delivery_hash::DELIVERY_BLOCK;
    use crate::journal::postgres::{PostgresJournal, PostgresUrl, cluster};
    use crate::journal::reader::JournalReader;
    use crate::journal::writer::Journal;

    /// Ids are read before the turn to write: those that were erased until it had come would
    /// have been indexed.
    #[test]
    fn nothing_is_indexed_that_another_process_erases_meanwhile() {
        let Some(cluster) = cluster::shared() else { return };
        let url = cluster.new_database();
        let open = || PostgresJournal::open(&PostgresUrl::new(&url)).unwrap();
        let (mut journal, mut other) = (open(), open());
        fill(&mut journal, DELIVERY_BLOCK + 9);
        other.take_turn().unwrap();
        std::thread::scope(|scope| {
            let indexed = scope.spawn(|| journal.index_deliveries(0).unwrap());
            let waiting = "SELECT count(*) FROM pg_stat_activity \
                WHERE datname = current_database() AND wait_event_type = 'Lock'";
            let begun = Instant::now();
            while cluster.run_sql(&url, waiting) != "1" {
                assert!(begun.elapsed() < Duration::from_secs(4), "it does not wait");
            }
            other.erase_location("L", &[], 0).unwrap();
            assert_eq!(indexed.join().unwrap(), 0, "it is to be tried again");
        });
        assert_eq!(journal.index_deliveries(0).unwrap(), DELIVERY_BLOCK);
        assert_eq!(check(&mut other).unwrap().1, DELIVERY_BLOCK);
    }

    /// A server that starts and one that prunes.
    #[test]
    fn a_delivery_is_not_forgotten_while_it_is_pruned() {
        let Some(cluster) = cluster::shared() else { return };
        let url = cluster.new_database();
        let mut journal = PostgresJournal::open(&PostgresUrl::new(&url)).unwrap();
        fill(&mut journal, 9);
        let session = journal.session().unwrap();
        assert_eq!(super::forgotten(session).unwrap(), 0);
        cluster.run_sql(&url, "UPDATE store SET pruned = 8");
        assert_eq!(super::forgotten(session).unwrap(), 8);
        let remembered = "INSERT INTO pruned_delivery VALUES (4, 1, 'L', 'w'), (6, 1, 'L', 'x')";
        cluster.run_sql(&url, remembered);
        assert_eq!(super::forgotten(session).unwrap(), 3);
        assert_eq!(journal.delivery_index().unwrap().map(|it| it.upto), Some(0));
    }
}
