//! The table of hashes of the ids of deliveries.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::journal::delivery_blocks::{
    BlockRows, before, block_of, checksum, erase as erase_hashes, first_kept, next_block,
    number_of, show, show_id,
};
use crate::journal::delivery_hash::{DELIVERY_PARTS, DeliveryHash, DeliveryIndex, DeliveryKey};
use crate::journal::error::JournalError;
use crate::journal::sqlite::schema::DELIVERY_BLOCKS_SINCE;
use crate::journal::sqlite::{events, prune};
use crate::model::Seq;

const KEY: &str = "SELECT key FROM delivery_key WHERE only = 1";
const FIRST: &str = "SELECT number FROM delivery_block WHERE number < ?1 ORDER BY number LIMIT 1";
const LAST: &str = "SELECT number FROM delivery_block WHERE number < ?1 \
    ORDER BY number DESC LIMIT 1";
const ROW: &str = "SELECT checksum, hashes FROM delivery_block WHERE number = ?1";
const SAVE: &str = "INSERT OR REPLACE INTO delivery_block VALUES (?1, ?2, ?3)";
const DROP: &str = "DELETE FROM delivery_block WHERE number >= ?1 AND number < ?2";
/// In one statement, which sees one moment: a reader beside the writer that is pruning would
/// else take remembered ids for forgotten ones.
const FORGOTTEN: &str = "SELECT ifnull(\
    (SELECT seq - 1 FROM pruned_delivery WHERE seq > 0 ORDER BY seq LIMIT 1), \
    ifnull((SELECT seq FROM pruned), 0))";

/// Returns which entries are indexed, or `None` if that is not known.
pub(super) fn index(
    connection: &Connection,
    format: i64,
) -> Result<Option<DeliveryIndex>, JournalError> {
    if format < DELIVERY_BLOCKS_SINCE {
        return Ok(None);
    }
    let Some(key) = key(connection)? else { return Ok(None) };
    let Some((first, last)) = blocks(connection)? else {
        return Ok(Some(DeliveryIndex { key, after: 0, upto: 0 }));
    };
    // With another key all rows are damaged, and all entries would be read for each part.
    let is_intact = row(connection, key, number_of(0, first))?.is_some();
    let index = DeliveryIndex { key, after: before(first), upto: before(last + 1) };
    Ok(is_intact.then_some(index))
}

/// Returns the key, or `None` if it is damaged.
fn key(connection: &Connection) -> Result<Option<DeliveryKey>, JournalError> {
    let bytes: Option<Vec<u8>> =
        connection.prepare_cached(KEY)?.query_row([], |row| row.get(0)).optional()?;
    Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map(DeliveryKey::new))
}

/// Returns the first and the last block.
fn blocks(connection: &Connection) -> Result<Option<(u64, u64)>, JournalError> {
    let end = number_of(1, 0);
    let number = |select| -> Result<Option<i64>, rusqlite::Error> {
        connection.prepare_cached(select)?.query_row([end], |row| row.get(0)).optional()
    };
    let (first, last) = (number(FIRST)?, number(LAST)?);
    Ok(first.zip(last).map(|(first, last)| (first.unsigned_abs(), last.unsigned_abs())))
}

/// Returns the last entry before those whose ids are remembered.
fn forgotten(connection: &Connection) -> Result<Seq, JournalError> {
    Ok(connection.prepare_cached(FORGOTTEN)?.query_row([], |row| row.get(0))?)
}

/// Shows the hashes of a part within these entries. A row that is missing or damaged costs
/// the entries of its block.
pub(super) fn hashes(
    connection: &Connection,
    part: u8,
    entries: RangeInclusive<Seq>,
    each: &mut dyn FnMut(Seq, DeliveryHash),
) -> Result<(), JournalError> {
    let Some(key) = key(connection)? else { return Ok(()) };
    let from = (*entries.start()).max(forgotten(connection)? + 1);
    let upto = (*entries.end()).min(events::head(connection)?);
    if from > upto {
        return Ok(());
    }
    let mut each = |seq, hash| {
        if (from..=upto).contains(&seq) {
            each(seq, hash);
        }
    };
    for block in block_of(from)..=block_of(upto) {
        if let Some(row) = row(connection, key, number_of(part, block))? {
            show(&row, part, block, &mut each);
            continue;
        }
        let entries = before(block)..upto.min(before(block + 1));
        prune::accepted(connection, entries.start, entries.end, &mut |delivery| {
            show_id(key, part, &delivery, &mut each);
        })?;
    }
    Ok(())
}

/// Returns the hashes of a row, or `None` if they are not there or damaged.
fn row(
    connection: &Connection,
    key: DeliveryKey,
    number: i64,
) -> Result<Option<Vec<u8>>, JournalError> {
    let found: Option<(i64, Vec<u8>)> = connection
        .prepare_cached(ROW)?
        .query_row([number], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.filter(|(sum, hashes)| *sum == checksum(key, number, hashes)).map(|(_, row)| row))
}

/// Indexes the next block of entries after `after`, if it is full, and deletes some of those
/// before it. Returns the last entry that is indexed.
pub(super) fn extend(connection: &mut Connection, after: Seq) -> Result<Seq, JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(key) = key(&transaction)? else { return Ok(Seq::MAX) };
    let known = blocks(&transaction)?;
    let next = next_block(known, after);
    let end = before(next + 1);
    if end > events::head(&transaction)? {
        return Ok(before(next));
    }
    let mut block = BlockRows::new(key, next);
    prune::accepted(&transaction, before(next), end, &mut |delivery| block.add(&delivery))?;
    for (part, checksum, hashes) in block.rows() {
        save(&transaction, number_of(part, block.block()), checksum, hashes)?;
    }
    if let Some((first, _)) = known {
        drop_blocks(&transaction, first, first_kept(first, next, after))?;
    }
    transaction.commit()?;
    Ok(end)
}

/// Deletes the blocks from one on to before another.
fn drop_blocks(connection: &Connection, from: u64, end: u64) -> Result<(), JournalError> {
    for part in (0..DELIVERY_PARTS).filter(|_| end > from) {
        let bounds = [number_of(part, from), number_of(part, end)];
        connection.prepare_cached(DROP)?.execute(bounds)?;
    }
    Ok(())
}

fn save(
    connection: &Connection,
    number: i64,
    checksum: i64,
    hashes: &[u8],
) -> Result<(), JournalError> {
    connection.prepare_cached(SAVE)?.execute((number, checksum, hashes))?;
    Ok(())
}

/// Overwrites the hashes of these entries, which are in order, and of pruned ones beside
/// them whose ids are forgotten. Blocks of forgotten ones alone are deleted.
pub(super) fn erase(connection: &Connection, seqs: &[Seq]) -> Result<(), JournalError> {
    let (Some(key), Some((first, last))) = (key(connection)?, blocks(connection)?) else {
        return Ok(());
    };
    let forgotten = forgotten(connection)?;
    let kept = block_of(forgotten + 1);
    drop_blocks(connection, first, kept)?;
    let touched: BTreeSet<u64> = seqs.iter().map(|seq| block_of(*seq)).chain([kept]).collect();
    for &block in touched.range(kept.max(first)..).take_while(|block| **block <= last) {
        for number in (0..DELIVERY_PARTS).map(|part| number_of(part, block)) {
            let Some(mut row) = row(connection, key, number)? else {
                connection.prepare_cached(DROP)?.execute([number, number + 1])?;
                continue;
            };
            let is_erased = |seq| seq <= forgotten || seqs.binary_search(&seq).is_ok();
            if erase_hashes(&mut row, block, is_erased) {
                save(connection, number, checksum(key, number, &row), &row)?;
            }
        }
    }
    Ok(())
}
