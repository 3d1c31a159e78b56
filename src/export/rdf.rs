//! RDF 1.1 as N-Triples and N-Quads, one statement per line.
//!
//! Sources: <https://www.w3.org/TR/n-triples/>, <https://www.w3.org/TR/n-quads/>.
//!
//! | name | what it is |
//! |---|---|
//! | `urn:relata:location:L` | a location; in N-Quads, the name of its graph |
//! | `urn:relata:object:L:KEY` | an object key; also the `rdf:type` of its records |
//! | `urn:relata:record:L:KEY:ID` | a record |
//! | `urn:relata:association:L:ID` | an association; also the predicate between two nodes that it joins |
//! | `urn:relata:relation:L:ID` | a relation |
//! | `urn:relata:vocabulary:NAME` | a term of this page |
//!
//! The parts are percent-encoded, except for letters, digits, `-`, `.`, `_` and `~`. Names
//! include the location, so exports of several locations can be loaded into one store.
//!
//! Nodes are of the types `Object` or `Record` and have `object`, `record`, `layer` and
//! `rdfs:label`. Each link is a resource of the type `Association` or
//! `Relation`, so that parallel links survive: it has `first` and `second` (nodes),
//! `under` (of a relation: its association), `association`, `associationKey`,
//! `associationType`, `firstLabel`, `secondLabel`, `relation`, `at`
//! (`xsd:dateTime`) and `rdfs:label`. Another statement joins the two nodes.

use std::fmt;
use std::io::{self, Write};

use crate::export::element::{EDGE_ATTRIBUTES, NODE_ATTRIBUTES, edge_values, node_values};
use crate::graph::{Edge, EdgeEnd, Subgraph};
use crate::model::percent_encoded;

const TYPE: Name<'_> = Name::Known("http://www.w3.org/1999/02/22-rdf-syntax-ns#type");
const LABEL: Name<'_> = Name::Known("http://www.w3.org/2000/01/rdf-schema#label");
const DATE_TIME: Name<'_> = Name::Known("http://www.w3.org/2001/XMLSchema#dateTime");

/// Writes statements, with the name of their graph if `named`.
pub(super) fn write(
    part: &Subgraph<'_>,
    location: &str,
    named: bool,
    to: &mut dyn Write,
) -> io::Result<()> {
    let location = &*percent_encoded(location).to_string();
    let graph = named.then_some(Name::Location(location));
    let mut statements = Statements { location, graph, to };
    part.nodes().try_for_each(|node| statements.node(&node))?;
    part.links().try_for_each(|link| statements.link(&link))
}

struct Statements<'w> {
    location: &'w str,
    graph: Option<Name<'w>>,
    to: &'w mut dyn Write,
}

impl Statements<'_> {
    fn node(&mut self, node: &EdgeEnd<'_>) -> io::Result<()> {
        let location = self.location;
        let name = Name::Node(location, *node);
        if node.record.is_some() {
            self.say(&name, &TYPE, Name::Word("Record"))?;
            let of = Name::Node(location, EdgeEnd { record: None, ..*node });
            self.say(&name, &TYPE, of)?;
        } else {
            self.say(&name, &TYPE, Name::Word("Object"))?;
        }
        for (attribute, value) in NODE_ATTRIBUTES.into_iter().zip(node_values(node)) {
            let Some(value) = value else { continue };
            self.say(&name, &predicate(attribute), Text(value))?;
        }
        Ok(())
    }

    fn link(&mut self, link: &Edge<'_>) -> io::Result<()> {
        let location = self.location;
        let association = Name::Association(location, link.association);
        let first = Name::Node(location, link.first);
        let second = Name::Node(location, link.second);
        self.say(&first, &association, second)?;
        let name = if let Some(relation) = link.relation {
            let name = Name::Relation(location, relation);
            self.say(&name, &TYPE, Name::Word("Relation"))?;
            self.say(&name, &Name::Word("under"), association)?;
            name
        } else {
            self.say(&association, &TYPE, Name::Word("Association"))?;
            association
        };
        self.say(&name, &Name::Word("first"), first)?;
        self.say(&name, &Name::Word("second"), second)?;
        for (attribute, value) in EDGE_ATTRIBUTES.into_iter().zip(edge_values(link)) {
            let Some(value) = value else { continue };
            let (predicate, text) = (predicate(attribute), Text(&value));
            if attribute == "at" {
                self.say(&name, &predicate, format_args!("{text}^^{DATE_TIME}"))?;
            } else {
                self.say(&name, &predicate, text)?;
            }
        }
        Ok(())
    }

    fn say(
        &mut self,
        subject: &Name<'_>,
        predicate: &Name<'_>,
        object: impl fmt::Display,
    ) -> io::Result<()> {
        match &self.graph {
            None => writeln!(self.to, "{subject} {predicate} {object} ."),
            Some(graph) => writeln!(self.to, "{subject} {predicate} {object} {graph} ."),
        }
    }
}

fn predicate(attribute: &'static str) -> Name<'static> {
    if attribute == "label" { LABEL } else { Name::Word(attribute) }
}

/// A name. The location in it is percent-encoded already.
#[derive(Clone, Copy)]
enum Name<'g> {
    Known(&'static str),
    Word(&'static str),
    Location(&'g str),
    Node(&'g str, EdgeEnd<'g>),
    Association(&'g str, &'g str),
    Relation(&'g str, &'g str),
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(iri) => write!(f, "<{iri}>"),
            Self::Word(word) => write!(f, "<urn:relata:vocabulary:{word}>"),
            Self::Location(location) => write!(f, "<urn:relata:location:{location}>"),
            Self::Node(location, EdgeEnd { object, record: None, .. }) => {
                write!(f, "<urn:relata:object:{location}:{}>", percent_encoded(object))
            }
            Self::Node(location, EdgeEnd { object, record: Some(record), .. }) => {
                let (object, record) = (percent_encoded(object), percent_encoded(record));
                write!(f, "<urn:relata:record:{location}:{object}:{record}>")
            }
            Self::Association(location, id) => {
                write!(f, "<urn:relata:association:{location}:{}>", percent_encoded(id))
            }
            Self::Relation(location, id) => {
                write!(f, "<urn:relata:relation:{location}:{}>", percent_encoded(id))
            }
        }
    }
}

/// A literal, which can represent any text.
struct Text<'t>(&'t str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        let mut rest = self.0;
        while let Some(at) = rest.find(|c: char| c.is_control() || matches!(c, '"' | '\\')) {
            let (plain, special) = rest.split_at(at);
            f.write_str(plain)?;
            let mut chars = special.chars();
            match chars.next() {
                Some('\n') => f.write_str("\\n")?,
                Some('\r') => f.write_str("\\r")?,
                Some('\t') => f.write_str("\\t")?,
                Some(c @ ('"' | '\\')) => write!(f, "\\{c}")?,
                Some(c) => write!(f, "\\u{:04X}", u32::from(c))?,
                None => {}
            }
            rest = chars.as_str();
        }
        write!(f, "{rest}\"")
    }
}
