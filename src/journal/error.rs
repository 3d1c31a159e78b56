//! Errors of a journal, by what the caller can do about them.

use std::path::PathBuf;

use crate::model::Seq;

/// Why a call of a journal failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The storage failed. Look at the disk.
    #[error("the storage failed: {source}")]
    Storage {
        /// The error of the storage.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What a person can do about it.
        advice: &'static str,
        /// What the failed write has done.
        outcome: WriteOutcome,
    },
    /// The file system failed. Look at the disk.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
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
    /// Merging an entry into the graphs panics. Use a version of Relata in which it does not.
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
    /// Entries are missing at the end: the checkpoint covers more than the journal contains.
    /// Restore it from a backup.
    #[error("the journal ends at event {head}, but its checkpoint includes event {checkpoint}")]
    CutOff {
        /// The last entry.
        head: Seq,
        /// The last event that the checkpoint covers.
        checkpoint: Seq,
    },
    /// The checkpoint covers less than was pruned: what happened between is lost. Restore
    /// the file from a backup.
    #[error("events up to {pruned} are pruned, but the checkpoint ends at event {checkpoint}")]
    CheckpointOutdated {
        /// The last event that was pruned.
        pruned: Seq,
        /// The last event that the checkpoint covers.
        checkpoint: Seq,
    },
    /// Entries were pruned before they could be read. Start again after them.
    #[error("event {seq} was pruned before it could be read; events up to {pruned} are gone")]
    PrunedWhileReading {
        /// The first entry that was needed and is gone.
        seq: Seq,
        /// The last entry that was pruned.
        pruned: Seq,
    },
    /// A location was erased while the entries were read. Start again.
    #[error("a location was erased while the events were read")]
    ErasedWhileReading,
    /// An older Relata wrote this file, and the last parts of an upgrade are missing. Upgrade
    /// it first.
    #[error("the file is of an older version of Relata, and not upgraded yet")]
    NotUpgraded,
    /// Accepted events are no longer there. Restore them, or remove the lock file to continue
    /// without them.
    #[error(
        "the journal ends at event {head}, but {accepted} were accepted: the write-ahead log was \
         lost or cut, or this is an older copy; to continue from here, remove {lock}",
        lock = lock.display()
    )]
    Shortened {
        /// The last event that is there.
        head: Seq,
        /// The last event that was accepted.
        accepted: Seq,
        /// The file that records it.
        lock: PathBuf,
    },
    /// The file that is written to is no longer in its place.
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
        /// The file, by the given name.
        path: PathBuf,
    },
    /// The database was copied without its write-ahead log, which contained everything.
    #[error("the file was copied without its write-ahead log, {log}", log = log.display())]
    LogLeftBehind {
        /// The missing file.
        log: PathBuf,
    },
    /// The text is no URL of a database.
    #[error("{url} is no URL of a database: {reason}")]
    BadUrl {
        /// The URL, without a password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The database server cannot keep what must last.
    #[error("the database server cannot be used: {reason}")]
    Unsuited {
        /// Why not.
        reason: String,
        /// What to change.
        advice: &'static str,
    },
    /// The database went back to an earlier state while it was in use: a server that lacked
    /// the last events has taken over, or a backup was restored.
    #[error(
        "the database went back: event {seq} is not the one that was written here, and the \
         journal ends at event {head}"
    )]
    Forked {
        /// The last event that was known here.
        seq: Seq,
        /// The last event that is there now.
        head: Seq,
    },
    /// A new epoch has begun while the database was in use: another server has taken over, or
    /// a backup was restored.
    #[error("the database is another server's since event {head}, or was restored")]
    NewEpoch {
        /// The last event now.
        head: Seq,
    },
    /// Other processes have pruned events that were not merged here yet.
    #[error("events up to {pruned} are pruned, and this process has come to event {head} only")]
    Overtaken {
        /// The last event that was known here.
        head: Seq,
        /// The last event that was pruned.
        pruned: Seq,
    },
    /// What was read includes events of other processes that were not merged here yet, and
    /// they do not come.
    #[error("event {seq} of another process is needed, and this one has come to event {head} only")]
    Behind {
        /// The last event that is known here.
        head: Seq,
        /// The event that is needed.
        seq: Seq,
    },
    /// The file belongs to another program.
    #[error("the file is a database, but not one of Relata's")]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
}

/// What a failed write has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// Nothing; it can be retried.
    NothingWritten,
    /// Unknown until [`Journal::recover`](crate::journal::Journal::recover) returns.
    Unknown,
    /// The journal is not what was written, or is no longer where it was: stop.
    Damaged,
}

impl JournalError {
    /// Returns what a write that failed with this has done.
    pub fn write_outcome(&self) -> WriteOutcome {
        match self {
            Self::Storage { outcome, .. } => *outcome,
            Self::File { .. } => WriteOutcome::Unknown,
            Self::InUse { .. }
            | Self::PrunedWhileReading { .. }
            | Self::ErasedWhileReading
            | Self::Behind { .. }
            | Self::NotUpgraded
            | Self::TooNew { .. } => WriteOutcome::NothingWritten,
            _ => WriteOutcome::Damaged,
        }
    }

    /// Returns the error in words without names of files: clients see them.
    pub(crate) fn without_path(&self) -> String {
        match self {
            Self::File { source, .. } => format!("the storage failed: {source}"),
            Self::Replaced { .. } => {
                "the database was deleted or replaced while it was in use".to_owned()
            }
            other => other.to_string(),
        }
    }

    /// Returns what a person can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::File { .. } => "look at the file and its folder",
            Self::DamagedEvent { .. } | Self::CutOff { .. } | Self::CheckpointOutdated { .. } => {
                "restore the database from a backup"
            }
            Self::DamagedCheckpoint { .. } => {
                "restore the database from a backup: old events are pruned, so the \
                 checkpoint cannot be rebuilt from the others"
            }
            Self::MergePanicked { .. } => {
                "report it with the event, which SELECT body FROM event WHERE seq = … shows; an \
                 earlier version may open the database"
            }
            Self::Shortened { .. } => "restore the database from a later backup, if there is one",
            Self::Replaced { .. } => {
                "put the file back or start from scratch: what was accepted before \
                 is in the file that was there"
            }
            Self::PrunedWhileReading { .. } | Self::ErasedWhileReading => "ask again",
            Self::Behind { .. } => "look at the database server and the network, and ask again",
            Self::NotUpgraded => "upgrade it: `relata checkpoint` does",
            Self::InUse { .. } => "end the other process, or ask it",
            Self::TooNew { .. } => "use a newer Relata",
            Self::NotOurs { .. } | Self::NotAFile { .. } => "name another file",
            Self::BadUrl { .. } => "write it as postgres://USER@HOST/DATABASE",
            Self::Storage { advice, .. } | Self::Unsuited { advice, .. } => advice,
            Self::Forked { .. } | Self::NewEpoch { .. } | Self::Overtaken { .. } => {
                "restart to continue with what is there now"
            }
            Self::SeveralNames { .. } => {
                "remove the other names, and mount its folder instead of the file"
            }
            Self::LogLeftBehind { .. } => {
                "copy that file too while nothing writes, or make the copy with `relata backup`"
            }
        }
    }
}
