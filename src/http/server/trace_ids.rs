//! Ids for requests that come without one.

use std::sync::atomic::{AtomicU64, Ordering};

/// Generates ids that no two requests share, within a process or across restarts.
#[derive(Debug)]
pub(crate) struct TraceIds {
    /// The first 16 digits, the same for the whole process.
    process: String,
    count: AtomicU64,
}

impl TraceIds {
    pub(crate) fn new() -> Self {
        use std::hash::BuildHasher;
        let process = std::hash::RandomState::new().hash_one(std::process::id());
        Self { process: format!("{process:016x}"), count: AtomicU64::new(0) }
    }

    /// Returns a new id, which connects an answer with the log lines about it.
    pub(crate) fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{}{count:08x}", self.process)
    }
}
