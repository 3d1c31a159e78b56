//! `GET /v1/locations` and `DELETE /v1/locations/{locationId}`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::{EraseResponse, LocationBody, LocationsResponse, PageInfo, place_cursor};
use crate::graph::Page;
use crate::http::app::App;
use crate::http::auth::token::Grant;
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::store::{Location, Store};

/// Lists locations, on a blocking thread: the writer may hold a graph for a while.
pub(crate) async fn list_locations(app: &Arc<App>, request: Request<'_>) -> Answer {
    request.query.deny_unknown(&["limit", "cursor"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let (app, grant) = (Arc::clone(app), request.grant.clone());
    let listing = tokio::task::spawn_blocking(move || page(&app.store, &grant, after, limit));
    listing.await.map_err(Problem::unavailable)?
}

/// Reads a page. The cost grows with the page, or with the locations of the grant, not with
/// the number of all locations.
fn page(store: &Store, grant: &Grant, after: Option<u32>, limit: usize) -> Answer {
    let seq = store.head();
    let locations: Vec<_> = match grant.locations() {
        None => store.locations_after(after, limit + 1),
        Some(ids) => {
            let seen = ids.iter().filter_map(|id| store.location(id));
            let behind = seen.filter(|it| after.is_none_or(|after| it.place() > after));
            let by_place: BTreeMap<u32, _> = behind.map(|it| (it.place(), it)).collect();
            by_place.into_values().collect()
        }
    };
    let page = Page::take(locations.into_iter(), limit, |location| location.place(), |_| true);
    let body = |location: &Arc<Location>| {
        let graph = location.read();
        LocationBody {
            location_id: location.id().to_string(),
            name: graph.name().map(str::to_owned),
            counts: graph.view().counts().into(),
        }
    };
    let locations = page.items.iter().map(body).collect();
    json(&LocationsResponse { locations, listed: PageInfo::new(page.next.map(place_cursor), seq) })
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
