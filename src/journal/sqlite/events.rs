//! The `event` table.

use std::ops::{ControlFlow, Range};

use rusqlite::{Connection, Row, Statement, TransactionBehavior};

use crate::journal::entry::JournalEntry;
use crate::journal::error::JournalError;
use crate::journal::sqlite::import_marks;
use crate::journal::writer::ImportMark;
use crate::model::{Seq, Timestamp};

/// The pruned ones are counted, too: a seq is never reused.
const HEAD: &str = "SELECT max(ifnull((SELECT max(seq) FROM event), 0), \
    ifnull((SELECT seq FROM pruned), 0))";

const PRUNED: &str = "SELECT ifnull(max(seq), 0) FROM pruned";

/// In a file of the first format, which had no pruning.
const HEAD_UNPRUNED: &str = "SELECT ifnull(max(seq), 0) FROM event";

pub(super) const INSERT: &str = "INSERT INTO event \
    (seq, location, type, entity, webhook_id, at, received_at, checksum, body) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

const SELECT_AFTER: &str = "SELECT seq, location, type, entity, webhook_id, at, received_at, checksum, body \
    FROM event WHERE seq > ?1 ORDER BY seq";

/// Number of entries in the first page: many readers want no more.
const FIRST_PAGE_ROWS: usize = 64;

/// Maximum number of entries in a page.
const PAGE_ROWS: usize = 2_048;

/// Maximum number of bytes of texts in a page, except for one more entry.
const PAGE_BYTES: usize = 1 << 20;

const SELECT_IDS_AFTER: &str = "SELECT seq, location, '', '', webhook_id, NULL, received_at, 0, '' \
    FROM event WHERE seq > ?1 ORDER BY seq";

pub(super) fn head(connection: &Connection) -> Result<Seq, JournalError> {
    last(connection, HEAD)
}

/// Returns the last event of a file of this format.
pub(super) fn head_of_format(connection: &Connection, format: i64) -> Result<Seq, JournalError> {
    match format {
        0 => Ok(0),
        1 => last(connection, HEAD_UNPRUNED),
        _ => head(connection),
    }
}

fn last(connection: &Connection, select: &str) -> Result<Seq, JournalError> {
    let head: i64 = connection.prepare_cached(select)?.query_row([], |row| row.get(0))?;
    Ok(head.unsigned_abs())
}

pub(super) fn append(
    connection: &mut Connection,
    batch: &[JournalEntry<'_>],
    mark: Option<&ImportMark>,
) -> Result<Seq, JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut seq = head(&transaction)?;
    {
        let mut insert = transaction.prepare_cached(INSERT)?;
        for entry in batch {
            seq += 1;
            insert_one(&mut insert, seq, entry)?;
        }
    }
    if let Some(mark) = mark {
        import_marks::mark(&transaction, mark)?;
    }
    transaction.commit()?;
    Ok(seq)
}

/// Executes [`INSERT`].
pub(super) fn insert_one(
    insert: &mut Statement<'_>,
    seq: Seq,
    entry: &JournalEntry<'_>,
) -> Result<(), rusqlite::Error> {
    insert.execute((
        seq.cast_signed(),
        entry.location,
        entry.event_type,
        entry.entity,
        entry.webhook_id,
        entry.at.map(Timestamp::as_millis),
        entry.received_at.as_millis(),
        entry.checksum(seq),
        entry.body,
    ))?;
    Ok(())
}

/// Shows the entries after `after` and up to `upto`, a page at a time: no transaction
/// is open while `each` runs, so a slow caller blocks no writer.
pub(super) fn read(
    connection: &Connection,
    after: Seq,
    upto: Seq,
    each: EntrySink<'_>,
) -> Result<(), JournalError> {
    read_columns(connection, Columns::All, (after, upto), &mut |_| true, each)
}

/// Shows the entries of locations that are wanted as [`read`] does. Of the others, nothing
/// but the location is looked at.
pub(super) fn read_locations(
    connection: &Connection,
    after: Seq,
    upto: Seq,
    wanted: &mut dyn FnMut(&str) -> bool,
    each: EntrySink<'_>,
) -> Result<(), JournalError> {
    read_columns(connection, Columns::All, (after, upto), wanted, each)
}

/// Shows entries as [`read`] does, but only their location, delivery id and time.
pub(super) fn read_ids(
    connection: &Connection,
    after: Seq,
    upto: Seq,
    each: EntrySink<'_>,
) -> Result<(), JournalError> {
    read_columns(connection, Columns::Ids, (after, upto), &mut |_| true, each)
}

type EntrySink<'s> = &'s mut dyn FnMut(Seq, JournalEntry<'_>) -> ControlFlow<()>;

/// The columns of an entry that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Columns {
    All,
    /// Without long texts, and so without a checksum.
    Ids,
}

fn read_columns(
    connection: &Connection,
    columns: Columns,
    (after, upto): (Seq, Seq),
    wanted: &mut dyn FnMut(&str) -> bool,
    each: EntrySink<'_>,
) -> Result<(), JournalError> {
    let mut page = Page::default();
    let (mut last, mut limit) = (after, FIRST_PAGE_ROWS);
    while last < upto {
        page.clear();
        // Entries read before a damaged one are shown first.
        let left = usize::try_from(upto - last).unwrap_or(usize::MAX);
        let read = page.fill(connection, columns, last, limit.min(left), wanted);
        for row in &page.rows {
            if each(row.seq, page.entry(row)).is_break() {
                return Ok(());
            }
        }
        let read = read?;
        if read == last {
            return Err(missing(connection, last + 1, "it is missing".to_owned()));
        }
        last = read;
        limit = (limit * 2).min(PAGE_ROWS);
    }
    Ok(())
}

/// Entries copied out of one short transaction.
#[derive(Debug, Default)]
struct Page {
    texts: String,
    rows: Vec<PageRow>,
}

#[derive(Debug)]
struct PageRow {
    seq: Seq,
    location: Range<usize>,
    event_type: Range<usize>,
    entity: Range<usize>,
    webhook_id: Option<Range<usize>>,
    at: Option<Timestamp>,
    received_at: Timestamp,
    body: Range<usize>,
}

impl Page {
    fn clear(&mut self) {
        self.texts.clear();
        self.rows.clear();
    }

    /// Reads the entries after `after`, up to `limit` of them, copies those that are wanted,
    /// and returns the last that it read.
    fn fill(
        &mut self,
        connection: &Connection,
        columns: Columns,
        after: Seq,
        limit: usize,
        wanted: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Seq, JournalError> {
        let mut select = connection.prepare_cached(match columns {
            Columns::All => SELECT_AFTER,
            Columns::Ids => SELECT_IDS_AFTER,
        })?;
        let mut rows = select.query([i64::try_from(after).unwrap_or(i64::MAX)])?;
        let mut last = after;
        for _ in 0..limit {
            if self.texts.len() >= PAGE_BYTES {
                break;
            }
            let Some(row) = rows.next()? else { break };
            let seq = row.get::<_, i64>(0)?.unsigned_abs();
            last += 1;
            if seq != last {
                let reason = format!("it is missing; the next one there is {seq}");
                return Err(missing(connection, last, reason));
            }
            let damaged = |error: rusqlite::types::FromSqlError| JournalError::DamagedEvent {
                seq,
                reason: error.to_string(),
            };
            if !wanted(text(row, 1).map_err(damaged)?) {
                continue;
            }
            let entry = entry(row).map_err(damaged)?;
            if columns == Columns::All && row.get::<_, i64>(7)? != entry.checksum(seq) {
                let reason = "its checksum does not match".to_owned();
                return Err(JournalError::DamagedEvent { seq, reason });
            }
            self.push(seq, &entry);
        }
        Ok(last)
    }

    fn push(&mut self, seq: Seq, entry: &JournalEntry<'_>) {
        let mut text = |text: &str| {
            let start = self.texts.len();
            self.texts.push_str(text);
            start..self.texts.len()
        };
        let row = PageRow {
            seq,
            location: text(entry.location),
            event_type: text(entry.event_type),
            entity: text(entry.entity),
            webhook_id: entry.webhook_id.map(&mut text),
            at: entry.at,
            received_at: entry.received_at,
            body: text(entry.body),
        };
        self.rows.push(row);
    }

    fn entry(&self, row: &PageRow) -> JournalEntry<'_> {
        let text = |range: &Range<usize>| self.texts.get(range.clone()).unwrap_or_default();
        JournalEntry {
            location: text(&row.location),
            event_type: text(&row.event_type),
            entity: text(&row.entity),
            webhook_id: row.webhook_id.as_ref().map(text),
            at: row.at,
            received_at: row.received_at,
            body: text(&row.body),
        }
    }
}

/// Returns why an entry is missing: it was pruned since, or it is lost.
pub(super) fn missing(connection: &Connection, seq: Seq, reason: String) -> JournalError {
    match pruned(connection) {
        Ok(pruned) if pruned >= seq => JournalError::PrunedWhileReading { seq, pruned },
        _ => JournalError::DamagedEvent { seq, reason },
    }
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, rusqlite::types::FromSqlError> {
    row.get_ref(column).map_err(rusqlite::types::FromSqlError::other)?.as_str()
}

fn entry<'r>(row: &'r Row<'_>) -> Result<JournalEntry<'r>, rusqlite::types::FromSqlError> {
    let text = |column: usize| text(row, column);
    let millis = |column: usize| -> Result<Option<i64>, rusqlite::types::FromSqlError> {
        row.get_ref(column).map_err(rusqlite::types::FromSqlError::other)?.as_i64_or_null()
    };
    Ok(JournalEntry {
        location: text(1)?,
        event_type: text(2)?,
        entity: text(3)?,
        webhook_id: row
            .get_ref(4)
            .map_err(rusqlite::types::FromSqlError::other)?
            .as_str_or_null()?,
        at: millis(5)?.map(Timestamp::from_millis),
        received_at: Timestamp::from_millis(millis(6)?.unwrap_or_default()),
        body: text(8)?,
    })
}

pub(super) fn pruned(connection: &Connection) -> Result<Seq, JournalError> {
    let seq: i64 = connection.prepare_cached(PRUNED)?.query_row([], |row| row.get(0))?;
    Ok(seq.unsigned_abs())
}
