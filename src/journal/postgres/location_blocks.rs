//! Which blocks of the journal contain events of each location.

use std::ops::RangeInclusive;

use postgres::Row;

use crate::journal::error::JournalError;
use crate::journal::location_blocks::{
    chunk_of, first_set_range, last_range as last_range_of, last_set_range,
};
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::events::{bound, seq};
use crate::model::{SEQ_MAX, Seq};

const SAVE: &str = "INSERT INTO location_block (chunk, blocks, location) VALUES ($1, $2, $3) \
    ON CONFLICT (location, chunk) DO UPDATE SET blocks = location_block.blocks | excluded.blocks";
/// Adds events to those covered; after a gap, in place of them.
const COVER: &str = "UPDATE store SET \
    blocks_first = CASE WHEN $1 > blocks_last + 1 OR blocks_first IS NULL THEN $1 \
        ELSE blocks_first END, \
    blocks_last = CASE WHEN $1 > blocks_last + 1 OR blocks_last IS NULL THEN $2 \
        ELSE greatest(blocks_last, $2) END";
const COVERED: &str = "SELECT pruned, blocks_first, blocks_last FROM store";
const NEXT: &str = "SELECT chunk, blocks FROM location_block \
    WHERE location = $1 AND chunk >= $2 ORDER BY chunk LIMIT 2";
const LAST: &str = "SELECT chunk, blocks FROM location_block \
    WHERE location = $1 AND chunk <= $2 ORDER BY chunk DESC LIMIT 2";

/// Adds blocks of a chunk.
pub(super) fn save(
    session: &mut Session,
    location: &str,
    chunk: u64,
    blocks: u64,
) -> Result<(), JournalError> {
    session.execute(SAVE, &[&bound(chunk), &blocks.cast_signed(), &location.as_bytes()])?;
    Ok(())
}

/// Records that the blocks of these events are known.
pub(super) fn cover(session: &mut Session, first: Seq, last: Seq) -> Result<(), JournalError> {
    session.execute(COVER, &[&bound(first), &bound(last)])?;
    Ok(())
}

/// Returns the next entries after `after` that may be of a location; the last of them need
/// not exist.
pub(super) fn next_range(
    session: &mut Session,
    location: &str,
    after: Seq,
) -> Result<RangeInclusive<Seq>, JournalError> {
    let from = after.saturating_add(1);
    let Some((first, last)) = covered(session, after)? else { return Ok(from..=SEQ_MAX) };
    if from < first {
        return Ok(from..=first - 1);
    }
    if from > last {
        return Ok(from..=SEQ_MAX);
    }
    // The first of the two may have blocks before these events alone.
    for row in session.query(NEXT, &[&location.as_bytes(), &bound(chunk_of(from))])? {
        let (chunk, blocks) = chunk(&row)?;
        if let Some(found) = first_set_range(chunk, blocks, from) {
            return Ok(found);
        }
    }
    Ok(last + 1..=SEQ_MAX)
}

/// Returns the last entries after `after` and up to `upto` that may be of a location.
pub(super) fn last_range(
    session: &mut Session,
    location: &str,
    after: Seq,
    upto: Seq,
) -> Result<Option<RangeInclusive<Seq>>, JournalError> {
    let covered = covered(session, after)?;
    last_range_of(covered, after, upto, |_| {
        for row in session.query(LAST, &[&location.as_bytes(), &bound(chunk_of(upto))])? {
            let (chunk, blocks) = chunk(&row)?;
            if let Some(found) = last_set_range(chunk, blocks, upto) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    })
}

fn chunk(row: &Row) -> Result<(u64, u64), JournalError> {
    Ok((seq(row, 0)?, row.try_get::<_, i64>(1)?.cast_unsigned()))
}

/// Returns the first and the last of the events that are covered. Fails if the one that
/// follows `after` was pruned.
fn covered(session: &mut Session, after: Seq) -> Result<Option<(Seq, Seq)>, JournalError> {
    let row = session.one(COVERED, &[])?;
    let pruned = seq(&row, 0)?;
    if after < pruned {
        return Err(JournalError::PrunedWhileReading { seq: after.saturating_add(1), pruned });
    }
    let ends: (Option<i64>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
    Ok(ends.0.zip(ends.1).map(|(first, last)| (first.unsigned_abs(), last.unsigned_abs())))
}
