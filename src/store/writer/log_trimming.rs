//! Cutting down the journal's write-ahead log.

use std::time::{Duration, Instant};

use crate::journal::Journal;

/// How long to wait before trying again while a reader holds the log.
const RETRY: Duration = Duration::from_secs(1);

/// The same, once it has been held for a long time.
const RETRY_MAX: Duration = Duration::from_secs(30);

/// When nothing is due.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// Cuts the log down after a checkpoint, or as soon as readers allow it.
#[derive(Debug, Default)]
pub(crate) struct LogTrimming {
    next: Option<Instant>,
    held_since: Option<Instant>,
}

impl LogTrimming {
    pub(crate) fn due_in(&self, now: Instant) -> Duration {
        self.next.map_or(NEVER, |next| next.saturating_duration_since(now))
    }

    /// Cuts the log down if it has grown too large and returns since when a reader has
    /// kept that from happening.
    ///
    /// A failure is logged and tried again: the log is only larger than need be.
    pub(crate) fn step(&mut self, journal: &mut dyn Journal) -> Option<Instant> {
        let is_short = journal.trim_log().unwrap_or_else(|error| {
            let reason = error.to_string();
            tracing::warn!(reason, "the write-ahead log cannot be cut down");
            false
        });
        let now = Instant::now();
        self.held_since = (!is_short).then(|| self.held_since.unwrap_or(now));
        self.next =
            self.held_since.map(|since| now + now.duration_since(since).clamp(RETRY, RETRY_MAX));
        self.held_since
    }
}
