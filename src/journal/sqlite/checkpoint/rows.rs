//! Rows of the state tables, as they are read.

use rusqlite::Row;

use crate::journal::error::JournalError;
use crate::journal::sqlite::state_table::{
    ASSOCIATIONS, OBJECTS, RECORDS, RELATIONS, StateTable, UNKEYED, damaged,
};
use crate::model::{
    Association, AssociationId, End, ObjectKey, ObjectSchema, Rank, RecordState, Stamp, StateRow,
    Timestamp,
};

/// Takes the state of one thing.
type PutState<'p> = &'p mut dyn FnMut(StateRow<'_>) -> Result<(), JournalError>;
/// Reads a row of a table and puts the state that it holds.
pub(super) type ShowRow = fn(&Row<'_>, PutState<'_>) -> Result<(), JournalError>;

/// The tables of a location's state, in the order in which rows refer to each other.
pub(super) const TABLES: [(&StateTable, ShowRow); 5] = [
    (&OBJECTS, show_object),
    (&ASSOCIATIONS, show_association),
    (&UNKEYED, show_unkeyed),
    (&RECORDS, show_record),
    (&RELATIONS, show_relation),
];

fn show_object(row: &Row<'_>, put: PutState<'_>) -> Result<(), JournalError> {
    let key = text(row, 2)?;
    let schema = ObjectSchema {
        key: ObjectKey::from(key),
        singular: row.get::<_, Option<Box<str>>>(3)?,
        plural: row.get::<_, Option<Box<str>>>(4)?,
    };
    let schema = stamp(row, 5)?.map(|stamp| (&schema, stamp));
    put(StateRow::Object { number: row.get(1)?, key, schema })
}

fn show_association(row: &Row<'_>, put: PutState<'_>) -> Result<(), JournalError> {
    let id = text(row, 2)?;
    let definition = match row.get::<_, Option<Box<str>>>(6)? {
        None => None,
        Some(key) => Some(Association {
            id: AssociationId::from(id),
            key,
            association_type: row.get(7)?,
            first: End { object: ObjectKey::from(text(row, 8)?), label: row.get(9)? },
            second: End { object: ObjectKey::from(text(row, 10)?), label: row.get(11)? },
            first_to_second: row.get(12)?,
            second_to_first: row.get(13)?,
        }),
    };
    put(StateRow::Association {
        number: row.get(1)?,
        id,
        stamp: stamp(row, 3)?,
        definition: definition.as_ref(),
    })
}

fn show_unkeyed(row: &Row<'_>, put: PutState<'_>) -> Result<(), JournalError> {
    let state = RecordState { last: stamp(row, 2)?, deleted: stamp(row, 5)? };
    put(StateRow::UnkeyedRecord { id: text(row, 1)?, state })
}

fn show_record(row: &Row<'_>, put: PutState<'_>) -> Result<(), JournalError> {
    let state = RecordState { last: stamp(row, 4)?, deleted: stamp(row, 7)? };
    put(StateRow::Record { number: row.get(1)?, object: row.get(2)?, id: text(row, 3)?, state })
}

fn show_relation(row: &Row<'_>, put: PutState<'_>) -> Result<(), JournalError> {
    let stamp = stamp(row, 6)?.ok_or_else(|| damaged("a relation without an event"))?;
    put(StateRow::Relation {
        number: row.get(1)?,
        id: text(row, 2)?,
        association: row.get(3)?,
        first: row.get(4)?,
        second: row.get(5)?,
        stamp,
    })
}

pub(super) fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, JournalError> {
    row.get_ref(column)?.as_str().map_err(|error| damaged(&error.to_string()))
}

fn stamp(row: &Row<'_>, column: usize) -> Result<Option<Stamp>, JournalError> {
    let rank = match row.get::<_, Option<i64>>(column + 1)? {
        None => return Ok(None),
        Some(0) => Rank::Create,
        Some(1) => Rank::Update,
        Some(2) => Rank::Delete,
        Some(_) => return Err(damaged("a rank that is none")),
    };
    let at = row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis);
    let seq: i64 = row.get(column + 2)?;
    Ok(Some(Stamp::new(at, rank, seq.unsigned_abs())))
}
