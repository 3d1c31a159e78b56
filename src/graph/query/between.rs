//! The links among some nodes.

use std::collections::HashSet;

use crate::graph::query::among::links_among;
use crate::graph::query::budget::Budget;
use crate::graph::query::edge::{EDGE_MEMBERS, Edge, EdgeRow};
use crate::graph::query::label_end::LabelEnd;
use crate::graph::query::layer::{Layer, NodeName};
use crate::graph::query::link_filter::LinkFilter;
use crate::graph::query::named_nodes::NamesNodes;
use crate::graph::query::neighborhood::edge;
use crate::graph::query::slot_filter::SlotFilter;
use crate::graph::view::View;
use crate::model::{Association, NodeRef};

/// Which nodes to find the links among.
///
/// ```
/// use relata::NodeRef;
/// use relata::graph::BetweenQuery;
///
/// let (amara, ben) = (NodeRef::record("contact", "amara"), NodeRef::record("contact", "ben"));
/// let query = BetweenQuery::of([amara, ben]);
/// assert!(query.along.is_everything());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BetweenQuery {
    /// The nodes, of either layer or both; one named twice counts once.
    pub of: Vec<NodeRef>,
    /// Only links that this filter selects as seen from either end.
    pub along: LinkFilter,
}

impl BetweenQuery {
    /// Returns the query for all links among these nodes.
    pub fn of(nodes: impl IntoIterator<Item = NodeRef>) -> Self {
        Self { of: nodes.into_iter().collect(), along: LinkFilter::default() }
    }
}

impl AsMut<LinkFilter> for BetweenQuery {
    fn as_mut(&mut self) -> &mut LinkFilter {
        &mut self.along
    }
}

impl NamesNodes for BetweenQuery {
    fn named_nodes(&self) -> impl Iterator<Item = &NodeRef> {
        self.of.iter()
    }
}

/// One of the nodes among which links are sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BetweenNodeRow<T> {
    /// The object key.
    pub object: T,
    /// The record id; absent on the object layer.
    pub record: Option<T>,
    /// What people call the record, if an event has said so.
    pub name: Option<T>,
}

/// Such a node whose texts are borrowed from the graph.
pub type BetweenNode<'g> = BetweenNodeRow<&'g str>;

impl BetweenNode<'_> {
    /// Returns the same with texts of its own.
    pub fn into_owned(self) -> BetweenNodeRow<String> {
        let [record, name] = [self.record, self.name].map(|text| text.map(str::to_owned));
        BetweenNodeRow { object: self.object.to_owned(), record, name }
    }
}

/// The members of a node as JSON, without its texts.
const NODE_MEMBERS: usize = 40;

/// What a node that is not known takes as JSON, besides its text.
const UNKNOWN_MEMBERS: usize = 3;

/// Some nodes, and the links among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Between<T, D> {
    /// The nodes that are known, in the order of the query.
    pub nodes: Vec<BetweenNodeRow<T>>,
    /// The nodes that no event has named.
    pub unknown: Vec<NodeRef>,
    /// Every link from one of the nodes to another or to itself, once, in the order in which
    /// the store first heard of them; those of the object layer come first.
    pub links: Vec<EdgeRow<T, D>>,
    /// Whether all nodes and links are there.
    pub complete: bool,
}

impl Between<&str, &Association> {
    /// Returns the same with texts of its own.
    pub fn into_owned(self) -> Between<String, Association> {
        Between {
            nodes: self.nodes.into_iter().map(BetweenNode::into_owned).collect(),
            unknown: self.unknown,
            links: self.links.into_iter().map(Edge::into_owned).collect(),
            complete: self.complete,
        }
    }
}

impl<'g> View<'g> {
    /// Returns the links among some nodes. A node that no event has named has none, and is
    /// listed apart.
    ///
    /// A link is looked for at that of its ends which has fewer links of its kind. So those of
    /// a hub cost nothing, unless another of the nodes is a greater hub at their far end.
    pub fn between(
        self,
        query: &BetweenQuery,
        budget: &mut Budget<'_>,
    ) -> Between<&'g str, &'g Association> {
        let mut found = Between { nodes: vec![], unknown: vec![], links: vec![], complete: false };
        let (mut objects, mut records) = (Vec::new(), Vec::new());
        for node in distinct(&query.of) {
            if !budget.charge(1) {
                return found;
            }
            let Ok((layer, number)) = self.place(node) else {
                if !budget.write(UNKNOWN_MEMBERS, [Some(&*node.to_string())]) {
                    return found;
                }
                found.unknown.push(node.clone());
                continue;
            };
            let NodeName { object, record, name } = layer.name(number);
            if !budget.write(NODE_MEMBERS, [Some(object), record, name]) {
                return found;
            }
            found.nodes.push(BetweenNode { object, record, name });
            if layer.is_records() { &mut records } else { &mut objects }.push(number);
        }
        for (layer, nodes) in [(Layer::Objects(self), objects), (Layer::Records(self), records)] {
            let mut slots = SlotFilter::new(layer, &query.along, LabelEnd::Either);
            let most = budget.room_for(EDGE_MEMBERS);
            let links = links_among(layer, nodes, &mut slots, budget, most);
            for edge in links.into_iter().filter_map(|link| edge(layer, link)) {
                if !edge.write(budget) {
                    return found;
                }
                found.links.push(edge);
            }
        }
        found.complete = !budget.is_exhausted();
        found
    }
}

/// Returns each of some nodes once.
pub(super) fn distinct(nodes: &[NodeRef]) -> impl Iterator<Item = &NodeRef> {
    let mut known = HashSet::with_capacity(nodes.len());
    nodes.iter().filter(move |node| known.insert(*node))
}
