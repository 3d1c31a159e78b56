//! Writing a new file as a whole, or not at all.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use crate::journal::error::JournalError;
use crate::journal::sqlite::database_path::{check_name, private};

/// Returns an error if there is a file of this name, or there cannot be one.
pub(super) fn check(to: &Path) -> Result<(), JournalError> {
    check_name(to)?;
    if to.exists() {
        let source = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "it exists already");
        return Err(JournalError::File { path: to.to_owned(), source });
    }
    Ok(())
}

/// Has `write` fill an empty file beside `to`, makes it durable and renames it into place. A
/// failure leaves nothing behind.
pub(super) fn write(
    to: &Path,
    write: impl FnOnce(&Path) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    check(to)?;
    let partial = partial(to);
    // An existing file of that name may be anything, even the store.
    private(OpenOptions::new().create_new(true).write(true))
        .open(&partial)
        .map_err(|source| JournalError::File { path: partial.clone(), source })?;
    let at = |source| JournalError::File { path: to.to_owned(), source };
    let written = write(&partial).and_then(|()| put_in_place(&partial, to).map_err(at));
    if written.is_err() {
        // The partial file is useless; the error says what happened.
        std::fs::remove_file(&partial).unwrap_or_default();
    }
    written
}

fn partial(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push("-partial");
    PathBuf::from(name)
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
