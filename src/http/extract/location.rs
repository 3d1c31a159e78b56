//! The location that a path names.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::http::app::App;
use crate::http::extract::request::Request;
use crate::http::respond::problem::Problem;
use crate::store::{Found, Loading, Location};

/// Returns the location that the path names. Its graph stays in memory as long as that is held.
///
/// A graph that is not in memory is loaded, once for all that ask for it; one client loads no
/// more of them at once than it may read the journal.
pub(crate) async fn find(app: &Arc<App>, request: &Request<'_>) -> Result<Arc<Location>, Problem> {
    let id = request.path_param("locationId");
    let unknown = || Problem::not_found("no event has named this location");
    match app.store.look_up(id) {
        Found::Loaded(location) => return Ok(location),
        Found::Unknown => return Err(unknown()),
        Found::OnDisk => {}
    }
    let _permit = app.journal_reads.acquire(&request.grant.client(id)).await?;
    let (sender, loaded) = oneshot::channel();
    // Fails if the client has disconnected.
    let then = move |location| drop(sender.send(location));
    let location = match app.store.load(id, Box::new(then)) {
        Loading::Done(location) => location,
        Loading::Started => {
            loaded.await.map_err(Problem::unavailable)?.map_err(Problem::unavailable)?
        }
    };
    location.ok_or_else(unknown)
}
