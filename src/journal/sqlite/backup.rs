//! Copying the file while it is written.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::journal::error::JournalError;
use crate::journal::reader::JournalReader;
use crate::journal::sqlite::database_path::{check_name, private};
use crate::journal::sqlite::journal::SqliteJournal;
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
    let at = |source| JournalError::File { path: to.to_owned(), source };
    check_name(to)?;
    if to.exists() {
        let exists = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "it exists already");
        return Err(at(exists));
    }
    let mut source = SqliteJournal::open_read_only(from)?;
    // One snapshot for the whole copy: without it, each event accepted meanwhile would
    // have SQLite start again. It ends with the copying, which no client slows down.
    source.connection().execute_batch("BEGIN; SELECT 1 FROM event LIMIT 1;")?;
    let head = source.head()?;
    let partial = partial(to);
    // An existing file of that name may be anything, even the store.
    private(OpenOptions::new().create_new(true).write(true))
        .open(&partial)
        .map_err(|source| JournalError::File { path: partial.clone(), source })?;
    let copied = copy(source.connection(), &partial, progress)
        .and_then(|()| put_in_place(&partial, to).map_err(at));
    if copied.is_err() {
        // The partial copy is useless; the error says what happened.
        std::fs::remove_file(&partial).unwrap_or_default();
    }
    copied.map(|()| head)
}

fn partial(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push("-partial");
    PathBuf::from(name)
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

fn put_in_place(partial: &Path, to: &Path) -> std::io::Result<()> {
    // Windows does not sync a file that is open for reading only.
    OpenOptions::new().read(true).write(true).open(partial)?.sync_all()?;
    std::fs::rename(partial, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    sync_folder(folder.unwrap_or_else(|| Path::new(".")))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// Does nothing where a folder cannot be opened: the system stores its names by itself.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}
