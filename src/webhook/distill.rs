//! What is kept of bodies that hold more than Relata reads: addresses, phone numbers, notes.

use serde::Serialize;
use serde_json::Value;

use crate::model::{Change, Event};
use crate::webhook::event_body::origin_member;

/// How much is kept of the bodies that say what something is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// The whole body.
    Bodies,
    /// The members that Relata reads, with the one name.
    #[default]
    Names,
    /// No names: events that say nothing else are ignored.
    Ids,
}

/// A body with the members that Relata reads, and no others.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DistilledBody<'e> {
    r#type: &'e str,
    id: &'e str,
    location_id: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_key: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'e str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<DistilledProperty<'e>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DistilledProperty<'e> {
    key: &'e str,
    value_string: &'e str,
}

/// Returns what is kept of the body of an event that says what something is called, or
/// `None` if the body holds nothing else: see
/// [`EventType::has_name`](crate::EventType::has_name).
///
/// What is kept decodes to the same event, whatever the URL that the body was posted to.
///
/// # Performance
///
/// Costs a pass over a body of up to about the size of what is kept of it.
pub fn distill(event: &Event, body: &str) -> Option<String> {
    if !event.event_type.has_name() {
        return None;
    }
    let distilled = distilled_body(event);
    let is_same = || {
        let parsed = |text| serde_json::from_str::<Value>(text).ok();
        parsed(body) == parsed(&distilled)
    };
    let is_longer = body.len() > 2 * distilled.len();
    (is_longer || !is_same()).then_some(distilled)
}

/// Returns the body of an event with the members that Relata reads alone.
pub(crate) fn distilled_body(event: &Event) -> String {
    let (object_key, name, properties) = match &event.change {
        Change::Record { object, properties, .. } if event.event_type.is_of_record() => {
            (object.as_ref().map(AsRef::as_ref), None, &**properties)
        }
        Change::Record { properties, .. } => {
            (None, properties.first().map(|name| &*name.value), &[][..])
        }
        Change::Location { name, .. } => (None, name.as_deref(), &[][..]),
        _ => (None, None, &[][..]),
    };
    let body = DistilledBody {
        r#type: event.event_type.as_str(),
        id: event.change.entity_id(),
        location_id: event.location.as_str(),
        object_key,
        timestamp: event.at.map(|at| at.to_string()),
        webhook_id: event.webhook_id.as_ref().map(AsRef::as_ref),
        trace_id: event.trace_id.as_deref(),
        origin: origin_member(event.origin),
        observed_at: event.observed_at.map(|at| at.to_string()),
        name,
        properties: properties
            .iter()
            .map(|it| DistilledProperty { key: &it.key, value_string: &it.value })
            .collect(),
    };
    serde_json::to_string(&body).unwrap_or_default()
}
