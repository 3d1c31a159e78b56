//! The `import_mark` table.

use crate::journal::error::JournalError;
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::events::{bound, seq};
use crate::journal::writer::{IMPORT_MARKS, ImportMark};

const INSERT: &str = "INSERT INTO import_mark (number, mark) \
    SELECT coalesce(max(number), 0) + 1, $1 FROM import_mark";
const INSERT_ALL: &str = "INSERT INTO import_mark (number, mark) \
    SELECT number, mark FROM unnest($1::bytea[]) WITH ORDINALITY AS m (mark, number)";
const FORGET: &str =
    "DELETE FROM import_mark WHERE number <= (SELECT max(number) FROM import_mark) - $1";
const SELECT: &str = "SELECT number, mark FROM import_mark WHERE number > $1 ORDER BY number";

/// Adds a mark and drops the oldest beyond the bound.
pub(super) fn add(session: &mut Session, mark: &ImportMark) -> Result<(), JournalError> {
    session.execute(INSERT, &[&mark.as_slice()])?;
    session.execute(FORGET, &[&bound(IMPORT_MARKS as u64)])?;
    Ok(())
}

/// Inserts marks, the oldest first, where there are none.
pub(super) fn insert(session: &mut Session, marks: &[Vec<u8>]) -> Result<(), JournalError> {
    session.execute(INSERT_ALL, &[&marks])?;
    Ok(())
}

/// Shows the marks after the one of this number, oldest first.
pub(super) fn show(
    session: &mut Session,
    after: u64,
    each: &mut dyn FnMut(u64, ImportMark),
) -> Result<(), JournalError> {
    for row in session.query(SELECT, &[&bound(after)])? {
        if let Ok(mark) = ImportMark::try_from(row.try_get::<_, &[u8]>(1)?) {
            each(seq(&row, 0)?, mark);
        }
    }
    Ok(())
}
