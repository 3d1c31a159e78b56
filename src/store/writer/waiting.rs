//! What waits until the graph of its location is in memory.

use crate::model::LocationId;
use crate::store::delivery::IngestError;
use crate::store::options::Options;
use crate::store::writer::command::{Pending, PendingMutations};
use crate::webhook::Decoded;

/// The part of the queue that may wait for one location while it is loaded: one of so many.
const SHARE: usize = 4;

/// A delivery or some mutations.
pub(crate) enum Waiter {
    Delivery(Box<Pending>),
    Mutations(Box<PendingMutations>),
}

impl Waiter {
    /// Returns its location, if it has one.
    pub(crate) fn location(&self) -> Option<&LocationId> {
        match self {
            Self::Delivery(pending) => match &pending.delivery.decoded {
                Decoded::Event(event) => Some(&event.location),
                Decoded::Ignored { .. } => None,
            },
            Self::Mutations(pending) => Some(&pending.location),
        }
    }

    /// Returns the bytes that it takes in the queue.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Delivery(pending) => pending.delivery.body.len(),
            Self::Mutations(pending) => pending.bytes,
        }
    }

    pub(crate) fn refuse(self, refusal: IngestError) {
        match self {
            Self::Delivery(pending) => (pending.reply)(Err(refusal)),
            Self::Mutations(pending) => (pending.reply)(Err(refusal)),
        }
    }
}

/// What waits for one location.
#[derive(Default)]
pub(crate) struct Waiting {
    waiters: Vec<Waiter>,
    bytes: usize,
}

impl Waiting {
    /// Adds one, or returns it if too many wait. The first one always may.
    pub(crate) fn add(&mut self, waiter: Waiter, options: &Options) -> Result<(), Waiter> {
        let bytes = self.bytes + waiter.bytes();
        let is_full = self.waiters.len() >= options.queue_events.div_ceil(SHARE)
            || bytes > options.queue_bytes / SHARE;
        if is_full && !self.waiters.is_empty() {
            return Err(waiter);
        }
        self.bytes = bytes;
        self.waiters.push(waiter);
        Ok(())
    }

    pub(crate) fn into_waiters(self) -> Vec<Waiter> {
        self.waiters
    }
}
