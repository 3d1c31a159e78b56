//! Waiting for events to become visible.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use crate::model::Seq;
use crate::sync::IgnorePoison;

/// Tracks the last visible event and wakes waiters. Advancing costs one atomic load when
/// nobody waits.
#[derive(Debug)]
pub(crate) struct Watermark {
    head: AtomicU64,
    waiting: AtomicUsize,
    lock: Mutex<()>,
    moved: Condvar,
}

impl Watermark {
    pub(crate) fn new(head: Seq) -> Self {
        Self {
            head: AtomicU64::new(head),
            waiting: AtomicUsize::new(0),
            lock: Mutex::default(),
            moved: Condvar::new(),
        }
    }

    /// Returns the seq up to which every graph has merged every event.
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
    }

    /// Waits until an event is visible, and returns whether it is.
    pub(crate) fn wait_for(&self, seq: Seq, timeout: Duration) -> bool {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let guard = self.lock.lock().ignore_poison();
        let is_before = |(): &mut ()| self.head.load(Ordering::SeqCst) < seq;
        let waited = self.moved.wait_timeout_while(guard, timeout, is_before);
        drop(waited.ignore_poison());
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.head() >= seq
    }
}
