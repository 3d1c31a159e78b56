//! `POST /v1/tickets`.

use std::time::Instant;

use serde::Serialize;

use crate::http::app::App;
use crate::http::auth::tickets::LIFETIME;
use crate::http::auth::token::random_text;
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::model::Timestamp;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TicketResponse {
    ticket: String,
    expires_at: String,
}

pub(crate) fn issue_ticket(app: &App, request: &Request<'_>) -> Answer {
    request.query.deny_unknown(&["location"])?;
    let grant = match request.query.get("location")? {
        Some(id) if !request.grant.sees(id) => {
            return Err(Problem::forbidden("the token is not valid for this location"));
        }
        Some(id) if !app.store.knows_location(id) => {
            return Err(Problem::not_found("no event has named this location"));
        }
        Some(id) => request.grant.only(id),
        None => request.grant.reading(),
    };
    let ticket = random_text().map_err(|_| Problem::unavailable("there are no random numbers"))?;
    app.tickets.issue(&ticket, grant, Instant::now());
    json(&TicketResponse { ticket, expires_at: Timestamp::now().after(LIFETIME).to_string() })
}
