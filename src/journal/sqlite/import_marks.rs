//! The `import` table.

use rusqlite::Connection;

use crate::journal::error::JournalError;
use crate::journal::writer::{IMPORT_MARKS, ImportMark};

const MARKS: &str = "SELECT number, mark FROM import WHERE number > ?1 ORDER BY number";
const MARK: &str = "INSERT INTO import (mark) VALUES (?1)";
const FORGET: &str = "DELETE FROM import WHERE number <= ?1";

/// Adds a mark, within the transaction of its events, and deletes the oldest.
pub(super) fn mark(transaction: &Connection, mark: &ImportMark) -> Result<(), JournalError> {
    transaction.prepare_cached(MARK)?.execute([mark])?;
    let kept = i64::try_from(IMPORT_MARKS).unwrap_or(i64::MAX);
    let forgotten = transaction.last_insert_rowid().saturating_sub(kept);
    transaction.prepare_cached(FORGET)?.execute([forgotten])?;
    Ok(())
}

/// Shows the marks after the one of this number, oldest first.
pub(super) fn marks(
    connection: &Connection,
    after: u64,
    each: &mut dyn FnMut(u64, ImportMark),
) -> Result<(), JournalError> {
    let mut select = connection.prepare(MARKS)?;
    let mut rows = select.query([after])?;
    while let Some(row) = rows.next()? {
        each(row.get(0)?, row.get(1)?);
    }
    Ok(())
}
