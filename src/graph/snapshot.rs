//! A consistent copy of a location that does not stop the writer.

use std::collections::HashMap;
use std::sync::Arc;

use super::associations::Associations;
use super::location_graph::{LocationGraph, Node};
use super::object_layer::ObjectLayer;
use super::query::{Edge, EdgeEnd, Names, View};
use super::record_layer::{RecordRows, RelationRow};
use super::table::{RecordNo, RelationNo};
use crate::model::NodeRef;

/// Everything visible of a location at one moment, for reading from end to end
/// and for long questions while events go on.
///
/// Taking one costs a pointer for each 64 records; an event that touches records
/// whose chunk a snapshot still holds costs a copy of that chunk and its links
/// once.
#[derive(Debug, Clone)]
pub struct Snapshot {
    associations: Arc<Associations>,
    objects: Arc<ObjectLayer>,
    rows: RecordRows,
    named: HashMap<NodeRef, Node>,
}

impl LocationGraph {
    /// A consistent copy of what is visible now.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_of([])
    }

    /// A consistent copy of what is visible now, for a question that names these
    /// nodes: a copy knows no others by name.
    pub fn snapshot_of<'n>(&self, named: impl IntoIterator<Item = &'n NodeRef>) -> Snapshot {
        let found = |node: &NodeRef| Some((node.clone(), self.node(node)?));
        Snapshot {
            associations: Arc::clone(&self.associations),
            objects: Arc::clone(&self.objects),
            rows: self.records.rows().clone(),
            named: named.into_iter().filter_map(found).collect(),
        }
    }
}

impl Snapshot {
    /// What questions are asked of.
    pub fn view(&self) -> View<'_> {
        View {
            associations: &self.associations,
            objects: &self.objects,
            rows: &self.rows,
            names: Names::Few(&self.named),
        }
    }

    /// Object keys, sorted.
    pub fn object_nodes(&self) -> Vec<EdgeEnd<'_>> {
        let view = self.view();
        let listed = self.objects.rows().numbers().filter(|&number| view.is_object_listed(number));
        let mut nodes: Vec<_> = listed.map(|number| view.object_end(number)).collect();
        nodes.sort_unstable();
        nodes
    }

    /// Associations as links, sorted by id.
    pub fn object_links(&self) -> Vec<Edge<'_>> {
        let numbers = self.associations.rows().numbers();
        let mut links: Vec<_> =
            numbers.filter_map(|number| self.view().association_edge(number)).collect();
        links.sort_unstable_by_key(|link| link.association);
        links
    }

    /// Records, sorted by object key and id. Costs four bytes a record.
    pub fn record_nodes(&self) -> impl ExactSizeIterator<Item = EdgeEnd<'_>> {
        let view = self.view();
        let mut order: Vec<RecordNo> = self
            .rows
            .records
            .iter()
            .filter(|(_, record)| record.listed)
            .map(|(number, _)| number)
            .collect();
        order.sort_unstable_by_key(|&number| view.record_end(number));
        order.into_iter().map(move |number| view.record_end(number))
    }

    /// Relations as links, sorted by id. Costs four bytes a relation.
    pub fn record_links(&self) -> impl ExactSizeIterator<Item = Edge<'_>> {
        let view = self.view();
        let visible = |row: &RelationRow| row.linked && !self.rows.kinds[row.kind].hidden;
        let mut order: Vec<RelationNo> = self
            .rows
            .relations
            .iter()
            .filter(|(_, row)| visible(row))
            .map(|(number, _)| number)
            .collect();
        order.sort_unstable_by_key(|&number| self.rows.relation_id(number));
        order.into_iter().map(move |number| view.relation_edge(number))
    }
}
