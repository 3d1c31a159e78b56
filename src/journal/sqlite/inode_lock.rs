//! The lock on the database file itself, on Linux only.
//!
//! Elsewhere a lock of this kind would keep SQLite out, too; there the lock file and the one
//! name must suffice.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::journal::error::JournalError;
use crate::journal::sqlite::identity::Identity;
use crate::sync::IgnorePoison;

/// Every database that this process has opened for writing and that still has a name.
/// None is ever closed: when a process closes any descriptor of a file, it loses all of
/// SQLite's locks on it.
static OPENED: Mutex<Vec<Opened>> = Mutex::new(Vec::new());

struct Opened {
    identity: Identity,
    file: Arc<File>,
    is_locked: bool,
}

/// The lock that keeps a second writer out of a file, even if it uses a name that was
/// added later, or if the lock file was deleted.
#[derive(Debug)]
pub(super) struct InodeLock {
    identity: Identity,
    file: Arc<File>,
}

impl InodeLock {
    pub(super) fn take(path: &Path) -> Result<Self, JournalError> {
        let at = |source| JournalError::File { path: path.to_owned(), source };
        let in_use = || JournalError::InUse { path: path.to_owned() };
        let mut opened = OPENED.lock().ignore_poison();
        opened.retain(|it| it.is_locked || it.file.metadata().is_ok_and(|it| it.nlink() > 0));
        let identity = Identity::of(path).ok_or_else(|| at(std::io::ErrorKind::NotFound.into()))?;
        if !opened.iter().any(|it| it.identity == identity) {
            let file = OpenOptions::new().read(true).write(true).open(path).map_err(at)?;
            opened.push(Opened { identity, file: Arc::new(file), is_locked: false });
        }
        let found = opened.iter_mut().find(|it| it.identity == identity && !it.is_locked);
        let found = found.ok_or_else(in_use)?;
        match found.file.try_lock() {
            Ok(()) => found.is_locked = true,
            Err(TryLockError::WouldBlock) => return Err(in_use()),
            Err(TryLockError::Error(source)) => return Err(at(source)),
        }
        Ok(Self { identity, file: Arc::clone(&found.file) })
    }

    /// Returns the database file, opened once for the whole process.
    pub(super) fn file(&self) -> &Arc<File> {
        &self.file
    }
}

impl Drop for InodeLock {
    fn drop(&mut self) {
        let mut opened = OPENED.lock().ignore_poison();
        if let Some(found) = opened.iter_mut().find(|it| it.identity == self.identity) {
            // A lock that cannot be released ends with the process.
            found.is_locked = found.file.unlock().is_err();
        }
    }
}
