//! The validity of the things of a location over time.

use crate::graph::{LocationGraph, Timeline};
use crate::model::{Event, Seq};
use crate::store::index::scan::Stop;
use crate::store::past::as_of::AsOf;
use crate::store::past::replay::{PastError, replay};
use crate::store::store::Store;
use crate::store::writer::compaction::Compactions;

impl Store {
    /// Returns everything that ever was in a location up to a moment, or up to now, with the
    /// intervals in which it was valid; and the last event that counts.
    ///
    /// # Performance
    ///
    /// Reads the journal like [`Store::past`], about 5 seconds per million events, and
    /// caches nothing. Takes the memory that [`Timeline`] says, and that of the graph where
    /// something was dropped from it since; so one is built at a time.
    ///
    /// ```
    /// use relata::Store;
    /// use relata::export::write_timeline;
    /// use relata::graph::SubgraphQuery;
    ///
    /// let store = Store::in_memory()?;
    /// let owns = |event: &str, at: &str| {
    ///     format!(
    ///         r#"{{"type":"{event}","id":"r1","associationId":"owns","locationId":"office",
    ///             "firstObjectKey":"contact","firstRecordId":"ana","timestamp":"{at}",
    ///             "secondObjectKey":"house","secondRecordId":"7-mill-lane"}}"#
    ///     )
    /// };
    /// store.ingest(owns("RelationCreate", "2026-01-01T00:00:00Z").as_bytes())?;
    /// store.ingest(owns("RelationDelete", "2026-02-01T00:00:00Z").as_bytes())?;
    ///
    /// let (_, timeline) = store.timeline("office", None)?;
    /// let part = timeline.view().part(&SubgraphQuery::default())?;
    /// let link = part.links().next().ok_or("the link was there")?;
    /// let interval = timeline.of_link(&link)[0];
    /// assert_eq!(interval.until, Some("2026-02-01T00:00:00Z".parse()?));
    ///
    /// let mut gexf = Vec::new();
    /// write_timeline(&part, &timeline, &mut gexf)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeline(
        &self,
        location: &str,
        as_of: Option<AsOf>,
    ) -> Result<(Seq, Timeline), PastError> {
        self.timeline_until(location, as_of, &|| false)
    }

    /// Returns a timeline as [`Store::timeline`] does, until it is to stop.
    pub(crate) fn timeline_until(
        &self,
        location: &str,
        as_of: Option<AsOf>,
        stop: Stop<'_>,
    ) -> Result<(Seq, Timeline), PastError> {
        let seq = as_of.map_or_else(|| Ok(self.head()), |as_of| self.resolve_as_of(as_of))?;
        let _alone =
            self.past_graphs.lock_building(stop).ok_or(PastError::Stopped { at: 0, seq })?;
        let mut journal = self.whole_journal()?;
        let mut timeline = Timeline::default();
        let compactions = Compactions::load_location(journal.as_mut(), location, 0)?;
        let mut due = compactions.from(0);
        // Only the graph knows what was dropped.
        let mut graph = (!due.is_empty()).then(LocationGraph::new);
        let mut take = |at, event: &Event| {
            if let Some(graph) = &mut graph {
                while let Some(compaction) = due.take_before(at) {
                    timeline.forget(compaction.at, compaction.upto, graph);
                    graph.compact(compaction.upto);
                }
                graph.merge(at, event);
            }
            timeline.take(at, event);
        };
        if let Some(at) = replay(journal.as_mut(), location, 0, seq, stop, &mut take)? {
            return Err(PastError::Stopped { at, seq });
        }
        timeline.settle();
        Ok((seq, timeline))
    }
}
