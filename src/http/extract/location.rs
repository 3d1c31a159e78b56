//! The location that a path names.

use std::sync::Arc;

use crate::http::extract::request::Request;
use crate::http::respond::problem::Problem;
use crate::store::{Location, Store};

/// Returns the location that the path names.
pub(crate) fn find(store: &Store, request: &Request<'_>) -> Result<Arc<Location>, Problem> {
    let id = request.path_param("locationId");
    store.location(id).ok_or_else(|| Problem::not_found("no event has named this location"))
}
