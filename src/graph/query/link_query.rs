//! The query for the links of a node.

use crate::graph::query::cursor::Cursor;
use crate::graph::query::link_filter::LinkFilter;
use crate::graph::query::order::Order;
use crate::model::{Stamp, Timestamp};

/// Which links to list.
///
/// ```
/// use relata::graph::{LinkFilter, LinkQuery, Order};
///
/// let buyers = LinkFilter::default().label("Interested Buyer");
/// let query = LinkQuery::from(buyers).order(Order::Newest).limit(10);
/// assert_eq!(query.limit, 10);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkQuery {
    /// Which links.
    pub filter: LinkFilter,
    /// Only links whose event is of this time or later; undated ones are left
    /// out.
    pub since: Option<Timestamp>,
    /// Only links whose event is of an earlier time; undated ones are left out.
    pub until: Option<Timestamp>,
    /// The order of the list.
    pub order: Order,
    /// Where to continue.
    pub after: Option<Cursor>,
    /// Maximum number of links to list.
    pub limit: usize,
}

impl Default for LinkQuery {
    fn default() -> Self {
        Self {
            filter: LinkFilter::default(),
            since: None,
            until: None,
            order: Order::Oldest,
            after: None,
            limit: 100,
        }
    }
}

impl From<LinkFilter> for LinkQuery {
    fn from(filter: LinkFilter) -> Self {
        Self { filter, ..Self::default() }
    }
}

impl LinkQuery {
    /// Sets the order.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Continues after the page that returned this cursor, in that page's order.
    #[must_use]
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.order = cursor.order();
        self.after = Some(cursor);
        self
    }

    /// Sets the maximum number of links to list.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    pub(super) fn is_timed(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    pub(super) fn is_in_time(&self, stamp: Option<Stamp>) -> bool {
        let Some(at) = stamp.and_then(Stamp::at) else { return false };
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }
}
