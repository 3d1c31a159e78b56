//! Loading the checkpoint from the state tables.

use std::ops::ControlFlow;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Connection, OptionalExtension, Row, Rows, Transaction, params_from_iter};

use crate::journal::checkpoint::{CheckpointRow, CheckpointSeq, RowSink};
use crate::journal::error::JournalError;
use crate::journal::sqlite::checkpoint::rows::{ShowRow, TABLES, text};
use crate::journal::sqlite::schema::{
    CHECKPOINT_PARTS_SINCE, CHECKSUMS_SINCE, NAMES_SINCE, SUMMARIES_SINCE,
};
use crate::journal::sqlite::state_table::{LOCATIONS, NAMES, SUMMARIES, check, damaged};
use crate::model::{Counts, Seq, StateRow, ThingId};

const LOAD_SEQ: &str = "SELECT 1, seq, locations, newest, checksum FROM checkpoint";

/// The same, for files of older formats.
const LOAD_SEQ_WHOLE: &str = "SELECT 1, seq, locations, checksum FROM checkpoint";
const LOAD_SEQ_UNCHECKED: &str = "SELECT 1, seq, NULL, NULL FROM checkpoint";

/// Locations of an older file, which does not say how far the rows of each have come.
const LOAD_WHOLE: &str = "SELECT number, id, rows, checksum FROM state_location ORDER BY number";

/// Locations of an older file, which does not say how many rows each has.
const LOAD_UNCOUNTED: &str = "SELECT number, id, NULL, NULL FROM state_location ORDER BY number";

const HAS_ASSOCIATION: &str = "SELECT 1 FROM state_association WHERE location = ?1 AND id = ?2";
const HAS_RELATION: &str = "SELECT 1 FROM state_relation WHERE location = ?1 AND id = ?2";

/// What the tables of a file contain.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "one for each step of the format")]
pub(in crate::journal::sqlite) struct Layout {
    /// Whether rows carry checksums.
    is_checked: bool,
    /// Whether a checkpoint may be saved in parts, and says how far it has come.
    has_parts: bool,
    /// Whether things have names.
    has_names: bool,
    /// Whether it says what each location holds.
    has_summaries: bool,
}

impl Layout {
    /// Returns the layout of a file of this format.
    pub(in crate::journal::sqlite) fn of_format(format: i64) -> Self {
        Self {
            is_checked: format >= CHECKSUMS_SINCE,
            has_parts: format >= CHECKPOINT_PARTS_SINCE,
            has_names: format >= NAMES_SINCE,
            has_summaries: format >= SUMMARIES_SINCE,
        }
    }
}

/// The locations whose rows are shown.
pub(in crate::journal::sqlite) enum Wanted<'w> {
    All,
    /// The one of this id, whatever else is in the tables.
    One(&'w str),
    /// The one of this number; no other is looked at.
    Numbered(u32),
    /// Those of which this returns true, by id and number of rows.
    Some(&'w mut dyn FnMut(&str, Option<u64>) -> bool),
}

impl Wanted<'_> {
    fn has(&mut self, row: &Row<'_>) -> Result<bool, JournalError> {
        Ok(match self {
            Self::All | Self::Numbered(_) => true,
            Self::One(id) => text(row, 1)? == *id,
            Self::Some(is_wanted) => {
                let rows = row.get::<_, Option<i64>>(2)?;
                is_wanted(text(row, 1)?, rows.map(i64::unsigned_abs))
            }
        })
    }
}

/// A range of locations.
#[derive(Debug, Default)]
struct Numbers {
    /// From the first that is wanted to the last, and whether each is.
    all: Vec<(u32, bool)>,
    /// The last one before them.
    before: Option<u32>,
}

impl Numbers {
    fn add(&mut self, number: u32, is_wanted: bool) {
        if is_wanted || !self.all.is_empty() {
            self.all.push((number, is_wanted));
        } else {
            self.before = Some(number);
        }
    }

    /// Drops those after the last that is wanted, and returns the range of numbers up to the
    /// locations before and after, so that rows of no location are noticed.
    fn close(&mut self) -> (i64, i64) {
        let mut after = None;
        while let Some((number, false)) = self.all.last() {
            after = Some(*number);
            self.all.pop();
        }
        let first = self.before.map_or(i64::MIN, |before| i64::from(before) + 1);
        (first, after.map_or(i64::MAX, |after| i64::from(after) - 1))
    }
}

/// Returns whether a location has a row of a thing.
pub(in crate::journal::sqlite) fn has_thing(
    connection: &Connection,
    location: u32,
    thing: ThingId<'_>,
) -> Result<bool, JournalError> {
    let (sql, id) = match thing {
        ThingId::Association(id) => (HAS_ASSOCIATION, id),
        ThingId::Relation(id) => (HAS_RELATION, id),
    };
    Ok(connection.prepare_cached(sql)?.exists((location, id))?)
}

/// Shows the rows of the locations that are wanted.
pub(in crate::journal::sqlite) fn load(
    connection: &Connection,
    layout: Layout,
    mut wanted: Wanted<'_>,
    each: RowSink<'_>,
) -> Result<CheckpointSeq, JournalError> {
    // The tables belong together: the only read that needs a snapshot.
    let _snapshot = snapshot(connection)?;
    let (seq, mut numbers, count) = show_locations(connection, layout, &mut wanted, each)?;
    let around = numbers.close();
    let range = match (&wanted, numbers.all.first()) {
        (Wanted::All, _) => None,
        (Wanted::Some(_), Some(_)) => Some(around),
        // Whatever rows there are have no location.
        (Wanted::Some(_), None) if count == 0 => Some(around),
        (Wanted::One(_) | Wanted::Numbered(_), Some((only, _))) => {
            Some((i64::from(*only), i64::from(*only)))
        }
        (_, None) => return Ok(seq),
    };
    show_rows(connection, layout, range, &numbers.all, each)?;
    Ok(seq)
}

/// Begins a transaction, unless one is open already, whose snapshot is then read.
fn snapshot(connection: &Connection) -> Result<Option<Transaction<'_>>, rusqlite::Error> {
    connection.is_autocommit().then(|| connection.unchecked_transaction()).transpose()
}

/// Shows the locations that are wanted without their rows, and returns how far the checkpoint
/// has come, the locations in their range, and how many were looked at.
fn show_locations(
    connection: &Connection,
    layout: Layout,
    wanted: &mut Wanted<'_>,
    each: RowSink<'_>,
) -> Result<(CheckpointSeq, Numbers, u64), JournalError> {
    let Layout { is_checked, has_parts, .. } = layout;
    let (seq, expected) = load_seq(connection, layout)?;
    let columns = match layout {
        Layout { is_checked: false, .. } => LOAD_UNCOUNTED.to_owned(),
        Layout { has_parts: false, .. } => LOAD_WHOLE.to_owned(),
        Layout { has_parts: true, .. } => LOCATIONS.load(true),
    };
    let (columns, only) = match wanted {
        Wanted::Numbered(number) => {
            (columns.replace(" ORDER BY", " WHERE number = ?1 ORDER BY"), Some(*number))
        }
        _ => (columns, None),
    };
    let mut select = connection.prepare_cached(&columns)?;
    let mut rows = select.query(params_from_iter(only))?;
    let (mut numbers, mut count) = (Numbers::default(), 0);
    while let Some(row) = rows.next()? {
        check(row, is_checked.then_some(3 + usize::from(has_parts)))?;
        count += 1;
        let (number, is_wanted): (u32, _) = (row.get(0)?, wanted.has(row)?);
        numbers.add(number, is_wanted);
        if is_wanted {
            let rows = row.get::<_, Option<i64>>(2)?.map(i64::unsigned_abs);
            let seq: Option<i64> = if has_parts { row.get(3)? } else { None };
            let seq = seq.map(i64::unsigned_abs);
            each(&CheckpointRow::Location { number, id: text(row, 1)?, rows, seq })?;
        }
    }
    if only.is_none() && expected.is_some_and(|expected| expected != count) {
        return Err(damaged("a location is missing"));
    }
    Ok((seq, numbers, count))
}

/// Shows the locations without their rows, and what each holds where that is known.
pub(in crate::journal::sqlite) fn list_locations(
    connection: &Connection,
    layout: Layout,
    each: RowSink<'_>,
) -> Result<CheckpointSeq, JournalError> {
    let _snapshot = snapshot(connection)?;
    let (come, ..) = show_locations(connection, layout, &mut Wanted::All, each)?;
    if !layout.has_summaries {
        return Ok(come);
    }
    let mut select = connection.prepare(&SUMMARIES.load(true))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        check(row, Some(SUMMARIES.columns.split(',').count()))?;
        let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
        let counts = Counts {
            objects: count(2)?,
            associations: count(3)?,
            records: count(4)?,
            relations: count(5)?,
            pending_associations: count(6)?,
        };
        let name: Option<Box<str>> = row.get(1)?;
        let (location, name, tombstones) = (row.get(0)?, name.as_deref(), count(7)?);
        each(&CheckpointRow::Summary { location, name, counts, tombstones })?;
    }
    Ok(come)
}

/// Shows the rows of those of these locations that are wanted. They are all there are in
/// this range of numbers, or at all.
fn show_rows(
    connection: &Connection,
    layout: Layout,
    range: Option<(i64, i64)>,
    locations: &[(u32, bool)],
    each: RowSink<'_>,
) -> Result<(), JournalError> {
    let Layout { is_checked, has_names, .. } = layout;
    let mut selects = Vec::with_capacity(TABLES.len());
    let tables = TABLES.into_iter().filter(|(table, _)| has_names || table.name != NAMES.name);
    for (table, show) in tables {
        let select = match range {
            Some(_) => table.load_range(is_checked),
            None => table.load(is_checked),
        };
        selects.push((connection.prepare(&select)?, show, table));
    }
    let mut tables = Vec::with_capacity(TABLES.len());
    for (select, show, table) in &mut selects {
        let checksum = is_checked.then(|| table.columns.split(',').count());
        let bounds = range.map(|(first, last)| [first, last]);
        let mut rows = select.query(params_from_iter(bounds.into_iter().flatten()))?;
        rows.advance()?;
        tables.push(TableCursor { rows, show: *show, checksum });
    }
    for &(location, is_wanted) in locations {
        for table in &mut tables {
            if is_wanted {
                table.show_location(location, each)?;
            } else {
                table.pass_over(location)?;
            }
        }
    }
    if tables.iter().any(|table| table.rows.get().is_some()) {
        return Err(damaged("it names a location that does not exist"));
    }
    Ok(())
}

/// Returns how far the checkpoint has come, and the number of its locations if known.
fn load_seq(
    connection: &Connection,
    layout: Layout,
) -> Result<(CheckpointSeq, Option<u64>), JournalError> {
    let Layout { is_checked, has_parts, .. } = layout;
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
struct TableCursor<'s> {
    rows: Rows<'s>,
    show: ShowRow,
    /// The index of the checksum, after the columns that it covers.
    checksum: Option<usize>,
}

impl TableCursor<'_> {
    fn pass_over(&mut self, location: u32) -> Result<(), JournalError> {
        while let Some(row) = self.rows.get() {
            if row.get::<_, i64>(0)? != i64::from(location) {
                break;
            }
            self.rows.advance()?;
        }
        Ok(())
    }

    fn show_location(&mut self, location: u32, each: RowSink<'_>) -> Result<(), JournalError> {
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
            // Shown nevertheless, for callers that want to know what is wrong with it.
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

/// Returns the last event whose names the checkpoint may lack, 0 if it lacks none.
pub(in crate::journal::sqlite) fn unnamed_upto(
    connection: &Connection,
    layout: Layout,
) -> Result<Seq, JournalError> {
    if !layout.has_names {
        return Ok(load_seq(connection, layout)?.0.newest);
    }
    let select = "SELECT upto FROM unnamed WHERE only = 1";
    let upto: Option<i64> = connection.query_row(select, [], |row| row.get(0)).optional()?;
    Ok(upto.unwrap_or(0).unsigned_abs())
}

/// Shows the ids of the locations, in the order of their numbers, until `each` breaks.
pub(in crate::journal::sqlite) fn location_ids(
    connection: &Connection,
    each: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> Result<Seq, JournalError> {
    let connection = connection.unchecked_transaction()?;
    let (come, _) = load_seq(&connection, Layout::of_format(0))?;
    let mut select = connection.prepare(LOAD_UNCOUNTED)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if each(text(row, 1)?).is_break() {
            break;
        }
    }
    Ok(come.seq)
}
