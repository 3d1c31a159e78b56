//! Node-link JSON, for NetworkX and d3.
//!
//! Source: <https://networkx.org/documentation/stable/reference/readwrite/json_graph.html>.

use std::io::{self, Write};

use serde::Serialize;

use crate::export::element::{
    EDGE_ATTRIBUTES, EdgeId, Members, NODE_ATTRIBUTES, NodeId, edge_members, node_members,
};
use crate::export::json::array;
use crate::export::options::EdgesKey;
use crate::graph::{Edge, EdgeEnd, Subgraph};

#[derive(Serialize)]
struct Node<'g> {
    id: NodeId<'g>,
    #[serde(flatten)]
    attributes: Members<'g, { NODE_ATTRIBUTES.len() }>,
}

#[derive(Serialize)]
struct Link<'g> {
    source: NodeId<'g>,
    target: NodeId<'g>,
    key: EdgeId<'g>,
    #[serde(flatten)]
    attributes: Members<'g, { EDGE_ATTRIBUTES.len() }>,
}

pub(super) fn write(
    part: &Subgraph<'_>,
    edges_key: EdgesKey,
    to: &mut dyn Write,
) -> io::Result<()> {
    write!(
        to,
        "{{\"directed\":true,\"multigraph\":true,\"graph\":{{\"name\":\"relata\"}},\"nodes\":"
    )?;
    array(part.nodes().map(node), to)?;
    write!(to, ",\n\"{}\":", edges_key.as_str())?;
    array(part.links().map(link), to)?;
    writeln!(to, "}}")
}

fn node(node: EdgeEnd<'_>) -> Node<'_> {
    Node { id: NodeId::of(&node), attributes: node_members(&node) }
}

fn link(edge: Edge<'_>) -> Link<'_> {
    Link {
        source: NodeId::of(&edge.first),
        target: NodeId::of(&edge.second),
        key: EdgeId::of(&edge),
        attributes: edge_members(&edge),
    }
}
