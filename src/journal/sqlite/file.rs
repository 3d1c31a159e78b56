//! Opening a file: its lock, its settings, its version.

use std::fs::{File, OpenOptions, TryLockError};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::super::{Entry, Journal, JournalError, JournalReader, OpenReader, RowSink};
use super::{checkpoint, events, schema};
use crate::model::Seq;

/// How long to wait for another connection, such as a reader that closes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Of a new file, in bytes. The log takes two writes for each page: a commit of a
/// few dozen events costs a seventh less than with the default of 4,096.
const PAGE_BYTES: i64 = 8_192;

/// Pages in the write-ahead log before SQLite moves them to the main file: fewer,
/// larger moves than the default of 1,000.
const WAL_PAGES: i64 = 2_000;

/// Statements kept prepared; there are fewer than that.
const STATEMENTS: usize = 32;

/// A journal in one SQLite file, in WAL mode with `synchronous=FULL`: what
/// `append` has returned from survives a loss of power.
#[derive(Debug)]
pub struct SqliteJournal {
    connection: Connection,
    path: PathBuf,
    /// Held for as long as the file is open for writing.
    _lock: Option<File>,
}

impl SqliteJournal {
    /// Opens a file for writing, creating or migrating it as needed.
    ///
    /// # Errors
    ///
    /// [`JournalError::InUse`] if another process has it open for writing;
    /// [`JournalError::TooNew`] and [`JournalError::NotOurs`] leave the file as
    /// it is.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let lock = lock(path)?;
        let mut connection = Connection::open(path)?;
        check_owner(&connection, path)?;
        schema::version(&connection)?;
        prepare(&connection)?;
        schema::migrate(&mut connection)?;
        Ok(Self { connection, path: path.to_owned(), _lock: Some(lock) })
    }

    /// Opens a file for reading, beside a process that writes to it. What is
    /// read is the state at this moment.
    ///
    /// # Errors
    ///
    /// As [`SqliteJournal::open`]; [`JournalError::Storage`] if there is no such
    /// file.
    pub fn open_read_only(path: &Path) -> Result<Self, JournalError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        check_owner(&connection, path)?;
        if schema::version(&connection)? == 0 {
            return Err(JournalError::NotOurs { path: path.to_owned() });
        }
        // One read transaction for the whole life: head, journal and checkpoint
        // belong together.
        connection.execute_batch("BEGIN; SELECT 1 FROM event LIMIT 1;")?;
        Ok(Self { connection, path: path.to_owned(), _lock: None })
    }
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage { source: Box::new(error) }
    }
}

fn prepare(connection: &Connection) -> Result<(), JournalError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
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

/// Takes the lock that keeps a second writer out. It is a file of its own:
/// SQLite's locks on the database are lost when the same process closes any
/// other handle on it.
fn lock(path: &Path) -> Result<File, JournalError> {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let name = PathBuf::from(name);
    let at = |source| JournalError::File { path: name.clone(), source };
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(&name).map_err(at)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(at(source)),
    }
}

impl JournalReader for SqliteJournal {
    fn head(&mut self) -> Result<Seq, JournalError> {
        events::head(&self.connection)
    }

    fn read(
        &mut self,
        after: Seq,
        each: &mut dyn FnMut(Seq, Entry<'_>) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        events::read(&self.connection, after, each)
    }

    fn load_checkpoint(&mut self, each: RowSink<'_>) -> Result<Seq, JournalError> {
        checkpoint::load(&self.connection, each)
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, batch: &[Entry<'_>]) -> Result<Seq, JournalError> {
        events::append(&mut self.connection, batch)
    }

    fn save_checkpoint(
        &mut self,
        upto: Seq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        checkpoint::save(&mut self.connection, upto, fill)
    }

    fn readers(&self) -> Arc<OpenReader> {
        let path = self.path.clone();
        Arc::new(move || Ok(Box::new(Self::open_read_only(&path)?)))
    }
}
