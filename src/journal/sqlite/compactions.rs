//! The `compaction` table.

use rusqlite::{Connection, TransactionBehavior};

use crate::journal::checkpoint::Compaction;
use crate::journal::error::JournalError;
use crate::journal::sqlite::state_table::check;
use crate::model::{Seq, Timestamp};

const RECORD: &str = "INSERT OR REPLACE INTO compaction (at, location, upto, checksum) \
    VALUES (?1, ?2, ?3, row_checksum(?1, ?2, ?3))";
const SELECT_FROM: &str = "SELECT at, location, upto, checksum FROM compaction \
    WHERE at >= ?1 ORDER BY at, location";
const CAME_BEFORE: &str =
    "SELECT seq FROM pruned_before WHERE before <= ?1 ORDER BY before DESC LIMIT 1";
const FORGET_BEFORE: &str = "DELETE FROM pruned_before WHERE before < ?1";
const NOTE_PRUNED: &str = "INSERT INTO pruned_before VALUES (?1, ?2) \
    ON CONFLICT (before) DO UPDATE SET seq = max(seq, excluded.seq)";
// The condition on the key changes nothing; it says that reading all rows is intended.
const FORGET_LOCATION: &str = "DELETE FROM compaction WHERE at >= 0 AND location = ?1";
const FORGET_PRUNED: &str = "DELETE FROM compaction WHERE at < ?1";

/// A full hour, in milliseconds.
const HOUR: i64 = 3_600_000;

/// How long the times of receipt of pruned events are known: ten years.
const KNOWN: i64 = 10 * 365 * 24 * HOUR;

pub(super) fn record(
    connection: &mut Connection,
    compaction: &Compaction,
) -> Result<(), JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    insert(&transaction, compaction)?;
    transaction.commit()?;
    Ok(())
}

/// Records a compaction, within a transaction.
pub(super) fn insert(
    transaction: &Connection,
    compaction: &Compaction,
) -> Result<(), rusqlite::Error> {
    let Compaction { location, at, upto } = compaction;
    let columns = (at.cast_signed(), location, upto.cast_signed());
    transaction.prepare_cached(RECORD)?.execute(columns)?;
    Ok(())
}

pub(super) fn load(connection: &Connection, from: Seq) -> Result<Vec<Compaction>, JournalError> {
    let mut select = connection.prepare_cached(SELECT_FROM)?;
    let mut rows = select.query([from.cast_signed()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let at = row.get::<_, i64>(0)?.unsigned_abs();
        check(row, Some(3)).map_err(|_| {
            let reason = "the compaction noted behind it has another checksum".to_owned();
            JournalError::DamagedEvent { seq: at, reason }
        })?;
        let upto = row.get::<_, i64>(2)?.unsigned_abs();
        found.push(Compaction { location: row.get(1)?, at, upto });
    }
    Ok(found)
}

pub(super) fn forget_location(
    connection: &Connection,
    location: &str,
) -> Result<(), rusqlite::Error> {
    connection.execute(FORGET_LOCATION, [location])?;
    Ok(())
}

/// Records that events up to this one are pruned and were received before a time, and
/// deletes the compactions before them: no replay begins there.
pub(super) fn prune(
    connection: &Connection,
    upto: i64,
    before: Timestamp,
) -> Result<(), rusqlite::Error> {
    let hour = before.as_millis().div_euclid(HOUR).saturating_add(1).saturating_mul(HOUR);
    note_pruned(connection, Timestamp::from_millis(hour), upto.unsigned_abs())?;
    connection.prepare_cached(FORGET_BEFORE)?.execute([hour.saturating_sub(KNOWN)])?;
    connection.prepare_cached(FORGET_PRUNED)?.execute([upto])?;
    Ok(())
}

/// Records that events up to this one are pruned and were received before a full hour.
pub(super) fn note_pruned(
    connection: &Connection,
    hour: Timestamp,
    upto: Seq,
) -> Result<(), rusqlite::Error> {
    connection.prepare_cached(NOTE_PRUNED)?.execute((hour.as_millis(), upto.cast_signed()))?;
    Ok(())
}

/// Returns all that [`note_pruned`] has recorded.
pub(super) fn pruned_times(connection: &Connection) -> Result<Vec<(Timestamp, Seq)>, JournalError> {
    let mut select = connection.prepare("SELECT before, seq FROM pruned_before ORDER BY before")?;
    let times = select.query_map([], |row| {
        Ok((Timestamp::from_millis(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs()))
    })?;
    Ok(times.collect::<Result<_, _>>()?)
}

/// Returns the last pruned event that is known to have been received before this time.
pub(super) fn pruned_before(connection: &Connection, time: Timestamp) -> Result<Seq, JournalError> {
    let mut select = connection.prepare_cached(CAME_BEFORE)?;
    let mut rows = select.query([time.as_millis()])?;
    Ok(rows.next()?.map_or(Ok(0), |row| row.get::<_, i64>(0))?.unsigned_abs())
}
