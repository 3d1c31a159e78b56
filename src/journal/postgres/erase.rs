//! Erasing a location from the database.

use crate::journal::entry::JournalEntry;
use crate::journal::error::JournalError;
use crate::journal::postgres::checkpoint::save;
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::events::{bound, seq, text};
use crate::journal::postgres::{dead_letters, delivery_blocks, events};
use crate::journal::writer::{Erased, RecordedErasure};
use crate::model::{Seq, Timestamp};

const SEQS: &str = "SELECT seq FROM event \
    WHERE seq > $1 AND seq <= $2 AND location = $3 ORDER BY seq";
const RECEIVED_AT: &str = "SELECT seq, received_at FROM event WHERE seq = ANY ($1) ORDER BY seq";
const BLANK: &str = "UPDATE event SET location = '', type = '', entity = '', webhook_id = NULL, \
    at = NULL, body = '', checksum = b.checksum \
    FROM unnest($1::int8[], $2::int8[]) AS b (seq, checksum) WHERE event.seq = b.seq";
const RUNS: &str = "DELETE FROM skip_block WHERE EXISTS (SELECT 1 FROM unnest($1::int8[]) \
    AS s (seq) WHERE s.seq BETWEEN first AND last) RETURNING first, last";
const RECORD: &str = "WITH now AS (UPDATE store SET revision = revision + 1 RETURNING revision) \
    INSERT INTO erasure (revision, at, location, seqs) SELECT revision, $1, $2, $3 FROM now";
const RECORDED: &str = "SELECT revision, at, location, seqs FROM erasure \
    WHERE revision > $1 ORDER BY revision LIMIT 64";
const DELIVERIES: &str = "DELETE FROM pruned_delivery WHERE location = $1 RETURNING seq";

/// Adds the events of a location after `after` and up to `upto` to `found`.
pub(super) fn seqs_of(
    session: &mut Session,
    location: &str,
    after: Seq,
    upto: Seq,
    found: &mut Vec<Seq>,
) -> Result<(), JournalError> {
    let mut rows = session.rows(SEQS, &[&bound(after), &bound(upto), &location.as_bytes()])?;
    while let Some(row) = rows.next()? {
        found.push(seq(&row, 0)?);
    }
    Ok(())
}

/// Erases a location: of each of its events only the position and the time of receipt are
/// left.
pub(super) fn erase(
    session: &mut Session,
    location: &str,
    known: &[Seq],
    upto: Seq,
) -> Result<Erased, JournalError> {
    let mut seqs = known.to_vec();
    let head = events::head(session)?;
    seqs_of(session, location, upto, head, &mut seqs)?;
    blank_events(session, &mut seqs)?;
    let mut erased = Erased { events: seqs.len() as u64, seqs, ..Erased::default() };
    erased.dead_letters = dead_letters::delete_of(session, location)?;
    let id = location.as_bytes();
    session.execute("DELETE FROM location_block WHERE location = $1", &[&id])?;
    session.execute("DELETE FROM compaction WHERE location = $1", &[&id])?;
    let places: Vec<i64> = erased.seqs.iter().copied().map(bound).collect();
    session.execute("DELETE FROM redelivery WHERE seq = ANY ($1)", &[&places])?;
    session.execute("DELETE FROM no_op WHERE seq = ANY ($1)", &[&places])?;
    for row in session.query(RUNS, &[&places])? {
        erased.runs.push((seq(&row, 0)?, seq(&row, 1)?));
    }
    erased.runs.sort_unstable();
    let mut deliveries = Vec::new();
    for row in session.query(DELIVERIES, &[&id])? {
        deliveries.push(seq(&row, 0)?);
    }
    deliveries.sort_unstable();
    // Pruned events are before those that are left.
    erased.seqs.splice(..0, deliveries);
    delivery_blocks::erase(session, &erased.seqs)?;
    if !erased.seqs.is_empty() {
        session.execute("DELETE FROM import_mark", &[])?;
    }
    save::forget_location(session, location)?;
    let places: Vec<i64> = erased.seqs.iter().copied().map(bound).collect();
    session.execute(RECORD, &[&bound(head), &id, &places])?;
    Ok(erased)
}

/// Returns erasures after this revision, in order.
pub(super) fn recorded(
    session: &mut Session,
    after: u64,
) -> Result<Vec<RecordedErasure>, JournalError> {
    let rows = session.query(RECORDED, &[&bound(after)])?;
    let erasure = |row| {
        let (revision, at) = (seq(row, 0)?, seq(row, 1)?);
        let location = text(row, 2);
        let location = location.map_err(|reason| JournalError::DamagedEvent { seq: at, reason })?;
        let seqs: Vec<i64> = row.try_get(3)?;
        let seqs = seqs.into_iter().map(i64::unsigned_abs).collect();
        Ok(RecordedErasure { revision, location: location.into(), at, seqs })
    };
    rows.iter().map(erasure).collect()
}

/// Returns how often a location was erased.
pub(super) fn erasures(session: &mut Session) -> Result<u64, JournalError> {
    seq(&session.one("SELECT count(*) FROM erasure", &[])?, 0)
}

/// Empties these events, except those that have been pruned.
fn blank_events(session: &mut Session, seqs: &mut Vec<Seq>) -> Result<(), JournalError> {
    let places: Vec<i64> = seqs.iter().copied().map(bound).collect();
    let (mut found, mut checksums) = (Vec::new(), Vec::new());
    for row in session.query(RECEIVED_AT, &[&places])? {
        let place = seq(&row, 0)?;
        let entry = JournalEntry::erased(Timestamp::from_millis(row.try_get(1)?));
        found.push(bound(place));
        checksums.push(entry.checksum(place));
    }
    session.execute(BLANK, &[&found, &checksums])?;
    *seqs = found.into_iter().map(i64::unsigned_abs).collect();
    Ok(())
}
