//! What the checkpoint says of events: which things they name, which changed nothing, and how
//! often they were delivered again.

use std::ops::RangeInclusive;

use crate::journal::checkpoint::{CheckpointRow, RowSink, SkipBlock};
use crate::journal::error::JournalError;
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::events::{bound, seq};
use crate::model::Seq;

const NEXT: &str = "SELECT first, last, hashes FROM skip_block \
    WHERE first >= coalesce((SELECT max(first) FROM skip_block WHERE first <= $1), 0) \
    AND last >= $1 ORDER BY first LIMIT 1";
const LAST: &str = "SELECT first, last, hashes FROM skip_block \
    WHERE first <= $1 ORDER BY first DESC LIMIT 1";
const REDELIVERIES: &str = "SELECT times FROM redelivery WHERE seq = $1";
const NO_OPS: &str = "SELECT seq FROM no_op WHERE seq BETWEEN $1 AND $2 ORDER BY seq";

/// Shows all that the checkpoint says of events, except where those of each location are.
pub(super) fn show_all(session: &mut Session, each: RowSink<'_>) -> Result<(), JournalError> {
    let mut rows =
        session.rows("SELECT first, last, hashes FROM skip_block ORDER BY first", &[])?;
    while let Some(row) = rows.next()? {
        let (first, last, hashes) = (seq(&row, 0)?, seq(&row, 1)?, row.try_get(2)?);
        each(&CheckpointRow::SkipIndex { first, last, hashes })?;
    }
    drop(rows);
    let mut rows = session.rows("SELECT seq, times FROM redelivery ORDER BY seq", &[])?;
    while let Some(row) = rows.next()? {
        each(&CheckpointRow::Redeliveries { seq: seq(&row, 0)?, times: seq(&row, 1)? })?;
    }
    drop(rows);
    let mut rows = session.rows("SELECT seq FROM no_op ORDER BY seq", &[])?;
    while let Some(row) = rows.next()? {
        each(&CheckpointRow::NoOp { seq: seq(&row, 0)? })?;
    }
    Ok(())
}

/// Returns the first block of the skip index that ends after `after`.
pub(super) fn next_skip_block(
    session: &mut Session,
    after: Seq,
) -> Result<Option<SkipBlock>, JournalError> {
    skip_block(session, NEXT, after.saturating_add(1))
}

/// Returns the last block of the skip index that begins at `upto` or before.
pub(super) fn last_skip_block(
    session: &mut Session,
    upto: Seq,
) -> Result<Option<SkipBlock>, JournalError> {
    skip_block(session, LAST, upto)
}

fn skip_block(
    session: &mut Session,
    select: &'static str,
    at: Seq,
) -> Result<Option<SkipBlock>, JournalError> {
    let Some(row) = session.optional(select, &[&bound(at)])? else { return Ok(None) };
    let hashes: &[u8] = row.try_get(2)?;
    Ok(Some(SkipBlock { first: seq(&row, 0)?, last: seq(&row, 1)?, hashes: hashes.into() }))
}

/// Returns how often the delivery of this entry was repeated.
pub(super) fn redeliveries(session: &mut Session, of: Seq) -> Result<u64, JournalError> {
    session.optional(REDELIVERIES, &[&bound(of)])?.map_or(Ok(0), |row| seq(&row, 0))
}

/// Returns those of these entries that changed nothing.
pub(super) fn no_ops(
    session: &mut Session,
    entries: &RangeInclusive<Seq>,
) -> Result<Vec<Seq>, JournalError> {
    let mut found = Vec::new();
    let mut rows = session.rows(NO_OPS, &[&bound(*entries.start()), &bound(*entries.end())])?;
    while let Some(row) = rows.next()? {
        found.push(seq(&row, 0)?);
    }
    Ok(found)
}
