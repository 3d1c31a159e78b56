//! What a location was rid of in between leaves its timeline, too.

use crate::graph::compaction::Deleted;
use crate::graph::location_graph::LocationGraph;
use crate::graph::memory::number::Number;
use crate::graph::memory::table::{CowTable, RecordNo, RelationNo};
use crate::graph::timeline::Timeline;
use crate::graph::timeline::millis::{Millis, NEVER, millis};
use crate::model::{Rank, Seq, Stamp};

impl Timeline {
    /// Notes that after event `at` the graph of the location, which is given as it
    /// stood then, was rid of what events up to `upto` had deleted.
    pub(crate) fn forget(&mut self, at: Seq, upto: Seq, graph: &LocationGraph) {
        let deleted = graph.deleted_upto(upto);
        self.forget_unkeyed(&deleted, graph);
        // Whatever is said of it next counts.
        let first = Stamp::new(None, Rank::Create, 0);
        for number in gone(graph.records.relations(), &deleted.relations) {
            let id = graph.records.relation_id(number);
            if let Some(known) = self.graph.records.find_relation(id) {
                self.graph.records.restamp(known, first);
                self.forgotten.relations.end(known, at);
                let hidden = hidden_from(graph, number);
                self.forgotten.hidden.entry(known).or_default().push(hidden);
            }
        }
        for number in gone(graph.associations.rows(), &deleted.associations) {
            let id = &graph.associations.rows()[number].id;
            if let Some(known) = self.graph.associations.find(id) {
                self.graph.restamp_association(known);
                self.forgotten.associations.end(known, at);
            }
        }
        for number in gone(graph.records.records(), &deleted.records) {
            let Some(known) = self.known(graph, number) else { continue };
            self.forgotten.records.end(known, at);
            let named = self.named.get_mut(known.0 as usize);
            let named = named.map_or(NEVER, |named| std::mem::replace(named, NEVER));
            self.forgotten.named.entry(known).or_default().push(named);
        }
    }

    /// Records that were there when their id was said to be deleted stay so.
    fn forget_unkeyed(&mut self, deleted: &Deleted, graph: &LocationGraph) {
        for id in deleted.unkeyed(graph) {
            let stamps = self.unkeyed.remove(id).unwrap_or_default();
            for object in graph.objects.rows().numbers() {
                let record = graph.records.find_record(object, id);
                if let Some(known) = record.and_then(|record| self.known(graph, record)) {
                    self.own.extend(stamps.iter().map(|stamp| (known, *stamp)));
                }
            }
        }
    }

    /// Returns the number here of a record of another graph.
    fn known(&self, graph: &LocationGraph, record: RecordNo) -> Option<RecordNo> {
        let object = graph.records.records()[record].object;
        let object = self.graph.objects.find(graph.objects.rows()[object].key.as_str())?;
        self.graph.records.find_record(object, graph.records.record_id(record))
    }
}

/// When the association of a relation was deleted, if it is.
fn hidden_from(graph: &LocationGraph, relation: RelationNo) -> Millis {
    let kind = graph.records.relations()[relation].kind;
    let association = graph.records.kinds()[kind].kind.association;
    let association = &graph.associations.rows()[association];
    association.stamp.filter(|_| association.is_deleted()).map_or(NEVER, millis)
}

/// Returns the numbers of rows that go.
fn gone<N: Number, T: Clone>(rows: &CowTable<N, T>, goes: &[bool]) -> impl Iterator<Item = N> {
    rows.numbers().zip(goes).filter(|(_, goes)| **goes).map(|(number, _)| number)
}
