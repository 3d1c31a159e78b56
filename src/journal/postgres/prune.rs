//! Deleting old events that the checkpoint covers.

use crate::journal::entry::Accepted;
use crate::journal::error::JournalError;
use crate::journal::location_blocks::chunk_of;
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::events::{bound, pruned, seq, text};
use crate::journal::postgres::{compactions, events};
use crate::model::{Seq, Timestamp};

const FROM: &str = "SELECT pruned, checkpoint_seq FROM store";
/// The first event that stays, among those examined.
const FIRST_KEPT: &str = "SELECT seq FROM event \
    WHERE seq > $1 AND seq <= $2 AND received_at >= $3 ORDER BY seq LIMIT 1";
const REMEMBER: &str = "INSERT INTO pruned_delivery (seq, received_at, location, webhook_id) \
    SELECT seq, received_at, location, webhook_id FROM event \
    WHERE seq <= $1 AND webhook_id IS NOT NULL AND received_at >= $2";
const REMEMBER_ALL: &str = "INSERT INTO pruned_delivery (seq, received_at, location, webhook_id) \
    SELECT * FROM unnest($1::int8[], $2::int8[], $3::bytea[], $4::bytea[])";
/// Ids are in the order of seqs: those to delete are the first ones, up to a young one.
const FORGET: &str = "DELETE FROM pruned_delivery WHERE seq < coalesce(\
    (SELECT seq FROM pruned_delivery WHERE received_at >= $1 ORDER BY seq LIMIT 1), \
    9223372036854775807)";
const PRUNED_IDS: &str = "SELECT seq, received_at, location, webhook_id FROM pruned_delivery \
    WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT 4096";

/// What goes with the events up to one.
const DELETES: [&str; 4] = [
    "DELETE FROM event WHERE seq <= $1",
    "DELETE FROM skip_block WHERE first <= $1 AND last <= $1",
    "DELETE FROM redelivery WHERE seq <= $1",
    "DELETE FROM no_op WHERE seq <= $1",
];

/// Deletes the oldest entries as [`Journal::prune`](crate::journal::Journal::prune) says, and
/// returns the last entry that is pruned now.
pub(super) fn prune(
    session: &mut Session,
    before: Timestamp,
    remember: Timestamp,
    limit: u32,
) -> Result<Seq, JournalError> {
    let row = session.one(FROM, &[])?;
    let (from, checkpoint) = (seq(&row, 0)?, seq(&row, 1)?);
    let end = checkpoint.min(from.saturating_add(u64::from(limit)));
    let bounds: [i64; 3] = [bound(from), bound(end), before.as_millis()];
    let kept = session.optional(FIRST_KEPT, &[&bounds[0], &bounds[1], &bounds[2]])?;
    let upto = kept.map_or(Ok(end), |row| seq(&row, 0).map(|kept| kept - 1))?;
    if upto > from {
        session.execute(REMEMBER, &[&bound(upto), &remember.as_millis()])?;
        for delete in DELETES {
            session.execute(delete, &[&bound(upto)])?;
        }
        let chunk = bound(chunk_of(upto));
        session.execute("DELETE FROM location_block WHERE chunk < $1", &[&chunk])?;
        compactions::prune(session, upto, before)?;
        set_pruned(session, upto)?;
    }
    session.execute(FORGET, &[&remember.as_millis()])?;
    Ok(upto.max(from))
}

/// Records the last event that is pruned.
pub(super) fn set_pruned(session: &mut Session, upto: Seq) -> Result<(), JournalError> {
    session.execute("UPDATE store SET pruned = $1", &[&bound(upto)])?;
    Ok(())
}

/// Ids of pruned deliveries that are to be inserted, a column each.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    seqs: Vec<i64>,
    received: Vec<i64>,
    locations: Vec<Vec<u8>>,
    ids: Vec<Vec<u8>>,
}

impl Deliveries {
    /// Adds a delivery.
    pub(super) fn push(&mut self, delivery: Accepted<'_>) {
        self.seqs.push(bound(delivery.seq));
        self.received.push(delivery.received_at.as_millis());
        self.locations.push(delivery.location.into());
        self.ids.push(delivery.webhook_id.into());
    }

    /// Returns their number.
    pub(super) fn len(&self) -> usize {
        self.seqs.len()
    }

    /// Inserts and drops them.
    pub(super) fn insert(&mut self, session: &mut Session) -> Result<(), JournalError> {
        let Self { seqs, received, locations, ids } = std::mem::take(self);
        session.execute(REMEMBER_ALL, &[&seqs, &received, &locations, &ids])?;
        Ok(())
    }
}

/// Shows the ids of deliveries after `after` and up to `upto`, including pruned ones.
pub(super) fn accepted(
    session: &mut Session,
    after: Seq,
    upto: Seq,
    each: &mut dyn FnMut(Accepted<'_>),
) -> Result<(), JournalError> {
    let mut last = after;
    loop {
        last = pruned_ids(session, last, upto, each)?;
        let read = events::read_ids(session, last, upto, &mut |seq, location, id, received_at| {
            last = seq;
            if let Some(webhook_id) = id {
                each(Accepted { seq, location, webhook_id, received_at });
            }
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
    session: &mut Session,
    after: Seq,
    upto: Seq,
    each: &mut dyn FnMut(Accepted<'_>),
) -> Result<Seq, JournalError> {
    let upto = pruned(session)?.min(upto);
    let mut last = after;
    while last < upto {
        let page = session.query(PRUNED_IDS, &[&bound(last), &bound(upto)])?;
        for row in &page {
            last = seq(row, 0)?;
            let damaged = |reason| JournalError::DamagedEvent { seq: last, reason };
            let (location, id) = (text(row, 2).map_err(damaged)?, text(row, 3).map_err(damaged)?);
            let received_at = Timestamp::from_millis(row.try_get(1)?);
            each(Accepted { seq: last, location, webhook_id: id, received_at });
        }
        if page.is_empty() {
            break;
        }
    }
    Ok(last.max(upto).max(after))
}
