//! Writes the bodies of events that this store makes itself, in the form of the sender's.

use serde::Serialize;

use crate::model::{Association, Change, Event, Origin, RecordRef};

/// The members of a body. Absent ones are left out.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct EventBody<'e> {
    r#type: &'e str,
    location_id: &'e str,
    id: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    association_type: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_object_key: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_object_label: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_record_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_object_key: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_object_label: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_record_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_object_to_second_object_cardinality: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_object_to_first_object_cardinality: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    association_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_key: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'e str>,
}

impl<'e> EventBody<'e> {
    fn of(event: &'e Event) -> Self {
        Self {
            r#type: event.event_type.as_str(),
            location_id: event.location.as_str(),
            id: event.change.entity_id(),
            timestamp: event.at.map(|at| at.to_string()),
            observed_at: event.observed_at.map(|at| at.to_string()),
            trace_id: event.trace_id.as_deref(),
            origin: origin_member(event.origin),
            ..Self::default()
        }
    }

    fn with_definition(self, it: &'e Association) -> Self {
        Self {
            key: Some(&it.key),
            association_type: Some(&it.association_type),
            first_object_key: Some(it.first.object.as_str()),
            first_object_label: Some(&it.first.label),
            second_object_key: Some(it.second.object.as_str()),
            second_object_label: Some(&it.second.label),
            first_object_to_second_object_cardinality: it.first_to_second.as_deref(),
            second_object_to_first_object_cardinality: it.second_to_first.as_deref(),
            ..self
        }
    }

    fn with_ends(self, first: &'e RecordRef, second: &'e RecordRef) -> Self {
        Self {
            first_object_key: Some(first.object.as_str()),
            first_record_id: Some(first.id.as_str()),
            second_object_key: Some(second.object.as_str()),
            second_record_id: Some(second.id.as_str()),
            ..self
        }
    }

    fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Returns the member that says where an event came from, which webhooks lack.
pub(super) fn origin_member(origin: Origin) -> Option<&'static str> {
    (origin != Origin::Webhook).then(|| origin.as_str())
}

/// Writes the body of an event of a relation, or of a record with these properties, which are
/// JSON.
pub(crate) fn event_body(event: &Event, properties: Option<&str>) -> String {
    let body = EventBody::of(event);
    let body = match &event.change {
        Change::Relation(it) => EventBody {
            association_id: Some(it.association.as_str()),
            ..body.with_ends(&it.first, &it.second)
        },
        Change::Association(it) => body.with_definition(it),
        Change::Record { object, .. } => {
            EventBody { object_key: object.as_ref().map(AsRef::as_ref), ..body }
        }
        Change::AssociationDeleted { .. } | Change::ObjectSchema(_) | Change::Location { .. } => {
            body
        }
    };
    let mut text = body.write();
    if let Some(properties) = properties
        && text.pop() == Some('}')
    {
        text.push_str(",\"properties\":");
        text.push_str(properties);
        text.push('}');
    }
    text
}

/// Writes the body of the delete of an association, which holds its definition.
pub(crate) fn association_delete_body(event: &Event, definition: &Association) -> String {
    EventBody::of(event).with_definition(definition).write()
}
