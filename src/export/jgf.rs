//! JSON Graph Format, version 2.
//!
//! Source: <https://jsongraphformat.info/v2.0/json-graph-schema.json>, in
//! which nodes are members of an object, by id.

use std::io::{self, Write};

use serde::Serialize;

use crate::export::element::{
    EDGE_ATTRIBUTES, EdgeId, Members, NODE_ATTRIBUTES, NodeId, edge_class, edge_label,
    edge_members, node_members,
};
use crate::export::json::{array, object};
use crate::graph::{Edge, EdgeEnd, Subgraph};

#[derive(Serialize)]
struct Node<'g> {
    label: &'g str,
    metadata: Members<'g, { NODE_ATTRIBUTES.len() }>,
}

#[derive(Serialize)]
struct Link<'g> {
    id: EdgeId<'g>,
    source: NodeId<'g>,
    target: NodeId<'g>,
    relation: &'g str,
    directed: bool,
    label: &'g str,
    metadata: Members<'g, { EDGE_ATTRIBUTES.len() }>,
}

pub(super) fn write(part: &Subgraph<'_>, to: &mut dyn Write) -> io::Result<()> {
    write!(to, "{{\"graph\":{{\"label\":\"relata\",\"directed\":true,\"nodes\":")?;
    object(part.nodes().map(|end| (NodeId::of(&end), node(&end))), to)?;
    write!(to, ",\n\"edges\":")?;
    array(part.links().map(link), to)?;
    writeln!(to, "}}}}")
}

fn node<'g>(node: &EdgeEnd<'g>) -> Node<'g> {
    Node { label: node.label, metadata: node_members(node) }
}

fn link(edge: Edge<'_>) -> Link<'_> {
    Link {
        id: EdgeId::of(&edge),
        source: NodeId::of(&edge.first),
        target: NodeId::of(&edge.second),
        relation: edge_class(&edge),
        directed: true,
        label: edge_label(&edge),
        metadata: edge_members(&edge),
    }
}
