//! The nodes that a query names.

use crate::model::NodeRef;

/// A query that names nodes, for which a [`Snapshot`](crate::graph::Snapshot) is taken.
///
/// ```
/// use relata::NodeRef;
/// use relata::graph::{NamesNodes, PathQuery};
///
/// let (amara, ben) = (NodeRef::record("contact", "amara"), NodeRef::record("contact", "ben"));
/// let query = PathQuery::between(amara.clone(), ben.clone());
/// assert!(query.named_nodes().eq([&amara, &ben]));
/// ```
pub trait NamesNodes {
    /// Returns every node that the query names.
    fn named_nodes(&self) -> impl Iterator<Item = &NodeRef>;

    /// Returns the id of a record that the query names without its object key.
    fn named_record(&self) -> Option<&str> {
        None
    }
}

/// What is read from end to end names none.
impl NamesNodes for () {
    fn named_nodes(&self) -> impl Iterator<Item = &NodeRef> {
        std::iter::empty()
    }
}

impl NamesNodes for NodeRef {
    fn named_nodes(&self) -> impl Iterator<Item = &NodeRef> {
        std::iter::once(self)
    }
}

impl NamesNodes for [NodeRef] {
    fn named_nodes(&self) -> impl Iterator<Item = &NodeRef> {
        self.iter()
    }
}
