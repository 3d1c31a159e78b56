//! Deliveries that wait until the graph of their location is in memory.

use crate::store::options::Options;
use crate::store::writer::command::Pending;

/// The part of the queue that deliveries to one location may take while it is loaded: one of so
/// many.
const SHARE: usize = 4;

/// The deliveries that wait for one location.
#[derive(Default)]
pub(crate) struct Waiting {
    deliveries: Vec<Pending>,
    /// Bytes of their bodies.
    bytes: usize,
}

impl Waiting {
    /// Adds a delivery, or returns it if too many wait. The first one always may.
    pub(crate) fn add(&mut self, pending: Pending, options: &Options) -> Result<(), Box<Pending>> {
        let bytes = self.bytes + pending.delivery.body.len();
        let is_full = self.deliveries.len() >= options.queue_events.div_ceil(SHARE)
            || bytes > options.queue_bytes / SHARE;
        if is_full && !self.deliveries.is_empty() {
            return Err(Box::new(pending));
        }
        self.bytes = bytes;
        self.deliveries.push(pending);
        Ok(())
    }

    pub(crate) fn into_deliveries(self) -> Vec<Pending> {
        self.deliveries
    }
}
