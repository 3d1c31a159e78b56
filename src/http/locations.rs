//! `GET /v1/locations`.

use std::sync::Arc;

use super::answer::{Answer, json};
use super::app::App;
use super::problem::Problem;
use super::request::Request;
use crate::store::Location;
use crate::wire::{ErasedBody, Listed, LocationBody, Locations, place_cursor};

/// The location that the path names.
pub(super) fn find(app: &App, request: &Request<'_>) -> Result<Arc<Location>, Problem> {
    let id = request.segment("locationId");
    app.store.location(id).ok_or_else(|| Problem::not_found("no event has named this location"))
}

pub(super) fn list(app: &App, request: &Request<'_>) -> Answer {
    request.query.only(&["limit", "cursor"])?;
    let (limit, after) = (request.query.limit()?, request.query.place()?);
    let seq = app.store.head();
    let mut locations = app.store.locations();
    locations.retain(|location| request.grant.sees(location.id().as_str()));
    let mut behind =
        locations.iter().filter(|location| after.is_none_or(|after| location.place() > after));
    let page: Vec<_> = behind.by_ref().take(limit).collect();
    let next =
        page.last().filter(|_| behind.next().is_some()).map(|last| place_cursor(last.place()));
    let body = |location: &&Arc<Location>| LocationBody {
        location_id: location.id().to_string(),
        counts: location.read().counts().into(),
    };
    let locations = page.iter().map(body).collect();
    json(&Locations { locations, listed: Listed::new(next, seq) })
}

/// Erases a location for good.
pub(super) async fn erase(app: &Arc<App>, request: &Request<'_>) -> Answer {
    request.query.only(&[])?;
    let (app, id) = (Arc::clone(app), request.segment("locationId").to_owned());
    let erasing = tokio::task::spawn_blocking(move || app.store.erase_location(&id));
    let erased = erasing.await.map_err(Problem::unavailable)??;
    let unknown = || Problem::not_found("no event has named this location");
    json(&ErasedBody::new(&erased.ok_or_else(unknown)?))
}
