//! The change feed: one event at a time.

use serde::Serialize;

use crate::api::At;
use crate::model::{Change, ObjectKey, RecordRef, Seq};
use crate::store::AppliedEvent;

/// A change: an event that was applied, on one line wherever it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeBody<'a> {
    /// Its sequence number.
    pub seq: Seq,
    /// Its event type.
    pub r#type: &'static str,
    /// Id of the location.
    pub location_id: &'a str,
    /// The sender's time.
    pub at: Option<At>,
    /// When it was received.
    pub received_at: At,
    /// What it concerns.
    #[serde(flatten)]
    pub about: About<'a>,
}

/// What a change concerns. Members that are not known, or not known yet, are null.
#[derive(Serialize)]
#[serde(untagged)]
pub enum About<'a> {
    /// A relation was created or deleted.
    #[serde(rename_all = "camelCase")]
    Relation {
        /// Id of the relation.
        relation: &'a str,
        /// Id of the association.
        association: &'a str,
        /// Key of the association.
        association_key: Option<&'a str>,
        /// Label of the first end.
        first_label: Option<&'a str>,
        /// Label of the second end.
        second_label: Option<&'a str>,
        /// The first end.
        first: RecordEnd<'a>,
        /// The second end.
        second: RecordEnd<'a>,
    },
    /// An association was created, changed or deleted.
    #[serde(rename_all = "camelCase")]
    Association {
        /// Id of the association.
        association: &'a str,
        /// Key of the association.
        association_key: Option<&'a str>,
        /// Label of the first end.
        first_label: Option<&'a str>,
        /// Label of the second end.
        second_label: Option<&'a str>,
        /// The first end.
        first: Option<ObjectEnd<'a>>,
        /// The second end.
        second: Option<ObjectEnd<'a>>,
    },
    /// A record was created, changed or deleted.
    Record {
        /// The object key.
        object: Option<&'a str>,
        /// Id of the record.
        record: &'a str,
        /// What people call it; absent while unknown.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
    },
    /// The schema of an object key was created or changed.
    Object {
        /// The object key.
        object: &'a str,
    },
    /// The location itself was created or changed.
    Location {
        /// What people call it, if the event says so.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
    },
}

/// The record on one end of a relation.
#[derive(Serialize)]
pub struct RecordEnd<'a> {
    /// Its object key.
    pub object: &'a str,
    /// Its id.
    pub record: &'a str,
    /// What people call it; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
}

/// The object key on one end of an association.
#[derive(Serialize)]
pub struct ObjectEnd<'a> {
    /// The object key.
    pub object: &'a str,
}

/// The final event of a feed: why no more changes follow.
#[derive(Debug, Serialize)]
pub struct EndOfChanges {
    /// The error code, as in a problem.
    pub code: &'static str,
    /// The reason in words.
    pub detail: String,
    /// The event to resume after: everything up to it was sent.
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
            about: About::new(applied),
        }
    }
}

impl<'a> About<'a> {
    fn new(applied: &'a AppliedEvent) -> Self {
        let known = applied.association.as_deref();
        let [first_name, second_name] = applied.names.each_ref().map(Option::as_deref);
        match &applied.event.change {
            Change::Relation(relation) => Self::Relation {
                relation: relation.id.as_str(),
                association: relation.association.as_str(),
                association_key: known.map(|known| &*known.key),
                first_label: known.map(|known| &*known.first.label),
                second_label: known.map(|known| &*known.second.label),
                first: RecordEnd::new(&relation.first, first_name),
                second: RecordEnd::new(&relation.second, second_name),
            },
            Change::Association(defined) => Self::Association {
                association: defined.id.as_str(),
                association_key: Some(&defined.key),
                first_label: Some(&defined.first.label),
                second_label: Some(&defined.second.label),
                first: Some(ObjectEnd { object: defined.first.object.as_str() }),
                second: Some(ObjectEnd { object: defined.second.object.as_str() }),
            },
            Change::AssociationDeleted { id, .. } => Self::Association {
                association: id.as_str(),
                association_key: None,
                first_label: None,
                second_label: None,
                first: None,
                second: None,
            },
            Change::Record { object, id, .. } => {
                let object = object.as_ref().map(ObjectKey::as_str);
                Self::Record { object, record: id.as_str(), name: first_name }
            }
            Change::ObjectSchema(schema) => Self::Object { object: schema.key.as_str() },
            Change::Location { name, .. } => Self::Location { name: name.as_deref() },
        }
    }
}

impl<'a> RecordEnd<'a> {
    fn new(record: &'a RecordRef, name: Option<&'a str>) -> Self {
        Self { object: record.object.as_str(), record: record.id.as_str(), name }
    }
}
