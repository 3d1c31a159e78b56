//! The `event` table.

use std::ops::ControlFlow;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::journal::entry::JournalEntry;
use crate::journal::error::JournalError;
use crate::journal::postgres::connection::Session;
use crate::model::{Seq, Timestamp};

/// The pruned ones are counted, too: a seq is never reused.
pub(super) const HEAD: &str = "SELECT greatest((SELECT max(seq) FROM event), pruned) FROM store";
const PRUNED: &str = "SELECT pruned FROM store";
const INSERT: &str = "INSERT INTO event \
    (seq, at, received_at, checksum, location, type, entity, webhook_id, body) \
    SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::bytea[], $6::bytea[], \
    $7::bytea[], $8::bytea[], $9::bytea[])";
/// The length of a body is known without reading it.
const SELECT: &str = "SELECT seq, at, received_at, checksum, location, type, entity, webhook_id, \
    body FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) \
    AS before FROM event WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3) AS page \
    WHERE before < $4 ORDER BY seq";
const SELECT_IDS: &str = "SELECT seq, received_at, location, webhook_id \
    FROM event WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3";
const CHECKSUM: &str = "SELECT checksum FROM event WHERE seq = $1";
const RECEIVED_AT: &str = "SELECT received_at FROM event WHERE seq = $1";
const ENDS: &str = "SELECT coalesce((SELECT min(seq) FROM event), 1), \
    coalesce((SELECT max(seq) FROM event), 0) + 1";

/// Number of entries in the first page: many readers want no more.
const FIRST_PAGE_ROWS: i64 = 64;

/// Maximum number of entries in a page.
const PAGE_ROWS: i64 = 2_048;

/// Maximum number of bytes of bodies in a page, except for one more entry.
const PAGE_BYTES: i64 = 1 << 20;

pub(super) type EntrySink<'s> = &'s mut dyn FnMut(Seq, JournalEntry<'_>) -> ControlFlow<()>;

/// Takes the location, the delivery id and the time of receipt of an entry.
pub(super) type IdSink<'s> = &'s mut dyn FnMut(Seq, &str, Option<&str>, Timestamp);

/// Returns the last event, 0 if there is none.
pub(super) fn head(session: &mut Session) -> Result<Seq, JournalError> {
    seq(&session.one(HEAD, &[])?, 0)
}

/// Returns the last event that was pruned.
pub(super) fn pruned(session: &mut Session) -> Result<Seq, JournalError> {
    seq(&session.one(PRUNED, &[])?, 0)
}

/// Returns a column that holds a seq.
pub(super) fn seq(row: &Row, column: usize) -> Result<Seq, JournalError> {
    Ok(row.try_get::<_, i64>(column)?.unsigned_abs())
}

/// Returns a column that holds a text from outside.
pub(super) fn text(row: &Row, column: usize) -> Result<&str, String> {
    optional_text(row, column)?.ok_or_else(|| "a column is null".to_owned())
}

/// Returns a column that holds a text from outside or null.
pub(super) fn optional_text(row: &Row, column: usize) -> Result<Option<&str>, String> {
    let bytes: Option<&[u8]> = row.try_get(column).map_err(|error| error.to_string())?;
    bytes.map(std::str::from_utf8).transpose().map_err(|error| error.to_string())
}

/// Returns a seq as the database takes it.
pub(super) fn bound(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Inserts entries after the head, and returns the new one.
pub(super) fn append(
    session: &mut Session,
    head: Seq,
    batch: &[JournalEntry<'_>],
) -> Result<Seq, JournalError> {
    insert(head, batch, |parameters| session.execute(INSERT, parameters).map(drop))
}

/// Inserts entries as [`append`] does, and commits in the same round trip.
pub(super) fn append_and_commit(
    session: &mut Session,
    head: Seq,
    batch: &[JournalEntry<'_>],
) -> Result<Seq, JournalError> {
    insert(head, batch, |parameters| session.execute_and_commit(INSERT, parameters))
}

fn insert(
    head: Seq,
    batch: &[JournalEntry<'_>],
    execute: impl FnOnce(&[&(dyn ToSql + Sync)]) -> Result<(), JournalError>,
) -> Result<Seq, JournalError> {
    let seqs: Vec<i64> = (head + 1..).take(batch.len()).map(bound).collect();
    let ats: Vec<_> = batch.iter().map(|it| it.at.map(Timestamp::as_millis)).collect();
    let received: Vec<_> = batch.iter().map(|it| it.received_at.as_millis()).collect();
    let checksums: Vec<_> =
        batch.iter().zip(head + 1..).map(|(entry, seq)| entry.checksum(seq)).collect();
    let locations: Vec<_> = batch.iter().map(|it| it.location.as_bytes()).collect();
    let types: Vec<_> = batch.iter().map(|it| it.event_type.as_bytes()).collect();
    let entities: Vec<_> = batch.iter().map(|it| it.entity.as_bytes()).collect();
    let ids: Vec<_> = batch.iter().map(|it| it.webhook_id.map(str::as_bytes)).collect();
    let bodies: Vec<_> = batch.iter().map(|it| it.body.as_bytes()).collect();
    execute(&[&seqs, &ats, &received, &checksums, &locations, &types, &entities, &ids, &bodies])?;
    Ok(head + batch.len() as Seq)
}

/// Returns the checksum of an entry, or `None` if there is no such entry.
pub(super) fn stored_checksum(
    session: &mut Session,
    seq: Seq,
) -> Result<Option<i64>, JournalError> {
    let row = session.optional(CHECKSUM, &[&bound(seq)])?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Shows the entries after `after` and up to `upto`, a page at a time: nothing is held while
/// `each` runs.
pub(super) fn read(
    session: &mut Session,
    after: Seq,
    upto: Seq,
    each: EntrySink<'_>,
) -> Result<(), JournalError> {
    let (mut last, mut limit) = (after, FIRST_PAGE_ROWS);
    while last < upto {
        let page = page(session, last, upto, limit)?;
        for row in &page {
            last = follow(session, last, row)?;
            let entry =
                entry(row).map_err(|reason| JournalError::DamagedEvent { seq: last, reason })?;
            if row.try_get::<_, i64>(3)? != entry.checksum(last) {
                let reason = "its checksum does not match".to_owned();
                return Err(JournalError::DamagedEvent { seq: last, reason });
            }
            if each(last, entry).is_break() {
                return Ok(());
            }
        }
        if page.is_empty() {
            return Err(missing(session, last + 1, "it is missing".to_owned()));
        }
        limit = (limit * 2).min(PAGE_ROWS);
    }
    Ok(())
}

fn page(
    session: &mut Session,
    after: Seq,
    upto: Seq,
    limit: i64,
) -> Result<Vec<Row>, JournalError> {
    session.query(SELECT, &[&bound(after), &bound(upto), &limit, &PAGE_BYTES])
}

/// Shows entries as [`read`] does, but only their location, delivery id and time of receipt.
pub(super) fn read_ids(
    session: &mut Session,
    after: Seq,
    upto: Seq,
    each: IdSink<'_>,
) -> Result<(), JournalError> {
    let mut last = after;
    while last < upto {
        let page = session.query(SELECT_IDS, &[&bound(last), &bound(upto), &PAGE_ROWS])?;
        for row in &page {
            last = follow(session, last, row)?;
            let damaged = |reason| JournalError::DamagedEvent { seq: last, reason };
            let received_at = Timestamp::from_millis(row.try_get(1)?);
            let location = text(row, 2).map_err(damaged)?;
            each(last, location, optional_text(row, 3).map_err(damaged)?, received_at);
        }
        if page.is_empty() {
            return Err(missing(session, last + 1, "it is missing".to_owned()));
        }
    }
    Ok(())
}

/// Returns the seq of a row, which is the one after the last.
fn follow(session: &mut Session, last: Seq, row: &Row) -> Result<Seq, JournalError> {
    let found = seq(row, 0)?;
    if found == last + 1 {
        return Ok(found);
    }
    Err(missing(session, last + 1, format!("it is missing; the next one there is {found}")))
}

/// Returns why an entry is missing: it was pruned since, or it is lost.
fn missing(session: &mut Session, seq: Seq, reason: String) -> JournalError {
    match pruned(session) {
        Ok(pruned) if pruned >= seq => JournalError::PrunedWhileReading { seq, pruned },
        Err(error) => error,
        Ok(_) => JournalError::DamagedEvent { seq, reason },
    }
}

fn entry(row: &Row) -> Result<JournalEntry<'_>, String> {
    let millis = |column: usize| row.try_get::<_, Option<i64>>(column).map_err(|it| it.to_string());
    Ok(JournalEntry {
        location: text(row, 4)?,
        event_type: text(row, 5)?,
        entity: text(row, 6)?,
        webhook_id: optional_text(row, 7)?,
        at: millis(1)?.map(Timestamp::from_millis),
        received_at: Timestamp::from_millis(millis(2)?.unwrap_or_default()),
        body: text(row, 8)?,
    })
}

/// Returns when an entry was received.
pub(super) fn received_at(
    session: &mut Session,
    seq: Seq,
) -> Result<Option<Timestamp>, JournalError> {
    let row = session.optional(RECEIVED_AT, &[&bound(seq)])?;
    let at: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
    Ok(at.map(Timestamp::from_millis))
}

/// Returns the first event that was received at this time or later, or the one after the
/// last, by a binary search.
pub(super) fn first_since(session: &mut Session, since: Timestamp) -> Result<Seq, JournalError> {
    let ends = session.one(ENDS, &[])?;
    let (mut low, mut high) = (seq(&ends, 0)?, seq(&ends, 1)?);
    while low < high {
        let middle = low + (high - low) / 2;
        match received_at(session, middle)? {
            Some(at) if at < since => low = middle + 1,
            Some(_) => high = middle,
            // The first one that is left is a later one, if it was pruned.
            None => match missing(session, middle, "it is missing".to_owned()) {
                JournalError::PrunedWhileReading { pruned, .. } => low = pruned + 1,
                error => return Err(error),
            },
        }
    }
    Ok(low.max(pruned(session)? + 1))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::error::WriteOutcome;
    use crate::journal::postgres::{PostgresJournal, PostgresUrl, cluster};
    use crate::journal::writer::Journal;

    /// Two thousand bodies of a megabyte each are two gigabytes.
    #[test]
    fn a_page_is_bounded_by_the_bytes_of_its_bodies() {
        let Some(cluster) = cluster::shared() else { return };
        let url = PostgresUrl::new(&cluster.new_database());
        let mut journal = PostgresJournal::open(&url).unwrap();
        let large = "x".repeat(600 << 10);
        let entry = |body| JournalEntry { body, ..JournalEntry::erased(Timestamp::from_millis(1)) };
        let bodies = ["small", "small", &large, &large, &large, "small"];
        journal.append(&bodies.map(entry)).unwrap();
        let session = journal.session().unwrap();
        let mut pages = Vec::new();
        let mut last = 0;
        while last < 6 {
            let page = page(session, last, 6, PAGE_ROWS).unwrap();
            last += page.len() as Seq;
            pages.push(page.len());
        }
        assert_eq!(pages, [4, 2]);
        let mut seen = Vec::new();
        let mut each = |_, entry: JournalEntry<'_>| {
            seen.push(entry.body.len());
            ControlFlow::Continue(())
        };
        read(session, 0, 6, &mut each).unwrap();
        assert_eq!(seen, bodies.map(str::len));
    }

    /// The commit is sent before it is known whether the entries could be inserted.
    #[test]
    fn a_failed_append_is_an_error_and_leaves_nothing() {
        let Some(cluster) = cluster::shared() else { return };
        let url = cluster.new_database();
        let mut journal = PostgresJournal::open(&PostgresUrl::new(&url)).unwrap();
        let entry =
            |location| JournalEntry { location, ..JournalEntry::erased(Timestamp::from_millis(1)) };
        cluster.run_sql(
            &url,
            "ALTER TABLE event ADD CHECK (location <> 'insert'); \
             CREATE FUNCTION refuse() RETURNS trigger AS \
             'BEGIN RAISE EXCEPTION ''refused''; END' LANGUAGE plpgsql; \
             CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON event \
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW \
             WHEN (NEW.location = 'commit') EXECUTE FUNCTION refuse()",
        );
        let outcomes =
            [("insert", WriteOutcome::NothingWritten), ("commit", WriteOutcome::Unknown)];
        for (seq, (place, outcome)) in (1..).zip(outcomes) {
            let batch = [entry("L"), entry(place)];
            let failed = journal.append(&batch).unwrap_err();
            assert_eq!(failed.write_outcome(), outcome, "{place}: {failed}");
            assert!(!journal.was_last_append_kept(&batch).unwrap(), "{place}");
            assert_eq!(journal.append(&[entry("L")]).unwrap(), seq, "after {place}");
        }
        // What another appends in its place may end alike.
        let batch = [entry("L"), entry("commit")];
        for (first, is_kept) in [("M", false), ("L", true)] {
            journal.append(&batch).unwrap_err();
            cluster.run_sql(&url, "ALTER TABLE event DISABLE TRIGGER at_commit");
            let mut other = PostgresJournal::open(&PostgresUrl::new(&url)).unwrap();
            other.append(&[entry(first), entry("commit")]).unwrap();
            assert_eq!(journal.was_last_append_kept(&batch).unwrap(), is_kept, "{first}");
            cluster.run_sql(&url, "ALTER TABLE event ENABLE TRIGGER at_commit");
        }
    }
}
