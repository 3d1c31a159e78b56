//! Links as neither of their ends sees them: from the first to the second.

use crate::graph::layers::objects::ObjectRow;
use crate::graph::memory::table::{AssociationNo, ObjectNo, RecordNo, RelationNo};
use crate::graph::query::budget::Budget;
use crate::graph::view::View;
use crate::model::{Association, Seq, Stamp, Timestamp};

/// One end of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EdgeEndRow<T> {
    /// The object key.
    pub object: T,
    /// The record id; absent on the object layer.
    pub record: Option<T>,
    /// What to show people: the name, else the id; of a type of things what one is called.
    pub label: T,
    /// What people call the record, if an event has said so.
    pub name: Option<T>,
}

/// An end whose texts are borrowed from the graph.
pub type EdgeEnd<'g> = EdgeEndRow<&'g str>;

/// One association or relation, from the first end to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeRow<T, D> {
    /// The first end.
    pub first: EdgeEndRow<T>,
    /// The second end.
    pub second: EdgeEndRow<T>,
    /// The id of the association.
    pub association: T,
    /// Its definition, while known.
    pub definition: Option<D>,
    /// The id of the relation; absent on the object layer.
    pub relation: Option<T>,
    /// The time of the event that made the link so, if it was dated.
    pub at: Option<Timestamp>,
    /// The journal position of that event.
    pub seq: Seq,
}

/// An edge whose texts are borrowed from the graph.
pub type Edge<'g> = EdgeRow<&'g str, &'g Association>;

impl EdgeEnd<'_> {
    fn into_owned(self) -> EdgeEndRow<String> {
        EdgeEndRow {
            object: self.object.to_owned(),
            record: self.record.map(str::to_owned),
            label: self.label.to_owned(),
            name: self.name.map(str::to_owned),
        }
    }
}

/// The members of an edge as JSON, without texts.
pub(super) const EDGE_MEMBERS: usize = 260;

impl Edge<'_> {
    /// Counts the edge as a row of an answer.
    pub(super) fn write(&self, budget: &mut Budget<'_>) -> bool {
        let known = self.definition;
        let of = [
            known.map(|known| &*known.first.label),
            known.map(|known| &*known.second.label),
            known.map(|known| &*known.key),
            known.map(|known| &*known.association_type),
            Some(self.association),
            self.relation,
        ];
        let ends = [&self.first, &self.second];
        let ends = ends.into_iter().flat_map(|end| [Some(end.object), end.record, end.name]);
        budget.write(EDGE_MEMBERS, ends.chain(of))
    }

    /// Returns the same with texts of its own.
    pub fn into_owned(self) -> EdgeRow<String, Association> {
        EdgeRow {
            first: self.first.into_owned(),
            second: self.second.into_owned(),
            association: self.association.to_owned(),
            definition: self.definition.cloned(),
            relation: self.relation.map(str::to_owned),
            at: self.at,
            seq: self.seq,
        }
    }
}

impl<'g> View<'g> {
    pub(in crate::graph) fn object_end(self, number: ObjectNo) -> EdgeEnd<'g> {
        let row: &'g ObjectRow = &self.objects.rows()[number];
        let (object, label) = (row.key.as_str(), row.display_label());
        EdgeEnd { object, record: None, label, name: None }
    }

    pub(in crate::graph) fn record_end(self, number: RecordNo) -> EdgeEnd<'g> {
        let record = self.rows.records[number];
        let id = self.rows.texts.get(record.id);
        let object = self.objects.rows()[record.object].key.as_str();
        let name = self.rows.names.text(number);
        EdgeEnd { object, record: Some(id), label: name.unwrap_or(id), name }
    }

    /// An association while it is known and not deleted.
    pub(in crate::graph) fn association_edge(self, number: AssociationNo) -> Option<Edge<'g>> {
        let row = &self.associations.rows()[number];
        let definition = row.definition.as_ref()?;
        let end = |key: &str| Some(self.object_end(self.objects.find(key)?));
        Some(Edge {
            first: end(definition.first.object.as_str())?,
            second: end(definition.second.object.as_str())?,
            association: &row.id,
            definition: Some(definition),
            relation: None,
            at: row.stamp.and_then(Stamp::at),
            seq: row.stamp.map_or(0, Stamp::seq),
        })
    }

    pub(in crate::graph) fn relation_edge(self, number: RelationNo) -> Edge<'g> {
        let row = self.rows.relations[number];
        let association = &self.associations.rows()[self.rows.kinds[row.kind].kind.association];
        Edge {
            first: self.record_end(row.first),
            second: self.record_end(row.second),
            association: &association.id,
            definition: association.definition.as_ref(),
            relation: Some(self.rows.texts.get(row.id)),
            at: row.stamp.at(),
            seq: row.stamp.seq(),
        }
    }
}
