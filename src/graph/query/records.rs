//! The records of an object key.

use crate::graph::location_graph::LocationGraph;
use crate::graph::memory::table::{ObjectNo, RecordNo};
use crate::graph::query::budget::Budget;
use crate::graph::query::layer::Layer;
use crate::graph::query::links::link_count;
use crate::graph::query::page::Page;
use crate::graph::view::View;
use crate::model::Stamp;

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

/// The members of a record as JSON, without its texts.
const MEMBERS: usize = 48;

impl RecordItem<'_> {
    /// Counts the record as a row of an answer.
    fn write(&self, budget: &mut Budget<'_>) -> bool {
        budget.write(MEMBERS, [Some(self.record), self.name])
    }
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
        let rest = rows.numbers().skip(from as usize);
        Some(self.record_page(rest, object, after, limit, budget))
    }

    /// Lists those of some records that are of an object key and not deleted.
    fn record_page(
        self,
        records: impl Iterator<Item = RecordNo>,
        object: ObjectNo,
        after: Option<u32>,
        limit: usize,
        budget: &mut Budget<'_>,
    ) -> Page<RecordItem<'g>> {
        let rows = &self.rows.records;
        let item = |number: RecordNo| {
            let is_listed = rows[number].object == object && rows[number].listed;
            is_listed.then(|| RecordItem {
                record: self.rows.record_id(number),
                name: self.rows.names.text(number),
                links: link_count(Layer::Records(self), number.0),
            })
        };
        let placed = records.map(|number| (rows.place(number), number));
        Page::take(placed, after, limit, budget, item, RecordItem::write)
    }
}

/// A record, and the event that gave it its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRow<'g> {
    /// Its place in the list: places only grow, so a list can continue after one.
    pub place: u32,
    /// The record id.
    pub record: &'g str,
    /// The greatest of its own events; `None` while only relations have named it.
    pub last: Option<Stamp>,
}

impl LocationGraph {
    /// Returns a record, unless it was deleted and not linked again since.
    pub fn record(&self, object: &str, id: &str) -> Option<RecordRow<'_>> {
        let number = self.records.find_record(self.objects.find(object)?, id)?;
        self.record_row(number)
    }

    /// Looks at up to `rows` records of an object key after a place, and returns those that
    /// lists show, with the place to continue after; `None` at the end. Costs the rows.
    pub fn record_rows(
        &self,
        object: &str,
        after: Option<u32>,
        rows: usize,
    ) -> (Vec<RecordRow<'_>>, Option<u32>) {
        let Some(object) = self.objects.find(object) else { return (Vec::new(), None) };
        let (all, table) = (self.records.of_object(object), self.records.records());
        let from = after.map_or(RecordNo(0), |after| RecordNo(table.behind(after)));
        let rest = all.get(all.partition_point(|&number| number < from)..).unwrap_or_default();
        let seen = rest.get(..rows).unwrap_or(rest);
        let more = seen.len() < rest.len();
        let last = seen.last().filter(|_| more).map(|&number| table.place(number));
        (seen.iter().filter_map(|&number| self.record_row(number)).collect(), last)
    }

    fn record_row(&self, number: RecordNo) -> Option<RecordRow<'_>> {
        let (table, last) = (self.records.records(), self.records.state(number).last);
        let (place, record) = (table.place(number), self.records.record_id(number));
        table[number].listed.then_some(RecordRow { place, record, last })
    }

    /// Lists the records of an object key, after the place `after`, or returns `None` if no
    /// event has ever named the key. A record that was deleted, and not linked again since,
    /// is left out.
    ///
    /// # Performance
    ///
    /// Costs the records listed and the deleted ones between them, each of which is charged
    /// to the budget.
    pub fn records(
        &self,
        object: &str,
        after: Option<u32>,
        limit: usize,
        budget: &mut Budget<'_>,
    ) -> Option<Page<RecordItem<'_>>> {
        let object = self.objects.find(object)?;
        let (all, rows) = (self.records.of_object(object), self.records.records());
        let from = after.map_or(RecordNo(0), |after| RecordNo(rows.behind(after)));
        let from = all.partition_point(|&number| number < from);
        let rest = all.iter().skip(from).copied();
        Some(self.view().record_page(rest, object, after, limit, budget))
    }

    /// Returns how many links a listing of a record's links shows.
    pub(in crate::graph) fn link_count(&self, record: RecordNo) -> u64 {
        link_count(Layer::Records(self.view()), record.0)
    }
}
