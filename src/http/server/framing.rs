//! Refuses requests that two servers in a row could read differently.

use warp::http::header::{CONNECTION, HOST, HeaderValue, TRANSFER_ENCODING};
use warp::http::{Request, Version};
use warp::reply::Response;

use crate::http::app::App;
use crate::http::compat::dispatch as compat;
use crate::http::extract::request::RequestLine;
use crate::http::respond::problem::Problem;
use crate::http::server::request_id;

/// Refuses a request with an invalid framing or host (RFC 9112, sections 3.2 and 6.1), and
/// closes its connection.
///
/// hyper has already refused contradictory lengths, and dropped a length beside chunks, which
/// alone count.
pub(crate) fn refuse<B>(app: &App, request: &Request<B>) -> Option<Response> {
    let problem = Problem::invalid_request(fault(request)?);
    let id = request_id::of(&app.trace_ids, request.headers());
    let (method, path) = (request.method(), request.uri().path());
    let mut response = if app.has_compat && compat::covers(path) {
        compat::refuse(problem, &RequestLine { method, path, query: "", id: &id })
    } else {
        tracing::info!(
            code = problem.code.as_str(),
            trace_id = id,
            detail = &*problem.detail,
            "request refused"
        );
        problem.into_response(&id)
    };
    request_id::insert(&mut response, id);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Some(response)
}

fn fault<B>(request: &Request<B>) -> Option<&'static str> {
    if request.uri().path_and_query().is_none() {
        return Some("the target has no path");
    }
    let headers = request.headers();
    let mut hosts = headers.get_all(HOST).iter();
    let authority = request.uri().authority();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() >= Version::HTTP_11 => return Some("there is no Host"),
        (Some(_), Some(_)) => return Some("there is more than one Host"),
        (Some(host), None) if !is_host(host.as_bytes()) => return Some("the Host is not valid"),
        (Some(host), None)
            if authority.is_some_and(|it| {
                !host.as_bytes().eq_ignore_ascii_case(it.as_str().as_bytes())
            }) =>
        {
            return Some("the target is on another host than the Host");
        }
        _ => {}
    }
    let encodings: Vec<_> = headers.get_all(TRANSFER_ENCODING).iter().collect();
    match encodings.as_slice() {
        [] => None,
        [one] if one.as_bytes().eq_ignore_ascii_case(b"chunked") => None,
        _ => Some("the only Transfer-Encoding taken is chunked"),
    }
}

/// Returns whether this is a name or an address, perhaps with a port: nothing that another
/// server could read differently.
fn is_host(host: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:[]%".contains(byte);
    host.iter().all(plain) && host.len() <= 300
}
