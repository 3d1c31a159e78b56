//! The neighborhood of a node.

use crate::graph::memory::table::{AssociationNo, RelationNo};
use crate::graph::query::budget::Budget;
use crate::graph::query::edge::{EDGE_MEMBERS, Edge, EdgeRow};
use crate::graph::query::error::QueryError;
use crate::graph::query::label_end::LabelEnd;
use crate::graph::query::layer::{Layer, NodeName};
use crate::graph::query::link_filter::LinkFilter;
use crate::graph::query::named_nodes::NamesNodes;
use crate::graph::query::slot_filter::SlotFilter;
use crate::graph::view::View;
use crate::model::{Association, NodeRef, Side};

/// How much of the neighborhood of a node to return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighborhoodQuery {
    /// The node in the middle.
    pub of: NodeRef,
    /// Maximum number of hops from the node.
    pub depth: u32,
    /// Only along links that this filter selects as seen from either end.
    pub along: LinkFilter,
    /// Maximum number of nodes, nearest first.
    pub limit: usize,
}

impl AsMut<LinkFilter> for NeighborhoodQuery {
    fn as_mut(&mut self) -> &mut LinkFilter {
        &mut self.along
    }
}

impl NeighborhoodQuery {
    /// Returns the query for what is one hop away, up to 1,000 nodes.
    pub fn of(node: NodeRef) -> Self {
        Self { of: node, depth: 1, along: LinkFilter::default(), limit: 1_000 }
    }
}

impl NamesNodes for NeighborhoodQuery {
    fn named_nodes(&self) -> impl Iterator<Item = &NodeRef> {
        std::iter::once(&self.of)
    }
}

/// A node of a neighborhood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeighborhoodNodeRow<T> {
    /// The object key.
    pub object: T,
    /// The record id; absent on the object layer.
    pub record: Option<T>,
    /// What people call the record, if an event has said so.
    pub name: Option<T>,
    /// Hops from the middle.
    pub hops: u32,
}

/// Such a node whose texts are borrowed from the graph.
pub type NeighborhoodNode<'g> = NeighborhoodNodeRow<&'g str>;

impl NeighborhoodNode<'_> {
    /// Returns the same with texts of its own.
    pub fn into_owned(self) -> NeighborhoodNodeRow<String> {
        let [record, name] = [self.record, self.name].map(|text| text.map(str::to_owned));
        NeighborhoodNodeRow { object: self.object.to_owned(), record, name, hops: self.hops }
    }
}

/// The part of the graph around a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighborhood<T, D> {
    /// The nodes, the one in the middle first, then the nearest.
    pub nodes: Vec<NeighborhoodNodeRow<T>>,
    /// Every link between two of these nodes, once.
    pub links: Vec<EdgeRow<T, D>>,
    /// Whether every node within the depth is there, with all links.
    pub complete: bool,
}

impl Neighborhood<&str, &Association> {
    /// Returns the same neighborhood with texts of its own.
    pub fn into_owned(self) -> Neighborhood<String, Association> {
        Neighborhood {
            nodes: self.nodes.into_iter().map(NeighborhoodNode::into_owned).collect(),
            links: self.links.into_iter().map(Edge::into_owned).collect(),
            complete: self.complete,
        }
    }
}

impl<'g> View<'g> {
    /// Returns the nodes within some hops of one, along links in either direction, and the
    /// links between them.
    ///
    /// Costs the links of the nodes shown.
    pub fn neighborhood(
        self,
        query: &NeighborhoodQuery,
        budget: &mut Budget<'_>,
    ) -> Result<Neighborhood<&'g str, &'g Association>, QueryError> {
        let (layer, of) = self.place(&query.of)?;
        let mut slots = SlotFilter::new(layer, &query.along, LabelEnd::Either);
        let mut reached = Vec::new();
        let all = spread(layer, of, query.depth, query.limit, &mut slots, budget, &mut reached);
        let nodes = write_nodes(layer, &reached, budget);
        if nodes.len() < reached.len() {
            return Ok(Neighborhood { nodes, links: vec![], complete: false });
        }
        let most = budget.room_for(EDGE_MEMBERS);
        let between = between(layer, &reached, &mut slots, budget, most);
        let mut links = Vec::new();
        for edge in between.into_iter().filter_map(|relation| edge(layer, relation)) {
            if !edge.write(budget) {
                break;
            }
            links.push(edge);
        }
        Ok(Neighborhood { nodes, links, complete: all && !budget.is_exhausted() })
    }

    /// Returns how many nodes are within some hops of one, itself not counted, and whether
    /// that is all of them.
    ///
    /// Costs the links of those nearer than that.
    pub fn reach(
        self,
        query: &NeighborhoodQuery,
        budget: &mut Budget<'_>,
    ) -> Result<(u64, bool), QueryError> {
        let (layer, of) = self.place(&query.of)?;
        let mut slots = SlotFilter::new(layer, &query.along, LabelEnd::Either);
        let mut reached = std::mem::take(&mut budget.memory.reached);
        reached.clear();
        let all = spread(layer, of, query.depth, usize::MAX, &mut slots, budget, &mut reached);
        let count = reached.len() as u64 - 1;
        budget.memory.reached = reached;
        Ok((count, all && !budget.is_exhausted()))
    }
}

/// Collects nodes with their hops, nearest first. Returns `false` if the limit left some
/// out. Those collected are `seen` afterwards.
pub(super) fn spread(
    layer: Layer<'_>,
    of: u32,
    depth: u32,
    limit: usize,
    slots: &mut SlotFilter<'_>,
    budget: &mut Budget<'_>,
    reached: &mut Vec<(u32, u32)>,
) -> bool {
    budget.memory.seen.clear(layer.nodes());
    if limit == 0 {
        return false;
    }
    budget.memory.seen.insert(of, ());
    reached.push((of, 0));
    let mut at = 0;
    while let Some(&(node, hops)) = reached.get(at).filter(|(_, hops)| *hops < depth) {
        at += 1;
        for run in layer.runs_in_order(node) {
            if !slots.admit(layer, &run, budget) {
                continue;
            }
            let seen = &mut budget.memory.seen;
            for entry in run.entries.iter().filter(|entry| !entry.is_gone()) {
                if seen.insert(entry.far.0, ()) {
                    if reached.len() == limit {
                        seen.remove(entry.far.0);
                        return false;
                    }
                    reached.push((entry.far.0, hops + 1));
                }
            }
        }
    }
    true
}

/// The members of a node as JSON, without its texts.
const NODE_MEMBERS: usize = 50;

/// Returns the nodes as rows of an answer, up to the last for which there is room.
fn write_nodes<'g>(
    layer: Layer<'g>,
    reached: &[(u32, u32)],
    budget: &mut Budget<'_>,
) -> Vec<NeighborhoodNode<'g>> {
    let mut nodes = Vec::new();
    for &(node, hops) in reached {
        let NodeName { object, record, name } = layer.name(node);
        if !budget.write(NODE_MEMBERS, [Some(object), record, name]) {
            break;
        }
        nodes.push(NeighborhoodNode { object, record, name, hops });
    }
    nodes
}

/// Returns the links between nodes that are `seen`, each once: from its first end; up to
/// `most` and those of the same slot.
pub(super) fn between(
    layer: Layer<'_>,
    nodes: &[(u32, u32)],
    slots: &mut SlotFilter<'_>,
    budget: &mut Budget<'_>,
    most: usize,
) -> Vec<RelationNo> {
    let mut links = Vec::new();
    for &(node, _) in nodes {
        if links.len() >= most {
            break;
        }
        for run in layer.runs_in_order(node) {
            if run.slot.side() != Side::First || !slots.admit(layer, &run, budget) {
                continue;
            }
            let seen = |far: u32| budget.memory.seen.has(far);
            let inner = run.entries.iter().filter(|entry| !entry.is_gone() && seen(entry.far.0));
            links.extend(inner.map(|entry| entry.relation));
        }
    }
    links
}

/// Returns a link by its number.
pub(super) fn edge(layer: Layer<'_>, relation: RelationNo) -> Option<Edge<'_>> {
    match layer {
        Layer::Objects(view) => view.association_edge(AssociationNo(relation.0)),
        Layer::Records(view) => Some(view.relation_edge(relation)),
    }
}
