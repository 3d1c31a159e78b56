//! The `dead_letter` table.

use tokio_postgres::Row;

use crate::journal::dead_letter::{
    DeadLetter, DeadLetterBounds, DeadLetterSummary, DeadLetterTotals, Refused,
};
use crate::journal::error::JournalError;
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::events::{bound, seq};
use crate::model::Timestamp;

const REPEAT: &str = "UPDATE dead_letter SET times = times + 1, last_at = $1 \
    WHERE id = (SELECT id FROM dead_letter WHERE checksum = $2 AND body = $3 \
    AND url_type IS NOT DISTINCT FROM $4 LIMIT 1)";
const NUMBER: &str = "UPDATE store SET letter_last = letter_last + 1 RETURNING letter_last";
const COUNT: &str = "UPDATE store SET letters = letters + 1, letter_bytes = letter_bytes + $1";
const LAST: &str = "SELECT letter_last FROM store";
const SET_COUNTERS: &str = "UPDATE store SET letter_last = $1, letters_dropped = $2";
const INSERT: &str = "INSERT INTO dead_letter (id, first_at, last_at, times, bytes, checksum, \
    url_type, location, code, field, reason, headers, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const TOTALS: &str = "SELECT letters, letter_bytes, letters_dropped FROM store";
const OLDEST: &str = "SELECT id FROM dead_letter ORDER BY id LIMIT 1";
const DELETE: &str = "DELETE FROM dead_letter WHERE id = $1 RETURNING bytes";
const COUNT_DELETED: &str =
    "UPDATE store SET letters = letters - 1, letter_bytes = letter_bytes - $1";
const LIST: &str = "SELECT id, first_at, last_at, times, url_type, location, code, field, reason, \
    length(body) FROM dead_letter WHERE id > $1 ORDER BY id LIMIT $2";
const ONE: &str = "SELECT id, first_at, last_at, times, url_type, location, code, field, reason, \
    length(body), headers, body FROM dead_letter WHERE id = $1";
const OF_LOCATION: &str = "SELECT id FROM dead_letter \
    WHERE location = $1 OR location IS NULL AND position($2 IN body) > 0";

/// Keeps dead letters within these bounds, dropping the oldest.
pub(super) fn keep(
    session: &mut Session,
    letters: &[Refused],
    bounds: DeadLetterBounds,
) -> Result<(), JournalError> {
    for letter in letters {
        keep_one(session, letter)?;
    }
    loop {
        let totals = totals(session)?;
        if totals.letters <= bounds.letters && totals.bytes <= bounds.bytes {
            return Ok(());
        }
        let Some(oldest) = session.optional(OLDEST, &[])? else { return Ok(()) };
        delete(session, seq(&oldest, 0)?)?;
        session.execute("UPDATE store SET letters_dropped = letters_dropped + 1", &[])?;
    }
}

fn keep_one(session: &mut Session, refused: &Refused) -> Result<(), JournalError> {
    let checksum = i64::from(crc32fast::hash(&refused.body));
    let at = refused.received_at.as_millis();
    let url_type = refused.url_type.as_ref().map(|text| text.as_bytes().to_vec());
    if session.execute(REPEAT, &[&at, &checksum, &refused.body, &url_type])? > 0 {
        return Ok(());
    }
    let id = seq(&session.one(NUMBER, &[])?, 0)?;
    insert(session, &DeadLetter::new(id, refused))
}

/// Inserts a dead letter under its number, and counts it.
pub(super) fn insert(session: &mut Session, letter: &DeadLetter) -> Result<(), JournalError> {
    let DeadLetter { summary: it, headers, body } = letter;
    let text = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
    let headers = headers
        .iter()
        .fold(String::new(), |lines, (name, value)| lines + name + ": " + value + "\n");
    let bytes = bound(letter.bytes() as u64);
    session.execute(
        INSERT,
        &[
            &bound(it.id),
            &it.first_at.as_millis(),
            &it.last_at.as_millis(),
            &bound(it.times),
            &bytes,
            &i64::from(crc32fast::hash(body)),
            &text(&it.url_type),
            &text(&it.location),
            &it.code.as_bytes(),
            &text(&it.field),
            &it.reason.as_bytes(),
            &headers.as_bytes(),
            body,
        ],
    )?;
    session.execute(COUNT, &[&bytes])?;
    Ok(())
}

/// Returns the last number that was given to a dead letter.
pub(super) fn last_id(session: &mut Session) -> Result<u64, JournalError> {
    seq(&session.one(LAST, &[])?, 0)
}

/// Records the last number that was given, and how many letters made room for later ones.
pub(super) fn set_counters(
    session: &mut Session,
    last_id: u64,
    dropped: u64,
) -> Result<(), JournalError> {
    session.execute(SET_COUNTERS, &[&bound(last_id), &bound(dropped)])?;
    Ok(())
}

/// Deletes a dead letter and returns whether there was one.
pub(super) fn delete(session: &mut Session, id: u64) -> Result<bool, JournalError> {
    let Some(deleted) = session.optional(DELETE, &[&bound(id)])? else { return Ok(false) };
    session.execute(COUNT_DELETED, &[&deleted.try_get::<_, i64>(0)?])?;
    Ok(true)
}

/// Deletes the dead letters of a location, and those that name none but contain its id.
pub(super) fn delete_of(session: &mut Session, location: &str) -> Result<u64, JournalError> {
    let quoted = format!("\"{location}\"").into_bytes();
    let letters = session.query(OF_LOCATION, &[&location.as_bytes(), &quoted])?;
    for letter in &letters {
        delete(session, seq(letter, 0)?)?;
    }
    Ok(letters.len() as u64)
}

/// Returns up to `limit` dead letters after this id.
pub(super) fn list(
    session: &mut Session,
    after: u64,
    limit: usize,
) -> Result<Vec<DeadLetterSummary>, JournalError> {
    let found = session.query(LIST, &[&bound(after), &bound(limit as u64)])?;
    found.iter().map(summary).collect()
}

/// Returns a dead letter.
pub(super) fn one(session: &mut Session, id: u64) -> Result<Option<DeadLetter>, JournalError> {
    let Some(row) = session.optional(ONE, &[&bound(id)])? else { return Ok(None) };
    let headers = text(&row, 10)?.unwrap_or_default();
    Ok(Some(DeadLetter {
        summary: summary(&row)?,
        headers: headers
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: row.try_get(11)?,
    }))
}

/// Counts the dead letters.
pub(super) fn totals(session: &mut Session) -> Result<DeadLetterTotals, JournalError> {
    let row = session.one(TOTALS, &[])?;
    Ok(DeadLetterTotals { letters: seq(&row, 0)?, bytes: seq(&row, 1)?, dropped: seq(&row, 2)? })
}

fn summary(row: &Row) -> Result<DeadLetterSummary, JournalError> {
    let length: i32 = row.try_get(9)?;
    Ok(DeadLetterSummary {
        id: seq(row, 0)?,
        first_at: Timestamp::from_millis(row.try_get(1)?),
        last_at: Timestamp::from_millis(row.try_get(2)?),
        times: seq(row, 3)?,
        url_type: text(row, 4)?,
        location: text(row, 5)?,
        code: text(row, 6)?.unwrap_or_default(),
        field: text(row, 7)?,
        reason: text(row, 8)?.unwrap_or_default(),
        bytes: usize::try_from(length).unwrap_or_default(),
    })
}

/// Returns a text. It was one when it was kept; what else is there now is shown as well as it
/// can be.
fn text(row: &Row, column: usize) -> Result<Option<String>, JournalError> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}
