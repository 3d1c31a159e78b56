//! `POST /v1/doctor`: how would this delivery be taken? Nothing is stored.

use std::sync::Arc;

use warp::http::HeaderMap;

use crate::api::{DeliveryReading, DoctorResponse, SignatureVerdict};
use crate::http::app::App;
use crate::http::auth::policy::signature_headers;
use crate::http::extract::body::{Body, Posted, Received};
use crate::http::extract::request::Request;
use crate::http::handlers::webhooks;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::model::Timestamp;
use crate::signature::diagnose;
use crate::store::{Delivery, IngestError, PreviewError};
use crate::webhook::{DecodeError, DeliverySummary};

/// Takes a delivery as the sender posted it, body and headers; `type` is the
/// event type that its URL had.
pub(crate) async fn examine_delivery(app: &Arc<App>, request: Request<'_>, body: Body) -> Answer {
    request.query.only(&["type"])?;
    let url_type = request.query.one("type")?.map(str::to_owned);
    let limit = app.limits.webhook_bytes;
    let received = Received::read(app, &request.headers, body, limit).await?;
    let (on, headers) = (Arc::clone(app), request.headers.clone());
    let work = move || read_delivery(&on, &headers, url_type.as_deref(), received);
    let found = app.background.parse(work).await?;
    let Found { signature, read, location } = found?;
    if location.is_some_and(|location| !request.grant.sees(&location)) {
        return Err(Problem::forbidden("the token is not good for this delivery's location"));
    }
    let admitted = !app.policy.webhook_auth || signature.holds;
    let (effect, answer) = match (admitted, &read) {
        (false, _) => (None, 401),
        (true, Err(error)) => (None, Problem::from(error.clone()).status.as_u16()),
        (true, Ok(delivery)) => {
            let (store, delivery) = (Arc::clone(&app.store), delivery.clone());
            let preview = tokio::task::spawn_blocking(move || store.preview(delivery))
                .await
                .map_err(Problem::unavailable)?;
            match preview {
                Err(PreviewError::Ingest(IngestError::LimitReached { reached, .. })) => {
                    (Some(reached.into()), Problem::from(reached).status.as_u16())
                }
                preview => {
                    let is_open = app.store.failure().is_none();
                    (preview.map(Into::into).ok(), if is_open { 200 } else { 503 })
                }
            }
        }
    };
    let reading = DeliveryReading::new(read.as_ref().map(Delivery::decoded));
    json(&DoctorResponse { signature, reading, effect, answer })
}

/// What is found of a delivery without its effect.
struct Found {
    signature: SignatureVerdict,
    read: Result<Delivery, DecodeError>,
    location: Option<String>,
}

/// Unpacks a delivery, checks who sent it, and decodes it. Takes as long as its size.
fn read_delivery(
    app: &App,
    headers: &HeaderMap,
    url_type: Option<&str>,
    received: Received,
) -> Result<Found, Problem> {
    let posted = Posted::unpack(received, app.limits.webhook_bytes)?;
    let policy = &app.policy;
    let headers = signature_headers(headers);
    let diagnosis = diagnose(&policy.verifier, &headers, posted.forms(), Timestamp::now());
    let signature = SignatureVerdict::new(&diagnosis, policy.webhook_auth);
    let id = webhooks::outer_id(app, &headers, diagnosis.verdict.ok());
    let read = posted.delivery(url_type, policy.url_types()).map(|delivery| match id {
        Some(id) => delivery.with_webhook_id(id),
        None => delivery,
    });
    let outline = read.as_ref().map(|delivery| DeliverySummary::of(delivery.decoded()));
    let location = outline.unwrap_or_else(|_| DeliverySummary::peek(&posted.body)).location;
    Ok(Found { signature, read, location })
}
