//! Waiting for events to be visible.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, OnceLock};
use std::time::Duration;

use crate::model::Seq;
use crate::sync::IgnorePoison;

type Listener = Box<dyn Fn(Seq) + Send + Sync>;

/// How far the graphs have come, and who wants to know. Telling it costs nothing
/// but a look while nobody waits.
#[derive(Default)]
pub(crate) struct Watermark {
    head: AtomicU64,
    waiting: AtomicUsize,
    lock: Mutex<()>,
    moved: Condvar,
    listener: OnceLock<Listener>,
}

impl fmt::Debug for Watermark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watermark").field("head", &self.head).finish_non_exhaustive()
    }
}

impl Watermark {
    /// The seq up to which every graph has taken every event.
    pub(crate) fn head(&self) -> Seq {
        self.head.load(Ordering::Acquire)
    }

    pub(crate) fn advance(&self, head: Seq) {
        self.head.store(head, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            // Whoever looked before the store above holds the lock until it sleeps.
            drop(self.lock.lock().ignore_poison());
            self.moved.notify_all();
        }
        if let Some(listener) = self.listener.get() {
            listener(head);
        }
    }

    /// Waits until an event is visible; false if it is not in time.
    pub(crate) fn wait(&self, seq: Seq, timeout: Duration) -> bool {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let guard = self.lock.lock().ignore_poison();
        let behind = |(): &mut ()| self.head.load(Ordering::SeqCst) < seq;
        let waited = self.moved.wait_timeout_while(guard, timeout, behind);
        drop(waited.ignore_poison());
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.head() >= seq
    }

    /// Has this called whenever events have become visible; false if another is
    /// called already.
    pub(crate) fn listen(&self, listener: Listener) -> bool {
        self.listener.set(listener).is_ok()
    }
}
