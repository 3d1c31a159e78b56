//! The filter that selects the links a query follows.

use crate::model::Side;

/// Selects links, as seen from the node that a query lists or leaves. The default is
/// every link.
///
/// A query without a direction, such as a [path](crate::graph::PathQuery), follows a link
/// that its filter selects as seen from either end.
///
/// ```
/// use relata::graph::LinkFilter;
///
/// let buyers = LinkFilter::default().label("Interested Buyer").object("contact");
/// assert!(!buyers.is_everything());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkFilter {
    /// Only links whose far end has one of these labels; none is no filter.
    pub labels: Vec<String>,
    /// Only links under one of these associations, by id or key; none is no
    /// filter.
    pub associations: Vec<String>,
    /// Only links to things of this object key.
    pub object: Option<String>,
    /// Only links in which the node is on this end.
    pub side: Option<Side>,
}

impl LinkFilter {
    /// Adds a label: selects links whose far end has one of those added.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.labels.push(label.into());
        self
    }

    /// Adds an association, by id or key: selects links under one of those added.
    #[must_use]
    pub fn association(mut self, id_or_key: impl Into<String>) -> Self {
        self.associations.push(id_or_key.into());
        self
    }

    /// Selects only links to things of this object key.
    #[must_use]
    pub fn object(mut self, key: impl Into<String>) -> Self {
        self.object = Some(key.into());
        self
    }

    /// Selects only links in which the node is on this end.
    #[must_use]
    pub fn side(mut self, side: Side) -> Self {
        self.side = Some(side);
        self
    }

    /// Returns whether the filter selects every link.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}
