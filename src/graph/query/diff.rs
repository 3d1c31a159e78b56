//! What differs between two states of one location.

use super::super::record_rows::Kind;
use super::super::table::{AssociationNo, RecordNo, RelationNo};
use super::edge::Edge;
use super::summary::AssociationCount;
use super::{Effort, View};

/// Rows looked at between two looks at whether to stop.
const STEP_ROWS: u32 = 1_024;

/// Which relations to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiffQuery {
    /// Goes on behind this place.
    pub after: Option<u32>,
    /// The greatest number of relations.
    pub limit: usize,
}

impl Default for DiffQuery {
    fn default() -> Self {
        Self { after: None, limit: 100 }
    }
}

/// Relations that one state shows and another does not. One that joins other
/// records since, or stands under another association, is removed and added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkDiff<'g> {
    /// What the later state shows, in the order the store first heard of them.
    pub added: Vec<Edge<'g>>,
    /// What the earlier state showed, in the same order.
    pub removed: Vec<Edge<'g>>,
    /// The place behind which the next page goes on, if there is more.
    pub next: Option<u32>,
    /// Whether every relation was looked at, or is to be on the next pages.
    pub complete: bool,
}

/// Associations that one state knows and another does not, or not so, in the order
/// the store first heard of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssociationDiff<'g> {
    /// Those of the later state.
    pub added: Vec<AssociationCount<'g>>,
    /// Those of the earlier state.
    pub removed: Vec<AssociationCount<'g>>,
    /// Those that both know, by other labels, or with another key or cardinality:
    /// as they were, and as they are.
    pub renamed: Vec<(AssociationCount<'g>, AssociationCount<'g>)>,
}

/// What a relation joins.
type Joins = (Kind, RecordNo, RecordNo);

impl<'g> View<'g> {
    /// The relations that this state shows and an earlier one of the same location
    /// did not, and the other way round.
    ///
    /// Rests on numbers: two states of one location, each folded from the journal's
    /// beginning, have given out the same ones. Costs a look at every row behind
    /// `after`, about 10 ms a million, up to the end of the page.
    pub fn link_diff(
        self,
        earlier: View<'g>,
        query: &DiffQuery,
        effort: &mut Effort<'_>,
    ) -> LinkDiff<'g> {
        let rows = self.rows.relations.len().max(earlier.rows.relations.len());
        let mut diff = LinkDiff { added: vec![], removed: vec![], next: None, complete: true };
        let (mut found, mut last) = (0, query.after);
        let first = query.after.map_or(0, |after| after.saturating_add(1));
        for place in first..rows {
            // The first rows are looked at in any case, so that a page gets somewhere.
            if place % STEP_ROWS == 0 && !effort.spend(STEP_ROWS as usize) && place > first {
                diff.complete = false;
                diff.next = place.checked_sub(1);
                return diff;
            }
            let number = RelationNo(place);
            let (before, after) = (earlier.joins(number), self.joins(number));
            if before == after {
                continue;
            }
            if found == query.limit {
                diff.next = last;
                return diff;
            }
            let removed = before.map(|_| earlier.relation_edge(number));
            let added = after.map(|_| self.relation_edge(number));
            if !removed.iter().chain(&added).all(|edge| edge.write(effort)) && found > 0 {
                diff.complete = false;
                diff.next = last;
                return diff;
            }
            diff.removed.extend(removed);
            diff.added.extend(added);
            (found, last) = (found + 1, Some(place));
        }
        diff
    }

    /// What a relation joins, while it can be seen.
    fn joins(self, number: RelationNo) -> Option<Joins> {
        if number.0 >= self.rows.relations.len() {
            return None;
        }
        let row = &self.rows.relations[number];
        let kind = &self.rows.kinds[row.kind];
        (row.linked && !kind.hidden).then_some((kind.kind, row.first, row.second))
    }

    /// The associations that this state knows and an earlier one of the same
    /// location did not, the other way round, and those that are defined anew.
    ///
    /// Costs a look at every association. With the effort spent, or no room left in
    /// the answer, those that are left are left out.
    pub fn association_diff(
        self,
        earlier: View<'g>,
        effort: &mut Effort<'_>,
    ) -> AssociationDiff<'g> {
        let mut diff = AssociationDiff { added: vec![], removed: vec![], renamed: vec![] };
        let rows = self.associations.rows().len().max(earlier.associations.rows().len());
        for number in (0..rows).map(AssociationNo) {
            if !effort.spend(1) {
                break;
            }
            let written = match (earlier.association_count(number), self.association_count(number))
            {
                (None, Some(added)) => write(&mut diff.added, added, effort),
                (Some(removed), None) => write(&mut diff.removed, removed, effort),
                (Some(before), Some(after)) if before.association != after.association => {
                    let written = before.write(effort) && after.write(effort);
                    diff.renamed.extend(written.then_some((before, after)));
                    written
                }
                _ => true,
            };
            if !written {
                break;
            }
        }
        diff
    }
}

/// Adds a row for which there is room.
fn write<'g>(
    to: &mut Vec<AssociationCount<'g>>,
    row: AssociationCount<'g>,
    effort: &mut Effort<'_>,
) -> bool {
    let written = row.write(effort);
    to.extend(written.then_some(row));
    written
}
