//! `GET …/search`.

use std::sync::Arc;

use serde::Serialize;

use crate::api::PageInfo;
use crate::graph::{FoundRecord, SearchQuery};
use crate::http::app::App;
use crate::http::execute;
use crate::http::extract::location;
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::webhook::MAX_ID_BYTES;

/// Maximum number of records found by one search, and how many unless the client says.
const FOUND_MAX: usize = 100;
const FOUND: usize = 20;

#[derive(Serialize)]
struct FoundBody<'a> {
    object: &'a str,
    record: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    links: u64,
}

#[derive(Serialize)]
struct SearchResponse<'a> {
    results: Vec<FoundBody<'a>>,
    #[serde(flatten)]
    listed: PageInfo,
}

impl<'a> From<&'a FoundRecord<String>> for FoundBody<'a> {
    fn from(found: &'a FoundRecord<String>) -> Self {
        let FoundRecord { object, record, name, links } = found;
        Self { object, record, name: name.as_deref(), links: *links }
    }
}

pub(crate) async fn search_records(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&["q", "object", "limit"])?;
    let text = request.query.get("q")?.unwrap_or_default();
    if text.trim().is_empty() || text.len() > MAX_ID_BYTES {
        let why = format!("is not a text of 1 to {MAX_ID_BYTES} bytes");
        return Err(Problem::invalid_parameter("q", why));
    }
    let object = request.query.get("object")?.map(str::to_owned);
    let limit = request.query.number("limit", 1..=FOUND_MAX)?.unwrap_or(FOUND);
    let query = SearchQuery { text: text.to_owned(), object, limit };
    let location = location::find(&app.store, &request)?;
    let client = request.grant.client(location.id().as_str());
    let head = app.store.head();
    // In the background: the first search of a location makes an index of it.
    execute::spawn_query(app, &client, move |app, stop| {
        let page = location.search_within(&query, &mut execute::budget_until(app, stop));
        let results = page.results.iter().map(FoundBody::from).collect();
        let listed = PageInfo::of(None, page.complete, head.max(page.seq));
        json(&SearchResponse { results, listed })
    })
    .await
}
