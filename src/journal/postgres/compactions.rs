//! The `compaction` table, and when pruned events were received.

use tokio_postgres::Row;

use crate::journal::checkpoint::Compaction;
use crate::journal::error::JournalError;
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::events::{bound, seq, text};
use crate::model::{Seq, Timestamp};

const RECORD: &str = "INSERT INTO compaction (at, upto, location) VALUES ($1, $2, $3) \
    ON CONFLICT (at, location) DO UPDATE SET upto = excluded.upto";
const SELECT_FROM: &str =
    "SELECT at, upto, location FROM compaction WHERE at >= $1 ORDER BY at, location";
const CAME_BEFORE: &str =
    "SELECT seq FROM pruned_before WHERE before <= $1 ORDER BY before DESC LIMIT 1";
const NOTE_PRUNED: &str = "INSERT INTO pruned_before (before, seq) VALUES ($1, $2) \
    ON CONFLICT (before) DO UPDATE SET seq = greatest(pruned_before.seq, excluded.seq)";

/// A full hour, in milliseconds.
const HOUR: i64 = 3_600_000;

/// How long the times of receipt of pruned events are known: ten years.
const KNOWN: i64 = 10 * 365 * 24 * HOUR;

/// Records a compaction.
pub(super) fn record(session: &mut Session, compaction: &Compaction) -> Result<(), JournalError> {
    let Compaction { location, at, upto } = compaction;
    session.execute(RECORD, &[&bound(*at), &bound(*upto), &location.as_bytes()])?;
    session.execute("UPDATE store SET revision = revision + 1", &[])?;
    Ok(())
}

/// Returns the compactions after this entry and later ones.
pub(super) fn load(session: &mut Session, from: Seq) -> Result<Vec<Compaction>, JournalError> {
    let rows = session.query(SELECT_FROM, &[&bound(from)])?;
    let compaction = |row| {
        let at = seq(row, 0)?;
        let location = text(row, 2);
        let location = location.map_err(|reason| JournalError::DamagedEvent { seq: at, reason })?;
        Ok(Compaction { location: location.into(), at, upto: seq(row, 1)? })
    };
    rows.iter().map(compaction).collect()
}

/// Records that events up to this one are pruned and were received before a time, and
/// deletes the compactions before them: no replay begins there.
pub(super) fn prune(
    session: &mut Session,
    upto: Seq,
    before: Timestamp,
) -> Result<(), JournalError> {
    let hour = before.as_millis().div_euclid(HOUR).saturating_add(1).saturating_mul(HOUR);
    note_pruned(session, Timestamp::from_millis(hour), upto)?;
    session
        .execute("DELETE FROM pruned_before WHERE before < $1", &[&hour.saturating_sub(KNOWN)])?;
    session.execute("DELETE FROM compaction WHERE at < $1", &[&bound(upto)])?;
    Ok(())
}

/// Records that events up to this one are pruned and were received before a full hour.
pub(super) fn note_pruned(
    session: &mut Session,
    hour: Timestamp,
    upto: Seq,
) -> Result<(), JournalError> {
    session.execute(NOTE_PRUNED, &[&hour.as_millis(), &bound(upto)])?;
    Ok(())
}

/// Returns all that [`note_pruned`] has recorded.
pub(super) fn pruned_times(session: &mut Session) -> Result<Vec<(Timestamp, Seq)>, JournalError> {
    let rows = session.query("SELECT before, seq FROM pruned_before ORDER BY before", &[])?;
    let time = |row: &Row| Ok((Timestamp::from_millis(row.try_get(0)?), seq(row, 1)?));
    rows.iter().map(time).collect()
}

/// Returns the last pruned event that is known to have been received before this time.
pub(super) fn pruned_before(session: &mut Session, time: Timestamp) -> Result<Seq, JournalError> {
    session.optional(CAME_BEFORE, &[&time.as_millis()])?.map_or(Ok(0), |row| seq(&row, 0))
}
