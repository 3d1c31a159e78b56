//! Bodies and heads that look odd.

use std::io::{BufRead, BufReader, Write};

use crate::http::deliveries::{ASSOCIATION, post_with, signed, signed_server};
use crate::support::compression::gzip;
use crate::support::database::fresh;
use crate::support::server::{Error, Server, relata};

/// Files that tools on Windows save begin with a byte order mark. The first event of such a
/// file was lost: "expected value at line 1 column 1".
#[test]
fn a_byte_order_mark_is_ignored() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let marked = |body: &[u8]| [b"\xef\xbb\xbf", body].concat();
    let compact = serde_json::from_slice::<serde_json::Value>(ASSOCIATION)?.to_string();
    // Two such files joined: the second mark stands in the middle.
    let lines = [marked(compact.as_bytes()), b"\n".to_vec()].concat();
    let lines = [lines.clone(), lines, marked(b"\n")].concat();
    let file = directory.path().join("events.ndjson");
    for content in [lines.clone(), gzip(&lines)] {
        std::fs::write(&file, content)?;
        let output = relata().args(["ingest", "--db"]).arg(&db).arg(&file).output()?;
        assert!(output.status.success(), "{output:?}");
    }
    let server = signed_server(&db, &[])?;
    // Signed is what was sent, with the mark.
    let body = marked(ASSOCIATION);
    let headers = signed("webhook", "1", &body);
    assert_eq!(post_with(&server, "/webhooks", &headers, &body)?.status, 200);
    assert_eq!(post_with(&server, "/webhooks", &headers, ASSOCIATION)?.status, 401);
    assert_eq!(server.post("/v1/import", &lines)?.json()["refused"], 0);
    let examined = server.post("/v1/doctor", &marked(ASSOCIATION))?.json();
    assert_eq!(examined["reading"]["ok"], true, "{examined}");
    let here = "/v1/locations/eHy2cOSZxMQzQ6Yyvl8P";
    let question = marked(br#"{"of":["contact"]}"#);
    assert_eq!(server.post(&format!("{here}/links"), &question)?.status, 200);
    // A kept body is JSON for everybody who reads it.
    let events = server.get(&format!("{here}/events"))?;
    assert!(!events.text().contains('\u{feff}'));
    // A dead letter is kept as it came, and read the same way when it is tried again.
    let bad = marked(br#"{"type":"RelationCreate"}"#);
    let headers = signed("webhook", "2", &bad);
    assert_eq!(post_with(&server, "/webhooks", &headers, &bad)?.json()["field"], "id");
    let letter = server.get("/v1/dead-letters/1")?.json();
    assert!(letter["body"].as_str().is_some_and(|body| body.starts_with('\u{feff}')), "{letter}");
    assert_eq!(server.post("/v1/dead-letters/1/replay", b"")?.json()["field"], "id");
    // The mark of another encoding is named.
    let wide: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let headers = signed("webhook", "3", &wide);
    let refused = post_with(&server, "/webhooks", &headers, &wide)?.json();
    assert!(refused["detail"].as_str().is_some_and(|it| it.contains("UTF-16")), "{refused}");
    Ok(())
}

/// A list was read by the order in which the source declares its fields, so that what it
/// meant would have changed with a release, and answers named the source's own types.
#[test]
fn a_list_is_not_read_as_an_object() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let here = "/v1/locations/eHy2cOSZxMQzQ6Yyvl8P";
    server.post("/webhooks", ASSOCIATION)?;
    let condition = r#"["contact","Employer",[]]"#;
    let questions = [
        ("links", r#"[["contact"],[],[],null,null,null,null]"#.to_owned(), "body"),
        ("links", "[]".to_owned(), "body"),
        ("links", r#"{"of":["contact"],"side":{"first":null}}"#.to_owned(), "side"),
        ("match", format!("[null,[{condition}],[],[],null,null,null]"), "body"),
        ("match", format!(r#"{{"all":[{condition}]}}"#), "all[0]"),
        ("match", format!(r#"{{"any":[{condition}]}}"#), "any[0]"),
        ("match", format!(r#"{{"object":"contact","none":[{condition}]}}"#), "none[0]"),
        ("walk", r#"[["contact"],[{}]]"#.to_owned(), "body"),
        ("walk", r#"{"from":["contact"],"steps":[[[],[],null,null]]}"#.to_owned(), "steps[0]"),
        ("walk", r#"{"from":["contact"],"steps":[[]]}"#.to_owned(), "steps[0]"),
        ("walk", r#"{"from":["contact"],"steps":[7]}"#.to_owned(), "steps[0]"),
        ("walk", "7".to_owned(), "body"),
    ];
    for (route, body, field) in questions {
        let answer = server.post(&format!("{here}/{route}"), body.as_bytes())?;
        assert_eq!((answer.status, &answer.json()["field"]), (400, &field.into()), "{body}");
        assert!(!answer.text().contains("struct"), "{}", answer.text());
    }
    // Of a delivery none of it counts, not even for the list of dead letters.
    let list = br#"["RelationCreate","eHy2cOSZxMQzQ6Yyvl8P",null]"#;
    for path in ["/webhooks", "/webhooks/RelationCreate"] {
        assert_eq!(server.post(path, list)?.json()["code"], "invalid_event");
    }
    let letters = server.get("/v1/dead-letters")?.json();
    assert_eq!(letters["deadLetters"][0]["locationId"], serde_json::Value::Null, "{letters}");
    assert_eq!(server.post("/v1/import", list)?.json()["refused"], 1);
    assert_eq!(server.post("/v1/doctor", list)?.json()["reading"]["ok"], false);
    Ok(())
}

/// What senders say of a body beside the body itself.
#[test]
fn unusual_content_types_that_mean_json_are_accepted() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    for (kind, status) in [
        ("application/json", 200),
        ("Application/JSON; Charset=\"UTF-8\"", 200),
        (" application/json ;charset=utf-8;v=1", 200),
        ("application/cloudevents+json", 200),
        ("TEXT/JSON", 200),
        ("text/plain", 415),
        ("application/json, text/plain", 415),
        ("json", 415),
        ("", 415),
    ] {
        let answer = server.request("POST", "/webhooks", &[("content-type", kind)], ASSOCIATION)?;
        assert_eq!(answer.status, status, "{kind:?}: {}", answer.text());
    }
    // No body, and none at all of a packed one.
    for (encoding, code) in [
        ("identity", "malformed_json"),
        ("gzip", "malformed_encoding"),
        ("deflate", "malformed_encoding"),
    ] {
        let answer = server.request("POST", "/webhooks", &[("content-encoding", encoding)], b"")?;
        assert_eq!((answer.status, &answer.json()["code"]), (400, &code.into()));
    }
    // Asked for leave first: refused before the body, or let go on.
    for (head, status) in [
        ("content-type: text/plain", "415"),
        ("content-encoding: br", "415"),
        ("content-type: application/json", "100"),
    ] {
        let mut stream = server.connect()?;
        let length = ASSOCIATION.len();
        write!(
            stream,
            "POST /webhooks HTTP/1.1\r\nhost: localhost\r\n{head}\r\nexpect: 100-continue\r\n\
             content-length: {length}\r\n\r\n"
        )?;
        let mut line = String::new();
        let mut reader = BufReader::new(stream);
        reader.read_line(&mut line)?;
        assert_eq!(line.split(' ').nth(1), Some(status), "{head}");
    }
    Ok(())
}
