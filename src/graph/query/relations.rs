//! Relations as the sender lists them: by the id of a record, whatever its object key.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::graph::location_graph::LocationGraph;
use crate::graph::memory::adjacency::{AdjacencyEntry, Run};
use crate::graph::memory::table::{AssociationNo, EdgeTypeNo, RecordNo, RelationNo};
use crate::graph::query::budget::Budget;
use crate::graph::query::edge::Edge;
use crate::graph::query::named_nodes::NamesNodes;
use crate::graph::view::View;
use crate::model::{NodeRef, Side};

/// Which relations of a record to list.
///
/// ```
/// use relata::graph::RelationQuery;
///
/// let query = RelationQuery { skip: 100, ..RelationQuery::of("amara") };
/// assert_eq!((query.limit, query.associations.len()), (100, 0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationQuery {
    /// The id of the record; every record of this id counts, whatever its object key.
    pub record: String,
    /// Only relations under one of these associations, by id; none is no filter.
    pub associations: Vec<String>,
    /// Number of relations to skip.
    pub skip: usize,
    /// Maximum number of relations to list.
    pub limit: usize,
}

impl RelationQuery {
    /// Returns the query for the first hundred relations of a record.
    pub fn of(record: impl Into<String>) -> Self {
        Self { record: record.into(), associations: Vec::new(), skip: 0, limit: 100 }
    }
}

impl NamesNodes for RelationQuery {
    fn named_nodes(&self) -> impl Iterator<Item = &NodeRef> {
        std::iter::empty()
    }

    fn named_record(&self) -> Option<&str> {
        Some(&self.record)
    }
}

/// Relations of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct RelationList<'g> {
    /// The relations, in the order in which the store first heard of them. One between two
    /// records of this id, or from one to itself, is listed once.
    pub relations: Vec<Edge<'g>>,
    /// The number of relations that the query selects, on all pages.
    pub total: u64,
    /// Whether the page and the total are complete.
    pub complete: bool,
}

impl LocationGraph {
    /// Returns the relation of this id, while it is visible.
    pub fn relation(&self, id: &str) -> Option<Edge<'_>> {
        let number = self.records.find_relation(id)?;
        let row = self.records.relations()[number];
        let is_visible = row.linked && !self.records.kinds()[row.kind].hidden;
        is_visible.then(|| self.view().relation_edge(number))
    }
}

impl<'g> View<'g> {
    /// Lists relations of a record that are visible.
    ///
    /// Costs a look-up for each object key of the location, and the relations up to the end of
    /// the page; all of the record's where several object keys have its id.
    pub fn relations(self, query: &RelationQuery, budget: &mut Budget<'_>) -> RelationList<'g> {
        let mut list = RelationList { relations: Vec::new(), total: 0, complete: false };
        let Some((runs, several)) = self.relation_runs(query, budget) else { return list };
        let mut next = Merged::new(&runs);
        if several {
            // Those between two of the records are in the runs of both.
            while next.charged(budget).is_some() {
                list.total += 1;
            }
            next = Merged::new(&runs);
        } else {
            list.total = runs.iter().map(|run| u64::from(run.run.live)).sum();
        }
        let mut number = 0;
        while number < query.skip.saturating_add(query.limit)
            && let Some(relation) = next.charged(budget)
        {
            if number >= query.skip {
                let edge = self.relation_edge(relation);
                if !edge.write(budget) {
                    return list;
                }
                list.relations.push(edge);
            }
            number += 1;
        }
        list.complete = !budget.is_exhausted();
        list
    }

    /// Returns the links of the query's records, those of each slot together, and whether
    /// there are several such records; `None` if the budget did not suffice.
    fn relation_runs(
        self,
        query: &RelationQuery,
        budget: &mut Budget<'_>,
    ) -> Option<(Vec<RelationRun<'g>>, bool)> {
        let wanted: Vec<AssociationNo> =
            query.associations.iter().filter_map(|id| self.associations.find(id)).collect();
        let is_wanted = |kind: EdgeTypeNo| {
            let row = &self.rows.kinds[kind];
            let every = query.associations.is_empty();
            !row.hidden && (every || wanted.contains(&row.kind.association))
        };
        if !budget.charge(self.objects.rows().len() as usize) {
            return None;
        }
        let records = self.find_records(&query.record);
        let mut runs = Vec::new();
        for &record in &records {
            for run in self.rows.adjacency[record].runs() {
                if !budget.charge(1) {
                    return None;
                }
                if is_wanted(run.slot.kind()) {
                    runs.push(RelationRun::new(self, record, run));
                }
            }
        }
        Some((runs, records.len() > 1))
    }
}

/// The links of one slot of a record, but for those that another slot has, too.
struct RelationRun<'g> {
    run: Run<'g>,
    /// Skips the links to this record.
    without: Option<RecordNo>,
}

impl<'g> RelationRun<'g> {
    fn new(view: View<'g>, record: RecordNo, mut run: Run<'g>) -> Self {
        // A link from a record to itself is on both of its ends.
        let loops = match run.slot.side() {
            Side::First => 0,
            Side::Second => view.rows.loops(record, run.slot.kind()),
        };
        run.live -= loops;
        Self { run, without: (loops > 0).then_some(record) }
    }

    /// Returns the next relation from a place in the run, and the place after it.
    fn from(&self, place: usize) -> Option<(RelationNo, usize)> {
        let is_listed =
            |entry: &AdjacencyEntry| !entry.is_gone() && Some(entry.far) != self.without;
        let rest = self.run.entries.get(place..)?;
        let (passed, entry) = rest.iter().enumerate().find(|(_, entry)| is_listed(entry))?;
        Some((entry.relation, place + passed + 1))
    }
}

/// The relations of several runs in their order, each once.
struct Merged<'r, 'g> {
    runs: &'r [RelationRun<'g>],
    /// The next relation of each run, with the number of the run and the place after it.
    heads: BinaryHeap<Reverse<(RelationNo, usize, usize)>>,
    last: Option<RelationNo>,
}

impl<'r, 'g> Merged<'r, 'g> {
    fn new(runs: &'r [RelationRun<'g>]) -> Self {
        let head = |(number, run): (usize, &RelationRun<'_>)| {
            run.from(0).map(|(relation, place)| Reverse((relation, number, place)))
        };
        Self { runs, heads: runs.iter().enumerate().filter_map(head).collect(), last: None }
    }

    /// Returns the next relation, unless the budget ends.
    fn charged(&mut self, budget: &mut Budget<'_>) -> Option<RelationNo> {
        loop {
            let Reverse((relation, number, place)) = self.heads.pop()?;
            if !budget.charge(1) {
                return None;
            }
            let next = self.runs.get(number).and_then(|run| run.from(place));
            self.heads.extend(next.map(|(next, place)| Reverse((next, number, place))));
            if self.last.replace(relation) != Some(relation) {
                return Some(relation);
            }
        }
    }
}
