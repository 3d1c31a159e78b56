//! Both layers as petgraph sees them, so that its algorithms run on them.

use std::iter::Map;

use petgraph::Direction;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::{
    Data, EdgeRef, GraphBase, GraphProp, GraphRef, IntoEdgeReferences, IntoEdges,
    IntoEdgesDirected, IntoNeighbors, IntoNeighborsDirected, IntoNodeIdentifiers,
    NodeCompactIndexable, NodeCount, NodeIndexable, Visitable,
};

use crate::graph::layers::record_data::RelationRow;
use crate::graph::location_graph::LocationGraph;
use crate::graph::memory::table::{RecordNo, RelationNo};
use crate::graph::view::Node;
use crate::model::{NodeRef, Side, address};

/// The record layer as a directed petgraph graph, first record to second.
/// Records that nothing links are nodes too, so that indices are compact.
/// Deleted and hidden relations are not edges.
///
/// ```
/// use petgraph::algo::connected_components;
/// use relata::graph::LocationGraph;
///
/// let graph = LocationGraph::new();
/// assert_eq!(connected_components(graph.record_graph()), 0);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RecordGraph<'g> {
    graph: &'g LocationGraph,
}

/// One relation, as petgraph's algorithms meet it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelationEdge {
    relation: EdgeIndex,
    source: NodeIndex,
    target: NodeIndex,
}

/// The object layer as a directed petgraph graph, first object key to second;
/// weights are the numbers of object keys and associations.
/// Object keys are never taken away, so indices are compact.
pub type ObjectGraph = DiGraph<u32, u32>;

type Boxed<'g, T> = Box<dyn Iterator<Item = T> + 'g>;

fn index(record: RecordNo) -> NodeIndex {
    NodeIndex::new(record.0 as usize)
}

fn number(index: NodeIndex) -> RecordNo {
    RecordNo(address(index.index()))
}

impl LocationGraph {
    /// Returns the record layer as a petgraph graph. Costs nothing.
    pub fn record_graph(&self) -> RecordGraph<'_> {
        RecordGraph { graph: self }
    }

    /// Returns the object layer as a petgraph graph. Costs a copy of the object layer,
    /// which is small.
    pub fn object_graph(&self) -> ObjectGraph {
        self.objects.graph().map(|_, object| object.0, |_, association| association.0).into()
    }

    /// Returns the index of a node in the graph of its layer. Indices mean nothing outside
    /// the graph they came from.
    pub fn petgraph_index(&self, node: &NodeRef) -> Option<NodeIndex> {
        match self.node(node)? {
            Node::Record(record) => Some(index(record)),
            Node::Object(object) => Some(NodeIndex::new(object.0 as usize)),
        }
    }
}

impl RecordGraph<'_> {
    /// Returns the record at this index of this graph.
    ///
    /// # Panics
    ///
    /// If the index is none of this graph's.
    pub fn record(&self, index: NodeIndex) -> NodeRef {
        let record = number(index);
        let object = self.graph.records.records()[record].object;
        let key = &self.graph.objects.rows()[object].key;
        NodeRef::record(key.clone(), self.graph.records.record_id(record))
    }
}

impl<'g> RecordGraph<'g> {
    fn directed(
        self,
        record: NodeIndex,
        direction: Direction,
    ) -> impl Iterator<Item = RelationEdge> + 'g {
        let side = if direction == Direction::Outgoing { Side::First } else { Side::Second };
        let records = &self.graph.records;
        records
            .adjacency(number(record))
            .runs()
            .filter(move |run| run.slot.side() == side && !records.kinds()[run.slot.kind()].hidden)
            .flat_map(|run| run.entries.iter().filter(|entry| !entry.is_gone()))
            .map(move |entry| {
                let relation = EdgeIndex::new(entry.relation.0 as usize);
                let (source, target) = match direction {
                    Direction::Outgoing => (record, index(entry.far)),
                    Direction::Incoming => (index(entry.far), record),
                };
                RelationEdge { relation, source, target }
            })
    }
}

impl EdgeRef for RelationEdge {
    type NodeId = NodeIndex;
    type EdgeId = EdgeIndex;
    type Weight = ();

    fn source(&self) -> NodeIndex {
        self.source
    }

    fn target(&self) -> NodeIndex {
        self.target
    }

    fn weight(&self) -> &() {
        &()
    }

    fn id(&self) -> EdgeIndex {
        self.relation
    }
}

impl GraphBase for RecordGraph<'_> {
    type NodeId = NodeIndex;
    type EdgeId = EdgeIndex;
}

impl GraphRef for RecordGraph<'_> {}

impl Data for RecordGraph<'_> {
    type NodeWeight = ();
    type EdgeWeight = ();
}

impl GraphProp for RecordGraph<'_> {
    type EdgeType = petgraph::Directed;
}

impl NodeCount for RecordGraph<'_> {
    fn node_count(&self) -> usize {
        self.graph.records.records().len() as usize
    }
}

impl NodeIndexable for RecordGraph<'_> {
    fn node_bound(&self) -> usize {
        self.node_count()
    }

    fn to_index(&self, record: NodeIndex) -> usize {
        record.index()
    }

    fn from_index(&self, index: usize) -> NodeIndex {
        NodeIndex::new(index)
    }
}

impl NodeCompactIndexable for RecordGraph<'_> {}

impl Visitable for RecordGraph<'_> {
    type Map = <ObjectGraph as Visitable>::Map;

    fn visit_map(&self) -> Self::Map {
        Self::Map::with_capacity(self.node_bound())
    }

    fn reset_map(&self, map: &mut Self::Map) {
        map.clear();
        map.grow(self.node_bound());
    }
}

impl IntoNodeIdentifiers for RecordGraph<'_> {
    type NodeIdentifiers = Map<std::ops::Range<usize>, fn(usize) -> NodeIndex>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        (0..self.node_count()).map(NodeIndex::new)
    }
}

impl<'g> IntoNeighbors for RecordGraph<'g> {
    type Neighbors = Boxed<'g, NodeIndex>;

    fn neighbors(self, record: NodeIndex) -> Self::Neighbors {
        self.neighbors_directed(record, Direction::Outgoing)
    }
}

impl<'g> IntoNeighborsDirected for RecordGraph<'g> {
    type NeighborsDirected = Boxed<'g, NodeIndex>;

    fn neighbors_directed(
        self,
        record: NodeIndex,
        direction: Direction,
    ) -> Self::NeighborsDirected {
        Box::new(self.directed(record, direction).map(move |edge| match direction {
            Direction::Outgoing => edge.target,
            Direction::Incoming => edge.source,
        }))
    }
}

impl<'g> IntoEdgeReferences for RecordGraph<'g> {
    type EdgeRef = RelationEdge;
    type EdgeReferences = Boxed<'g, RelationEdge>;

    fn edge_references(self) -> Self::EdgeReferences {
        let records = &self.graph.records;
        let is_edge = move |row: &RelationRow| row.linked && !records.kinds()[row.kind].hidden;
        let edge = |(number, row): (RelationNo, &RelationRow)| RelationEdge {
            relation: EdgeIndex::new(number.0 as usize),
            source: index(row.first),
            target: index(row.second),
        };
        Box::new(records.relations().iter().filter(move |(_, row)| is_edge(row)).map(edge))
    }
}

impl<'g> IntoEdges for RecordGraph<'g> {
    type Edges = Boxed<'g, RelationEdge>;

    fn edges(self, record: NodeIndex) -> Self::Edges {
        self.edges_directed(record, Direction::Outgoing)
    }
}

impl<'g> IntoEdgesDirected for RecordGraph<'g> {
    type EdgesDirected = Boxed<'g, RelationEdge>;

    fn edges_directed(self, record: NodeIndex, direction: Direction) -> Self::EdgesDirected {
        Box::new(self.directed(record, direction))
    }
}
