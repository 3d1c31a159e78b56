//! What can go wrong with a journal, by what the caller can do about it.

use std::path::PathBuf;

use crate::model::Seq;

/// A journal could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The storage failed. Look at the disk.
    #[error("the storage failed: {source}")]
    Storage {
        /// What the storage said.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What a person can do about it.
        advice: &'static str,
        /// What the write has done that failed so.
        outcome: WriteOutcome,
    },
    /// The file system failed. Look at the disk.
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
    /// Merging an entry into the graphs panics. Use a Relata in which it does not.
    #[error("event {seq} cannot be merged into the graph, which is a bug in Relata")]
    MergePanicked {
        /// Its position.
        seq: Seq,
    },
    /// The checkpoint is not what was saved. Where no event is pruned, a store replays the
    /// journal in its place.
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
    /// The checkpoint covers less than was pruned: what happened between is lost. Restore
    /// the file from a backup.
    #[error("events up to {pruned} are pruned, but the checkpoint stands for event {checkpoint}")]
    CheckpointOutdated {
        /// The last event that was pruned.
        pruned: Seq,
        /// The last event that the checkpoint covers.
        checkpoint: Seq,
    },
    /// Entries were pruned before they could be read. Begin anew after them.
    #[error("event {seq} was pruned before it could be read; events up to {pruned} are gone")]
    PrunedWhileReading {
        /// The first entry that is gone and was wanted.
        seq: Seq,
        /// The last entry that was pruned.
        pruned: Seq,
    },
    /// Events that were accepted are not there any more. Restore what is
    /// missing, or remove the lock file to go on without it.
    #[error(
        "the journal ends at event {head}, but {accepted} were accepted: the write-ahead log was \
         lost or cut, or this is an older copy; to go on from here, remove {lock}",
        lock = lock.display()
    )]
    Shortened {
        /// The last event that is there.
        head: Seq,
        /// The last event that was accepted.
        accepted: Seq,
        /// The file that remembers it.
        lock: PathBuf,
    },
    /// The file that is written to is not in its place any more.
    #[error("{path} was deleted or replaced while it was in use", path = path.display())]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// No file that lasts has this name. Name another.
    #[error("{path:?} cannot be the database: {reason}")]
    NotAFile {
        /// The name.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// The file has several names, and its write-ahead log is beside one of them.
    #[error(
        "{path} has several names: hard links, or a mount of the file alone; its write-ahead log \
         would be missed at the others",
        path = path.display()
    )]
    SeveralNames {
        /// The file, by the name that was told.
        path: PathBuf,
    },
    /// The database was copied without its write-ahead log, which held everything.
    #[error("the file was copied without its write-ahead log, {log}", log = log.display())]
    LogLeftBehind {
        /// What is missing.
        log: PathBuf,
    },
    /// The file belongs to another program.
    #[error("the file is a database, but not one of Relata's")]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
}

/// What a write that failed has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// Nothing; it can be tried again.
    NothingWritten,
    /// That is known only after [`Journal::recover`](crate::journal::Journal::recover).
    Unknown,
    /// The journal is not what was written, or not where it was: stop.
    Damaged,
}

impl JournalError {
    /// Returns what a write has done that failed with this.
    pub fn write_outcome(&self) -> WriteOutcome {
        match self {
            Self::Storage { outcome, .. } => *outcome,
            Self::File { .. } => WriteOutcome::Unknown,
            Self::InUse { .. } | Self::PrunedWhileReading { .. } => WriteOutcome::NothingWritten,
            _ => WriteOutcome::Damaged,
        }
    }

    /// Returns the error in words that tell no names of files: clients see them.
    pub(crate) fn without_path(&self) -> String {
        match self {
            Self::File { source, .. } => format!("the storage failed: {source}"),
            Self::Replaced { .. } => {
                "the database was deleted or replaced while it was in use".to_owned()
            }
            other => other.to_string(),
        }
    }

    /// What a person can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Storage { advice, .. } => advice,
            Self::File { .. } => "look at the file and its folder",
            Self::DamagedEvent { .. } | Self::CutOff { .. } | Self::CheckpointOutdated { .. } => {
                "restore the database from a backup"
            }
            Self::DamagedCheckpoint { .. } => {
                "restore the database from a backup: old events are pruned, so the \
                 checkpoint cannot be built anew from the others"
            }
            Self::MergePanicked { .. } => {
                "report it with the event, which SELECT body FROM event WHERE seq = … shows; an \
                 earlier version may open the database"
            }
            Self::Shortened { .. } => "restore the database from a later backup, if there is one",
            Self::Replaced { .. } => {
                "put the file back or start anew: what was accepted before \
                 is in the file that was there"
            }
            Self::PrunedWhileReading { .. } => "ask again",
            Self::InUse { .. } => "end the other process, or ask it",
            Self::TooNew { .. } => "use a newer Relata",
            Self::NotOurs { .. } | Self::NotAFile { .. } => "name another file",
            Self::SeveralNames { .. } => {
                "remove the other names, and mount its folder instead of the file"
            }
            Self::LogLeftBehind { .. } => {
                "copy that file too while nothing writes, or make the copy with `relata backup`"
            }
        }
    }
}
