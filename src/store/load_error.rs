//! Why the graph of a location is not in memory.

use std::sync::Arc;

use crate::journal::{JournalError, WriteOutcome};
use crate::model::LocationId;

/// Why a location could not be loaded.
#[derive(Debug, Clone, thiserror::Error)]
#[error("location {id} cannot be loaded: {source}")]
pub struct LoadError {
    pub(super) id: LocationId,
    pub(super) source: Arc<JournalError>,
}

impl LoadError {
    pub(super) fn closed(id: &str) -> Self {
        let source = JournalError::Storage {
            source: "the store is closed".into(),
            advice: "open it again",
            outcome: WriteOutcome::NothingWritten,
        };
        Self { id: LocationId::from(id), source: Arc::new(source) }
    }
}

impl From<LoadError> for JournalError {
    fn from(error: LoadError) -> Self {
        let (advice, outcome) = (error.source.advice(), WriteOutcome::NothingWritten);
        Self::Storage { source: error.into(), advice, outcome }
    }
}
