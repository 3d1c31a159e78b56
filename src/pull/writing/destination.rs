//! Where events go.

use std::collections::HashMap;
use std::ops::AddAssign;

use crate::pull::error::PullError;

/// What a destination knows of a location before a pull.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether it has any event of the location; `None` if it cannot know.
    pub has_events: Option<bool>,
    /// The cardinalities of associations, by their ids: a definition without them would
    /// replace one that has them.
    pub cardinalities: HashMap<String, Cardinalities>,
}

/// How many links records may have, from the first end and from the second.
pub type Cardinalities = [Option<Box<str>>; 2];

/// Where events go, as lines of NDJSON.
pub trait Destination {
    /// Returns what is known of a location.
    fn known(&mut self, location: &str) -> Result<Known, PullError>;

    /// Writes lines. They may become durable at the next commit only.
    fn write(&mut self, lines: &[u8]) -> Result<EventCounts, PullError>;

    /// Makes what was written durable. Returns the length of the file, if it is one.
    fn commit(&mut self) -> Result<Option<u64>, PullError>;

    /// Continues behind the first bytes of the file, if it is one.
    fn resume(&mut self, bytes: u64) -> Result<(), PullError>;

    /// Finishes once everything is written.
    fn finish(&mut self) -> Result<(), PullError>;
}

impl<D: Destination + ?Sized> Destination for Box<D> {
    fn known(&mut self, location: &str) -> Result<Known, PullError> {
        (**self).known(location)
    }

    fn write(&mut self, lines: &[u8]) -> Result<EventCounts, PullError> {
        (**self).write(lines)
    }

    fn commit(&mut self) -> Result<Option<u64>, PullError> {
        (**self).commit()
    }

    fn resume(&mut self, bytes: u64) -> Result<(), PullError> {
        (**self).resume(bytes)
    }

    fn finish(&mut self) -> Result<(), PullError> {
        (**self).finish()
    }
}

/// What became of events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventCounts {
    /// Events that changed something, or went to a file.
    pub applied: u64,
    /// Events that would have changed nothing, and were not kept.
    pub unchanged: u64,
    /// Events that something newer is known of, and were not kept.
    pub stale: u64,
    /// Events of types that are not kept.
    pub ignored: u64,
    /// Events that were refused.
    pub refused: u64,
    /// Why the first of them was refused.
    pub refusal: Option<String>,
}

impl AddAssign for EventCounts {
    fn add_assign(&mut self, other: Self) {
        self.applied += other.applied;
        self.unchanged += other.unchanged;
        self.stale += other.stale;
        self.ignored += other.ignored;
        self.refused += other.refused;
        self.refusal = self.refusal.take().or(other.refusal);
    }
}
