//! Locations and their graphs as of an earlier moment.

use std::sync::Arc;

use crate::graph::{LocationGraph, NamesNodes, Snapshot};
use crate::journal::JournalReader;
use crate::model::{Seq, Timestamp};
use crate::store::index::scan::Stop;
use crate::store::location::Location;
use crate::store::past::as_of::AsOf;
use crate::store::past::replay::{Past, PastError, replay};
use crate::store::pruned::Pruned;
use crate::store::query::location_view::LocationView;
use crate::store::store::Store;
use crate::store::writer::compaction::Compactions;

impl Store {
    /// Returns a location as of a moment, or `None` if no event has ever named it. See
    /// [`Store::past`] for its cost.
    ///
    /// ```
    /// use relata::{AsOf, Store};
    ///
    /// let store = Store::in_memory()?;
    /// for relation in ["67ae", "67af"] {
    ///     let body = format!(r#"{{"id":"{relation}","associationId":"67ad","locationId":"eHy2",
    ///         "firstObjectKey":"contact","firstRecordId":"amara",
    ///         "secondObjectKey":"property","secondRecordId":"p-{relation}"}}"#);
    ///     store.ingest(body.as_bytes())?;
    /// }
    /// let then = store.as_of("eHy2", AsOf::Seq(1))?.unwrap();
    /// assert_eq!(then.links("contact/amara").page()?.links.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn as_of(&self, location: &str, as_of: AsOf) -> Result<Option<LocationView>, PastError> {
        let Some(known) = self.location(location)? else { return Ok(None) };
        Ok(Some(match self.seq_as_of(as_of)? {
            Some(seq) => LocationView::Then(self.past(location, seq)?),
            None => LocationView::Now(known),
        }))
    }

    /// Returns the last event of the graph as of a moment, or `None` if that is its present
    /// state.
    ///
    /// Costs a few reads of the journal for a time.
    pub fn seq_as_of(&self, as_of: AsOf) -> Result<Option<Seq>, PastError> {
        let head = self.head();
        Ok(Some(self.resolve_as_of(as_of)?).filter(|seq| *seq < head))
    }

    /// Returns the last event received by then, of those that are visible.
    pub(crate) fn resolve_as_of(&self, as_of: AsOf) -> Result<Seq, PastError> {
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

    /// Returns the graph of a location as it stood when this event had become visible.
    ///
    /// # Performance
    ///
    /// Reads the location's events up to there and a few around each, 0.6 seconds per
    /// million, and replays them, about 1.5 seconds per million. The last few graphs are
    /// cached ([`Options::past_graphs`]), each in as much memory as the graph took then; a
    /// later moment is replayed from an earlier one that is cached.
    ///
    /// [`Options::past_graphs`]: crate::store::options::Options::past_graphs
    pub fn past(&self, location: &str, seq: Seq) -> Result<Arc<Past>, PastError> {
        self.past_until(location, seq, &|| false)
    }

    /// Returns the graph as [`Store::past`] does, until it is to stop.
    fn past_until(&self, location: &str, seq: Seq, stop: Stop<'_>) -> Result<Arc<Past>, PastError> {
        if let Some(found) = self.past_graphs.find(location, seq) {
            return Ok(found);
        }
        let alone =
            self.past_graphs.lock_building(stop).ok_or(PastError::Stopped { at: 0, seq })?;
        if let Some(found) = self.past_graphs.find(location, seq) {
            return Ok(found);
        }
        let erasures = self.past_graphs.erasures();
        let mut journal = self.whole_journal()?;
        let mut past = match self.past_graphs.find_before(location, seq) {
            Some(earlier) => Past { seq: earlier.seq, graph: earlier.graph.clone() },
            None => Past { seq: 0, graph: LocationGraph::new() },
        };
        let from = past.seq;
        let compactions = Compactions::load_location(journal.as_mut(), location, from)?;
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
            self.past_graphs.insert(location, upto, &past, erasures);
        }
        drop(alone);
        stopped.map_or(Ok(past), |at| Err(PastError::Stopped { at, seq }))
    }

    /// Opens a reader of the journal, if nothing was pruned from it.
    pub(crate) fn whole_journal(&self) -> Result<Box<dyn JournalReader>, PastError> {
        let mut journal = self.reader()?;
        match journal.pruned()? {
            0 => Ok(journal),
            upto => Err(PastError::Pruned(Pruned { upto, asked: 0 })),
        }
    }

    /// Returns a consistent copy of a location as of now or of a moment, for a query whose
    /// nodes are looked up first (`&()` names none), and the last event that it includes:
    /// exactly, so that two copies of a location up to the same event are equal.
    ///
    /// The location is locked while its graph is copied.
    pub fn snapshot(
        &self,
        location: &Location,
        as_of: Option<AsOf>,
        query: &(impl NamesNodes + ?Sized),
    ) -> Result<(Seq, Snapshot), PastError> {
        self.snapshot_until(location, as_of, query, &|| false)
    }

    /// Returns a copy as [`Store::snapshot`] does, until it is to stop.
    pub(crate) fn snapshot_until(
        &self,
        location: &Location,
        as_of: Option<AsOf>,
        query: &(impl NamesNodes + ?Sized),
        stop: Stop<'_>,
    ) -> Result<(Seq, Snapshot), PastError> {
        // Before a copy is taken: the copy may include more, not less, and says so.
        let head = self.head();
        let now = || location.read().snapshot_for(query);
        let Some(as_of) = as_of else {
            let copy = now();
            return Ok((head.max(copy.view().seq()), copy));
        };
        let seq = self.resolve_as_of(as_of)?;
        if seq >= head {
            let copy = now();
            if copy.view().seq() <= seq {
                return Ok((seq, copy));
            }
        }
        let past = self.past_until(location.id().as_str(), seq, stop)?;
        Ok((seq, past.graph.snapshot_for(query)))
    }
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
        assert!(matches!(stopped, PastError::Stopped { at: 31, seq: 900 }), "{stopped}");
        assert_eq!(store.past_graphs.find_before("L", 900).unwrap().seq, 31);
        let past = store.past("L", 900).unwrap();
        assert_eq!((past.seq, past.graph.view().counts().relations), (900, 900));
        let never = store.resolve_as_of(AsOf::Seq(1_001)).unwrap_err();
        assert!(matches!(never, PastError::Ahead { head: 1_000, .. }));
    }
}
