//! The summary of a location: its counts, and how the links of each association join
//! records.

use crate::graph::query::budget::Budget;
use crate::graph::query::summary::AssociationCount;
use crate::graph::query::violations::Violation;
use crate::graph::view::View;
use crate::model::Counts;

/// Maximum number of violations listed for each association.
const VIOLATIONS_MAX: usize = 100;

/// What a location holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationSummary<'g> {
    /// Counts over the whole location.
    pub counts: Counts,
    /// The associations that are known and not deleted, in the order the store first heard
    /// of them.
    pub associations: Vec<AssociationSummary<'g>>,
    /// Whether every association is listed, and every violation was looked for.
    pub complete: bool,
}

/// An association and the first records that break its cardinality.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssociationSummary<'g> {
    /// The association and its counts.
    pub count: AssociationCount<'g>,
    /// The first records with more links than the declared cardinality allows.
    pub violations: Vec<Violation<'g>>,
}

impl<'g> View<'g> {
    /// Returns the summary of the location.
    ///
    /// # Performance
    ///
    /// Costs the object keys and associations, and the records of the location once for
    /// each association that has violations.
    pub fn summary(self, budget: &mut Budget<'_>) -> LocationSummary<'g> {
        let mut associations = Vec::new();
        for count in self.associations() {
            if !budget.charge(1) || !count.write(budget) {
                break;
            }
            let violations = match count.violations() {
                0 => vec![],
                _ => self.violations(count.association.id.as_str(), VIOLATIONS_MAX, budget),
            };
            associations.push(AssociationSummary { count, violations });
        }
        LocationSummary { counts: self.counts(), associations, complete: !budget.is_exhausted() }
    }
}
