//! What differs between two moments.

use std::sync::Arc;

use super::super::{AsOf, Location, Past, PastError, Store};
use crate::graph::{AssociationDiff, DiffQuery, Effort, LinkDiff, Snapshot, View};
use crate::model::Seq;

/// A location at two moments.
#[derive(Debug)]
pub struct Between {
    from: State,
    to: State,
}

#[derive(Debug)]
struct State {
    seq: Seq,
    graph: Graph,
}

#[derive(Debug)]
enum Graph {
    Then(Arc<Past>),
    Now(Box<Snapshot>),
}

impl State {
    fn view(&self) -> View<'_> {
        match &self.graph {
            Graph::Then(past) => past.graph.view(),
            Graph::Now(snapshot) => snapshot.view(),
        }
    }
}

impl Store {
    /// A location at two moments, the second of which may be now, to see what
    /// differs; nothing if no event has ever named it. See [`Store::past`] for what
    /// it costs.
    ///
    /// ```
    /// use relata::graph::{DiffQuery, Effort};
    /// use relata::{AsOf, Store};
    ///
    /// let store = Store::in_memory()?;
    /// for (kind, relation) in [("Create", "67ae"), ("Create", "67af"), ("Delete", "67ae")] {
    ///     let body = format!(r#"{{"type":"Relation{kind}","id":"{relation}",
    ///         "associationId":"67ad","locationId":"eHy2",
    ///         "firstObjectKey":"contact","firstRecordId":"amara",
    ///         "secondObjectKey":"property","secondRecordId":"p-{relation}"}}"#);
    ///     store.ingest(body.as_bytes())?;
    /// }
    /// let between = store.between("eHy2", AsOf::Seq(1), None)?.unwrap();
    /// let diff = between.links(&DiffQuery::default(), &mut Effort::unbounded());
    /// assert_eq!(diff.added[0].relation, Some("67af"));
    /// assert_eq!(diff.removed[0].relation, Some("67ae"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn between(
        &self,
        location: &str,
        from: AsOf,
        to: Option<AsOf>,
    ) -> Result<Option<Between>, PastError> {
        let Some(known) = self.location(location) else { return Ok(None) };
        let from = self.state(&known, Some(from))?;
        let to = self.state(&known, to)?;
        Ok(Some(Between { from, to }))
    }

    fn state(&self, location: &Location, as_of: Option<AsOf>) -> Result<State, PastError> {
        let past = as_of.map(|as_of| self.seq_as_of(as_of)).transpose()?.flatten();
        if let Some(seq) = past {
            let graph = Graph::Then(self.past(location.id().as_str(), seq)?);
            return Ok(State { seq, graph });
        }
        // Before the copy is taken: it may know more, not less.
        let seq = self.head();
        Ok(State { seq, graph: Graph::Now(Box::new(location.read().snapshot())) })
    }
}

impl Between {
    /// The events up to which the graph stood at the first moment and the second.
    pub fn seqs(&self) -> (Seq, Seq) {
        (self.from.seq, self.to.seq)
    }

    /// The relations that the second moment shows and the first did not, and the
    /// other way round; see [`View::link_diff`].
    pub fn links(&self, query: &DiffQuery, effort: &mut Effort<'_>) -> LinkDiff<'_> {
        self.to.view().link_diff(self.from.view(), query, effort)
    }

    /// The associations that were added, removed and defined anew; see
    /// [`View::association_diff`].
    pub fn associations(&self) -> AssociationDiff<'_> {
        self.to.view().association_diff(self.from.view())
    }
}
