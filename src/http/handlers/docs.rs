//! `GET /openapi.json` and `GET /docs`: the description of this API, for programs and for
//! people.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use warp::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY};

use crate::http::app::App;
use crate::http::extract::request::Request;
use crate::http::respond::fixed_text::FixedText;
use crate::http::respond::json::Answer;
use crate::http::respond::problem::Problem;

/// The document, in OpenAPI 3.1.
static DOCUMENT: FixedText = FixedText::new(include_str!("openapi.json"), "application/json");

/// The page that shows the document.
static PAGE: FixedText = FixedText::new(include_str!("docs.html"), "text/html; charset=utf-8");

/// Lets the page run its own script and use this server, and nothing else.
static POLICY: LazyLock<Result<HeaderValue, String>> = LazyLock::new(|| {
    let (script, style) = (hash_of("script")?, hash_of("style")?);
    let policy = format!(
        "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).map_err(|error| error.to_string())
});

pub(crate) fn show_document(_: &App, request: &Request<'_>) -> Answer {
    request.query.deny_unknown(&[])?;
    Ok(DOCUMENT.respond(&request.headers))
}

pub(crate) fn show_page(_: &App, request: &Request<'_>) -> Answer {
    request.query.deny_unknown(&[])?;
    let policy = POLICY.as_ref().map_err(Problem::unavailable)?;
    let mut response = PAGE.respond(&request.headers);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// Returns the hash by which a policy names the content of the page's only element of this
/// name.
fn hash_of(element: &str) -> Result<String, String> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let content = PAGE.text().split_once(&open).and_then(|(_, after)| after.split_once(&close));
    let (content, _) = content.ok_or_else(|| format!("the page has no {element}"))?;
    Ok(format!("sha256-{}", STANDARD.encode(digest(&SHA256, content.as_bytes()))))
}
