//! Makes the past state of a location, by replaying its events up to a moment.

use std::ops::ControlFlow;

use crate::graph::LocationGraph;
use crate::journal::{JournalError, JournalReader};
use crate::model::{Event, Seq};
use crate::store::history;
use crate::store::index::scan::{Scan, Stop};
use crate::store::load_error::LoadError;
use crate::store::pruned::Pruned;
use crate::store::writer::compaction::Due;

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
    /// The location cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
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
