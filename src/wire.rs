//! Our JSON, as the contract with the outside has it: what the HTTP API answers
//! and what the command line prints for programs.
//!
//! The members mean what the types that they are made from say.

#![expect(
    missing_docs,
    reason = "each type mirrors one of the graph's or store's, documented there"
)]

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

use crate::graph::{
    AssociationCount, Counts, Link, LinkPage, LocationGraph, ObjectCount, RecordLine,
};
use crate::journal::DeadLetter;
use crate::model::{Change, LocationId, RecordRef, Seq, Timestamp};
use crate::signature::{Diagnosis, Scheme};
use crate::store::{Preview, Receipt};
use crate::webhook::{DecodeError, Decoded};

/// A time as RFC 3339 text.
pub struct At(pub Timestamp);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// What every list says beside its named array.
#[derive(Serialize)]
pub struct Listed {
    pub next: Option<String>,
    pub complete: bool,
    pub seq: Seq,
}

impl Listed {
    pub fn new(next: Option<String>, seq: Seq) -> Self {
        Self { complete: next.is_none(), next, seq }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptBody<'a> {
    pub status: &'static str,
    pub event: &'a str,
    pub location_id: Option<&'a str>,
    pub seq: Option<Seq>,
    pub trace_id: &'a str,
}

impl<'a> ReceiptBody<'a> {
    pub fn new(receipt: &'a Receipt, fresh_trace_id: &'a str) -> Self {
        Self {
            status: receipt.status.as_str(),
            event: &receipt.event_type,
            location_id: receipt.location.as_ref().map(AsRef::as_ref),
            seq: receipt.seq,
            trace_id: receipt.trace_id.as_deref().unwrap_or(fresh_trace_id),
        }
    }
}

/// A delivery that was refused, as lists show it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterLine<'a> {
    pub id: u64,
    pub first_at: At,
    pub last_at: At,
    pub times: u64,
    pub code: &'a str,
    pub field: Option<&'a str>,
    pub reason: &'a str,
    /// The event type of its URL.
    pub event: Option<&'a str>,
    pub location_id: Option<&'a str>,
    pub bytes: usize,
}

impl<'a> DeadLetterLine<'a> {
    pub fn new(letter: &'a DeadLetter) -> Self {
        Self {
            id: letter.id,
            first_at: At(letter.first_at),
            last_at: At(letter.last_at),
            times: letter.times,
            code: &letter.code,
            field: letter.field.as_deref(),
            reason: &letter.reason,
            event: letter.url_type.as_deref(),
            location_id: letter.location.as_deref(),
            bytes: letter.body.len(),
        }
    }
}

/// A delivery that was refused, whole: the body as text, or as base64 where it is
/// none.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterBody<'a> {
    #[serde(flatten)]
    pub line: DeadLetterLine<'a>,
    pub headers: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<String>,
}

impl<'a> DeadLetterBody<'a> {
    pub fn new(letter: &'a DeadLetter) -> Self {
        let headers = letter.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        let body = std::str::from_utf8(&letter.body).ok();
        let body_base64 = body.is_none().then(|| STANDARD.encode(&letter.body));
        Self { line: DeadLetterLine::new(letter), headers, body, body_base64 }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetters<'a> {
    pub dead_letters: Vec<DeadLetterLine<'a>>,
    #[serde(flatten)]
    pub listed: Listed,
    /// All that are kept, not those of this page alone; absent for a token of
    /// some locations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The oldest that made room for others, ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<u64>,
}

/// What trying every dead letter again has given.
#[derive(Serialize, Default, Debug)]
pub struct Replayed {
    pub accepted: u64,
    /// Those that still cannot be used.
    pub refused: u64,
}

/// How a delivery would be taken.
#[derive(Serialize)]
pub struct Examination<'a> {
    pub signature: SignatureVerdict,
    pub reading: Reading<'a>,
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
pub struct Reading<'a> {
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

impl<'a> Reading<'a> {
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
#[derive(Serialize)]
pub struct Effect {
    pub status: &'static str,
    pub seq: Option<Seq>,
}

impl From<Preview> for Effect {
    fn from(preview: Preview) -> Self {
        Self { status: preview.status.as_str(), seq: preview.seq }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkBody<'a> {
    pub object: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a str>,
    pub label: Option<&'a str>,
    pub own_label: Option<&'a str>,
    pub side: &'static str,
    pub association: &'a str,
    pub association_key: Option<&'a str>,
    pub association_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<&'a str>,
    pub at: Option<At>,
    pub seq: Seq,
}

impl<'a> From<&Link<'a>> for LinkBody<'a> {
    fn from(link: &Link<'a>) -> Self {
        Self {
            object: link.object,
            record: link.record,
            label: link.label,
            own_label: link.own_label,
            side: link.side.as_str(),
            association: link.association,
            association_key: link.association_key,
            association_type: link.association_type,
            relation: link.relation,
            at: link.at.map(At),
            seq: link.seq,
        }
    }
}

#[derive(Serialize)]
pub struct Links<'a> {
    #[serde(serialize_with = "each_link")]
    pub links: &'a [Link<'a>],
    /// Absent where it is not known without a scan.
    pub total: Option<u64>,
    #[serde(flatten)]
    pub listed: Listed,
}

/// Bodies one by one: a list of them would cost more than writing them does.
fn each_link<S: Serializer>(links: &[Link<'_>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(links.iter().map(LinkBody::from))
}

impl<'a> Links<'a> {
    pub fn new(page: &'a LinkPage<'a>, seq: Seq) -> Self {
        Self {
            links: &page.links,
            total: page.total,
            listed: Listed::new(page.next.map(|next| next.to_string()), seq),
        }
    }
}

#[derive(Serialize)]
pub struct RecordBody<'a> {
    pub record: &'a str,
    pub links: u64,
}

impl<'a> From<&RecordLine<'a>> for RecordBody<'a> {
    fn from(line: &RecordLine<'a>) -> Self {
        Self { record: line.record, links: line.links }
    }
}

#[derive(Serialize)]
pub struct Records<'a> {
    pub records: Vec<RecordBody<'a>>,
    #[serde(flatten)]
    pub listed: Listed,
}

#[derive(Serialize)]
pub struct ObjectBody<'a> {
    pub object: &'a str,
    pub associations: u64,
    pub records: u64,
}

impl<'a> From<&ObjectCount<'a>> for ObjectBody<'a> {
    fn from(count: &ObjectCount<'a>) -> Self {
        let ObjectCount { object, associations, records, .. } = *count;
        Self { object, associations, records }
    }
}

#[derive(Serialize)]
pub struct Objects<'a> {
    pub objects: Vec<ObjectBody<'a>>,
    #[serde(flatten)]
    pub listed: Listed,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssociationBody<'a> {
    pub id: &'a str,
    pub key: &'a str,
    pub association_type: &'a str,
    pub first_object_key: &'a str,
    pub first_object_label: &'a str,
    pub second_object_key: &'a str,
    pub second_object_label: &'a str,
    pub first_object_to_second_object_cardinality: Option<&'a str>,
    pub second_object_to_first_object_cardinality: Option<&'a str>,
    pub relations: u64,
}

impl<'a> From<&AssociationCount<'a>> for AssociationBody<'a> {
    fn from(count: &AssociationCount<'a>) -> Self {
        let association = count.association;
        Self {
            id: association.id.as_str(),
            key: &association.key,
            association_type: &association.association_type,
            first_object_key: association.first.object.as_str(),
            first_object_label: &association.first.label,
            second_object_key: association.second.object.as_str(),
            second_object_label: &association.second.label,
            first_object_to_second_object_cardinality: association.first_to_second.as_deref(),
            second_object_to_first_object_cardinality: association.second_to_first.as_deref(),
            relations: count.relations,
        }
    }
}

#[derive(Serialize)]
pub struct Associations<'a> {
    pub associations: Vec<AssociationBody<'a>>,
    #[serde(flatten)]
    pub listed: Listed,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CountsBody {
    pub objects: u64,
    pub associations: u64,
    pub records: u64,
    pub relations: u64,
    pub pending_associations: u64,
}

impl From<Counts> for CountsBody {
    fn from(counts: Counts) -> Self {
        let Counts { objects, associations, records, relations, pending_associations } = counts;
        Self { objects, associations, records, relations, pending_associations }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LocationBody {
    pub location_id: String,
    #[serde(flatten)]
    pub counts: CountsBody,
}

#[derive(Serialize)]
pub struct Locations {
    pub locations: Vec<LocationBody>,
    #[serde(flatten)]
    pub listed: Listed,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SummaryBody<'a> {
    pub location_id: &'a str,
    #[serde(flatten)]
    pub counts: CountsBody,
    /// Relations for each association.
    pub by_association: Vec<AssociationBody<'a>>,
    pub seq: Seq,
}

impl<'a> SummaryBody<'a> {
    pub fn new(location: &'a LocationId, graph: &'a LocationGraph, seq: Seq) -> Self {
        Self {
            location_id: location.as_str(),
            counts: graph.counts().into(),
            by_association: graph.associations().map(|row| AssociationBody::from(&row)).collect(),
            seq,
        }
    }
}
