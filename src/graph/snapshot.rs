//! A consistent copy of a location that does not stop the writer.

use std::collections::HashMap;
use std::sync::Arc;

use crate::graph::layers::associations::Associations;
use crate::graph::layers::objects::ObjectLayer;
use crate::graph::layers::record_data::RecordRows;
use crate::graph::location_graph::LocationGraph;
use crate::graph::query::edge::{Edge, EdgeEnd};
use crate::graph::query::named_nodes::NamesNodes;
use crate::graph::query::subgraph::{Layers, Subgraph, SubgraphQuery};
use crate::graph::view::{Names, Node, View};
use crate::model::{NodeRef, Seq};

/// Everything visible of a location at one moment, for reading from end to end
/// and for long queries while events are applied.
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
    seq: Seq,
}

impl LocationGraph {
    /// Takes a consistent copy of what is visible now.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_for(&())
    }

    /// Takes a consistent copy of what is visible now, for a query: the nodes that it names
    /// are looked up first, and the copy knows no others by name.
    pub fn snapshot_for(&self, query: &(impl NamesNodes + ?Sized)) -> Snapshot {
        let found = |node: &NodeRef| Some((node.clone(), self.node(node)?));
        let unkeyed = query.named_record().map(|id| {
            let records = self.view().find_records(id).into_iter();
            let key = |record| &self.objects.rows()[self.records.records()[record].object].key;
            records.map(move |it| (NodeRef::record(key(it).as_str(), id), Node::Record(it)))
        });
        Snapshot {
            associations: Arc::clone(&self.associations),
            objects: Arc::clone(&self.objects),
            rows: self.records.rows().clone(),
            named: query
                .named_nodes()
                .filter_map(found)
                .chain(unkeyed.into_iter().flatten())
                .collect(),
            seq: self.seq,
        }
    }
}

impl Snapshot {
    /// Returns what queries read.
    pub fn view(&self) -> View<'_> {
        View {
            associations: &self.associations,
            objects: &self.objects,
            rows: &self.rows,
            names: Names::Few(&self.named),
            seq: self.seq,
        }
    }

    /// Returns the nodes of some layers, by object key and record id. See [`View::part`]
    /// for the cost.
    pub fn nodes(&self, layers: Layers) -> Vec<EdgeEnd<'_>> {
        self.part_of(layers).map_or_else(Vec::new, |part| part.nodes().collect())
    }

    /// Returns the links of some layers, by id. See [`View::part`] for the cost.
    pub fn links(&self, layers: Layers) -> Vec<Edge<'_>> {
        self.part_of(layers).map_or_else(Vec::new, |part| part.links().collect())
    }

    /// Cannot fail, since it names no node.
    fn part_of(&self, layers: Layers) -> Option<Subgraph<'_>> {
        self.view().part(&SubgraphQuery { layers, ..SubgraphQuery::default() }).ok()
    }
}
