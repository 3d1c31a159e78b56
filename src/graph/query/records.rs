//! The records of an object key.

use crate::graph::location_graph::LocationGraph;
use crate::graph::memory::table::RecordNo;
use crate::graph::query::budget::Budget;
use crate::graph::query::layer::Layer;
use crate::graph::query::links::link_count;
use crate::graph::query::page::Page;
use crate::graph::view::View;

/// One record and how many links it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordItem<'g> {
    /// The record id.
    pub record: &'g str,
    /// What people call it, if an event has said so.
    pub name: Option<&'g str>,
    /// How many links a listing of them would show.
    pub links: u64,
}

impl<'g> View<'g> {
    /// Lists the records of an object key as [`LocationGraph::records`] does, also of a past
    /// state. Costs the records of the location: only the live graph keeps those of each
    /// object key apart.
    pub fn records_of(
        self,
        object: &str,
        after: Option<u32>,
        limit: usize,
        budget: &mut Budget<'_>,
    ) -> Option<Page<RecordItem<'g>>> {
        let object = self.objects.find(object)?;
        let rows = &self.rows.records;
        let from = after.map_or(0, |after| rows.behind(after));
        let rest = rows.numbers().skip(from as usize).take_while(|_| budget.charge(1));
        let listed = rest.filter(|&number| rows[number].object == object && rows[number].listed);
        let page = Page::take(listed, limit, |&number| rows.place(number), |_| true);
        Some(page.map(|number| RecordItem {
            record: self.rows.record_id(number),
            name: self.rows.names.text(number),
            links: link_count(Layer::Records(self), number.0),
        }))
    }
}

impl LocationGraph {
    /// Lists the records of an object key, after the place `after`, or returns `None` if no
    /// event has ever named the key. A record that was deleted, and not linked again since,
    /// is left out.
    ///
    /// Costs the records listed and the deleted ones between them.
    pub fn records(
        &self,
        object: &str,
        after: Option<u32>,
        limit: usize,
    ) -> Option<Page<RecordItem<'_>>> {
        let object = self.objects.find(object)?;
        let (all, rows) = (self.records.of_object(object), self.records.records());
        let from = after.map_or(RecordNo(0), |after| RecordNo(rows.behind(after)));
        let from = all.partition_point(|&number| number < from);
        let listed = all.iter().skip(from).filter(|&&number| rows[number].listed).copied();
        let page = Page::take(listed, limit, |&number| rows.place(number), |_| true);
        Some(page.map(|number| RecordItem {
            record: self.records.record_id(number),
            name: self.records.rows().names.text(number),
            links: self.link_count(number),
        }))
    }

    /// Returns how many links a listing of a record's links shows.
    pub(in crate::graph) fn link_count(&self, record: RecordNo) -> u64 {
        link_count(Layer::Records(self.view()), record.0)
    }
}
