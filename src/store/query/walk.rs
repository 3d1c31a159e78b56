//! Where one gets from a node, step by step.

use crate::graph::{AskError, Budget, LinkFilter, StepRow, View, WalkEnd, WalkEndRow, WalkQuery};
use crate::model::{NodeRef, ParseNodeRefError};
use crate::store::query::error::QuestionError;
use crate::store::query::path::owned;
use crate::store::query::target::Target;

/// Walks from a node.
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
/// let location = store.location("eHy2").unwrap();
/// let liked_too = location
///     .walk("property/p1")
///     .step(LinkFilter::default().object("contact"))
///     .step(LinkFilter::default().object("property"))
///     .ends()?;
/// assert_eq!(liked_too.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct WalkRequest<'l> {
    of: Target<'l>,
    query: Result<WalkQuery, ParseNodeRefError>,
}

impl<'l> WalkRequest<'l> {
    pub(super) fn new(of: Target<'l>, from: &str) -> Self {
        Self { of, query: from.parse().map(WalkQuery::from) }
    }

    fn with(mut self, change: impl FnOnce(&mut WalkQuery)) -> Self {
        if let Ok(query) = &mut self.query {
            change(query);
        }
        self
    }

    /// Begins at this node, too.
    #[must_use]
    pub fn and_from(mut self, node: &str) -> Self {
        match (node.parse(), &mut self.query) {
            (Ok(node), Ok(query)) => query.from.push(node),
            (Err(error), Ok(_)) => self.query = Err(error),
            (_, Err(_)) => {}
        }
        self
    }

    /// Goes one step on along such links.
    #[must_use]
    pub fn step(self, along: LinkFilter) -> Self {
        self.with(|query| query.steps.push(along))
    }

    /// The greatest number of ends, or of walks, to list.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        self.with(|query| query.limit = limit)
    }

    /// Where walks end, most walks first. Costs the links of the nodes on the way,
    /// however many walks there are.
    pub fn ends(&self) -> Result<Vec<WalkEndRow<String>>, QuestionError> {
        self.ask(|view, query, budget| {
            let page = view.walk(query, budget)?;
            Ok(page.ends.into_iter().map(WalkEnd::into_owned).collect())
        })
    }

    /// The walks themselves.
    pub fn paths(&self) -> Result<Vec<Vec<StepRow<String>>>, QuestionError> {
        self.ask(|view, query, budget| Ok(owned(view.walks(query, budget)?.paths)))
    }

    fn ask<T>(
        &self,
        ask: impl Fn(View<'_>, &WalkQuery, &mut Budget<'_>) -> Result<T, AskError>,
    ) -> Result<T, QuestionError> {
        let query = self.query.as_ref().map_err(Clone::clone)?;
        let named: Vec<&NodeRef> = query.from.iter().collect();
        Ok(self.of.answer(&named, |view, budget| ask(view, query, budget))?)
    }
}
