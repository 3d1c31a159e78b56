//! When the things of a location were there.

use crate::graph::{LocationGraph, Timeline};
use crate::model::{Event, Seq};
use crate::store::index::scan::Stop;
use crate::store::past::cache::{AsOf, PastError, replay};
use crate::store::store::Store;
use crate::store::writer::compaction::Compactions;

impl Store {
    /// All that ever was in a location up to a moment, or up to now, and when it
    /// was; and the last event that counts.
    ///
    /// Reads the journal like [`Store::past`], keeps nothing, and holds as much as
    /// [`Timeline`] says, and the graph besides where something was dropped of it since; so
    /// one is built at a time. About 5 seconds a million events.
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
    /// let (_, lives) = store.lives("office", None)?;
    /// let part = lives.view().part(&SubgraphQuery::default())?;
    /// let link = part.links().next().ok_or("the link was there")?;
    /// let life = lives.of_link(&link)[0];
    /// assert_eq!(life.until, Some("2026-02-01T00:00:00Z".parse()?));
    ///
    /// let mut gexf = Vec::new();
    /// write_timeline(&part, &lives, &mut gexf)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lives(&self, location: &str, as_of: Option<AsOf>) -> Result<(Seq, Timeline), PastError> {
        self.lives_until(location, as_of, &|| false)
    }

    /// As [`Store::lives`], until it is to stop.
    pub(crate) fn lives_until(
        &self,
        location: &str,
        as_of: Option<AsOf>,
        stop: Stop<'_>,
    ) -> Result<(Seq, Timeline), PastError> {
        let seq = as_of.map_or_else(|| Ok(self.head()), |as_of| self.moment(as_of))?;
        let _alone = self.pasts.build(stop).ok_or(PastError::Stopped { at: 0, seq })?;
        let mut journal = self.whole_journal()?;
        let mut lives = Timeline::default();
        let compactions = Compactions::of(journal.as_mut(), location, 0)?;
        let mut due = compactions.from(0);
        // What was dropped is known to the graph alone.
        let mut graph = due.is_some().then(LocationGraph::new);
        let mut take = |at, event: &Event| {
            if let Some(graph) = &mut graph {
                while let Some(compaction) = due.before(at) {
                    lives.forget(compaction.at, compaction.upto, graph);
                    graph.compact(compaction.upto);
                }
                graph.merge(at, event);
            }
            lives.take(at, event);
        };
        if let Some(at) = replay(journal.as_mut(), location, 0, seq, stop, &mut take)? {
            return Err(PastError::Stopped { at, seq });
        }
        lives.settle();
        Ok((seq, lives))
    }
}
