//! Random that no client means, in every parameter that takes one.

use std::path::Path;

use crate::support::server;
use crate::support::server::{Error, Server};

/// What is shown for a location of two events.
const BODIES: [&str; 2] = [
    r#"{"type":"RelationCreate","id":"r1","associationId":"A","locationId":"L","firstObjectKey":"contact","firstRecordId":"c","secondObjectKey":"house","secondRecordId":"h"}"#,
    r#"{"type":"RelationCreate","id":"r2","associationId":"A","locationId":"L","firstObjectKey":"contact","firstRecordId":"d","secondObjectKey":"house","secondRecordId":"h"}"#,
];

/// As they stand in a query: `+` is a blank there.
const TEXTS: [&str; 28] = [
    "0",
    "1",
    "2",
    "3",
    "007",
    "9223372036854775806",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551614",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999",
    "",
    "-0",
    "-1",
    "-9223372036854775808",
    "%2B1",
    "+1",
    "1+",
    "%091",
    "1%00",
    "1.0",
    "1e3",
    "0x1",
    "1_000",
    "%D9%A3",
    "2-zzzzzzzz",
    "NaN",
];

/// The number that such a text is, if it is one.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The last event.
const HEAD: u64 = 2;

/// Which numbers a parameter takes; any other text is refused.
#[derive(Clone, Copy)]
enum Takes {
    /// Any number; behind the end there is nothing.
    Any,
    /// An event that was there.
    Past,
    /// The same, about a node that is there from the first event on.
    PastOfNode,
    /// An event that comes some time.
    Seq,
    None,
}

fn started(db: &Path) -> Result<Server, Error> {
    let server = Server::start_with(db, &["--min-seq-timeout-ms", "1"])?;
    for body in BODIES {
        assert_eq!(server.post("/webhooks", body.as_bytes())?.status, 200);
    }
    Ok(server)
}

/// Every parameter that takes a number, and which ones it takes.
fn routes() -> [(String, &'static str, Takes); 24] {
    let at = "/v1/locations/L";
    let links = "objects/contact/records/c/links";
    [
        (format!("{at}/history?of=contact/c&cursor="), "cursor", Takes::Any),
        (format!("{at}/history?relation=r1&cursor="), "cursor", Takes::Any),
        (format!("{at}/events?cursor="), "cursor", Takes::Any),
        (format!("{at}/events?after="), "after", Takes::Any),
        (format!("{at}/changes?after="), "after", Takes::Past),
        ("/v1/dead-letters?cursor=".to_owned(), "cursor", Takes::Any),
        (format!("{at}/{links}?asOf="), "asOf", Takes::PastOfNode),
        (format!("{at}/labels?of=contact/c&asOf="), "asOf", Takes::PastOfNode),
        (format!("{at}/summary?asOf="), "asOf", Takes::Past),
        (format!("{at}/neighborhood?of=contact/c&asOf="), "asOf", Takes::PastOfNode),
        (format!("{at}/path?from=contact/c&to=house/h&asOf="), "asOf", Takes::PastOfNode),
        (format!("{at}/export?format=jgf&asOf="), "asOf", Takes::Past),
        (format!("{at}/export?format=gexf&dynamic=true&asOf="), "asOf", Takes::Past),
        (format!("{at}/export?format=ndjson&asOf="), "asOf", Takes::Past),
        (format!("{at}/diff?from="), "from", Takes::Past),
        (format!("{at}/diff?from=1&to="), "to", Takes::Past),
        (format!("{at}/summary?minSeq="), "minSeq", Takes::Seq),
        (format!("{at}/history?of=contact/c&minSeq="), "minSeq", Takes::Seq),
        (format!("{at}/export?format=jgf&minSeq="), "minSeq", Takes::Seq),
        (format!("{at}/{links}?cursor="), "cursor", Takes::None),
        (format!("{at}/objects?cursor="), "cursor", Takes::None),
        (format!("{at}/diff?from=1&cursor="), "cursor", Takes::None),
        (format!("{at}/history?of=contact/c&order=newest&cursor="), "cursor", Takes::None),
        ("/v1/locations?cursor=".to_owned(), "cursor", Takes::None),
    ]
}

/// A cursor beyond what a journal can hold showed a history from its start, and ended a
/// debug build: whatever a number is, it is answered, and what it means is said.
#[test]
fn every_number_in_a_parameter_gets_a_clear_answer() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let server = started(&directory.path().join("relata.db"))?;
    for (path, field, takes) in &routes() {
        for text in TEXTS {
            let expected = match (takes, number(text)) {
                (Takes::Any, Some(_)) => 200,
                (Takes::PastOfNode, Some(0)) => 404,
                (Takes::Past | Takes::PastOfNode | Takes::Seq, Some(seq)) if seq <= HEAD => 200,
                (Takes::Seq, Some(seq)) if i64::try_from(seq).is_ok() => 503,
                _ => 400,
            };
            // A feed goes on: its head says enough.
            let answer = if path.contains("/changes?") && expected == 200 {
                let mut stream = server.connect()?;
                let head = format!("GET {path}{text} HTTP/1.1\r\nhost: localhost\r\n\r\n");
                std::io::Write::write_all(&mut stream, head.as_bytes())?;
                server::Answer::read_head(&mut stream)?
            } else {
                server.get(&format!("{path}{text}"))?
            };
            let shown = format!("{path}{text}: {}", answer.text());
            assert_eq!(answer.status, expected, "{shown}");
            if expected == 400 {
                let told = answer.json();
                assert_eq!(told["code"], "invalid_parameter", "{shown}");
                assert_eq!(told["field"], *field, "{shown}");
            }
            let is_behind = number(text).is_some_and(|after| after >= HEAD);
            if path.contains("/events?") && expected == 200 {
                let told = answer.json();
                let left = told["events"].as_array().map_or(0, Vec::len);
                assert_eq!(left == 0, is_behind, "{shown}");
            }
        }
    }
    assert_eq!(server.get("/readyz")?.status, 200);
    Ok(())
}

/// The same of the moment that a body names.
#[test]
fn every_moment_in_a_body_gets_a_clear_answer() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let server = started(&directory.path().join("relata.db"))?;
    for (path, body) in [
        ("match", r#"{"object":"house","all":[{"linkedTo":"contact/c"}],"asOf":N}"#),
        ("walk", r#"{"from":["contact/c"],"steps":[{}],"asOf":N}"#),
        ("links", r#"{"of":["contact/c"],"asOf":N}"#),
        ("between", r#"{"of":["contact/c","house/h"],"asOf":N}"#),
    ] {
        for (number, status) in [
            ("2", 200),
            ("\"2\"", 200),
            ("null", 200),
            ("3", 400),
            ("9223372036854775807", 400),
            ("-1", 400),
            ("9223372036854775808", 400),
            ("18446744073709551615", 400),
            ("18446744073709551616", 400),
            ("1e400", 400),
            ("1.5", 400),
            ("nul", 400),
            ("\" 1\"", 400),
            ("\"\"", 400),
            ("\"-1\"", 400),
        ] {
            let path = format!("/v1/locations/L/{path}");
            let answer = server.post(&path, body.replace('N', number).as_bytes())?;
            assert_eq!(answer.status, status, "{path} {number}: {}", answer.text());
        }
    }
    Ok(())
}
