//! What becomes of the lines of an import.

use std::io;

use crate::model::Seq;
use crate::store::delivery::{Delivery, IngestError, Status};
use crate::store::name_limits::LimitReached;
use crate::webhook::DecodeError;

/// Numbers of lines of an import, by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// All lines but blank ones.
    pub lines: u64,
    /// The event was applied.
    pub applied: u64,
    /// The event changed nothing.
    pub unchanged: u64,
    /// A newer event about the same thing is known.
    pub stale: u64,
    /// The event was accepted before: as a delivery of the same id, or by an import of the
    /// same lines.
    pub duplicate: u64,
    /// The graph does not depend on events of its type.
    pub ignored: u64,
    /// The line cannot be used.
    pub refused: u64,
}

/// One line of an import and its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportedLine<'l> {
    /// Its number; the first line is 1, and blank lines count.
    pub number: u64,
    /// Its outcome.
    pub outcome: LineOutcome<'l>,
}

/// The outcome of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOutcome<'l> {
    /// It is on disk, or did not need to be stored.
    Accepted {
        /// The outcome of the event.
        status: Status,
        /// Its position in the journal; that of the first for a duplicate, where the id of
        /// that one is known; `None` for an ignored one unless it was kept.
        seq: Option<Seq>,
    },
    /// It cannot be used.
    Refused(&'l LineRefusal),
}

/// A line that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRefusal {
    /// Why not.
    pub error: LineError,
    /// The line, or its beginning if it is too long.
    pub line: Vec<u8>,
}

/// Why a line cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The line is no event.
    #[error(transparent)]
    Unreadable(#[from] DecodeError),
    /// The line is too long.
    #[error("the line is longer than {limit} bytes")]
    TooLong {
        /// Maximum length of a line, in bytes.
        limit: u64,
    },
    /// [`Import::of_locations`](crate::import::Import::of_locations) does not admit its location.
    #[error("lines of this location are not admitted")]
    NotAdmitted,
    /// The event names more than the store may hold.
    #[error(transparent)]
    LimitReached(#[from] LimitReached),
}

impl LineError {
    /// Returns the member to blame, or `None` if it is not one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable(error) => error.field(),
            Self::TooLong { .. } => None,
            Self::NotAdmitted => Some("locationId"),
            Self::LimitReached(reached) => reached.field,
        }
    }
}

impl LineRefusal {
    pub(crate) fn limit_reached(reached: LimitReached, delivery: Option<&Delivery>) -> Self {
        let line = delivery.map_or_else(Vec::new, |delivery| delivery.body.as_bytes().to_vec());
        Self { error: reached.into(), line }
    }
}

/// Why an import ended early. Lines already reported are durable; running the same import
/// again resumes after them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The input cannot be read or unpacked.
    #[error("cannot read the lines: {0}")]
    Read(#[source] io::Error),
    /// The outcome of a line cannot be written where it should go.
    #[error("cannot write what became of a line: {0}")]
    Report(#[source] io::Error),
    /// The input is larger than allowed.
    #[error("unpacked there are more than {limit} bytes")]
    TooLarge {
        /// Maximum size after unpacking, in bytes.
        limit: u64,
    },
    /// The store cannot write.
    #[error(transparent)]
    Ingest(#[from] IngestError),
}

impl std::ops::AddAssign for ImportCounts {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.applied += other.applied;
        self.unchanged += other.unchanged;
        self.stale += other.stale;
        self.duplicate += other.duplicate;
        self.ignored += other.ignored;
        self.refused += other.refused;
    }
}

impl ImportCounts {
    /// Returns the counts with the names of their statuses.
    pub fn named(&self) -> [(&'static str, u64); 6] {
        let &Self { applied, unchanged, stale, duplicate, ignored, refused, .. } = self;
        [
            (Status::Applied.as_str(), applied),
            (Status::Unchanged.as_str(), unchanged),
            (Status::Stale.as_str(), stale),
            (Status::Duplicate.as_str(), duplicate),
            (Status::Ignored.as_str(), ignored),
            ("refused", refused),
        ]
    }

    pub(crate) fn add(&mut self, outcome: LineOutcome<'_>) {
        self.lines += 1;
        *match outcome {
            LineOutcome::Refused(_) => &mut self.refused,
            LineOutcome::Accepted { status: Status::Applied, .. } => &mut self.applied,
            LineOutcome::Accepted { status: Status::Unchanged, .. } => &mut self.unchanged,
            LineOutcome::Accepted { status: Status::Stale, .. } => &mut self.stale,
            LineOutcome::Accepted { status: Status::Duplicate, .. } => &mut self.duplicate,
            LineOutcome::Accepted { status: Status::Ignored, .. } => &mut self.ignored,
        } += 1;
    }
}
