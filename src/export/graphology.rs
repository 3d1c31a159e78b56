//! JSON for graphology and sigma.js.
//!
//! Source: <https://graphology.github.io/serialization.html>.

use std::io::{self, Write};

use serde::Serialize;

use crate::export::element::{
    EDGE_ATTRIBUTES, EdgeId, Members, NODE_ATTRIBUTES, NodeId, edge_members, node_members,
};
use crate::export::json::array;
use crate::graph::{Edge, EdgeEnd, Subgraph};

#[derive(Serialize)]
struct Node<'g> {
    key: NodeId<'g>,
    attributes: Members<'g, { NODE_ATTRIBUTES.len() }>,
}

#[derive(Serialize)]
struct Link<'g> {
    key: EdgeId<'g>,
    source: NodeId<'g>,
    target: NodeId<'g>,
    attributes: Members<'g, { EDGE_ATTRIBUTES.len() }>,
}

pub(super) fn write(part: &Subgraph<'_>, to: &mut dyn Write) -> io::Result<()> {
    write!(
        to,
        "{{\"options\":{{\"type\":\"directed\",\"multi\":true,\"allowSelfLoops\":true}},\
         \"attributes\":{{\"name\":\"relata\"}},\"nodes\":"
    )?;
    array(part.nodes().map(node), to)?;
    write!(to, ",\n\"edges\":")?;
    array(part.links().map(link), to)?;
    writeln!(to, "}}")
}

fn node(node: EdgeEnd<'_>) -> Node<'_> {
    Node { key: NodeId::of(&node), attributes: node_members(&node) }
}

fn link(edge: Edge<'_>) -> Link<'_> {
    Link {
        key: EdgeId::of(&edge),
        source: NodeId::of(&edge.first),
        target: NodeId::of(&edge.second),
        attributes: edge_members(&edge),
    }
}
