//! GEXF 1.3, for Gephi and sigma.js.
//!
//! Source: <https://gexf.net/schema.html>. Gephi only keeps parallel edges that
//! differ in `kind`, so that is their association.

use std::io::{self, Write};

use crate::export::element::{
    EDGE_ATTRIBUTES, Escaped, NODE_ATTRIBUTES, NodeId, edge_id, edge_label, edge_values,
    node_values,
};
use crate::export::xml::Xml;
use crate::graph::{Interval, Subgraph, Timeline};

const NAMESPACE: &str = "http://gexf.net/1.3";

pub(super) fn write(
    part: &Subgraph<'_>,
    timeline: Option<&Timeline>,
    to: &mut dyn Write,
) -> io::Result<()> {
    let mut xml = Xml::new(to)?;
    // No schema location: the Relax NG schema does not allow it.
    xml.start("gexf", &[("xmlns", NAMESPACE), ("version", "1.3")])?;
    xml.start("meta", &[])?;
    xml.text("creator", &[], "Relata")?;
    xml.end("meta")?;
    let mode: &[_] = match timeline {
        Some(_) => &[
            ("mode", "dynamic"),
            ("timeformat", "dateTime"),
            ("timerepresentation", "interval"),
            ("defaultedgetype", "directed"),
        ],
        None => &[("mode", "static"), ("defaultedgetype", "directed")],
    };
    xml.start("graph", mode)?;
    declare(&mut xml, "node", &NODE_ATTRIBUTES)?;
    declare(&mut xml, "edge", &EDGE_ATTRIBUTES)?;
    xml.start("nodes", &[("count", &part.node_count().to_string())])?;
    for node in part.nodes() {
        xml.start("node", &[("id", &NodeId::of(&node).text()), ("label", node.label)])?;
        values(&mut xml, &NODE_ATTRIBUTES, &node_values(&node))?;
        spells(&mut xml, timeline.map(|timeline| timeline.of_node(&node)))?;
        xml.end("node")?;
    }
    xml.end("nodes")?;
    xml.start("edges", &[("count", &part.link_count().to_string())])?;
    for edge in part.links() {
        let (source, target) = (NodeId::of(&edge.first).text(), NodeId::of(&edge.second).text());
        let kind = Escaped::new(edge.association).text();
        let attributes = [
            ("id", &*edge_id(&edge)),
            ("source", &source),
            ("target", &target),
            ("label", edge_label(&edge)),
            ("kind", &kind),
        ];
        xml.start("edge", &attributes)?;
        values(&mut xml, &EDGE_ATTRIBUTES, &edge_values(&edge))?;
        spells(&mut xml, timeline.map(|timeline| timeline.of_link(&edge)))?;
        xml.end("edge")?;
    }
    xml.end("edges")?;
    xml.end("graph")?;
    xml.end("gexf")?;
    xml.finish()
}

/// Declares the attributes under their names; `label` is built into GEXF.
fn declare(xml: &mut Xml<'_>, class: &str, names: &[&str]) -> io::Result<()> {
    xml.start("attributes", &[("class", class)])?;
    for name in names.iter().skip(1) {
        xml.empty("attribute", &[("id", name), ("title", name), ("type", "string")])?;
    }
    xml.end("attributes")
}

fn values(xml: &mut Xml<'_>, names: &[&str], values: &[Option<impl AsRef<str>>]) -> io::Result<()> {
    xml.start("attvalues", &[])?;
    for (name, value) in names.iter().zip(values).skip(1) {
        if let Some(value) = value {
            xml.empty("attvalue", &[("for", name), ("value", value.as_ref())])?;
        }
    }
    xml.end("attvalues")
}

/// Writes the intervals at which something existed; none if it always did.
fn spells(xml: &mut Xml<'_>, intervals: Option<Vec<Interval>>) -> io::Result<()> {
    let Some(intervals) = intervals else { return Ok(()) };
    if intervals.iter().any(|it| it.from.is_none() && it.until.is_none()) {
        return Ok(());
    }
    xml.start("spells", &[])?;
    for Interval { from, until } in intervals {
        let from = from.map(|from| ("start", from.to_string()));
        let until = until.map(|until| ("end", until.to_string()));
        let known: Vec<_> = from.iter().chain(&until).map(|(name, at)| (*name, &**at)).collect();
        xml.empty("spell", &known)?;
    }
    xml.end("spells")
}
