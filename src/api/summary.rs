//! The summary of a location.

use serde::Serialize;

use crate::api::{AssociationBody, CountsBody};
use crate::graph::{AssociationCount, Budget, EndCount, View, Violation};
use crate::model::{LocationId, Seq};

/// Records listed of one association that break its cardinality.
const VIOLATIONS_MAX: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SummaryResponse<'a> {
    pub location_id: &'a str,
    #[serde(flatten)]
    pub counts: CountsBody,
    /// Relations for each association, and how they join records.
    pub by_association: Vec<AssociationSummary<'a>>,
    /// Whether every association is there, and every record that breaks a cardinality
    /// was looked for.
    pub complete: bool,
    pub seq: Seq,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssociationSummary<'a> {
    #[serde(flatten)]
    pub association: AssociationBody<'a>,
    /// First records with at least one link.
    pub firsts: u64,
    pub seconds: u64,
    /// The greatest number of links of one first record.
    pub most_per_first: u64,
    pub most_per_second: u64,
    pub observed: Observed,
    /// Records with more links than the declared cardinalities allow.
    pub violations: u64,
    /// The first of them.
    pub violating: Vec<ViolationBody<'a>>,
}

/// The cardinalities that the links have.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    pub first_object_to_second_object_cardinality: &'static str,
    pub second_object_to_first_object_cardinality: &'static str,
}

#[derive(Serialize)]
pub struct ViolationBody<'a> {
    pub object: &'a str,
    pub record: &'a str,
    pub side: &'static str,
    pub links: u64,
}

impl<'a> From<Violation<'a>> for ViolationBody<'a> {
    fn from(violation: Violation<'a>) -> Self {
        let Violation { object, record, side, links } = violation;
        Self { object, record, side: side.as_str(), links }
    }
}

impl<'a> AssociationSummary<'a> {
    fn new(count: &AssociationCount<'a>, view: View<'a>, budget: &mut Budget<'_>) -> Self {
        let (EndCount { distinct: firsts, .. }, EndCount { distinct: seconds, .. }) =
            (count.first, count.second);
        let violations = count.violations();
        let violating = match violations {
            0 => vec![],
            _ => view.violations(count.association.id.as_str(), VIOLATIONS_MAX, budget),
        };
        Self {
            association: AssociationBody::from(count),
            firsts,
            seconds,
            most_per_first: count.first.greatest,
            most_per_second: count.second.greatest,
            observed: Observed {
                first_object_to_second_object_cardinality: count.observed(),
                second_object_to_first_object_cardinality: count.observed_back(),
            },
            violations,
            violating: violating.into_iter().map(ViolationBody::from).collect(),
        }
    }
}

impl<'a> SummaryResponse<'a> {
    pub fn new(
        location: &'a LocationId,
        view: View<'a>,
        budget: &mut Budget<'_>,
        seq: Seq,
    ) -> Self {
        let mut by_association = Vec::new();
        for row in view.associations() {
            if !budget.charge(1) || !row.write(budget) {
                break;
            }
            by_association.push(AssociationSummary::new(&row, view, budget));
        }
        let counts = view.counts().into();
        let complete = !budget.is_exhausted();
        Self { location_id: location.as_str(), counts, by_association, complete, seq }
    }
}
