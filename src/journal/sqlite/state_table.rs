//! The tables of the checkpoint: their columns, and the checksums of their rows.

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::journal::error::JournalError;

/// A table whose rows carry a checksum of all their columns, in this order.
pub(super) struct StateTable {
    pub(super) name: &'static str,
    pub(super) columns: &'static str,
    pub(super) order: &'static str,
}

pub(super) const LOCATIONS: StateTable =
    StateTable { name: "state_location", columns: "number, id, rows, seq", order: "number" };
pub(super) const OBJECTS: StateTable = StateTable {
    name: "state_object",
    columns: "location, number, key, singular, plural, at, rank, seq",
    order: "location, number",
};
pub(super) const ASSOCIATIONS: StateTable = StateTable {
    name: "state_association",
    columns: "location, number, id, at, rank, seq, key, type, first_object, first_label, \
        second_object, second_label, first_to_second, second_to_first",
    order: "location, number",
};
pub(super) const UNKEYED: StateTable = StateTable {
    name: "state_unkeyed_record",
    columns: "location, id, at, rank, seq, deleted_at, deleted_rank, deleted_seq",
    order: "location, id",
};
pub(super) const RECORDS: StateTable = StateTable {
    name: "state_record",
    columns: "location, number, object, id, at, rank, seq, deleted_at, deleted_rank, deleted_seq",
    order: "location, number",
};
pub(super) const RELATIONS: StateTable = StateTable {
    name: "state_relation",
    columns: "location, number, id, association, first, second, at, rank, seq",
    order: "location, number",
};

pub(super) const NAMES: StateTable = StateTable {
    name: "state_name",
    columns: "location, sort, of, properties",
    order: "location, sort, of",
};

/// What each location holds. Follows from the other rows, and is none of them.
pub(super) const SUMMARIES: StateTable = StateTable {
    name: "state_summary",
    columns: "location, name, objects, associations, records, relations, pending, tombstones",
    order: "location",
};

/// Deletes the name of a record or an id, by its sort.
pub(super) const DROP_NAME: &str =
    "DELETE FROM state_name WHERE location = ?1 AND sort = ?2 AND of = ?3";

impl StateTable {
    /// Returns the statement that saves a row.
    pub(super) fn save(&self) -> String {
        let Self { name, columns, .. } = self;
        let count = columns.split(',').count();
        let values: Vec<String> = (1..=count).map(|number| format!("?{number}")).collect();
        let values = values.join(", ");
        format!(
            "INSERT OR REPLACE INTO {name} ({columns}, checksum) \
             VALUES ({values}, row_checksum({values}))"
        )
    }

    /// Returns the statement that deletes a row of a location, by its number or id.
    pub(super) fn drop_one(&self) -> String {
        let Self { name, order, .. } = self;
        let key = order.trim_start_matches("location, ");
        format!("DELETE FROM {name} WHERE location = ?1 AND {key} = ?2")
    }

    /// Returns the statement of [`load`](Self::load) for the locations of a range.
    pub(super) fn load_range(&self, is_checked: bool) -> String {
        let range = " WHERE location >= ?1 AND location <= ?2 ORDER BY";
        self.load(is_checked).replace(" ORDER BY", range)
    }

    /// Returns the statement that loads the rows; those of an older format have no checksums.
    pub(super) fn load(&self, is_checked: bool) -> String {
        let Self { name, columns, order } = self;
        let checksum = if is_checked { "checksum" } else { "NULL" };
        format!("SELECT {columns}, {checksum} FROM {name} ORDER BY {order}")
    }

    pub(super) fn check(&self) -> String {
        let Self { name, columns, .. } = self;
        format!("UPDATE {name} SET checksum = row_checksum({columns})")
    }
}

/// Adds a checksum to every row of an older file.
pub(super) fn add_checksums(connection: &Connection) -> Result<(), rusqlite::Error> {
    for table in [&LOCATIONS, &OBJECTS, &ASSOCIATIONS, &UNKEYED, &RECORDS, &RELATIONS] {
        connection.execute(&table.check(), [])?;
    }
    connection.execute(
        "UPDATE checkpoint SET checksum = row_checksum(only, seq, locations, newest)",
        [],
    )?;
    Ok(())
}

/// Defines `row_checksum(…)` for the statements of this connection.
pub(super) fn define_checksum(connection: &Connection) -> Result<(), rusqlite::Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("row_checksum", -1, flags, |context| {
        let mut crc = crc32fast::Hasher::new();
        (0..context.len()).for_each(|index| add_value(&mut crc, context.get_raw(index)));
        Ok(i64::from(crc.finalize()))
    })
}

fn add_value(crc: &mut crc32fast::Hasher, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => crc.update(b"n"),
        ValueRef::Integer(number) => {
            crc.update(b"i");
            crc.update(&number.to_le_bytes());
        }
        ValueRef::Real(number) => {
            crc.update(b"r");
            crc.update(&number.to_le_bytes());
        }
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            crc.update(b"t");
            crc.update(&(bytes.len() as u64).to_le_bytes());
            crc.update(bytes);
        }
    }
}

/// Compares a row with its checksum, which is at this index, after the columns that it
/// covers.
pub(super) fn check(row: &Row<'_>, at: Option<usize>) -> Result<(), JournalError> {
    let Some(at) = at else { return Ok(()) };
    let mut crc = crc32fast::Hasher::new();
    for index in 0..at {
        add_value(&mut crc, row.get_ref(index)?);
    }
    match row.get_ref(at)? {
        ValueRef::Integer(found) if found == i64::from(crc.finalize()) => Ok(()),
        _ => Err(damaged("the checksum of a row does not match")),
    }
}

pub(super) fn damaged(reason: &str) -> JournalError {
    JournalError::DamagedCheckpoint { reason: reason.to_owned() }
}
