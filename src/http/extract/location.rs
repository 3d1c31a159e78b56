//! The location that a request names.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::http::app::App;
use crate::http::auth::token::Grant;
use crate::http::extract::request::Request;
use crate::http::respond::problem::Problem;
use crate::store::{Found, Loading, Location};

/// Returns the location that the path names, as [`find_by_id`] does.
pub(crate) async fn find(app: &Arc<App>, request: &Request<'_>) -> Result<Arc<Location>, Problem> {
    let found = find_by_id(app, &request.grant, request.path_param("locationId")).await?;
    found.ok_or_else(|| Problem::not_found("no event has named this location"))
}

/// Returns the location of this id, or `None` if no event has named it. Its graph stays in
/// memory as long as that is held.
///
/// A graph that is not in memory is loaded, once for all that ask for it; one client loads no
/// more of them at once than it may read the journal.
pub(crate) async fn find_by_id(
    app: &Arc<App>,
    grant: &Grant,
    id: &str,
) -> Result<Option<Arc<Location>>, Problem> {
    match app.store.look_up(id) {
        Found::Loaded(location) => return Ok(Some(location)),
        Found::Unknown => return Ok(None),
        Found::OnDisk => {}
    }
    let _permit = app.journal_reads.acquire(&grant.client(id)).await?;
    let (sender, loaded) = oneshot::channel();
    // Fails if the client has disconnected.
    let then = move |location| drop(sender.send(location));
    match app.store.load(id, Box::new(then)) {
        Loading::Done(location) => Ok(location),
        Loading::Started => {
            loaded.await.map_err(Problem::unavailable)?.map_err(Problem::unavailable)
        }
    }
}
