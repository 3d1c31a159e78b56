//! Deleting old events that the checkpoint covers.

use std::ops::ControlFlow;

use rusqlite::{Connection, TransactionBehavior};

use crate::journal::entry::Accepted;
use crate::journal::error::JournalError;
use crate::journal::sqlite::events::pruned;
use crate::journal::sqlite::{compactions, events, location_blocks};
use crate::model::{Seq, Timestamp};

/// The first event that stays, among those examined.
const FIRST_KEPT: &str = "SELECT seq FROM event \
    WHERE seq > ?1 AND seq <= ?2 AND received_at >= ?3 ORDER BY seq LIMIT 1";

const REMEMBER: &str = "INSERT INTO pruned_delivery (seq, location, webhook_id, received_at) \
    SELECT seq, location, webhook_id, received_at FROM event \
    WHERE seq <= ?1 AND webhook_id IS NOT NULL AND received_at >= ?2";

const REMEMBER_ONE: &str = "INSERT INTO pruned_delivery (seq, location, webhook_id, received_at) \
    VALUES (?1, ?2, ?3, ?4)";

const SET_PRUNED: &str = "INSERT OR REPLACE INTO pruned (only, seq) VALUES (1, ?1)";

/// Ids are in the order of seqs: those to delete are the first ones, up to a young one.
const FORGET: &str = "DELETE FROM pruned_delivery WHERE seq < ifnull(\
    (SELECT seq FROM pruned_delivery WHERE received_at >= ?1 ORDER BY seq LIMIT 1), \
    9223372036854775807)";

const PRUNED_IDS: &str = "SELECT seq, location, webhook_id, received_at FROM pruned_delivery \
    WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT 4096";

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
        transaction.execute("DELETE FROM mentions WHERE first <= ?1 AND last <= ?1", [upto])?;
        location_blocks::prune(&transaction, upto)?;
        transaction.execute("DELETE FROM repeat WHERE seq <= ?1", [upto])?;
        transaction.execute("DELETE FROM idle_event WHERE seq <= ?1", [upto])?;
        compactions::prune(&transaction, upto, before)?;
        set_pruned(&transaction, upto.unsigned_abs())?;
    }
    transaction.execute(FORGET, [remember.as_millis()])?;
    transaction.commit()?;
    Ok(upto.max(from).unsigned_abs())
}

/// Records the last event that is pruned.
pub(super) fn set_pruned(connection: &Connection, upto: Seq) -> Result<(), rusqlite::Error> {
    connection.execute(SET_PRUNED, [upto.cast_signed()])?;
    Ok(())
}

/// Adds the id of a pruned delivery.
pub(super) fn remember(
    connection: &Connection,
    delivery: Accepted<'_>,
) -> Result<(), rusqlite::Error> {
    let Accepted { seq, location, webhook_id, received_at } = delivery;
    let columns = (seq.cast_signed(), location, webhook_id, received_at.as_millis());
    connection.prepare_cached(REMEMBER_ONE)?.execute(columns)?;
    Ok(())
}

/// Shows the ids of deliveries after `after` and up to `upto`, including pruned ones.
pub(super) fn accepted(
    connection: &Connection,
    after: Seq,
    upto: Seq,
    each: &mut dyn FnMut(Accepted<'_>),
) -> Result<(), JournalError> {
    let mut last = after;
    loop {
        last = pruned_ids(connection, last, upto, each)?;
        let read = events::read_ids(connection, last, upto, &mut |seq, entry| {
            last = seq;
            if let Some(webhook_id) = entry.webhook_id {
                let (location, received_at) = (entry.location, entry.received_at);
                each(Accepted { seq, location, webhook_id, received_at });
            }
            ControlFlow::Continue(())
        });
        match read {
            // Their ids are among the pruned ones by now.
            Err(JournalError::PrunedWhileReading { .. }) => {}
            read => return read,
        }
    }
}

/// Shows the ids of pruned deliveries after `after` and up to `upto`, and returns the event
/// after which none is pruned.
pub(super) fn pruned_ids(
    connection: &Connection,
    after: Seq,
    upto: Seq,
    each: &mut dyn FnMut(Accepted<'_>),
) -> Result<Seq, JournalError> {
    let upto = pruned(connection)?.min(upto);
    let mut last = after;
    while last < upto {
        let mut select = connection.prepare_cached(PRUNED_IDS)?;
        let page = select
            .query_map([last.cast_signed(), upto.cast_signed()], |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?
            .collect::<Result<Vec<(i64, String, String, i64)>, _>>()?;
        let Some((newest, ..)) = page.last() else { break };
        last = newest.unsigned_abs();
        for (seq, location, webhook_id, received_at) in &page {
            each(Accepted {
                seq: seq.unsigned_abs(),
                location,
                webhook_id,
                received_at: Timestamp::from_millis(*received_at),
            });
        }
    }
    Ok(last.max(upto).max(after))
}
