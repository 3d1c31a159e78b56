//! `POST /webhooks` and `POST /webhooks/{EventType}`: receives deliveries.

use std::sync::Arc;

use tokio::sync::oneshot;
use warp::http::HeaderMap;

use crate::api::ReceiptResponse;
use crate::http::app::App;
use crate::http::auth::policy::signature_headers;
use crate::http::extract::body::{Body, Posted, Received};
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json_written};
use crate::http::respond::plain_json::write_receipt;
use crate::http::respond::problem::Problem;
use crate::journal::Refused;
use crate::model::Timestamp;
use crate::signature::Scheme;
use crate::store::{Delivery, IngestError, Receipt};
use crate::webhook::{AdmissionRules, Admitted, Decoded, DeliverySummary, Refusal};

/// Headers that distinguish the attempts of a sender. Signatures and tokens are not kept;
/// `webhook-id` is kept where it counts.
const KEPT_HEADERS: [&str; 6] = [
    "content-type",
    "user-agent",
    "webhook-timestamp",
    "svix-timestamp",
    "deliveryid",
    "x-request-id",
];

/// Maximum size of a header that is kept, in bytes.
const KEPT_HEADER_BYTES: usize = 512;

/// Answers once the delivery is on disk and visible to every query.
pub(crate) async fn receive_delivery(app: &Arc<App>, request: Request<'_>, body: Body) -> Answer {
    match accept(app, &request, body).await {
        Ok(receipt) => {
            app.metrics.delivered(Some(&receipt.event_type), receipt.status.as_str());
            let receipt = ReceiptResponse::new(&receipt, request.id);
            json_written(256, |body| write_receipt(body, &receipt))
        }
        Err(problem) => {
            let summary = problem.summary.as_ref();
            let event_type = summary.and_then(|summary| summary.event.as_deref());
            app.metrics.delivered(event_type, problem.code.as_str());
            Err(problem)
        }
    }
}

/// The client that all deliveries are parsed for: before that, nothing shows who sent one.
const DELIVERIES: &str = "deliveries";

async fn accept(app: &Arc<App>, request: &Request<'_>, body: Body) -> Result<Receipt, Problem> {
    let url_type = Some(request.path_param("eventType")).filter(|name| !name.is_empty());
    AdmissionRules::check_url_type(url_type)?;
    let raw = Received::read(app, &request.headers, body, app.limits.webhook_bytes).await?;
    let examined = if raw.is_large() {
        // Headers are few beside such a body.
        let (on, headers) = (Arc::clone(app), request.headers.clone());
        let url_type = url_type.map(str::to_owned);
        let work = move || examine(&on, &headers, url_type.as_deref(), raw);
        app.background.parse(DELIVERIES, work).await?
    } else {
        examine(app, &request.headers, url_type, raw)
    };
    let (delivery, scheme) = match examined {
        Ok(good) => good,
        Err(Unusable { problem, kept }) => {
            if let Some(kept) = kept {
                keep(app, *kept).await?;
            }
            return Err(*problem);
        }
    };
    // For the log, should it fail: a delivery that cannot be written is not handed back.
    let summary = DeliverySummary::of(delivery.decoded());
    let (reached, delivery) = match write(app, delivery).await {
        Ok(receipt) => return Ok(receipt),
        Err(IngestError::LimitReached { reached, delivery }) => (reached, delivery),
        Err(error) => return Err(Problem::from(error).with_summary(summary)),
    };
    let mut problem = Problem::from(reached).with_summary(summary);
    problem.trace_id = trace_id(&delivery);
    let id = app.policy.admission().outer_id(&signature_headers(&request.headers), scheme);
    let headers = kept_headers(&request.headers, id, false);
    let body = delivery.into_body().into_bytes();
    keep(app, refused(headers, url_type, &problem, body)).await?;
    Err(problem)
}

/// Writes a delivery, and waits until it is on disk.
async fn write(app: &App, delivery: Delivery) -> Result<Receipt, IngestError> {
    let (sender, receiver) = oneshot::channel();
    // Without a receiver the client has disconnected; its next attempt learns it.
    app.store.submit(delivery, move |result| sender.send(result).unwrap_or_default())?;
    let receipt = app.written(receiver).await?;
    tracing::debug!(
        event = &*receipt.event_type,
        status = receipt.status.as_str(),
        seq = receipt.seq,
        trace_id = receipt.trace_id.as_deref(),
        "delivery accepted"
    );
    Ok(receipt)
}

/// A delivery that is refused, and what is kept of it.
struct Unusable {
    problem: Box<Problem>,
    kept: Option<Box<Refused>>,
}

impl From<Problem> for Unusable {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), kept: None }
    }
}

/// Unpacks a delivery, checks who sent it, and decodes it. The time this takes grows with
/// the size of the body.
fn examine(
    app: &App,
    headers: &HeaderMap,
    url_type: Option<&str>,
    received: Received,
) -> Result<(Delivery, Option<Scheme>), Unusable> {
    let posted = Posted::unpack(received, app.limits.webhook_bytes)?;
    let (rules, signatures) = (app.policy.admission(), signature_headers(headers));
    let refusal = match rules.admit(&posted.delivery(signatures, url_type), Timestamp::now()) {
        Ok(Admitted { text, decoded, scheme }) => {
            return Ok((Delivery::from_decoded(text, decoded, None), scheme));
        }
        Err(refusal) => refusal,
    };
    let id = match &refusal {
        Refusal::Body { scheme, .. } => Some(rules.outer_id(&signatures, *scheme)),
        // Only a delivery whose sender is known is kept.
        Refusal::Signature(_) | Refusal::UrlType => None,
    };
    let problem = Problem::from(refusal).with_summary(DeliverySummary::sniff(&posted.body));
    let kept = id.map(|id| {
        let headers = kept_headers(headers, id, posted.is_broken());
        Box::new(refused(headers, url_type, &problem, posted.body))
    });
    Err(Unusable { problem: Box::new(problem), kept })
}

/// Makes a refused delivery durable; if that fails, the sender must try again.
async fn keep(app: &App, refused: Refused) -> Result<(), Problem> {
    let (sender, receiver) = oneshot::channel();
    app.store.keep_refused(refused, move |result| sender.send(result).unwrap_or_default())?;
    Ok(app.written(receiver).await?)
}

/// Returns the headers that are kept. A body is kept unpacked; with one that cannot be
/// unpacked, its encoding is kept.
fn kept_headers(
    headers: &HeaderMap,
    webhook_id: Option<&str>,
    is_packed: bool,
) -> Vec<(String, String)> {
    let text = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.to_owned(), value.get(..KEPT_HEADER_BYTES).unwrap_or(value).to_owned()))
    };
    let id = webhook_id.map(|id| ("webhook-id".to_owned(), id.to_owned()));
    let encoding = is_packed.then(|| text("content-encoding")).flatten();
    KEPT_HEADERS.iter().filter_map(|name| text(name)).chain(encoding).chain(id).collect()
}

/// Returns the sender's own trace id.
fn trace_id(delivery: &Delivery) -> Option<Box<str>> {
    match delivery.decoded() {
        Decoded::Event(event) => event.trace_id.clone(),
        Decoded::Ignored { trace_id, .. } => trace_id.clone(),
    }
}

fn refused(
    headers: Vec<(String, String)>,
    url_type: Option<&str>,
    problem: &Problem,
    body: Vec<u8>,
) -> Refused {
    Refused {
        received_at: Timestamp::now(),
        url_type: url_type.map(str::to_owned),
        location: problem.summary.as_ref().and_then(|summary| summary.location.clone()),
        code: problem.code.as_str(),
        field: problem.field.as_deref().map(str::to_owned),
        reason: problem.detail.to_string(),
        headers,
        body,
    }
}
