//! What surrounds a node.

use crate::graph::{
    AskError, Edge, EdgeRow, NeighborhoodNode, NeighborhoodNodeRow, NeighborhoodQuery,
};
use crate::model::{Association, ParseNodeRefError};
use crate::store::query::error::QuestionError;
use crate::store::query::target::Target;

/// The part of the graph around a node.
///
/// ```
/// use relata::Store;
///
/// let store = Store::in_memory()?;
/// # store.ingest(br#"{"id":"67ae","associationId":"67ad","locationId":"eHy2",
/// #     "firstObjectKey":"contact","firstRecordId":"amara",
/// #     "secondObjectKey":"property","secondRecordId":"p1"}"#)?;
/// let location = store.location("eHy2").unwrap();
/// let around = location.neighborhood("contact/amara").depth(2).find()?;
/// assert_eq!((around.nodes.len(), around.links.len()), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct NeighborhoodRequest<'l> {
    of: Target<'l>,
    query: Result<NeighborhoodQuery, ParseNodeRefError>,
}

/// Nodes and the links between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighborhood {
    /// The nodes, nearest first.
    pub nodes: Vec<NeighborhoodNodeRow<String>>,
    /// Every link between two of them, once.
    pub links: Vec<EdgeRow<String, Association>>,
    /// Whether every node within the depth is there.
    pub complete: bool,
}

impl<'l> NeighborhoodRequest<'l> {
    pub(super) fn new(of: Target<'l>, node: &str) -> Self {
        Self { of, query: node.parse().map(NeighborhoodQuery::of) }
    }

    fn with(mut self, change: impl FnOnce(&mut NeighborhoodQuery)) -> Self {
        if let Ok(query) = &mut self.query {
            change(query);
        }
        self
    }

    /// How many hops away; 1 if nothing else is said.
    #[must_use]
    pub fn depth(self, hops: u32) -> Self {
        self.with(|query| query.depth = hops)
    }

    /// Only along links of which an end has this label, or another one given.
    #[must_use]
    pub fn label(self, label: &str) -> Self {
        self.with(|query| query.labels.push(label.to_owned()))
    }

    /// Only along links under this association, by id or key, or another one
    /// given.
    #[must_use]
    pub fn association(self, id_or_key: &str) -> Self {
        self.with(|query| query.associations.push(id_or_key.to_owned()))
    }

    /// The greatest number of nodes.
    #[must_use]
    pub fn limit(self, nodes: usize) -> Self {
        self.with(|query| query.limit = nodes)
    }

    /// Asks. Costs the links of the nodes shown.
    pub fn find(&self) -> Result<Neighborhood, QuestionError> {
        let query = self.query.as_ref().map_err(Clone::clone)?;
        Ok(self.of.answer(&[&query.of], |view, budget| {
            let found = view.neighborhood(query, budget)?;
            let nodes = found.nodes.into_iter().map(NeighborhoodNode::into_owned).collect();
            let links = found.links.into_iter().map(Edge::into_owned).collect();
            Ok::<_, AskError>(Neighborhood { nodes, links, complete: found.complete })
        })?)
    }

    /// How many nodes there are within the depth, the one in the middle not
    /// counted.
    pub fn count(&self) -> Result<u64, QuestionError> {
        let query = self.query.as_ref().map_err(Clone::clone)?;
        Ok(self
            .of
            .answer(&[&query.of], |view, budget| Ok::<_, AskError>(view.reach(query, budget)?.0))?)
    }
}
