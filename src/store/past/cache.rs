//! The graph of a location as it stood once.

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

/// A moment in the life of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// When this event had just become visible.
    Seq(Seq),
    /// After the last event that had come in by then; what events say of their
    /// own time does not matter.
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

/// The graph of a location as it stood once.
#[derive(Debug)]
pub struct Past {
    /// The moment.
    pub seq: Seq,
    /// The graph: what replaying the journal up to there gives.
    pub graph: LocationGraph,
}

impl Past {
    /// Does the compactions from before this event. One behind it may be written down only
    /// later, when this graph was shown already.
    pub(crate) fn compact(&mut self, due: &mut Due<'_>, before: Seq) {
        while let Some(compaction) = due.before(before) {
            self.graph.compact(compaction.upto);
            self.seq = compaction.at + 1;
        }
    }
}

/// Why the past cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PastError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(JournalError),
    /// The events that led to it were pruned.
    #[error("{0}, so how the graph stood before now is not known")]
    Pruned(Pruned),
    /// There is no such event yet.
    #[error("event {seq} has not come yet; the last one is {head}")]
    Ahead {
        /// The event that was asked for.
        seq: Seq,
        /// The last event.
        head: Seq,
    },
    /// The replay was stopped. What it came to is kept, so that the same question
    /// asked again goes on from there.
    #[error("the replay was stopped at event {at} of {seq}; asked again, it goes on from there")]
    Stopped {
        /// The last event that was looked at.
        at: Seq,
        /// The event that was asked for.
        seq: Seq,
    },
}

/// How often one that waits for another replay looks at whether to stop.
const WAIT: Duration = Duration::from_millis(5);

/// The past that was asked for last, newest question first.
#[derive(Debug)]
pub(crate) struct PastCache {
    kept: Mutex<Vec<CachedGraph>>,
    /// Held while one is built: each takes as much memory as the location.
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
        Self { kept: Mutex::default(), building: Mutex::default(), limit: limit.max(1) }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<CachedGraph>> {
        self.kept.lock().ignore_poison()
    }

    /// Waits until no other one is built; nothing if it is to stop before.
    pub(crate) fn build(&self, stop: Stop<'_>) -> Option<MutexGuard<'_, ()>> {
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
        let mut kept = self.kept();
        let is_it =
            |it: &CachedGraph| *it.location == *location && (it.past.seq..=it.upto).contains(&seq);
        let at = kept.iter().position(is_it)?;
        let found = kept.remove(at);
        let past = Arc::clone(&found.past);
        kept.insert(0, found);
        Some(past)
    }

    /// The latest one before this moment, to go on from.
    pub(crate) fn before(&self, location: &str, seq: Seq) -> Option<Arc<Past>> {
        let kept = self.kept();
        let earlier = kept.iter().filter(|it| *it.location == *location && it.past.seq < seq);
        earlier.max_by_key(|it| it.past.seq).map(|it| Arc::clone(&it.past))
    }

    /// Forgets the graphs of a location.
    pub(crate) fn forget(&self, location: &str) {
        self.kept().retain(|it| *it.location != *location);
    }

    pub(crate) fn keep(&self, location: &str, upto: Seq, past: &Arc<Past>) {
        let mut kept = self.kept();
        kept.insert(0, CachedGraph { location: location.into(), upto, past: Arc::clone(past) });
        kept.truncate(self.limit);
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

/// Shows the events of a location behind `after` and up to `upto`, in order. Where it
/// is to stop before, returns the last event that it came to.
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
        scan.run(journal, &mut Vec::new(), &mut |at, entry, _| match history::read(at, &entry) {
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
