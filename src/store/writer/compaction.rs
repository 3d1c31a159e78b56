//! When what was deleted for long leaves the graphs, and that every replay does it again.
//!
//! A deletion must be known for as long as an older event may still come: that one would
//! else bring back what was deleted. So each compaction is written down before it is done,
//! with its place among the events, and whatever builds a graph from events does it at
//! that place: late events then do the same there as they did here.

use std::time::{Duration, Instant};

use crate::graph::LocationGraph;
use crate::journal::{Compaction, JournalError, JournalReader, WriteOutcome};
use crate::model::Seq;
use crate::store::delivery::IngestError;
use crate::store::locations::{Location, Locations};
use crate::store::store::Store;
use crate::store::writer::checkpoint::Checkpointer;
use crate::store::writer::thread::Writer;

/// How long to wait after every location was looked at.
const PAUSE: Duration = Duration::from_secs(3600);

/// The same, where little is kept, as in tests.
const PAUSE_MIN: Duration = Duration::from_millis(200);

/// When nothing is ever dropped.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// Locations looked at between two batches of deliveries.
const STEP_LOCATIONS: usize = 256;

/// Fewer rows are not worth a compaction.
const ROWS_MIN: u64 = 64;

/// A compaction is worth its cost once one of this many rows is dropped.
const ROWS_SHARE: u64 = 4;

/// Rows of a location that is compacted between two batches: 50 ms or so. A larger one
/// waits for the next opening.
const ROWS_AT_ONCE: u64 = 60_000;

/// When to look for what can be dropped.
#[derive(Debug)]
pub(crate) struct Compacting {
    keep: Option<Duration>,
    next: Option<Instant>,
    /// The number of the location to go on with.
    from: u32,
    /// Whether it is not known if the last compaction was written down.
    is_unsettled: bool,
}

impl Compacting {
    pub(crate) fn new(keep: Option<Duration>) -> Self {
        Self { keep, next: keep.map(|_| Instant::now()), from: 0, is_unsettled: false }
    }

    pub(crate) fn due_in(&self, now: Instant) -> Duration {
        self.next.map_or(NEVER, |next| next.saturating_duration_since(now))
    }

    fn begin(&mut self) {
        self.from = 0;
        self.next = Some(Instant::now());
    }

    fn pause(&mut self) {
        self.from = 0;
        let pause = self.keep.map(|keep| keep.clamp(PAUSE_MIN, PAUSE));
        self.next = pause.map(|pause| Instant::now() + pause);
    }
}

/// Which locations are compacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Those from which something can be dropped.
    All,
    /// Those from which so much can be dropped that it is worth the cost.
    Worthwhile,
    /// Of those the ones that it takes no longer than deliveries can wait for.
    Small,
}

impl Store {
    /// Drops now what was deleted for longer than [`Options::keep_tombstones`], and
    /// returns how many associations, records and relations that was. It is done by
    /// itself, too, once it is worth the cost: between deliveries, and of a location of
    /// more than 60,000 things when the store is opened.
    ///
    /// No answer changes by it, but that a record that was deleted, which had no links,
    /// is not known any more.
    ///
    /// Costs about a second for a million things while deliveries wait.
    ///
    /// [`Options::keep_tombstones`]: crate::store::options::Options::keep_tombstones
    pub fn compact(&self) -> Result<u64, IngestError> {
        self.ask(|writer| {
            writer.check()?;
            let before = writer.gauge.pulse.compacted_rows();
            writer.compaction.begin();
            writer.compact_to_the_end(Which::All)?;
            Ok(writer.gauge.pulse.compacted_rows() - before)
        })?
    }

    /// Returns how many deleted associations, records and relations were dropped from
    /// memory and the checkpoint since the store was opened.
    pub fn compacted_rows(&self) -> u64 {
        self.gauge.pulse.compacted_rows()
    }
}

impl Writer {
    /// Rids every location of what was deleted for long, where that is worth it: at
    /// opening, when deliveries wait in any case.
    pub(crate) fn compact_all(&mut self) {
        // Logged; tried again later.
        self.compact_to_the_end(Which::Worthwhile).unwrap_or_default();
    }

    /// Does so with the next locations, if they are small.
    pub(crate) fn compact(&mut self) {
        // Logged; tried again later.
        self.compact_some(Which::Small).unwrap_or_default();
    }

    fn compact_to_the_end(&mut self, which: Which) -> Result<(), IngestError> {
        while self.compaction.due_in(Instant::now()).is_zero() {
            self.compact_some(which)?;
        }
        Ok(())
    }

    fn compact_some(&mut self, which: Which) -> Result<(), IngestError> {
        let compacted = match self.check() {
            Ok(()) => self.compact_next(which),
            Err(refusal) => {
                self.compaction.pause();
                return Err(refusal);
            }
        };
        compacted.map_err(|error| {
            self.compaction.pause();
            self.gauge.pulse.write_failed();
            let (reason, advice) = (error.to_string(), error.advice());
            tracing::error!(reason, advice, "deleted things cannot be dropped; it is tried again");
            IngestError::Unavailable { reason: error.without_path() }
        })
    }

    /// Compacts the next location that is worth it, if one of the next few is.
    fn compact_next(&mut self, which: Which) -> Result<(), JournalError> {
        let Some(keep) = self.compaction.keep else {
            self.compaction.pause();
            return Ok(());
        };
        let before = self.clock.settled().before(keep);
        let upto = self.journal.came_before(before)?.min(self.head);
        let locations = self.locations.from(self.compaction.from, STEP_LOCATIONS);
        if upto == 0 || locations.is_empty() {
            self.compaction.pause();
            return Ok(());
        }
        for location in locations {
            self.compaction.from = location.number + 1;
            if let Some((compacted, rows)) = without_deleted(&location, upto, which) {
                self.put(&location, compacted, upto)?;
                self.gauge.pulse.compacted(rows);
                break;
            }
        }
        Ok(())
    }

    /// Writes a compaction down and puts its outcome in place.
    fn put(
        &mut self,
        location: &Location,
        mut compacted: LocationGraph,
        upto: Seq,
    ) -> Result<(), JournalError> {
        let id = location.id().as_str();
        let compaction = Compaction { location: id.into(), at: self.head, upto };
        if let Err(error) = self.journal.record_compaction(&compaction) {
            if error.write_outcome() != WriteOutcome::NothingWritten {
                self.compaction.is_unsettled = true;
                self.settle_other(&error);
                if self.gauge.failure().is_none()
                    && let Err(error) = self.settle_compaction()
                {
                    self.fail(&error);
                }
            }
            return Err(error);
        }
        // What is half saved is told by numbers that do not stay.
        self.checkpointer.abandon(&self.locations);
        let old = {
            let mut graph = location.write();
            let mut old = std::mem::replace(&mut *graph, LocationGraph::new());
            compacted.take_over_changes(&mut old);
            *graph = compacted;
            old
        };
        // What may take long is freed when readers are not kept out any more.
        drop(old);
        self.checkpointer.compact(location.number, compaction.at);
        tracing::debug!(location = id, upto, "what was deleted for long is dropped");
        Ok(())
    }

    /// Does a compaction of which it was not known whether it was written down, if it
    /// was. To be called before anything else is accepted.
    pub(crate) fn settle_compaction(&mut self) -> Result<(), JournalError> {
        if self.compaction.is_unsettled {
            self.checkpointer.abandon(&self.locations);
            let compactions = Compactions::load(self.journal.as_mut(), self.head)?;
            compactions.from(self.head).do_upto(self.head, &self.locations, &mut self.checkpointer);
            self.compaction.is_unsettled = false;
        }
        Ok(())
    }
}

/// Returns the graph of a location without what was deleted, and how many rows fewer it
/// has, if it is among those to be compacted.
fn without_deleted(location: &Location, upto: Seq, which: Which) -> Option<(LocationGraph, u64)> {
    let graph = location.read();
    let all = graph.row_count();
    let is_worth_it = |rows: u64| match which {
        Which::All => rows > 0,
        Which::Worthwhile | Which::Small => rows >= ROWS_MIN.max(all / ROWS_SHARE),
    };
    if which == Which::Small && all > ROWS_AT_ONCE
        || !is_worth_it(graph.tombstones(&graph.counts()))
    {
        return None;
    }
    let deleted = graph.deleted_upto(upto);
    is_worth_it(deleted.rows()).then(|| (graph.without(&deleted), deleted.rows()))
}

/// The compactions that a replay comes by.
#[derive(Debug, Default)]
pub(crate) struct Compactions {
    /// In order.
    all: Vec<Compaction>,
}

impl Compactions {
    /// Reads those behind this event and later ones. The head of the journal up to which
    /// events are replayed must be known before: a compaction is written down before the
    /// next event is.
    pub(crate) fn load(journal: &mut dyn JournalReader, from: Seq) -> Result<Self, JournalError> {
        Ok(Self { all: journal.compactions(from)? })
    }

    /// As [`load`](Self::load), of one location.
    pub(crate) fn of(
        journal: &mut dyn JournalReader,
        location: &str,
        from: Seq,
    ) -> Result<Self, JournalError> {
        let mut all = journal.compactions(from)?;
        all.retain(|compaction| *compaction.location == *location);
        Ok(Self { all })
    }

    /// Returns those that a replay of the events after this one comes by. The one behind
    /// it may be done already: done again, it changes nothing.
    pub(crate) fn from(&self, seq: Seq) -> Due<'_> {
        let passed = self.all.partition_point(|compaction| compaction.at < seq);
        Due { left: self.all.get(passed..).unwrap_or_default() }
    }

    /// Returns the last event before which something was dropped of a location, or 0.
    pub(crate) fn last_of(&self, location: &str) -> Seq {
        let mut of_it = self.all.iter().filter(|it| *it.location == *location);
        of_it.next_back().map_or(0, |compaction| compaction.at)
    }
}

/// Compactions that are still to come.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Due<'c> {
    left: &'c [Compaction],
}

impl<'c> Due<'c> {
    /// Whether there is one.
    pub(crate) fn is_some(&self) -> bool {
        !self.left.is_empty()
    }

    /// Takes the next one, if it was done before this event.
    pub(crate) fn before(&mut self, seq: Seq) -> Option<&'c Compaction> {
        let (next, rest) = self.left.split_first()?;
        (next.at < seq).then(|| {
            self.left = rest;
            next
        })
    }

    /// Does those up to behind this event.
    pub(crate) fn do_upto(
        &mut self,
        seq: Seq,
        locations: &Locations,
        checkpointer: &mut Checkpointer,
    ) {
        while let Some(compaction) = self.before(seq.saturating_add(1)) {
            // Of one at the very event that the rows stand for it is not known whether it is
            // done: done again, it changes nothing, since no row is newer.
            let found = locations.find(&compaction.location);
            let found = found.filter(|it| !checkpointer.has_saved(it.number, compaction.at + 1));
            if let Some(location) = found {
                location.write().compact(compaction.upto);
                checkpointer.compact(location.number, compaction.at);
            }
        }
    }
}
