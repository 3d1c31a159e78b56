//! Why nothing can be written, and since when.

use std::time::Duration;

/// Why a store does not accept deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteFailure {
    /// What went wrong and what to do about it.
    pub reason: String,
    /// How long it has lasted.
    pub lasted: Duration,
    /// Whether only opening the store again can end it. Otherwise the store tries again
    /// by itself.
    pub is_final: bool,
}
