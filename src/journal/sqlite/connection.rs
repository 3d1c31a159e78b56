//! Connections to a file, and how they are set up.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::journal::error::{JournalError, WriteOutcome};
use crate::journal::sqlite::lock_file::beside;
use crate::journal::sqlite::{schema, state_table};

/// How long to wait for another connection, such as a reader that closes.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Page size of a new file, in bytes. The log takes two writes for each page: a commit of a
/// few dozen events costs a seventh less than with the default of 4,096.
pub(super) const PAGE_BYTES: i64 = 8_192;

/// Maximum number of bytes of the write-ahead log before it is cut down; a little more than
/// it takes while no reader holds it.
pub(super) const LOG_BYTES_MAX: u64 = 24 << 20;

/// Maximum number of statements kept prepared; there are fewer.
const STATEMENTS: usize = 48;

/// Flags to open a file for writing: it exists, and its name is never a URI.
const WRITING: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Flags to open a file for reading.
const READING: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Connects to a file of Relata, or an empty one, for writing.
pub(super) fn connect_for_writing(path: &Path) -> Result<Connection, JournalError> {
    let connection = Connection::open_with_flags(path, WRITING)?;
    check_owner(&connection, path)?;
    Ok(connection)
}

/// Connects to a file for reading.
pub(super) fn connect_read_only(path: &Path) -> Result<Connection, JournalError> {
    match connect_as(path, path, READING) {
        Err(JournalError::Storage { .. }) if is_sealed(path) => {
            connect_as(path, immutable_uri(path), READING | OpenFlags::SQLITE_OPEN_URI)
        }
        connected => connected,
    }
}

/// Connects to a file for reading, by its path or a URI.
fn connect_as(
    path: &Path,
    name: impl AsRef<Path>,
    flags: OpenFlags,
) -> Result<Connection, JournalError> {
    let connection = Connection::open_with_flags(name, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    check_owner(&connection, path)?;
    Ok(connection)
}

/// Returns whether nothing can change a file: it was closed cleanly, and its file system
/// is mounted for reading only. SQLite would want to create files beside it.
#[cfg(unix)]
fn is_sealed(path: &Path) -> bool {
    use rustix::fs::{StatVfsMountFlags, statvfs};
    let is_mounted_read_only =
        statvfs(path).is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::RDONLY));
    is_mounted_read_only
        && std::fs::metadata(beside(path, "-wal")).map_or(true, |log| log.len() == 0)
}

#[cfg(not(unix))]
fn is_sealed(_: &Path) -> bool {
    false
}

fn immutable_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push('%');
            for digit in [byte >> 4, byte & 15] {
                uri.extend(char::from_digit(u32::from(digit), 16));
            }
        }
    }
    uri.push_str("?immutable=1");
    uri
}

pub(super) fn prepare(connection: &Connection) -> Result<(), JournalError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    state_table::define_checksum(connection)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    let mode = "PRAGMA journal_mode = WAL";
    let mode: String = connection.query_row(mode, [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(JournalError::Storage {
            source: format!("the file system cannot keep a write-ahead log: {mode}").into(),
            advice: "put the database on a local disk",
            outcome: WriteOutcome::Damaged,
        });
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    flush_drives(connection)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // Deleted content is overwritten: erased data must not be found in free pages.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX.cast_signed())?;
    Ok(())
}

/// Makes macOS flush the drive's cache with each sync, as a sync does elsewhere.
pub(super) fn flush_drives(connection: &Connection) -> Result<(), JournalError> {
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(())
}

/// Refuses a file that has no table yet although there was a log beside it, which is now
/// missing.
pub(super) fn check_log(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let log = beside(path, "-wal");
    let has_log = std::fs::metadata(&log).is_ok_and(|log| log.len() > 0);
    if mode == "wal" && tables == 0 && !has_log {
        return Err(JournalError::LogLeftBehind { log });
    }
    Ok(())
}

fn check_owner(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let owner: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if owner == schema::APPLICATION_ID || tables == 0 {
        Ok(())
    } else {
        Err(JournalError::NotOurs { path: path.to_owned() })
    }
}
