//! Loading the checkpoint from the state tables.

use std::ops::ControlFlow;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Connection, OptionalExtension, Rows, params_from_iter};

use crate::journal::checkpoint::{CheckpointRow, CheckpointSeq, RowSink};
use crate::journal::error::JournalError;
use crate::journal::sqlite::checkpoint::rows::{ShowRow, TABLES, text};
use crate::journal::sqlite::schema::{
    CHECKPOINT_PARTS_SINCE, CHECKSUMS_SINCE, NAMES_SINCE, SUMMARIES_SINCE,
};
use crate::journal::sqlite::state_table::{LOCATIONS, NAMES, SUMMARIES, check, damaged};
use crate::model::{Counts, Seq, StateRow};

const LOAD_SEQ: &str = "SELECT 1, seq, locations, newest, checksum FROM checkpoint";

/// The same, for files of older formats.
const LOAD_SEQ_WHOLE: &str = "SELECT 1, seq, locations, checksum FROM checkpoint";
const LOAD_SEQ_UNCHECKED: &str = "SELECT 1, seq, NULL, NULL FROM checkpoint";

/// Locations of an older file, which does not say how far the rows of each have come.
const LOAD_WHOLE: &str = "SELECT number, id, rows, checksum FROM state_location ORDER BY number";

/// Locations of an older file, which does not say how many rows each has.
const LOAD_UNCOUNTED: &str = "SELECT number, id, NULL, NULL FROM state_location ORDER BY number";

/// What the tables of a file contain.
#[derive(Debug, Clone, Copy)]
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

/// Which locations to show.
#[derive(Debug, Clone, Copy)]
pub(in crate::journal::sqlite) enum Which<'i> {
    All,
    /// The one of this id.
    Of(&'i str),
    /// The one of this number; no other is looked at.
    Numbered(u32),
}

/// Shows the rows of these locations.
pub(in crate::journal::sqlite) fn load(
    connection: &Connection,
    layout: Layout,
    which: Which<'_>,
    each: RowSink<'_>,
) -> Result<CheckpointSeq, JournalError> {
    let Layout { is_checked, has_names, .. } = layout;
    // The tables belong together: the only read that needs a snapshot.
    let connection = connection.unchecked_transaction()?;
    let (come, locations) = show_locations(&connection, layout, which, each)?;
    let only_number = match which {
        Which::All => None,
        Which::Of(_) | Which::Numbered(_) => Some(locations.first().copied()),
    };
    let mut selects = Vec::with_capacity(TABLES.len());
    let tables = TABLES.into_iter().filter(|(table, _)| has_names || table.name != NAMES.name);
    for (table, show) in tables {
        let select = match which {
            Which::All => table.load(is_checked),
            Which::Of(_) | Which::Numbered(_) => table.load_one(is_checked),
        };
        selects.push((connection.prepare_cached(&select)?, show, table));
    }
    let mut tables = Vec::with_capacity(TABLES.len());
    for (select, show, table) in &mut selects {
        let checksum = is_checked.then(|| table.columns.split(',').count());
        let mut rows = select.query(params_from_iter(only_number))?;
        rows.advance()?;
        tables.push(TableCursor { rows, show: *show, checksum });
    }
    for location in locations {
        for table in &mut tables {
            table.show_location(location, each)?;
        }
    }
    if tables.iter().any(|table| table.rows.get().is_some()) {
        return Err(damaged("it names a location that does not exist"));
    }
    Ok(come)
}

/// Shows the locations without their rows, and what each holds where that is known.
pub(in crate::journal::sqlite) fn load_locations(
    connection: &Connection,
    layout: Layout,
    each: RowSink<'_>,
) -> Result<CheckpointSeq, JournalError> {
    let connection = connection.unchecked_transaction()?;
    let (come, _) = show_locations(&connection, layout, Which::All, each)?;
    if layout.has_summaries {
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
    }
    Ok(come)
}

/// Shows locations, and returns how far the checkpoint has come, and their numbers.
fn show_locations(
    connection: &Connection,
    layout: Layout,
    which: Which<'_>,
    each: RowSink<'_>,
) -> Result<(CheckpointSeq, Vec<u32>), JournalError> {
    let Layout { is_checked, has_parts, .. } = layout;
    let (come, expected) = load_seq(connection, layout)?;
    let columns = match layout {
        Layout { is_checked: false, .. } => LOAD_UNCOUNTED.to_owned(),
        Layout { has_parts: false, .. } => LOAD_WHOLE.to_owned(),
        Layout { has_parts: true, .. } => LOCATIONS.load(true),
    };
    let (columns, only, number) = match which {
        Which::All => (columns, None, None),
        Which::Of(id) => (columns, Some(id), None),
        Which::Numbered(number) => {
            (columns.replace(" ORDER BY", " WHERE number = ?1 ORDER BY"), None, Some(number))
        }
    };
    let mut select = connection.prepare_cached(&columns)?;
    let mut rows = select.query(params_from_iter(number))?;
    let (mut locations, mut count) = (Vec::new(), 0);
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
    if number.is_none() && expected.is_some_and(|expected| expected != count) {
        return Err(damaged("a location is missing"));
    }
    Ok((come, locations))
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
