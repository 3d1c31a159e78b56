//! Options of a store, with their units.

use std::time::Duration;

use crate::journal::DeadLetterBounds;
use crate::store::name_limits::NameLimits;
use crate::store::writer::clock::Clock;
use crate::webhook::Keep;

/// Limits and intervals of a store. The defaults suit one machine with a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Maximum number of deliveries that wait for the writer; one more is refused.
    pub queue_events: usize,
    /// Maximum number of bytes of bodies that wait for the writer.
    pub queue_bytes: usize,
    /// Maximum number of deliveries in one transaction.
    pub batch_events: usize,
    /// Maximum number of bytes of bodies in one transaction, except for a single larger
    /// body.
    pub batch_bytes: usize,
    /// Number of events after which a checkpoint is saved.
    pub checkpoint_events: u64,
    /// Age of events at which a checkpoint is saved.
    pub checkpoint_interval: Duration,
    /// Maximum number of rows of a checkpoint that are saved between two batches of
    /// deliveries; fewer where more would take longer than a few hundredths of a second.
    pub checkpoint_part_rows: usize,
    /// Maximum number of ids of accepted deliveries that are remembered, to recognise a
    /// repeat for seven days. Half of them are guaranteed: the default is enough for six
    /// deliveries a second day and night, and takes 145 MB once it is full.
    pub remembered_deliveries: usize,
    /// Age at which events are deleted from the journal, once a checkpoint covers them. The
    /// graph does not change. `None` keeps them for ever.
    pub keep_events: Option<Duration>,
    /// How long deleted things are remembered, so that a late event from before the delete
    /// does not revive them; then they are dropped from memory and the checkpoint. `None`
    /// keeps them for ever.
    pub keep_tombstones: Option<Duration>,
    /// Maximum number and size of refused deliveries that are kept.
    pub dead_letters: DeadLetterBounds,
    /// Maximum number of past graphs that are cached for further queries, each in as much
    /// memory as the location's graph took then.
    pub past_graphs: usize,
    /// Bytes of memory that the graphs of locations may take: beyond it, those that were not
    /// asked for longest are dropped and loaded again when they are needed. A single graph
    /// that is larger stays. `None` keeps all that were loaded.
    pub graph_memory: Option<usize>,
    /// Maximum number of rows of a checkpoint that is loaded whole when the store is opened;
    /// of a larger one, each location is loaded when it is first needed.
    pub rows_loaded_at_once: u64,
    /// Maximum numbers of names that events may bring in.
    pub names: NameLimits,
    /// Where the time comes from: the system, except in tests.
    pub clock: Clock,
    /// Whether events of types that the graph does not depend on are kept, too.
    pub keep_ignored: bool,
    /// How much is kept of the bodies that say what something is called.
    pub keep: Keep,
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
            // Two times 16 tables of 2¹⁸ places, less than seven eighths full.
            remembered_deliveries: 7_200_000,
            keep_events: None,
            // Senders retry for three days, let people send logged deliveries again for
            // thirty, and restore deleted things for sixty.
            keep_tombstones: Some(Duration::from_secs(90 * 24 * 3600)),
            dead_letters: DeadLetterBounds::default(),
            past_graphs: 4,
            graph_memory: None,
            // Some tens of milliseconds.
            rows_loaded_at_once: 50_000,
            names: NameLimits::default(),
            clock: Clock::default(),
            keep_ignored: false,
            keep: Keep::default(),
        }
    }
}
