//! `GET /healthz`, `GET /readyz`.

use serde::Serialize;

use crate::http::app::App;
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;

#[derive(Serialize)]
struct Alive {
    status: &'static str,
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    seq: u64,
}

/// Answers while the process runs.
pub(crate) fn show_health(_: &App, request: &Request<'_>) -> Answer {
    request.query.deny_unknown(&[])?;
    json(&Alive { status: "ok" })
}

/// Answers 200 while deliveries are accepted, else 503.
pub(crate) fn show_readiness(app: &App, request: &Request<'_>) -> Answer {
    request.query.deny_unknown(&[])?;
    match app.store.failure() {
        None if app.store.is_outdated() => {
            Err(Problem::unavailable("the database has not answered for ten seconds"))
        }
        None if !app.store.is_ready() => {
            Err(Problem::unavailable("the ids of the last deliveries are still being read"))
        }
        None => json(&Ready { status: "ready", seq: app.store.head() }),
        Some(reason) => Err(Problem::unavailable(reason)),
    }
}
