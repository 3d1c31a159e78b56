//! A query in a JSON body.

use serde::de::DeserializeOwned;
use warp::http::HeaderMap;

use crate::api::{Object, SET_NODES_MAX};
use crate::http::app::App;
use crate::http::extract::body::{Body, Received};
use crate::http::extract::request::Request;
use crate::http::limits::receive_budget::Reservation;
use crate::http::respond::problem::Problem;
use crate::model::NodeRef;
use crate::store::AsOf;
use crate::webhook::strip_bom;

/// Receives the body of a request as [`receive_for`] does.
pub(crate) async fn receive<T>(
    app: &App,
    request: &Request<'_>,
    body: Body,
    limit: usize,
    read: impl FnOnce(&[u8]) -> Result<T, Problem> + Send + 'static,
) -> Result<(T, Reservation), Problem>
where
    T: Send + 'static,
{
    let client = request.grant.client(request.path_param("locationId"));
    receive_for(app, &client, &request.headers, body, limit, read).await
}

/// Receives a body of at most `limit` bytes and parses it, on a background thread if that may
/// take long. The caller holds the reservation as long as the result, which takes about as
/// much memory as the body.
pub(crate) async fn receive_for<T, E>(
    app: &App,
    client: &str,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    read: impl FnOnce(&[u8]) -> Result<T, E> + Send + 'static,
) -> Result<(T, Reservation), E>
where
    T: Send + 'static,
    E: From<Problem> + Send + 'static,
{
    let received = Received::read(app, headers, body, limit).await?;
    let is_large = received.is_large();
    let work = move || {
        let (bytes, reservation) = received.into_unpacked(limit)?;
        Ok((read(&bytes)?, reservation))
    };
    if !is_large {
        return work();
    }
    app.background.parse(client, work).await?
}

/// Parses a query. One that does not fit is refused with the member to blame.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(strip_bom(body));
    let Object(question) = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        if !inner.is_data() {
            return Problem::malformed_json(inner);
        }
        let field = if path == "." { "body" } else { path.as_str() };
        Problem::invalid_parameter(field, format!("does not fit: {inner}"))
    })?;
    reader.end().map_err(Problem::malformed_json)?;
    Ok(question)
}

/// Returns the state that a query reads: given in its body or as a parameter, not in both.
pub(crate) fn moment(
    in_body: Option<AsOf>,
    in_query: Option<AsOf>,
) -> Result<Option<AsOf>, Problem> {
    match (in_query, in_body) {
        (Some(_), Some(_)) => {
            Err(Problem::invalid_parameter("asOf", "is given both in the body and as a parameter"))
        }
        (in_query, in_body) => Ok(in_query.or(in_body)),
    }
}

/// Refuses a set without nodes. One of too many was refused as it was read.
pub(crate) fn check_set(of: &[NodeRef]) -> Result<(), Problem> {
    if of.is_empty() {
        let why = format!("is not a list of 1 to {SET_NODES_MAX} node references");
        return Err(Problem::invalid_parameter("of", why));
    }
    Ok(())
}
