//! Successful answers.

use serde::Serialize;
use warp::http::Response as HttpResponse;
use warp::http::header::{CONTENT_TYPE, HeaderValue};
use warp::reply::Response;

use crate::graph::Budget;
use crate::http::respond::problem::Problem;

/// The answer to a request, or the problem with it.
pub(crate) type Answer = Result<Response, Problem>;

/// Returns an answer of 200 with this JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Answer {
    json_of(256, value)
}

/// Returns an answer of 200 with this JSON, which is not built where it will not be used:
/// after a trial that exhausted its budget.
pub(crate) fn json_within<T: Serialize>(
    budget: &Budget<'_>,
    length: usize,
    value: impl FnOnce() -> T,
) -> Answer {
    if budget.is_in_vain() {
        return Err(Problem::unavailable("the trial budget is exhausted"));
    }
    json_of(length, &value())
}

/// Returns an answer as [`json`] does, where the length in bytes can be guessed.
pub(crate) fn json_of<T: Serialize>(length: usize, value: &T) -> Answer {
    let mut body = Vec::with_capacity(length);
    serde_json::to_writer(&mut body, value).map_err(Problem::unavailable)?;
    let mut response: Response = HttpResponse::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
