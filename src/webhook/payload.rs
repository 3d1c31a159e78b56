//! The sender's payload: every member that any event type needs.

use serde::Deserialize;

use crate::webhook::payload_values::{Member, Nested};

/// A body, flat or enveloped. Members that no event needs are ignored; the journal keeps the
/// raw body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payload<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) event_type: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) data: Option<Nested<Payload<'a>>>,
    #[serde(borrow)]
    pub(super) location_id: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) timestamp: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) webhook_id: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) trace_id: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) origin: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) observed_at: Option<Member<'a>>,

    #[serde(borrow)]
    pub(super) id: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) key: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) association_type: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) first_object_key: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) first_object_label: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) second_object_key: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) second_object_label: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) first_object_to_second_object_cardinality: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) second_object_to_first_object_cardinality: Option<Member<'a>>,

    #[serde(borrow)]
    pub(super) association_id: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) first_record_id: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) second_record_id: Option<Member<'a>>,

    #[serde(borrow)]
    pub(super) object_key: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) labels: Option<Nested<SchemaLabels<'a>>>,
}

/// The singular and plural names of an object key.
#[derive(Debug, Deserialize)]
pub(super) struct SchemaLabels<'a> {
    #[serde(borrow)]
    pub(super) singular: Option<Member<'a>>,
    #[serde(borrow)]
    pub(super) plural: Option<Member<'a>>,
}
