//! What queries read: a graph, or a copy of it.

use std::collections::HashMap;

use crate::graph::layers::associations::Associations;
use crate::graph::layers::objects::ObjectLayer;
use crate::graph::layers::record_data::RecordRows;
use crate::graph::layers::records::RecordLayer;
use crate::graph::memory::table::{ObjectNo, RecordNo};
use crate::graph::query::error::QueryError;
use crate::model::{NodeRef, Seq};

/// What queries read: the graph of a location as it stands, or a
/// [`Snapshot`](crate::graph::snapshot::Snapshot) of it.
#[derive(Debug, Clone, Copy)]
pub struct View<'g> {
    pub(in crate::graph) associations: &'g Associations,
    pub(in crate::graph) objects: &'g ObjectLayer,
    pub(in crate::graph) rows: &'g RecordRows,
    pub(in crate::graph) names: Names<'g>,
    pub(in crate::graph) seq: Seq,
}

/// How a view finds nodes by name.
#[derive(Debug, Clone, Copy)]
pub(in crate::graph) enum Names<'g> {
    Every(&'g RecordLayer),
    /// A copy knows those that it was taken for.
    Few(&'g HashMap<NodeRef, Node>),
}

impl View<'_> {
    /// Returns the last event of the location that this state holds, or a lower number
    /// where none has come since the store was opened. The greater of this and the
    /// last event that was visible before the view was taken is the state exactly.
    pub fn seq(self) -> Seq {
        self.seq
    }

    pub(super) fn find(self, node: &NodeRef) -> Result<Node, QueryError> {
        let found = match self.names {
            Names::Every(records) => {
                match (&node.record, self.objects.find(node.object.as_str())) {
                    (None, object) => object.map(Node::Object),
                    (Some(id), object) => {
                        object.and_then(|o| records.find_record(o, id.as_str())).map(Node::Record)
                    }
                }
            }
            Names::Few(named) => named.get(node).copied(),
        };
        found.ok_or_else(|| QueryError::Unknown(node.clone()))
    }

    /// Returns every record of this id, whatever its object key, by ascending number. Costs a
    /// look-up for each object key.
    pub(super) fn find_records(self, id: &str) -> Vec<RecordNo> {
        let mut found: Vec<RecordNo> = match self.names {
            Names::Every(records) => {
                let objects = self.objects.rows().numbers();
                objects.filter_map(|object| records.find_record(object, id)).collect()
            }
            Names::Few(named) => {
                let named = named.iter().filter(|(node, _)| {
                    node.record.as_ref().is_some_and(|record| record.as_str() == id)
                });
                let record = |node: &Node| match node {
                    Node::Record(record) => Some(*record),
                    Node::Object(_) => None,
                };
                named.filter_map(|(_, node)| record(node)).collect()
            }
        };
        found.sort_unstable();
        found
    }
}

/// A node of either layer, by number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    Object(ObjectNo),
    Record(RecordNo),
}
