//! Saving the checkpoint.

use std::collections::{BTreeMap, HashMap};

use crate::journal::checkpoint::{CheckpointRow, CheckpointSeq, RowSink};
use crate::journal::error::JournalError;
use crate::journal::postgres::checkpoint::rows::{self, RowKey};
use crate::journal::postgres::connection::Session;
use crate::journal::postgres::events::bound;
use crate::journal::postgres::location_blocks;
use crate::model::Counts;

/// Rows that are written by one statement.
const ROWS: usize = 4_096;

/// A checkpoint never goes back, whoever saves it.
const SAVE_SEQ: &str = "UPDATE store SET checkpoint_seq = greatest(checkpoint_seq, $1), \
    checkpoint_newest = greatest(checkpoint_newest, $2)";
const REPLACE_SEQ: &str = "UPDATE store SET checkpoint_seq = $1, checkpoint_newest = $2, \
    blocks_first = NULL, blocks_last = NULL";
/// A process that has not seen the first event of a location that was erased since counts
/// differently from there on: a number that is taken, or before others, is not given again.
const SAVE_LOCATION: &str = "INSERT INTO state_location (number, id, rows, seq) \
    SELECT greatest($1, (SELECT max(number) + 1 FROM state_location)), $2, $3, $4 \
    ON CONFLICT (id) DO UPDATE SET rows = excluded.rows, \
    seq = greatest(excluded.seq, state_location.seq) RETURNING number";
const SAVE_SUMMARY: &str = "INSERT INTO state_summary \
    (location, objects, associations, records, relations, pending, tombstones, name) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (location) DO UPDATE SET \
    objects = excluded.objects, associations = excluded.associations, \
    records = excluded.records, relations = excluded.relations, pending = excluded.pending, \
    tombstones = excluded.tombstones, name = excluded.name";
const SAVE_STATES: &str = "INSERT INTO state (location, sort, checksum, key, state) \
    SELECT * FROM unnest($1::int4[], $2::int2[], $3::int8[], $4::bytea[], $5::bytea[]) \
    ON CONFLICT (location, sort, key) DO UPDATE SET checksum = excluded.checksum, \
    state = excluded.state";
const DROP_STATES: &str = "DELETE FROM state s USING \
    unnest($1::int4[], $2::int2[], $3::bytea[]) AS d (location, sort, key) \
    WHERE s.location = d.location AND s.sort = d.sort AND s.key = d.key";
const SAVE_SKIP_BLOCK: &str = "INSERT INTO skip_block (first, last, hashes) VALUES ($1, $2, $3) \
    ON CONFLICT (first) DO UPDATE SET last = excluded.last, hashes = excluded.hashes";
const SAVE_REDELIVERIES: &str = "INSERT INTO redelivery (seq, times) VALUES ($1, $2) \
    ON CONFLICT (seq) DO UPDATE SET times = redelivery.times + excluded.times";
const SAVE_NO_OPS: &str =
    "INSERT INTO no_op SELECT * FROM unnest($1::int8[]) ON CONFLICT DO NOTHING";

/// Deletes what replaying every event writes again. Between two rows of that, events may be
/// read for longer than a turn may otherwise be idle.
const FORGET: &str = "SET LOCAL idle_in_transaction_session_timeout = 0; \
    DELETE FROM state_location; DELETE FROM state_summary; DELETE FROM state; \
    DELETE FROM skip_block; DELETE FROM no_op; DELETE FROM location_block";

/// Saves rows over those of the checkpoint before.
pub(in crate::journal::postgres) fn update(
    session: &mut Session,
    numbers: &mut HashMap<u32, i32>,
    upto: CheckpointSeq,
    fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let mut rows = Rows { numbers: std::mem::take(numbers), ..Rows::default() };
    fill(&mut |row| rows.put(session, row))?;
    rows.flush(session)?;
    *numbers = rows.numbers;
    save_seq(session, upto)
}

/// Records how far the checkpoint has come.
pub(in crate::journal::postgres) fn save_seq(
    session: &mut Session,
    upto: CheckpointSeq,
) -> Result<(), JournalError> {
    session.execute(SAVE_SEQ, &[&bound(upto.seq), &bound(upto.newest)])?;
    Ok(())
}

/// Saves rows in place of the checkpoint before.
pub(in crate::journal::postgres) fn replace(
    session: &mut Session,
    numbers: &mut HashMap<u32, i32>,
    upto: CheckpointSeq,
    fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    session.batch(FORGET)?;
    numbers.clear();
    session.execute(REPLACE_SEQ, &[&bound(upto.seq), &bound(upto.newest)])?;
    update(session, numbers, upto, fill)
}

/// Deletes every row of a location.
pub(in crate::journal::postgres) fn forget_location(
    session: &mut Session,
    id: &str,
) -> Result<(), JournalError> {
    const NUMBERS: &str = "DELETE FROM state_location WHERE id = $1 RETURNING number";
    for row in session.query(NUMBERS, &[&id.as_bytes()])? {
        let number: i32 = row.try_get(0)?;
        session.execute("DELETE FROM state WHERE location = $1", &[&number])?;
        session.execute("DELETE FROM state_summary WHERE location = $1", &[&number])?;
    }
    Ok(())
}

/// Rows that are to be written.
#[derive(Default)]
pub(in crate::journal::postgres) struct Rows {
    /// By number of a location here, that in the database.
    numbers: HashMap<u32, i32>,
    /// By location and key: the state, or `None` where it is dropped.
    states: BTreeMap<(i32, RowKey), Option<Vec<u8>>>,
    no_ops: Vec<i64>,
}

impl Rows {
    pub(in crate::journal::postgres) fn put(
        &mut self,
        session: &mut Session,
        row: &CheckpointRow<'_>,
    ) -> Result<(), JournalError> {
        match row {
            CheckpointRow::Location { number, id, rows, seq } => {
                let (rows, seq) = (rows.map(bound), seq.map(bound));
                let saved =
                    session.one(SAVE_LOCATION, &[&signed(*number), &id.as_bytes(), &rows, &seq])?;
                self.numbers.insert(*number, saved.try_get(0)?);
            }
            CheckpointRow::Summary { location, name, counts, tombstones } => {
                save_summary(session, self.number(*location), *name, counts, *tombstones)?;
            }
            // Only shown to readers.
            CheckpointRow::Damaged { .. } => {}
            CheckpointRow::State { location, row } => {
                let (key, state) = rows::encode(row);
                self.states.insert((self.number(*location), key), Some(state));
            }
            CheckpointRow::Dropped { location, key } => {
                let (key, name) = rows::dropped_keys(*key);
                let location = self.number(*location);
                for key in [key].into_iter().chain(name) {
                    self.states.insert((location, key), None);
                }
            }
            CheckpointRow::SkipIndex { first, last, hashes } => {
                session.execute(SAVE_SKIP_BLOCK, &[&bound(*first), &bound(*last), hashes])?;
            }
            CheckpointRow::LocationBlocks { location, chunk, blocks } => {
                location_blocks::save(session, location, *chunk, *blocks)?;
            }
            CheckpointRow::LocationBlocksOf { first, last } => {
                location_blocks::cover(session, *first, *last)?;
            }
            CheckpointRow::Redeliveries { seq, times } => {
                session.execute(SAVE_REDELIVERIES, &[&bound(*seq), &bound(*times)])?;
            }
            CheckpointRow::NoOp { seq } => self.no_ops.push(bound(*seq)),
        }
        if self.states.len() >= ROWS || self.no_ops.len() >= ROWS {
            self.flush(session)?;
        }
        Ok(())
    }

    /// Returns the number of a location in the database.
    fn number(&self, number: u32) -> i32 {
        self.numbers.get(&number).copied().unwrap_or(signed(number))
    }

    pub(in crate::journal::postgres) fn flush(
        &mut self,
        session: &mut Session,
    ) -> Result<(), JournalError> {
        let (mut locations, mut sorts, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        let (mut dropped_locations, mut dropped_sorts, mut dropped_keys) =
            (Vec::new(), Vec::new(), Vec::new());
        let (mut checksums, mut states) = (Vec::new(), Vec::new());
        for ((location, (sort, key)), state) in std::mem::take(&mut self.states) {
            if let Some(state) = state {
                checksums.push(rows::checksum(location, sort, &key, &state));
                locations.push(location);
                sorts.push(sort);
                keys.push(key);
                states.push(state);
            } else {
                dropped_locations.push(location);
                dropped_sorts.push(sort);
                dropped_keys.push(key);
            }
        }
        if !states.is_empty() {
            session.execute(SAVE_STATES, &[&locations, &sorts, &checksums, &keys, &states])?;
        }
        if !dropped_keys.is_empty() {
            session.execute(DROP_STATES, &[&dropped_locations, &dropped_sorts, &dropped_keys])?;
        }
        if !self.no_ops.is_empty() {
            session.execute(SAVE_NO_OPS, &[&std::mem::take(&mut self.no_ops)])?;
        }
        Ok(())
    }
}

fn save_summary(
    session: &mut Session,
    location: i32,
    name: Option<&str>,
    counts: &Counts,
    tombstones: u64,
) -> Result<(), JournalError> {
    let Counts { objects, associations, records, relations, pending_associations } = *counts;
    let [objects, associations, records, relations, pending, tombstones] =
        [objects, associations, records, relations, pending_associations, tombstones].map(bound);
    let name = name.map(str::as_bytes);
    session.execute(
        SAVE_SUMMARY,
        &[&location, &objects, &associations, &records, &relations, &pending, &tombstones, &name],
    )?;
    Ok(())
}

/// Returns a number of a location as the database takes it.
pub(super) fn signed(number: u32) -> i32 {
    number.cast_signed()
}
