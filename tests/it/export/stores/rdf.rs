//! N-Triples and N-Quads.

use std::collections::{BTreeMap, BTreeSet};

use oxrdf::{NamedOrBlankNode, Term};
use oxttl::{NQuadsParser, NTriplesParser};
use relata::export::Format;
use relata::graph::Snapshot;

use crate::export::stores::{Row, links, nodes, sorted, text};
use crate::support::nasty_texts;

/// What RDF says of one resource.
#[derive(Default)]
struct Said {
    texts: Row,
    types: BTreeSet<String>,
    /// Where it points, by the words of the vocabulary.
    points: Row,
}

/// All that RDF says: of each resource, and which two are joined by which.
fn read_rdf(triples: &str) -> (BTreeMap<String, Said>, BTreeSet<[String; 3]>) {
    let (mut said, mut joined) = (BTreeMap::<String, Said>::new(), BTreeSet::new());
    for triple in NTriplesParser::new().for_slice(triples) {
        let triple = triple.unwrap();
        let NamedOrBlankNode::NamedNode(subject) = triple.subject else { panic!("a blank node") };
        let (subject, predicate) = (subject.into_string(), triple.predicate.into_string());
        let of = said.entry(subject.clone()).or_default();
        let word = predicate.strip_prefix("urn:relata:vocabulary:");
        match triple.object {
            Term::Literal(text) => {
                let is_label = predicate == "http://www.w3.org/2000/01/rdf-schema#label";
                let name = word.unwrap_or(if is_label { "label" } else { "?" });
                assert_eq!(text.datatype().as_str().ends_with("#dateTime"), name == "at");
                assert_eq!(of.texts.insert(name.to_owned(), text.value().to_owned()), None);
            }
            Term::NamedNode(to) if predicate.ends_with("#type") => {
                assert!(of.types.insert(to.into_string()));
            }
            Term::NamedNode(to) => match word {
                Some(word) => drop(of.points.insert(word.to_owned(), to.into_string())),
                None => drop(joined.insert([subject, predicate, to.into_string()])),
            },
            Term::BlankNode(_) => panic!("a blank node"),
        }
    }
    (said, joined)
}

pub(super) fn check_rdf(snapshot: &Snapshot) {
    let triples = text(snapshot, Format::NTriples);
    let quads = text(snapshot, Format::NQuads);
    let graph = "<urn:relata:location:L%2F1>";
    let lines = || triples.lines().map(|line| line.strip_suffix(" .").unwrap());
    let named: Vec<String> = lines().map(|line| format!("{line} {graph} .")).collect();
    assert_eq!(quads.lines().collect::<Vec<&str>>(), named);
    let read = NQuadsParser::new().for_slice(&quads).map(Result::unwrap).count();
    assert_eq!(read, lines().count());
    let (said, joined) = read_rdf(&triples);
    let (mut all_nodes, mut all_links, mut pairs) = (Vec::new(), Vec::new(), BTreeSet::new());
    let named = |kind: &str, parts: &[&str]| {
        let encoded = parts.iter().map(|part| -> String {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            let encode = |byte: u8| {
                if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            };
            part.bytes().map(encode).collect()
        });
        format!("urn:relata:{kind}:L%2F1:{}", encoded.collect::<Vec<_>>().join(":"))
    };
    let reference = |name: &String| {
        let texts = &said[name].texts;
        nasty_texts::node_id(&texts["object"], texts.get("record").map(String::as_str))
    };
    for (name, said) in &said {
        let is = |class: &str| said.types.contains(&format!("urn:relata:vocabulary:{class}"));
        let mut texts = said.texts.clone();
        if is("Object") || is("Record") {
            let (kind, object) =
                (if is("Object") { "object" } else { "record" }, &*texts["object"]);
            let record = texts.get("record").map(String::as_str);
            let parts: Vec<&str> = std::iter::once(object).chain(record).collect();
            assert_eq!(*name, named(kind, &parts));
            assert_eq!(is("Record"), said.types.contains(&named("object", &[object])));
            texts.insert("id".to_owned(), reference(name));
            all_nodes.push(texts);
        } else {
            assert!(is("Association") || is("Relation"), "{name}");
            let association = named("association", &[&texts["association"]]);
            let relation = texts.get("relation").map(|relation| named("relation", &[relation]));
            assert_eq!(*name, relation.unwrap_or_else(|| association.clone()));
            assert_eq!(said.points.get("under"), is("Relation").then_some(&association));
            let (first, second) = (&said.points["first"], &said.points["second"]);
            pairs.insert([first.clone(), association, second.clone()]);
            texts.insert("source".to_owned(), reference(first));
            texts.insert("target".to_owned(), reference(second));
            all_links.push(texts);
        }
    }
    assert_eq!(joined, pairs);
    assert_eq!(sorted(all_nodes), nodes(snapshot));
    assert_eq!(sorted(all_links), links(snapshot));
}
