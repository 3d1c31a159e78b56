//! Which blocks of the journal contain events of each location.

use std::ops::RangeInclusive;

use tokio_postgres::Row;

use crate::journal::checkpoint::{CheckpointRow, RowSink};
use crate::journal::error::JournalError;
use crate::journal::location_blocks::{
    chunk_of, first_set_range, last_range as last_range_of, last_set_range,
};
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::events::{bound, seq, text};
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
const ALL: &str = "SELECT chunk, blocks, location FROM location_block ORDER BY chunk, location";
/// Both in one statement, which sees one moment: what is covered may be replaced by another
/// process, and blocks that are gone since would be missed.
const NEXT: &str = "SELECT pruned, blocks_first, blocks_last, chunk, blocks FROM store \
    LEFT JOIN LATERAL (SELECT chunk, blocks FROM location_block \
    WHERE location = $1 AND chunk >= $2 ORDER BY chunk LIMIT 2) AS b ON true ORDER BY chunk";
const LAST: &str = "SELECT pruned, blocks_first, blocks_last, chunk, blocks FROM store \
    LEFT JOIN LATERAL (SELECT chunk, blocks FROM location_block \
    WHERE location = $1 AND chunk <= $2 ORDER BY chunk DESC LIMIT 2) AS b ON true \
    ORDER BY chunk DESC";

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

/// Shows all blocks, and of which events they are.
pub(super) fn show_all(session: &mut Session, each: RowSink<'_>) -> Result<(), JournalError> {
    let mut rows = session.rows(ALL, &[])?;
    while let Some(row) = rows.next()? {
        let (chunk, blocks): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let (chunk, blocks) = (chunk.unsigned_abs(), blocks.cast_unsigned());
        let location =
            text(&row, 2).map_err(|reason| JournalError::DamagedCheckpoint { reason })?;
        each(&CheckpointRow::LocationBlocks { location, chunk, blocks })?;
    }
    drop(rows);
    let covered = covered(&session.one(COVERED, &[])?)?;
    covered.map_or(Ok(()), |(first, last)| each(&CheckpointRow::LocationBlocksOf { first, last }))
}

/// Returns the next entries after `after` that may be of a location; the last of them need
/// not exist.
pub(super) fn next_range(
    session: &mut Session,
    location: &str,
    after: Seq,
) -> Result<RangeInclusive<Seq>, JournalError> {
    let from = after.saturating_add(1);
    let known = Known::read(session, NEXT, location, from, after)?;
    let Some((first, last)) = known.covered else { return Ok(from..=SEQ_MAX) };
    if from < first {
        return Ok(from..=first - 1);
    }
    if from > last {
        return Ok(from..=SEQ_MAX);
    }
    // The first of the two may have blocks before these events alone.
    let mut found = known.chunks.iter();
    let found = found.find_map(|(chunk, blocks)| first_set_range(*chunk, *blocks, from));
    Ok(found.unwrap_or(last + 1..=SEQ_MAX))
}

/// Returns the last entries after `after` and up to `upto` that may be of a location.
pub(super) fn last_range(
    session: &mut Session,
    location: &str,
    after: Seq,
    upto: Seq,
) -> Result<Option<RangeInclusive<Seq>>, JournalError> {
    let known = Known::read(session, LAST, location, upto, after)?;
    last_range_of(known.covered, after, upto, |_| {
        let mut found = known.chunks.iter();
        Ok(found.find_map(|(chunk, blocks)| last_set_range(*chunk, *blocks, upto)))
    })
}

/// What is known of where the entries of a location are.
struct Known {
    /// The first and the last of the events that are covered.
    covered: Option<(Seq, Seq)>,
    /// Up to two chunks that have some, and their blocks, from the nearest on.
    chunks: Vec<(u64, u64)>,
}

impl Known {
    /// Reads what is known from an entry on, in the direction of the statement. Fails if the
    /// entry that follows `after` was pruned.
    fn read(
        session: &mut Session,
        select: &'static str,
        location: &str,
        from: Seq,
        after: Seq,
    ) -> Result<Self, JournalError> {
        let chunk = bound(chunk_of(from));
        let rows = session.query(select, &[&location.as_bytes(), &chunk])?;
        let mut known = Self { covered: None, chunks: Vec::new() };
        for row in rows {
            let pruned = seq(&row, 0)?;
            if after < pruned {
                let seq = after.saturating_add(1);
                return Err(JournalError::PrunedWhileReading { seq, pruned });
            }
            known.covered = covered(&row)?;
            let chunk: (Option<i64>, Option<i64>) = (row.try_get(3)?, row.try_get(4)?);
            known.chunks.extend(
                chunk
                    .0
                    .zip(chunk.1)
                    .map(|(chunk, blocks)| (chunk.unsigned_abs(), blocks.cast_unsigned())),
            );
        }
        Ok(known)
    }
}

/// Returns the first and the last of the events that are covered, as the second and the third
/// column have them.
fn covered(row: &Row) -> Result<Option<(Seq, Seq)>, JournalError> {
    let ends: (Option<i64>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
    Ok(ends.0.zip(ends.1).map(|(first, last)| (first.unsigned_abs(), last.unsigned_abs())))
}
