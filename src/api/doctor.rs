//! The answer of the doctor: what the server would do with a delivery.

use serde::Serialize;

use crate::api::{At, ProblemCode};
use crate::model::{Change, RecordRef, Seq};
use crate::signature::{Diagnosis, Scheme};
use crate::store::{LimitReached, Preview};
use crate::webhook::{DecodeError, Decoded};

/// The answer of `POST /v1/doctor`.
#[derive(Serialize)]
pub struct DoctorResponse<'a> {
    /// Whether the signature holds.
    pub signature: SignatureVerdict,
    /// What the body says.
    pub reading: DeliveryReading<'a>,
    /// What the delivery would change; `None` if it cannot be used.
    pub effect: Option<Effect>,
    /// The status that the sender would receive.
    pub answer: u16,
}

/// Whether the signature of a delivery holds.
#[derive(Serialize)]
pub struct SignatureVerdict {
    /// Whether deliveries without a valid signature are refused.
    pub required: bool,
    /// Whether the signature is valid.
    pub holds: bool,
    /// The header with the valid signature.
    pub header: Option<&'static str>,
    /// Why it is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<&'static str>,
}

impl SignatureVerdict {
    /// Returns the verdict with this diagnosis.
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
    /// Whether it can be read.
    pub ok: bool,
    /// The error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<ProblemCode>,
    /// The member at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    /// The error in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The event type.
    pub event: Option<&'a str>,
    /// Id of the location.
    pub location_id: Option<&'a str>,
    /// Id of the association, relation, record or object key that it concerns.
    pub id: Option<&'a str>,
    /// Id of the association of a relation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub association: Option<&'a str>,
    /// The first end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<EndReading<'a>>,
    /// The second end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<EndReading<'a>>,
    /// The sender's time.
    pub at: Option<At>,
    /// The sender's id of the delivery.
    pub webhook_id: Option<&'a str>,
    /// The sender's trace id.
    pub trace_id: Option<&'a str>,
}

/// One end of an association or relation in a body.
#[derive(Serialize)]
pub struct EndReading<'a> {
    /// Its object key.
    pub object: &'a str,
    /// Its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<&'a str>,
    /// Its record id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
}

impl<'a> DeliveryReading<'a> {
    /// Returns what was decoded.
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
                    code: Some(error.into()),
                    field: error.field(),
                    reason: Some(error.to_string()),
                    ..Self::default()
                };
            }
        };
        let (association, first, second) = match &event.change {
            Change::Association(association) => {
                let end = |end: &'a crate::model::End| EndReading {
                    object: end.object.as_str(),
                    label: Some(&*end.label),
                    record: None,
                };
                (None, Some(end(&association.first)), Some(end(&association.second)))
            }
            Change::Relation(relation) => {
                let end = |end: &'a RecordRef| EndReading {
                    object: end.object.as_str(),
                    label: None,
                    record: Some(end.id.as_str()),
                };
                let association = Some(relation.association.as_str());
                (association, Some(end(&relation.first)), Some(end(&relation.second)))
            }
            Change::Record { object: Some(object), .. } => {
                let end = EndReading { object: object.as_str(), label: None, record: None };
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
    /// What it would do, or `refused`.
    pub status: &'static str,
    /// The sequence number it would get; for a repeat that of the first delivery.
    pub seq: Option<Seq>,
    /// The error code of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<ProblemCode>,
    /// The member at fault in a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    /// The refusal in words.
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
            code: Some((&reached).into()),
            field: reached.field,
            reason: Some(reached.to_string()),
        }
    }
}
