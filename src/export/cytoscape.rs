//! JSON for Cytoscape.js and Cytoscape.
//!
//! Source: <https://js.cytoscape.org/#notation/elements-json>. Cytoscape
//! displays `name`; `value`, `key`, `directed` and `multigraph` are for NetworkX.

use std::io::{self, Write};

use serde::Serialize;

use crate::export::element::{
    EDGE_ATTRIBUTES, EdgeId, Members, NODE_ATTRIBUTES, NodeId, edge_label, edge_members,
    node_members,
};
use crate::export::json::array;
use crate::graph::{Edge, EdgeEnd, Subgraph};

#[derive(Serialize)]
struct Element<D> {
    data: D,
}

#[derive(Serialize)]
struct Node<'g> {
    id: NodeId<'g>,
    value: NodeId<'g>,
    name: &'g str,
    #[serde(flatten)]
    attributes: Members<'g, { NODE_ATTRIBUTES.len() }>,
}

#[derive(Serialize)]
struct Link<'g> {
    id: EdgeId<'g>,
    key: EdgeId<'g>,
    source: NodeId<'g>,
    target: NodeId<'g>,
    name: &'g str,
    #[serde(flatten)]
    attributes: Members<'g, { EDGE_ATTRIBUTES.len() }>,
}

pub(super) fn write(part: &Subgraph<'_>, to: &mut dyn Write) -> io::Result<()> {
    write!(
        to,
        "{{\"data\":{{\"name\":\"relata\"}},\"directed\":true,\"multigraph\":true,\
         \"elements\":{{\"nodes\":"
    )?;
    array(part.nodes().map(node), to)?;
    write!(to, ",\n\"edges\":")?;
    array(part.links().map(link), to)?;
    writeln!(to, "}}}}")
}

fn node(node: EdgeEnd<'_>) -> Element<Node<'_>> {
    let id = NodeId::of(&node);
    Element { data: Node { id, value: id, name: node.label, attributes: node_members(&node) } }
}

fn link(edge: Edge<'_>) -> Element<Link<'_>> {
    let id = EdgeId::of(&edge);
    Element {
        data: Link {
            id,
            key: id,
            source: NodeId::of(&edge.first),
            target: NodeId::of(&edge.second),
            name: edge_label(&edge),
            attributes: edge_members(&edge),
        },
    }
}
