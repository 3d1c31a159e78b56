//! Rows of a checkpoint in memory.

use crate::model::{
    Association, NamedThing, ObjectSchema, Properties, RecordState, Stamp, StateKey, StateRow,
};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RowKey {
    Object(u32),
    Association(u32),
    UnkeyedRecord(String),
    Record(u32),
    Relation(u32),
    Name(NamedKey),
}

/// A [`NamedThing`] with an id of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NamedKey {
    Location,
    Object(u32),
    Record(u32),
    UnkeyedRecord(String),
}

impl From<NamedThing<'_>> for NamedKey {
    fn from(of: NamedThing<'_>) -> Self {
        match of {
            NamedThing::Location => Self::Location,
            NamedThing::Object(number) => Self::Object(number),
            NamedThing::Record(number) => Self::Record(number),
            NamedThing::UnkeyedRecord(id) => Self::UnkeyedRecord(id.into()),
        }
    }
}

impl NamedKey {
    fn thing(&self) -> NamedThing<'_> {
        match self {
            Self::Location => NamedThing::Location,
            Self::Object(number) => NamedThing::Object(*number),
            Self::Record(number) => NamedThing::Record(*number),
            Self::UnkeyedRecord(id) => NamedThing::UnkeyedRecord(id),
        }
    }
}

#[derive(Debug)]
pub(super) enum StoredRow {
    Object { key: String, schema: Option<(ObjectSchema, Stamp)> },
    Association { id: String, stamp: Option<Stamp>, definition: Option<Association> },
    UnkeyedRecord(RecordState),
    Record { object: u32, id: String, state: RecordState },
    Relation { id: String, association: u32, first: u32, second: u32, stamp: Stamp },
    Name(Properties),
}

/// Copies a row, and returns the key that it is stored under.
pub(super) fn copy_row(row: &StateRow<'_>) -> (RowKey, StoredRow) {
    match *row {
        StateRow::Object { number, key, schema } => (
            RowKey::Object(number),
            StoredRow::Object { key: key.into(), schema: schema.map(|(s, at)| (s.clone(), at)) },
        ),
        StateRow::Association { number, id, stamp, definition } => (
            RowKey::Association(number),
            StoredRow::Association { id: id.into(), stamp, definition: definition.cloned() },
        ),
        StateRow::UnkeyedRecord { id, state } => {
            (RowKey::UnkeyedRecord(id.into()), StoredRow::UnkeyedRecord(state))
        }
        StateRow::Record { number, object, id, state } => {
            (RowKey::Record(number), StoredRow::Record { object, id: id.into(), state })
        }
        StateRow::Relation { number, id, association, first, second, stamp } => (
            RowKey::Relation(number),
            StoredRow::Relation { id: id.into(), association, first, second, stamp },
        ),
        StateRow::Name { of, properties } => {
            (RowKey::Name(of.into()), StoredRow::Name(properties.clone()))
        }
    }
}

/// Returns the key of the name of what was dropped, if it can have one.
pub(super) fn dropped_name(key: &StateKey<'_>) -> Option<RowKey> {
    let of = match *key {
        StateKey::UnkeyedRecord(id) => NamedThing::UnkeyedRecord(id),
        StateKey::Record(number) => NamedThing::Record(number),
        StateKey::Association(_) | StateKey::Relation(_) => return None,
    };
    Some(RowKey::Name(of.into()))
}

/// Returns the key of a row that was dropped.
pub(super) fn dropped_key(key: &StateKey<'_>) -> RowKey {
    match *key {
        StateKey::Association(number) => RowKey::Association(number),
        StateKey::UnkeyedRecord(id) => RowKey::UnkeyedRecord(id.into()),
        StateKey::Record(number) => RowKey::Record(number),
        StateKey::Relation(number) => RowKey::Relation(number),
    }
}

/// Returns a stored row as a checkpoint shows it.
pub(super) fn borrow_row<'a>(key: &'a RowKey, row: &'a StoredRow) -> Option<StateRow<'a>> {
    Some(match (key, row) {
        (RowKey::Object(number), StoredRow::Object { key, schema }) => StateRow::Object {
            number: *number,
            key,
            schema: schema.as_ref().map(|(schema, stamp)| (schema, *stamp)),
        },
        (RowKey::Association(number), StoredRow::Association { id, stamp, definition }) => {
            let definition = definition.as_ref();
            StateRow::Association { number: *number, id, stamp: *stamp, definition }
        }
        (RowKey::UnkeyedRecord(id), StoredRow::UnkeyedRecord(state)) => {
            StateRow::UnkeyedRecord { id, state: *state }
        }
        (RowKey::Record(number), StoredRow::Record { object, id, state }) => {
            StateRow::Record { number: *number, object: *object, id, state: *state }
        }
        (
            RowKey::Relation(number),
            StoredRow::Relation { id, association, first, second, stamp },
        ) => StateRow::Relation {
            number: *number,
            id,
            association: *association,
            first: *first,
            second: *second,
            stamp: *stamp,
        },
        (RowKey::Name(of), StoredRow::Name(properties)) => {
            StateRow::Name { of: of.thing(), properties }
        }
        _ => return None,
    })
}
