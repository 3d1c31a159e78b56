//! The graph of a location as it stood once.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use crate::graph::{LocationGraph, Snapshot};
use crate::journal::{JournalError, JournalReader};
use crate::model::{Event, NodeRef, Seq, Timestamp};
use crate::store::history;
use crate::store::index::scan::{Scan, Stop};
use crate::store::locations::Location;
use crate::store::store::Store;
use crate::store::writer::compaction::{Compactions, Due};

/// A moment in the life of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// When this event had just become visible.
    Seq(Seq),
    /// After the last event that had come in by then; what events say of their
    /// own time does not matter.
    Time(Timestamp),
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
    fn compact(&mut self, due: &mut Due<'_>, before: Seq) {
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
    #[error("events up to {pruned} are pruned, so how the graph stood before now is not known")]
    Pruned {
        /// The last event that was pruned.
        pruned: Seq,
    },
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
pub(crate) struct Pasts {
    kept: Mutex<Vec<Kept>>,
    /// Held while one is built: each takes as much memory as the location.
    building: Mutex<()>,
    limit: usize,
}

#[derive(Debug, Clone)]
struct Kept {
    location: Box<str>,
    /// The graph is the same from its own seq up to this one, at least.
    upto: Seq,
    past: Arc<Past>,
}

impl Pasts {
    pub(crate) fn new(limit: usize) -> Self {
        Self { kept: Mutex::default(), building: Mutex::default(), limit: limit.max(1) }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other one is built; nothing if it is to stop before.
    pub(crate) fn build(&self, stop: Stop<'_>) -> Option<MutexGuard<'_, ()>> {
        loop {
            match self.building.try_lock() {
                Ok(alone) => return Some(alone),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if stop() => return None,
                Err(TryLockError::WouldBlock) => std::thread::sleep(WAIT),
            }
        }
    }

    fn find(&self, location: &str, seq: Seq) -> Option<Arc<Past>> {
        let mut kept = self.kept();
        let is_it = |it: &Kept| *it.location == *location && (it.past.seq..=it.upto).contains(&seq);
        let at = kept.iter().position(is_it)?;
        let found = kept.remove(at);
        let past = Arc::clone(&found.past);
        kept.insert(0, found);
        Some(past)
    }

    /// The latest one before this moment, to go on from.
    fn before(&self, location: &str, seq: Seq) -> Option<Arc<Past>> {
        let kept = self.kept();
        let earlier = kept.iter().filter(|it| *it.location == *location && it.past.seq < seq);
        earlier.max_by_key(|it| it.past.seq).map(|it| Arc::clone(&it.past))
    }

    /// Forgets the graphs of a location.
    pub(crate) fn forget(&self, location: &str) {
        self.kept().retain(|it| *it.location != *location);
    }

    fn keep(&self, location: &str, upto: Seq, past: &Arc<Past>) {
        let mut kept = self.kept();
        kept.insert(0, Kept { location: location.into(), upto, past: Arc::clone(past) });
        kept.truncate(self.limit);
    }
}

impl From<JournalError> for PastError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::PrunedWhileReading { pruned, .. } => Self::Pruned { pruned },
            error => Self::Journal(error),
        }
    }
}

impl Store {
    /// The event up to which the graph stood at a moment; nothing if that is how
    /// it stands now.
    ///
    /// Costs a few reads of the journal for a time.
    pub fn seq_as_of(&self, as_of: AsOf) -> Result<Option<Seq>, PastError> {
        let head = self.head();
        Ok(Some(self.moment(as_of)?).filter(|seq| *seq < head))
    }

    /// The last event that had come by then, of those that are visible.
    pub(crate) fn moment(&self, as_of: AsOf) -> Result<Seq, PastError> {
        let head = self.head();
        match as_of {
            AsOf::Seq(seq) if seq > head => Err(PastError::Ahead { seq, head }),
            AsOf::Seq(seq) => Ok(seq),
            AsOf::Time(at) => {
                let next = Timestamp::from_millis(at.as_millis().saturating_add(1));
                Ok(self.reader()?.first_since(next)?.saturating_sub(1).min(head))
            }
        }
    }

    /// The graph of a location as it stood when this event had become visible.
    ///
    /// Reads the location's events up to there and a few around each, 0.6 seconds a
    /// million, and replays them, about 1.5 seconds a million. The last few answers are kept ([`Options::past_graphs`]), each in as much
    /// memory as the graph took then; a later moment goes on from an earlier one
    /// that is kept.
    ///
    /// [`Options::past_graphs`]: crate::store::options::Options::past_graphs
    pub fn past(&self, location: &str, seq: Seq) -> Result<Arc<Past>, PastError> {
        self.past_until(location, seq, &|| false)
    }

    /// As [`Store::past`], until it is to stop.
    fn past_until(&self, location: &str, seq: Seq, stop: Stop<'_>) -> Result<Arc<Past>, PastError> {
        if let Some(found) = self.pasts.find(location, seq) {
            return Ok(found);
        }
        let alone = self.pasts.build(stop).ok_or(PastError::Stopped { at: 0, seq })?;
        if let Some(found) = self.pasts.find(location, seq) {
            return Ok(found);
        }
        let mut journal = self.whole_journal()?;
        let mut past = match self.pasts.before(location, seq) {
            Some(earlier) => Past { seq: earlier.seq, graph: earlier.graph.clone() },
            None => Past { seq: 0, graph: LocationGraph::new() },
        };
        let from = past.seq;
        let compactions = Compactions::of(journal.as_mut(), location, from)?;
        let mut due = compactions.from(from);
        let stopped = replay(journal.as_mut(), location, from, seq, stop, &mut |at, event| {
            past.compact(&mut due, at);
            past.graph.merge(at, event);
            past.seq = at;
        })?;
        past.compact(&mut due, stopped.unwrap_or(seq));
        past.graph.forget_changes();
        let past = Arc::new(past);
        let upto = stopped.unwrap_or(seq);
        if upto > from || stopped.is_none() {
            self.pasts.keep(location, upto, &past);
        }
        drop(alone);
        stopped.map_or(Ok(past), |at| Err(PastError::Stopped { at, seq }))
    }

    /// A reader of a journal from which nothing was pruned.
    pub(crate) fn whole_journal(&self) -> Result<Box<dyn JournalReader>, PastError> {
        let mut journal = self.reader()?;
        match journal.pruned()? {
            0 => Ok(journal),
            pruned => Err(PastError::Pruned { pruned }),
        }
    }

    /// A consistent copy of a location as it stands, or as it stood, for questions
    /// that name these nodes, and the event that it is up to: exactly, so that two
    /// copies of a location up to the same event are the same.
    pub fn snapshot(
        &self,
        location: &Location,
        as_of: Option<AsOf>,
        named: &[NodeRef],
    ) -> Result<(Seq, Snapshot), PastError> {
        self.snapshot_until(location, as_of, named, &|| false)
    }

    /// As [`Store::snapshot`], until it is to stop.
    pub(crate) fn snapshot_until(
        &self,
        location: &Location,
        as_of: Option<AsOf>,
        named: &[NodeRef],
        stop: Stop<'_>,
    ) -> Result<(Seq, Snapshot), PastError> {
        // Before a copy is taken: it may know more, not less, and says so.
        let head = self.head();
        let now = || location.read().snapshot_of(named);
        let Some(as_of) = as_of else {
            let copy = now();
            return Ok((head.max(copy.view().seq()), copy));
        };
        let seq = self.moment(as_of)?;
        if seq >= head {
            let copy = now();
            if copy.view().seq() <= seq {
                return Ok((seq, copy));
            }
        }
        let past = self.past_until(location.id().as_str(), seq, stop)?;
        Ok((seq, past.graph.snapshot_of(named)))
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Two clients that asked for a moment and hung up kept all others waiting for
    /// their replays, which nobody could end.
    #[test]
    fn a_replay_that_is_stopped_goes_on_where_it_ended() {
        let store = Store::in_memory().unwrap();
        for number in 0..1_000 {
            let body = format!(
                r#"{{"id":"r{number}","associationId":"A","locationId":"L",
                "firstObjectKey":"contact","firstRecordId":"c{number}",
                "secondObjectKey":"house","secondRecordId":"h"}}"#
            );
            store.ingest(body.as_bytes()).unwrap();
        }
        let looks = Cell::new(0);
        let stop = || {
            looks.set(looks.get() + 1);
            looks.get() == 2
        };
        let stopped = store.past_until("L", 900, &stop).unwrap_err();
        assert!(matches!(stopped, PastError::Stopped { at: 511, seq: 900 }), "{stopped}");
        assert_eq!(store.pasts.before("L", 900).unwrap().seq, 511);
        let past = store.past("L", 900).unwrap();
        assert_eq!((past.seq, past.graph.counts().relations), (900, 900));
        let never = store.moment(AsOf::Seq(1_001)).unwrap_err();
        assert!(matches!(never, PastError::Ahead { head: 1_000, .. }));
    }
}
