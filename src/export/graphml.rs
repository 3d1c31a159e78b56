//! GraphML 1.0, for Gephi, NetworkX and igraph.
//!
//! Source: <http://graphml.graphdrawing.org/specification.html>. Edge ids make
//! parallel links survive; Gephi displays `label` on nodes and edges. The schema allows few
//! characters in ids, so others are escaped there; the attributes of a node have its name
//! unescaped.
//!
//! yEd draws elements of its own (<https://yed.yworks.com/support/manual/graphml.html>), which
//! are only written on request: they repeat the labels, and igraph warns about them.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::export::element::{
    EDGE_ATTRIBUTES, EdgeId, NODE_ATTRIBUTES, edge_label, edge_values, node_values,
};
use crate::export::xml::Xml;
use crate::graph::{EdgeEnd, Subgraph};

/// The names under which elements refer to [`NODE_ATTRIBUTES`].
const NODE_KEYS: [&str; NODE_ATTRIBUTES.len()] = ["n_label", "n_layer", "n_object", "n_record"];

/// The names under which elements refer to [`EDGE_ATTRIBUTES`].
const EDGE_KEYS: [&str; EDGE_ATTRIBUTES.len()] = [
    "e_label",
    "e_association",
    "e_associationKey",
    "e_associationType",
    "e_firstLabel",
    "e_secondLabel",
    "e_relation",
    "e_at",
];

const NAMESPACE: &str = "http://graphml.graphdrawing.org/xmlns";

/// What a file for yEd declares, too: the element, and its type in yEd.
const YED_KEYS: [(&str, &str); 2] = [("node", "nodegraphics"), ("edge", "edgegraphics")];

pub(super) fn write(part: &Subgraph<'_>, yed: bool, to: &mut dyn Write) -> io::Result<()> {
    let mut xml = Xml::new(to)?;
    let schema = [NAMESPACE, "http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd"].join(" ");
    let mut attributes = vec![
        ("xmlns", NAMESPACE),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        ("xsi:schemaLocation", &schema),
    ];
    attributes.extend(yed.then_some(("xmlns:y", "http://www.yworks.com/xml/graphml")));
    xml.start("graphml", &attributes)?;
    keys(&mut xml, "node", &NODE_KEYS, &NODE_ATTRIBUTES)?;
    keys(&mut xml, "edge", &EDGE_KEYS, &EDGE_ATTRIBUTES)?;
    for (of, kind) in YED_KEYS.into_iter().filter(|_| yed) {
        xml.empty("key", &[("id", kind), ("for", of), ("yfiles.type", kind)])?;
    }
    xml.start("graph", &[("id", "relata"), ("edgedefault", "directed")])?;
    for node in part.nodes() {
        xml.start("node", &[("id", &node_id(&node))])?;
        for (key, value) in NODE_KEYS.into_iter().zip(node_values(&node)) {
            data(&mut xml, key, value)?;
        }
        if yed {
            drawn(&mut xml, "nodegraphics", ["y:ShapeNode", "y:NodeLabel"], node.label)?;
        }
        xml.end("node")?;
    }
    for edge in part.links() {
        let EdgeId { layer, id } = EdgeId::of(&edge);
        let (id, source, target) =
            (token(&[layer, id]), node_id(&edge.first), node_id(&edge.second));
        xml.start("edge", &[("id", &id), ("source", &source), ("target", &target)])?;
        for (key, value) in EDGE_KEYS.into_iter().zip(edge_values(&edge)) {
            data(&mut xml, key, value.as_deref())?;
        }
        if yed {
            let label = edge_label(&edge);
            drawn(&mut xml, "edgegraphics", ["y:PolyLineEdge", "y:EdgeLabel"], label)?;
        }
        xml.end("edge")?;
    }
    xml.end("graph")?;
    xml.end("graphml")?;
    xml.finish()
}

fn keys(xml: &mut Xml<'_>, of: &str, ids: &[&str], names: &[&str]) -> io::Result<()> {
    for (id, name) in ids.iter().zip(names) {
        let attributes = [("id", *id), ("for", of), ("attr.name", name), ("attr.type", "string")];
        xml.empty("key", &attributes)?;
    }
    Ok(())
}

fn data(xml: &mut Xml<'_>, key: &str, value: Option<&str>) -> io::Result<()> {
    value.map_or(Ok(()), |value| xml.text("data", &[("key", key)], value))
}

/// Writes what yEd draws: a shape or a line, and its label.
fn drawn(
    xml: &mut Xml<'_>,
    key: &str,
    [shape, of_label]: [&str; 2],
    label: &str,
) -> io::Result<()> {
    xml.start("data", &[("key", key)])?;
    xml.start(shape, &[])?;
    if key == "edgegraphics" {
        xml.empty("y:Arrows", &[("source", "none"), ("target", "standard")])?;
    }
    xml.text(of_label, &[], label)?;
    xml.end(shape)?;
    xml.end("data")
}

fn node_id(node: &EdgeEnd<'_>) -> String {
    match node.record {
        Some(record) => token(&[node.object, record]),
        None => token(&[node.object]),
    }
}

/// An `xs:NMTOKEN`, unique to these texts: they are joined by colons, and each unsafe
/// character is escaped as its number between two points.
fn token(texts: &[&str]) -> String {
    let mut token = String::with_capacity(texts.iter().map(|text| text.len() + 1).sum());
    for (position, text) in texts.iter().enumerate() {
        if position > 0 {
            token.push(':');
        }
        for c in text.chars() {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
                token.push(c);
            } else {
                // Cannot fail: it writes to memory.
                write!(token, "·{:x}·", u32::from(c)).ok();
            }
        }
    }
    token
}
