//! When things deleted long ago leave the graphs, and how every replay repeats that.
//!
//! A deletion must be known for as long as an older event may still arrive, which would
//! otherwise revive what was deleted. So each compaction is recorded before it is done, with
//! its position among the events, and whatever builds a graph from events does it at that
//! position: late events then have the same effect there as they had here.

use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, Instant};

use crate::journal::{Compaction, JournalError, JournalReader};
use crate::model::{LocationId, Seq};
use crate::store::locations::Locations;
use crate::store::writer::checkpoint::checkpointer::Checkpointer;

/// How long to wait after every location was examined.
const PAUSE: Duration = Duration::from_secs(3600);

/// The same, where things are kept for a short time, as in tests.
const PAUSE_MIN: Duration = Duration::from_millis(200);

/// When nothing is ever dropped.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// When locations are examined for what can be dropped.
#[derive(Debug)]
pub(crate) struct Compacting {
    pub(crate) keep: Option<Duration>,
    next: Option<Instant>,
    /// The number of the next location.
    pub(crate) from: u32,
    /// Whether a location is being loaded to be compacted; the others wait for it.
    pub(crate) is_loading: bool,
    /// Whether it is unknown if the last compaction was recorded.
    pub(crate) is_unsettled: bool,
}

impl Compacting {
    pub(crate) fn new(keep: Option<Duration>) -> Self {
        let next = keep.map(|_| Instant::now());
        Self { keep, next, from: 0, is_loading: false, is_unsettled: false }
    }

    pub(crate) fn due_in(&self, now: Instant) -> Duration {
        if self.is_loading {
            return NEVER;
        }
        self.next.map_or(NEVER, |next| next.saturating_duration_since(now))
    }

    pub(crate) fn begin(&mut self) {
        (self.from, self.is_loading) = (0, false);
        self.next = Some(Instant::now());
    }

    pub(crate) fn pause(&mut self) {
        self.from = 0;
        let pause = self.keep.map(|keep| keep.clamp(PAUSE_MIN, PAUSE));
        self.next = pause.map(|pause| Instant::now() + pause);
    }
}

/// The compactions that a replay repeats.
#[derive(Debug, Default)]
pub(crate) struct Compactions {
    /// In order.
    all: Vec<Compaction>,
}

impl Compactions {
    /// Reads those after this event and later ones. The head of the journal up to which
    /// events are replayed must be known before: a compaction is recorded before the next
    /// event is.
    pub(crate) fn load(journal: &mut dyn JournalReader, from: Seq) -> Result<Self, JournalError> {
        Ok(Self { all: journal.compactions(from)? })
    }

    /// Reads those of one location as [`load`](Self::load) does.
    pub(crate) fn load_location(
        journal: &mut dyn JournalReader,
        location: &str,
        from: Seq,
    ) -> Result<Self, JournalError> {
        let mut all = journal.compactions(from)?;
        all.retain(|compaction| *compaction.location == *location);
        Ok(Self { all })
    }

    /// Returns the events that they follow, in order.
    pub(crate) fn places(&self) -> impl Iterator<Item = Seq> {
        self.all.iter().map(|compaction| compaction.at)
    }

    /// Leaves out those that are repeated already.
    pub(crate) fn without(mut self, repeated: &HashSet<Compaction>) -> Self {
        self.all.retain(|compaction| !repeated.contains(compaction));
        self
    }

    /// Returns the locations that they are of.
    pub(crate) fn locations(&self) -> BTreeSet<LocationId> {
        self.all.iter().map(|compaction| LocationId::from(&*compaction.location)).collect()
    }

    /// Returns those that a replay of the events after this one repeats. One directly after
    /// it may be done already: done again, it changes nothing.
    pub(crate) fn from(&self, seq: Seq) -> Due<'_> {
        let passed = self.all.partition_point(|compaction| compaction.at < seq);
        Due { left: self.all.get(passed..).unwrap_or_default() }
    }
}

/// Compactions that are still to be repeated.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Due<'c> {
    left: &'c [Compaction],
}

impl<'c> Due<'c> {
    /// Returns whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Takes the next one, if it was done before this event.
    pub(crate) fn take_before(&mut self, seq: Seq) -> Option<&'c Compaction> {
        let (next, rest) = self.left.split_first()?;
        (next.at < seq).then(|| {
            self.left = rest;
            next
        })
    }

    /// Repeats the next one, if it was done directly after this event or before, and returns
    /// it.
    pub(crate) fn apply_next(
        &mut self,
        seq: Seq,
        locations: &Locations,
        checkpointer: &mut Checkpointer,
    ) -> Option<&'c Compaction> {
        let compaction = self.take_before(seq.saturating_add(1))?;
        // It is unknown whether one directly after the event that the rows cover is done:
        // done again, it changes nothing, since no row is newer.
        let found = locations.find(&compaction.location);
        let found = found.filter(|it| !checkpointer.has_saved(it.number, compaction.at + 1));
        if let Some(location) = found {
            location.write_merging().compact(compaction.upto);
            checkpointer.record_compaction(location.number, compaction.at);
        }
        Some(compaction)
    }

    /// Returns the location of the next one, if that was done directly after this event or
    /// before.
    pub(crate) fn next_location(&self, seq: Seq) -> Option<LocationId> {
        let next = self.left.first().filter(|compaction| compaction.at <= seq);
        next.map(|compaction| LocationId::from(&*compaction.location))
    }

    /// Repeats those directly after this event and earlier ones.
    pub(crate) fn apply_upto(
        &mut self,
        seq: Seq,
        locations: &Locations,
        checkpointer: &mut Checkpointer,
    ) {
        while self.apply_next(seq, locations, checkpointer).is_some() {}
    }
}
