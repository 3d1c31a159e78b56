//! A moment in the history of a store, and its text.

use std::str::FromStr;

use crate::model::{Seq, Timestamp};

/// A moment in the history of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// When this event had just become visible.
    Seq(Seq),
    /// After the last event that had been received by then, whatever the events say about
    /// their own time.
    Time(Timestamp),
}

/// A text is not an [`AsOf`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseAsOfError {
    /// A number that no event has.
    #[error("is too large a number")]
    TooLarge,
    /// Something else.
    #[error("is neither a seq nor an RFC 3339 time")]
    Neither,
}

impl FromStr for AsOf {
    type Err = ParseAsOfError;

    /// Parses a seq, or a time as RFC 3339 text.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            return text.parse().map(Self::Seq).map_err(|_| ParseAsOfError::TooLarge);
        }
        text.parse().map(Self::Time).map_err(|_| ParseAsOfError::Neither)
    }
}
