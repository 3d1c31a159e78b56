//! `GET /v1/session`.

use serde::Serialize;

use crate::http::app::App;
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};

/// Seconds of a day, the unit of retention.
const DAY: u64 = 24 * 3600;

/// What the token of a request may do, and which server it talks to.
#[derive(Serialize)]
struct SessionResponse<'a> {
    /// `required`, or `off` where anybody may use the API.
    auth: &'static str,
    scope: &'static str,
    /// The only locations that it may see; `None` for all.
    locations: Option<&'a [String]>,
    version: &'static str,
    /// Days for which events are kept; `None` for ever.
    retention: Option<u64>,
}

/// Says what a client may ask for, so that it need not find out by trying.
pub(crate) fn show_session(app: &App, request: &Request<'_>) -> Answer {
    request.query.deny_unknown(&[])?;
    json(&SessionResponse {
        auth: if app.policy.tokens.is_some() { "required" } else { "off" },
        scope: request.grant.scope.as_str(),
        locations: request.grant.locations(),
        version: env!("CARGO_PKG_VERSION"),
        retention: app.store.retention().map(|kept| kept.as_secs().div_ceil(DAY)),
    })
}
