//! Answers about the object keys, records and associations of a location.

use serde::Serialize;

use crate::api::PageInfo;
use crate::graph::{AssociationCount, ObjectCount, RecordItem};

/// A record and how many links it has.
#[derive(Serialize)]
pub struct RecordBody<'a> {
    /// Its id.
    pub record: &'a str,
    /// What people call it; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// Number of its links.
    pub links: u64,
}

impl<'a> From<&RecordItem<'a>> for RecordBody<'a> {
    fn from(item: &RecordItem<'a>) -> Self {
        Self { record: item.record, name: item.name, links: item.links }
    }
}

/// The answer of `GET …/records`.
#[derive(Serialize)]
pub struct RecordsResponse<'a> {
    /// The records, in the order the store first heard of them.
    pub records: Vec<RecordBody<'a>>,
    /// Where the list continues.
    #[serde(flatten)]
    pub listed: PageInfo,
}

/// An object key and its counts.
#[derive(Serialize)]
pub struct ObjectBody<'a> {
    /// The object key.
    pub object: &'a str,
    /// What people call one such thing; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub singular: Option<&'a str>,
    /// What people call many such things; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plural: Option<&'a str>,
    /// Number of associations with an end here.
    pub associations: u64,
    /// Number of records of this key.
    pub records: u64,
}

impl<'a> From<&ObjectCount<'a>> for ObjectBody<'a> {
    fn from(count: &ObjectCount<'a>) -> Self {
        let ObjectCount { object, singular, plural, associations, records, .. } = *count;
        Self { object, singular, plural, associations, records }
    }
}

/// The answer of `GET …/objects`.
#[derive(Serialize)]
pub struct ObjectsResponse<'a> {
    /// The object keys, in the order the store first heard of them.
    pub objects: Vec<ObjectBody<'a>>,
    /// Where the list continues.
    #[serde(flatten)]
    pub listed: PageInfo,
}

/// An association and how many relations it has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssociationBody<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its key.
    pub key: &'a str,
    /// Its type, such as `USER_DEFINED`.
    pub association_type: &'a str,
    /// Object key of the first end.
    pub first_object_key: &'a str,
    /// Label of the first end.
    pub first_object_label: &'a str,
    /// Object key of the second end.
    pub second_object_key: &'a str,
    /// Label of the second end.
    pub second_object_label: &'a str,
    /// Declared cardinality from first to second.
    pub first_object_to_second_object_cardinality: Option<&'a str>,
    /// Declared cardinality from second to first.
    pub second_object_to_first_object_cardinality: Option<&'a str>,
    /// Number of visible relations under it.
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

/// The answer of `GET …/associations`.
#[derive(Serialize)]
pub struct AssociationsResponse<'a> {
    /// The associations, in the order the store first heard of them.
    pub associations: Vec<AssociationBody<'a>>,
    /// Where the list continues.
    #[serde(flatten)]
    pub listed: PageInfo,
}
