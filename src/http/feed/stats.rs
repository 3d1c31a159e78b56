//! The counters of the change feed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use hyper::body::Bytes;

/// Counts the subscribers of all locations, and the bytes that wait for them.
#[derive(Debug)]
pub(crate) struct Stats {
    pub(super) open: AtomicUsize,
    /// Subscribers that were dropped because they were too slow.
    pub(super) dropped: AtomicU64,
    /// Bytes of all chunks that some subscriber has yet to be sent, each counted once
    /// however many subscribers share it.
    pub(super) unsent: AtomicUsize,
    unsent_max: usize,
}

impl Stats {
    pub(super) fn new(unsent_max: usize) -> Self {
        let (open, dropped) = (AtomicUsize::default(), AtomicU64::default());
        Self { open, dropped, unsent: AtomicUsize::default(), unsent_max }
    }

    /// Returns a chunk that counts as unsent until no subscriber holds it.
    pub(crate) fn chunk(self: &Arc<Self>, text: Vec<u8>) -> Bytes {
        self.unsent.fetch_add(text.len(), Ordering::Relaxed);
        Bytes::from_owner(Unsent { text, stats: Arc::clone(self) })
    }

    /// Returns the number of open subscribers.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Returns how many subscribers were dropped because they were too slow.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Returns whether a subscriber for whom this much waits has to make room. While there
    /// is too much in all, some subscriber holds more than its share.
    pub(super) fn is_too_much(&self, waiting: usize) -> bool {
        let share = self.unsent_max / self.open().max(1);
        self.unsent.load(Ordering::Relaxed) > self.unsent_max && waiting > share
    }
}

/// The text of a chunk, which is counted until it is dropped.
struct Unsent {
    text: Vec<u8>,
    stats: Arc<Stats>,
}

impl AsRef<[u8]> for Unsent {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        self.stats.unsent.fetch_sub(self.text.len(), Ordering::Relaxed);
    }
}
