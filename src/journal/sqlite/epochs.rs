//! The `epoch` table.

use rusqlite::Connection;

use crate::journal::error::JournalError;
use crate::model::{Epoch, EpochId, Epochs, Seq};

const EPOCHS: &str = "SELECT id, after FROM epoch ORDER BY number";
const BEGIN: &str = "INSERT INTO epoch (id, after) VALUES (abs(random() % 4294967296), ?1)";

pub(super) fn load(connection: &Connection) -> Result<Epochs, JournalError> {
    let mut select = connection.prepare_cached(EPOCHS)?;
    let mut rows = select.query([])?;
    let mut epochs: Option<Epochs> = None;
    while let Some(row) = rows.next()? {
        let (id, after) = (EpochId(row.get(0)?), row.get(1)?);
        match &mut epochs {
            None => epochs = Some(Epochs::starting_with(id)),
            Some(epochs) => epochs.push(Epoch { id, after }),
        }
    }
    // A file of a format without epochs, or one whose table was emptied.
    Ok(epochs.unwrap_or_else(|| Epochs::starting_with(EpochId(0))))
}

/// Begins an epoch after this event.
pub(super) fn begin(connection: &Connection, after: Seq) -> Result<(), JournalError> {
    connection.execute(BEGIN, [after])?;
    Ok(())
}
