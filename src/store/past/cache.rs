//! Past graphs of locations, and the cache of them.

use std::ops::ControlFlow;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::graph::LocationGraph;
use crate::journal::{JournalError, JournalReader};
use crate::model::{Event, Seq, Timestamp};
use crate::store::history;
use crate::store::index::scan::{Scan, Stop};
use crate::store::pruned::Pruned;
use crate::store::writer::compaction::Due;
use crate::sync::IgnorePoison;

/// A moment in the history of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// When this event had just become visible.
    Seq(Seq),
    /// After the last event that had been received by then, whatever the events say about
    /// their own time.
    Time(Timestamp),
}

/// A text is not an [`AsOf`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseAsOfError {
    /// A number that no event has.
    #[error("is too large a number")]
    TooLarge,
    /// Something else.
    #[error("is neither a seq nor an RFC 3339 time")]
    Neither,
}

impl FromStr for AsOf {
    type Err = ParseAsOfError;

    /// Parses a seq, or a time as RFC 3339 text.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            return text.parse().map(Self::Seq).map_err(|_| ParseAsOfError::TooLarge);
        }
        text.parse().map(Self::Time).map_err(|_| ParseAsOfError::Neither)
    }
}

/// The graph of a location as of a moment.
#[derive(Debug)]
pub struct Past {
    /// The moment.
    pub seq: Seq,
    /// The graph that replaying the journal up to there gives.
    pub graph: LocationGraph,
}

impl Past {
    /// Does the compactions from before this event. One after it may be recorded only later,
    /// when this graph was shown already.
    pub(crate) fn compact(&mut self, due: &mut Due<'_>, before: Seq) {
        while let Some(compaction) = due.take_before(before) {
            self.graph.compact(compaction.upto);
            self.seq = compaction.at + 1;
        }
    }
}

/// Why a past graph could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PastError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(JournalError),
    /// The events that led to it were pruned.
    #[error("{0}, so how the graph stood before now is not known")]
    Pruned(Pruned),
    /// The event does not exist yet.
    #[error("event {seq} has not come yet; the last one is {head}")]
    Ahead {
        /// The requested event.
        seq: Seq,
        /// The last event.
        head: Seq,
    },
    /// The replay was stopped. Its state is cached, so that repeating the query continues
    /// from there.
    #[error("the replay was stopped at event {at} of {seq}; the next request continues from there")]
    Stopped {
        /// The last event that was read.
        at: Seq,
        /// The requested event.
        seq: Seq,
    },
}

/// How often a query that waits for another replay checks whether to stop.
const WAIT: Duration = Duration::from_millis(5);

/// The past graphs that were used last, latest first.
#[derive(Debug)]
pub(crate) struct PastCache {
    graphs: Mutex<Vec<CachedGraph>>,
    /// Held while a graph is built: each takes as much memory as the location.
    building: Mutex<()>,
    limit: usize,
}

#[derive(Debug, Clone)]
struct CachedGraph {
    location: Box<str>,
    /// The graph is the same from its own seq up to this one, at least.
    upto: Seq,
    past: Arc<Past>,
}

impl PastCache {
    pub(crate) fn new(limit: usize) -> Self {
        Self { graphs: Mutex::default(), building: Mutex::default(), limit: limit.max(1) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<CachedGraph>> {
        self.graphs.lock().ignore_poison()
    }

    /// Waits until no other graph is built, or returns `None` if it is to stop before.
    pub(crate) fn lock_building(&self, stop: Stop<'_>) -> Option<MutexGuard<'_, ()>> {
        loop {
            if let Some(alone) = self.building.try_lock().ignore_poison() {
                return Some(alone);
            }
            if stop() {
                return None;
            }
            std::thread::sleep(WAIT);
        }
    }

    pub(crate) fn find(&self, location: &str, seq: Seq) -> Option<Arc<Past>> {
        let mut graphs = self.lock();
        let is_it =
            |it: &CachedGraph| *it.location == *location && (it.past.seq..=it.upto).contains(&seq);
        let at = graphs.iter().position(is_it)?;
        let found = graphs.remove(at);
        let past = Arc::clone(&found.past);
        graphs.insert(0, found);
        Some(past)
    }

    /// Returns the latest graph before this moment, to replay from.
    pub(crate) fn find_before(&self, location: &str, seq: Seq) -> Option<Arc<Past>> {
        let graphs = self.lock();
        let earlier = graphs.iter().filter(|it| *it.location == *location && it.past.seq < seq);
        earlier.max_by_key(|it| it.past.seq).map(|it| Arc::clone(&it.past))
    }

    /// Forgets the graphs of a location.
    pub(crate) fn forget(&self, location: &str) {
        self.lock().retain(|it| *it.location != *location);
    }

    /// Adds a graph that is the same up to `upto`.
    pub(crate) fn insert(&self, location: &str, upto: Seq, past: &Arc<Past>) {
        let mut graphs = self.lock();
        graphs.insert(0, CachedGraph { location: location.into(), upto, past: Arc::clone(past) });
        graphs.truncate(self.limit);
    }
}

impl From<JournalError> for PastError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::PrunedWhileReading { pruned, .. } => {
                Self::Pruned(Pruned { upto: pruned, asked: 0 })
            }
            error => Self::Journal(error),
        }
    }
}

/// Shows the events of a location after `after` and up to `upto`, in order. If it is to stop
/// before, returns the last event that it read.
pub(crate) fn replay(
    journal: &mut dyn JournalReader,
    location: &str,
    after: Seq,
    upto: Seq,
    stop: Stop<'_>,
    each: &mut dyn FnMut(Seq, &Event),
) -> Result<Option<Seq>, JournalError> {
    let mut failed = None;
    let scan = Scan { location, after, upto, entries_max: u64::MAX, stop };
    let stopped =
        scan.run(journal, &mut Vec::new(), &mut |at, entry, _| match history::decode_entry(
            at, &entry,
        ) {
            Ok(Some(event)) => {
                each(at, &event);
                ControlFlow::Continue(())
            }
            Ok(None) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        })?;
    failed.map_or(Ok(stopped), Err)
}
