//! Requests for records by name.

use crate::graph::{Budget, SearchQuery};
use crate::store::location::Location;
use crate::store::record_search::SearchPage;

/// A request for the records whose name, or a word of it, or whose id begins with a text.
///
/// ```
/// use relata::Store;
///
/// let store = Store::in_memory()?;
/// store.ingest(br#"{"type":"ContactCreate","locationId":"eHy2",
///     "id":"emqfhnG3g9D9chy9inTz","name":"Amara Okafor"}"#)?;
/// let location = store.location("eHy2")?.ok_or("no such location")?;
/// let found = location.search("okafor").object("contact").page();
/// assert_eq!(found.results[0].node().to_string(), "contact/emqfhnG3g9D9chy9inTz");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SearchRequest<'l> {
    location: &'l Location,
    query: SearchQuery,
}

impl SearchRequest<'_> {
    /// Selects records of one object key.
    #[must_use]
    pub fn object(mut self, key: impl Into<String>) -> Self {
        self.query.object = Some(key.into());
        self
    }

    /// Sets the maximum number of records, 20 by default.
    #[must_use]
    pub fn limit(mut self, records: usize) -> Self {
        self.query.limit = records;
        self
    }

    /// Runs the search.
    ///
    /// # Performance
    ///
    /// Costs what is found and the logarithm of the location, and some microseconds for each
    /// name that has changed since the last search. The first search costs all records, about
    /// a second for 400,000: nothing is indexed while nobody searches.
    pub fn page(&self) -> SearchPage {
        self.location.search_within(&self.query, &mut Budget::unbounded())
    }
}

impl Location {
    /// Finds records by what people call them, best first: the whole name, its beginning, a
    /// word each, the beginning of the id. Letters match without regard to case, accents and
    /// width. It knows a name as soon as the event that brought it is accepted.
    pub fn search(&self, text: &str) -> SearchRequest<'_> {
        SearchRequest { location: self, query: text.into() }
    }
}
