//! Requests for walks from a node, step by step.

use crate::graph::{Budget, LinkFilter, QueryError, StepRow, View, WalkEndRow, WalkQuery};
use crate::store::query::request::Request;
use crate::store::query::target::Target;

/// A request for walks from a node.
///
/// ```
/// use relata::Store;
/// use relata::graph::LinkFilter;
///
/// let store = Store::in_memory()?;
/// # for (relation, house) in [("67ae", "p1"), ("67af", "p2")] {
/// #     store.ingest(format!(r#"{{"id":"{relation}","associationId":"67ad","locationId":"eHy2",
/// #         "firstObjectKey":"contact","firstRecordId":"amara",
/// #         "secondObjectKey":"property","secondRecordId":"{house}"}}"#).as_bytes())?;
/// # }
/// let location = store.location("eHy2")?.unwrap();
/// let liked_too = location
///     .walk("property/p1")
///     .step(LinkFilter::default().object("contact"))
///     .step(LinkFilter::default().object("property"))
///     .ends()?;
/// assert_eq!(liked_too.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type WalkRequest<'l> = Request<'l, WalkQuery>;

impl<'l> WalkRequest<'l> {
    pub(super) fn new(target: Target<'l>, from: &str) -> Self {
        Self { target, query: from.parse().map(WalkQuery::from).map_err(QueryError::from) }
    }

    /// Adds a node to begin at.
    #[must_use]
    pub fn and_from(mut self, node: &str) -> Self {
        match (node.parse(), &mut self.query) {
            (Ok(node), Ok(query)) => query.from.push(node),
            (Err(error), Ok(_)) => self.query = Err(QueryError::Reference(error)),
            (_, Err(_)) => {}
        }
        self
    }

    /// Adds a step along the links that this filter selects.
    #[must_use]
    pub fn step(self, along: LinkFilter) -> Self {
        self.with(|query| query.steps.push(along))
    }

    /// Sets the maximum number of ends, or of walks, to list.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        self.with(|query| query.limit = limit)
    }

    /// Returns where walks end, most walks first. Costs the links of the nodes on the way,
    /// however many walks there are.
    pub fn ends(&self) -> Result<Vec<WalkEndRow<String>>, QueryError> {
        self.run(|view, query, budget| Ok(view.walk(query, budget)?.into_owned().ends))
    }

    /// Returns the walks themselves.
    pub fn paths(&self) -> Result<Vec<Vec<StepRow<String>>>, QueryError> {
        self.run(|view, query, budget| Ok(view.walks(query, budget)?.into_owned().paths))
    }

    fn run<T>(
        &self,
        run: impl Fn(View<'_>, &WalkQuery, &mut Budget<'_>) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        let query = self.query()?;
        self.target.answer(query, |view, budget| run(view, query, budget))
    }
}
