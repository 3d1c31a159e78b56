//! A journal in a file: opening it, and its calls.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use crate::journal::checkpoint::{CheckpointSeq, Compaction, RowSink};
use crate::journal::dead_letter::{DeadLetterBounds, Refused};
use crate::journal::entry::JournalEntry;
use crate::journal::error::{JournalError, WriteOutcome};
use crate::journal::reader::{JournalReader, OpenReader};
use crate::journal::sqlite::checkpoint::save::{self, SaveMode};
use crate::journal::sqlite::connection::{BUSY_TIMEOUT, LOG_BYTES_MAX};
use crate::journal::sqlite::database_path::{resolve, resolve_for_writing, size_beside};
use crate::journal::sqlite::lock_file::DatabaseLock;
use crate::journal::sqlite::wal_checkpoint::{self, LogMover};
use crate::journal::sqlite::{
    compactions, connection, dead_letters, delivery_blocks, epochs, erase, events, import_marks,
    lock_file, prune, schema,
};
use crate::journal::writer::{Erased, ImportMark, Journal};
use crate::model::{Seq, Timestamp};

/// How long to wait for readers before the log is cut down: those of this program finish in
/// milliseconds.
const TRIM_TIMEOUT: Duration = Duration::from_millis(50);

/// How long to wait for readers where the log must not keep its contents.
const EMPTY_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an attempt to write again waits for other connections.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(1);

/// A journal in one SQLite file, in WAL mode with `synchronous=FULL`: what
/// `append` has returned from survives a loss of power.
#[derive(Debug)]
pub struct SqliteJournal {
    /// Ended before the connection is closed, which is then the last one. `None` in a journal
    /// opened for reading.
    mover: Option<LogMover>,
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// The version of the file's format: opened for reading, an older one stays as it is.
    pub(super) format: i64,
    /// `None` in a journal opened for reading.
    lock: Option<DatabaseLock>,
}

impl SqliteJournal {
    /// Opens a file for writing, creating or migrating it as needed.
    ///
    /// # Errors
    ///
    /// [`JournalError::InUse`] if another process has it open for writing, under
    /// any name; [`JournalError::NotAFile`] and [`JournalError::SeveralNames`]
    /// for a name that events would be lost under; [`JournalError::TooNew`] and
    /// [`JournalError::NotOurs`] leave the file as it is.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let path = &resolve_for_writing(path)?;
        let mut lock = DatabaseLock::lock(path)?;
        let mut connection = connection::connect_for_writing(path)?;
        if lock.is_new() {
            connection::check_log(&connection, path).inspect_err(|_| lock.withdraw())?;
        }
        let found = schema::version(&connection)?;
        connection::prepare(&connection)?;
        lock.check(events::head_of_format(&connection, found)?)?;
        schema::migrate(&mut connection)?;
        let format = schema::known_version();
        let head = events::head(&connection)?;
        if lock.is_of_another_epoch(epochs::load(&connection)?.current(), head) {
            tracing::warn!(
                head,
                "the database was restored or moved without its lock file: places in the change \
                 feed after this event are refused from now on"
            );
            epochs::begin(&connection, head)?;
        }
        lock.set_epoch(epochs::load(&connection)?.current(), head)?;
        let mover = Some(LogMover::start(&mut connection, path, lock.database_file())?);
        Ok(Self { mover, connection, path: path.to_owned(), format, lock: Some(lock) })
    }

    /// Opens a file for reading, beside a process that writes to it. Each call reads the
    /// file as it stands then, and blocks nothing afterwards.
    ///
    /// # Errors
    ///
    /// As [`SqliteJournal::open`]; [`JournalError::Storage`] if there is no such
    /// file.
    pub fn open_read_only(path: &Path) -> Result<Self, JournalError> {
        let path = &resolve(path)?;
        // Known before the read begins, so that it cannot be more than is there.
        let accepted = DatabaseLock::read_accepted(path);
        let connection = connection::connect_read_only(path)?;
        let format = schema::version(&connection)?;
        if format == 0 {
            connection::check_log(&connection, path)?;
            return Err(JournalError::NotOurs { path: path.to_owned() });
        }
        let mut journal =
            Self { mover: None, connection, path: path.to_owned(), format, lock: None };
        lock_file::compare(path, journal.head()?, accepted)?;
        Ok(journal)
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the connection and the version of the file's format.
    pub(super) fn into_connection(self) -> (Connection, i64) {
        (self.connection, self.format)
    }

    fn append_all(
        &mut self,
        batch: &[JournalEntry<'_>],
        mark: Option<&ImportMark>,
    ) -> Result<Seq, JournalError> {
        let head = events::append(&mut self.connection, batch, mark)?;
        self.lock.as_mut().map_or(Ok(()), |lock| lock.record_commit(head))?;
        Ok(head)
    }

    fn truncate_log(&self, timeout: Duration) -> Result<bool, JournalError> {
        let _paused = self.mover.as_ref().map(LogMover::pause);
        self.connection.busy_timeout(timeout)?;
        let is_held = wal_checkpoint::is_held(&self.connection, "TRUNCATE");
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(!is_held?)
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, batch: &[JournalEntry<'_>]) -> Result<Seq, JournalError> {
        self.append_all(batch, None)
    }

    fn append_import(
        &mut self,
        batch: &[JournalEntry<'_>],
        mark: &ImportMark,
    ) -> Result<Seq, JournalError> {
        self.append_all(batch, Some(mark))
    }

    fn import_marks(
        &mut self,
        after: u64,
        each: &mut dyn FnMut(u64, ImportMark),
    ) -> Result<(), JournalError> {
        import_marks::marks(&self.connection, after, each)
    }

    fn save_checkpoint(
        &mut self,
        upto: CheckpointSeq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        save::save(&mut self.connection, upto, SaveMode::Update, fill)
    }

    fn replace_checkpoint(
        &mut self,
        upto: Seq,
        fill: &mut dyn FnMut(RowSink<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        save::save(&mut self.connection, CheckpointSeq::whole(upto), SaveMode::Replace, fill)
    }

    fn index_deliveries(&mut self, after: Seq) -> Result<Seq, JournalError> {
        delivery_blocks::extend(&mut self.connection, after)
    }

    fn finish_naming(&mut self) -> Result<(), JournalError> {
        Ok(self.connection.execute("DELETE FROM unnamed", []).map(drop)?)
    }

    fn record_compaction(&mut self, compaction: &Compaction) -> Result<(), JournalError> {
        compactions::record(&mut self.connection, compaction)
    }

    fn prune(
        &mut self,
        before: Timestamp,
        remember: Timestamp,
        limit: u32,
    ) -> Result<Seq, JournalError> {
        prune::prune(&mut self.connection, before, remember, limit)
    }

    fn keep_dead_letters(
        &mut self,
        letters: &[Refused],
        bounds: DeadLetterBounds,
    ) -> Result<(), JournalError> {
        dead_letters::keep(&mut self.connection, letters, bounds)?;
        self.lock.as_mut().map_or(Ok(()), DatabaseLock::check_files)
    }

    fn delete_dead_letter(&mut self, id: u64) -> Result<bool, JournalError> {
        dead_letters::delete(&mut self.connection, id)
    }

    fn erase_location(
        &mut self,
        location: &str,
        known: &[Seq],
        upto: Seq,
    ) -> Result<Erased, JournalError> {
        let erased = erase::erase(&mut self.connection, location, known, upto)?;
        self.lock.as_mut().map_or(Ok(()), DatabaseLock::check_files)?;
        Ok(erased)
    }

    fn empty_log(&mut self) -> Result<bool, JournalError> {
        self.truncate_log(EMPTY_TIMEOUT)
    }

    fn is_moving_log(&self) -> bool {
        self.mover.as_ref().is_some_and(LogMover::is_moving)
    }

    fn trim_log(&mut self) -> Result<bool, JournalError> {
        if size_beside(&self.path, "-wal")? <= LOG_BYTES_MAX {
            return Ok(true);
        }
        self.truncate_log(TRIM_TIMEOUT)
    }

    fn recover(&mut self) -> Result<Seq, JournalError> {
        self.lock.as_mut().map_or(Ok(()), DatabaseLock::check_files)?;
        let connection = connection::connect_for_writing(&self.path)?;
        connection::prepare(&connection)?;
        connection.busy_timeout(RECOVERY_TIMEOUT)?;
        // Ends the old one, and with it what it may have left half done.
        self.mover = None;
        self.connection = connection;
        // Only a write shows that writes succeed again.
        let write = format!("BEGIN IMMEDIATE; PRAGMA user_version = {}; COMMIT;", self.format);
        self.connection.execute_batch(&write)?;
        // Into the database itself: after a sync that failed, the log on disk may stay
        // short for ever.
        if wal_checkpoint::is_held(&self.connection, "FULL")? {
            return Err(JournalError::Storage {
                source: "a reader holds the write-ahead log".into(),
                advice: "end the program that reads the database for so long",
                outcome: WriteOutcome::NothingWritten,
            });
        }
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        let file = self.lock.as_ref().and_then(DatabaseLock::database_file);
        self.mover = Some(LogMover::start(&mut self.connection, &self.path, file)?);
        events::head(&self.connection)
    }

    fn readers(&self) -> Arc<OpenReader> {
        let path = self.path.clone();
        Arc::new(move || Ok(Box::new(Self::open_read_only(&path)?)))
    }
}
