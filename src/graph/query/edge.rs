//! A link as neither of its ends sees it: from the first to the second.

use super::super::object_layer::ObjectRow;
use super::super::table::{AssociationNo, ObjectNo, RecordNo, RelationNo};
use super::View;
use crate::model::{Association, Seq, Stamp, Timestamp};

/// One end of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EdgeEnd<'g> {
    /// The object key.
    pub object: &'g str,
    /// The record id; absent on the object layer.
    pub record: Option<&'g str>,
    /// What to show people.
    pub label: &'g str,
}

/// One association or relation, from the first end to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge<'g> {
    /// The first end.
    pub first: EdgeEnd<'g>,
    /// The second end.
    pub second: EdgeEnd<'g>,
    /// The id of the association.
    pub association: &'g str,
    /// Its definition, while known.
    pub definition: Option<&'g Association>,
    /// The id of the relation; absent on the object layer.
    pub relation: Option<&'g str>,
    /// The time of the event behind the link, if it was dated.
    pub at: Option<Timestamp>,
    /// The journal position of that event.
    pub seq: Seq,
}

impl<'g> View<'g> {
    pub(in super::super) fn object_end(self, number: ObjectNo) -> EdgeEnd<'g> {
        let row: &'g ObjectRow = &self.objects.rows()[number];
        EdgeEnd { object: row.key.as_str(), record: None, label: row.display_label() }
    }

    pub(in super::super) fn record_end(self, number: RecordNo) -> EdgeEnd<'g> {
        let record = self.rows.records[number];
        let id = self.rows.texts.get(record.id);
        let object = self.objects.rows()[record.object].key.as_str();
        EdgeEnd { object, record: Some(id), label: id }
    }

    /// An association while it is known and not deleted.
    pub(in super::super) fn association_edge(self, number: AssociationNo) -> Option<Edge<'g>> {
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

    pub(in super::super) fn relation_edge(self, number: RelationNo) -> Edge<'g> {
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
