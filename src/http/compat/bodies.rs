//! Associations and relations as the sender's JSON.

use serde::Serialize;

use crate::graph::Edge;
use crate::model::{Association, Relation};

/// A definition.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssociationBody<'a> {
    association_type: &'a str,
    first_object_key: &'a str,
    first_object_label: &'a str,
    id: &'a str,
    key: &'a str,
    location_id: &'a str,
    second_object_key: &'a str,
    second_object_label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_object_to_second_object_cardinality: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_object_to_first_object_cardinality: Option<&'a str>,
    /// How many relations are visible under it, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    relations_count: Option<u64>,
}

impl<'a> AssociationBody<'a> {
    pub(super) fn new(association: &'a Association, location: &'a str) -> Self {
        Self {
            association_type: &association.association_type,
            first_object_key: association.first.object.as_str(),
            first_object_label: &association.first.label,
            id: association.id.as_str(),
            key: &association.key,
            location_id: location,
            second_object_key: association.second.object.as_str(),
            second_object_label: &association.second.label,
            first_object_to_second_object_cardinality: association.first_to_second.as_deref(),
            second_object_to_first_object_cardinality: association.second_to_first.as_deref(),
            relations_count: None,
        }
    }

    pub(super) fn with_count(self, relations_count: Option<u64>) -> Self {
        Self { relations_count, ..self }
    }
}

/// A link between two records.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RelationBody<'a> {
    association_id: &'a str,
    first_object_key: &'a str,
    first_record_id: &'a str,
    id: &'a str,
    location_id: &'a str,
    second_object_key: &'a str,
    second_record_id: &'a str,
}

impl<'a> RelationBody<'a> {
    pub(super) fn of_edge(edge: &Edge<'a>, location: &'a str) -> Self {
        Self {
            association_id: edge.association,
            first_object_key: edge.first.object,
            first_record_id: edge.first.record.unwrap_or_default(),
            id: edge.relation.unwrap_or_default(),
            location_id: location,
            second_object_key: edge.second.object,
            second_record_id: edge.second.record.unwrap_or_default(),
        }
    }

    pub(super) fn new(relation: &'a Relation, location: &'a str) -> Self {
        Self {
            association_id: relation.association.as_str(),
            first_object_key: relation.first.object.as_str(),
            first_record_id: relation.first.id.as_str(),
            id: relation.id.as_str(),
            location_id: location,
            second_object_key: relation.second.object.as_str(),
            second_record_id: relation.second.id.as_str(),
        }
    }
}

/// One thing, and the id that connects the answer with the log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Traced<'a, T> {
    #[serde(flatten)]
    pub(super) thing: T,
    pub(super) trace_id: &'a str,
}
