//! What a program writes that has all of a graph as ready texts, through the plain
//! library of each format.

mod rdf;
mod tables;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use relata::export::Format;
use relata::graph::{Edge, EdgeEnd, Subgraph};
use serde::Serialize;

/// Elements that are ready at a time.
const CHUNK: usize = 10_000;

/// A node, in texts of its own.
#[derive(Serialize)]
pub(crate) struct Node {
    id: String,
    label: String,
    layer: String,
    object: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
}

/// A link, in texts of its own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Link {
    source: String,
    target: String,
    key: String,
    label: String,
    association: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    association_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    association_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// The name of the association in RDF.
    #[serde(skip)]
    under: String,
}

impl Node {
    fn of(end: &EdgeEnd<'_>, format: Format) -> Self {
        Self {
            id: id(end, format),
            label: end.label.to_owned(),
            layer: if end.record.is_some() { "record" } else { "object" }.to_owned(),
            object: end.object.to_owned(),
            record: end.record.map(str::to_owned),
        }
    }

    fn attributes(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("label", Some(&self.label)),
            ("layer", Some(&self.layer)),
            ("object", Some(&self.object)),
            ("record", self.record.as_deref()),
        ]
    }
}

impl Link {
    fn of(edge: &Edge<'_>, format: Format) -> Self {
        let known = edge.definition;
        let label = known.map_or(edge.association, |known| &known.second.label);
        let prefix = if rdf::is(format) { "urn:relata:relation:l:" } else { "relation:" };
        let key = match edge.relation {
            Some(relation) => format!("{prefix}{relation}"),
            None => format!("association:{}", edge.association),
        };
        Self {
            source: id(&edge.first, format),
            target: id(&edge.second, format),
            key,
            label: label.to_owned(),
            association: edge.association.to_owned(),
            association_key: known.map(|known| known.key.to_string()),
            association_type: known.map(|known| known.association_type.to_string()),
            first_label: known.map(|known| known.first.label.to_string()),
            second_label: known.map(|known| known.second.label.to_string()),
            relation: edge.relation.map(str::to_owned),
            at: edge.at.map(|at| at.to_string()),
            under: format!("urn:relata:association:l:{}", edge.association),
        }
    }

    fn attributes(&self) -> [(&'static str, Option<&str>); 8] {
        [
            ("label", Some(&self.label)),
            ("association", Some(&self.association)),
            ("associationKey", self.association_key.as_deref()),
            ("associationType", self.association_type.as_deref()),
            ("firstLabel", self.first_label.as_deref()),
            ("secondLabel", self.second_label.as_deref()),
            ("relation", self.relation.as_deref()),
            ("at", self.at.as_deref()),
        ]
    }
}

fn id(end: &EdgeEnd<'_>, format: Format) -> String {
    if rdf::is(format) {
        return rdf::name(end);
    }
    let separator = if format == Format::GraphMl { ":" } else { "/" };
    match end.record {
        Some(record) => [end.object, separator, record].concat(),
        None => end.object.to_owned(),
    }
}

/// How one format is written.
pub(crate) struct Plain {
    nodes: fn(&mut dyn Write, &[Node]) -> io::Result<()>,
    links: fn(&mut dyn Write, &[Link]) -> io::Result<()>,
}

/// One at a time.
macro_rules! each {
    ($write:expr) => {
        |to, all| all.iter().try_for_each(|of| $write(to, of))
    };
}

/// The plain way of a format; none for those that are small by their nature.
pub(crate) fn of(format: Format) -> Option<Plain> {
    Some(match format {
        Format::GraphMl => Plain { nodes: each!(graphml_node), links: each!(graphml_link) },
        Format::Gexf => Plain { nodes: each!(gexf_node), links: each!(gexf_link) },
        Format::Dot => Plain { nodes: each!(dot_node), links: each!(dot_link) },
        Format::NodeLink => Plain { nodes: each!(json), links: each!(json) },
        Format::Cytoscape => Plain {
            nodes: each!(|to, of: &Node| {
                json(to, &Data { data: Named { name: &of.label, value: &of.id, of } })
            }),
            links: each!(|to, of: &Link| {
                json(to, &Data { data: Named { name: &of.label, value: &of.key, of } })
            }),
        },
        Format::Jgf => Plain { nodes: each!(jgf_node), links: each!(jgf_link) },
        Format::Graphology => Plain {
            nodes: each!(|to, attributes| json(to, &Attributes { attributes })),
            links: each!(|to, attributes| json(to, &Attributes { attributes })),
        },
        Format::Csv => Plain { nodes: |_, _| Ok(()), links: tables::csv },
        Format::Neo4jCsv => Plain { nodes: tables::zip_nodes, links: tables::zip_links },
        Format::Cypher => Plain { nodes: each!(cypher_node), links: each!(cypher_link) },
        Format::NTriples => Plain { nodes: rdf::nodes, links: rdf::links },
        Format::NQuads => Plain { nodes: rdf::named_nodes, links: rdf::named_links },
        _ => return None,
    })
}

impl Plain {
    /// How long it takes to write a part once its texts are ready, some at a time.
    pub(crate) fn time(
        &self,
        part: &Subgraph<'_>,
        format: Format,
        to: &mut dyn Write,
    ) -> io::Result<Duration> {
        let mut spent = Duration::ZERO;
        let mut nodes = part.nodes();
        loop {
            let ready: Vec<Node> =
                nodes.by_ref().take(CHUNK).map(|end| Node::of(&end, format)).collect();
            let start = Instant::now();
            (self.nodes)(to, &ready)?;
            spent += start.elapsed();
            if ready.is_empty() {
                break;
            }
        }
        let mut links = part.links();
        loop {
            let ready: Vec<Link> =
                links.by_ref().take(CHUNK).map(|edge| Link::of(&edge, format)).collect();
            let start = Instant::now();
            (self.links)(to, &ready)?;
            spent += start.elapsed();
            if ready.is_empty() {
                return Ok(spent);
            }
        }
    }
}

fn json(to: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *to, value)?;
    to.write_all(b",\n")
}

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

#[derive(Serialize)]
struct Named<'a, T> {
    name: &'a str,
    value: &'a str,
    #[serde(flatten)]
    of: &'a T,
}

#[derive(Serialize)]
struct Attributes<'a, T> {
    attributes: &'a T,
}

#[derive(Serialize)]
struct Jgf<'a, T> {
    label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    relation: Option<&'a str>,
    metadata: &'a T,
}

fn jgf_node(to: &mut dyn Write, node: &Node) -> io::Result<()> {
    serde_json::to_writer(&mut *to, &node.id)?;
    to.write_all(b":")?;
    json(to, &Jgf { label: &node.label, relation: None, metadata: node })
}

fn jgf_link(to: &mut dyn Write, link: &Link) -> io::Result<()> {
    let relation = link.association_key.as_deref();
    json(to, &Jgf { label: &link.label, relation, metadata: link })
}

fn graphml_node(to: &mut dyn Write, node: &Node) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(to, b' ', 1);
    let start = BytesStart::new("node").with_attributes([("id", node.id.as_str())]);
    xml.write_event(Event::Start(start))?;
    data(&mut xml, &node.attributes())?;
    xml.write_event(Event::End(BytesEnd::new("node")))
}

fn graphml_link(to: &mut dyn Write, link: &Link) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(to, b' ', 1);
    let attributes = [("id", &*link.key), ("source", &*link.source), ("target", &*link.target)];
    xml.write_event(Event::Start(BytesStart::new("edge").with_attributes(attributes)))?;
    data(&mut xml, &link.attributes())?;
    xml.write_event(Event::End(BytesEnd::new("edge")))
}

fn data(
    xml: &mut Writer<&mut dyn Write>,
    attributes: &[(&'static str, Option<&str>)],
) -> io::Result<()> {
    for (name, value) in attributes {
        let Some(value) = value else { continue };
        let start = BytesStart::new("data").with_attributes([("key", *name)]);
        xml.write_event(Event::Start(start))?;
        xml.write_event(Event::Text(BytesText::new(value)))?;
        xml.write_event(Event::End(BytesEnd::new("data")))?;
    }
    Ok(())
}

fn gexf_node(to: &mut dyn Write, node: &Node) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(to, b' ', 1);
    let attributes = [("id", &*node.id), ("label", &*node.label)];
    xml.write_event(Event::Start(BytesStart::new("node").with_attributes(attributes)))?;
    values(&mut xml, &node.attributes())?;
    xml.write_event(Event::End(BytesEnd::new("node")))
}

fn gexf_link(to: &mut dyn Write, link: &Link) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(to, b' ', 1);
    let attributes = [
        ("id", &*link.key),
        ("source", &*link.source),
        ("target", &*link.target),
        ("label", &*link.label),
        ("kind", &*link.association),
    ];
    xml.write_event(Event::Start(BytesStart::new("edge").with_attributes(attributes)))?;
    values(&mut xml, &link.attributes())?;
    xml.write_event(Event::End(BytesEnd::new("edge")))
}

fn values(
    xml: &mut Writer<&mut dyn Write>,
    attributes: &[(&'static str, Option<&str>)],
) -> io::Result<()> {
    xml.write_event(Event::Start(BytesStart::new("attvalues")))?;
    for (name, value) in attributes.iter().skip(1) {
        let Some(value) = value else { continue };
        let attributes = [("for", *name), ("value", *value)];
        let value = BytesStart::new("attvalue").with_attributes(attributes);
        xml.write_event(Event::Empty(value))?;
    }
    xml.write_event(Event::End(BytesEnd::new("attvalues")))
}

/// There is no library for it: quotes around texts that need no escapes.
fn dot_node(to: &mut dyn Write, node: &Node) -> io::Result<()> {
    let (id, label, layer) = (&node.id, &node.label, &node.layer);
    writeln!(to, "  {id:?} [label={label:?}, shape=box, layer_name={layer:?}];")
}

fn dot_link(to: &mut dyn Write, link: &Link) -> io::Result<()> {
    write!(to, "  {:?} -> {:?} [id={:?}", link.source, link.target, link.key)?;
    for (name, value) in link.attributes() {
        let Some(value) = value else { continue };
        write!(to, ", {name}={value:?}")?;
    }
    writeln!(to, "];")
}

/// There is no library for it: quotes around texts that need no escapes.
fn cypher_node(to: &mut dyn Write, node: &Node) -> io::Result<()> {
    write!(to, "  {{id: {:?}", node.id)?;
    cypher_members(to, &node.attributes())
}

fn cypher_link(to: &mut dyn Write, link: &Link) -> io::Result<()> {
    write!(to, "  {{source: {:?}, target: {:?}", link.source, link.target)?;
    cypher_members(to, &link.attributes())
}

fn cypher_members(to: &mut dyn Write, all: &[(&'static str, Option<&str>)]) -> io::Result<()> {
    for (name, value) in all {
        let Some(value) = value else { continue };
        write!(to, ", {name}: {value:?}")?;
    }
    writeln!(to, "}},")
}
