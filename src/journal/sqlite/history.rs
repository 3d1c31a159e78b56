//! Finding the events of one thing, and of one time.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension, Row};

use crate::journal::checkpoint::{CheckpointRow, RowSink, SkipBlock};
use crate::journal::error::JournalError;
use crate::journal::sqlite::events;
use crate::journal::sqlite::state_table::damaged;
use crate::model::{Seq, Timestamp};

const NEXT_SKIP_BLOCK: &str = "SELECT first, last, hashes FROM mentions \
    WHERE first >= ifnull((SELECT max(first) FROM mentions WHERE first <= ?1), 0) \
    AND last >= ?1 ORDER BY first LIMIT 1";
const LAST_SKIP_BLOCK: &str = "SELECT first, last, hashes FROM mentions \
    WHERE first <= ?1 ORDER BY first DESC LIMIT 1";
const REDELIVERIES: &str = "SELECT times FROM repeat WHERE seq = ?1";
const NO_OPS: &str = "SELECT seq FROM idle_event WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq";
/// Two selects: for both ends in one, SQLite reads every row between them.
const ENDS: &str = "SELECT ifnull((SELECT min(seq) FROM event), 1), \
    ifnull((SELECT max(seq) FROM event), 0) + 1";
const RECEIVED_AT: &str = "SELECT received_at FROM event WHERE seq = ?1";

/// Shows all that the checkpoint says of events, except where those of each location are.
pub(super) fn show_notes(connection: &Connection, each: RowSink<'_>) -> Result<(), JournalError> {
    let seq = |row: &Row<'_>, column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let mut select =
        connection.prepare("SELECT first, last, hashes FROM mentions ORDER BY first")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let hashes = row.get_ref(2)?.as_blob().map_err(|error| damaged(&error.to_string()))?;
        each(&CheckpointRow::SkipIndex { first: seq(row, 0)?, last: seq(row, 1)?, hashes })?;
    }
    let mut select = connection.prepare("SELECT seq, times FROM repeat ORDER BY seq")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        each(&CheckpointRow::Redeliveries { seq: seq(row, 0)?, times: seq(row, 1)? })?;
    }
    let mut select = connection.prepare("SELECT seq FROM idle_event ORDER BY seq")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        each(&CheckpointRow::NoOp { seq: seq(row, 0)? })?;
    }
    Ok(())
}

pub(super) fn next_skip_block(
    connection: &Connection,
    after: Seq,
) -> Result<Option<SkipBlock>, JournalError> {
    skip_block(connection, NEXT_SKIP_BLOCK, after.saturating_add(1))
}

pub(super) fn last_skip_block(
    connection: &Connection,
    upto: Seq,
) -> Result<Option<SkipBlock>, JournalError> {
    skip_block(connection, LAST_SKIP_BLOCK, upto)
}

fn skip_block(
    connection: &Connection,
    select: &str,
    at: Seq,
) -> Result<Option<SkipBlock>, JournalError> {
    let at = i64::try_from(at).unwrap_or(i64::MAX);
    let mut select = connection.prepare_cached(select)?;
    let run = |row: &Row<'_>| {
        let seq = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
        let hashes = row.get_ref(2)?.as_blob()?.into();
        Ok(SkipBlock { first: seq(0)?, last: seq(1)?, hashes })
    };
    Ok(select.query_row([at], run).optional()?)
}

pub(super) fn redeliveries(connection: &Connection, seq: Seq) -> Result<u64, JournalError> {
    let mut select = connection.prepare_cached(REDELIVERIES)?;
    let times: Option<i64> = select.query_row([seq.cast_signed()], |row| row.get(0)).optional()?;
    Ok(times.unwrap_or(0).unsigned_abs())
}

pub(super) fn no_ops(
    connection: &Connection,
    entries: &RangeInclusive<Seq>,
) -> Result<Vec<Seq>, JournalError> {
    let bound = |seq: &Seq| i64::try_from(*seq).unwrap_or(i64::MAX);
    let mut select = connection.prepare_cached(NO_OPS)?;
    let bounds = [bound(entries.start()), bound(entries.end())];
    let found = select.query_map(bounds, |row| row.get::<_, i64>(0).map(i64::unsigned_abs))?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn received_at(
    connection: &Connection,
    seq: Seq,
) -> Result<Option<Timestamp>, JournalError> {
    let mut select = connection.prepare_cached(RECEIVED_AT)?;
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    let at: Option<i64> = select.query_row([seq], |row| row.get(0)).optional()?;
    Ok(at.map(Timestamp::from_millis))
}

/// Returns the first event that was received at this time or later, or the one after the
/// last. Uses a binary search: events are in the order of time, unless the clock was set.
pub(super) fn first_since(connection: &Connection, since: Timestamp) -> Result<Seq, JournalError> {
    let (mut low, mut high): (i64, i64) =
        connection.prepare_cached(ENDS)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut received_at = connection.prepare_cached(RECEIVED_AT)?;
    while low < high {
        let middle = low + (high - low) / 2;
        let at: Option<i64> = received_at.query_row([middle], |row| row.get(0)).optional()?;
        let Some(at) = at else {
            let reason = "it is missing".to_owned();
            match events::missing(connection, middle.unsigned_abs(), reason) {
                // The first one that is left is a later one.
                JournalError::PrunedWhileReading { pruned, .. } => {
                    low = pruned.cast_signed() + 1;
                    continue;
                }
                error => return Err(error),
            }
        };
        if at < since.as_millis() {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low.unsigned_abs())
}
