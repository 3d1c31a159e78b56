//! The `epoch` table.

use rusqlite::Connection;

use crate::journal::error::JournalError;
use crate::model::{Epoch, EpochId, Epochs, Seq};

const EPOCHS: &str = "SELECT id, after FROM epoch ORDER BY number";
const INSERT: &str = "INSERT INTO epoch (id, after) VALUES (?1, ?2)";
const BEGIN: &str = "INSERT INTO epoch (id, after) VALUES (abs(random() % 4294967296), ?1)";

pub(super) fn load(connection: &Connection) -> Result<Epochs, JournalError> {
    let mut epochs: Option<Epochs> = None;
    each(connection, &mut |epoch| {
        match &mut epochs {
            None => epochs = Some(Epochs::starting_with(epoch.id)),
            Some(epochs) => epochs.push(epoch),
        }
        Ok(())
    })?;
    // A file of a format without epochs, or one whose table was emptied.
    Ok(epochs.unwrap_or_else(|| Epochs::starting_with(EpochId(0))))
}

/// Shows the epochs, the oldest first.
pub(super) fn each(
    connection: &Connection,
    each: &mut dyn FnMut(Epoch) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let mut select = connection.prepare_cached(EPOCHS)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        each(Epoch { id: EpochId(row.get(0)?), after: row.get(1)? })?;
    }
    Ok(())
}

/// Adds an epoch of another store.
pub(super) fn insert(connection: &Connection, epoch: Epoch) -> Result<(), JournalError> {
    connection.execute(INSERT, (epoch.id.0, epoch.after))?;
    Ok(())
}

/// Begins an epoch after this event.
pub(super) fn begin(connection: &Connection, after: Seq) -> Result<(), JournalError> {
    connection.execute(BEGIN, [after])?;
    Ok(())
}
