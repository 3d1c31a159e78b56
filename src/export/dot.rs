//! The DOT language of Graphviz.
//!
//! Source: <https://graphviz.org/doc/info/lang.html>. Every id is quoted, so no
//! text can be misread.

use std::fmt::Display;
use std::io::{self, Write};

use crate::export::element::{
    EDGE_ATTRIBUTES, NodeId, REPLACEMENT, edge_id, edge_values, layer as layer_of,
};
use crate::graph::Subgraph;

pub(super) fn write(part: &Subgraph<'_>, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "digraph relata {{")?;
    for node in part.nodes() {
        let shape = if node.record.is_some() { "ellipse" } else { "box" };
        write!(to, "  {} [label={}", id(NodeId::of(&node)), label(node.label))?;
        writeln!(to, ", shape={shape}, layer_name={}];", id(layer_of(&node)))?;
    }
    for edge in part.links() {
        let (source, target) = (NodeId::of(&edge.first), NodeId::of(&edge.second));
        write!(to, "  {} -> {} [id={}", id(source), id(target), id(edge_id(&edge)))?;
        for (name, value) in EDGE_ATTRIBUTES.into_iter().zip(edge_values(&edge)) {
            let Some(value) = value else { continue };
            let value = if name == "label" { label(&value) } else { id(&value) };
            write!(to, ", {name}={value}")?;
        }
        writeln!(to, "];")?;
    }
    writeln!(to, "}}")
}

/// A quoted id. Graphviz does not unescape a doubled backslash in an id, so such an id shows
/// two for each one; a single one could escape the quote.
fn id(value: impl Display) -> String {
    quoted(&value.to_string(), "\n")
}

/// A quoted text to display, in which Graphviz reads `\n` as a line break and `\\` as a
/// backslash.
fn label(value: &str) -> String {
    quoted(value, "\\n")
}

fn quoted(value: &str, line_break: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str(line_break),
            c if c.is_control() && c != '\t' => out.push(REPLACEMENT),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
