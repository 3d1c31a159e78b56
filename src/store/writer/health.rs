//! Whether the writer can write, and why not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use crate::journal::JournalError;
use crate::store::delivery::IngestError;
use crate::store::writer::write_failure::WriteFailure;
use crate::sync::IgnorePoison;

/// Why nothing can be written.
#[derive(Debug)]
struct Failure {
    reason: String,
    source: Option<Arc<JournalError>>,
    since: Instant,
    /// Whether it may end by itself.
    is_pause: bool,
}

/// Whether the writer accepts anything, and why not. The first final failure wins.
#[derive(Debug, Default)]
pub(crate) struct Health {
    is_ready: AtomicBool,
    failure: Mutex<Option<Failure>>,
}

impl Health {
    /// Records that the writer knows what it has to know of earlier deliveries.
    pub(crate) fn mark_ready(&self) {
        self.is_ready.store(true, Ordering::Release);
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire)
    }

    /// Records that nothing can be written any more; the first such reason stays.
    pub(crate) fn fail(&self, reason: String, source: Option<Arc<JournalError>>) {
        let mut failure = self.lock_failure();
        if failure.as_ref().is_none_or(|failure| failure.is_pause) {
            *failure = Some(Failure { reason, source, since: Instant::now(), is_pause: false });
        }
    }

    /// Records that nothing can be written for now.
    pub(crate) fn pause(&self, reason: String, source: Arc<JournalError>) {
        let (source, since) = (Some(source), Instant::now());
        self.lock_failure().get_or_insert(Failure { reason, source, since, is_pause: true });
    }

    /// Ends a pause.
    pub(crate) fn resume(&self) {
        self.lock_failure().take_if(|failure| failure.is_pause);
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.lock_failure().as_ref().is_some_and(|failure| failure.is_pause)
    }

    /// Returns why nothing can be written, or `None` while writing works.
    pub(crate) fn failure(&self) -> Option<String> {
        self.lock_failure().as_ref().map(|failure| failure.reason.clone())
    }

    /// Returns the error for what is refused, or `None` while writing works.
    pub(crate) fn refusal(&self) -> Option<IngestError> {
        let refusal = |failure: &Failure| IngestError::Unavailable {
            reason: failure.reason.clone(),
            source: failure.source.clone(),
        };
        self.lock_failure().as_ref().map(refusal)
    }

    /// Returns why nothing can be written and since when, or `None` while writing works.
    pub(crate) fn write_failure(&self) -> Option<WriteFailure> {
        self.lock_failure().as_ref().map(|failure| WriteFailure {
            reason: failure.reason.clone(),
            lasted: failure.since.elapsed(),
            is_final: !failure.is_pause,
        })
    }

    fn lock_failure(&self) -> MutexGuard<'_, Option<Failure>> {
        self.failure.lock().ignore_poison()
    }
}
