//! `GET …/search`.

use std::sync::Arc;

use crate::api::SearchResponse;
use crate::graph::SearchQuery;
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
    let location = location::find(app, &request).await?;
    let client = request.grant.client(location.id().as_str());
    let head = app.store.head();
    // In the background: the first search of a location makes an index of it.
    execute::spawn_query(app, &client, move |app, stop| {
        let page = location.search_within(&query, &mut execute::budget_until(app, stop));
        json(&SearchResponse::new(&page, head))
    })
    .await
}
