//! Records with more links than their association allows.

use crate::graph::query::budget::Budget;
use crate::graph::view::View;
use crate::model::Side;

/// A record that has more links than its association allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Violation<'g> {
    /// Its object key.
    pub object: &'g str,
    /// Its record id.
    pub record: &'g str,
    /// What people call it, if an event has said so.
    pub name: Option<&'g str>,
    /// The end that it is on; the first where nothing distinguishes the ends.
    pub side: Side,
    /// Number of links that it has there, or on either end where nothing distinguishes
    /// these.
    pub links: u64,
}

/// The members of a violation as JSON, without texts.
const VIOLATION_MEMBERS: usize = 82;

impl<'g> View<'g> {
    /// Lists records with more links under an association than it allows, up to
    /// `limit`, in the order in which the store first heard of them.
    ///
    /// Costs the records of the location, so call it only where a
    /// [count](crate::graph::query::summary::AssociationCount::violations) says that there are some.
    pub fn violations(
        self,
        association: &str,
        limit: usize,
        budget: &mut Budget<'_>,
    ) -> Vec<Violation<'g>> {
        let Some(association) = self.associations.find(association) else { return vec![] };
        let row = &self.associations.rows()[association];
        let Some(definition) = &row.definition else { return vec![] };
        let sides = [Side::First, Side::Second].map(|side| (side, definition.allows_one(side)));
        let mut found = Vec::new();
        for number in self.rows.records.numbers() {
            let links = |side: Side| self.rows.links_on(number, association, side);
            let counted = if definition.is_mutual() {
                let one = sides.iter().any(|(_, one)| *one);
                let loops = || self.rows.loops_under(number, association);
                let either = || links(Side::First) + links(Side::Second) - loops();
                [(Side::First, if one { either() } else { 0 }), (Side::Second, 0)]
            } else {
                sides.map(|(side, one)| (side, if one { links(side) } else { 0 }))
            };
            for (side, links) in counted.into_iter().filter(|(_, links)| *links > 1) {
                if found.len() == limit {
                    return found;
                }
                let end = self.record_end(number);
                let record = end.record.unwrap_or_default();
                if !budget.write(VIOLATION_MEMBERS, [Some(end.object), Some(record), end.name]) {
                    return found;
                }
                let links = u64::from(links);
                let (object, name) = (end.object, end.name);
                found.push(Violation { object, record, name, side, links });
            }
            if !budget.charge(1) {
                break;
            }
        }
        found
    }
}
