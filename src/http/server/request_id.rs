//! An id for each request, in its answer and in the log.

use warp::http::HeaderMap;
use warp::http::header::{HeaderName, HeaderValue};
use warp::reply::Response;

use crate::http::server::trace_ids::TraceIds;

/// The header of the request and of the answer.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Maximum size of an id from outside, in bytes.
const MAX_BYTES: usize = 128;

/// Returns the id that the request came with, if it can be passed on, or a new one.
pub(crate) fn of(trace_ids: &TraceIds, headers: &HeaderMap) -> String {
    let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    given.filter(|id| is_sane(id)).map_or_else(|| trace_ids.next(), str::to_owned)
}

/// Returns whether an id contains nothing that could forge a line of a log.
fn is_sane(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte);
    !id.is_empty() && id.len() <= MAX_BYTES && id.bytes().all(plain)
}

/// Adds the id to an answer.
pub(crate) fn insert(response: &mut Response, id: String) {
    // A sane id is always a header value.
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
}
