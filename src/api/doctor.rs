//! How a delivery would be taken.

use serde::Serialize;

use crate::api::At;
use crate::model::{Change, RecordRef, Seq};
use crate::signature::{Diagnosis, Scheme};
use crate::store::{LimitReached, Preview};
use crate::webhook::{DecodeError, Decoded};

/// How a delivery would be taken.
#[derive(Serialize)]
pub struct Examination<'a> {
    pub signature: SignatureVerdict,
    pub reading: DeliveryReading<'a>,
    pub effect: Option<Effect>,
    /// The status that the sender would be answered with.
    pub answer: u16,
}

#[derive(Serialize)]
pub struct SignatureVerdict {
    /// Whether deliveries are refused without a good one.
    pub required: bool,
    pub holds: bool,
    pub header: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<&'static str>,
}

impl SignatureVerdict {
    pub fn new(diagnosis: &Diagnosis, required: bool) -> Self {
        Self {
            required,
            holds: diagnosis.verdict.is_ok(),
            header: diagnosis.verdict.ok().map(Scheme::header),
            reason: diagnosis.verdict.err().map(|error| error.to_string()),
            advice: diagnosis.advice,
        }
    }
}

/// What a body says, or why it cannot be read.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryReading<'a> {
    pub ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub event: Option<&'a str>,
    pub location_id: Option<&'a str>,
    /// The id of the association, relation, record or object key it speaks of.
    pub id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub association: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<EndRead<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<EndRead<'a>>,
    pub at: Option<At>,
    pub webhook_id: Option<&'a str>,
    pub trace_id: Option<&'a str>,
}

/// One end of what was read.
#[derive(Serialize)]
pub struct EndRead<'a> {
    pub object: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
}

impl<'a> DeliveryReading<'a> {
    pub fn new(read: Result<&'a Decoded, &DecodeError>) -> Self {
        let event = match read {
            Ok(Decoded::Event(event)) => event,
            Ok(Decoded::Ignored { event_type, location, trace_id }) => {
                return Self {
                    ok: true,
                    event: Some(event_type),
                    location_id: location.as_ref().map(AsRef::as_ref),
                    trace_id: trace_id.as_deref(),
                    ..Self::default()
                };
            }
            Err(error) => {
                return Self {
                    code: Some(error.code()),
                    field: error.field(),
                    reason: Some(error.to_string()),
                    ..Self::default()
                };
            }
        };
        let (association, first, second) = match &event.change {
            Change::Association(association) => {
                let end = |end: &'a crate::model::End| EndRead {
                    object: end.object.as_str(),
                    label: Some(&*end.label),
                    record: None,
                };
                (None, Some(end(&association.first)), Some(end(&association.second)))
            }
            Change::Relation(relation) => {
                let end = |end: &'a RecordRef| EndRead {
                    object: end.object.as_str(),
                    label: None,
                    record: Some(end.id.as_str()),
                };
                let association = Some(relation.association.as_str());
                (association, Some(end(&relation.first)), Some(end(&relation.second)))
            }
            Change::Record { object: Some(object), .. } => {
                let end = EndRead { object: object.as_str(), label: None, record: None };
                (None, Some(end), None)
            }
            _ => (None, None, None),
        };
        Self {
            ok: true,
            event: Some(event.event_type.as_str()),
            location_id: Some(event.location.as_str()),
            id: Some(event.change.entity_id()),
            association,
            first,
            second,
            at: event.at.map(At),
            webhook_id: event.webhook_id.as_ref().map(AsRef::as_ref),
            trace_id: event.trace_id.as_deref(),
            ..Self::default()
        }
    }
}

/// What a delivery would change.
#[derive(Serialize, Default)]
pub struct Effect {
    pub status: &'static str,
    pub seq: Option<Seq>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<Preview> for Effect {
    fn from(preview: Preview) -> Self {
        Self { status: preview.status.as_str(), seq: preview.seq, ..Self::default() }
    }
}

impl From<LimitReached> for Effect {
    fn from(reached: LimitReached) -> Self {
        Self {
            status: "refused",
            seq: None,
            code: Some(reached.code()),
            field: reached.field,
            reason: Some(reached.to_string()),
        }
    }
}
