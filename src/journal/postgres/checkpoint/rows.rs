//! Rows of the `state` table: what of a thing is its key, and what its state.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::{
    Association, AssociationId, End, NamedThing, ObjectKey, ObjectSchema, Properties,
    PropertyState, Rank, RecordState, Seq, Stamp, StateKey, StateRow, Timestamp,
};

/// What a row is of, in the order in which rows refer to each other.
const OBJECT: i16 = 0;
const ASSOCIATION: i16 = 1;
const UNKEYED_RECORD: i16 = 2;
const RECORD: i16 = 3;
const RELATION: i16 = 4;
const NAME: i16 = 5;

/// The key of a row within its location.
pub(super) type RowKey = (i16, Vec<u8>);

/// The time, the rank and the seq of an event.
type StampColumns = (Option<i64>, u8, Seq);

#[derive(Serialize, Deserialize)]
struct ObjectState<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    singular: Option<Cow<'a, str>>,
    #[serde(borrow)]
    plural: Option<Cow<'a, str>>,
    stamp: Option<StampColumns>,
}

#[derive(Serialize, Deserialize)]
struct AssociationState<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    stamp: Option<StampColumns>,
    #[serde(borrow)]
    definition: Option<Definition<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Definition<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    association_type: Cow<'a, str>,
    #[serde(borrow)]
    first: (Cow<'a, str>, Cow<'a, str>),
    #[serde(borrow)]
    second: (Cow<'a, str>, Cow<'a, str>),
    #[serde(borrow)]
    first_to_second: Option<Cow<'a, str>>,
    #[serde(borrow)]
    second_to_first: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
struct UnkeyedState {
    last: Option<StampColumns>,
    deleted: Option<StampColumns>,
}

#[derive(Serialize, Deserialize)]
struct StoredRecord<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    object: u32,
    last: Option<StampColumns>,
    deleted: Option<StampColumns>,
}

#[derive(Serialize, Deserialize)]
struct StoredRelation<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    association: u32,
    first: u32,
    second: u32,
    stamp: StampColumns,
}

/// Key, value and event of each property, by ascending key.
#[derive(Serialize, Deserialize)]
struct NameState<'a>(#[serde(borrow)] Vec<(Cow<'a, str>, Cow<'a, str>, StampColumns)>);

fn columns(stamp: Stamp) -> StampColumns {
    (stamp.at().map(Timestamp::as_millis), stamp.rank() as u8, stamp.seq())
}

fn stamp((at, rank, seq): StampColumns) -> Result<Stamp, String> {
    let rank = match rank {
        0 => Rank::Create,
        1 => Rank::Update,
        2 => Rank::Delete,
        _ => return Err("a rank that is none".to_owned()),
    };
    Ok(Stamp::new(at.map(Timestamp::from_millis), rank, seq))
}

fn optional_stamp(columns: Option<StampColumns>) -> Result<Option<Stamp>, String> {
    columns.map(stamp).transpose()
}

fn number_key(number: u32) -> Vec<u8> {
    number.to_be_bytes().into()
}

fn name_key(of: NamedThing<'_>) -> Vec<u8> {
    let (sort, key) = match of {
        NamedThing::Location => (0, Vec::new()),
        NamedThing::Object(number) => (1, number_key(number)),
        NamedThing::Record(number) => (2, number_key(number)),
        NamedThing::UnkeyedRecord(id) => (3, id.as_bytes().to_vec()),
    };
    [vec![sort], key].concat()
}

/// Returns the keys of a row that was dropped, and of its name.
pub(super) fn dropped_keys(key: StateKey<'_>) -> (RowKey, Option<RowKey>) {
    match key {
        StateKey::Association(number) => ((ASSOCIATION, number_key(number)), None),
        StateKey::Relation(number) => ((RELATION, number_key(number)), None),
        StateKey::Record(number) => {
            ((RECORD, number_key(number)), Some((NAME, name_key(NamedThing::Record(number)))))
        }
        StateKey::UnkeyedRecord(id) => (
            (UNKEYED_RECORD, id.as_bytes().to_vec()),
            Some((NAME, name_key(NamedThing::UnkeyedRecord(id)))),
        ),
    }
}

/// Returns a row as it is saved: its key and its state.
pub(super) fn encode(row: &StateRow<'_>) -> (RowKey, Vec<u8>) {
    match *row {
        StateRow::Object { number, key, schema } => {
            let text = |of: fn(&ObjectSchema) -> Option<&str>| {
                schema.and_then(|(schema, _)| of(schema)).map(Cow::from)
            };
            let state = ObjectState {
                key: key.into(),
                singular: text(|schema| schema.singular.as_deref()),
                plural: text(|schema| schema.plural.as_deref()),
                stamp: schema.map(|(_, stamp)| columns(stamp)),
            };
            ((OBJECT, number_key(number)), json(&state))
        }
        StateRow::Association { number, id, stamp, definition } => {
            let stamp = stamp.map(columns);
            let state = AssociationState {
                id: id.into(),
                stamp,
                definition: definition.map(definition_of),
            };
            ((ASSOCIATION, number_key(number)), json(&state))
        }
        StateRow::UnkeyedRecord { id, state } => {
            let (last, deleted) = (state.last.map(columns), state.deleted.map(columns));
            ((UNKEYED_RECORD, id.as_bytes().to_vec()), json(&UnkeyedState { last, deleted }))
        }
        StateRow::Record { number, object, id, state } => {
            let (last, deleted) = (state.last.map(columns), state.deleted.map(columns));
            let state = StoredRecord { id: id.into(), object, last, deleted };
            ((RECORD, number_key(number)), json(&state))
        }
        StateRow::Relation { number, id, association, first, second, stamp } => {
            let (id, stamp) = (id.into(), columns(stamp));
            let state = StoredRelation { id, association, first, second, stamp };
            ((RELATION, number_key(number)), json(&state))
        }
        StateRow::Name { of, properties } => {
            let states = properties.states().iter().map(|PropertyState { key, value, stamp }| {
                (Cow::from(&**key), Cow::from(&**value), columns(*stamp))
            });
            ((NAME, name_key(of)), json(&NameState(states.collect())))
        }
    }
}

fn definition_of(definition: &Association) -> Definition<'_> {
    let end = |end: &'_ End| -> (Cow<'_, str>, Cow<'_, str>) {
        (end.object.as_str().to_owned().into(), end.label.to_string().into())
    };
    Definition {
        key: (&*definition.key).into(),
        association_type: (&*definition.association_type).into(),
        first: end(&definition.first),
        second: end(&definition.second),
        first_to_second: definition.first_to_second.as_deref().map(Cow::from),
        second_to_first: definition.second_to_first.as_deref().map(Cow::from),
    }
}

fn json(state: &impl Serialize) -> Vec<u8> {
    // Texts and numbers can always be written.
    serde_json::to_vec(state).unwrap_or_default()
}

/// Shows a row that is saved.
pub(super) fn show<T>(
    sort: i16,
    key: &[u8],
    state: &[u8],
    put: impl FnOnce(StateRow<'_>) -> T,
) -> Result<T, String> {
    match sort {
        OBJECT => show_object(number(key)?, &read(state)?, put),
        ASSOCIATION => show_association(number(key)?, read(state)?, put),
        UNKEYED_RECORD => {
            let UnkeyedState { last, deleted } = read(state)?;
            let state =
                RecordState { last: optional_stamp(last)?, deleted: optional_stamp(deleted)? };
            Ok(put(StateRow::UnkeyedRecord { id: text(key)?, state }))
        }
        RECORD => {
            let StoredRecord { id, object, last, deleted } = read(state)?;
            let state =
                RecordState { last: optional_stamp(last)?, deleted: optional_stamp(deleted)? };
            Ok(put(StateRow::Record { number: number(key)?, object, id: &id, state }))
        }
        RELATION => {
            let StoredRelation { id, association, first, second, stamp: columns } = read(state)?;
            let (number, stamp) = (number(key)?, stamp(columns)?);
            Ok(put(StateRow::Relation { number, id: &id, association, first, second, stamp }))
        }
        NAME => show_name(key, read(state)?, put),
        _ => Err("a row of an unknown kind".to_owned()),
    }
}

fn show_object<T>(
    number: u32,
    state: &ObjectState<'_>,
    put: impl FnOnce(StateRow<'_>) -> T,
) -> Result<T, String> {
    let schema = ObjectSchema {
        key: ObjectKey::from(&*state.key),
        singular: state.singular.as_deref().map(Box::from),
        plural: state.plural.as_deref().map(Box::from),
        primary: None,
    };
    let schema = optional_stamp(state.stamp)?.map(|stamp| (&schema, stamp));
    Ok(put(StateRow::Object { number, key: &state.key, schema }))
}

fn show_association<T>(
    number: u32,
    state: AssociationState<'_>,
    put: impl FnOnce(StateRow<'_>) -> T,
) -> Result<T, String> {
    let end = |(object, label): (Cow<'_, str>, Cow<'_, str>)| End {
        object: ObjectKey::from(&*object),
        label: (&*label).into(),
    };
    let definition = state.definition.map(|it| Association {
        id: AssociationId::from(&*state.id),
        key: (&*it.key).into(),
        association_type: (&*it.association_type).into(),
        first: end(it.first),
        second: end(it.second),
        first_to_second: it.first_to_second.as_deref().map(Box::from),
        second_to_first: it.second_to_first.as_deref().map(Box::from),
    });
    let (stamp, definition) = (optional_stamp(state.stamp)?, definition.as_ref());
    Ok(put(StateRow::Association { number, id: &state.id, stamp, definition }))
}

fn show_name<T>(
    key: &[u8],
    NameState(states): NameState<'_>,
    put: impl FnOnce(StateRow<'_>) -> T,
) -> Result<T, String> {
    let (sort, rest) = key.split_first().ok_or("a name of nothing")?;
    let of = match sort {
        0 => NamedThing::Location,
        1 => NamedThing::Object(number(rest)?),
        2 => NamedThing::Record(number(rest)?),
        3 => NamedThing::UnkeyedRecord(text(rest)?),
        _ => return Err("a name of an unknown kind".to_owned()),
    };
    let mut properties = Properties::default();
    for (key, value, columns) in states {
        properties.merge(&key, &value, stamp(columns)?);
    }
    Ok(put(StateRow::Name { of, properties: &properties }))
}

fn read<'a, T: Deserialize<'a>>(state: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(state).map_err(|error| error.to_string())
}

fn number(key: &[u8]) -> Result<u32, String> {
    key.try_into().map(u32::from_be_bytes).map_err(|_| "a key that is no number".to_owned())
}

fn text(key: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(key).map_err(|error| error.to_string())
}

/// Returns a CRC-32 of a row.
pub(super) fn checksum(location: i32, sort: i16, key: &[u8], state: &[u8]) -> i64 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&location.to_le_bytes());
    crc.update(&sort.to_le_bytes());
    for bytes in [key, state] {
        crc.update(&(bytes.len() as u64).to_le_bytes());
        crc.update(bytes);
    }
    i64::from(crc.finalize())
}
