//! The limits of a store, with their units.

use std::time::Duration;

/// How a store paces itself. The defaults suit one machine with a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Deliveries that may wait for the writer; one more is refused.
    pub queue_events: usize,
    /// Bytes of bodies that may wait for the writer.
    pub queue_bytes: usize,
    /// The greatest number of deliveries in one transaction.
    pub batch_events: usize,
    /// The greatest number of bytes of bodies in one transaction, but for a
    /// single larger body.
    pub batch_bytes: usize,
    /// Save a checkpoint after this many events.
    pub checkpoint_events: u64,
    /// Save a checkpoint when events are this old.
    pub checkpoint_interval: Duration,
    /// Remember this many of the last accepted delivery ids, to know a repeat.
    pub remembered_deliveries: usize,
    /// Keep events of types that no part of the graph depends on, too.
    pub keep_ignored: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue_events: 8_192,
            queue_bytes: 64 << 20,
            batch_events: 1_024,
            batch_bytes: 4 << 20,
            checkpoint_events: 10_000,
            checkpoint_interval: Duration::from_secs(5),
            remembered_deliveries: 262_144,
            keep_ignored: false,
        }
    }
}
