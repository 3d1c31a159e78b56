//! Requests for the shortest paths between two nodes.

use crate::graph::{PathQuery, Paths, QueryError};
use crate::store::query::request::Request;
use crate::store::query::target::Target;

/// A request for the shortest paths between two nodes.
///
/// ```
/// use relata::Store;
///
/// let store = Store::in_memory()?;
/// # for (relation, house) in [("67ae", "p1"), ("67af", "p2")] {
/// #     store.ingest(format!(r#"{{"id":"{relation}","associationId":"67ad","locationId":"eHy2",
/// #         "firstObjectKey":"contact","firstRecordId":"amara",
/// #         "secondObjectKey":"property","secondRecordId":"{house}"}}"#).as_bytes())?;
/// # }
/// let location = store.location("eHy2")?.unwrap();
/// let path = location.path("property/p1", "property/p2").find()?;
/// assert_eq!(path.hops, Some(2));
/// assert_eq!(path.paths[0][1].record.as_deref(), Some("amara"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type PathRequest<'l> = Request<'l, PathQuery>;

impl<'l> PathRequest<'l> {
    pub(super) fn new(target: Target<'l>, from: &str, to: &str) -> Self {
        let ends = from.parse().and_then(|from| Ok((from, to.parse()?)));
        let query = ends.map(|(from, to)| PathQuery::between(from, to)).map_err(QueryError::from);
        Self { target, query }
    }

    /// Sets the maximum number of links of a path, 6 by default.
    #[must_use]
    pub fn max_hops(self, links: u32) -> Self {
        self.with(|query| query.max_hops = links)
    }

    /// Finds every shortest path, up to this many, instead of one of them.
    #[must_use]
    pub fn all(self, limit: usize) -> Self {
        self.with(|query| (query.all, query.limit) = (true, limit))
    }

    /// Runs the query. Costs the links of the nodes nearer to one end than half the path.
    pub fn find(&self) -> Result<Paths<String>, QueryError> {
        let query = self.query()?;
        self.target.answer(query, |view, budget| Ok(view.path(query, budget)?.into_owned()))
    }
}
