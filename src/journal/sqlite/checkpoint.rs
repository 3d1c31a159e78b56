//! The state tables: the checkpoint, and what SQL tools read.

use std::ops::ControlFlow;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{
    CachedStatement, Connection, OptionalExtension, Row, Rows, Transaction, TransactionBehavior,
    params_from_iter,
};

use crate::journal::contract::{CheckpointRow, CheckpointSeq, RowSink};
use crate::journal::error::JournalError;
use crate::journal::sqlite::location_blocks;
use crate::journal::sqlite::state_table::{
    ASSOCIATIONS, LOCATIONS, OBJECTS, RECORDS, RELATIONS, StateTable, UNKEYED, check, damaged,
};
use crate::model::{
    Association, AssociationId, End, ObjectKey, ObjectSchema, Rank, RecordState, Seq, Stamp,
    StateKey, StateRow, Timestamp,
};

const SAVE_SEQ: &str = "INSERT OR REPLACE INTO checkpoint (only, seq, locations, newest, checksum) \
    VALUES (1, ?1, ?2, ?3, row_checksum(1, ?1, ?2, ?3))";
/// Of a location that is there; one whose rows are not complete keeps its seq.
const SAVE_LOCATION: &str = "UPDATE state_location SET id = ?2, rows = ?3, seq = ifnull(?4, seq), \
    checksum = row_checksum(?1, ?2, ?3, ifnull(?4, seq)) WHERE number = ?1";
const SAVE_MENTIONS: &str = "INSERT OR REPLACE INTO mentions VALUES (?1, ?2, ?3)";
const SAVE_REPEATS: &str = "INSERT INTO repeat VALUES (?1, ?2) \
    ON CONFLICT (seq) DO UPDATE SET times = times + excluded.times";
const SAVE_IDLE: &str = "INSERT OR IGNORE INTO idle_event VALUES (?1)";

/// What replaying every event writes anew; how often deliveries came again is
/// known nowhere else.
const FORGET: &str = "DELETE FROM checkpoint; DELETE FROM state_location; \
    DELETE FROM state_object; DELETE FROM state_association; DELETE FROM state_unkeyed_record; \
    DELETE FROM state_record; DELETE FROM state_relation; \
    DELETE FROM mentions; DELETE FROM idle_event; \
    DELETE FROM location_block; DELETE FROM location_block_range";

const LOAD_SEQ: &str = "SELECT 1, seq, locations, newest, checksum FROM checkpoint";

/// The same of files of older formats.
const LOAD_SEQ_WHOLE: &str = "SELECT 1, seq, locations, checksum FROM checkpoint";
const LOAD_SEQ_UNCHECKED: &str = "SELECT 1, seq, NULL, NULL FROM checkpoint";

/// Locations of an older file, which does not tell how far the rows of each have come.
const LOAD_WHOLE: &str = "SELECT number, id, rows, checksum FROM state_location ORDER BY number";

/// Locations of an older file, which does not tell how many rows each has.
const LOAD_UNCOUNTED: &str = "SELECT number, id, NULL, NULL FROM state_location ORDER BY number";

/// What the tables of a file hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Whether rows carry checksums.
    pub(super) is_checked: bool,
    /// Whether it is told how far a checkpoint has come that is saved in parts.
    pub(super) has_parts: bool,
}

/// Deletes every row of a location.
pub(super) fn forget_location(connection: &Connection, number: u32) -> Result<(), rusqlite::Error> {
    for (table, _) in TABLES {
        let name = table.name;
        connection.execute(&format!("DELETE FROM {name} WHERE location = ?1"), [number])?;
    }
    let deleted = connection.execute("DELETE FROM state_location WHERE number = ?1", [number])?;
    let select = "SELECT seq, locations, newest FROM checkpoint";
    let saved = connection
        .query_row(select, [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })
        .optional()?;
    if let Some((seq, locations, newest)) = saved {
        let locations = locations.saturating_sub_unsigned(deleted as u64);
        connection.execute(SAVE_SEQ, (seq, locations, newest))?;
    }
    Ok(())
}

/// Returns how many locations the checkpoint has.
fn location_count(connection: &Connection) -> Result<i64, rusqlite::Error> {
    let select = "SELECT locations FROM checkpoint";
    let counted: Option<i64> = connection.query_row(select, [], |row| row.get(0)).optional()?;
    Ok(counted.unwrap_or(0))
}

/// Saves a checkpoint over the one before, or, anew, in place of it.
pub(super) fn save(
    connection: &mut Connection,
    upto: CheckpointSeq,
    is_anew: bool,
    fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_anew {
        transaction.execute_batch(FORGET)?;
    }
    let mut locations = location_count(&transaction)?;
    {
        let mut statements = Statements::prepare(&transaction)?;
        fill(&mut |row| statements.put(row).map_err(JournalError::from))?;
        locations += statements.new_locations;
    }
    let CheckpointSeq { seq, newest } = upto;
    transaction.prepare_cached(SAVE_SEQ)?.execute((
        seq.cast_signed(),
        locations,
        newest.cast_signed(),
    ))?;
    transaction.commit()?;
    Ok(())
}

struct Statements<'c> {
    /// How many locations were put that were not there.
    new_locations: i64,
    location: CachedStatement<'c>,
    new_location: CachedStatement<'c>,
    object: CachedStatement<'c>,
    association: CachedStatement<'c>,
    unkeyed: CachedStatement<'c>,
    record: CachedStatement<'c>,
    relation: CachedStatement<'c>,
    dropped: [CachedStatement<'c>; 4],
    mentions: CachedStatement<'c>,
    blocks: CachedStatement<'c>,
    blocks_of: CachedStatement<'c>,
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
            new_locations: 0,
            location: transaction.prepare_cached(SAVE_LOCATION)?,
            new_location: transaction.prepare_cached(&LOCATIONS.save())?,
            object: transaction.prepare_cached(&OBJECTS.save())?,
            association: transaction.prepare_cached(&ASSOCIATIONS.save())?,
            unkeyed: transaction.prepare_cached(&UNKEYED.save())?,
            record: transaction.prepare_cached(&RECORDS.save())?,
            relation: transaction.prepare_cached(&RELATIONS.save())?,
            dropped: [
                transaction.prepare_cached(&ASSOCIATIONS.drop_one())?,
                transaction.prepare_cached(&UNKEYED.drop_one())?,
                transaction.prepare_cached(&RECORDS.drop_one())?,
                transaction.prepare_cached(&RELATIONS.drop_one())?,
            ],
            mentions: transaction.prepare_cached(SAVE_MENTIONS)?,
            blocks: transaction.prepare_cached(location_blocks::SAVE)?,
            blocks_of: transaction.prepare_cached(location_blocks::SAVE_RANGE)?,
            repeats: transaction.prepare_cached(SAVE_REPEATS)?,
            idle: transaction.prepare_cached(SAVE_IDLE)?,
        })
    }

    fn put(&mut self, row: &CheckpointRow<'_>) -> Result<(), rusqlite::Error> {
        match row {
            CheckpointRow::Location { number, id, rows, seq } => {
                let columns = (number, id, rows.map(u64::cast_signed), seq.map(u64::cast_signed));
                let updated = self.location.execute(columns)?;
                if updated == 0 {
                    self.new_locations += 1;
                    self.new_location.execute(columns)?;
                }
                updated
            }
            // Only readers say so.
            CheckpointRow::Damaged { .. } => 0,
            CheckpointRow::State { location, row } => self.put_state(*location, row)?,
            CheckpointRow::Dropped { location, key } => self.drop(*location, *key)?,
            CheckpointRow::SkipIndex { first, last, hashes } => {
                self.mentions.execute((first.cast_signed(), last.cast_signed(), hashes))?
            }
            CheckpointRow::LocationBlocks { location, chunk, blocks } => {
                self.blocks.execute(location_blocks::columns(location, *chunk, *blocks))?
            }
            CheckpointRow::LocationBlocksOf { first, last } => {
                self.blocks_of.execute((first.cast_signed(), last.cast_signed()))?
            }
            CheckpointRow::Repeats { seq, times } => {
                self.repeats.execute((seq.cast_signed(), times.cast_signed()))?
            }
            CheckpointRow::Idle { seq } => self.idle.execute([seq.cast_signed()])?,
        };
        Ok(())
    }

    fn drop(&mut self, location: u32, key: StateKey<'_>) -> Result<usize, rusqlite::Error> {
        let [association, unkeyed, record, relation] = &mut self.dropped;
        match key {
            StateKey::Association(number) => association.execute((location, number)),
            StateKey::UnkeyedRecord(id) => unkeyed.execute((location, id)),
            StateKey::Record(number) => record.execute((location, number)),
            StateKey::Relation(number) => relation.execute((location, number)),
        }
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
    layout: Layout,
    only: Option<&str>,
    each: RowSink<'_>,
) -> Result<CheckpointSeq, JournalError> {
    let Layout { is_checked, has_parts } = layout;
    // Its tables belong together: the one reading that needs a snapshot.
    let connection = connection.unchecked_transaction()?;
    let (seq, expected) = load_seq(&connection, layout)?;
    let (mut locations, mut count) = (Vec::new(), 0);
    let columns = match layout {
        Layout { is_checked: false, .. } => LOAD_UNCOUNTED.to_owned(),
        Layout { has_parts: false, .. } => LOAD_WHOLE.to_owned(),
        Layout { has_parts: true, .. } => LOCATIONS.load(true),
    };
    let mut select = connection.prepare(&columns)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        check(row, is_checked.then_some(3 + usize::from(has_parts)))?;
        count += 1;
        if only.is_some_and(|only| text(row, 1).is_ok_and(|id| id != only)) {
            continue;
        }
        let rows = row.get::<_, Option<i64>>(2)?.map(i64::unsigned_abs);
        let seq: Option<i64> = if has_parts { row.get(3)? } else { None };
        let (number, seq): (u32, _) = (row.get(0)?, seq.map(i64::unsigned_abs));
        each(&CheckpointRow::Location { number, id: text(row, 1)?, rows, seq })?;
        locations.push(number);
    }
    if expected.is_some_and(|expected| expected != count) {
        return Err(damaged("a location is missing"));
    }
    let only_number = only.map(|_| locations.first().copied());
    let mut selects = Vec::with_capacity(TABLES.len());
    for (table, show) in TABLES {
        selects.push((
            connection.prepare(&table.load_of(is_checked, only.is_some()))?,
            show,
            table,
        ));
    }
    let mut tables = Vec::with_capacity(TABLES.len());
    for (select, show, table) in &mut selects {
        let checksum = is_checked.then(|| table.columns.split(',').count());
        let mut rows = select.query(params_from_iter(only_number))?;
        rows.advance()?;
        tables.push(SavingCursor { rows, show: *show, checksum });
    }
    for location in locations {
        for table in &mut tables {
            table.show_all_of(location, each)?;
        }
    }
    if tables.iter().any(|table| table.rows.get().is_some()) {
        return Err(damaged("it speaks of a location that is not there"));
    }
    Ok(seq)
}

/// How far the checkpoint has come, and the number of its locations where it tells.
fn load_seq(
    connection: &Connection,
    layout: Layout,
) -> Result<(CheckpointSeq, Option<u64>), JournalError> {
    let Layout { is_checked, has_parts } = layout;
    let mut select = connection.prepare_cached(match layout {
        Layout { is_checked: false, .. } => LOAD_SEQ_UNCHECKED,
        Layout { has_parts: false, .. } => LOAD_SEQ_WHOLE,
        Layout { has_parts: true, .. } => LOAD_SEQ,
    })?;
    let mut rows = select.query([])?;
    let Some(row) = rows.next()? else { return Ok((CheckpointSeq::default(), None)) };
    check(row, is_checked.then_some(3 + usize::from(has_parts)))?;
    let count = row.get::<_, Option<i64>>(2)?;
    let seq = row.get::<_, i64>(1)?;
    let newest = if has_parts { row.get(3)? } else { seq };
    let come = CheckpointSeq { seq: seq.unsigned_abs(), newest: newest.unsigned_abs() };
    Ok((come, count.map(i64::unsigned_abs)))
}

/// Reads one table in step with the others: one select for all locations.
struct SavingCursor<'s> {
    rows: Rows<'s>,
    show: Show,
    /// The index of the checksum, behind the columns that it covers.
    checksum: Option<usize>,
}

impl SavingCursor<'_> {
    fn show_all_of(&mut self, location: u32, each: RowSink<'_>) -> Result<(), JournalError> {
        while let Some(row) = self.rows.get() {
            if row.get::<_, i64>(0)? != i64::from(location) {
                return Ok(());
            }
            let checked = check(row, self.checksum);
            let is_whole = checked.is_ok();
            if let Err(error) = checked {
                let reason = error.to_string();
                each(&CheckpointRow::Damaged { location, reason: &reason })?;
            }
            // Shown even so, for who wants to know what is wrong with it.
            let mut put = |row: StateRow<'_>| each(&CheckpointRow::State { location, row });
            let shown = (self.show)(row, &mut put);
            if is_whole {
                shown?;
            }
            self.rows.advance()?;
        }
        Ok(())
    }
}

pub(super) fn location_ids(
    connection: &Connection,
    each: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> Result<Seq, JournalError> {
    let connection = connection.unchecked_transaction()?;
    let (come, _) = load_seq(&connection, Layout { is_checked: false, has_parts: false })?;
    let mut select = connection.prepare(LOAD_UNCOUNTED)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if each(text(row, 1)?).is_break() {
            break;
        }
    }
    Ok(come.seq)
}

type Put<'p> = &'p mut dyn FnMut(StateRow<'_>) -> Result<(), JournalError>;
type Show = fn(&Row<'_>, Put<'_>) -> Result<(), JournalError>;

/// In the order in which rows refer to each other.
const TABLES: [(&StateTable, Show); 5] = [
    (&OBJECTS, show_object),
    (&ASSOCIATIONS, show_association),
    (&UNKEYED, show_unkeyed),
    (&RECORDS, show_record),
    (&RELATIONS, show_relation),
];

fn show_object(row: &Row<'_>, put: Put<'_>) -> Result<(), JournalError> {
    let key = text(row, 2)?;
    let schema = ObjectSchema {
        key: ObjectKey::from(key),
        singular: row.get::<_, Option<Box<str>>>(3)?,
        plural: row.get::<_, Option<Box<str>>>(4)?,
    };
    let schema = stamp(row, 5)?.map(|stamp| (&schema, stamp));
    put(StateRow::Object { number: row.get(1)?, key, schema })
}

fn show_association(row: &Row<'_>, put: Put<'_>) -> Result<(), JournalError> {
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

fn show_unkeyed(row: &Row<'_>, put: Put<'_>) -> Result<(), JournalError> {
    let state = RecordState { last: stamp(row, 2)?, deleted: stamp(row, 5)? };
    put(StateRow::UnkeyedRecord { id: text(row, 1)?, state })
}

fn show_record(row: &Row<'_>, put: Put<'_>) -> Result<(), JournalError> {
    let state = RecordState { last: stamp(row, 4)?, deleted: stamp(row, 7)? };
    put(StateRow::Record { number: row.get(1)?, object: row.get(2)?, id: text(row, 3)?, state })
}

fn show_relation(row: &Row<'_>, put: Put<'_>) -> Result<(), JournalError> {
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
