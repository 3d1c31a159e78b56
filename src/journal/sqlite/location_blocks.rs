//! The tables of the blocks that contain events of each location.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension};

use crate::journal::checkpoint::{CheckpointRow, RowSink};
use crate::journal::error::JournalError;
use crate::journal::location_blocks::{
    LocationBlocks, chunk_of, first_set_range, last_range as last_range_of, last_set_range,
};
use crate::journal::sqlite::events;
use crate::model::{SEQ_MAX, Seq};

/// Number of chunks of a segment: 131,072 events. A location's events are searched in one
/// after the other, and all rows of a checkpoint are within the last ones.
const SEGMENT_CHUNKS: u64 = 32;

pub(super) const SAVE: &str = "INSERT INTO location_block (segment, location, chunk, blocks) \
    VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET blocks = blocks | excluded.blocks";

/// Adds events to those covered; after a gap, in place of them.
pub(super) const SAVE_RANGE: &str = "INSERT INTO location_block_range (only, first, last) \
    VALUES (1, ?1, ?2) ON CONFLICT DO UPDATE SET \
    first = iif(excluded.first > last + 1, excluded.first, first), \
    last = iif(excluded.first > last + 1, excluded.last, max(last, excluded.last))";

const RANGE: &str = "SELECT first, last FROM location_block_range WHERE only = 1";
const ALL: &str = "SELECT location, chunk, blocks FROM location_block \
    ORDER BY segment, location, chunk";
const CHUNKS: &str = "SELECT chunk, blocks FROM location_block \
    WHERE segment = ?1 AND location = ?2 AND chunk >= ?3 ORDER BY chunk";
const CHUNKS_BACKWARDS: &str = "SELECT chunk, blocks FROM location_block \
    WHERE segment = ?1 AND location = ?2 AND chunk <= ?3 ORDER BY chunk DESC";
const PRUNE: &str = "DELETE FROM location_block WHERE segment < ?1";
const ERASE: &str = "DELETE FROM location_block WHERE segment = ?1 AND location = ?2";
const SAVED: &str = "SELECT ifnull((SELECT seq FROM checkpoint WHERE only = 1), 0)";
const LOCATIONS: &str = "SELECT seq, location FROM event WHERE seq > ?1 AND seq <= ?2 ORDER BY seq";

pub(super) fn segment_of(chunk: u64) -> i64 {
    (chunk / SEGMENT_CHUNKS).cast_signed()
}

/// Returns the next entries after `after` that may be of a location; the last of them need
/// not exist.
pub(super) fn next_range(
    connection: &Connection,
    location: &str,
    after: Seq,
) -> Result<RangeInclusive<Seq>, JournalError> {
    // What is pruned, covered and set must be of one moment.
    let connection = connection.unchecked_transaction()?;
    let from = after.saturating_add(1);
    let Some((first, last)) = covered(&connection, after)? else { return Ok(from..=SEQ_MAX) };
    if from < first {
        return Ok(from..=first - 1);
    }
    if from > last {
        return Ok(from..=SEQ_MAX);
    }
    let chunk = chunk_of(from);
    let mut select = connection.prepare_cached(CHUNKS)?;
    for segment in segment_of(chunk)..=segment_of(chunk_of(last)) {
        let mut rows = select.query((segment, location, chunk.cast_signed()))?;
        while let Some(row) = rows.next()? {
            let chunk = row.get::<_, i64>(0)?.unsigned_abs();
            let blocks = row.get::<_, i64>(1)?.cast_unsigned();
            if let Some(found) = first_set_range(chunk, blocks, from) {
                return Ok(found);
            }
        }
    }
    Ok(last + 1..=SEQ_MAX)
}

/// Returns the last entries after `after` and up to `upto` that may be of a location.
pub(super) fn last_range(
    connection: &Connection,
    location: &str,
    after: Seq,
    upto: Seq,
) -> Result<Option<RangeInclusive<Seq>>, JournalError> {
    let connection = connection.unchecked_transaction()?;
    let covered = covered(&connection, after)?;
    last_range_of(covered, after, upto, |first| {
        let chunk = chunk_of(upto);
        let mut select = connection.prepare_cached(CHUNKS_BACKWARDS)?;
        for segment in (segment_of(chunk_of(first))..=segment_of(chunk)).rev() {
            let mut rows = select.query((segment, location, chunk.cast_signed()))?;
            while let Some(row) = rows.next()? {
                let chunk = row.get::<_, i64>(0)?.unsigned_abs();
                let blocks = row.get::<_, i64>(1)?.cast_unsigned();
                if let Some(found) = last_set_range(chunk, blocks, upto) {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    })
}

/// Returns the first and the last of the events that are covered. Fails if the one that
/// follows `after` was pruned.
fn covered(connection: &Connection, after: Seq) -> Result<Option<(Seq, Seq)>, JournalError> {
    let pruned = events::pruned(connection)?;
    if after < pruned {
        return Err(JournalError::PrunedWhileReading { seq: after.saturating_add(1), pruned });
    }
    range(connection)
}

fn range(connection: &Connection) -> Result<Option<(Seq, Seq)>, JournalError> {
    let mut select = connection.prepare_cached(RANGE)?;
    let range = select.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
    let range = range.optional()?;
    Ok(range.map(|(first, last)| (first.unsigned_abs(), last.unsigned_abs())))
}

/// Shows all blocks, and of which events they are.
pub(super) fn show_all(connection: &Connection, each: RowSink<'_>) -> Result<(), JournalError> {
    let mut select = connection.prepare(ALL)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let location: String = row.get(0)?;
        let chunk = row.get::<_, i64>(1)?.unsigned_abs();
        let blocks = row.get::<_, i64>(2)?.cast_unsigned();
        each(&CheckpointRow::LocationBlocks { location: &location, chunk, blocks })?;
    }
    let range = range(connection)?;
    range.map_or(Ok(()), |(first, last)| each(&CheckpointRow::LocationBlocksOf { first, last }))
}

/// Deletes the blocks of events up to this one, once a segment contains no others.
pub(super) fn prune(connection: &Connection, upto: i64) -> Result<(), rusqlite::Error> {
    let segment = segment_of(chunk_of(upto.unsigned_abs()));
    connection.prepare_cached(PRUNE)?.execute([segment])?;
    Ok(())
}

/// Deletes the blocks of a location; none of its events is after `head`.
pub(super) fn erase(
    connection: &Connection,
    location: &str,
    head: Seq,
) -> Result<(), rusqlite::Error> {
    let mut delete = connection.prepare_cached(ERASE)?;
    for segment in 0..=segment_of(chunk_of(head)) {
        delete.execute((segment, location))?;
    }
    Ok(())
}

/// Adds the blocks of the events that the checkpoint of an older file covers.
pub(super) fn fill(connection: &Connection) -> Result<(), JournalError> {
    let pruned = events::pruned(connection)?;
    let saved: i64 = connection.query_row(SAVED, [], |row| row.get(0))?;
    let mut select = connection.prepare(LOCATIONS)?;
    let mut rows = select.query((pruned.cast_signed(), saved))?;
    let (mut blocks, mut segment) = (LocationBlocks::default(), 0);
    while let Some(row) = rows.next()? {
        let seq = row.get::<_, i64>(0)?.unsigned_abs();
        let next = segment_of(chunk_of(seq));
        if next != segment {
            save(connection, &blocks)?;
            blocks.clear();
            segment = next;
        }
        let location = row
            .get_ref(1)?
            .as_str()
            .map_err(|error| JournalError::DamagedEvent { seq, reason: error.to_string() })?;
        blocks.add(location, seq);
    }
    save(connection, &blocks)
}

fn save(connection: &Connection, blocks: &LocationBlocks) -> Result<(), JournalError> {
    let mut save = connection.prepare_cached(SAVE)?;
    let mut save_range = connection.prepare_cached(SAVE_RANGE)?;
    blocks.put(&mut |row| {
        match *row {
            CheckpointRow::LocationBlocks { location, chunk, blocks } => {
                save.execute(columns(location, chunk, blocks))?;
            }
            CheckpointRow::LocationBlocksOf { first, last } => {
                save_range.execute((first.cast_signed(), last.cast_signed()))?;
            }
            _ => {}
        }
        Ok(())
    })
}

/// Returns the parameters of [`SAVE`].
pub(super) fn columns(location: &str, chunk: u64, blocks: u64) -> (i64, &str, i64, i64) {
    (segment_of(chunk), location, chunk.cast_signed(), blocks.cast_signed())
}
