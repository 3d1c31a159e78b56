//! `POST /webhooks`, `POST /webhooks/{EventType}`: deliveries come in.

use std::sync::Arc;

use futures_util::Stream;
use tokio::sync::oneshot;
use warp::Buf;

use super::answer::{Answer, json};
use super::app::App;
use super::body;
use super::problem::Problem;
use super::request::Request;
use crate::model::Timestamp;
use crate::store::Delivery;
use crate::wire::ReceiptBody;

/// Answers once the delivery is on disk and every question sees it.
pub(super) async fn receive<S, B>(app: Arc<App>, request: Request<'_>, body: S) -> Answer
where
    S: Stream<Item = Result<B, warp::Error>>,
    B: Buf,
{
    request.query.only(&[])?;
    body::check_content_type(&request.headers)?;
    let bytes = body::read(&request.headers, body, &app.limits).await?;
    let url_type = Some(request.segment("eventType")).filter(|name| !name.is_empty());
    let delivery = Delivery::read(&bytes, url_type, Timestamp::now())?;
    let (sender, receiver) = oneshot::channel();
    app.store.submit(delivery, move |result| {
        // A sender that hung up is told by its next attempt: the event is kept.
        sender.send(result).unwrap_or_default();
    })?;
    let receipt = receiver.await.map_err(|_| Problem::unavailable("the writer has stopped"))??;
    tracing::debug!(
        event = &*receipt.event_type,
        status = receipt.status.as_str(),
        seq = receipt.seq,
        trace_id = receipt.trace_id.as_deref(),
        "delivery accepted"
    );
    let fresh = if receipt.trace_id.is_none() { app.trace_id() } else { String::new() };
    json(&ReceiptBody::new(&receipt, &fresh))
}
