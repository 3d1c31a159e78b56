//! Exports for spreadsheets and other stores, read by the rules of each format:
//! every text comes out as it went in, and every link once.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says so by failing"
)]

mod golden;
mod sample;
mod torture;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use oxrdf::{NamedOrBlankNode, Term};
use oxttl::{NQuadsParser, NTriplesParser};
use proptest::prelude::*;
use relata::Store;
use relata::export::{Format, Options, check as check_size, write};
use relata::graph::{Edge, EdgeEnd, Layers, PartQuery, Snapshot};
use sample::{SAMPLE, tell};
use serde_json::json;

/// Attributes by name.
type Row = BTreeMap<String, String>;

fn bytes(snapshot: &Snapshot, format: Format, layers: Layers) -> Vec<u8> {
    let part = snapshot.view().part(&PartQuery { layers, ..PartQuery::default() }).unwrap();
    let options = Options { location: "L/1".to_owned(), ..Options::default() };
    let mut to = Vec::new();
    write(&part, format, &options, &mut to).unwrap();
    to
}

fn text(snapshot: &Snapshot, format: Format) -> String {
    String::from_utf8(bytes(snapshot, format, Layers::All)).unwrap()
}

/// The texts of rows with what a format cannot carry replaced.
fn replaced(rows: Vec<Row>, replace: impl Fn(&str) -> String) -> Vec<Row> {
    let row = |row: Row| row.into_iter().map(|(name, text)| (name, replace(&text))).collect();
    sorted(rows.into_iter().map(row).collect())
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
    torture::node_id(end.object, end.record)
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

/// Rows of a CSV file by the names of its columns, without empty cells.
fn csv_rows(file: &[u8]) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(file);
    let names = reader.headers().unwrap().clone();
    let filled = |(name, value): (&str, &str)| {
        (!value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    };
    let cells = |record: csv::StringRecord| names.iter().zip(&record).filter_map(filled).collect();
    reader.records().map(|record| cells(record.unwrap())).collect()
}

fn without_empty(rows: Vec<Row>) -> Vec<Row> {
    let filled = |row: Row| row.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    sorted(rows.into_iter().map(filled).collect())
}

fn check_csv(snapshot: &Snapshot) {
    let list = bytes(snapshot, Format::Csv, Layers::All);
    let mut rows = csv_rows(&list);
    for cell in rows.iter_mut().flat_map(BTreeMap::values_mut) {
        let runs = |c| "=+-@\t\r\n\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(c);
        assert!(!cell.starts_with(runs) && !cell.trim_start().starts_with(runs), "{cell:?}");
        if let Some(plain) = cell.strip_prefix('\'') {
            *cell = plain.to_owned();
        }
    }
    let labels: BTreeMap<String, String> = nodes(snapshot)
        .into_iter()
        .map(|mut n| (n.remove("id").unwrap(), n.remove("label").unwrap()))
        .collect();
    for row in &mut rows {
        for (end, prefix) in [("source", "source"), ("target", "target")] {
            let id = row[end].clone();
            let name = row.remove(&format!("{prefix}Name")).unwrap_or_default();
            assert_eq!(name, labels[&id]);
            let object = row.remove(&format!("{prefix}Object")).unwrap();
            let record = row.remove(&format!("{prefix}Record"));
            assert_eq!(id, torture::node_id(&object, record.as_deref()));
        }
    }
    assert_eq!(sorted(rows), without_empty(links(snapshot)));
}

/// The files of a zip, in its order.
fn unzipped(zip: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut files = Vec::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        files.push((file.name().unwrap().into_owned(), content));
    }
    files
}

fn check_neo4j(snapshot: &Snapshot) {
    let mut files = unzipped(bytes(snapshot, Format::Neo4jCsv, Layers::All)).into_iter();
    let (name, readme) = files.next().unwrap();
    assert_eq!(name, "README.txt");
    let readme = String::from_utf8(readme).unwrap();
    let (mut all_nodes, mut all_links) = (Vec::new(), Vec::new());
    let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (name, file) in files {
        let safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        assert!(name.len() < 100 && name.chars().all(safe), "{name:?}");
        assert!(names.insert(name.to_ascii_lowercase()), "{name:?} twice");
        let header = csv::Reader::from_reader(&*file).headers().unwrap().clone();
        let space = |column: &str| {
            let (kind, space) = column.split_once('(').unwrap();
            (kind.to_owned(), space.strip_suffix(')').unwrap().to_owned())
        };
        let rows = csv_rows(&file);
        assert!(!rows.is_empty());
        let (kind, of) = space(&header[0]);
        if kind == "id:ID" {
            assert!(readme.contains(&format!("--nodes={name} ")), "{readme}");
            for mut row in rows {
                let id = row.remove(&header[0]).unwrap();
                assert!(ids.insert((of.clone(), id.clone())), "{id:?} twice");
                let label = row.remove(":LABEL").unwrap();
                let class = if row["layer"] == "object" { "Object" } else { &row["object"] };
                assert_eq!(label, class.replace(';', "\u{fffd}"));
                row.insert("id".to_owned(), id);
                all_nodes.push(row);
            }
        } else {
            assert!(readme.contains(&format!("--relationships={name} ")), "{readme}");
            let (_, to) = space(&header[1]);
            for mut row in rows {
                let source = row.remove(&header[0]).unwrap();
                let target = row.remove(&header[1]).unwrap();
                // Nodes come before links.
                assert!(ids.contains(&(of.clone(), source.clone())));
                assert!(ids.contains(&(to.clone(), target.clone())));
                let class = row.get("associationKey").unwrap_or(&row["association"]).clone();
                assert_eq!(row.remove(":TYPE").unwrap(), class);
                row.insert("source".to_owned(), source);
                row.insert("target".to_owned(), target);
                if let Some(at) = row.remove("at:datetime") {
                    row.insert("at".to_owned(), at);
                }
                all_links.push(row);
            }
        }
    }
    assert_eq!(readme.matches(".csv").count(), names.len());
    assert_eq!(sorted(all_nodes), without_empty(nodes(snapshot)));
    assert_eq!(sorted(all_links), without_empty(links(snapshot)));
}

/// What a script says, read by the rules of Cypher for the words it uses.
struct Script<'s> {
    rest: &'s str,
}

/// One statement: its rows, what it does with each, and the quoted names in that.
struct Statement {
    rows: Vec<Row>,
    names: Vec<String>,
    does: String,
}

impl<'s> Script<'s> {
    fn takes(&mut self, text: &str) -> bool {
        self.rest.strip_prefix(text).map(|rest| self.rest = rest).is_some()
    }

    fn expects(&mut self, text: &str) {
        assert!(
            self.takes(text),
            "no {text:?} at {:?}",
            self.rest.chars().take(80).collect::<String>()
        );
    }

    fn until(&mut self, text: &str) -> &'s str {
        let (before, after) = self.rest.split_once(text).unwrap();
        self.rest = after;
        before
    }

    fn string(&mut self) -> String {
        let mut out = String::new();
        self.expects("'");
        let mut chars = self.rest.chars();
        loop {
            match chars.next().unwrap() {
                '\'' => break,
                '\\' => match chars.next().unwrap() {
                    'n' => out.push('\n'),
                    'r' => out.push('\r'),
                    't' => out.push('\t'),
                    c @ ('\\' | '\'') => out.push(c),
                    c => panic!("\\{c} is not in all of them"),
                },
                c => {
                    assert!(!matches!(c, '\n' | '\r' | '\0'), "{c:?}");
                    out.push(c);
                }
            }
        }
        self.rest = chars.as_str();
        out
    }

    fn statement(&mut self) -> Statement {
        self.expects("UNWIND [\n");
        let mut rows = Vec::new();
        loop {
            self.expects("  {");
            let mut row = Row::new();
            loop {
                let name = self.until(": ").to_owned();
                assert!(name.chars().all(char::is_alphanumeric), "{name:?}");
                let value = self.string();
                row.insert(name, value);
                if !self.takes(", ") {
                    break;
                }
            }
            self.expects("}");
            rows.push(row);
            if !self.takes(",\n") {
                break;
            }
        }
        self.expects("\n] AS row\n");
        let (mut does, mut names) = (String::new(), Vec::new());
        while !self.takes(";\n") {
            if self.takes("`") {
                let mut name = self.until("`").to_owned();
                while self.takes("`") {
                    name.push('`');
                    name += self.until("`");
                }
                assert!(!name.contains('\\') && !name.contains(char::is_control), "{name:?}");
                names.push(name);
                does.push('?');
            }
            let c = self.rest.chars().next().unwrap();
            self.rest = &self.rest[c.len_utf8()..];
            does.push(c);
        }
        Statement { rows, names, does }
    }
}

const SET_NODE: &str =
    "SET n.label = row.label, n.layer = row.layer, n.object = row.object, n.record = row.record";

fn check_cypher(snapshot: &Snapshot) {
    let text = text(snapshot, Format::Cypher);
    assert_eq!(text.matches(";\n").count(), text.matches("UNWIND [\n").count(), "{text}");
    let mut script = Script { rest: &text };
    while script.takes("//") {
        script.until("\n");
    }
    let (mut all_nodes, mut all_links) = (Vec::new(), Vec::new());
    let name = |class: &str| -> String {
        class.chars().map(|c| if c.is_control() || c == '\\' { '\u{fffd}' } else { c }).collect()
    };
    while !script.rest.is_empty() {
        let Statement { rows, names, does } = script.statement();
        assert!((1..=500).contains(&rows.len()));
        for row in rows {
            if names.len() == 1 {
                assert_eq!(does, format!("MERGE (n:? {{id: row.id}})\n{SET_NODE}"));
                let class = if row["layer"] == "object" { "Object" } else { &row["object"] };
                assert_eq!(names[0], name(class));
                all_nodes.push(row);
            } else {
                let key = if row.contains_key("relation") { "relation" } else { "association" };
                let merge = format!("MERGE (a)-[r:? {{{key}: row.{key}}}]->(b)\nSET ");
                let ends = "MATCH (a:? {id: row.source}), (b:? {id: row.target})\n";
                assert!(does.starts_with(&format!("{ends}{merge}")), "{does}");
                // Until its association is known, its id is the label.
                let class = row.get("associationKey").unwrap_or(&row["label"]);
                assert_eq!(names[2], name(class));
                all_links.push(row);
            }
        }
    }
    let carried = |text: &str| text.replace('\0', "\u{fffd}");
    assert_eq!(sorted(all_nodes), replaced(nodes(snapshot), carried));
    let mut known = replaced(links(snapshot), carried);
    // Ids are spelled, so that a NUL in one does not make two links the same.
    for (known, given) in known.iter_mut().zip(links(snapshot)) {
        for name in ["association", "relation"] {
            given.get(name).map(|id| known.insert(name.to_owned(), torture::spelled(id)));
        }
    }
    assert_eq!(sorted(all_links), sorted(known));
}

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

fn check_rdf(snapshot: &Snapshot) {
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
        torture::node_id(&texts["object"], texts.get("record").map(String::as_str))
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

fn check(snapshot: &Snapshot) {
    check_csv(snapshot);
    check_neo4j(snapshot);
    check_cypher(snapshot);
    check_rdf(snapshot);
}

fn sample(location: &str) -> Snapshot {
    let store = Store::in_memory().unwrap();
    tell(&store, SAMPLE.lines());
    store.location(location).unwrap().read().snapshot()
}

#[test]
fn the_sample() {
    check(&sample("hillside-homes"));
    check(&sample("seaside-realty"));
}

#[test]
fn the_files_for_neo4j_as_they_were() {
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
fn many_relations_of_many_kinds() {
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
    check(&store.location("L").unwrap().read().snapshot());
}

#[test]
fn an_empty_graph() {
    let snapshot = relata::graph::LocationGraph::new().snapshot();
    check(&snapshot);
    let files = unzipped(bytes(&snapshot, Format::Neo4jCsv, Layers::All));
    assert_eq!(files.len(), 1);
}

#[test]
fn texts_that_break_naive_writers() {
    for nasty in torture::NASTY {
        check(&torture::snapshot(nasty));
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
fn a_writer_that_fails_is_told_of() {
    let snapshot = sample("seaside-realty");
    let part = snapshot.view().part(&PartQuery::default()).unwrap();
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
    fn any_text_comes_out_right(nasty in "\\PC{0,12}|[\\x00-\\x7f]{0,12}|.{0,12}") {
        check(&torture::snapshot(&nasty));
    }
}
