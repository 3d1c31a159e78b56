//! What other programs read out of the exports of a running server, against what
//! the API answers; and HighLevel's own clients, which talk to such a server and to the
//! stand-in of its API.
//!
//! The programs are not ours: `tests/readers/install` brings them. Without them
//! the test says so and passes, unless `RELATA_READERS=required`. Browsers, which look
//! at the explorer, are in `browser`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test reports by failing"
)]

mod clients;
mod stand_in;
#[expect(dead_code, unused_imports, reason = "the helpers of `it`: a few are used here")]
#[path = "../it/support/mod.rs"]
mod support;

mod browser;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use relata::export::Format;
use relata::webhook::clean_name;
use relata::{Delivery, Options, Store, Timestamp};
use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::server::{Error, Server};
use crate::support::{nasty_texts, sample};

/// Each reads some formats; several may read the same one.
const READERS: [&str; 7] = [
    "xml_graphs.py",
    "json_graphs.py",
    "drawings.py",
    "tables.py",
    "neo4j.py",
    "cypher.py",
    "rdf.py",
];

/// A location whose id needs care in addresses and names.
const TORTURE: &str = "L/1 é%\u{1}";

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers")
}

/// What stands in a segment of a path or a value of a query.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// All pages of a list.
fn pages(server: &Server, path: &str, list: &str) -> Result<Vec<Value>, Error> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let answer = server.get(&format!("{path}{mark}limit=1000{cursor}"))?;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let page = answer.json();
        items.extend(page[list].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { return Ok(items) };
        cursor = format!("&cursor={}", encoded(next));
    }
}

/// Nodes and links.
#[derive(Clone)]
struct Graph {
    nodes: Vec<Value>,
    links: Vec<Value>,
}

/// All that the API lists of a location.
fn listed(server: &Server, at: &str, names: &Names) -> Result<Graph, Error> {
    let mut graph = Graph { nodes: Vec::new(), links: Vec::new() };
    let mut ask = |object: &str, record: Option<&str>| -> Result<(), Error> {
        let mut path = format!("{at}/objects/{}", encoded(object));
        let known = names.get(&(object.to_owned(), record.map(str::to_owned)));
        let label = known.map_or(record.unwrap_or(object), String::as_str);
        graph.nodes.push(json!({"object": object, "record": record, "label": label}));
        path.extend(record.map(|record| format!("/records/{}", encoded(record))));
        // Each link is listed once from its first end.
        for link in pages(server, &format!("{path}/links?side=first"), "links")? {
            let label = if link["label"].is_null() { &link["association"] } else { &link["label"] };
            graph.links.push(json!({
                "source": [object, record], "target": [link["object"], link["record"]],
                "label": label, "association": link["association"],
                "associationKey": link["associationKey"],
                "associationType": link["associationType"],
                "firstLabel": link["ownLabel"], "secondLabel": link["label"],
                "relation": link["relation"], "at": link["at"],
            }));
        }
        Ok(())
    };
    for item in pages(server, &format!("{at}/objects"), "objects")? {
        let object = item["object"].as_str().unwrap();
        ask(object, None)?;
        for item in pages(server, &format!("{at}/objects/{}/records", encoded(object)), "records")?
        {
            ask(object, item["record"].as_str())?;
        }
    }
    Ok(graph)
}

impl Graph {
    /// What is left of it where a filter keeps some links, and their ends.
    fn with(&self, keep: impl Fn(&Value) -> bool) -> Self {
        let links: Vec<Value> = self.links.iter().filter(|link| keep(link)).cloned().collect();
        let ends = || links.iter().flat_map(|link| [&link["source"], &link["target"]]);
        let is_end =
            |node: &&Value| ends().any(|end| end[0] == node["object"] && end[1] == node["record"]);
        Self { nodes: self.nodes.iter().filter(is_end).cloned().collect(), links }
    }

    fn of_layer(&self, records: bool) -> Self {
        let on = |node: &&Value| node["record"].is_string() == records;
        let mut graph = self.clone();
        graph.nodes = self.nodes.iter().filter(on).cloned().collect();
        graph.links.retain(|link| link["relation"].is_string() == records);
        graph
    }

    /// The part that a neighborhood lists.
    fn around(&self, server: &Server, at: &str, query: &str) -> Result<Self, Error> {
        let near = server.get(&format!("{at}/neighborhood?{query}&limit=100000"))?.json();
        assert_eq!(near["complete"], true);
        let among = |list: &str, name: &str, value: &Value| {
            near[list].as_array().unwrap().iter().any(|item| item[name] == *value)
        };
        let mut graph = self.clone();
        graph.nodes.retain(|node| {
            let all = near["nodes"].as_array().unwrap();
            all.iter()
                .any(|near| near["object"] == node["object"] && near["record"] == node["record"])
        });
        graph.links.retain(|link| among("links", "relation", &link["relation"]));
        Ok(graph)
    }
}

/// Writes one export in every format that carries it, and what must be in it.
fn write_case(
    server: &Server,
    to: &Path,
    at: &str,
    query: &str,
    graph: &Graph,
) -> Result<(), Error> {
    std::fs::create_dir_all(to)?;
    let Graph { nodes, links } = graph;
    std::fs::write(to.join("expected.json"), json!({"nodes": nodes, "links": links}).to_string())?;
    let formats = Format::ALL.iter().map(|format| (format.as_str(), String::new()));
    let mut files: Vec<(&str, String)> = formats.collect();
    files.push(("node-link-links", "&edgesKey=links".to_owned()));
    // Of all that ever was.
    if query.starts_with("layer=") {
        files.push(("gexf-dynamic", "&dynamic=true".to_owned()));
    }
    for (name, options) in files {
        let format = name.trim_end_matches("-links").trim_end_matches("-dynamic");
        let path = format!("{at}/export?format={format}{options}&{query}");
        let answer = server.get(&path)?;
        if name == "mermaid" && answer.status == 422 {
            continue;
        }
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        if name != "gexf-dynamic" {
            let count = |header| answer.header(header).unwrap().parse::<usize>().unwrap();
            let counts = (count("relata-nodes"), count("relata-links"));
            assert_eq!(counts, (nodes.len(), links.len()), "{path}");
        }
        let packed = server.request("GET", &path, &[("accept-encoding", "gzip")], b"")?;
        let mut body = Vec::new();
        match packed.header("content-encoding") {
            None => body = packed.body,
            Some(_) => drop(flate2::read::GzDecoder::new(&*packed.body).read_to_end(&mut body)?),
        }
        assert!(body == answer.body, "{path} differs when packed");
        std::fs::write(to.join(name), body)?;
    }
    Ok(())
}

/// Display names by object key and record id.
type Names = BTreeMap<(String, Option<String>), String>;

/// The display names that events in the order of their times give.
fn names<'e>(events: impl IntoIterator<Item = &'e Value>, location: &str) -> Names {
    let built_in = [
        ("contact", "Contact"),
        ("opportunity", "Opportunity"),
        ("business", "Company"),
        ("task", "Task"),
    ];
    let built_in = built_in.map(|(key, name)| ((key.to_owned(), None), name.to_owned()));
    let mut names: Names = built_in.into_iter().collect();
    let mut primaries = BTreeMap::new();
    for event in events.into_iter().filter(|event| event["locationId"] == location) {
        let last_word = |text: &Value| text.as_str()?.rsplit('.').next().map(str::to_owned);
        if let (Some(key), Some(singular)) =
            (event["key"].as_str(), event["labels"]["singular"].as_str())
        {
            let shown = clean_name(singular).map(String::from);
            names.extend(shown.map(|shown| ((key.to_owned(), None), shown)));
            primaries
                .extend(last_word(&event["primaryDisplayProperty"]).map(|it| (key.to_owned(), it)));
        }
        let own = ["contact", "opportunity"].into_iter().find(|key| {
            let of = event["type"].as_str().unwrap_or_default().to_lowercase();
            of.starts_with(key) && !of.ends_with("delete")
        });
        if let (Some(key), Some(id), Some(name)) =
            (own, event["id"].as_str(), event["name"].as_str())
        {
            names.insert((key.to_owned(), Some(id.to_owned())), name.to_owned());
        }
        let (Some(key), Some(id)) = (event["objectKey"].as_str(), event["id"].as_str()) else {
            continue;
        };
        let properties = event["properties"].as_array().map_or(&[][..], Vec::as_slice);
        let value = |wanted: &str| {
            let found =
                properties.iter().find(|it| last_word(&it["key"]).as_deref() == Some(wanted));
            found.and_then(|it| it["valueString"].as_str())
        };
        let primary = primaries.get(key).and_then(|primary| value(primary));
        if let Some(name) = primary.or_else(|| value("name")).or_else(|| value("title")) {
            names.insert((key.to_owned(), Some(id.to_owned())), name.to_owned());
        }
    }
    names
}

fn torture_events() -> Vec<Value> {
    // An object key with a slash is not accepted.
    let accepted = |key: String| key.replace('/', "|");
    let of = |nasty: &&str| nasty_texts::events_as(TORTURE, nasty, accepted);
    let mut events: Vec<Value> = nasty_texts::NASTY.iter().flat_map(of).collect();
    let relation = |id: &str, association: &str, first: &str, second: &str| {
        json!({"type": "RelationCreate", "id": id, "associationId": association,
            "locationId": TORTURE, "timestamp": "2025-02-10T08:26:05.961Z",
            "firstObjectKey": "c", "firstRecordId": first, "secondObjectKey": "p",
            "secondRecordId": second})
    };
    let deleted = |kind: &str, event: &Value| {
        let mut event = event.clone();
        event["type"] = json!(kind);
        event["timestamp"] = json!("2025-02-11T00:00:00Z");
        event
    };
    let (dated, gone) = (relation("dated", "a", "1", "2"), relation("gone", "a", "1", "2"));
    events.extend([deleted("RelationDelete", &gone), dated, gone]);
    // With a record go its relations, with an association those under it.
    events.push(relation("left", "a", "leaver", "2"));
    let record = json!({"type": "RecordDelete", "id": "leaver", "objectKey": "c",
        "locationId": TORTURE, "timestamp": "2025-02-11T00:00:00Z"});
    events.push(record);
    let association = json!({"type": "AssociationCreate", "id": "ended", "key": "ended",
        "locationId": TORTURE, "firstObjectKey": "c", "firstObjectLabel": "E",
        "secondObjectKey": "p", "secondObjectLabel": "F"});
    events.extend([association.clone(), relation("under", "ended", "3", "4")]);
    events.push(deleted("AssociationDelete", &association));
    events.push(deleted(
        "AssociationDelete",
        &json!({"id": "never", "locationId": "empty",
        "key": "never", "firstObjectKey": "x", "firstObjectLabel": "E",
        "secondObjectKey": "y", "secondObjectLabel": "F"}),
    ));
    events
}

/// Exports of everything, of each layer, and of parts; a folder for each.
fn write_cases(server: &Server, to: &Path, torture: &[Value]) -> Result<(), Error> {
    let sample: Vec<Value> =
        sample::SAMPLE.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events = || sample.iter().chain(torture);
    for (location, short) in
        [("seaside-realty", "sample"), (TORTURE, "torture"), ("empty", "empty")]
    {
        let at = format!("/v1/locations/{}", encoded(location));
        let all = listed(server, &at, &names(events(), location))?;
        let summary = server.get(&format!("{at}/summary"))?.json();
        let counted = |name| summary[name].as_u64().unwrap();
        assert_eq!(all.nodes.len() as u64, counted("objects") + counted("records"), "{summary}");
        assert_eq!(
            all.links.len() as u64,
            counted("associations") + counted("relations"),
            "{summary}"
        );
        let write = |case: &str, query: &str, graph: &Graph| {
            write_case(server, &to.join(format!("{short}-{case}")), &at, query, graph)
        };
        write("all", "layer=all", &all)?;
        write("objects", "layer=objects", &all.of_layer(false))?;
        write("records", "layer=records", &all.of_layer(true))?;
        let label = |label: &str| {
            let label = json!(label);
            all.with(move |link| link["firstLabel"] == label || link["secondLabel"] == label)
        };
        match short {
            "sample" => {
                write("label", "label=Interested%20Buyer", &label("Interested Buyer"))?;
                let of = "of=contact/TO8RJjq9RDegjbPPMkse&depth=2";
                write("around", of, &all.of_layer(true).around(server, &at, of)?)?;
            }
            "torture" => {
                let nasty = "' }) DETACH DELETE n //";
                write("label", &format!("label={}", encoded(nasty)), &label(nasty))?;
                // A reference splits at the first slash, so none in the object key.
                let nasty = "\\u0027\\u0060\\U0001";
                let of = format!("of={}&depth=1", encoded(&format!("c{nasty}/1{nasty}")));
                write("around", &of, &all.of_layer(true).around(server, &at, &of)?)?;
            }
            _ => assert_eq!((all.nodes.len(), all.links.len()), (0, 0)),
        }
    }
    Ok(())
}

/// The folder of what `tests/readers/install` brought, if it did; otherwise tells what is
/// missed.
fn installed(missed: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/readers");
    if folder.join("complete").exists() {
        return Some(folder);
    }
    let required = std::env::var_os("RELATA_READERS").is_some_and(|value| value == "required");
    assert!(!required, "run tests/readers/install first");
    tell(&format!("{missed}: `tests/readers/install` brings them first\n"));
    None
}

/// Says it also where a test passes.
fn tell(text: &str) {
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

#[test]
fn other_programs_read_what_the_api_answers() -> Result<(), Error> {
    let Some(installed) = installed("other programs read no export") else { return Ok(()) };
    let (directory, db) = fresh()?;
    let store = Store::open_with(&db, Options::default())?;
    sample::tell(&store, sample::SAMPLE.lines());
    let torture = torture_events();
    for event in &torture {
        let delivery =
            Delivery::read(event.to_string().as_bytes(), None, Timestamp::from_millis(0))?;
        store.submit_waiting(delivery, |result| drop(result.unwrap()))?;
    }
    store.close()?;
    let server = Server::start(&db)?;
    let cases = directory.path().join("cases");
    write_cases(&server, &cases, &torture)?;
    let run = |reader: &&str| -> Result<(String, Child), Error> {
        let child = Command::new(installed.join("python/bin/python"))
            .arg(scripts().join(reader))
            .arg(&cases)
            .env("READERS", &installed)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(((*reader).to_owned(), child))
    };
    let mut failed = BTreeSet::new();
    let running: Vec<(String, Child)> = READERS.iter().map(run).collect::<Result<_, _>>()?;
    for (reader, child) in running {
        let output = child.wait_with_output()?;
        for said in [output.stdout, output.stderr] {
            tell(&String::from_utf8_lossy(&said));
        }
        if !output.status.success() {
            failed.insert(reader);
        }
    }
    if !failed.is_empty() {
        let kept = directory.keep();
        panic!("{failed:?} failed; what they have read is kept in {}", kept.display());
    }
    Ok(())
}
