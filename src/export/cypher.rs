//! A Cypher script, in the syntax that Neo4j, Memgraph and `FalkorDB` share.
//!
//! Source: the openCypher reference. Each statement ends with a `;` at the end of a line, and
//! creates some hundred nodes or relations. Running the script again changes nothing: a node
//! is identified by its `id`, a link by the id of its relation or association, so parallel
//! links survive. The label of a record is its object key, that of an object key is `Object`;
//! the type of a link is the key of its association.
//!
//! In ids, characters that not every store can represent are escaped.
//!
//! The statement that creates an index differs between stores, so it is only a comment. `at`
//! stays text, since one of the three has no type for times. NUL, at which some of them cut a
//! text, is replaced; in labels and types, whose quoting they read differently, so are all
//! control characters and the backslash.

use std::fmt;
use std::io::{self, Write};
use std::iter::once;

use crate::export::element::{
    EDGE_ATTRIBUTES, Escaped, NODE_ATTRIBUTES, NodeId, REPLACEMENT, edge_class, edge_values,
    node_class, node_values,
};
use crate::graph::{Edge, EdgeEnd, Subgraph};

/// Maximum number of rows in one statement.
const ROWS: usize = 500;

pub(super) fn write(part: &Subgraph<'_>, to: &mut dyn Write) -> io::Result<()> {
    indexes(part, to)?;
    let mut nodes = part.nodes().peekable();
    while let Some(first) = nodes.peek().copied() {
        let class = node_class(&first);
        let same = |node: &EdgeEnd<'_>| {
            node_class(node) == class && node.record.is_some() == first.record.is_some()
        };
        rows(to, std::iter::from_fn(|| nodes.next_if(same)), node_row, |to| {
            write!(to, "MERGE (n:{} {{id: row.id}})\nSET ", Identifier(class))?;
            assign(to, "n", NODE_ATTRIBUTES)
        })?;
    }
    let associations = part.links().take_while(|link| link.relation.is_none());
    associations.into_iter().try_for_each(|link| links(to, link, once(link)))?;
    for run in part.runs().iter() {
        let mut run = run.peekable();
        if let Some(&first) = run.peek() {
            links(to, first, run)?;
        }
    }
    Ok(())
}

/// Writes how to create the indexes that make the script fast.
fn indexes(part: &Subgraph<'_>, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "// A graph of Relata. With an index on each label it loads faster:")?;
    let mut last = None;
    for node in part.nodes() {
        let class = node_class(&node);
        if last == Some(class) {
            continue;
        }
        last = Some(class);
        let label = Identifier(class);
        writeln!(to, "//   Neo4j, FalkorDB: CREATE INDEX FOR (n:{label}) ON (n.id)")?;
        writeln!(to, "//   Memgraph:        CREATE INDEX ON :{label}(id)")?;
    }
    Ok(())
}

/// Writes links of the same type between nodes of the same labels as the first.
fn links<'g>(
    to: &mut dyn Write,
    first: Edge<'g>,
    all: impl Iterator<Item = Edge<'g>>,
) -> io::Result<()> {
    let id = if first.relation.is_some() { "relation" } else { "association" };
    rows(to, all, link_row, |to| {
        let (source, target) = (node_class(&first.first), node_class(&first.second));
        write!(to, "MATCH (a:{} {{id: row.source}}), ", Identifier(source))?;
        writeln!(to, "(b:{} {{id: row.target}})", Identifier(target))?;
        let class = Identifier(edge_class(&first));
        write!(to, "MERGE (a)-[r:{class} {{{id}: row.{id}}}]->(b)\nSET ")?;
        assign(to, "r", EDGE_ATTRIBUTES.into_iter().filter(|name| *name != id))
    })
}

/// Writes a statement for every few hundred rows.
fn rows<T>(
    to: &mut dyn Write,
    all: impl Iterator<Item = T>,
    row: impl Fn(&mut dyn Write, &T) -> io::Result<()>,
    what: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut all = all.peekable();
    while all.peek().is_some() {
        write!(to, "UNWIND [")?;
        for (position, item) in all.by_ref().take(ROWS).enumerate() {
            write!(to, "{}", if position == 0 { "\n  {" } else { ",\n  {" })?;
            row(to, &item)?;
            write!(to, "}}")?;
        }
        write!(to, "\n] AS row\n")?;
        what(to)?;
        writeln!(to, ";")?;
    }
    Ok(())
}

fn node_row(to: &mut dyn Write, node: &EdgeEnd<'_>) -> io::Result<()> {
    to.write_all(b"id: ")?;
    text(to, &NodeId::of(node).text())?;
    let mut values = NODE_ATTRIBUTES.into_iter().zip(node_values(node));
    values.try_for_each(|(name, value)| value.map_or(Ok(()), |value| member(to, name, value)))
}

fn link_row(to: &mut dyn Write, link: &Edge<'_>) -> io::Result<()> {
    to.write_all(b"source: ")?;
    text(to, &NodeId::of(&link.first).text())?;
    member(to, "target", &NodeId::of(&link.second).text())?;
    for (name, value) in EDGE_ATTRIBUTES.into_iter().zip(edge_values(link)) {
        match value {
            // What identifies a link.
            Some(value) if matches!(name, "relation" | "association") => {
                member(to, name, &Escaped::new(&value).text())?;
            }
            Some(value) => member(to, name, &value)?,
            None => {}
        }
    }
    Ok(())
}

fn member(to: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    [", ", name, ": "].into_iter().try_for_each(|part| to.write_all(part.as_bytes()))?;
    text(to, value)
}

fn assign(
    to: &mut dyn Write,
    of: &str,
    names: impl IntoIterator<Item = &'static str>,
) -> io::Result<()> {
    for (position, name) in names.into_iter().enumerate() {
        let comma = if position == 0 { "" } else { ", " };
        write!(to, "{comma}{of}.{name} = row.{name}")?;
    }
    Ok(())
}

/// A quoted label or type.
struct Identifier<'t>(&'t str);

impl fmt::Display for Identifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`")?;
        for c in self.0.chars() {
            match c {
                '`' => f.write_str("``")?,
                // Neo4j reads a backslash, a `u` and the number of a backtick as a backtick.
                c if c.is_control() || c == '\\' => write!(f, "{REPLACEMENT}")?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("`")
    }
}

/// A string literal.
fn text(to: &mut dyn Write, text: &str) -> io::Result<()> {
    to.write_all(b"'")?;
    let mut rest = text.as_bytes();
    let special = |byte: &u8| matches!(byte, b'\'' | b'\\' | b'\n' | b'\r' | b'\t' | b'\0');
    while let Some((plain, escaped, behind)) = split_at(rest, special) {
        to.write_all(plain)?;
        match escaped {
            b'\n' => to.write_all(b"\\n")?,
            b'\r' => to.write_all(b"\\r")?,
            b'\t' => to.write_all(b"\\t")?,
            b'\0' => write!(to, "{REPLACEMENT}")?,
            quoted => to.write_all(&[b'\\', quoted])?,
        }
        rest = behind;
    }
    to.write_all(rest)?;
    to.write_all(b"'")
}

/// Splits a text at the first such byte: the text before it, the byte, and the rest.
fn split_at(text: &[u8], which: impl Fn(&u8) -> bool) -> Option<(&[u8], u8, &[u8])> {
    let at = text.iter().position(which)?;
    let (plain, rest) = text.split_at(at);
    let (&byte, behind) = rest.split_first()?;
    Some((plain, byte, behind))
}
