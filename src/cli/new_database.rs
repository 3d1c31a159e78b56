//! The database file that a command creates: as a whole, or not at all.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, ensure};
use relata::journal::JournalError;
use tempfile::{Builder, TempPath};

use crate::cli::destination::{DATABASE_SUFFIXES, NEW_FILE_MODE, folder_of};
use crate::cli::interrupt::Cleanup;

/// Returns an error if there is a file of this name, or one that belonged to an earlier
/// database of this name: SQLite would read its log into the new one.
pub(super) fn ensure_new(to: &Path) -> anyhow::Result<()> {
    let shown = to.display();
    ensure!(to.as_os_str() != "-", "-: a database cannot be streamed; name a file");
    ensure!(to.symlink_metadata().is_err(), "{shown}: it already exists");
    for suffix in DATABASE_SUFFIXES {
        let mut beside = to.as_os_str().to_owned();
        beside.push(suffix);
        let is_there = fs::symlink_metadata(&beside).is_ok();
        let beside = Path::new(&beside).display();
        ensure!(!is_there, "{beside}: it is left of a database {shown}: remove it first");
    }
    Ok(())
}

/// Has `write` create a database in a temporary folder next to its place, which is removed
/// even if a signal ends the process, and moves it from there into place.
pub(super) fn create<T>(
    to: &Path,
    write: impl FnOnce(&Path) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let shown = || to.display().to_string();
    let place = folder_of(to);
    ensure!(place.is_dir(), "{}: there is no folder {}", to.display(), place.display());
    let mut cleanup = Cleanup::watch()?;
    let folder = cleanup.begin_with(|| {
        let folder = Builder::new().prefix(".relata-copy-").tempdir_in(place)?;
        let path = folder.path().to_owned();
        Ok((folder, path))
    });
    let folder = folder.with_context(shown)?;
    let temporary = folder.path().join("relata.db");
    let written = write(&temporary)?;
    let put_in_place = || {
        fs::set_permissions(&temporary, Permissions::from_mode(NEW_FILE_MODE))?;
        let temporary = TempPath::try_from_path(temporary)?;
        temporary.persist_noclobber(to).map_err(|failed| failed.error)?;
        File::open(place)?.sync_all()?;
        folder.close()
    };
    cleanup.end_with(put_in_place).map_err(exists).with_context(shown)?;
    Ok(written)
}

/// Returns the error of writing to the temporary database, which is gone by the time that it
/// is read, under the name of its place; `None` if it is another.
pub(super) fn of_place(
    error: JournalError,
    temporary: &Path,
    to: &Path,
) -> Result<anyhow::Error, JournalError> {
    match error {
        JournalError::File { path, source } if path.starts_with(folder_of(temporary)) => {
            Ok(anyhow::Error::new(source).context(to.display().to_string()))
        }
        error => Err(error),
    }
}

fn exists(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::AlreadyExists {
        return io::Error::new(error.kind(), "it already exists");
    }
    error
}
