//! When the next attempt to write is due after a failed write.

use std::time::{Duration, Instant};

/// How long to wait before the first attempt to write again; doubled after each.
const PAUSE: Duration = Duration::from_millis(100);

/// The same, once it has failed for a long time.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// When no attempt is due.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// When the next attempt to write is due.
#[derive(Debug, Default)]
pub(crate) struct Retrying {
    next: Option<(Instant, Duration)>,
}

impl Retrying {
    pub(crate) fn due_in(&self, now: Instant) -> Duration {
        self.next.map_or(NEVER, |(next, _)| next.saturating_duration_since(now))
    }

    pub(crate) fn put_off(&mut self) {
        let pause = self.next.map_or(PAUSE, |(_, pause)| (pause * 2).min(PAUSE_MAX));
        self.next = Some((Instant::now() + pause, pause));
    }
}
