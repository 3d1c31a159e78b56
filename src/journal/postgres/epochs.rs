//! The `epoch` table, and noticing that the data went back to an earlier state.

use crate::journal::error::JournalError;
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::events::{bound, head, seq};
use crate::journal::postgres::schema;
use crate::model::{Epoch, EpochId, Epochs};

const SELECT: &str = "SELECT id, after FROM epoch ORDER BY number";
const BEGIN: &str = "INSERT INTO epoch (number, id, after) \
    SELECT max(number) + 1, floor(random() * 4294967296)::int8, $1 FROM epoch";
const SYSTEM: &str = "SELECT convert_from(system, 'UTF8') FROM store";
const SET_SYSTEM: &str = "UPDATE store SET system = convert_to($1, 'UTF8')";

/// Returns all epochs.
pub(super) fn load(session: &mut Session) -> Result<Epochs, JournalError> {
    let rows = session.query(SELECT, &[])?;
    let mut epochs = Epochs::starting_with(EpochId(0));
    for (place, row) in rows.iter().enumerate() {
        let id = EpochId(u32::try_from(seq(row, 0)?).unwrap_or_default());
        let after = seq(row, 1)?;
        if place == 0 {
            epochs = Epochs::starting_with(id);
        } else {
            epochs.push(Epoch { id, after });
        }
    }
    Ok(epochs)
}

/// Begins a new epoch if the data is of another server or another history than when this was
/// last called: a dump was restored, a backup replayed, or a standby has taken over. Where
/// nothing was lost by that, every place in the change feed stays good.
///
/// Called in the transaction of a writer.
pub(super) fn follow_history(session: &mut Session) -> Result<(), JournalError> {
    let now = schema::system(session)?;
    let known: String = session.one(SYSTEM, &[])?.try_get(0)?;
    if now == known {
        return Ok(());
    }
    session.execute(SET_SYSTEM, &[&now])?;
    if known.is_empty() || now.is_empty() {
        return Ok(());
    }
    let head = head(session)?;
    tracing::warn!(
        head,
        "the database is of another server or was restored: places in the change feed after \
         this event are refused from now on"
    );
    session.execute(BEGIN, &[&bound(head)])?;
    Ok(())
}
