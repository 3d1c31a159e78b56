//! Exports for spreadsheets and other stores, read by the rules of each format:
//! every text comes out as it went in, and every link once.

mod cypher;
mod rdf;
mod tables;

use std::collections::BTreeMap;

use proptest::prelude::*;
use relata::Store;
use relata::export::{Format, Options, check as check_size, write};
use relata::graph::{Edge, EdgeEnd, Layers, Snapshot, SubgraphQuery};
use serde_json::json;

use crate::export::stores::cypher::check_cypher;
use crate::export::stores::rdf::check_rdf;
use crate::export::stores::tables::{check_csv, check_neo4j, unzipped};
use crate::support::sample::{SAMPLE, tell};
use crate::support::{golden, nasty_texts};

/// Attributes by name.
type Row = BTreeMap<String, String>;

fn bytes(snapshot: &Snapshot, format: Format, layers: Layers) -> Vec<u8> {
    let part = snapshot.view().part(&SubgraphQuery { layers, ..SubgraphQuery::default() }).unwrap();
    let options = Options { location: "L/1".to_owned(), ..Options::default() };
    let mut to = Vec::new();
    write(&part, format, &options, &mut to).unwrap();
    to
}

fn text(snapshot: &Snapshot, format: Format) -> String {
    String::from_utf8(bytes(snapshot, format, Layers::All)).unwrap()
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort();
    rows
}

fn row<'t>(values: impl IntoIterator<Item = (&'t str, Option<&'t str>)>) -> Row {
    let known = |(name, value): (&str, Option<&str>)| Some((name.to_owned(), value?.to_owned()));
    values.into_iter().filter_map(known).collect()
}

fn id(end: &EdgeEnd<'_>) -> String {
    nasty_texts::node_id(end.object, end.record)
}

/// What the graph itself says of its nodes.
fn nodes(snapshot: &Snapshot) -> Vec<Row> {
    let node = |node: EdgeEnd<'_>| {
        let layer = if node.record.is_some() { "record" } else { "object" };
        let mut attributes = row([
            ("label", Some(node.label)),
            ("layer", Some(layer)),
            ("object", Some(node.object)),
            ("record", node.record),
        ]);
        attributes.insert("id".to_owned(), id(&node));
        attributes
    };
    sorted(snapshot.nodes(Layers::All).into_iter().map(node).collect())
}

/// What the graph itself says of its links.
fn links(snapshot: &Snapshot) -> Vec<Row> {
    let link = |link: Edge<'_>| {
        let known = link.definition;
        let mut attributes = row([
            ("label", Some(known.map_or(link.association, |known| &known.second.label))),
            ("association", Some(link.association)),
            ("associationKey", known.map(|known| &*known.key)),
            ("associationType", known.map(|known| &*known.association_type)),
            ("firstLabel", known.map(|known| &*known.first.label)),
            ("secondLabel", known.map(|known| &*known.second.label)),
            ("relation", link.relation),
        ]);
        attributes.extend(link.at.map(|at| ("at".to_owned(), at.to_string())));
        attributes.insert("source".to_owned(), id(&link.first));
        attributes.insert("target".to_owned(), id(&link.second));
        attributes
    };
    sorted(snapshot.links(Layers::All).into_iter().map(link).collect())
}

fn check(snapshot: &Snapshot) {
    check_csv(snapshot);
    check_neo4j(snapshot);
    check_cypher(snapshot);
    check_rdf(snapshot);
}

fn sample(location: &str) -> Snapshot {
    let store = Store::in_memory().unwrap();
    tell(&store, SAMPLE.lines());
    store.location(location).unwrap().unwrap().read().snapshot()
}

#[test]
fn formats_for_stores_carry_the_sample() {
    check(&sample("hillside-homes"));
    check(&sample("seaside-realty"));
}

#[test]
fn the_files_for_neo4j_are_as_recorded() {
    let zip = bytes(&sample("hillside-homes"), Format::Neo4jCsv, Layers::All);
    let mut all = String::new();
    for (name, content) in unzipped(zip) {
        all.extend(["== ", &name, "\n", str::from_utf8(&content).unwrap()]);
    }
    golden::check("exports/hillside-homes.zip.txt", &all);
}

#[test]
fn the_same_state_gives_the_same_bytes() {
    let (one, other) = (sample("seaside-realty"), sample("seaside-realty"));
    for &format in Format::ALL {
        for layers in [Layers::All, Layers::Objects, Layers::Records] {
            if format == Format::Mermaid && layers != Layers::Objects {
                continue;
            }
            assert_eq!(bytes(&one, format, layers), bytes(&other, format, layers), "{format:?}");
        }
    }
}

/// Nodes and links by hundreds, so that statements and files are many.
#[test]
fn formats_for_stores_carry_thousands_of_relations() {
    let store = Store::in_memory().unwrap();
    let keys = [
        "contact",
        "Contact",
        "CONTACT-2",
        "contact-2",
        "con;tact",
        "con tact",
        "con(tact",
        "Object",
    ];
    let events = (0..2600).map(|n: usize| {
        let (first, second) = (keys[n % keys.len()], keys[(n / 7) % keys.len()]);
        json!({"type": "RelationCreate", "id": format!("r{n}"), "associationId": format!("a{}", n % 3),
            "locationId": "L", "firstObjectKey": first, "firstRecordId": format!("{}", n % 40),
            "secondObjectKey": second, "secondRecordId": format!("{}", n % 1300)})
        .to_string()
    });
    let events: Vec<String> = events.collect();
    tell(&store, events.iter().map(String::as_str));
    check(&store.location("L").unwrap().unwrap().read().snapshot());
}

#[test]
fn formats_for_stores_carry_an_empty_graph() {
    let snapshot = relata::graph::LocationGraph::new().snapshot();
    check(&snapshot);
    let files = unzipped(bytes(&snapshot, Format::Neo4jCsv, Layers::All));
    assert_eq!(files.len(), 1);
}

#[test]
fn formats_for_stores_carry_texts_that_break_naive_writers() {
    for nasty in nasty_texts::NASTY {
        check(&nasty_texts::snapshot(nasty));
    }
}

/// Has room for some bytes.
struct Full {
    room: usize,
    /// How often it had to refuse.
    refused: u32,
}

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let Some(room) = self.room.checked_sub(bytes.len()) else {
            self.refused += 1;
            return Err(std::io::ErrorKind::BrokenPipe.into());
        };
        self.room = room;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A reader that is gone ends the export; the zip library does not try again and
/// complain on standard error.
#[test]
fn a_failing_writer_ends_the_export_with_its_error() {
    let snapshot = sample("seaside-realty");
    let part = snapshot.view().part(&SubgraphQuery::default()).unwrap();
    let options = Options { location: "L/1".to_owned(), ..Options::default() };
    for &format in Format::ALL.iter().filter(|format| check_size(&part, **format).is_ok()) {
        let whole = bytes(&snapshot, format, Layers::All).len();
        for room in [0, 1, whole / 2, whole - 20] {
            let mut full = Full { room, refused: 0 };
            let written = write(&part, format, &options, &mut full);
            assert_eq!(written.unwrap_err().kind(), std::io::ErrorKind::BrokenPipe, "{format:?}");
            assert!(full.refused == 1 || format != Format::Neo4jCsv);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn formats_for_stores_carry_any_text(nasty in "\\PC{0,12}|[\\x00-\\x7f]{0,12}|.{0,12}") {
        check(&nasty_texts::snapshot(&nasty));
    }
}
