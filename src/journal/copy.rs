//! Copying a whole store from one database to another.

use crate::journal::checkpoint::CheckpointRow;
use crate::journal::copy_row::{CopyRow, CopySink};
use crate::journal::database::{Database, Place};
use crate::journal::error::JournalError;
#[cfg(feature = "postgres")]
use crate::journal::postgres::{copy as postgres_copy, journal::PostgresJournal};
use crate::journal::sqlite::{copy as sqlite_copy, journal::SqliteJournal};
use crate::model::Seq;

/// Number of rows copied between two reports.
const REPORT_ROWS: u64 = 1_024;

/// Copies the store in `from` to the new database `to`, while others may be writing to
/// `from`, and returns the last event in the copy. `progress` is called with the number of
/// events and rows of the checkpoint copied, and of all.
///
/// The copy is the store at one moment, and answers everything alike. It is of the same
/// history: positions in the change feed stay good up to its last event. Later ones are of
/// events that `from` alone has received, so a new epoch begins there.
///
/// A file is written beside `to`, made durable and renamed into place; a database is filled
/// in one transaction. Memory does not grow with the store.
///
/// # Errors
///
/// Each names the database at fault, and leaves nothing behind: [`JournalError::File`] if the
/// file `to` is there already; [`JournalError::Unsuited`] if the database `to` has a store, or
/// `from` has none; [`JournalError::NotUpgraded`] if `from` is in an older format;
/// [`JournalError::DamagedCheckpoint`] and [`JournalError::DamagedEvent`] if it is damaged;
/// [`JournalError::PrunedWhileReading`] and [`JournalError::ErasedWhileReading`] if a database
/// server's `from` has lost events meanwhile.
pub fn copy(
    from: &Database,
    to: &Database,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Seq, CopyError> {
    let of = |database: &Database| {
        let database = database.clone();
        move |source| CopyError { database, source }
    };
    let mut source = Source::open(from).map_err(of(from))?;
    let (mut last, mut done, mut total) = (0, 0, 0);
    // An error of reading is passed on by the writer, which undoes what it has written.
    let mut is_read = true;
    let mut fill = |put: CopySink<'_>| {
        let mut is_put = true;
        let shown = source.show(&mut |row| {
            match &row {
                CopyRow::Entries { pruned, head } => {
                    last = *head;
                    total += last - pruned;
                }
                CopyRow::Checkpoint(CheckpointRow::Location { rows, .. }) => {
                    total += rows.unwrap_or_default();
                }
                CopyRow::Checkpoint(CheckpointRow::State { .. }) | CopyRow::Entry(..) => done += 1,
                _ => {}
            }
            if done % REPORT_ROWS == 1 {
                progress(done, total.max(done));
            }
            put(row).inspect_err(|_| is_put = false)
        });
        is_read = shown.is_ok() || !is_put;
        shown
    };
    let written = match &to.0 {
        Place::File(path) => sqlite_copy::write::write(path, &mut fill),
        #[cfg(feature = "postgres")]
        Place::Postgres(url) => postgres_copy::write::write(url, &mut fill),
        #[cfg(not(feature = "postgres"))]
        Place::Unsupported => Err(crate::journal::database::unsupported()),
    };
    written.map_err(of(if is_read { to } else { from }))?;
    Ok(last)
}

/// Why a store was not copied.
#[derive(Debug, thiserror::Error)]
#[error("{database}: {source}")]
pub struct CopyError {
    /// The database at fault: the one copied from, or the one copied to.
    pub database: Database,
    /// What is wrong with it.
    pub source: JournalError,
}

/// A store that is read.
enum Source {
    File(Box<SqliteJournal>),
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresJournal>),
}

impl Source {
    fn open(database: &Database) -> Result<Self, JournalError> {
        Ok(match &database.0 {
            Place::File(path) => Self::File(Box::new(SqliteJournal::open_read_only(path)?)),
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => Self::Postgres(Box::new(PostgresJournal::open_read_only(url)?)),
            #[cfg(not(feature = "postgres"))]
            Place::Unsupported => return Err(crate::journal::database::unsupported()),
        })
    }

    fn show(&mut self, put: CopySink<'_>) -> Result<(), JournalError> {
        match self {
            Self::File(journal) => sqlite_copy::read::read(journal, put),
            #[cfg(feature = "postgres")]
            Self::Postgres(journal) => postgres_copy::read::read(journal, put),
        }
    }
}
