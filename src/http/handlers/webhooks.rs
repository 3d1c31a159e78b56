//! `POST /webhooks`, `POST /webhooks/{EventType}`: deliveries come in.

use std::sync::Arc;

use tokio::sync::oneshot;
use warp::http::HeaderMap;

use crate::api::ReceiptResponse;
use crate::http::app::App;
use crate::http::auth::policy::signature_headers;
use crate::http::extract::body::{Body, Posted, Received};
use crate::http::extract::request::Request;
use crate::http::respond::json::{Answer, json};
use crate::http::respond::problem::Problem;
use crate::journal::Refused;
use crate::model::Timestamp;
use crate::signature::{Scheme, SignatureHeaders};
use crate::store::{Delivery, IngestError, Receipt};
use crate::webhook::{Decoded, DeliverySummary, MAX_ID_BYTES};

/// Headers that tell one attempt of a sender from another. No signature, no
/// token; `webhook-id` is kept where it counts.
const KEPT_HEADERS: [&str; 6] = [
    "content-type",
    "user-agent",
    "webhook-timestamp",
    "svix-timestamp",
    "deliveryid",
    "x-request-id",
];

/// The longest header that is kept, in bytes.
const KEPT_HEADER_BYTES: usize = 512;

/// Answers once the delivery is on disk and every question sees it.
pub(crate) async fn receive_delivery(app: &Arc<App>, request: Request<'_>, body: Body) -> Answer {
    match accept(app, &request, body).await {
        Ok(receipt) => {
            app.metrics.delivered(Some(&receipt.event_type), receipt.status.as_str());
            json(&ReceiptResponse::new(&receipt, request.id))
        }
        Err(problem) => {
            let outline = problem.summary.as_ref();
            let event_type = outline.and_then(|outline| outline.event.as_deref());
            app.metrics.delivered(event_type, problem.code.as_str());
            Err(problem)
        }
    }
}

async fn accept(app: &Arc<App>, request: &Request<'_>, body: Body) -> Result<Receipt, Problem> {
    if request.segment("eventType").len() > MAX_ID_BYTES {
        // It would be kept beside a body that is refused, where nothing bounds it.
        return Err(Problem::not_found("no event type has so long a name"));
    }
    let url_type = Some(request.segment("eventType")).filter(|name| !name.is_empty());
    let limit = app.limits.webhook_bytes;
    let raw = Received::read(app, &request.headers, body, limit).await?;
    let examined = if raw.is_large() {
        // Headers are few beside such a body.
        let (on, headers) = (Arc::clone(app), request.headers.clone());
        let url_type = url_type.map(str::to_owned);
        let work = move || examine(&on, &headers, url_type.as_deref(), raw);
        app.background.parse(work).await?
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
    let outline = DeliverySummary::of(delivery.decoded());
    let (sender, receiver) = oneshot::channel();
    app.store
        .submit(delivery, move |result| {
            // A sender that hung up learns it from its next attempt: the event is kept.
            sender.send(result).unwrap_or_default();
        })
        .map_err(|error| Problem::from(error).with_summary(outline.clone()))?;
    let result = receiver.await.map_err(|_| Problem::unavailable("the writer has stopped"))?;
    let receipt = match result {
        Ok(receipt) => receipt,
        Err(IngestError::LimitReached { reached, delivery }) => {
            let mut problem = Problem::from(reached).with_summary(outline);
            problem.trace_id = trace_id(&delivery);
            let id = outer_id(app, &signature_headers(&request.headers), scheme);
            let headers = kept_headers(&request.headers, id, false);
            let body = delivery.into_body().into_bytes();
            keep(app, refused(headers, url_type, &problem, body)).await?;
            return Err(problem);
        }
        Err(error) => return Err(Problem::from(error).with_summary(outline)),
    };
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

/// Unpacks a delivery, checks who sent it, and decodes it. Takes as long as its size.
fn examine(
    app: &App,
    headers: &HeaderMap,
    url_type: Option<&str>,
    received: Received,
) -> Result<(Delivery, Option<Scheme>), Unusable> {
    let signatures = signature_headers(headers);
    let posted = Posted::unpack(received, app.limits.webhook_bytes)?;
    let scheme = app
        .policy
        .admit(&signatures, posted.forms())
        .map_err(|error| Problem::bad_signature(error).about(&posted.body))?;
    let id = outer_id(app, &signatures, scheme);
    let mut delivery = match posted.delivery(url_type, app.policy.url_types()) {
        Ok(delivery) => delivery,
        Err(error) => {
            let problem = Problem::from(error).about(&posted.body);
            let headers = kept_headers(headers, id, posted.is_broken());
            let kept = Some(Box::new(refused(headers, url_type, &problem, posted.body)));
            return Err(Unusable { problem: Box::new(problem), kept });
        }
    };
    if let Some(id) = id {
        delivery = delivery.with_webhook_id(id);
    }
    Ok((delivery, scheme))
}

/// The id of the delivery in the header of Standard Webhooks, where the sender
/// has signed it or nothing need be signed.
pub(crate) fn outer_id<'h>(
    app: &App,
    headers: &SignatureHeaders<'h>,
    scheme: Option<Scheme>,
) -> Option<&'h str> {
    let id = headers.delivery_id(scheme, app.policy.webhook_auth);
    id.filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES)
}

/// Makes a refused delivery durable, or says that the sender must try again.
async fn keep(app: &App, refused: Refused) -> Result<(), Problem> {
    let (sender, receiver) = oneshot::channel();
    app.store.keep_refused(refused, move |result| sender.send(result).unwrap_or_default())?;
    receiver.await.map_err(|_| Problem::unavailable("the writer has stopped"))??;
    Ok(())
}

/// A body is kept unpacked; of one that cannot be unpacked it is kept how it is packed.
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

/// The sender's own trace id.
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
        location: DeliverySummary::peek(&body).location,
        code: problem.code.as_str(),
        field: problem.field.as_deref().map(str::to_owned),
        reason: problem.detail.to_string(),
        headers,
        body,
    }
}
