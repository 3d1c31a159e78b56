//! `GET /`, `GET /explore/…`: the page on which people explore the graph.

use serde::Serialize;
use warp::http::header::{
    ACCEPT, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY,
    VARY,
};
use warp::http::{Response as HttpResponse, StatusCode};
use warp::reply::Response;

use crate::http::app::App;
use crate::http::explorer::files::{FILES, INDEX};
use crate::http::extract::request::Request;
use crate::http::respond::fixed_text::FixedText;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;

/// Lets the page load its own files and use this server, and nothing else. No text can become
/// markup or a script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// What else keeps other sites away from the page.
const HEADERS: [(HeaderName, &str); 4] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Where to begin, relative to the root.
#[derive(Serialize)]
struct IndexResponse {
    version: &'static str,
    explorer: &'static str,
    docs: &'static str,
    openapi: &'static str,
}

/// Sends browsers to the explorer, and lists the addresses to programs.
pub(crate) fn show_index(_: &App, request: &Request<'_>) -> Answer {
    request.query.deny_unknown(&[])?;
    let mut response = if takes_html(&request.headers) {
        redirect(StatusCode::SEE_OTHER)
    } else {
        json(&IndexResponse {
            version: env!("CARGO_PKG_VERSION"),
            explorer: "explore/",
            docs: "docs",
            openapi: "openapi.json",
        })?
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// Adds the slash, without which the page would load its files from the folder above.
pub(crate) fn add_slash(_: &App, request: &Request<'_>) -> Answer {
    request.query.deny_unknown(&[])?;
    Ok(redirect(StatusCode::PERMANENT_REDIRECT))
}

/// Answers with the page.
pub(crate) fn show_page(_: &App, request: &Request<'_>) -> Answer {
    request.query.deny_unknown(&[])?;
    Ok(protected(&INDEX, request))
}

/// Answers with a file that the page loads.
pub(crate) fn show_file(_: &App, request: &Request<'_>) -> Answer {
    request.query.deny_unknown(&[])?;
    let name = request.path_param("file");
    let file = FILES.iter().find(|file| file.name == name);
    let file = file.ok_or_else(|| Problem::not_found("the explorer has no such file"))?;
    Ok(protected(&file.content, request))
}

fn protected(text: &'static FixedText, request: &Request<'_>) -> Response {
    let mut response = text.respond(&request.headers);
    let headers = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
}

/// Sends the client to the explorer, relative to where it is, so that a prefix that a proxy
/// adds stays.
fn redirect(status: StatusCode) -> Response {
    let mut response = HttpResponse::new("".into());
    *response.status_mut() = status;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("explore/"));
    response
}

fn takes_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split([',', ';'])).any(|it| it.trim() == "text/html")
}
