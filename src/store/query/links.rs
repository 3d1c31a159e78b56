//! The links of a node, page by page or one by one.

use crate::graph::{AskError, Cursor, Link, LinkQuery, LinkRow, Order};
use crate::model::{NodeRef, ParseNodeRefError, Side, Timestamp};
use crate::store::query::error::QuestionError;
use crate::store::query::target::Target;

/// The links of a node. Ask for a [`page`](Self::page), or iterate over all.
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
/// let location = store.location("eHy2").unwrap();
/// for link in location.links("property/p1").label("Interested Buyer") {
///     assert_eq!(link?.record.as_deref(), Some("amara"));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LinksRequest<'l> {
    of: Target<'l>,
    node: Result<NodeRef, ParseNodeRefError>,
    query: LinkQuery,
}

/// One page of links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinksPage {
    /// The links, in the order asked for.
    pub links: Vec<LinkRow<String>>,
    /// Where to go on, if there is more.
    pub next: Option<Cursor>,
    /// How many links there are over all pages; unknown for a filter by time.
    pub total: Option<u64>,
}

impl<'l> LinksRequest<'l> {
    pub(super) fn new(of: Target<'l>, node: &str) -> Self {
        Self { of, node: node.parse(), query: LinkQuery::default() }
    }

    fn with(self, change: impl FnOnce(LinkQuery) -> LinkQuery) -> Self {
        Self { query: change(self.query), ..self }
    }

    /// Only those whose far end has this label, or another one given.
    #[must_use]
    pub fn label(self, label: &str) -> Self {
        self.with(|query| query.label(label))
    }

    /// Only those under this association, by id or key, or another one given.
    #[must_use]
    pub fn association(self, id_or_key: &str) -> Self {
        self.with(|query| query.association(id_or_key))
    }

    /// Only those to things of this object key.
    #[must_use]
    pub fn object(self, key: &str) -> Self {
        self.with(|query| query.object(key))
    }

    /// Only those in which the node stands on this end.
    #[must_use]
    pub fn side(self, side: Side) -> Self {
        self.with(|query| query.side(side))
    }

    /// Only those whose event is of this time or later.
    #[must_use]
    pub fn since(self, at: Timestamp) -> Self {
        self.with(|query| query.since(at))
    }

    /// Only those whose event is of an earlier time.
    #[must_use]
    pub fn until(self, at: Timestamp) -> Self {
        self.with(|query| query.until(at))
    }

    /// The order of the list.
    #[must_use]
    pub fn order(self, order: Order) -> Self {
        self.with(|query| query.order(order))
    }

    /// The greatest number of links of a page.
    #[must_use]
    pub fn limit(self, links: usize) -> Self {
        self.with(|query| query.limit(links))
    }

    /// Go on from where a page ended.
    #[must_use]
    pub fn after(self, cursor: Cursor) -> Self {
        self.with(|query| query.after(cursor))
    }

    /// Asks for one page. Costs its links, however many the node has.
    pub fn page(&self) -> Result<LinksPage, QuestionError> {
        let node = self.node.as_ref().map_err(Clone::clone)?;
        Ok(self.of.answer(&[node], |view, budget| {
            let page = view.links(node, &self.query, budget)?;
            let links = page.links.into_iter().map(Link::into_owned).collect();
            Ok::<_, AskError>(LinksPage { links, next: page.next, total: page.total })
        })?)
    }
}

impl<'l> IntoIterator for LinksRequest<'l> {
    type Item = Result<LinkRow<String>, QuestionError>;
    type IntoIter = LinksIter<'l>;

    /// All links, page by page. Links that were there all along come once, also
    /// while events go on.
    fn into_iter(self) -> LinksIter<'l> {
        LinksIter { rest: Some(self), page: Vec::new().into_iter() }
    }
}

/// Links one by one.
#[derive(Debug, Clone)]
pub struct LinksIter<'l> {
    rest: Option<LinksRequest<'l>>,
    page: std::vec::IntoIter<LinkRow<String>>,
}

impl Iterator for LinksIter<'_> {
    type Item = Result<LinkRow<String>, QuestionError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(link) = self.page.next() {
                return Some(Ok(link));
            }
            let asked = self.rest.take()?;
            match asked.page() {
                Ok(page) => {
                    self.rest = page.next.map(|next| asked.after(next));
                    self.page = page.links.into_iter();
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
