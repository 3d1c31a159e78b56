//! The summary of a location.

use serde::Serialize;

use crate::api::{AssociationBody, CountsBody};
use crate::graph::{AssociationSummary, LocationSummary, Violation};
use crate::model::{LocationId, Seq};

/// The answer of `GET …/summary`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SummaryResponse<'a> {
    /// Id of the location.
    pub location_id: &'a str,
    /// Its counts.
    #[serde(flatten)]
    pub counts: CountsBody,
    /// Its associations, each with how its links join records.
    pub by_association: Vec<AssociationSummaryBody<'a>>,
    /// Whether every association is listed, and every violation was looked for.
    pub complete: bool,
    /// The last event that the answer includes.
    pub seq: Seq,
}

impl<'a> SummaryResponse<'a> {
    /// Returns the answer with this summary.
    pub fn new(location: &'a LocationId, summary: &LocationSummary<'a>, seq: Seq) -> Self {
        Self {
            location_id: location.as_str(),
            counts: summary.counts.into(),
            by_association: summary.associations.iter().map(AssociationSummaryBody::from).collect(),
            complete: summary.complete,
            seq,
        }
    }
}

/// An association and how its links join records.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssociationSummaryBody<'a> {
    /// The association.
    #[serde(flatten)]
    pub association: AssociationBody<'a>,
    /// Number of first records with at least one link.
    pub firsts: u64,
    /// Number of second records with at least one link.
    pub seconds: u64,
    /// Largest number of links of one first record.
    pub most_per_first: u64,
    /// Largest number of links of one second record.
    pub most_per_second: u64,
    /// The cardinalities that the links have.
    pub observed: ObservedBody,
    /// Number of records with more links than the declared cardinalities allow.
    pub violations: u64,
    /// The first of these records.
    pub violating: Vec<ViolationBody<'a>>,
}

impl<'a> From<&AssociationSummary<'a>> for AssociationSummaryBody<'a> {
    fn from(summary: &AssociationSummary<'a>) -> Self {
        let count = &summary.count;
        Self {
            association: AssociationBody::from(count),
            firsts: count.first.distinct,
            seconds: count.second.distinct,
            most_per_first: count.first.greatest,
            most_per_second: count.second.greatest,
            observed: ObservedBody {
                first_object_to_second_object_cardinality: count.observed(),
                second_object_to_first_object_cardinality: count.observed_back(),
            },
            violations: count.violations(),
            violating: summary.violations.iter().copied().map(ViolationBody::from).collect(),
        }
    }
}

/// The cardinalities that the links of an association have.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedBody {
    /// From first to second.
    pub first_object_to_second_object_cardinality: &'static str,
    /// From second to first.
    pub second_object_to_first_object_cardinality: &'static str,
}

/// A record with more links than the declared cardinality allows.
#[derive(Serialize)]
pub struct ViolationBody<'a> {
    /// Its object key.
    pub object: &'a str,
    /// Its id.
    pub record: &'a str,
    /// What people call it; absent while unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// The end of the association that it is on.
    pub side: &'static str,
    /// Number of its links there.
    pub links: u64,
}

impl<'a> From<Violation<'a>> for ViolationBody<'a> {
    fn from(violation: Violation<'a>) -> Self {
        let Violation { object, record, name, side, links } = violation;
        Self { object, record, name, side: side.as_str(), links }
    }
}
