//! Why a pull fails.

use std::io;

use crate::pull::excerpt::excerpt;
use crate::pull::stop::StopReason;

/// A pull failed, or was stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// A setting cannot be used; nothing was read.
    #[error("{0}")]
    Setting(String),
    /// The token may not do what a phase needs, or is wrong.
    #[error("{0}")]
    Refused(String),
    /// The sender has no such list.
    #[error("{0}")]
    Missing(String),
    /// The sender refused a request for good.
    #[error("{0}")]
    Rejected(String),
    /// A row cannot be used.
    #[error("{what}: {row}")]
    Row {
        /// What is wrong with it.
        what: &'static str,
        /// Its beginning.
        row: String,
    },
    /// What was read cannot be written to its destination.
    #[error("{0}")]
    Destination(String),
    /// The resume log cannot be used.
    #[error("{path}: {error}")]
    ResumeLog {
        /// The file.
        path: String,
        /// What failed.
        error: io::Error,
    },
    /// Another pull of the location holds the resume log.
    #[error("a pull of this location is running ({0} is locked)")]
    Running(String),
    /// It was stopped.
    #[error("stopped")]
    Stopped(StopReason),
}

/// Longest part of a row that an error repeats, in bytes.
const ROW_BYTES: usize = 500;

impl PullError {
    /// Returns the error of a row.
    pub(super) fn row(what: &'static str, row: &serde_json::Value) -> Self {
        Self::Row { what, row: excerpt(&row.to_string(), ROW_BYTES).to_owned() }
    }
}
