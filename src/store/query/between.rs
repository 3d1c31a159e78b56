//! Requests for the links among some nodes.

use crate::graph::{Between, BetweenQuery, QueryError};
use crate::model::{Association, NodeRef};
use crate::store::query::request::Request;
use crate::store::query::target::Target;

/// A request for the links among some nodes.
///
/// ```
/// use relata::Store;
///
/// let store = Store::in_memory()?;
/// # for (relation, house) in [("67ae", "p1"), ("67af", "p2"), ("67b0", "p3")] {
/// #     store.ingest(format!(r#"{{"id":"{relation}","associationId":"67ad","locationId":"eHy2",
/// #         "firstObjectKey":"contact","firstRecordId":"amara",
/// #         "secondObjectKey":"property","secondRecordId":"{house}"}}"#).as_bytes())?;
/// # }
/// let location = store.location("eHy2")?.unwrap();
/// let shown = ["contact/amara", "property/p1", "property/p3", "property/p9"];
/// let between = location.between(shown).find()?;
/// assert_eq!((between.nodes.len(), between.links.len()), (3, 2));
/// assert_eq!(between.unknown, ["property/p9".parse()?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type BetweenRequest<'l> = Request<'l, BetweenQuery>;

impl<'l> BetweenRequest<'l> {
    pub(super) fn new(
        target: Target<'l>,
        nodes: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        let nodes = nodes.into_iter().map(|node| node.as_ref().parse());
        let nodes: Result<Vec<NodeRef>, _> = nodes.collect();
        Self { target, query: nodes.map(BetweenQuery::of).map_err(QueryError::from) }
    }

    /// Runs the query. See [`View::between`](crate::graph::View::between) for its cost.
    pub fn find(&self) -> Result<Between<String, Association>, QueryError> {
        let query = self.query()?;
        Ok(self.target.answer(query, |view, budget| view.between(query, budget).into_owned()))
    }
}
