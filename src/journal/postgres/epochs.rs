//! The `epoch` table, and noticing that the data went back to an earlier state.

use crate::journal::error::JournalError;
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::events::{bound, head, seq};
use crate::journal::postgres::schema;
use crate::model::{Epoch, EpochId, Epochs, Seq};

const SELECT: &str = "SELECT id, after FROM epoch ORDER BY number";
const INSERT: &str = "INSERT INTO epoch (number, id, after) \
    SELECT coalesce(max(number), 0) + 1, $1, $2 FROM epoch";
const BEGIN: &str = "INSERT INTO epoch (number, id, after) \
    SELECT max(number) + 1, floor(random() * 4294967296)::int8, $1 FROM epoch";
const SYSTEM: &str = "SELECT convert_from(system, 'UTF8') FROM store";
const SET_SYSTEM: &str = "UPDATE store SET system = convert_to($1, 'UTF8')";

/// Returns all epochs.
pub(super) fn load(session: &mut Session) -> Result<Epochs, JournalError> {
    let mut list = list(session)?.into_iter();
    let first = list.next().map_or(EpochId(0), |first| first.id);
    let mut epochs = Epochs::starting_with(first);
    list.for_each(|epoch| epochs.push(epoch));
    Ok(epochs)
}

/// Returns the epochs, the oldest first.
pub(super) fn list(session: &mut Session) -> Result<Vec<Epoch>, JournalError> {
    let epoch = |row| {
        let id = EpochId(u32::try_from(seq(row, 0)?).unwrap_or_default());
        Ok(Epoch { id, after: seq(row, 1)? })
    };
    session.query(SELECT, &[])?.iter().map(epoch).collect()
}

/// Adds an epoch of another store.
pub(super) fn insert(session: &mut Session, epoch: Epoch) -> Result<(), JournalError> {
    session.execute(INSERT, &[&i64::from(epoch.id.0), &bound(epoch.after)])?;
    Ok(())
}

/// Begins an epoch after this event.
pub(super) fn begin(session: &mut Session, after: Seq) -> Result<(), JournalError> {
    session.execute(BEGIN, &[&bound(after)])?;
    Ok(())
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
    begin(session, head)
}
