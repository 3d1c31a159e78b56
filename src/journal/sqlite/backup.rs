//! Copying the file while it is written.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::journal::error::JournalError;
use crate::journal::reader::JournalReader;
use crate::journal::sqlite::journal::SqliteJournal;
use crate::journal::sqlite::new_file;
use crate::model::Seq;

/// Number of pages copied between two reports.
const STEP_PAGES: i32 = 4_096;

/// Writes a copy of the store in `from` to the new file `to`, while another
/// process may be writing to it, and returns the last event in the copy. `progress` is
/// called with the number of pages copied, and of all pages.
///
/// The copy is the state at one moment. It is written beside `to`, made durable and renamed
/// into place.
///
/// # Errors
///
/// [`JournalError::File`] if `to` is there already or cannot be written.
pub fn backup(
    from: &Path,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Seq, JournalError> {
    new_file::check(to)?;
    let mut source = SqliteJournal::open_read_only(from)?;
    // One snapshot for the whole copy: without it, each event accepted meanwhile would
    // have SQLite start again. It ends with the copying, which no client slows down.
    source.connection().execute_batch("BEGIN; SELECT 1 FROM event LIMIT 1;")?;
    let head = source.head()?;
    new_file::write(to, |partial| copy(source.connection(), partial, progress))?;
    Ok(head)
}

fn copy(
    source: &Connection,
    partial: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(partial, flags)?;
    {
        let backup = Backup::new(source, &mut target)?;
        loop {
            let step = backup.step(STEP_PAGES)?;
            let pages = backup.progress();
            let total = u64::try_from(pages.pagecount).unwrap_or(0);
            let left = u64::try_from(pages.remaining).unwrap_or(0);
            progress(total.saturating_sub(left), total);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
    // One file without a log beside it, until it is opened for writing.
    target.pragma_update(None, "journal_mode", "DELETE")?;
    target.close().map_err(|(_, error)| error)?;
    Ok(())
}
