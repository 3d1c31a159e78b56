//! The limits of a store, with their units.

use std::time::Duration;

use crate::journal::DeadLetterBounds;
use crate::store::name_limits::NameLimits;
use crate::store::writer::clock::Clock;

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
    /// The greatest number of rows of a checkpoint that are saved between two batches of
    /// deliveries. Fewer are where more would take longer than a few hundredths of a second.
    pub checkpoint_part_rows: usize,
    /// Room for this many ids of accepted deliveries, to know a repeat for seven
    /// days. Half of it is sure to be there: the default is enough for six
    /// deliveries a second day and night, and takes 210 MB once it is full.
    pub remembered_deliveries: usize,
    /// Delete events from the journal once they are this old and a checkpoint
    /// stands for them. The graph stays as it is.
    pub keep_events: Option<Duration>,
    /// Keep what was deleted in mind for this long, so that an event from before the
    /// delete, which comes late, does not bring it back; then drop it from memory and
    /// the checkpoint. `None` keeps it for ever.
    pub keep_tombstones: Option<Duration>,
    /// How many refused deliveries are kept at most.
    pub dead_letters: DeadLetterBounds,
    /// How many graphs of the past are kept for further questions, each in as
    /// much memory as the location's graph took then.
    pub past_graphs: usize,
    /// How many names events may bring in.
    pub names: NameLimits,
    /// Where the time comes from; the system, but in tests.
    pub clock: Clock,
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
            checkpoint_part_rows: 8_192,
            // Two tables of 2²² places, seven eighths full.
            remembered_deliveries: 7_340_032,
            keep_events: None,
            // Senders try for three days, let people send again what they have logged
            // for thirty, and restore what was deleted within sixty.
            keep_tombstones: Some(Duration::from_secs(90 * 24 * 3600)),
            dead_letters: DeadLetterBounds::default(),
            past_graphs: 4,
            names: NameLimits::default(),
            clock: Clock::default(),
            keep_ignored: false,
        }
    }
}
