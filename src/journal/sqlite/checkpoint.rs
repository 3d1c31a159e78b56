//! The state tables: the checkpoint, and what SQL tools read.

use std::ops::ControlFlow;

use rusqlite::{CachedStatement, Connection, Row, Transaction, TransactionBehavior};

use super::super::{CheckpointRow, JournalError, RowSink};
use crate::model::{
    Association, AssociationId, End, ObjectKey, ObjectSchema, Rank, RecordState, Seq, Stamp,
    StateRow, Timestamp,
};

const SAVE_SEQ: &str = "INSERT OR REPLACE INTO checkpoint (only, seq) VALUES (1, ?1)";
const SAVE_LOCATION: &str = "INSERT OR REPLACE INTO state_location VALUES (?1, ?2)";
const SAVE_OBJECT: &str =
    "INSERT OR REPLACE INTO state_object VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const SAVE_ASSOCIATION: &str = "INSERT OR REPLACE INTO state_association \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
const SAVE_UNKEYED: &str =
    "INSERT OR REPLACE INTO state_unkeyed_record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const SAVE_RECORD: &str =
    "INSERT OR REPLACE INTO state_record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const SAVE_RELATION: &str =
    "INSERT OR REPLACE INTO state_relation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const SAVE_MENTIONS: &str = "INSERT OR REPLACE INTO mentions VALUES (?1, ?2, ?3)";
const SAVE_REPEATS: &str = "INSERT INTO repeat VALUES (?1, ?2) \
    ON CONFLICT (seq) DO UPDATE SET times = times + excluded.times";
const SAVE_IDLE: &str = "INSERT OR IGNORE INTO idle_event VALUES (?1)";

const LOAD_SEQ: &str = "SELECT ifnull(max(seq), 0) FROM checkpoint";
const LOAD_LOCATIONS: &str = "SELECT number, id FROM state_location ORDER BY number";
const LOAD_OBJECTS: &str = "SELECT number, key, singular, plural, at, rank, seq \
    FROM state_object WHERE location = ?1 ORDER BY number";
const LOAD_ASSOCIATIONS: &str = "SELECT number, id, at, rank, seq, key, type, first_object, \
    first_label, second_object, second_label, first_to_second, second_to_first \
    FROM state_association WHERE location = ?1 ORDER BY number";
const LOAD_UNKEYED: &str = "SELECT id, at, rank, seq, deleted_at, deleted_rank, deleted_seq \
    FROM state_unkeyed_record WHERE location = ?1 ORDER BY id";
const LOAD_RECORDS: &str = "SELECT number, object, id, at, rank, seq, deleted_at, deleted_rank, \
    deleted_seq FROM state_record WHERE location = ?1 ORDER BY number";
const LOAD_RELATIONS: &str = "SELECT number, id, association, first, second, at, rank, seq \
    FROM state_relation WHERE location = ?1 ORDER BY number";

pub(super) fn save(
    connection: &mut Connection,
    upto: Seq,
    fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut statements = Statements::prepare(&transaction)?;
        fill(&mut |row| statements.put(row).map_err(JournalError::from))?;
    }
    transaction.execute(SAVE_SEQ, [upto.cast_signed()])?;
    transaction.commit()?;
    Ok(())
}

struct Statements<'c> {
    location: CachedStatement<'c>,
    object: CachedStatement<'c>,
    association: CachedStatement<'c>,
    unkeyed: CachedStatement<'c>,
    record: CachedStatement<'c>,
    relation: CachedStatement<'c>,
    mentions: CachedStatement<'c>,
    repeats: CachedStatement<'c>,
    idle: CachedStatement<'c>,
}

type StampColumns = (Option<i64>, Option<i64>, Option<i64>);

fn columns(stamp: Option<Stamp>) -> StampColumns {
    let at = stamp.and_then(Stamp::at).map(Timestamp::as_millis);
    (at, stamp.map(|s| s.rank() as i64), stamp.map(|s| s.seq().cast_signed()))
}

impl<'c> Statements<'c> {
    fn prepare(transaction: &'c Transaction<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            location: transaction.prepare_cached(SAVE_LOCATION)?,
            object: transaction.prepare_cached(SAVE_OBJECT)?,
            association: transaction.prepare_cached(SAVE_ASSOCIATION)?,
            unkeyed: transaction.prepare_cached(SAVE_UNKEYED)?,
            record: transaction.prepare_cached(SAVE_RECORD)?,
            relation: transaction.prepare_cached(SAVE_RELATION)?,
            mentions: transaction.prepare_cached(SAVE_MENTIONS)?,
            repeats: transaction.prepare_cached(SAVE_REPEATS)?,
            idle: transaction.prepare_cached(SAVE_IDLE)?,
        })
    }

    fn put(&mut self, row: &CheckpointRow<'_>) -> Result<(), rusqlite::Error> {
        match row {
            CheckpointRow::Location { number, id } => self.location.execute((number, id))?,
            CheckpointRow::State { location, row } => self.put_state(*location, row)?,
            CheckpointRow::Mentions { first, last, hashes } => {
                self.mentions.execute((first.cast_signed(), last.cast_signed(), hashes))?
            }
            CheckpointRow::Repeats { seq, times } => {
                self.repeats.execute((seq.cast_signed(), times.cast_signed()))?
            }
            CheckpointRow::Idle { seq } => self.idle.execute([seq.cast_signed()])?,
        };
        Ok(())
    }

    fn put_state(&mut self, location: u32, row: &StateRow<'_>) -> Result<usize, rusqlite::Error> {
        match *row {
            StateRow::Object { number, key, schema } => {
                let (at, rank, seq) = columns(schema.map(|(_, stamp)| stamp));
                let singular = schema.and_then(|(schema, _)| schema.singular.as_deref());
                let plural = schema.and_then(|(schema, _)| schema.plural.as_deref());
                self.object.execute((location, number, key, singular, plural, at, rank, seq))
            }
            StateRow::Association { number, id, stamp, definition } => {
                let (at, rank, seq) = columns(stamp);
                let d = definition;
                self.association.execute((
                    location,
                    number,
                    id,
                    at,
                    rank,
                    seq,
                    d.map(|d| &*d.key),
                    d.map(|d| &*d.association_type),
                    d.map(|d| d.first.object.as_str()),
                    d.map(|d| &*d.first.label),
                    d.map(|d| d.second.object.as_str()),
                    d.map(|d| &*d.second.label),
                    d.and_then(|d| d.first_to_second.as_deref()),
                    d.and_then(|d| d.second_to_first.as_deref()),
                ))
            }
            StateRow::UnkeyedRecord { id, state } => {
                let (at, rank, seq) = columns(state.last);
                let deleted = columns(state.deleted);
                self.unkeyed.execute((location, id, at, rank, seq, deleted.0, deleted.1, deleted.2))
            }
            StateRow::Record { number, object, id, state } => {
                let (at, rank, seq) = columns(state.last);
                let deleted = columns(state.deleted);
                self.record.execute((
                    location, number, object, id, at, rank, seq, deleted.0, deleted.1, deleted.2,
                ))
            }
            StateRow::Relation { number, id, association, first, second, stamp } => {
                let (at, rank, seq) = columns(Some(stamp));
                self.relation.execute((
                    location,
                    number,
                    id,
                    association,
                    first,
                    second,
                    at,
                    rank,
                    seq,
                ))
            }
        }
    }
}

/// Shows the rows of every location, or of this one alone.
pub(super) fn load(
    connection: &Connection,
    only: Option<&str>,
    each: RowSink<'_>,
) -> Result<Seq, JournalError> {
    // Its tables belong together: the one reading that needs a snapshot.
    let connection = connection.unchecked_transaction()?;
    let seq: i64 = connection.query_row(LOAD_SEQ, [], |row| row.get(0))?;
    let mut locations = Vec::new();
    let mut select = connection.prepare(LOAD_LOCATIONS)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if only.is_some_and(|only| text(row, 1).is_ok_and(|id| id != only)) {
            continue;
        }
        let number: u32 = row.get(0)?;
        each(&CheckpointRow::Location { number, id: text(row, 1)? })?;
        locations.push(number);
    }
    for location in locations {
        let mut put = |row: StateRow<'_>| each(&CheckpointRow::State { location, row });
        for (sql, show) in TABLES {
            let mut select = connection.prepare_cached(sql)?;
            let mut rows = select.query([location])?;
            while let Some(row) = rows.next()? {
                show(row, &mut put)?;
            }
        }
    }
    Ok(seq.unsigned_abs())
}

pub(super) fn location_ids(
    connection: &Connection,
    each: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> Result<Seq, JournalError> {
    let connection = connection.unchecked_transaction()?;
    let seq: i64 = connection.query_row(LOAD_SEQ, [], |row| row.get(0))?;
    let mut select = connection.prepare(LOAD_LOCATIONS)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if each(text(row, 1)?).is_break() {
            break;
        }
    }
    Ok(seq.unsigned_abs())
}

type Put<'p> = &'p mut dyn FnMut(StateRow<'_>) -> Result<(), JournalError>;
type Show = fn(&Row<'_>, Put<'_>) -> Result<(), JournalError>;

/// In the order in which rows refer to each other.
const TABLES: [(&str, Show); 5] = [
    (LOAD_OBJECTS, show_object),
    (LOAD_ASSOCIATIONS, show_association),
    (LOAD_UNKEYED, show_unkeyed),
    (LOAD_RECORDS, show_record),
    (LOAD_RELATIONS, show_relation),
];

fn show_object(row: &Row<'_>, put: Put<'_>) -> Result<(), JournalError> {
    let key = text(row, 1)?;
    let schema = ObjectSchema {
        key: ObjectKey::from(key),
        singular: row.get::<_, Option<Box<str>>>(2)?,
        plural: row.get::<_, Option<Box<str>>>(3)?,
    };
    let schema = stamp(row, 4)?.map(|stamp| (&schema, stamp));
    put(StateRow::Object { number: row.get(0)?, key, schema })
}

fn show_association(row: &Row<'_>, put: Put<'_>) -> Result<(), JournalError> {
    let id = text(row, 1)?;
    let definition = match row.get::<_, Option<Box<str>>>(5)? {
        None => None,
        Some(key) => Some(Association {
            id: AssociationId::from(id),
            key,
            association_type: row.get(6)?,
            first: End { object: ObjectKey::from(text(row, 7)?), label: row.get(8)? },
            second: End { object: ObjectKey::from(text(row, 9)?), label: row.get(10)? },
            first_to_second: row.get(11)?,
            second_to_first: row.get(12)?,
        }),
    };
    put(StateRow::Association {
        number: row.get(0)?,
        id,
        stamp: stamp(row, 2)?,
        definition: definition.as_ref(),
    })
}

fn show_unkeyed(row: &Row<'_>, put: Put<'_>) -> Result<(), JournalError> {
    let state = RecordState { last: stamp(row, 1)?, deleted: stamp(row, 4)? };
    put(StateRow::UnkeyedRecord { id: text(row, 0)?, state })
}

fn show_record(row: &Row<'_>, put: Put<'_>) -> Result<(), JournalError> {
    let state = RecordState { last: stamp(row, 3)?, deleted: stamp(row, 6)? };
    put(StateRow::Record { number: row.get(0)?, object: row.get(1)?, id: text(row, 2)?, state })
}

fn show_relation(row: &Row<'_>, put: Put<'_>) -> Result<(), JournalError> {
    let stamp = stamp(row, 5)?.ok_or_else(|| damaged("a relation without an event"))?;
    put(StateRow::Relation {
        number: row.get(0)?,
        id: text(row, 1)?,
        association: row.get(2)?,
        first: row.get(3)?,
        second: row.get(4)?,
        stamp,
    })
}

fn damaged(reason: &str) -> JournalError {
    JournalError::DamagedCheckpoint { reason: reason.to_owned() }
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, JournalError> {
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
