//! Node-link JSON, as NetworkX and d3 read it.
//!
//! Source: <https://networkx.org/documentation/stable/reference/readwrite/json_graph.html>.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::format::EdgesKey;
use super::selection::{EDGE_ATTRIBUTES, Edge, Node, Selection};

pub(super) fn write(
    selection: &Selection<'_>,
    edges_key: EdgesKey,
    to: &mut dyn Write,
) -> io::Result<()> {
    write!(
        to,
        "{{\"directed\":true,\"multigraph\":true,\"graph\":{{\"name\":\"relata\"}},\"nodes\":"
    )?;
    array(selection.nodes().map(node), to)?;
    write!(to, ",\n\"{}\":", edges_key.as_str())?;
    array(selection.links().map(edge), to)?;
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

fn node(node: Node<'_>) -> Map<String, Value> {
    let mut members = Map::new();
    let mut put = |name: &str, value: &str| members.insert(name.to_owned(), value.into());
    put("id", &node.id().to_string());
    put("label", node.0.label);
    put("layer", node.layer());
    put("object", node.0.object);
    if let Some(record) = node.0.record {
        put("record", record);
    }
    members
}

fn edge(edge: Edge<'_>) -> Map<String, Value> {
    let mut members = Map::new();
    let mut put = |name: &str, value: String| members.insert(name.to_owned(), value.into());
    put("source", edge.source().to_string());
    put("target", edge.target().to_string());
    put("key", edge.id());
    for (name, value) in EDGE_ATTRIBUTES.into_iter().zip(edge.attributes()) {
        if let Some(value) = value {
            put(name, value);
        }
    }
    members
}
