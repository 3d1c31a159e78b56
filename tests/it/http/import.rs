//! `POST /v1/import`, by the real binary.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use relata::Store;
use serde_json::{Value, json};

use crate::support::compression::gzip;
use crate::support::database::fresh;
use crate::support::server::run;
use crate::support::server::{Answer, Error, Server, relata};

fn relation(location: &str, number: usize) -> String {
    format!(
        r#"{{"id":"r{number}","associationId":"a","locationId":"{location}","firstObjectKey":"contact","firstRecordId":"c{number}","secondObjectKey":"home","secondRecordId":"h1"}}"#
    )
}

fn relations(count: usize) -> String {
    (0..count).map(|number| relation("L", number) + "\n").collect()
}

fn counts(answer: &Answer) -> [u64; 7] {
    let answer = answer.json();
    ["lines", "applied", "unchanged", "stale", "duplicate", "ignored", "refused"]
        .map(|name| answer[name].as_u64().unwrap())
}

fn import(server: &Server, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, Error> {
    server.request("POST", "/v1/import", headers, body)
}

#[test]
fn each_line_is_answered_and_a_repeat_is_known() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let server = Server::start(&directory.path().join("relata.db"))?;
    let body = [
        &relation("L", 1),
        r#"{"type":"ContactDelete","locationId":"L"}"#,
        "",
        &relation("L", 2),
        "{",
        r#"{"type":"InvoicePaid"}"#,
        &relation("L", 2),
    ]
    .join("\n");
    let ndjson = [("content-type", "application/x-ndjson; charset=utf-8")];
    let answer = import(&server, &ndjson, body.as_bytes())?;
    assert_eq!(answer.status, 200);
    let told = answer.json();
    assert_eq!(counts(&answer), [6, 2, 1, 0, 0, 1, 2]);
    let results = told["results"].as_array().unwrap();
    assert_eq!(results[0], json!({"line": 1, "status": "applied", "seq": 1}));
    let refused = json!({"line": 2, "status": "refused", "code": "invalid_event", "field": "id",
        "detail": "`id` is missing"});
    assert_eq!(results[1], refused);
    assert_eq!(results[2], json!({"line": 4, "status": "applied", "seq": 2}));
    assert_eq!((&results[3]["line"], &results[3]["code"]), (&json!(5), &json!("malformed_json")));
    assert_eq!(results[4], json!({"line": 6, "status": "ignored"}));
    assert_eq!(results[5], json!({"line": 7, "status": "unchanged", "seq": 3}));
    assert_eq!(told["complete"], true);
    assert_eq!(server.get("/readyz")?.json()["seq"], 3, "a read that follows sees all of it");
    assert_eq!(server.get("/v1/dead-letters")?.json()["total"], 0);

    // The same again, packed, and only what was refused.
    let packed = gzip(body.as_bytes());
    for headers in
        [&[("content-encoding", "gzip")][..], &[("content-type", "application/gzip")], &[]]
    {
        let again = server.request("POST", "/v1/import?results=refused", headers, &packed)?;
        assert_eq!(counts(&again), [6, 0, 0, 0, 3, 1, 2]);
        let lines: Vec<u64> = again.json()["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["line"].as_u64().unwrap())
            .collect();
        assert_eq!(lines, [2, 5]);
    }
    assert_eq!(server.get("/readyz")?.json()["seq"], 3);
    Ok(())
}

#[test]
fn a_body_that_is_empty_or_unreadable_is_answered_as_a_whole() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let server = Server::start(&directory.path().join("relata.db"))?;
    let packed = gzip(relation("L", 1).as_bytes());
    let empty = import(&server, &[], b"")?;
    assert_eq!((empty.status, counts(&empty)), (200, [0; 7]));
    for (headers, body, status, code) in [
        (&[("content-type", "text/csv")][..], &b"{}"[..], 415, "unsupported_media_type"),
        (&[("content-encoding", "br")], b"{}", 415, "unsupported_media_type"),
        (&[], &packed[..packed.len() - 9], 400, "malformed_encoding"),
        (&[], b"\x1f\x8bno", 400, "malformed_encoding"),
    ] {
        let refused = import(&server, headers, body)?;
        assert_eq!((refused.status, &refused.json()["code"]), (status, &json!(code)));
    }
    let refused = server.request("POST", "/v1/import?results=none", &[], b"")?;
    assert_eq!((refused.status, &refused.json()["field"]), (400, &json!("results")));
    Ok(())
}

#[test]
fn a_token_imports_lines_of_its_locations_only() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let token = |scope: &[&str]| -> Result<String, Error> {
        Ok(format!("Bearer {}", run(&db, &[&["token", "new"], scope].concat())?))
    };
    let ours = token(&["--scope", "write", "--location", "L"])?;
    let reader = token(&["--scope", "read"])?;
    let all = token(&["--scope", "write"])?;
    let server = Server::start_with(&db, &["--api-auth", "required"])?;
    let body =
        [&relation("L", 1), &relation("M", 2), r#"{"type":"InvoicePaid"}"#, &relation("L", 3)]
            .join("\n");
    let post = |token: &str| import(&server, &[("authorization", token)], body.as_bytes());
    assert_eq!(import(&server, &[], body.as_bytes())?.status, 401);
    assert_eq!(post(&reader)?.status, 403);
    let answer = post(&ours)?;
    assert_eq!(counts(&answer), [4, 2, 0, 0, 0, 0, 2]);
    let refused = &answer.json()["results"][1];
    let expected = json!({"line": 2, "status": "refused", "code": "forbidden",
        "field": "locationId", "detail": "lines of this location are not admitted"});
    assert_eq!(refused, &expected);
    assert_eq!(server.request("GET", "/v1/locations", &[("authorization", &all)], b"")?.json()["locations"].as_array().unwrap().len(), 1);
    // What was forbidden to one is no repeat when another brings it.
    assert_eq!(counts(&post(&all)?), [4, 1, 2, 0, 0, 1, 0]);
    Ok(())
}

/// Sends the beginning of a request with a body of chunks.
fn begin(server: &Server) -> Result<std::net::TcpStream, Error> {
    let mut stream = server.connect()?;
    stream.write_all(
        b"POST /v1/import HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    Ok(stream)
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn seq(server: &Server) -> Result<u64, Error> {
    Ok(server.get("/readyz")?.json()["seq"].as_u64().unwrap())
}

fn wait_for_seq(server: &Server, at_least: u64) -> Result<(), Error> {
    let since = Instant::now();
    while seq(server)? < at_least {
        assert!(since.elapsed() < Duration::from_secs(20), "{}", seq(server)?);
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

#[test]
fn an_import_resumes_after_its_sender_stalls_or_leaves() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--body-timeout-ms", "500"])?;
    let body = relations(10_000);
    let (first, rest) = body.as_bytes().split_at(900_000);

    // Stands still: cut off.
    let mut stream = begin(&server)?;
    stream.write_all(&chunk(first))?;
    let cut = Answer::read(&mut stream)?;
    assert_eq!((cut.status, &cut.json()["code"]), (408, &json!("request_timeout")));
    wait_for_seq(&server, 4_096)?;

    // Leaves.
    let mut stream = begin(&server)?;
    stream.write_all(&chunk(first))?;
    drop(stream);

    // Slow, but it goes on: half a second is the most that it waits at once.
    let mut stream = begin(&server)?;
    for part in body.as_bytes()[..400_000].chunks(40_000) {
        stream.write_all(&chunk(part))?;
        std::thread::sleep(Duration::from_millis(100));
    }
    stream.write_all(&chunk(&body.as_bytes()[400_000..900_000]))?;
    stream.write_all(&chunk(rest))?;
    stream.write_all(b"0\r\n\r\n")?;
    let answer = Answer::read(&mut stream)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let [lines, applied, .., duplicate, _, _] = counts(&answer);
    assert_eq!((lines, applied + duplicate, seq(&server)?), (10_000, 10_000, 10_000));
    assert!(duplicate >= 4_096, "{duplicate}");
    Ok(())
}

#[test]
fn imports_over_the_limit_are_refused() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let server = Server::start(&directory.path().join("relata.db"))?;
    let first = begin(&server)?;
    let second = begin(&server)?;
    std::thread::sleep(Duration::from_millis(200));
    let refused = import(&server, &[], b"")?;
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("overloaded")));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(server.post("/webhooks", relation("L", 1).as_bytes())?.status, 200);
    drop((first, second));
    let since = Instant::now();
    while import(&server, &[], b"")?.status != 200 {
        assert!(since.elapsed() < Duration::from_secs(5), "a sender that left holds a place");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

#[test]
fn a_body_too_large_is_refused_before_and_after_unpacking() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let server = Server::start(&directory.path().join("relata.db"))?;
    let mut stream = server.connect()?;
    stream.write_all(
        b"POST /v1/import HTTP/1.1\r\nhost: localhost\r\ncontent-length: 67108865\r\n\r\n",
    )?;
    let told = Answer::read(&mut stream)?;
    assert_eq!((told.status, &told.json()["code"]), (413, &json!("body_too_large")));

    // Without a length: no more than the limit is read.
    let mut stream = begin(&server)?;
    let part = chunk(&vec![b' '; 1 << 20]);
    let refused = (0..66).all(|_| stream.write_all(&part).is_ok());
    let answer = Answer::read(&mut stream).ok();
    assert!(!refused || answer.is_some_and(|answer| answer.status == 413));

    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let line = relation("L", 1) + "\n";
    packed.write_all(line.as_bytes())?;
    (0..257).try_for_each(|_| packed.write_all(&vec![b'x'; 1 << 20]))?;
    let bomb = import(&server, &[], &packed.finish()?)?;
    assert_eq!((bomb.status, &bomb.json()["code"]), (413, &json!("body_too_large")));
    assert!(bomb.json()["detail"].as_str().unwrap().contains("268435456"));
    Ok(())
}

#[test]
fn an_import_that_cannot_be_written_says_so_and_resumes() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let body = relations(20_000);
    {
        let server = Server::start(&db)?;
        // The file may not grow past this: SQLite sees a full disk.
        let limit = format!("--fsize={}", 2 << 20);
        let pid = server.child.id().to_string();
        let limited =
            std::process::Command::new("prlimit").args(["--pid", &pid, &limit]).status()?;
        assert!(limited.success());
        let failed = import(&server, &[], body.as_bytes())?;
        assert_eq!((failed.status, &failed.json()["code"]), (503, &json!("unavailable")));
        assert!(failed.header("retry-after").is_some());
    }
    let server = Server::start(&db)?;
    let had = seq(&server)?;
    let answer = import(&server, &[], body.as_bytes())?;
    assert_eq!(counts(&answer), [20_000, 20_000 - had, 0, 0, had, 0, 0]);
    drop(server);
    assert_eq!(Store::open_read_only(&db)?.head(), 20_000);
    let proof = relata().arg("--db").arg(&db).args(["verify", "--json"]).output()?;
    assert_eq!(serde_json::from_slice::<Value>(&proof.stdout)?["ok"], true);
    Ok(())
}

#[test]
fn only_changes_are_stored_when_asked_for() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let post = |path: &str, body: &str| server.request("POST", path, &[], body.as_bytes());
    let changes = "/v1/import?onlyChanges=true";
    let first = post(changes, &relations(3))?;
    assert_eq!(counts(&first), [3, 3, 0, 0, 0, 0, 0]);
    let again = post(changes, &relations(4))?;
    assert_eq!(counts(&again), [4, 1, 3, 0, 0, 0, 0]);
    let results = again.json()["results"].clone();
    assert_eq!(results[0], json!({"line": 1, "status": "unchanged"}));
    assert_eq!(results[3], json!({"line": 4, "status": "applied", "seq": 4}));
    // What was left out does not count as imported.
    assert_eq!(counts(&post("/v1/import?onlyChanges=false", &relations(4))?)[2], 4);
    for bad in ["onlyChanges=1", "onlyChanges=", "onlyChanges=true&onlyChanges=true"] {
        let answer = post(&format!("/v1/import?{bad}"), &relations(1))?;
        assert_eq!((answer.status, &answer.json()["field"]), (400, &json!("onlyChanges")), "{bad}");
    }
    Ok(())
}

#[test]
fn lines_about_what_has_changed_are_left_out_when_asked_for() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let post = |query: &str, headers: &[(&str, &str)], body: &str| {
        server.request("POST", &format!("/v1/import?{query}"), headers, body.as_bytes())
    };
    assert_eq!(counts(&post("unchangedSince=0", &[], &relations(3))?), [3, 3, 0, 0, 0, 0, 0]);
    let again = post("unchangedSince=2", &[], &relations(4))?;
    assert_eq!(again.json()["results"][2], json!({"line": 3, "status": "stale"}));
    assert_eq!(again.json()["results"][3], json!({"line": 4, "status": "applied", "seq": 6}));
    // A seq means something in its epoch alone.
    let epoch = server.get("/v1/locations")?.header("relata-epoch").ok_or("no epoch")?.to_owned();
    let of = |epoch: &str| post("unchangedSince=6", &[("relata-epoch", epoch)], &relations(5));
    assert_eq!(of(&epoch)?.status, 200);
    let other = of("00000000")?;
    assert_eq!((other.status, &other.json()["code"]), (410, &json!("restored")));
    for bad in ["", "-1", "x", "1.0", "99999999999999999999", "1&unchangedSince=1"] {
        let answer = post(&format!("unchangedSince={bad}"), &[], &relations(1))?;
        let field = &answer.json()["field"];
        assert_eq!((answer.status, field), (400, &json!("unchangedSince")), "{bad}");
    }
    Ok(())
}
