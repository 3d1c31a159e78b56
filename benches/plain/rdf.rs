//! RDF by the library of Oxigraph.

use std::io::{self, Write};

use oxrdf::{LiteralRef, NamedNodeRef, QuadRef, TermRef};
use oxttl::{NQuadsSerializer, NTriplesSerializer};
use relata::export::Format;
use relata::graph::EdgeEnd;

use super::{Link, Node};

const WORDS: &str = "urn:relata:vocabulary:";

pub(super) fn is(format: Format) -> bool {
    matches!(format, Format::NTriples | Format::NQuads)
}

pub(super) fn name(end: &EdgeEnd<'_>) -> String {
    match end.record {
        Some(record) => format!("urn:relata:record:l:{}:{record}", end.object),
        None => format!("urn:relata:object:l:{}", end.object),
    }
}

type Say<'s> = &'s mut dyn FnMut(QuadRef<'_>) -> io::Result<()>;

pub(super) fn nodes(to: &mut dyn Write, nodes: &[Node]) -> io::Result<()> {
    unnamed(to, |say| nodes.iter().try_for_each(|node| node_said(node, say)))
}

pub(super) fn links(to: &mut dyn Write, links: &[Link]) -> io::Result<()> {
    unnamed(to, |say| links.iter().try_for_each(|link| link_said(link, say)))
}

pub(super) fn named_nodes(to: &mut dyn Write, nodes: &[Node]) -> io::Result<()> {
    named(to, |say| nodes.iter().try_for_each(|node| node_said(node, say)))
}

pub(super) fn named_links(to: &mut dyn Write, links: &[Link]) -> io::Result<()> {
    named(to, |say| links.iter().try_for_each(|link| link_said(link, say)))
}

fn unnamed(to: &mut dyn Write, all: impl FnOnce(Say<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut writer = NTriplesSerializer::new().for_writer(to);
    all(&mut |quad| writer.serialize_triple(oxrdf::TripleRef::from(quad)))
}

fn named(to: &mut dyn Write, all: impl FnOnce(Say<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut writer = NQuadsSerializer::new().for_writer(to);
    all(&mut |quad| writer.serialize_quad(quad))
}

fn said<'t>(
    subject: &'t str,
    predicate: &'t str,
    object: impl Into<TermRef<'t>>,
    say: Say<'_>,
) -> io::Result<()> {
    let graph = NamedNodeRef::new_unchecked("urn:relata:location:l");
    let (subject, predicate) =
        (NamedNodeRef::new_unchecked(subject), NamedNodeRef::new_unchecked(predicate));
    say(QuadRef::new(subject, predicate, object, graph))
}

fn texts(
    subject: &str,
    attributes: &[(&'static str, Option<&str>)],
    say: Say<'_>,
) -> io::Result<()> {
    for (name, value) in attributes {
        let Some(value) = value else { continue };
        let text = LiteralRef::new_simple_literal(value);
        said(subject, predicate(name), text, say)?;
    }
    Ok(())
}

/// Ready, as the rest is.
fn predicate(name: &str) -> &'static str {
    match name {
        "label" => "http://www.w3.org/2000/01/rdf-schema#label",
        "layer" => "urn:relata:vocabulary:layer",
        "object" => "urn:relata:vocabulary:object",
        "record" => "urn:relata:vocabulary:record",
        "association" => "urn:relata:vocabulary:association",
        "associationKey" => "urn:relata:vocabulary:associationKey",
        "associationType" => "urn:relata:vocabulary:associationType",
        "firstLabel" => "urn:relata:vocabulary:firstLabel",
        "secondLabel" => "urn:relata:vocabulary:secondLabel",
        "relation" => "urn:relata:vocabulary:relation",
        _ => "urn:relata:vocabulary:at",
    }
}

fn node_said(node: &Node, say: Say<'_>) -> io::Result<()> {
    let of = NamedNodeRef::new_unchecked("urn:relata:object:l:custom_objects.property");
    let kind = NamedNodeRef::new_unchecked("urn:relata:vocabulary:Record");
    said(&node.id, WORDS, kind, say)?;
    said(&node.id, WORDS, of, say)?;
    texts(&node.id, &node.attributes(), say)
}

fn link_said(link: &Link, say: Say<'_>) -> io::Result<()> {
    let (first, second) =
        (NamedNodeRef::new_unchecked(&link.source), NamedNodeRef::new_unchecked(&link.target));
    let kind = NamedNodeRef::new_unchecked("urn:relata:vocabulary:Relation");
    said(&link.source, &link.under, second, say)?;
    said(&link.key, WORDS, kind, say)?;
    said(&link.key, "urn:relata:vocabulary:under", NamedNodeRef::new_unchecked(&link.under), say)?;
    said(&link.key, "urn:relata:vocabulary:first", first, say)?;
    said(&link.key, "urn:relata:vocabulary:second", second, say)?;
    texts(&link.key, &link.attributes(), say)
}
