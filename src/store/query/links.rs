//! Requests for the links of a node, page by page or one by one.

use crate::graph::{Cursor, LinkFilter, LinkPage, LinkQuery, LinkRow, Order, QueryError};
use crate::model::{NodeRef, Side, Timestamp};
use crate::store::query::request::Request;
use crate::store::query::target::Target;

/// A request for the links of a node: get a [`page`](Request::page), or iterate over all.
///
/// ```
/// use relata::Store;
///
/// let store = Store::in_memory()?;
/// # store.ingest(br#"{"id":"67ad","key":"buyer_property_interest","locationId":"eHy2",
/// #     "firstObjectKey":"contact","firstObjectLabel":"Interested Buyer",
/// #     "secondObjectKey":"property","secondObjectLabel":"Saved Home"}"#)?;
/// # store.ingest(br#"{"id":"67ae","associationId":"67ad","locationId":"eHy2",
/// #     "firstObjectKey":"contact","firstRecordId":"amara",
/// #     "secondObjectKey":"property","secondRecordId":"p1"}"#)?;
/// let location = store.location("eHy2")?.unwrap();
/// for link in location.links("property/p1").label("Interested Buyer") {
///     assert_eq!(link?.record.as_deref(), Some("amara"));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type LinksRequest<'l> = Request<'l, LinksOf>;

/// The links of a node: the query of a [`LinksRequest`].
#[derive(Debug, Clone)]
pub struct LinksOf {
    node: NodeRef,
    query: LinkQuery,
}

impl AsMut<LinkFilter> for LinksOf {
    fn as_mut(&mut self) -> &mut LinkFilter {
        &mut self.query.filter
    }
}

impl<'l> LinksRequest<'l> {
    pub(super) fn new(target: Target<'l>, node: &str) -> Self {
        let query = LinkQuery::default();
        let query = node.parse().map(|node| LinksOf { node, query }).map_err(QueryError::from);
        Self { target, query }
    }

    /// Selects only links to things of this object key.
    #[must_use]
    pub fn object(self, key: impl Into<String>) -> Self {
        self.with(|of| of.query.filter.object = Some(key.into()))
    }

    /// Selects only links in which the node is on this end.
    #[must_use]
    pub fn side(self, side: Side) -> Self {
        self.with(|of| of.query.filter.side = Some(side))
    }

    /// Selects only links whose event is of this time or later.
    #[must_use]
    pub fn since(self, at: Timestamp) -> Self {
        self.with(|of| of.query.since = Some(at))
    }

    /// Selects only links whose event is of an earlier time.
    #[must_use]
    pub fn until(self, at: Timestamp) -> Self {
        self.with(|of| of.query.until = Some(at))
    }

    /// Sets the order of the list.
    #[must_use]
    pub fn order(self, order: Order) -> Self {
        self.with(|of| of.query.order = order)
    }

    /// Sets the maximum number of links of a page.
    #[must_use]
    pub fn limit(self, links: usize) -> Self {
        self.with(|of| of.query.limit = links)
    }

    /// Continues after the page that returned this cursor, in that page's order.
    #[must_use]
    pub fn after(self, cursor: Cursor) -> Self {
        self.with(|of| (of.query.order, of.query.after) = (cursor.order(), Some(cursor)))
    }

    /// Returns one page. Costs its links, however many the node has.
    pub fn page(&self) -> Result<LinkPage<String>, QueryError> {
        let LinksOf { node, query } = self.query()?;
        self.target.answer(node, |view, budget| Ok(view.links(node, query, budget)?.into_owned()))
    }
}

impl<'l> IntoIterator for LinksRequest<'l> {
    type Item = Result<LinkRow<String>, QueryError>;
    type IntoIter = LinksIter<'l>;

    /// Returns all links, fetched page by page. Links that were there all along come
    /// once, even while events are applied.
    fn into_iter(self) -> LinksIter<'l> {
        LinksIter { rest: Some(self), page: Vec::new().into_iter() }
    }
}

/// An iterator over the links of a node.
#[derive(Debug, Clone)]
pub struct LinksIter<'l> {
    rest: Option<LinksRequest<'l>>,
    page: std::vec::IntoIter<LinkRow<String>>,
}

impl Iterator for LinksIter<'_> {
    type Item = Result<LinkRow<String>, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(link) = self.page.next() {
                return Some(Ok(link));
            }
            let request = self.rest.take()?;
            match request.page() {
                Ok(page) => {
                    self.rest = page.next.map(|next| request.after(next));
                    self.page = page.links.into_iter();
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
