//! `GET /v1/locations` and `DELETE /v1/locations/{locationId}`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::{EraseResponse, LocationBody, LocationsResponse, PageInfo, place_cursor};
use crate::graph::{Budget, Page};
use crate::http::app::App;
use crate::http::auth::token::Grant;
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::store::LocationSummary;

/// Lists locations, on a blocking thread: the writer may hold a graph for a while.
pub(crate) async fn list_locations(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&["limit", "cursor"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let (app, grant) = (Arc::clone(app), request.grant.clone());
    let listing = tokio::task::spawn_blocking(move || page(&app, &grant, after, limit));
    listing.await.map_err(Problem::unavailable)?
}

/// The members of a location as JSON, without its texts.
const MEMBERS: usize = 160;

/// Reads a page. The cost grows with the page, or with the locations of the grant, not with
/// the number of all locations.
fn page(app: &App, grant: &Grant, after: Option<u32>, limit: usize) -> Answer {
    let seq = app.store.head();
    let locations: Vec<LocationSummary> = match grant.locations() {
        None => app.store.locations_after(after, limit + 1),
        Some(ids) => {
            let seen = ids.iter().filter_map(|id| app.store.location_summary(id));
            let behind = seen.filter(|it| after.is_none_or(|after| it.place > after));
            let by_place: BTreeMap<u32, _> = behind.map(|it| (it.place, it)).collect();
            by_place.into_values().collect()
        }
    };
    let rows = locations.into_iter().map(|location| (location.place, location));
    let body = |location: LocationSummary| {
        Some(LocationBody {
            location_id: location.id.to_string(),
            name: location.name.map(String::from),
            counts: location.counts.into(),
        })
    };
    let write = |body: &LocationBody, budget: &mut Budget<'_>| {
        budget.write(MEMBERS, [Some(body.location_id.as_str()), body.name.as_deref()])
    };
    let mut budget = Budget::unbounded().of_bytes(app.limits.answer_bytes);
    let page = Page::take(rows, after, limit, &mut budget, body, write);
    let listed = PageInfo::new(page.next.map(place_cursor), seq);
    json(&LocationsResponse { locations: page.items, listed })
}

/// Erases a location for good.
pub(crate) async fn erase_location(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&[])?;
    let (app, id) = (Arc::clone(app), request.path_param("locationId").to_owned());
    let erasing = tokio::task::spawn_blocking(move || app.store.erase_location(&id));
    let erased = erasing.await.map_err(Problem::unavailable)??;
    let unknown = || Problem::not_found("no event has named this location");
    json(&EraseResponse::new(&erased.ok_or_else(unknown)?))
}
