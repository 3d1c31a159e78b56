//! Saving the checkpoint into the state tables.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::journal::checkpoint::{CheckpointRow, CheckpointSeq, RowSink};
use crate::journal::error::JournalError;
use crate::journal::sqlite::checkpoint::rows::{
    LOCATION, OBJECT, RECORD, TABLES, UNKEYED_RECORD, property_column,
};
use crate::journal::sqlite::location_blocks;
use crate::journal::sqlite::state_table::{
    ASSOCIATIONS, DROP_NAME, LOCATIONS, NAMES, OBJECTS, RECORDS, RELATIONS, SUMMARIES, UNKEYED,
};
use crate::model::{Counts, NamedThing, Properties, Stamp, StateKey, StateRow, Timestamp};

pub(in crate::journal::sqlite) const SAVE_SEQ: &str = "INSERT OR REPLACE INTO checkpoint (only, seq, locations, newest, checksum) \
    VALUES (1, ?1, ?2, ?3, row_checksum(1, ?1, ?2, ?3))";
/// Updates a location that is there; one whose rows are not complete keeps its seq.
const SAVE_LOCATION: &str = "UPDATE state_location SET id = ?2, rows = ?3, seq = ifnull(?4, seq), \
    checksum = row_checksum(?1, ?2, ?3, ifnull(?4, seq)) WHERE number = ?1";
const SAVE_SKIP_BLOCK: &str = "INSERT OR REPLACE INTO mentions VALUES (?1, ?2, ?3)";
const SAVE_REDELIVERIES: &str = "INSERT INTO repeat VALUES (?1, ?2) \
    ON CONFLICT (seq) DO UPDATE SET times = times + excluded.times";
const SAVE_NO_OP: &str = "INSERT OR IGNORE INTO idle_event VALUES (?1)";

/// Deletes what replaying every event writes again; how often deliveries were repeated is
/// known nowhere else.
const FORGET: &str = "DELETE FROM checkpoint; DELETE FROM state_location; \
    DELETE FROM state_object; DELETE FROM state_association; DELETE FROM state_unkeyed_record; \
    DELETE FROM state_record; DELETE FROM state_relation; DELETE FROM state_name; \
    DELETE FROM state_summary; \
    DELETE FROM unnamed; \
    DELETE FROM mentions; DELETE FROM idle_event; \
    DELETE FROM location_block; DELETE FROM location_block_range";

/// Deletes every row of a location.
pub(in crate::journal::sqlite) fn forget_location(
    connection: &Connection,
    number: u32,
) -> Result<(), rusqlite::Error> {
    for name in TABLES.map(|(table, _)| table.name).into_iter().chain([SUMMARIES.name]) {
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

/// Whether a checkpoint is saved over the one before or in place of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::journal::sqlite) enum SaveMode {
    Update,
    Replace,
}

/// Saves a checkpoint in one transaction.
pub(in crate::journal::sqlite) fn save(
    connection: &mut Connection,
    upto: CheckpointSeq,
    mode: SaveMode,
    fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if mode == SaveMode::Replace {
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

/// The statements of one transaction.
pub(in crate::journal::sqlite) struct Statements<'c> {
    /// Number of locations that were put and were not there.
    pub(in crate::journal::sqlite) new_locations: i64,
    location: CachedStatement<'c>,
    new_location: CachedStatement<'c>,
    summary: CachedStatement<'c>,
    object: CachedStatement<'c>,
    association: CachedStatement<'c>,
    unkeyed: CachedStatement<'c>,
    record: CachedStatement<'c>,
    relation: CachedStatement<'c>,
    name: CachedStatement<'c>,
    dropped_name: CachedStatement<'c>,
    dropped: [CachedStatement<'c>; 4],
    skip_block: CachedStatement<'c>,
    blocks: CachedStatement<'c>,
    blocks_of: CachedStatement<'c>,
    redeliveries: CachedStatement<'c>,
    no_op: CachedStatement<'c>,
}

type StampColumns = (Option<i64>, Option<i64>, Option<i64>);

fn columns(stamp: Option<Stamp>) -> StampColumns {
    let at = stamp.and_then(Stamp::at).map(Timestamp::as_millis);
    (at, stamp.map(|s| s.rank() as i64), stamp.map(|s| s.seq().cast_signed()))
}

impl<'c> Statements<'c> {
    pub(in crate::journal::sqlite) fn prepare(
        transaction: &'c Transaction<'_>,
    ) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            new_locations: 0,
            location: transaction.prepare_cached(SAVE_LOCATION)?,
            new_location: transaction.prepare_cached(&LOCATIONS.save())?,
            summary: transaction.prepare_cached(&SUMMARIES.save())?,
            object: transaction.prepare_cached(&OBJECTS.save())?,
            association: transaction.prepare_cached(&ASSOCIATIONS.save())?,
            unkeyed: transaction.prepare_cached(&UNKEYED.save())?,
            record: transaction.prepare_cached(&RECORDS.save())?,
            relation: transaction.prepare_cached(&RELATIONS.save())?,
            name: transaction.prepare_cached(&NAMES.save())?,
            dropped_name: transaction.prepare_cached(DROP_NAME)?,
            dropped: [
                transaction.prepare_cached(&ASSOCIATIONS.drop_one())?,
                transaction.prepare_cached(&UNKEYED.drop_one())?,
                transaction.prepare_cached(&RECORDS.drop_one())?,
                transaction.prepare_cached(&RELATIONS.drop_one())?,
            ],
            skip_block: transaction.prepare_cached(SAVE_SKIP_BLOCK)?,
            blocks: transaction.prepare_cached(location_blocks::SAVE)?,
            blocks_of: transaction.prepare_cached(location_blocks::SAVE_RANGE)?,
            redeliveries: transaction.prepare_cached(SAVE_REDELIVERIES)?,
            no_op: transaction.prepare_cached(SAVE_NO_OP)?,
        })
    }

    pub(in crate::journal::sqlite) fn put(
        &mut self,
        row: &CheckpointRow<'_>,
    ) -> Result<(), rusqlite::Error> {
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
            CheckpointRow::Summary { location, name, counts, tombstones } => {
                let Counts { objects, associations, records, relations, pending_associations } =
                    counts.to_owned();
                let [objects, associations, records, relations] =
                    [objects, associations, records, relations].map(u64::cast_signed);
                let [pending, tombstones] =
                    [pending_associations, *tombstones].map(u64::cast_signed);
                self.summary.execute((
                    location,
                    name,
                    objects,
                    associations,
                    records,
                    relations,
                    pending,
                    tombstones,
                ))?
            }
            // Only shown to readers.
            CheckpointRow::Damaged { .. } => 0,
            CheckpointRow::State { location, row } => self.put_state(*location, row)?,
            CheckpointRow::Dropped { location, key } => self.drop_row(*location, *key)?,
            CheckpointRow::SkipIndex { first, last, hashes } => {
                self.skip_block.execute((first.cast_signed(), last.cast_signed(), hashes))?
            }
            CheckpointRow::LocationBlocks { location, chunk, blocks } => {
                self.blocks.execute(location_blocks::columns(location, *chunk, *blocks))?
            }
            CheckpointRow::LocationBlocksOf { first, last } => {
                self.blocks_of.execute((first.cast_signed(), last.cast_signed()))?
            }
            CheckpointRow::Redeliveries { seq, times } => {
                self.redeliveries.execute((seq.cast_signed(), times.cast_signed()))?
            }
            CheckpointRow::NoOp { seq } => self.no_op.execute([seq.cast_signed()])?,
        };
        Ok(())
    }

    fn drop_row(&mut self, location: u32, key: StateKey<'_>) -> Result<usize, rusqlite::Error> {
        let [association, unkeyed, record, relation] = &mut self.dropped;
        match key {
            StateKey::Association(number) => association.execute((location, number)),
            StateKey::UnkeyedRecord(id) => {
                self.dropped_name.execute((location, UNKEYED_RECORD, id))?;
                unkeyed.execute((location, id))
            }
            StateKey::Record(number) => {
                self.dropped_name.execute((location, RECORD, number))?;
                record.execute((location, number))
            }
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
            StateRow::Name { of, properties } => self.put_name(location, of, properties),
        }
    }

    fn put_name(
        &mut self,
        location: u32,
        of: NamedThing<'_>,
        properties: &Properties,
    ) -> Result<usize, rusqlite::Error> {
        let properties = property_column(properties);
        match of {
            NamedThing::Location => self.name.execute((location, LOCATION, "", properties)),
            NamedThing::Object(number) => self.name.execute((location, OBJECT, number, properties)),
            NamedThing::Record(number) => self.name.execute((location, RECORD, number, properties)),
            NamedThing::UnkeyedRecord(id) => {
                self.name.execute((location, UNKEYED_RECORD, id, properties))
            }
        }
    }
}
