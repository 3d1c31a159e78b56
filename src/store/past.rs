//! The graph of a location as it stood once.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::history;
use super::mentions;
use super::{Location, Store};
use crate::graph::{LocationGraph, Snapshot};
use crate::journal::{JournalError, JournalReader};
use crate::model::{Event, NodeRef, Seq, Timestamp};

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
}

/// The past that was asked for last, newest question first.
#[derive(Debug)]
pub(super) struct Pasts {
    kept: Mutex<Vec<Kept>>,
    /// Held while one is built: each takes as much memory as the location.
    pub(super) building: Mutex<()>,
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
    pub(super) fn new(limit: usize) -> Self {
        Self { kept: Mutex::default(), building: Mutex::default(), limit: limit.max(1) }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
    pub fn seq_as_of(&self, as_of: AsOf) -> Result<Option<Seq>, JournalError> {
        let head = self.head();
        let seq = match as_of {
            AsOf::Seq(seq) => seq,
            AsOf::Time(at) => {
                let next = Timestamp::from_millis(at.as_millis().saturating_add(1));
                self.reader()?.first_since(next)?.saturating_sub(1)
            }
        };
        Ok((seq < head).then_some(seq))
    }

    /// The graph of a location as it stood when this event had become visible.
    ///
    /// Reads the journal up to there, 0.6 seconds a million events, but for runs in
    /// which the location does not occur, and replays the location's events, about
    /// 1.5 seconds a million. The last few answers are kept ([`Options::past_graphs`]), each in as much
    /// memory as the graph took then; a later moment goes on from an earlier one
    /// that is kept.
    ///
    /// [`Options::past_graphs`]: super::Options::past_graphs
    pub fn past(&self, location: &str, seq: Seq) -> Result<Arc<Past>, PastError> {
        if let Some(found) = self.pasts.find(location, seq) {
            return Ok(found);
        }
        let _one_at_a_time = self.pasts.building.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = self.pasts.find(location, seq) {
            return Ok(found);
        }
        let mut journal = self.whole_journal()?;
        let mut past = match self.pasts.before(location, seq) {
            Some(earlier) => Past { seq: earlier.seq, graph: earlier.graph.clone() },
            None => Past { seq: 0, graph: LocationGraph::new() },
        };
        replay(journal.as_mut(), location, past.seq, seq, &mut |at, event| {
            past.graph.merge(at, event);
            past.seq = at;
        })?;
        past.graph.forget_changes();
        let past = Arc::new(past);
        self.pasts.keep(location, seq, &past);
        Ok(past)
    }

    /// A reader of a journal from which nothing was pruned.
    pub(super) fn whole_journal(&self) -> Result<Box<dyn JournalReader>, PastError> {
        let mut journal = self.reader()?;
        match journal.pruned()? {
            0 => Ok(journal),
            pruned => Err(PastError::Pruned { pruned }),
        }
    }

    /// A consistent copy of a location as it stands, or as it stood, for questions
    /// that name these nodes, and the event that it is at least up to.
    pub fn snapshot(
        &self,
        location: &Location,
        as_of: Option<AsOf>,
        named: &[NodeRef],
    ) -> Result<(Seq, Snapshot), PastError> {
        let past = as_of.map(|as_of| self.seq_as_of(as_of)).transpose()?.flatten();
        if let Some(seq) = past {
            return Ok((seq, self.past(location.id().as_str(), seq)?.graph.snapshot_of(named)));
        }
        // Before the copy is taken: it may know more, not less.
        let seq = self.head();
        Ok((seq, location.read().snapshot_of(named)))
    }
}

/// Shows the events of a location behind `after` and up to `upto`, in order.
pub(super) fn replay(
    journal: &mut dyn JournalReader,
    location: &str,
    after: Seq,
    upto: Seq,
    each: &mut dyn FnMut(Seq, &Event),
) -> Result<(), JournalError> {
    let mut failed = None;
    let mut wanted = vec![mentions::of_location(location)];
    mentions::read(journal, after, &mut wanted, &mut |at, entry, _| {
        if at > upto {
            return ControlFlow::Break(());
        }
        if entry.location != location {
            return ControlFlow::Continue(());
        }
        match history::read(at, &entry) {
            Ok(Some(event)) => {
                each(at, &event);
                ControlFlow::Continue(())
            }
            Ok(None) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(()), Err)
}
