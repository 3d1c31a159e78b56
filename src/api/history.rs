//! Answers about the history of a thing, and the events of a location.

use serde::Serialize;

use crate::api::{At, PageInfo, before_cursor};
use crate::graph::Order;
use crate::model::{EpochId, EventId, Seq};
use crate::store::{AcceptedEvent, EventPage, HistoryEvent, HistoryPage};

/// An event in the history of a thing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEventBody<'a> {
    /// Its sequence number.
    pub seq: Seq,
    /// Its event type.
    pub r#type: &'a str,
    /// The id of the association, relation, record or object key that it concerns.
    pub id: &'a str,
    /// The sender's time.
    pub timestamp: Option<At>,
    /// When it was received.
    pub received_at: At,
    /// The sender's id of the delivery.
    pub webhook_id: Option<&'a str>,
    /// Where it came from: `webhook`, `api`, `pull` or `drift`.
    pub origin: &'static str,
    /// When what it says was read from the sender; absent if it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<At>,
    /// What the event says the thing is called; absent if it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// Number of deliveries, repeats included.
    pub deliveries: u64,
}

/// The answer of `GET …/history`.
#[derive(Serialize)]
pub struct HistoryResponse<'a> {
    /// The events, in the order of the request.
    pub events: Vec<HistoryEventBody<'a>>,
    /// Where the list continues; incomplete if events were pruned.
    #[serde(flatten)]
    pub listed: PageInfo,
}

impl<'a> HistoryResponse<'a> {
    /// Returns the answer with this page.
    pub fn new(page: &'a HistoryPage, seq: Seq) -> Self {
        let body = |event: &'a HistoryEvent| HistoryEventBody {
            seq: event.seq,
            r#type: &event.event_type,
            id: &event.id,
            timestamp: event.at.map(At),
            received_at: At(event.received_at),
            webhook_id: event.webhook_id.as_deref(),
            origin: event.origin.as_str(),
            observed_at: event.observed_at.map(At),
            name: event.name.as_deref(),
            deliveries: event.deliveries,
        };
        let next = page.next.map(|next| match page.order {
            Order::Oldest => next.to_string(),
            Order::Newest => before_cursor(next),
        });
        let events = page.events.iter().map(body).collect();
        Self { events, listed: PageInfo::of(next, page.pruned == 0, seq) }
    }
}

/// An accepted event with its body.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventBody<'a> {
    /// Its sequence number.
    pub seq: Seq,
    /// Its event type.
    pub r#type: &'a str,
    /// The sender's time.
    pub timestamp: Option<At>,
    /// When it was received.
    pub received_at: At,
    /// The sender's id of the delivery.
    pub webhook_id: Option<&'a str>,
    /// The body as it was received, byte for byte.
    pub body: &'a str,
}

/// The answer of `GET …/events`.
#[derive(Serialize)]
pub struct EventsResponse<'a> {
    /// The events, oldest first.
    pub events: Vec<EventBody<'a>>,
    /// Where the list continues; incomplete if events of the page were pruned.
    #[serde(flatten)]
    pub listed: PageInfo,
}

impl<'a> EventsResponse<'a> {
    /// Returns the answer with a page of the events after `after`. The cursor names the
    /// epoch.
    pub fn new(page: &'a EventPage, after: Seq, seq: Seq, epoch: Option<EpochId>) -> Self {
        let body = |event: &'a AcceptedEvent| EventBody {
            seq: event.seq,
            r#type: &event.event_type,
            timestamp: event.at.map(At),
            received_at: At(event.received_at),
            webhook_id: event.webhook_id.as_deref(),
            body: &event.body,
        };
        let next = page.next.map(|seq| EventId { seq, epoch }.to_string());
        let events = page.events.iter().map(body).collect();
        Self { events, listed: PageInfo::of(next, page.pruned <= after, seq) }
    }
}
