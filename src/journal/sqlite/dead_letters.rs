//! The `dead_letter` table.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior};

use crate::journal::dead_letter::{
    DeadLetter, DeadLetterBounds, DeadLetterSummary, DeadLetterTotals, Refused,
};
use crate::journal::error::JournalError;
use crate::model::Timestamp;

/// The columns that lists show. A reason of an earlier version may contain any text of the
/// sender.
const SUMMARY: &str = "id, first_at, last_at, times, url_type, location, code, field, \
    substr(reason, 1, 1024), length(body)";
const REPEAT: &str = "UPDATE dead_letter SET times = times + 1, last_at = ?1 \
    WHERE id = (SELECT id FROM dead_letter \
    WHERE checksum = ?2 AND body = ?3 AND url_type IS ?4 LIMIT 1)";
const INSERT: &str = "INSERT INTO dead_letter (id, first_at, last_at, times, url_type, location, \
    code, field, reason, headers, checksum, body) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
/// The bytes of a letter as counted against the bound; as in the file's migrations.
const BYTES: &str = "length(body) + length(CAST(reason AS BLOB)) + length(CAST(headers AS BLOB)) \
    + length(CAST(code AS BLOB)) + ifnull(length(CAST(url_type AS BLOB)), 0) \
    + ifnull(length(CAST(location AS BLOB)), 0) + ifnull(length(CAST(field AS BLOB)), 0)";
const LAST: &str = "SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'dead_letter'), 0)";
const TOTALS: &str = "SELECT letters, bytes, dropped FROM dead_letter_total";

pub(super) fn keep(
    connection: &mut Connection,
    letters: &[Refused],
    bounds: DeadLetterBounds,
) -> Result<(), JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for letter in letters {
        keep_one(&transaction, letter)?;
    }
    loop {
        let totals = totals(&transaction)?;
        if totals.letters <= bounds.letters && totals.bytes <= bounds.bytes {
            break;
        }
        let oldest: Option<u64> = transaction
            .prepare_cached("SELECT min(id) FROM dead_letter")?
            .query_row([], |row| row.get(0))?;
        let Some(oldest) = oldest else { break };
        remove(&transaction, oldest)?;
        transaction.execute("UPDATE dead_letter_total SET dropped = dropped + 1", [])?;
    }
    transaction.commit()?;
    Ok(())
}

fn keep_one(transaction: &Transaction<'_>, letter: &Refused) -> Result<(), JournalError> {
    let checksum = i64::from(crc32fast::hash(&letter.body));
    let at = letter.received_at.as_millis();
    let repeated = transaction.prepare_cached(REPEAT)?.execute((
        at,
        checksum,
        &letter.body,
        &letter.url_type,
    ))?;
    if repeated == 0 {
        insert(transaction, None, &DeadLetter::new(0, letter))?;
    }
    Ok(())
}

/// Inserts a dead letter under this number or the next one, and counts it.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    id: Option<u64>,
    letter: &DeadLetter,
) -> Result<(), JournalError> {
    let DeadLetter { summary: it, headers, body } = letter;
    transaction.prepare_cached(INSERT)?.execute((
        id,
        it.first_at.as_millis(),
        it.last_at.as_millis(),
        it.times,
        &it.url_type,
        &it.location,
        &it.code,
        &it.field,
        &it.reason,
        lines(headers),
        i64::from(crc32fast::hash(body)),
        body,
    ))?;
    let update = format!(
        "UPDATE dead_letter_total SET letters = letters + 1, bytes = bytes + \
         (SELECT {BYTES} FROM dead_letter WHERE id = last_insert_rowid())"
    );
    transaction.execute(&update, [])?;
    Ok(())
}

/// Returns the last number that was given to a dead letter.
pub(super) fn last_id(connection: &Connection) -> Result<u64, JournalError> {
    Ok(connection.query_row(LAST, [], |row| row.get(0))?)
}

/// Records the last number that was given, and how many letters made room for later ones.
/// Called once all letters are inserted.
pub(super) fn set_counters(
    transaction: &Transaction<'_>,
    last_id: u64,
    dropped: u64,
) -> Result<(), JournalError> {
    transaction.execute("DELETE FROM sqlite_sequence WHERE name = 'dead_letter'", [])?;
    transaction.execute("INSERT INTO sqlite_sequence VALUES ('dead_letter', ?1)", [last_id])?;
    transaction.execute("UPDATE dead_letter_total SET dropped = ?1", [dropped])?;
    Ok(())
}

pub(super) fn remove(transaction: &Transaction<'_>, id: u64) -> Result<bool, JournalError> {
    let update = format!(
        "UPDATE dead_letter_total SET letters = letters - 1, bytes = bytes - \
         (SELECT {BYTES} FROM dead_letter WHERE id = ?1) \
         WHERE EXISTS (SELECT 1 FROM dead_letter WHERE id = ?1)"
    );
    transaction.execute(&update, [id])?;
    let removed = transaction.execute("DELETE FROM dead_letter WHERE id = ?1", [id])?;
    Ok(removed > 0)
}

pub(super) fn delete(connection: &mut Connection, id: u64) -> Result<bool, JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let removed = remove(&transaction, id)?;
    transaction.commit()?;
    Ok(removed)
}

pub(super) fn list(
    connection: &Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<DeadLetterSummary>, JournalError> {
    let select = format!("SELECT {SUMMARY} FROM dead_letter WHERE id > ?1 ORDER BY id LIMIT ?2");
    let mut select = connection.prepare_cached(&select)?;
    let bound = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let found = select.query_map([bound(after), bound(limit as u64)], summary)?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn one(connection: &Connection, id: u64) -> Result<Option<DeadLetter>, JournalError> {
    let select = format!("SELECT {SUMMARY}, headers, body FROM dead_letter WHERE id = ?1");
    let id = i64::try_from(id).unwrap_or(-1);
    Ok(connection.prepare_cached(&select)?.query_row([id], letter).optional()?)
}

pub(super) fn totals(connection: &Connection) -> Result<DeadLetterTotals, JournalError> {
    Ok(connection.prepare_cached(TOTALS)?.query_row([], |row| {
        Ok(DeadLetterTotals { letters: row.get(0)?, bytes: row.get(1)?, dropped: row.get(2)? })
    })?)
}

fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    let headers: String = row.get(10)?;
    Ok(DeadLetter {
        summary: summary(row)?,
        headers: headers
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: row.get(11)?,
    })
}

fn summary(row: &Row<'_>) -> rusqlite::Result<DeadLetterSummary> {
    Ok(DeadLetterSummary {
        id: row.get(0)?,
        first_at: Timestamp::from_millis(row.get(1)?),
        last_at: Timestamp::from_millis(row.get(2)?),
        times: row.get(3)?,
        url_type: row.get(4)?,
        location: row.get(5)?,
        code: row.get(6)?,
        field: row.get(7)?,
        reason: row.get(8)?,
        bytes: row.get(9)?,
    })
}

fn lines(headers: &[(String, String)]) -> String {
    headers.iter().fold(String::new(), |lines, (name, value)| lines + name + ": " + value + "\n")
}
