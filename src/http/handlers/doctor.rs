//! `POST /v1/doctor`: reports how a delivery would be answered. Nothing is stored.

use std::sync::Arc;

use warp::http::HeaderMap;

use crate::api::{DeliveryReading, DoctorResponse, Effect, ProblemCode, SignatureVerdict};
use crate::http::app::App;
use crate::http::auth::policy::signature_headers;
use crate::http::extract::body::{Body, Posted, Received};
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::model::Timestamp;
use crate::store::{Delivery, IngestError, PreviewError};
use crate::webhook::{Admitted, DecodeError, DeliverySummary, Examined, Refusal};

/// Examines a delivery as the sender posted it, body and headers; `type` is the event type
/// that its URL had.
pub(crate) async fn examine_delivery(app: &Arc<App>, request: Request<'_>, body: Body) -> Answer {
    request.query.deny_unknown(&["type"])?;
    let url_type = request.query.get("type")?.map(str::to_owned);
    let limit = app.limits.webhook_bytes;
    let received = Received::read(app, &request.headers, body, limit).await?;
    let (on, headers) = (Arc::clone(app), request.headers.clone());
    let work = move || examine(&on, &headers, url_type.as_deref(), received);
    let found = app.background.parse(&request.grant.client(""), work).await?;
    let Found { signature, reading, refusal, location } = found?;
    if location.is_some_and(|location| !request.grant.sees(&location)) {
        return Err(Problem::forbidden("the token is not valid for this delivery's location"));
    }
    let (effect, answer) = match (&refusal, &reading) {
        (None, Ok(delivery)) => preview(app, delivery.clone()).await?,
        _ => (None, refusal.map_or(200, |refusal| ProblemCode::from(&refusal).status())),
    };
    let reading = DeliveryReading::new(reading.as_ref().map(Delivery::decoded));
    json(&DoctorResponse { signature, reading, effect, answer })
}

/// Returns what a delivery would do, and the status that it would be answered with.
async fn preview(app: &App, delivery: Delivery) -> Result<(Option<Effect>, u16), Problem> {
    let store = Arc::clone(&app.store);
    let preview = tokio::task::spawn_blocking(move || store.preview(delivery));
    Ok(match preview.await.map_err(Problem::unavailable)? {
        Err(PreviewError::Ingest(IngestError::LimitReached { reached, .. })) => {
            (Some(reached.into()), Problem::from(reached).status.as_u16())
        }
        preview => {
            let is_open = app.store.failure().is_none();
            (preview.map(Into::into).ok(), if is_open { 200 } else { 503 })
        }
    })
}

/// What is found of a delivery without its effect.
struct Found {
    signature: SignatureVerdict,
    reading: Result<Delivery, DecodeError>,
    /// Why it would be refused, if it would.
    refusal: Option<Refusal>,
    location: Option<String>,
}

/// Unpacks a delivery, checks who sent it, and decodes it. The time this takes grows with
/// the size of the body.
fn examine(
    app: &App,
    headers: &HeaderMap,
    url_type: Option<&str>,
    received: Received,
) -> Result<Found, Problem> {
    let posted = Posted::unpack(received, app.limits.webhook_bytes)?;
    let rules = app.policy.admission();
    let delivery = posted.delivery(signature_headers(headers), url_type);
    let Examined { diagnosis, reading, refusal } = rules.examine(&delivery, Timestamp::now());
    let signature = SignatureVerdict::new(&diagnosis, rules.signature_required);
    let reading = reading.map(|it: Admitted<'_>| Delivery::from_decoded(it.text, it.decoded, None));
    let summary = reading.as_ref().map(|delivery| DeliverySummary::of(delivery.decoded()));
    let location = summary.unwrap_or_else(|_| DeliverySummary::sniff(&posted.body)).location;
    Ok(Found { signature, reading, refusal, location })
}
