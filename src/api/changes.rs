//! What changed, one event at a time.

use serde::Serialize;

use crate::api::At;
use crate::model::{Association, Change, ObjectKey, RecordRef, Seq};
use crate::store::AppliedEvent;

/// One change, on one line wherever it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeBody<'a> {
    pub seq: Seq,
    pub r#type: &'static str,
    pub location_id: &'a str,
    pub at: Option<At>,
    pub received_at: At,
    #[serde(flatten)]
    pub about: About<'a>,
}

/// What a change is about. What is not known, or not known yet, is null.
#[derive(Serialize)]
#[serde(untagged)]
pub enum About<'a> {
    #[serde(rename_all = "camelCase")]
    Relation {
        relation: &'a str,
        association: &'a str,
        association_key: Option<&'a str>,
        first_label: Option<&'a str>,
        second_label: Option<&'a str>,
        first: RecordEnd<'a>,
        second: RecordEnd<'a>,
    },
    #[serde(rename_all = "camelCase")]
    Association {
        association: &'a str,
        association_key: Option<&'a str>,
        first_label: Option<&'a str>,
        second_label: Option<&'a str>,
        first: Option<ObjectEnd<'a>>,
        second: Option<ObjectEnd<'a>>,
    },
    Record {
        object: Option<&'a str>,
        record: &'a str,
    },
    Object {
        object: &'a str,
    },
}

#[derive(Serialize)]
pub struct RecordEnd<'a> {
    pub object: &'a str,
    pub record: &'a str,
}

#[derive(Serialize)]
pub struct ObjectEnd<'a> {
    pub object: &'a str,
}

/// Why no more changes come.
#[derive(Debug, Serialize)]
pub struct EndOfChanges {
    pub code: &'static str,
    pub detail: String,
    /// The last event that the reader was sent everything up to, to go on from.
    pub seq: Seq,
}

impl<'a> From<&'a AppliedEvent> for ChangeBody<'a> {
    fn from(applied: &'a AppliedEvent) -> Self {
        let event = &applied.event;
        Self {
            seq: applied.seq,
            r#type: event.event_type.as_str(),
            location_id: event.location.as_str(),
            at: event.at.map(At),
            received_at: At(applied.received_at),
            about: About::new(&event.change, applied.association.as_deref()),
        }
    }
}

impl<'a> About<'a> {
    fn new(change: &'a Change, known: Option<&'a Association>) -> Self {
        match change {
            Change::Relation(relation) => Self::Relation {
                relation: relation.id.as_str(),
                association: relation.association.as_str(),
                association_key: known.map(|known| &*known.key),
                first_label: known.map(|known| &*known.first.label),
                second_label: known.map(|known| &*known.second.label),
                first: RecordEnd::from(&relation.first),
                second: RecordEnd::from(&relation.second),
            },
            Change::Association(told) => Self::Association {
                association: told.id.as_str(),
                association_key: Some(&told.key),
                first_label: Some(&told.first.label),
                second_label: Some(&told.second.label),
                first: Some(ObjectEnd { object: told.first.object.as_str() }),
                second: Some(ObjectEnd { object: told.second.object.as_str() }),
            },
            Change::AssociationDeleted { id, .. } => Self::Association {
                association: id.as_str(),
                association_key: None,
                first_label: None,
                second_label: None,
                first: None,
                second: None,
            },
            Change::Record { object, id } => {
                Self::Record { object: object.as_ref().map(ObjectKey::as_str), record: id.as_str() }
            }
            Change::ObjectSchema(schema) => Self::Object { object: schema.key.as_str() },
        }
    }
}

impl<'a> From<&'a RecordRef> for RecordEnd<'a> {
    fn from(record: &'a RecordRef) -> Self {
        Self { object: record.object.as_str(), record: record.id.as_str() }
    }
}
