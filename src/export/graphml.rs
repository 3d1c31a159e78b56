//! GraphML 1.0, as Gephi, NetworkX and igraph read it.
//!
//! Source: <http://graphml.graphdrawing.org/specification.html>. Edge ids make
//! parallel links survive; `label` on nodes and edges is what Gephi shows.

use std::borrow::Cow;
use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::escape::partial_escape;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::element::{
    EDGE_ATTRIBUTES, NODE_ATTRIBUTES, NodeId, REPLACEMENT, edge_id, edge_values, node_values,
};
use crate::graph::Part;

pub(super) fn write(part: &Part<'_>, to: &mut dyn Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(to, b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let namespace = ("xmlns", "http://graphml.graphdrawing.org/xmlns");
    xml.write_event(Event::Start(BytesStart::new("graphml").with_attributes([namespace])))?;
    for name in NODE_ATTRIBUTES {
        key(&mut xml, "node", name)?;
    }
    for name in EDGE_ATTRIBUTES {
        key(&mut xml, "edge", name)?;
    }
    let graph =
        BytesStart::new("graph").with_attributes([("id", "relata"), ("edgedefault", "directed")]);
    xml.write_event(Event::Start(graph))?;
    for node in part.nodes() {
        start(&mut xml, "node", &[("id", &NodeId::of(&node).text())])?;
        for (name, value) in NODE_ATTRIBUTES.into_iter().zip(node_values(&node)) {
            data(&mut xml, "n", name, value)?;
        }
        xml.write_event(Event::End(BytesEnd::new("node")))?;
    }
    for edge in part.links() {
        let (source, target) = (NodeId::of(&edge.first).text(), NodeId::of(&edge.second).text());
        let id = edge_id(&edge);
        start(&mut xml, "edge", &[("id", &id), ("source", &source), ("target", &target)])?;
        for (name, value) in EDGE_ATTRIBUTES.into_iter().zip(edge_values(&edge)) {
            data(&mut xml, "e", name, value.as_deref())?;
        }
        xml.write_event(Event::End(BytesEnd::new("edge")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("graph")))?;
    xml.write_event(Event::End(BytesEnd::new("graphml")))?;
    xml.into_inner().write_all(b"\n")
}

/// The name under which elements of a kind refer to an attribute.
fn key_id(prefix: &str, name: &str) -> String {
    format!("{prefix}_{name}")
}

fn key(xml: &mut Writer<&mut dyn Write>, of: &str, name: &str) -> io::Result<()> {
    let prefix = if of == "node" { "n" } else { "e" };
    let id = key_id(prefix, name);
    let attributes =
        [("id", id.as_str()), ("for", of), ("attr.name", name), ("attr.type", "string")];
    xml.write_event(Event::Empty(BytesStart::new("key").with_attributes(attributes)))
}

fn start(
    xml: &mut Writer<&mut dyn Write>,
    name: &str,
    attributes: &[(&str, &str)],
) -> io::Result<()> {
    let mut element = BytesStart::new(name);
    for (name, value) in attributes {
        element.push_attribute((*name, &*printable(value)));
    }
    xml.write_event(Event::Start(element))
}

fn data(
    xml: &mut Writer<&mut dyn Write>,
    prefix: &str,
    name: &str,
    value: Option<&str>,
) -> io::Result<()> {
    let Some(value) = value else { return Ok(()) };
    let key = key_id(prefix, name);
    xml.write_event(Event::Start(
        BytesStart::new("data").with_attributes([("key", key.as_str())]),
    ))?;
    xml.write_event(Event::Text(BytesText::from_escaped(partial_escape(printable(value)))))?;
    xml.write_event(Event::End(BytesEnd::new("data")))
}

/// XML 1.0 cannot carry most control characters, in whatever way escaped.
fn printable(value: &str) -> Cow<'_, str> {
    let forbidden = |c: char| {
        (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if value.contains(forbidden) {
        Cow::Owned(value.replace(forbidden, &REPLACEMENT.to_string()))
    } else {
        Cow::Borrowed(value)
    }
}
