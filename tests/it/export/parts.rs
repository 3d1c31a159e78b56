//! Exports of a part of the graph, and of all that ever was, by the real binary.

use std::collections::BTreeSet;
use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::sample::SAMPLE;
use crate::support::server::{Error, Server, relata};

const AT: &str = "/v1/locations/seaside-realty";
/// The sample in a store of its own.
fn filled(directory: &Path) -> Result<std::path::PathBuf, Error> {
    let (db, file) = (directory.join("relata.db"), directory.join("events.ndjson"));
    std::fs::write(&file, SAMPLE)?;
    let ingested = relata().arg("--db").arg(&db).arg("ingest").arg(&file).output()?;
    assert!(ingested.status.success(), "{ingested:?}");
    Ok(db)
}

/// What the command prints, or the line in which it says why not.
fn export(db: &Path, arguments: &str) -> Result<Result<String, String>, Error> {
    let place = ["export", "--location", "seaside-realty"];
    let output = relata().arg("--db").arg(db).args(place).args(arguments.split(' ')).output()?;
    let errors = String::from_utf8(output.stderr)?;
    if output.status.success() {
        return Ok(Ok(String::from_utf8(output.stdout)?));
    }
    assert_eq!((errors.lines().count(), output.stdout.len()), (1, 0), "{errors}");
    Ok(Err(format!("{} {errors}", output.status.code().unwrap_or(-1))))
}

fn set(values: impl IntoIterator<Item = Value>) -> BTreeSet<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

#[test]
fn a_part_around_a_node_is_its_neighborhood() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let db = filled(directory.path())?;
    for question in [
        "of=contact/TO8RJjq9RDegjbPPMkse",
        "of=contact/TO8RJjq9RDegjbPPMkse&depth=2",
        "of=custom_objects.property/6adf249e8ce18ef62a90b95f&depth=3&label=Owner&label=Spouse",
        "of=contact/TO8RJjq9RDegjbPPMkse&depth=2&asOf=150",
        "of=contact/TO8RJjq9RDegjbPPMkse&depth=2&layer=records",
        "of=custom_objects.property/6adf249e8ce18ef62a90b95f&depth=8&association=spouse",
        "of=custom_objects.property&depth=2",
        "of=contact&association=spouse&layer=objects",
    ] {
        let arguments: Vec<String> = question
            .replace("asOf", "as-of")
            .split('&')
            .map(|pair| format!("--{}", pair.replace('=', " ")))
            .collect();
        let printed = export(&db, &format!("--format node-link {}", arguments.join(" ")))??;
        let server = Server::start(&db)?;
        let answer = server.get(&format!("{AT}/export?format=node-link&{question}"))?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(printed, answer.text(), "{question}");
        let asked = question.replace("&layer=records", "").replace("&layer=objects", "");
        let near = server.get(&format!("{AT}/neighborhood?{asked}&limit=100000"))?.json();
        assert_eq!(near["complete"], true, "{near}");
        let (graph, list) = (answer.json(), |of: &Value| of.as_array().unwrap().clone());
        let nodes = set(list(&graph["nodes"]).iter().map(|node| {
            node.get("record").map_or(json!([node["object"]]), |id| json!([node["object"], id]))
        }));
        let expected = set(list(&near["nodes"]).iter().map(|node| {
            node.get("record").map_or(json!([node["object"]]), |id| json!([node["object"], id]))
        }));
        assert_eq!(nodes, expected, "{question}");
        let id = |link: &Value| json!([link["association"], link.get("relation")]);
        let links = set(list(&graph["edges"]).iter().map(id));
        assert_eq!(links, set(list(&near["links"]).iter().map(id)), "{question}");
        let is_alone = question.contains("&association=spouse");
        assert_eq!(nodes.len() == 1, is_alone, "{question}");
        assert_eq!(answer.header("relata-nodes"), Some(nodes.len().to_string().as_str()));
        assert_eq!(answer.header("relata-links"), Some(links.len().to_string().as_str()));
    }
    Ok(())
}

#[test]
fn a_part_around_an_unknown_node_is_refused() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let db = filled(directory.path())?;
    for (question, status, code) in [
        ("format=dot&of=contact/nobody", 404, "not_found"),
        ("format=gexf&dynamic=true&of=contact/nobody", 404, "not_found"),
        ("format=ndjson&of=contact/TO8RJjq9RDegjbPPMkse", 400, "invalid_parameter"),
        ("format=ndjson&dynamic=false", 400, "invalid_parameter"),
        ("format=dot&of=contact/TO8RJjq9RDegjbPPMkse&layer=objects", 400, "invalid_parameter"),
        ("format=dot&of=contact&layer=records", 400, "invalid_parameter"),
        ("format=dot&depth=2", 400, "invalid_parameter"),
        ("format=dot&of=contact&depth=9", 400, "invalid_parameter"),
        ("format=dot&of=", 400, "invalid_parameter"),
        ("format=dot&dynamic=true", 400, "invalid_parameter"),
        ("format=dot&bom=true", 400, "invalid_parameter"),
        ("format=gexf&dynamic=true&bom=true", 400, "invalid_parameter"),
        ("format=csv&yed=true", 400, "invalid_parameter"),
        ("format=csv&bom=1", 400, "invalid_parameter"),
        ("format=ndjson&bom=false", 400, "invalid_parameter"),
        ("format=gexf&dynamic=yes", 400, "invalid_parameter"),
    ] {
        let server = Server::start(&db)?;
        let answer = server.get(&format!("{AT}/export?{question}"))?;
        assert_eq!(answer.status, status, "{question}");
        assert_eq!(answer.json()["code"], code, "{question}");
        assert_eq!(answer.header("content-disposition"), None, "{question}");
    }
    for (arguments, why) in [
        ("--format dot --of contact/nobody", "1 relata: no event has named contact/nobody"),
        (
            "--format dot --of contact/TO8RJjq9RDegjbPPMkse --layer objects",
            "1 relata: contact/TO8RJjq9RDegjbPPMkse is of the other layer",
        ),
        ("--format dot --bom", "1 relata: --bom needs --format csv"),
        ("--format csv --yed", "1 relata: --yed needs --format graphml"),
        ("--format ndjson --bom", "1 relata: --bom cannot be combined with ndjson"),
        ("--format dot --dynamic", "1 relata: --dynamic needs --format gexf"),
        ("--format node-link --edges-key both", "1 relata: --edges-key is one of edges, links"),
    ] {
        let refused = export(&db, arguments)?.unwrap_err();
        assert!(refused.starts_with(why), "{arguments}: {refused}");
    }
    Ok(())
}

#[test]
fn the_list_of_edges_has_the_name_asked_for() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let db = filled(directory.path())?;
    for key in ["edges", "links"] {
        let printed = export(&db, &format!("--format node-link --edges-key {key}"))??;
        let graph: Value = serde_json::from_str(&printed)?;
        assert!(graph[key].as_array().is_some_and(|edges| edges.len() > 100), "{key}");
        let server = Server::start(&db)?;
        let answer = server.get(&format!("{AT}/export?format=node-link&edgesKey={key}"))?;
        assert_eq!(answer.text(), printed);
    }
    Ok(())
}

#[test]
fn a_flowchart_that_mermaid_would_not_draw_is_refused() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let (db, file) = (directory.path().join("relata.db"), directory.path().join("events.ndjson"));
    let relation = |number: usize, to: &str| {
        json!({
            "type": "RelationCreate", "id": format!("{number:04}"), "associationId": "a",
            "locationId": "seaside-realty", "firstObjectKey": "contact", "firstRecordId": "1",
            "secondObjectKey": "house", "secondRecordId": to,
        })
        .to_string()
    };
    let tell = |lines: &[String]| -> Result<(), Error> {
        std::fs::write(&file, lines.join("\n"))?;
        let ingested = relata().arg("--db").arg(&db).arg("ingest").arg(&file).output()?;
        assert!(ingested.status.success(), "{ingested:?}");
        Ok(())
    };
    tell(&(0..500).map(|number| relation(number, "2")).collect::<Vec<_>>())?;
    let drawn = export(&db, "--format mermaid")??;
    assert_eq!(drawn.matches(" --> ").count() + drawn.matches(" -->|").count(), 500);
    tell(&[relation(500, "2")])?;
    let refused = export(&db, "--format mermaid")?.unwrap_err();
    let why = "mermaid draws at most 500 links and 50000 bytes of text: export less, with \
               `layer=objects`, `of`, `label` or `association`";
    assert_eq!(refused, format!("1 relata: {why}\n"));
    assert!(export(&db, "--format mermaid --layer objects")?.is_ok());
    let server = Server::start(&db)?;
    let answer = server.get(&format!("{AT}/export?format=mermaid"))?;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (422, Some("too_large")));
    assert_eq!(answer.json()["detail"], why);
    assert_eq!(server.get(&format!("{AT}/export?format=mermaid&layer=objects"))?.status, 200);
    // Few links, but long names.
    drop(server);
    let long: Vec<String> =
        (0..100).map(|number| relation(number, &format!("{number:0>512}"))).collect();
    let dated = |line: &String| line.replacen('{', r#"{"timestamp":"2026-01-01T00:00:00Z","#, 1);
    tell(&long.iter().map(dated).collect::<Vec<_>>())?;
    let around = export(&db, &format!("--format mermaid --of house/{:0>512}", 7))?;
    assert!(around?.matches(" -->").count() == 1);
    assert!(export(&db, "--format mermaid --of contact/1 --label none")?.is_ok());
    assert!(export(&db, "--format mermaid --of contact/1")?.unwrap_err().contains("500 links"));
    Ok(())
}

#[test]
fn life_spans_use_the_times_of_the_events() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let db = filled(directory.path())?;
    let query = "format=gexf&dynamic=true&of=contact/mbtyeRAKdpWLlLY3QHpr&depth=1";
    let arguments = "--format gexf --dynamic --of contact/mbtyeRAKdpWLlLY3QHpr --depth 1";
    let printed = export(&db, arguments)??;
    let early = export(&db, &format!("{arguments} --as-of 248"))??;
    let server = Server::start(&db)?;
    let answer = server.get(&format!("{AT}/export?{query}"))?;
    assert_eq!((answer.status, answer.text()), (200, printed.clone()));
    assert_eq!(answer.header("relata-seq"), Some("388"));
    assert_eq!(
        answer.header("content-disposition"),
        Some("attachment; filename=\"relata-seaside-realty.gexf\"")
    );
    let then = server.get(&format!("{AT}/export?{query}&asOf=248"))?;
    assert_eq!((then.text(), then.header("relata-seq")), (early.clone(), Some("248")));
    // The contact was deleted in the end, and its links with it.
    let plain = server.get(&format!("{AT}/export?format=gexf&of=contact/mbtyeRAKdpWLlLY3QHpr"))?;
    assert_eq!(plain.header("relata-links"), Some("0"));
    let its =
        [" source=\"contact/mbtyeRAKdpWLlLY3QHpr\"", " target=\"contact/mbtyeRAKdpWLlLY3QHpr\""];
    let links: usize = its.iter().map(|end| printed.matches(end).count()).sum();
    let ends = printed.matches(" end=\"2026-11-20T09:00:00.452Z\"").count();
    assert!(links > 2 && ends == links + 1, "{links} links and the contact, {ends} ends");
    assert!(early.contains("<spell start=") && !early.contains(" end="), "{early}");
    Ok(())
}

/// Excel showed `MÃ¼ller`, and yEd empty boxes.
#[test]
fn options_for_excel_and_yed_change_their_formats_only() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let db = filled(directory.path())?;
    let server = Server::start(&db)?;
    let plain = server.get(&format!("{AT}/export?format=csv"))?;
    assert_eq!(plain.header("content-type"), Some("text/csv; charset=utf-8"));
    let marked = server.get(&format!("{AT}/export?format=csv&bom=true"))?;
    assert!(marked.body == ["\u{feff}".as_bytes(), &plain.body].concat());
    assert!(export(&db, "--format csv --bom")?.unwrap().as_bytes() == marked.body);
    for format in ["dot", "mermaid"] {
        let answer = server.get(&format!("{AT}/export?format={format}&layer=objects"))?;
        let kind = answer.header("content-type").unwrap_or_default().to_owned();
        assert!(kind.starts_with("text/") && kind.ends_with("; charset=utf-8"), "{kind}");
    }
    let plain = server.get(&format!("{AT}/export?format=graphml"))?.text();
    let drawn = server.get(&format!("{AT}/export?format=graphml&yed=true"))?.text();
    assert!(export(&db, "--format graphml --yed")?.unwrap() == drawn);
    assert!(!plain.contains("<y:"));
    for (element, label) in [("<node ", "<y:NodeLabel>"), ("<edge ", "<y:EdgeLabel>")] {
        assert_eq!(drawn.matches(label).count(), plain.matches(element).count(), "{label}");
    }
    let texts = |before: &str| -> Vec<&str> {
        drawn.split(before).skip(1).filter_map(|rest| rest.split('<').next()).collect()
    };
    assert_eq!(texts("<y:EdgeLabel>"), texts("<data key=\"e_label\">"));
    assert_eq!(texts("<y:NodeLabel>"), texts("<data key=\"n_label\">"));
    // Nothing else differs.
    let mut rest = String::new();
    let mut lines = drawn.lines();
    while let Some(line) = lines.next() {
        if line.contains("<data key=\"nodegraphics\">")
            || line.contains("<data key=\"edgegraphics\">")
        {
            lines.by_ref().find(|line| line.trim() == "</data>");
        } else if !line.contains("yfiles.type") {
            rest.push_str(&line.replace(" xmlns:y=\"http://www.yworks.com/xml/graphml\"", ""));
            rest.push('\n');
        }
    }
    assert!(rest == plain);
    Ok(())
}

/// The name of a file is made of what a sender chose.
#[test]
fn a_file_name_holds_only_letters_of_its_location() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let server = Server::start(&directory.path().join("relata.db"))?;
    for (location, disposition) in [
        ("b\u{fc}ro", "filename=\"relata-b_ro.csv\"; filename*=UTF-8''relata%2Db%C3%BCro%2Ecsv"),
        ("a\"; x=\r\ny: z/../", "filename=\"relata-a___x___y__z____.csv\""),
        ("\u{202e}\u{85}\u{0}", "filename=\"relata-___.csv\""),
    ] {
        let event = serde_json::json!({"type": "ContactDelete", "id": "a", "locationId": location});
        assert_eq!(server.post("/webhooks", event.to_string().as_bytes())?.status, 200);
        let encoded = utf8_percent_encode(location, NON_ALPHANUMERIC);
        let answer = server.get(&format!("/v1/locations/{encoded}/export?format=csv"))?;
        let wanted = format!("attachment; {disposition}");
        assert_eq!(answer.header("content-disposition"), Some(&*wanted), "{location:?}");
    }
    Ok(())
}
