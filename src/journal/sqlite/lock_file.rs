//! The lock file beside the database, and the check that the database is still in its place.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::journal::error::JournalError;
use crate::journal::sqlite::database_path::private;
use crate::journal::sqlite::identity::Identity;
#[cfg(target_os = "linux")]
use crate::journal::sqlite::inode_lock::InodeLock;
use crate::model::{EpochId, Seq};

/// The lock on a database that is open for writing.
///
/// The lock file also says how many events were accepted, so that a truncated log or an
/// older file in this place is detected at opening: SQLite reads such a file as if nothing
/// had ever followed its end.
#[derive(Debug)]
pub(super) struct DatabaseLock {
    path: PathBuf,
    lock: File,
    lock_path: PathBuf,
    database: Option<Identity>,
    log: Option<Identity>,
    /// The contents of the lock file when it was locked.
    found: Option<Accepted>,
    epoch: Option<EpochId>,
    /// Whether there was no lock file before.
    is_new: bool,
    #[cfg(target_os = "linux")]
    _inode: InodeLock,
    /// The database, opened beside SQLite: on Linux only, where its locks last.
    database_file: Option<Arc<File>>,
}

/// The contents of the lock file: the last event that was accepted here and, unless an older
/// Relata wrote it, its epoch.
#[derive(Debug, Clone, Copy)]
struct Accepted {
    head: Seq,
    epoch: Option<EpochId>,
}

impl DatabaseLock {
    /// Takes the locks that keep a second writer out: that of the lock file, which also says
    /// what was accepted, and that of the database itself. The path is the one name of the
    /// database.
    pub(super) fn lock(path: &Path) -> Result<Self, JournalError> {
        let lock_path = beside(path, "-lock");
        let at = |source| JournalError::File { path: lock_path.clone(), source };
        let is_new = !lock_path.exists();
        let mut options = OpenOptions::new();
        private(options.create(true).truncate(false).read(true).write(true));
        let mut lock = options.open(&lock_path).map_err(at)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError::InUse { path: path.to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(at(source)),
        }
        // Read by the handle that holds the lock: Windows refuses any other.
        let mut text = String::new();
        #[cfg(target_os = "linux")]
        let inode = InodeLock::take(path)?;
        let found = lock.read_to_string(&mut text).ok().and_then(|_| parse(&text));
        Ok(Self {
            path: path.to_owned(),
            lock,
            lock_path,
            database: None,
            log: None,
            found,
            epoch: None,
            is_new,
            #[cfg(target_os = "linux")]
            database_file: Some(Arc::clone(inode.file())),
            #[cfg(not(target_os = "linux"))]
            database_file: None,
            #[cfg(target_os = "linux")]
            _inode: inode,
        })
    }

    /// Returns the database file, where it may be opened beside SQLite: on Linux.
    pub(super) fn database_file(&self) -> Option<Arc<File>> {
        self.database_file.clone()
    }

    /// Returns whether this database was never opened for writing in this place.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Removes the lock file of a database that is refused, if it was not there before: with
    /// it, the next attempt would be taken for one after a first start.
    pub(super) fn withdraw(&self) {
        if self.is_new {
            // If it cannot be removed, the refusal is reported all the same.
            std::fs::remove_file(&self.lock_path).unwrap_or_default();
        }
    }

    /// Compares the journal's head with what was accepted here before.
    pub(super) fn check(&mut self, head: Seq) -> Result<(), JournalError> {
        compare(&self.path, head, self.found.map_or(0, |found| found.head))?;
        self.database = Identity::of(&self.path);
        Ok(())
    }

    /// Returns the last event that was accepted in this place, or 0 if unknown.
    pub(super) fn read_accepted(path: &Path) -> Seq {
        read(path).map_or(0, |found| found.head)
    }

    /// Returns whether a database with events is not the one last written here: it was
    /// restored from a copy, or brought from elsewhere.
    pub(super) fn is_of_another_epoch(&self, epoch: EpochId, head: Seq) -> bool {
        let is_known = self.found.is_some_and(|found| found.epoch.is_none_or(|it| it == epoch));
        head > 0 && !is_known
    }

    /// Records the epoch in which events are accepted from now on.
    pub(super) fn set_epoch(&mut self, epoch: EpochId, head: Seq) -> Result<(), JournalError> {
        self.epoch = Some(epoch);
        self.write(head)
    }

    /// Records a commit of events.
    ///
    /// Costs one small write that nothing waits for: the commit is already on disk, so the
    /// number is never too high.
    pub(super) fn record_commit(&mut self, head: Seq) -> Result<(), JournalError> {
        self.check_files()?;
        self.write(head)
    }

    fn write(&mut self, head: Seq) -> Result<(), JournalError> {
        let epoch = self.epoch.unwrap_or(EpochId(0));
        self.lock
            .rewind()
            .and_then(|()| self.lock.write_all(format!("{head:020} {epoch}\n").as_bytes()))
            .map_err(|source| JournalError::File { path: self.lock_path.clone(), source })
    }

    /// Refuses a commit that went into a file that cannot be found again. Costs two look-ups
    /// of a name.
    pub(super) fn check_files(&mut self) -> Result<(), JournalError> {
        let log_path = beside(&self.path, "-wal");
        let log = Identity::of(&log_path);
        for (path, known, found) in
            [(&self.path, self.database, Identity::of(&self.path)), (&log_path, self.log, log)]
        {
            if known.is_some() && known != found {
                return Err(JournalError::Replaced { path: path.clone() });
            }
        }
        self.log = log;
        Ok(())
    }
}

impl Drop for DatabaseLock {
    /// Releases the lock. Closing the file alone would not: a process that is being started
    /// has a copy of the handle until its own program runs.
    fn drop(&mut self) {
        self.lock.unlock().unwrap_or_default();
    }
}

/// Reads a lock file, or returns `None` if there is none or it is empty.
fn read(path: &Path) -> Option<Accepted> {
    parse(&std::fs::read_to_string(beside(path, "-lock")).ok()?)
}

fn parse(text: &str) -> Option<Accepted> {
    let mut words = text.split_ascii_whitespace();
    let head = words.next()?.parse().ok()?;
    Some(Accepted { head, epoch: words.next().and_then(|epoch| epoch.parse().ok()) })
}

/// Refuses a journal that ends before what was accepted.
pub(super) fn compare(path: &Path, head: Seq, accepted: Seq) -> Result<(), JournalError> {
    if head >= accepted {
        return Ok(());
    }
    Err(JournalError::Shortened { head, accepted, lock: beside(path, "-lock") })
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that opened its store again while another thread of it started a process
    /// was now and then refused, as if somebody else had the database.
    #[test]
    fn a_lock_is_released_though_its_handle_is_held_elsewhere() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("relata.db");
        std::fs::write(&path, "").unwrap();
        let first = DatabaseLock::lock(&path).unwrap();
        // As a process has it that was forked and runs no program yet.
        let held = first.lock.try_clone().unwrap();
        assert!(matches!(DatabaseLock::lock(&path), Err(JournalError::InUse { .. })));
        drop(first);
        DatabaseLock::lock(&path).unwrap();
        drop(held);
    }
}
