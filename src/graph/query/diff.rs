//! What differs between two states of one location.

use crate::graph::layers::record_data::EdgeTypeRow;
use crate::graph::memory::number::Number;
use crate::graph::memory::table::{AssociationNo, CowTable, ObjectNo, RelationNo};
use crate::graph::query::budget::Budget;
use crate::graph::query::edge::Edge;
use crate::graph::query::summary::AssociationCount;
use crate::graph::view::View;

/// Rows looked at between two looks at whether to stop.
const STEP_ROWS: u32 = 1_024;

/// Which relations to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiffQuery {
    /// Continues after this place.
    pub after: Option<u32>,
    /// Maximum number of relations.
    pub limit: usize,
}

impl Default for DiffQuery {
    fn default() -> Self {
        Self { after: None, limit: 100 }
    }
}

/// Relations that one state shows and another does not. One that joins other
/// records since, or is under another association, is removed and added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkDiff<'g> {
    /// What the later state shows, in the order the store first heard of them.
    pub added: Vec<Edge<'g>>,
    /// What the earlier state showed, in the same order.
    pub removed: Vec<Edge<'g>>,
    /// The place after which the next page continues, if there is one.
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

/// What a relation joins, by places: its association, and the object key and record at
/// either end.
type Joins = [(u32, u32); 3];

/// Returns the rows of two states of one table after a place, in order: the place, and the
/// number that the row has in each.
fn side_by_side<'t, N: Number, T: Clone, const CHUNK: usize>(
    before: &'t CowTable<N, T, CHUNK>,
    after: &'t CowTable<N, T, CHUNK>,
    behind: Option<u32>,
) -> impl Iterator<Item = (u32, Option<N>, Option<N>)> + 't {
    let tables = [before, after];
    let mut next = tables.map(|table| behind.map_or(0, |behind| table.behind(behind)));
    std::iter::from_fn(move || {
        let [before, after] = [0, 1].map(|state: usize| {
            let (table, row) = (tables.get(state)?, *next.get(state)?);
            let number = (row < table.len()).then(|| N::from_u32(row))?;
            Some((table.place(number), number))
        });
        let place = match (before, after) {
            (Some((one, _)), Some((other, _))) => one.min(other),
            (one, other) => one.or(other)?.0,
        };
        let [before, after] =
            [before, after].map(|row| row.filter(|(at, _)| *at == place).map(|(_, row)| row));
        for (next, row) in next.iter_mut().zip([before, after]) {
            *next += u32::from(row.is_some());
        }
        Some((place, before, after))
    })
}

impl<'g> View<'g> {
    /// Lists the relations that this state shows and an earlier one of the same location
    /// did not, and the other way round.
    ///
    /// Rests on places: two states of one location, each folded from the journal's
    /// beginning, have assigned the same ones. Costs a look at every row after
    /// `after`, about 10 ms a million, up to the end of the page.
    pub fn link_diff(
        self,
        earlier: View<'g>,
        query: &DiffQuery,
        budget: &mut Budget<'_>,
    ) -> LinkDiff<'g> {
        let rows = side_by_side(&earlier.rows.relations, &self.rows.relations, query.after);
        let mut diff = LinkDiff { added: vec![], removed: vec![], next: None, complete: true };
        let (mut found, mut last, mut seen) = (0, query.after, query.after);
        for (place, before, after) in rows {
            // The first rows are looked at in any case, so that a page gets somewhere.
            if place % STEP_ROWS == 0 && !budget.charge(STEP_ROWS as usize) && seen != query.after {
                diff.complete = false;
                diff.next = seen;
                return diff;
            }
            seen = Some(place);
            let joins = |view: View<'g>, number: Option<RelationNo>| {
                number.and_then(|number| Some((view.joins(number)?, number)))
            };
            let (before, after) = (joins(earlier, before), joins(self, after));
            if before.map(|(joins, _)| joins) == after.map(|(joins, _)| joins) {
                continue;
            }
            if found == query.limit {
                diff.next = last;
                return diff;
            }
            let removed = before.map(|(_, number)| earlier.relation_edge(number));
            let added = after.map(|(_, number)| self.relation_edge(number));
            if !removed.iter().chain(&added).all(|edge| edge.write(budget)) && found > 0 {
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
        let row = &self.rows.relations[number];
        let EdgeTypeRow { kind, hidden, .. } = self.rows.kinds[row.kind];
        let association = self.associations.rows().place(kind.association);
        let end = |object: ObjectNo, record| (object.0, self.rows.records.place(record));
        let joins = [(association, 0), end(kind.first, row.first), end(kind.second, row.second)];
        (row.linked && !hidden).then_some(joins)
    }

    /// Lists the associations that this state knows and an earlier one of the same location
    /// did not, the other way round, and those whose definition changed.
    ///
    /// Costs a look at every association. With the budget exhausted, or no room left in
    /// the answer, those that are left are left out.
    pub fn association_diff(
        self,
        earlier: View<'g>,
        budget: &mut Budget<'_>,
    ) -> AssociationDiff<'g> {
        let mut diff = AssociationDiff { added: vec![], removed: vec![], renamed: vec![] };
        let rows = side_by_side(earlier.associations.rows(), self.associations.rows(), None);
        for (_, before, after) in rows {
            if !budget.charge(1) {
                break;
            }
            let count = |view: View<'g>, number: Option<AssociationNo>| {
                number.and_then(|number| view.association_count(number))
            };
            let written = match (count(earlier, before), count(self, after)) {
                (None, Some(added)) => write(&mut diff.added, added, budget),
                (Some(removed), None) => write(&mut diff.removed, removed, budget),
                (Some(before), Some(after)) if before.association != after.association => {
                    let written = before.write(budget) && after.write(budget);
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
    budget: &mut Budget<'_>,
) -> bool {
    let written = row.write(budget);
    to.extend(written.then_some(row));
    written
}
