//! When old events are deleted from the journal.

use std::time::{Duration, Instant};

use crate::journal::{Journal, JournalError};
use crate::model::{Seq, Timestamp};
use crate::store::writer::dedup_window::DEDUP_WINDOW;

/// Number of events deleted in one transaction: few enough that deliveries hardly wait.
const STEP_EVENTS: u32 = 4_096;

/// How long to wait when nothing was old enough.
const PAUSE: Duration = Duration::from_secs(60);

/// When nothing is ever pruned.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// Prunes step by step, between deliveries.
#[derive(Debug)]
pub(crate) struct Pruning {
    keep: Option<Duration>,
    next: Option<Instant>,
    pruned: Seq,
}

impl Pruning {
    pub(crate) fn new(keep: Option<Duration>, pruned: Seq) -> Self {
        let next = keep.map(|_| Instant::now());
        Self { keep, next, pruned }
    }

    pub(crate) fn due_in(&self, now: Instant) -> Duration {
        self.next.map_or(NEVER, |next| next.saturating_duration_since(now))
    }

    /// Tries again soon: a new checkpoint may cover more events.
    pub(crate) fn wake(&mut self, now: Instant) {
        self.next = self.keep.map(|_| now);
    }

    pub(crate) fn end(&mut self) {
        self.next = None;
    }

    /// Leaves it to another process.
    pub(crate) fn pass(&mut self) {
        self.next = self.keep.map(|_| Instant::now() + PAUSE);
    }

    /// Deletes the next events that are old by this time.
    pub(crate) fn step(
        &mut self,
        journal: &mut dyn Journal,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let Some(keep) = self.keep else { return Ok(()) };
        // Also after a failure.
        self.next = Some(Instant::now() + PAUSE);
        let pruned = journal.prune(now.before(keep), now.before(DEDUP_WINDOW), STEP_EVENTS)?;
        let is_full = pruned - self.pruned >= Seq::from(STEP_EVENTS);
        if pruned > self.pruned {
            tracing::debug!(upto = pruned, "old events are pruned");
        }
        self.pruned = pruned;
        self.next = Some(Instant::now() + if is_full { Duration::ZERO } else { PAUSE });
        Ok(())
    }
}
