//! Node-link JSON, as NetworkX and d3 read it.
//!
//! Source: <https://networkx.org/documentation/stable/reference/readwrite/json_graph.html>.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::element::{EDGE_ATTRIBUTES, NODE_ATTRIBUTES, NodeId, edge_id, edge_values, node_values};
use super::format::EdgesKey;
use crate::graph::{Edge, EdgeEnd, Part};

pub(super) fn write(part: &Part<'_>, edges_key: EdgesKey, to: &mut dyn Write) -> io::Result<()> {
    write!(
        to,
        "{{\"directed\":true,\"multigraph\":true,\"graph\":{{\"name\":\"relata\"}},\"nodes\":"
    )?;
    array(part.nodes().map(node), to)?;
    write!(to, ",\n\"{}\":", edges_key.as_str())?;
    array(part.links().map(edge), to)?;
    writeln!(to, "}}")
}

fn array(items: impl Iterator<Item = Map<String, Value>>, to: &mut dyn Write) -> io::Result<()> {
    write!(to, "[")?;
    for (position, item) in items.enumerate() {
        write!(to, "{}", if position == 0 { "\n" } else { ",\n" })?;
        serde_json::to_writer(&mut *to, &item)?;
    }
    write!(to, "]")
}

fn node(node: EdgeEnd<'_>) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("id".to_owned(), NodeId::of(&node).to_string().into());
    for (name, value) in NODE_ATTRIBUTES.into_iter().zip(node_values(&node)) {
        if let Some(value) = value {
            members.insert(name.to_owned(), value.into());
        }
    }
    members
}

fn edge(edge: Edge<'_>) -> Map<String, Value> {
    let mut members = Map::new();
    let mut put = |name: &str, value: String| members.insert(name.to_owned(), value.into());
    put("source", NodeId::of(&edge.first).to_string());
    put("target", NodeId::of(&edge.second).to_string());
    put("key", edge_id(&edge));
    for (name, value) in EDGE_ATTRIBUTES.into_iter().zip(edge_values(&edge)) {
        if let Some(value) = value {
            put(name, value.into_owned());
        }
    }
    members
}
