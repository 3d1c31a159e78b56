//! What can go wrong with a journal, by what the caller can do about it.

use std::path::PathBuf;

use crate::model::Seq;

/// A journal could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The storage failed. Stop writing, look at the disk, open again.
    #[error("the storage failed: {source}")]
    Storage {
        /// What the storage said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file system failed. Stop writing, look at the disk, open again.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An entry is not what was written. Restore it from a backup.
    #[error("event {seq} is damaged: {reason}")]
    DamagedEvent {
        /// Its position.
        seq: Seq,
        /// What is wrong with it.
        reason: String,
    },
    /// The checkpoint contradicts itself. Delete it and the journal is
    /// replayed instead.
    #[error("the checkpoint is damaged: {reason}")]
    DamagedCheckpoint {
        /// What is wrong with it.
        reason: String,
    },
    /// Another process writes to this file. End it first, or ask it.
    #[error("the database is open for writing in another process")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// A newer Relata wrote this file. Use that one.
    #[error("the file has format {found}, this Relata knows up to {known}: use a newer Relata")]
    TooNew {
        /// The file's format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// Entries are missing at the end: the checkpoint stands for more than the
    /// journal holds. Restore it from a backup.
    #[error("the journal ends at event {head}, but its checkpoint stands for event {checkpoint}")]
    CutOff {
        /// The last entry.
        head: Seq,
        /// What the checkpoint stands for.
        checkpoint: Seq,
    },
    /// The file belongs to another program.
    #[error("the file is a database, but not one of Relata's")]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
}
