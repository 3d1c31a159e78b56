//! Why a comparison fails.

use crate::pull::{PullError, StopReason};
use crate::store::{ChangesError, ImportError, IngestError, LoadError};

/// A comparison, or a repair, failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriftError {
    /// The sender cannot be read.
    #[error(transparent)]
    Upstream(PullError),
    /// It was stopped before it had compared anything for good.
    #[error("stopped")]
    Stopped(StopReason),
    /// The dump cannot be read.
    #[error("{0}")]
    Dump(String),
    /// The store cannot be read.
    #[error("{0}")]
    Store(String),
    /// Applying would delete a great part of the relations.
    #[error(
        "{going} of {alive} relations would be deleted, as if the token could not see them: \
         nothing is applied; --allow-mass-delete applies it"
    )]
    MassDelete {
        /// Relations that would go.
        going: usize,
        /// Relations that the store shows.
        alive: usize,
    },
}

impl From<PullError> for DriftError {
    fn from(error: PullError) -> Self {
        match error {
            PullError::Stopped(reason) => Self::Stopped(reason),
            error => Self::Upstream(error),
        }
    }
}

impl From<LoadError> for DriftError {
    fn from(error: LoadError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<ChangesError> for DriftError {
    fn from(error: ChangesError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<IngestError> for DriftError {
    fn from(error: IngestError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<ImportError> for DriftError {
    fn from(error: ImportError) -> Self {
        Self::Dump(error.to_string())
    }
}
