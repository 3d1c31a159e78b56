//! Whether two graphs of one location are the same, and if not, where.

use std::fmt;

use crate::graph::location_graph::LocationGraph;
use crate::graph::memory::table::RelationNo;
use crate::model::Stamp;

/// One thing that two graphs disagree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The thing, as `relation 67ae…`.
    pub thing: String,
    /// How the first graph has it.
    pub left: String,
    /// How the second graph has it.
    pub right: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} against {}", self.thing, self.left, self.right)
    }
}

/// Collects differences up to a limit.
struct ComparisonReport<'r> {
    found: &'r mut Vec<Difference>,
    limit: usize,
}

impl ComparisonReport<'_> {
    fn compare<T: PartialEq + fmt::Debug>(
        &mut self,
        thing: impl FnOnce() -> String,
        left: &T,
        right: &T,
    ) {
        if left != right && self.found.len() < self.limit {
            let (left, right) = (format!("{left:?}"), format!("{right:?}"));
            self.found.push(Difference { thing: thing(), left, right });
        }
    }
}

impl LocationGraph {
    /// Adds to `found`, up to `limit` in all, what this graph and another of the
    /// same location disagree on: states, visible links, counts, and the order
    /// that numbers give to lists.
    ///
    /// Costs one pass over both.
    pub fn differences(&self, other: &Self, found: &mut Vec<Difference>, limit: usize) {
        let mut report = ComparisonReport { found, limit };
        self.compare_schema(other, &mut report);
        self.compare_records(other, &mut report);
        self.compare_relations(other, &mut report);
    }

    fn compare_schema(&self, other: &Self, report: &mut ComparisonReport<'_>) {
        report.compare(|| "name".to_owned(), &self.own_name, &other.own_name);
        let (mine, theirs) = (self.objects.rows(), other.objects.rows());
        report.compare(|| "number of object keys".to_owned(), &mine.len(), &theirs.len());
        for ((number, left), (_, right)) in mine.iter().zip(theirs.iter()) {
            let thing = || format!("object {}", left.key);
            report.compare(
                thing,
                &(&left.key, &left.schema, &left.names),
                &(&right.key, &right.schema, &right.names),
            );
            let counts =
                |graph: &Self| (graph.objects.degree(number), graph.records.rows().listed(number));
            report.compare(
                || format!("associations and records of {}", left.key),
                &counts(self),
                &counts(other),
            );
        }
        let (mine, theirs) = (self.associations.rows(), other.associations.rows());
        report.compare(|| "number of associations".to_owned(), &mine.len(), &theirs.len());
        for ((number, left), (_, right)) in mine.iter().zip(theirs.iter()) {
            let places = (mine.place(number), theirs.place(number));
            report.compare(|| format!("place of association {}", left.id), &places.0, &places.1);
            let thing = || format!("association {}", left.id);
            report.compare(
                thing,
                &(&left.id, &left.stamp, &left.definition, self.view().relation_count(&left.id)),
                &(
                    &right.id,
                    &right.stamp,
                    &right.definition,
                    other.view().relation_count(&right.id),
                ),
            );
        }
    }

    fn compare_records(&self, other: &Self, report: &mut ComparisonReport<'_>) {
        let (mine, theirs) = (self.records.records(), other.records.records());
        report.compare(|| "number of records".to_owned(), &mine.len(), &theirs.len());
        for number in mine.numbers().take(theirs.len() as usize) {
            let state = |graph: &Self| {
                let record = graph.records.records()[number];
                let links = graph.link_count(number);
                let place = graph.records.records().place(number);
                (place, record.object, record.listed, graph.records.state(number), links)
            };
            let thing = || format!("record {}", self.records.record_id(number));
            report.compare(
                thing,
                &self.records.record_id(number),
                &other.records.record_id(number),
            );
            report.compare(thing, &state(self), &state(other));
            let name = |graph: &Self| graph.records.name_row(number);
            let thing = || format!("name of record {}", self.records.record_id(number));
            report.compare(thing, &name(self), &name(other));
        }
        let unkeyed = |graph: &Self| {
            let mut all: Vec<_> = graph
                .records
                .unkeyed()
                .map(|(id, state)| {
                    (id.to_owned(), state, graph.records.names().unkeyed(id).cloned())
                })
                .collect();
            all.sort_by(|a, b| a.0.cmp(&b.0));
            all
        };
        report.compare(
            || "record events without object key".to_owned(),
            &unkeyed(self),
            &unkeyed(other),
        );
    }

    fn compare_relations(&self, other: &Self, report: &mut ComparisonReport<'_>) {
        let (mine, theirs) = (self.records.relations(), other.records.relations());
        report.compare(|| "number of relations".to_owned(), &mine.len(), &theirs.len());
        for number in mine.numbers().take(theirs.len() as usize) {
            let thing = || format!("relation {}", self.records.relation_id(number));
            report.compare(thing, &mine.place(number), &theirs.place(number));
            report.compare(thing, &self.relation_state(number), &other.relation_state(number));
        }
    }

    fn relation_state(&self, number: RelationNo) -> (&str, &str, &str, &str, bool, Stamp) {
        let row = self.records.relations()[number];
        let association = self.records.kinds()[row.kind].kind.association;
        (
            self.records.relation_id(number),
            &self.associations.rows()[association].id,
            self.records.record_id(row.first),
            self.records.record_id(row.second),
            row.linked,
            row.stamp,
        )
    }

    /// Says what contradicts itself inside this graph, if anything: a link that
    /// only one end lists, a count that does not match.
    pub fn contradictions(&self, found: &mut Vec<Difference>, limit: usize) {
        let mut report = ComparisonReport { found, limit };
        let mut ends = vec![0u8; self.records.relations().len() as usize];
        for number in self.records.records().numbers() {
            for entry in self.records.adjacency(number).entries() {
                if let Some(count) = ends.get_mut(entry.relation.0 as usize) {
                    *count = count.saturating_add(1);
                }
            }
        }
        for ((number, row), ends) in self.records.relations().iter().zip(ends) {
            let expected = if row.linked { 2 } else { 0 };
            let thing = || format!("ends of relation {}", self.records.relation_id(number));
            report.compare(thing, &ends, &expected);
        }
        let linked = self.records.relations().iter().filter(|(_, row)| row.linked).count() as u64;
        let counted: u64 =
            self.records.kinds().iter().map(|(_, kind)| u64::from(kind.linked)).sum();
        report.compare(|| "number of linked relations".to_owned(), &counted, &linked);
    }
}
