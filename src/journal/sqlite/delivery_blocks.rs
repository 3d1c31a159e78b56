//! The table of hashes of the ids of deliveries.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::journal::delivery_hash::{
    DELIVERY_BLOCK, DELIVERY_PARTS, DeliveryHash, DeliveryIndex, DeliveryKey,
};
use crate::journal::error::JournalError;
use crate::journal::sqlite::schema::DELIVERY_BLOCKS_SINCE;
use crate::journal::sqlite::{events, prune};
use crate::model::Seq;

/// Bits of a row's number that are of the block; the rest is the part.
const BLOCK_BITS: u32 = 40;

/// Bytes of a hash and its place.
const HASH_BYTES: usize = 12;

/// The place of a hash that was erased.
const NO_PLACE: u16 = u16::MAX;

/// Number of blocks that are deleted when one is added, so that a step stays short.
const DROPPED_BLOCKS: u64 = 2;

const KEY: &str = "SELECT key FROM delivery_key WHERE only = 1";
const FIRST: &str = "SELECT number FROM delivery_block WHERE number < ?1 ORDER BY number LIMIT 1";
const LAST: &str = "SELECT number FROM delivery_block WHERE number < ?1 \
    ORDER BY number DESC LIMIT 1";
const ROW: &str = "SELECT checksum, hashes FROM delivery_block WHERE number = ?1";
const SAVE: &str = "INSERT OR REPLACE INTO delivery_block VALUES (?1, ?2, ?3)";
const DROP: &str = "DELETE FROM delivery_block WHERE number >= ?1 AND number < ?2";
const FIRST_REMEMBERED: &str = "SELECT seq FROM pruned_delivery WHERE seq > 0 ORDER BY seq LIMIT 1";

fn number_of(part: u8, block: u64) -> i64 {
    (u64::from(part) << BLOCK_BITS | block).cast_signed()
}

fn block_of(seq: Seq) -> u64 {
    seq.saturating_sub(1) / DELIVERY_BLOCK
}

/// Returns the last entry before a block.
fn before(block: u64) -> Seq {
    block * DELIVERY_BLOCK
}

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
    let first: Option<Seq> =
        connection.prepare_cached(FIRST_REMEMBERED)?.query_row([], |row| row.get(0)).optional()?;
    first.map_or_else(|| events::pruned(connection), |first| Ok(first - 1))
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
        prune::accepted(connection, entries.start, entries.end, &mut |it| {
            let hash = key.hash(it.location, it.webhook_id);
            if hash.part() == part {
                each(it.seq, hash);
            }
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

fn checksum(key: DeliveryKey, number: i64, hashes: &[u8]) -> i64 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&key.to_bytes());
    crc.update(&number.to_le_bytes());
    crc.update(hashes);
    i64::from(crc.finalize())
}

fn show(row: &[u8], part: u8, block: u64, each: &mut dyn FnMut(Seq, DeliveryHash)) {
    let (hashes, _) = row.as_chunks::<HASH_BYTES>();
    for hash in hashes {
        let (place, high, low) = decode(*hash);
        if place != NO_PLACE {
            each(before(block) + 1 + u64::from(place), DeliveryHash::new(part, high, low));
        }
    }
}

fn decode(bytes: [u8; HASH_BYTES]) -> (u16, u64, u16) {
    let [high @ .., low, low_too, place, place_too] = bytes;
    let place = u16::from_le_bytes([place, place_too]);
    (place, u64::from_le_bytes(high), u16::from_le_bytes([low, low_too]))
}

/// Indexes the next block of entries after `after`, if it is full, and deletes some of those
/// before it. Returns the last entry that is indexed.
pub(super) fn extend(connection: &mut Connection, after: Seq) -> Result<Seq, JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(key) = key(&transaction)? else { return Ok(Seq::MAX) };
    let known = blocks(&transaction)?;
    let next = known.map_or(after / DELIVERY_BLOCK, |(_, last)| last + 1);
    let end = before(next + 1);
    if end > events::head(&transaction)? {
        return Ok(before(next));
    }
    let mut parts = vec![Vec::new(); usize::from(DELIVERY_PARTS)];
    prune::accepted(&transaction, before(next), end, &mut |it| {
        let hash = key.hash(it.location, it.webhook_id);
        let Some(part) = parts.get_mut(usize::from(hash.part())) else { return };
        let place = u16::try_from(it.seq - 1 - before(next)).unwrap_or(NO_PLACE);
        part.extend_from_slice(&hash.high.to_le_bytes());
        part.extend_from_slice(&hash.low.to_le_bytes());
        part.extend_from_slice(&place.to_le_bytes());
    })?;
    for (part, hashes) in (0..DELIVERY_PARTS).zip(parts) {
        save(&transaction, key, number_of(part, next), &hashes)?;
    }
    if let Some((first, _)) = known {
        let kept = (after / DELIVERY_BLOCK).min(first + DROPPED_BLOCKS).min(next);
        for part in (0..DELIVERY_PARTS).filter(|_| kept > first) {
            let bounds = [number_of(part, first), number_of(part, kept)];
            transaction.prepare_cached(DROP)?.execute(bounds)?;
        }
    }
    transaction.commit()?;
    Ok(end)
}

fn save(
    connection: &Connection,
    key: DeliveryKey,
    number: i64,
    hashes: &[u8],
) -> Result<(), JournalError> {
    let row = (number, checksum(key, number, hashes), hashes);
    connection.prepare_cached(SAVE)?.execute(row)?;
    Ok(())
}

/// Overwrites the hashes of these entries, which are in order, and of pruned ones beside
/// them whose ids are forgotten.
pub(super) fn erase(connection: &Connection, seqs: &[Seq]) -> Result<(), JournalError> {
    let (Some(key), Some((first, last))) = (key(connection)?, blocks(connection)?) else {
        return Ok(());
    };
    let forgotten = forgotten(connection)?;
    let mut touched: Vec<u64> = seqs.iter().map(|&seq| block_of(seq)).collect();
    touched.push(block_of(forgotten));
    touched.sort_unstable();
    touched.dedup();
    for block in touched.into_iter().filter(|block| (first..=last).contains(block)) {
        for number in (0..DELIVERY_PARTS).map(|part| number_of(part, block)) {
            let Some(mut row) = row(connection, key, number)? else {
                connection.prepare_cached(DROP)?.execute([number, number + 1])?;
                continue;
            };
            let (hashes, _) = row.as_chunks_mut::<HASH_BYTES>();
            let mut is_changed = false;
            for hash in hashes {
                let seq = before(block) + 1 + u64::from(decode(*hash).0);
                if seq <= forgotten || seqs.binary_search(&seq).is_ok() {
                    *hash = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
                    is_changed = true;
                }
            }
            if is_changed {
                save(connection, key, number, &row)?;
            }
        }
    }
    Ok(())
}
