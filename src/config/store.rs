//! The arguments that set the options of a store.

use std::time::Duration;

use clap::{Args, ValueEnum};
use relata::Options;
use relata::journal::DeadLetterBounds;
use relata::webhook::Keep;

use crate::config::memory::{MemoryLimit, half_of_memory};
use crate::config::names::Names;
use crate::config::retention::{Retention, parse_days};

/// Options of the store.
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// Maximum number of deliveries that wait for the disk; one more is answered with 429
    #[arg(long, env = "RELATA_QUEUE_EVENTS", default_value_t = 8_192, value_name = "N")]
    pub(crate) queue_events: usize,

    /// Save a checkpoint after this many events
    #[arg(long, env = "RELATA_CHECKPOINT_EVENTS", default_value_t = 10_000, value_name = "N")]
    pub(crate) checkpoint_events: u64,

    /// Save a checkpoint when events are this old, in milliseconds
    #[arg(long, env = "RELATA_CHECKPOINT_MS", default_value_t = 5_000, value_name = "MS")]
    pub(crate) checkpoint_ms: u64,

    /// Number of past states kept for further queries with asOf, each in as much memory as
    /// the location's graph took then
    #[arg(long, env = "RELATA_PAST_GRAPHS", default_value_t = 4, value_name = "N")]
    pub(crate) past_graphs: usize,

    /// Memory that the graphs of locations may take: bytes, or such as 512MiB; beyond it, those
    /// that were not used for longest are dropped and loaded again when they are needed; none
    /// is no limit [default: half of the machine's or container's memory]
    #[arg(long, env = "RELATA_GRAPH_MEMORY", value_name = "BYTES")]
    pub(crate) graph_memory: Option<MemoryLimit>,

    /// Also store events of types that do not affect the graph
    #[arg(long, env = "RELATA_KEEP_IGNORED")]
    pub(crate) keep_ignored: bool,

    /// How much to keep of the bodies that say what a record is called: all of them, the
    /// names, or ids alone
    #[arg(long, env = "RELATA_KEEP", value_enum, default_value_t = KeepArg::Names, value_name = "WHAT")]
    pub(crate) keep: KeepArg,

    /// Delete events from the journal when they are this many days old; the graph keeps what
    /// they said [default: never]
    #[arg(long, env = "RELATA_KEEP_EVENTS", value_name = "DAYS", value_parser = parse_days)]
    pub(crate) keep_events: Option<Duration>,

    /// Remember deleted things for this many days, so that a late event from before the
    /// delete does not bring them back, and then drop them from memory; `forever` never drops
    /// them
    #[arg(long, env = "RELATA_KEEP_TOMBSTONES", value_name = "DAYS", default_value = "90")]
    pub(crate) keep_tombstones: Retention,

    /// Maximum number of delivery ids remembered to recognise repeats, for seven days; each
    /// takes about 20 bytes
    #[arg(long, env = "RELATA_REMEMBER_DELIVERIES", default_value_t = 7_200_000, value_name = "N")]
    pub(crate) remember_deliveries: usize,

    /// Maximum number of dead letters (deliveries that could not be used) kept; the oldest
    /// make room
    #[arg(long, env = "RELATA_DEAD_LETTERS", default_value_t = 10_000, value_name = "N")]
    pub(crate) dead_letters: u64,

    /// Maximum size of all dead letters, in bytes; the oldest make room
    #[arg(
        long,
        env = "RELATA_DEAD_LETTER_BYTES",
        default_value_t = 64 << 20,
        value_name = "BYTES"
    )]
    pub(crate) dead_letter_bytes: u64,

    #[command(flatten)]
    pub(crate) names: Names,
}

/// How much to keep of bodies with names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeepArg {
    /// Whole bodies, with addresses and phone numbers
    Bodies,
    /// The members that are read, with the one name
    Names,
    /// No names
    Ids,
}

impl From<KeepArg> for Keep {
    fn from(keep: KeepArg) -> Self {
        match keep {
            KeepArg::Bodies => Self::Bodies,
            KeepArg::Names => Self::Names,
            KeepArg::Ids => Self::Ids,
        }
    }
}

impl StoreArgs {
    /// Returns the options of the store.
    pub(crate) fn options(&self) -> Options {
        Options {
            queue_events: self.queue_events.clamp(1, 1 << 20),
            checkpoint_events: self.checkpoint_events,
            checkpoint_interval: Duration::from_millis(self.checkpoint_ms),
            keep_ignored: self.keep_ignored,
            keep: self.keep.into(),
            past_graphs: self.past_graphs.clamp(1, 1 << 10),
            keep_events: self.keep_events,
            keep_tombstones: self.keep_tombstones.limit(),
            remembered_deliveries: self.remember_deliveries.clamp(2, 1 << 28),
            dead_letters: DeadLetterBounds {
                letters: self.dead_letters,
                bytes: self.dead_letter_bytes,
            },
            graph_memory: self.graph_memory.map_or_else(half_of_memory, |limit| limit.0),
            names: self.names.limits(),
            ..Options::default()
        }
    }
}
