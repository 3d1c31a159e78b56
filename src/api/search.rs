//! The answer with the records that a search found.

use serde::Serialize;

use crate::api::PageInfo;
use crate::graph::FoundRecord;
use crate::model::Seq;
use crate::store::SearchPage;

/// A record that a search found.
#[derive(Serialize)]
pub struct FoundBody<'a> {
    /// The object key.
    pub object: &'a str,
    /// The record id.
    pub record: &'a str,
    /// What people call it; absent if no event has said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// How many links a listing of them would show.
    pub links: u64,
}

/// The answer of `GET …/search`.
#[derive(Serialize)]
pub struct SearchResponse<'a> {
    /// The records, best first.
    pub results: Vec<FoundBody<'a>>,
    /// There is no next page; incomplete if a limit ended the search.
    #[serde(flatten)]
    pub listed: PageInfo,
}

impl<'a> SearchResponse<'a> {
    /// Returns the answer with what was found after the event `head` was visible.
    pub fn new(page: &'a SearchPage, head: Seq) -> Self {
        let body = |found: &'a FoundRecord<String>| FoundBody {
            object: &found.object,
            record: &found.record,
            name: found.name.as_deref(),
            links: found.links,
        };
        let listed = PageInfo::of(None, page.complete, head.max(page.seq));
        Self { results: page.results.iter().map(body).collect(), listed }
    }
}
