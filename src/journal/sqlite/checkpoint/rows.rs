//! Rows of the state tables, as they are read.

use std::borrow::Cow;

use rusqlite::Row;

use crate::journal::error::JournalError;
use crate::journal::sqlite::state_table::{
    ASSOCIATIONS, NAMES, OBJECTS, RECORDS, RELATIONS, StateTable, UNKEYED, damaged,
};
use crate::model::{
    Association, AssociationId, End, NamedThing, ObjectKey, ObjectSchema, Properties,
    PropertyState, Rank, RecordState, Seq, Stamp, StateRow, Timestamp,
};

/// What a name is of, in its column.
pub(super) const LOCATION: i64 = 0;
pub(super) const OBJECT: i64 = 1;
pub(super) const RECORD: i64 = 2;
pub(super) const UNKEYED_RECORD: i64 = 3;

/// Takes the state of one thing.
type PutState<'p> = &'p mut dyn FnMut(StateRow<'_>) -> Result<(), JournalError>;
/// Reads a row of a table and puts the state that it holds.
pub(super) type ShowRow = fn(&Row<'_>, PutState<'_>) -> Result<(), JournalError>;

/// The tables of a location's state, in the order in which rows refer to each other.
pub(super) const TABLES: [(&StateTable, ShowRow); 6] = [
    (&OBJECTS, show_object),
    (&ASSOCIATIONS, show_association),
    (&UNKEYED, show_unkeyed),
    (&RECORDS, show_record),
    (&RELATIONS, show_relation),
    (&NAMES, show_name),
];

fn show_object(row: &Row<'_>, put: PutState<'_>) -> Result<(), JournalError> {
    let key = text(row, 2)?;
    let schema = ObjectSchema {
        key: ObjectKey::from(key),
        singular: row.get::<_, Option<Box<str>>>(3)?,
        plural: row.get::<_, Option<Box<str>>>(4)?,
        primary: None,
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

fn show_name(row: &Row<'_>, put: PutState<'_>) -> Result<(), JournalError> {
    let of = match row.get::<_, i64>(1)? {
        LOCATION => NamedThing::Location,
        OBJECT => NamedThing::Object(row.get(2)?),
        RECORD => NamedThing::Record(row.get(2)?),
        UNKEYED_RECORD => NamedThing::UnkeyedRecord(text(row, 2)?),
        _ => return Err(damaged("a name of nothing known")),
    };
    let properties = properties_of(text(row, 3)?)?;
    put(StateRow::Name { of, properties: &properties })
}

/// Properties in a column, by ascending key: key, value, and the parts of a stamp.
type PropertyColumns<'a> = Vec<(Cow<'a, str>, Cow<'a, str>, Option<i64>, i64, Seq)>;

fn properties_of(column: &str) -> Result<Properties, JournalError> {
    let columns: PropertyColumns<'_> =
        serde_json::from_str(column).map_err(|error| damaged(&error.to_string()))?;
    let states = columns.into_iter().map(|(key, value, at, rank, seq)| {
        let at = at.map(Timestamp::from_millis);
        let (key, value) = (key.into(), value.into());
        Ok(PropertyState { key, value, stamp: Stamp::new(at, rank_of(rank)?, seq) })
    });
    states.collect()
}

/// Returns properties as they are saved in a column.
pub(super) fn property_column(properties: &Properties) -> String {
    let columns: PropertyColumns<'_> = properties
        .states()
        .iter()
        .map(|PropertyState { key, value, stamp }| {
            let at = stamp.at().map(Timestamp::as_millis);
            let (key, value) = (Cow::Borrowed(&**key), Cow::Borrowed(&**value));
            (key, value, at, stamp.rank() as i64, stamp.seq())
        })
        .collect();
    // Texts and numbers can always be written.
    serde_json::to_string(&columns).unwrap_or_default()
}

fn rank_of(rank: i64) -> Result<Rank, JournalError> {
    match rank {
        0 => Ok(Rank::Create),
        1 => Ok(Rank::Update),
        2 => Ok(Rank::Delete),
        _ => Err(damaged("a rank that is none")),
    }
}

pub(super) fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, JournalError> {
    row.get_ref(column)?.as_str().map_err(|error| damaged(&error.to_string()))
}

fn stamp(row: &Row<'_>, column: usize) -> Result<Option<Stamp>, JournalError> {
    let Some(rank) = row.get::<_, Option<i64>>(column + 1)? else { return Ok(None) };
    let rank = rank_of(rank)?;
    let at = row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis);
    let seq: i64 = row.get(column + 2)?;
    Ok(Some(Stamp::new(at, rank, seq.unsigned_abs())))
}
