//! Exports of exactly some nodes and the links among them.

use std::collections::BTreeSet;

use relata::export::{Format, Options, write, write_timeline};
use relata::graph::{Layers, LinkFilter, QueryError, SubgraphQuery};
use relata::{AsOf, NodeRef, Store};
use serde_json::Value;

use crate::support::sample::{SAMPLE, tell};

const SEASIDE: &str = "seaside-realty";

/// Around whom the nodes of the set are.
const CENTRES: [&str; 3] = [
    "contact/TO8RJjq9RDegjbPPMkse",
    "custom_objects.property/6adf249e8ce18ef62a90b95f",
    "contact/rOGUddlBz6igqspDOS9C",
];

fn sample() -> Store {
    let store = Store::in_memory().unwrap();
    tell(&store, SAMPLE.lines());
    store
}

fn set(nodes: impl IntoIterator<Item = impl AsRef<str>>) -> SubgraphQuery {
    let nodes = nodes.into_iter().map(|node| node.as_ref().parse().unwrap());
    SubgraphQuery { only: Some(nodes.collect()), ..SubgraphQuery::default() }
}

fn written(store: &Store, format: Format, query: &SubgraphQuery) -> Vec<u8> {
    let (_, copy) =
        store.snapshot(&store.location(SEASIDE).unwrap().unwrap(), None, query).unwrap();
    let mut to = Vec::new();
    let options = Options { location: SEASIDE.to_owned(), ..Options::default() };
    write(&copy.view().part(query).unwrap(), format, &options, &mut to).unwrap();
    to
}

fn graph(store: &Store, query: &SubgraphQuery) -> Value {
    serde_json::from_slice(&written(store, Format::NodeLink, query)).unwrap()
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}

/// The records around the centres that are linked to another of them, picked by hand from an
/// export of everything.
fn linked_records(store: &Store) -> BTreeSet<String> {
    let everything = graph(store, &SubgraphQuery::default());
    let edges: Vec<(&str, &str)> = everything["edges"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|edge| edge.get("relation").is_some())
        .map(|edge| (text(edge, "source"), text(edge, "target")))
        .collect();
    let near = edges.iter().flat_map(|&(a, b)| {
        let is_near = CENTRES.contains(&a) || CENTRES.contains(&b);
        is_near.then_some([a, b]).into_iter().flatten()
    });
    // Not all of them: a link to the others leaves the set.
    let near: BTreeSet<&str> =
        near.enumerate().filter(|(n, _)| n % 7 != 3).map(|(_, it)| it).collect();
    let inner = edges.iter().filter(|(a, b)| near.contains(a) && near.contains(b));
    inner.flat_map(|&(a, b)| [a.to_owned(), b.to_owned()]).collect()
}

/// Whether an event says something of these records, or of associations and object keys.
fn is_of(event: &Value, records: &BTreeSet<String>) -> bool {
    let has = |object: &str, id: &str| records.contains(&format!("{object}/{id}"));
    let kind = text(event, "type");
    match kind {
        _ if kind.starts_with("Association") || kind.starts_with("ObjectSchema") => true,
        _ if kind.starts_with("Relation") => {
            has(text(event, "firstObjectKey"), text(event, "firstRecordId"))
                && has(text(event, "secondObjectKey"), text(event, "secondRecordId"))
        }
        _ if kind.starts_with("Record") => has(text(event, "objectKey"), text(event, "id")),
        _ if kind.starts_with("Contact") => has("contact", text(event, "id")),
        _ if kind.starts_with("Opportunity") => has("opportunity", text(event, "id")),
        _ => false,
    }
}

/// In every format, an export of some nodes is byte for byte that of a store which holds
/// nothing else.
#[test]
fn an_export_of_some_nodes_is_that_of_a_store_of_them_alone() {
    let store = sample();
    let records = linked_records(&store);
    let alone = Store::in_memory().unwrap();
    let is_kept = |line: &&str| is_of(&serde_json::from_str::<Value>(line).unwrap(), &records);
    tell(&alone, SAMPLE.lines().filter(is_kept));
    // In any order, and some of them twice.
    let twice = records.iter().rev().chain(records.iter().step_by(3));
    let query = set(twice);
    let of_records = SubgraphQuery { layers: Layers::Records, ..SubgraphQuery::default() };
    let shown = graph(&store, &query);
    let count = |list: &str| shown[list].as_array().map_or(0, Vec::len);
    assert_eq!(count("nodes"), records.len());
    assert!(count("nodes") > 10 && count("edges") > 15, "{shown}");
    for &format in Format::ALL {
        let (of_set, whole) =
            (written(&store, format, &query), written(&alone, format, &of_records));
        assert!(of_set == whole, "{}: {}", format.as_str(), String::from_utf8_lossy(&of_set));
    }
}

fn ids(graph: &Value, list: &str) -> BTreeSet<String> {
    let id = if list == "nodes" { "id" } else { "key" };
    graph[list].as_array().unwrap().iter().map(|it| text(it, id).to_owned()).collect()
}

#[test]
fn a_filter_leaves_all_nodes_and_some_links() {
    let store = sample();
    let nodes =
        ["contact/TO8RJjq9RDegjbPPMkse", "contact/RwOR1rEroB5eX0lPuxFF", "contact", "business"];
    let all = graph(&store, &set(nodes));
    let along = LinkFilter::default().label("Referred By");
    let some = graph(&store, &SubgraphQuery { along, ..set(nodes) });
    assert_eq!(ids(&all, "nodes"), nodes.map(str::to_owned).into());
    assert_eq!(ids(&some, "nodes"), ids(&all, "nodes"));
    let is_wanted = |edge: &&Value| text(edge, "associationKey") == "client_referral";
    let wanted = all["edges"].as_array().unwrap().iter().filter(is_wanted).cloned();
    let wanted: Vec<Value> = wanted.collect();
    assert_eq!((some["edges"].as_array().unwrap(), wanted.len()), (&wanted, 2));
    assert!(ids(&all, "edges").len() > 2);
    let none = SubgraphQuery { along: LinkFilter::default().association("none"), ..set(nodes) };
    let none = graph(&store, &none);
    assert_eq!((ids(&none, "nodes").len(), ids(&none, "edges").len()), (4, 0));
}

#[test]
fn a_set_names_known_nodes_of_the_layers_asked_for() {
    let store = sample();
    let location = store.location(SEASIDE).unwrap().unwrap();
    let part = |query: &SubgraphQuery| {
        let (_, copy) = store.snapshot(&location, None, query).unwrap();
        copy.view().part(query).map(|part| (part.node_count(), part.link_count()))
    };
    let nobody = set(["contact/TO8RJjq9RDegjbPPMkse", "contact/nobody"]);
    let unknown = QueryError::Unknown(NodeRef::record("contact", "nobody"));
    assert_eq!(part(&nobody), Err(unknown));
    let both = ["contact/TO8RJjq9RDegjbPPMkse", "contact"];
    let other = |node: &str| Err(QueryError::OtherLayer(node.parse().unwrap()));
    for (layers, expected) in [
        (Layers::All, Ok(2)),
        (Layers::Records, other("contact")),
        (Layers::Objects, other("contact/TO8RJjq9RDegjbPPMkse")),
    ] {
        let found = part(&SubgraphQuery { layers, ..set(both) });
        assert_eq!(found.map(|(nodes, _)| nodes), expected, "{layers:?}");
    }
    assert_eq!(part(&set([""; 0])), Ok((0, 0)));
}

/// Everything between a tag of these elements and its end, of a GEXF.
fn elements<'x>(gexf: &'x str, name: &str) -> BTreeSet<&'x str> {
    let (open, close) = (format!("   <{name} id="), format!("   </{name}>\n"));
    let starts = gexf.match_indices(&open).map(|(at, _)| at);
    starts.map(|at| &gexf[at..at + gexf[at..].find(&close).unwrap()]).collect()
}

#[test]
fn the_life_spans_of_some_nodes_are_those_of_an_export_of_everything() {
    let store = sample();
    for as_of in [None, Some(AsOf::Seq(248))] {
        let (_, lives) = store.timeline(SEASIDE, as_of).unwrap();
        let gexf = |query: &SubgraphQuery| {
            let mut to = Vec::new();
            write_timeline(&lives.view().part(query).unwrap(), &lives, &mut to).unwrap();
            String::from_utf8(to).unwrap()
        };
        // The last of them was deleted in the end.
        let nodes = CENTRES
            .into_iter()
            .chain(["contact/RwOR1rEroB5eX0lPuxFF", "contact/mbtyeRAKdpWLlLY3QHpr"]);
        let nodes: BTreeSet<String> = nodes.map(str::to_owned).collect();
        let (some, all) = (gexf(&set(&nodes)), gexf(&SubgraphQuery::default()));
        let of_set = |element: &&str, attribute: &str| {
            let (_, rest) = element.split_once(&format!(" {attribute}=\"")).unwrap();
            nodes.contains(rest.split('"').next().unwrap())
        };
        let mut wanted = elements(&all, "node");
        wanted.retain(|node| of_set(node, "id"));
        assert_eq!(elements(&some, "node"), wanted);
        assert_eq!(wanted.len(), nodes.len());
        let mut wanted = elements(&all, "edge");
        wanted.retain(|edge| of_set(edge, "source") && of_set(edge, "target"));
        assert_eq!(elements(&some, "edge"), wanted);
        assert!(wanted.len() > 2, "{wanted:?}");
    }
}
