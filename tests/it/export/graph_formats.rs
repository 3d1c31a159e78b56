//! Exports: the expected bytes, and any text in them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use relata::Store;
use relata::export::{EdgesKey, Format, Options, write, write_timeline};
use relata::graph::{Layers, LinkFilter, Snapshot, SubgraphQuery};
use relata::webhook::clean_name;
use serde_json::{Value, json};

use crate::support::sample::{SAMPLE, tell};
use crate::support::{golden, nasty_texts};

/// Tried in `export_stores.rs`.
const FOR_STORES: [Format; 5] =
    [Format::Csv, Format::Neo4jCsv, Format::Cypher, Format::NTriples, Format::NQuads];

fn text(snapshot: &Snapshot, format: Format, query: &SubgraphQuery) -> String {
    let mut to = Vec::new();
    let part = snapshot.view().part(query).unwrap();
    let options = Options { location: "hillside-homes".to_owned(), ..Options::default() };
    write(&part, format, &options, &mut to).unwrap();
    String::from_utf8(to).unwrap()
}

#[test]
fn every_graph_format_of_the_small_office_is_as_recorded() {
    let store = Store::in_memory().unwrap();
    tell(&store, SAMPLE.lines());
    let snapshot = store.location("hillside-homes").unwrap().unwrap().read().snapshot();
    for &format in Format::ALL.iter().filter(|format| **format != Format::Neo4jCsv) {
        let name = format!("exports/hillside-homes.{}", format.file_extension());
        golden::check(&name, &text(&snapshot, format, &SubgraphQuery::default()));
    }
    let (_, lives) = store.timeline("hillside-homes", None).unwrap();
    let mut dynamic = Vec::new();
    let part = lives.view().part(&SubgraphQuery::default()).unwrap();
    write_timeline(&part, &lives, &mut dynamic).unwrap();
    golden::check("exports/dynamic.gexf", &String::from_utf8(dynamic).unwrap());
    let objects = SubgraphQuery { layers: Layers::Objects, ..SubgraphQuery::default() };
    golden::check("exports/objects.dot", &text(&snapshot, Format::Dot, &objects));
}

#[test]
fn parts_are_chosen_by_layer_label_and_association() {
    let store = Store::in_memory().unwrap();
    tell(&store, SAMPLE.lines());
    let location = store.location("seaside-realty").unwrap().unwrap();
    let counts = location.read().view().counts();
    let snapshot = location.read().snapshot();
    let check = |query: SubgraphQuery, nodes: u64, links: u64| {
        let part = snapshot.view().part(&query).unwrap();
        assert_eq!((part.node_count() as u64, part.link_count() as u64), (nodes, links));
        for edges_key in [EdgesKey::Edges, EdgesKey::Links] {
            let options = Options { edges_key, ..Options::default() };
            let mut to = Vec::new();
            write(&part, Format::NodeLink, &options, &mut to).unwrap();
            let graph: Value = serde_json::from_slice(&to).unwrap();
            let edges = graph[edges_key.as_str()].as_array().unwrap().len() as u64;
            assert_eq!((graph["nodes"].as_array().unwrap().len() as u64, edges), (nodes, links));
        }
    };
    let layer = |layers| SubgraphQuery { layers, ..SubgraphQuery::default() };
    check(layer(Layers::Objects), counts.objects, counts.associations);
    check(layer(Layers::Records), counts.records, counts.relations);
    check(
        SubgraphQuery::default(),
        counts.objects + counts.records,
        counts.associations + counts.relations,
    );
    let spouses =
        SubgraphQuery { along: LinkFilter::default().label("Spouse"), ..layer(Layers::Records) };
    check(spouses, 6, 3);
    let along = LinkFilter::default().association("nothing");
    let none = SubgraphQuery { along, ..SubgraphQuery::default() };
    check(none, 0, 0);
}

/// What a parser of XML may be given at most: the text without what XML 1.0
/// cannot carry.
fn in_xml(text: &str) -> String {
    let fits = |c: char| {
        matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'))
    };
    text.chars().map(|c| if fits(c) { c } else { '\u{fffd}' }).collect()
}

/// All texts of an XML document: attribute values and content, read by its
/// rules.
fn xml_texts(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let mut texts = Vec::new();
    let mut content = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return texts,
            Event::Start(element) | Event::Empty(element) => {
                content.clear();
                for attribute in element.attributes() {
                    let raw = attribute.unwrap();
                    let raw: &str = &raw.value;
                    // Line breaks and tabs in an attribute would be read as spaces.
                    assert!(!raw.contains(['\n', '\t', '\r', '<']), "{raw:?}");
                    texts.push(quick_xml::escape::unescape(raw).unwrap().into_owned());
                }
            }
            Event::Text(text) => {
                let raw: &str = &text;
                assert!(!raw.contains('\r'));
                content.push_str(raw);
            }
            Event::GeneralRef(name) => {
                let raw = format!("&{};", &*name);
                content.push_str(&quick_xml::escape::unescape(&raw).unwrap());
            }
            Event::End(_) => texts.push(std::mem::take(&mut content)),
            _ => {}
        }
    }
}

/// Reads a DOT file by the rules of its language and gives all quoted texts.
fn dot_texts(dot: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut chars = dot.chars();
    while let Some(c) = chars.next() {
        if c != '"' {
            assert!(c.is_ascii(), "{c:?} stands outside of quotes");
            continue;
        }
        let mut text = String::new();
        loop {
            match chars.next().unwrap() {
                '"' => break,
                '\\' => match chars.next().unwrap() {
                    'n' => text.push('\n'),
                    other => text.push(other),
                },
                other => text.push(other),
            }
        }
        texts.push(text);
    }
    texts
}

/// Reads a Mermaid flowchart by the rules of its language and gives the texts of
/// its nodes and edges.
fn mermaid_texts(mermaid: &str) -> (Vec<String>, Vec<String>) {
    let mut lines = mermaid.lines();
    assert_eq!(lines.next(), Some("flowchart LR"));
    let (mut nodes, mut edges) = (Vec::new(), Vec::new());
    for line in lines {
        let line = line.strip_prefix("  n").unwrap();
        if let Some((ends, label)) = line.split_once(" -->") {
            assert!(ends.bytes().all(|byte| byte.is_ascii_digit()), "{line}");
            let label = label.strip_prefix("|\"").and_then(|rest| rest.split_once("\"| n"));
            let bare = || ("", line.split_once(" --> n").unwrap().1);
            let (label, target) = label.unwrap_or_else(bare);
            assert!(target.parse::<usize>().unwrap() < nodes.len(), "{line}");
            edges.push(mermaid_text(label));
            continue;
        }
        let (number, text) = line.split_once(['[', '(']).unwrap();
        assert_eq!(number.parse(), Ok(nodes.len()), "{line}");
        let quoted = text.strip_prefix('"').or_else(|| text.strip_prefix("[\"")).unwrap();
        let quoted = quoted.strip_suffix("\"])").or_else(|| quoted.strip_suffix("\"]")).unwrap();
        nodes.push(mermaid_text(if quoted == " " { "" } else { quoted }));
    }
    (nodes, edges)
}

/// What stands between quotes: entity codes and line breaks are read, and nothing
/// else may mean anything.
fn mermaid_text(quoted: &str) -> String {
    let mut text = String::new();
    let mut rest = quoted;
    while let Some(c) = rest.chars().next() {
        let line_break = rest.strip_prefix("<br>");
        if let Some((code, behind)) = rest.strip_prefix('#').and_then(|rest| rest.split_once(';')) {
            let of_number = || char::from_u32(code.parse().unwrap()).unwrap();
            text.push(if code == "quot" { '"' } else { of_number() });
            rest = behind;
        } else if let Some(behind) = line_break {
            text.push('\n');
            rest = behind;
        } else {
            assert!(!"\"#;<>|[](){}`*\\%:&".contains(c) && !c.is_control(), "{quoted:?}");
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    text
}

/// What the ids of GraphML are decoded to: texts, behind colons.
fn token_texts(token: &str) -> Vec<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.:·".contains(c);
    assert!(!token.is_empty() && token.chars().all(good), "{token:?} is no NMTOKEN");
    let decoded = |text: &str| {
        let pieces = text.split('·').enumerate();
        pieces
            .map(|(at, piece)| match at % 2 {
                0 => piece.to_owned(),
                _ => char::from_u32(u32::from_str_radix(piece, 16).unwrap()).unwrap().to_string(),
            })
            .collect()
    };
    token.split(':').map(decoded).collect()
}

/// All texts of a JSON value, names of members among them.
fn json_texts(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| json_texts(item, texts)),
        Value::Object(members) => {
            for (name, value) in members {
                texts.push(name.clone());
                json_texts(value, texts);
            }
        }
        _ => {}
    }
}

/// A control character may be replaced, but for a line break.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn check(nasty: &str) {
    let snapshot = nasty_texts::snapshot(nasty);
    for &format in Format::ALL.iter().filter(|format| !FOR_STORES.contains(format)) {
        let file = text(&snapshot, format, &SubgraphQuery::default());
        match format {
            Format::GraphMl | Format::Gexf => check_xml(nasty, format, &file),
            Format::Dot => check_dot(nasty, &file),
            Format::Mermaid => check_mermaid(nasty, &file),
            Format::NodeLink | Format::Cytoscape | Format::Jgf | Format::Graphology => {
                check_json(nasty, format, &serde_json::from_str(&file).unwrap());
            }
            other => panic!("{other:?} is not tried"),
        }
    }
}

/// The id of a record of the torture.
fn record_id(nasty: &str) -> String {
    nasty_texts::node_id(&format!("c{nasty}"), Some(&format!("1{nasty}")))
}

fn check_xml(nasty: &str, format: Format, xml: &str) {
    let mut texts = xml_texts(xml);
    if format == Format::GraphMl {
        let ids = xml.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let ids: Vec<Vec<String>> = ids.map(token_texts).collect();
        let record = vec![format!("c{nasty}"), format!("1{nasty}")];
        assert!(ids.contains(&record), "{record:?} is not in {xml}");
        assert!(ids.contains(&vec!["relation".to_owned(), format!("r1{nasty}")]));
    } else {
        let node = record_id(nasty);
        for wanted in
            [node.clone(), format!("relation:{}", nasty_texts::spelled(&format!("r1{nasty}")))]
        {
            assert!(texts.contains(&wanted), "{wanted:?} is not in {xml}");
        }
        texts.retain(|text| *text != node);
    }
    for wanted in [format!("r1{nasty}"), format!("c{nasty}"), nasty.to_owned()] {
        assert!(texts.contains(&in_xml(&wanted)), "{wanted:?} is not in {xml}");
    }
    assert_eq!(xml.matches("<edge ").count(), 7, "two associations, five relations");
}

fn check_dot(nasty: &str, dot: &str) {
    let texts = dot_texts(dot);
    for wanted in [record_id(nasty), nasty.to_owned()] {
        let found = texts.iter().any(|text| plain(text) == plain(&wanted));
        assert!(found, "{wanted:?} is not in {dot}");
    }
}

fn check_mermaid(nasty: &str, mermaid: &str) {
    let (nodes, edges) = mermaid_texts(mermaid);
    let wanted = plain(&format!("c{nasty}/1{nasty}"));
    assert!(nodes.contains(&wanted), "{wanted:?} is not in {mermaid}");
    // What the schema calls a record, if anything of it can be shown.
    let singular = clean_name(nasty).unwrap_or_else(|| format!("c{nasty}").into());
    assert!(nodes.contains(&plain(&singular)), "{singular:?} is not in {mermaid}");
    assert_eq!(edges.iter().filter(|label| **label == plain(nasty)).count(), 6);
    assert_eq!(edges.len(), 7);
}

fn check_json(nasty: &str, format: Format, graph: &Value) {
    let list = |value: &Value| value.as_array().unwrap().clone();
    let inner = |data: &str, value: &Value| -> Vec<Value> {
        list(value).into_iter().map(|item| item[data].clone()).collect()
    };
    let (nodes, edges, id) = match format {
        Format::NodeLink => {
            let ids: Vec<Value> = inner("id", &graph["nodes"]);
            (ids, list(&graph["edges"]), "key")
        }
        Format::Cytoscape => {
            let nodes = Value::from(inner("data", &graph["elements"]["nodes"]));
            (inner("id", &nodes), inner("data", &graph["elements"]["edges"]), "id")
        }
        Format::Jgf => {
            let nodes = graph["graph"]["nodes"].as_object().unwrap();
            (nodes.keys().map(|id| json!(id)).collect(), list(&graph["graph"]["edges"]), "id")
        }
        _ => (inner("key", &graph["nodes"]), list(&graph["edges"]), "key"),
    };
    assert!(nodes.contains(&json!(record_id(nasty))), "{graph}");
    assert_eq!(edges.len(), 7, "two associations, five relations");
    let ids: BTreeSet<String> = edges.iter().map(|edge| edge[id].to_string()).collect();
    assert_eq!(ids.len(), edges.len(), "parallel links survive");
    assert!(edges.iter().all(|e| nodes.contains(&e["source"]) && nodes.contains(&e["target"])));
    for edge in &edges {
        let attributes = match format {
            Format::Jgf => &edge["metadata"],
            Format::Graphology => &edge["attributes"],
            _ => edge,
        };
        let known = !attributes["association"].as_str().unwrap().starts_with("unknown");
        assert_eq!(attributes["firstLabel"], if known { json!(nasty) } else { Value::Null });
    }
    let mut texts = Vec::new();
    json_texts(graph, &mut texts);
    assert!(texts.contains(&nasty.to_owned()) && texts.contains(&format!("r1{nasty}")));
}

/// The ids of the nodes of a file, as often as they are there.
fn node_ids(snapshot: &Snapshot, format: Format) -> Vec<String> {
    let file = text(snapshot, format, &SubgraphQuery::default());
    let unescaped = |raw: &str| quick_xml::escape::unescape(raw).unwrap().into_owned();
    let members = |list: &Value, name: &str| -> Vec<String> {
        let items = list.as_array().unwrap().iter();
        items.map(|item| item[name].as_str().unwrap().to_owned()).collect()
    };
    let json = || -> Value { serde_json::from_str(&file).unwrap() };
    match format {
        Format::GraphMl | Format::Gexf => file
            .split("<node id=\"")
            .skip(1)
            .map(|rest| unescaped(rest.split('"').next().unwrap()))
            .collect(),
        Format::Dot => {
            let nodes = file.lines().filter(|line| line.contains(" [label="));
            nodes.map(|line| dot_texts(line).swap_remove(0)).collect()
        }
        Format::Cypher => {
            let ids = file.split("{id: '").skip(1);
            ids.map(|rest| rest.split("', label: ").next().unwrap().to_owned()).collect()
        }
        Format::NodeLink => members(&json()["nodes"], "id"),
        Format::Graphology => members(&json()["nodes"], "key"),
        Format::Jgf => json()["graph"]["nodes"].as_object().unwrap().keys().cloned().collect(),
        Format::Cytoscape => {
            let ids = json()["elements"]["nodes"].as_array().unwrap().clone();
            ids.iter().map(|node| node["data"]["id"].as_str().unwrap().to_owned()).collect()
        }
        Format::Csv => {
            let mut reader = csv::Reader::from_reader(file.as_bytes());
            let ends = reader.records().map(|row| row.unwrap());
            let ids: BTreeSet<String> =
                ends.flat_map(|row| [row[0].to_owned(), row[1].to_owned()]).collect();
            ids.into_iter().collect()
        }
        // Drawn without ids, and named by percent-encoded parts.
        _ => Vec::new(),
    }
}

/// Ids of records that become one where a format has no place for what they
/// differ in.
fn much_alike() -> Snapshot {
    let store = Store::in_memory().unwrap();
    let ids =
        ["a\u{1}", "a\u{2}", "a\0", "a\u{fffd}", "a\u{b7}1\u{b7}", "a", "a\n", "a\t", "a\u{fffe}"];
    for (number, id) in ids.into_iter().enumerate() {
        let event = json!({"type": "RelationCreate", "id": format!("r{number}"),
            "associationId": "A", "locationId": "L", "firstObjectKey": "c", "firstRecordId": id,
            "secondObjectKey": "p", "secondRecordId": id});
        store.ingest(event.to_string().as_bytes()).unwrap();
    }
    store.location("L").unwrap().unwrap().read().snapshot()
}

/// Records `a\u{1}` and `a\u{2}` were one node to Gephi and Graphviz, with the links
/// of both.
#[test]
fn nodes_whose_ids_a_format_cannot_carry_stay_apart() {
    let snapshot = much_alike();
    for &format in Format::ALL.iter().filter(|&&format| format != Format::Neo4jCsv) {
        let ids = node_ids(&snapshot, format);
        let distinct: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "{format:?}: {ids:?}");
        let expected = match format {
            Format::Mermaid | Format::NTriples | Format::NQuads => 0,
            Format::Csv => 18, // Of links alone.
            _ => 20,
        };
        assert_eq!(ids.len(), expected, "{format:?}: {ids:?}");
    }
}

#[test]
fn graph_formats_carry_texts_that_break_naive_writers() {
    for nasty in nasty_texts::NASTY {
        check(nasty);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn graph_formats_carry_any_text(nasty in "\\PC{0,12}|[\\x00-\\x7f]{0,12}|.{0,12}") {
        check(&nasty);
    }
}
