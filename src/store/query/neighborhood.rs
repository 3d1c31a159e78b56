//! Requests for the neighborhood of a node.

use crate::graph::{Budget, Neighborhood, NeighborhoodQuery, QueryError, View};
use crate::model::Association;
use crate::store::query::request::Request;
use crate::store::query::target::Target;

/// A request for the part of the graph around a node.
///
/// ```
/// use relata::Store;
///
/// let store = Store::in_memory()?;
/// # store.ingest(br#"{"id":"67ae","associationId":"67ad","locationId":"eHy2",
/// #     "firstObjectKey":"contact","firstRecordId":"amara",
/// #     "secondObjectKey":"property","secondRecordId":"p1"}"#)?;
/// let location = store.location("eHy2")?.unwrap();
/// let around = location.neighborhood("contact/amara").depth(2).find()?;
/// assert_eq!((around.nodes.len(), around.links.len()), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type NeighborhoodRequest<'l> = Request<'l, NeighborhoodQuery>;

impl<'l> NeighborhoodRequest<'l> {
    pub(super) fn new(target: Target<'l>, node: &str) -> Self {
        let query = node.parse().map(NeighborhoodQuery::of).map_err(QueryError::from);
        Self { target, query }
    }

    /// Sets the number of hops, 1 by default.
    #[must_use]
    pub fn depth(self, hops: u32) -> Self {
        self.with(|query| query.depth = hops)
    }

    /// Sets the maximum number of nodes.
    #[must_use]
    pub fn limit(self, nodes: usize) -> Self {
        self.with(|query| query.limit = nodes)
    }

    /// Runs the query. Costs the links of the nodes returned.
    pub fn find(&self) -> Result<Neighborhood<String, Association>, QueryError> {
        let query = self.query()?;
        let run = |view: View<'_>, budget: &mut Budget<'_>| {
            Ok(view.neighborhood(query, budget)?.into_owned())
        };
        self.target.answer(query, run)
    }

    /// Returns how many nodes are within the depth, the one in the middle not counted.
    pub fn count(&self) -> Result<u64, QueryError> {
        let query = self.query()?;
        self.target.answer(query, |view, budget| Ok(view.reach(query, budget)?.0))
    }
}
