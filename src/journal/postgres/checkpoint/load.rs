//! Loading the checkpoint.

use std::ops::ControlFlow;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::journal::checkpoint::{CheckpointRow, CheckpointSeq, RowSink};
use crate::journal::error::JournalError;
use crate::journal::postgres::checkpoint::rows;
use crate::journal::postgres::checkpoint::save::signed;
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::events::{optional_text, seq, text};
use crate::model::{Counts, Seq};

const SEQ: &str = "SELECT checkpoint_seq, checkpoint_newest FROM store";
const LOCATIONS: &str = "SELECT number, id, rows, seq FROM state_location ORDER BY number";
const BY_ID: &str = "SELECT number, id, rows, seq FROM state_location WHERE id = $1";
const BY_NUMBER: &str = "SELECT number, id, rows, seq FROM state_location WHERE number = $1";
const SUMMARIES: &str = "SELECT location, objects, associations, records, relations, pending, \
    tombstones, name FROM state_summary ORDER BY location";
const STATES: &str = "SELECT location, sort, checksum, key, state FROM state \
    WHERE location = ANY ($1) ORDER BY location, sort, key";

/// All reads of one loading are of one moment.
pub(in crate::journal::postgres) const BEGIN: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The locations that are shown.
pub(in crate::journal::postgres) enum Wanted<'w> {
    /// Those of which this returns true, by id and number of rows.
    Some(&'w mut dyn FnMut(&str, Option<u64>) -> bool),
    /// The one of this id.
    One(&'w str),
    /// The one of this number.
    Numbered(u32),
}

/// Shows the locations that are wanted, then their states.
pub(in crate::journal::postgres) fn load(
    session: &mut Session,
    wanted: Wanted<'_>,
    each: RowSink<'_>,
) -> Result<CheckpointSeq, JournalError> {
    at_one_moment(session, |session| {
        let come = come(session)?;
        let found = match wanted {
            Wanted::One(id) => {
                show_locations(session, BY_ID, &[&id.as_bytes()], &mut |_, _| true, each)?
            }
            Wanted::Numbered(number) => {
                show_locations(session, BY_NUMBER, &[&signed(number)], &mut |_, _| true, each)?
            }
            Wanted::Some(wanted) => show_locations(session, LOCATIONS, &[], wanted, each)?,
        };
        show_states(session, &found, each)?;
        Ok(come)
    })
}

/// Shows all locations, then their summaries.
pub(in crate::journal::postgres) fn list(
    session: &mut Session,
    each: RowSink<'_>,
) -> Result<CheckpointSeq, JournalError> {
    at_one_moment(session, |session| {
        let come = come(session)?;
        show_locations(session, LOCATIONS, &[], &mut |_, _| true, each)?;
        let mut rows = session.rows(SUMMARIES, &[])?;
        while let Some(row) = rows.next()? {
            let count = |column| seq(&row, column);
            let counts = Counts {
                objects: count(1)?,
                associations: count(2)?,
                records: count(3)?,
                relations: count(4)?,
                pending_associations: count(5)?,
            };
            let name = optional_text(&row, 7).map_err(damaged)?;
            let location = row.try_get::<_, i32>(0)?.cast_unsigned();
            each(&CheckpointRow::Summary { location, name, counts, tombstones: count(6)? })?;
        }
        Ok(come)
    })
}

/// Shows the ids of all locations.
pub(in crate::journal::postgres) fn ids(
    session: &mut Session,
    each: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> Result<Seq, JournalError> {
    let come = come(session)?;
    let mut rows = session.rows(LOCATIONS, &[])?;
    while let Some(row) = rows.next()? {
        if each(text(&row, 1).map_err(damaged)?).is_break() {
            break;
        }
    }
    Ok(come.seq)
}

/// Returns how far the checkpoint has come.
pub(in crate::journal::postgres) fn come(
    session: &mut Session,
) -> Result<CheckpointSeq, JournalError> {
    let row = session.one(SEQ, &[])?;
    Ok(CheckpointSeq { seq: seq(&row, 0)?, newest: seq(&row, 1)? })
}

/// Shows locations that are wanted, and returns their numbers.
fn show_locations(
    session: &mut Session,
    select: &'static str,
    parameters: &[&(dyn ToSql + Sync)],
    wanted: &mut dyn FnMut(&str, Option<u64>) -> bool,
    each: RowSink<'_>,
) -> Result<Vec<i32>, JournalError> {
    let mut numbers = Vec::new();
    let mut rows = session.rows(select, parameters)?;
    while let Some(row) = rows.next()? {
        let number: i32 = row.try_get(0)?;
        let of = |column| -> Result<Option<u64>, JournalError> {
            Ok(row.try_get::<_, Option<i64>>(column)?.map(i64::unsigned_abs))
        };
        let (rows, seq) = (of(2)?, of(3)?);
        let (number_of, id) = (number.cast_unsigned(), text(&row, 1).map_err(damaged)?);
        if wanted(id, rows) {
            each(&CheckpointRow::Location { number: number_of, id, rows, seq })?;
            numbers.push(number);
        }
    }
    Ok(numbers)
}

fn show_states(
    session: &mut Session,
    numbers: &[i32],
    each: RowSink<'_>,
) -> Result<(), JournalError> {
    if numbers.is_empty() {
        return Ok(());
    }
    let mut rows = session.rows(STATES, &[&numbers])?;
    while let Some(row) = rows.next()? {
        show_state(&row, each)?;
    }
    Ok(())
}

fn show_state(row: &Row, each: RowSink<'_>) -> Result<(), JournalError> {
    let (number, sort): (i32, i16) = (row.try_get(0)?, row.try_get(1)?);
    let (key, state): (&[u8], &[u8]) = (row.try_get(3)?, row.try_get(4)?);
    let location = number.cast_unsigned();
    let shown = if row.try_get::<_, i64>(2)? == rows::checksum(number, sort, key, state) {
        rows::show(sort, key, state, |row| each(&CheckpointRow::State { location, row }))
    } else {
        Err("a row has another checksum".to_owned())
    };
    match shown {
        Ok(taken) => taken,
        Err(reason) => each(&CheckpointRow::Damaged { location, reason: &reason }),
    }
}

/// Reads within one transaction, unless one is open already.
fn at_one_moment<T>(
    session: &mut Session,
    read: impl FnOnce(&mut Session) -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    if session.is_in_transaction() {
        return read(session);
    }
    let found = session.begin(BEGIN).and_then(|()| read(session));
    let ended = session.end("COMMIT");
    found.and_then(|found| ended.map(|()| found))
}

fn damaged(reason: String) -> JournalError {
    JournalError::DamagedCheckpoint { reason }
}
