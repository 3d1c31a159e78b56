//! Old events leave, the checkpoint stands for them.

use rusqlite::{Connection, TransactionBehavior};

use super::super::{Accepted, JournalError};
use super::history;
use crate::model::{Seq, Timestamp};

const PRUNED: &str = "SELECT ifnull(max(seq), 0) FROM pruned";

/// The first event that stays, among those looked at.
const FIRST_KEPT: &str = "SELECT seq FROM event \
    WHERE seq > ?1 AND seq <= ?2 AND received_at >= ?3 ORDER BY seq LIMIT 1";

const REMEMBER: &str = "INSERT INTO pruned_delivery (seq, location, webhook_id, received_at) \
    SELECT seq, location, webhook_id, received_at FROM event \
    WHERE seq <= ?1 AND webhook_id IS NOT NULL AND received_at >= ?2";

/// Ids come in by seq: those to forget are the first, up to one that is young.
const FORGET: &str = "DELETE FROM pruned_delivery WHERE seq < ifnull(\
    (SELECT seq FROM pruned_delivery WHERE received_at >= ?1 ORDER BY seq LIMIT 1), \
    9223372036854775807)";

const ACCEPTED: &str = "SELECT seq, location, webhook_id, received_at FROM pruned_delivery \
    WHERE received_at >= ?1 \
    UNION ALL SELECT seq, location, webhook_id, received_at FROM event \
    WHERE seq >= ?2 AND webhook_id IS NOT NULL AND received_at >= ?1 ORDER BY seq";

pub(super) fn pruned(connection: &Connection) -> Result<Seq, JournalError> {
    let seq: i64 = connection.prepare_cached(PRUNED)?.query_row([], |row| row.get(0))?;
    Ok(seq.unsigned_abs())
}

pub(super) fn prune(
    connection: &mut Connection,
    before: Timestamp,
    remember: Timestamp,
    limit: u32,
) -> Result<Seq, JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = pruned(&transaction)?.cast_signed();
    let checkpoint: i64 =
        transaction
            .query_row("SELECT ifnull(max(seq), 0) FROM checkpoint", [], |row| row.get(0))?;
    let end = checkpoint.min(from.saturating_add(i64::from(limit)));
    let kept = transaction
        .prepare_cached(FIRST_KEPT)?
        .query_map([from, end, before.as_millis()], |row| row.get::<_, i64>(0))?
        .next()
        .transpose()?;
    let upto = kept.map_or(end, |kept| kept - 1);
    if upto > from {
        transaction.execute(REMEMBER, [upto, remember.as_millis()])?;
        transaction.execute("DELETE FROM event WHERE seq <= ?1", [upto])?;
        transaction.execute("DELETE FROM mentions WHERE last <= ?1", [upto])?;
        transaction.execute("DELETE FROM repeat WHERE seq <= ?1", [upto])?;
        transaction.execute("DELETE FROM idle_event WHERE seq <= ?1", [upto])?;
        transaction.execute("INSERT OR REPLACE INTO pruned (only, seq) VALUES (1, ?1)", [upto])?;
    }
    transaction.execute(FORGET, [remember.as_millis()])?;
    transaction.commit()?;
    Ok(upto.max(from).unsigned_abs())
}

pub(super) fn accepted(
    connection: &Connection,
    since: Timestamp,
    each: &mut dyn FnMut(Accepted<'_>),
) -> Result<(), JournalError> {
    let first = history::first_since(connection, since)?.cast_signed();
    let mut select = connection.prepare(ACCEPTED)?;
    let mut rows = select.query([since.as_millis(), first])?;
    while let Some(row) = rows.next()? {
        let text = |column| -> Result<&str, JournalError> {
            row.get_ref(column)?.as_str().map_err(|error| JournalError::DamagedEvent {
                seq: row.get::<_, i64>(0).unwrap_or_default().unsigned_abs(),
                reason: error.to_string(),
            })
        };
        each(Accepted {
            seq: row.get::<_, i64>(0)?.unsigned_abs(),
            location: text(1)?,
            webhook_id: text(2)?,
            received_at: Timestamp::from_millis(row.get(3)?),
        });
    }
    Ok(())
}
