//! What real senders and the proxies before them do, and how it is answered.

#![cfg(feature = "server")]

mod server;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use server::{Answer, Error, Server, relata};

fn fresh() -> Result<(tempfile::TempDir, PathBuf), Error> {
    let directory = tempfile::tempdir()?;
    let db = directory.path().join("relata.db");
    Ok((directory, db))
}

fn token(db: &Path, scope: &str) -> Result<String, Error> {
    let made = relata().args(["token", "new", "--scope", scope, "--db"]).arg(db).output()?;
    assert!(made.status.success(), "{made:?}");
    let text = String::from_utf8(made.stdout)?;
    Ok(text.split_whitespace().find(|word| word.starts_with("rlt_")).ok_or("no token")?.to_owned())
}

/// Sends a head and 3 MB, all of it before it looks for an answer, as most clients do.
fn send_all_then_read(server: &Server, head: &str, chunked: bool) -> Result<Answer, Error> {
    let mut stream = server.connect()?;
    let framing = if chunked { "transfer-encoding: chunked" } else { "content-length: 3000000" };
    stream.write_all(format!("{head}\r\nhost: localhost\r\n{framing}\r\n\r\n").as_bytes())?;
    let part = vec![b'x'; 30_000];
    for _ in 0..100 {
        if chunked {
            stream.write_all(format!("{:x}\r\n", part.len()).as_bytes())?;
        }
        stream.write_all(&part)?;
        if chunked {
            stream.write_all(b"\r\n")?;
        }
    }
    if chunked {
        stream.write_all(b"0\r\n\r\n")?;
    }
    Answer::read(&mut stream)
}

/// Senders whose body was refused before it was read saw a broken connection in
/// place of the status, took it for a failure of the network, and sent the same again
/// for days.
#[test]
fn a_sender_reads_the_refusal_of_a_body_that_was_not_read() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let (read, write) = (token(&db, "read")?, token(&db, "write")?);
    let server =
        Server::start_with(&db, &["--api-auth", "required", "--body-timeout-ms", "60000"])?;
    let json = "content-type: application/json";
    let import = "POST /v1/import HTTP/1.1\r\ncontent-type: application/x-ndjson";
    let cases = [
        (format!("POST /webhooks HTTP/1.1\r\n{json}"), 413),
        ("POST /webhooks HTTP/1.1\r\ncontent-type: text/plain".to_owned(), 415),
        (format!("POST /webhooks/{} HTTP/1.1\r\n{json}", "x".repeat(600)), 404),
        (format!("POST /nowhere HTTP/1.1\r\n{json}"), 404),
        (format!("PUT /webhooks HTTP/1.1\r\n{json}"), 405),
        (format!("POST /webhooks HTTP/1.0\r\n{json}"), 413),
        (format!("POST /webhooks HTTP/1.1\r\nhost: another\r\n{json}"), 400),
        (import.to_owned(), 401),
        (format!("{import}\r\nauthorization: Bearer {read}"), 403),
        (format!("{import}\r\nauthorization: Bearer {write}\r\ncontent-encoding: x"), 415),
    ];
    for (head, status) in cases {
        for chunked in [false, true] {
            if chunked && head.contains("HTTP/1.0") {
                continue;
            }
            for attempt in 0..3 {
                let answer = send_all_then_read(&server, &head, chunked)
                    .map_err(|error| format!("{head}, chunked {chunked}: {error}"))?;
                assert_eq!(answer.status, status, "{head}, chunked {chunked}, {attempt}");
                assert_eq!(answer.header("connection"), Some("close"), "{head}");
                assert!(answer.header("x-request-id").is_some(), "{head}");
            }
        }
    }
    // Nor is one that comes while there is no room for it.
    let import = format!("{import}\r\nauthorization: Bearer {write}");
    let mut running = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect()?;
        let head = format!("{import}\r\nhost: localhost\r\nexpect: 100-continue");
        stream.write_all(format!("{head}\r\ncontent-length: 10\r\n\r\n").as_bytes())?;
        let mut leave = [0; 25];
        stream.read_exact(&mut leave)?;
        assert!(leave.starts_with(b"HTTP/1.1 100 "));
        running.push(stream);
    }
    assert_eq!(send_all_then_read(&server, &import, false)?.status, 429);
    Ok(())
}

/// Reading on for those senders must not let anybody hold a connection for ever.
#[test]
fn a_sender_that_never_ends_is_cut_off_after_the_refusal() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--body-timeout-ms", "600"])?;
    let refused = |length: &str| -> Result<TcpStream, Error> {
        let mut stream = server.connect()?;
        let head = "POST /webhooks HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain";
        stream.write_all(format!("{head}\r\n{length}\r\n\r\n").as_bytes())?;
        assert_eq!(Answer::read(&mut stream)?.status, 415);
        Ok(stream)
    };
    // One that goes on and on is cut when a body's time is over.
    let mut stream = refused("content-length: 1000000000")?;
    let begun = Instant::now();
    while stream.write_all(&[0; 1000]).is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(10), "still read");
        std::thread::sleep(Duration::from_millis(20));
    }
    // One that was asked to wait for leave and got none sees the end at once.
    let mut stream = refused("expect: 100-continue\r\ncontent-length: 1000")?;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest)?;
    assert_eq!(rest, b"");
    Ok(())
}

const ASSOCIATION: &[u8] = include_bytes!("../data/events/association-create.json");

/// The address that somebody gave the CRM carried a query, as those of many set-up
/// pages and proxies do. Every delivery was refused, none was kept, and the sender could
/// do nothing about it.
#[test]
fn a_delivery_is_taken_whatever_query_its_address_carries() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let file = directory.path().join("log");
    let mut child = relata()
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "trace", "--db"])
        .arg(&db)
        .stdout(std::process::Stdio::piped())
        .stderr(std::fs::File::create(&file)?)
        .spawn()?;
    let mut ready = String::new();
    let output = child.stdout.take().ok_or("no output")?;
    BufReader::new(output).read_line(&mut ready)?;
    let (_, after) = ready.split_once("http://").ok_or("no address")?;
    let address = after.split(' ').next().ok_or("no address")?.parse()?;
    let server = Server { child, address, ready };
    let long = "x".repeat(60_000);
    let odd = ["source=crm", "secret=hush-hush", "a=1&a=2", "minSeq=9", "%", "%zz=%ff", "", &long];
    for query in odd {
        for path in ["/webhooks", "/webhooks/AssociationCreate"] {
            let address = format!("{path}?secret=hush-hush&{query}");
            let answer = server.post(&address, ASSOCIATION)?;
            assert_eq!(answer.status, 200, "{query:.20}: {}", answer.text());
            // One that cannot be used is kept, and a probe is answered.
            assert_eq!(server.post(&address, b"{")?.status, 400);
            assert_eq!(server.get(&address)?.json()["status"], "ok");
            assert_eq!(server.request("HEAD", &address, &[], b"")?.status, 200);
        }
    }
    assert_eq!(
        server.get("/v1/dead-letters")?.json()["total"],
        2,
        "one body, with and without type"
    );
    // What a query holds may be a secret: it is kept nowhere.
    let metrics = server.get("/metrics")?.text();
    server.signal("TERM")?;
    let mut server = server;
    server.wait(Duration::from_secs(20))?;
    let mut kept = vec![("metrics".to_owned(), metrics.into_bytes())];
    for file in std::fs::read_dir(directory.path())? {
        let path = file?.path();
        kept.push((path.display().to_string(), std::fs::read(path)?));
    }
    assert!(kept.len() > 2);
    for (name, bytes) in kept {
        let found = bytes.windows(9).any(|window| window == b"hush-hush");
        assert!(!found, "{name}");
    }
    Ok(())
}

/// Set-up pages try an address with HEAD or GET before they save it, and call one
/// that answers 405 a dead one.
#[test]
fn a_probe_of_the_address_is_told_that_it_is_alive() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let required = ["--webhook-auth", "required", "--api-auth", "required"];
    let server = Server::start_with(&db, &required)?;
    for path in ["/webhooks", "/webhooks/RelationCreate", "/webhooks/Unheard"] {
        let alive = server.get(path)?;
        assert_eq!((alive.status, alive.text().as_str()), (200, r#"{"status":"ok"}"#));
        assert_eq!(server.request("HEAD", path, &[], b"")?.status, 200);
        let other = server.request("DELETE", path, &[], b"")?;
        assert_eq!((other.status, other.header("allow")), (405, Some("POST, GET, HEAD")));
    }
    Ok(())
}

const SECRET: [u8; 24] = [7; 24];

/// The headers of a body that is signed by Standard Webhooks, under the names that
/// begin with `family`.
fn signed(family: &str, id: &str, body: &[u8]) -> Vec<(String, String)> {
    let time = (relata::Timestamp::now().as_millis() / 1_000).to_string();
    let content = [id.as_bytes(), b".", time.as_bytes(), b".", body].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), &content);
    vec![
        (format!("{family}-id"), id.to_owned()),
        (format!("{family}-timestamp"), time),
        (format!("{family}-signature"), format!("v1,{}", STANDARD.encode(tag))),
    ]
}

fn signed_server(db: &Path, more: &[&str]) -> Result<Server, Error> {
    let key = format!("whsec_{}", STANDARD.encode(SECRET));
    let required = ["--webhook-auth", "required", "--webhook-key", &key];
    Server::start_with(db, &[&required, more].concat())
}

fn post_with(
    server: &Server,
    path: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Answer, Error> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    server.request("POST", path, &headers, body)
}

fn gzip(body: &[u8]) -> Result<Vec<u8>, Error> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body)?;
    Ok(encoder.finish()?)
}

fn deflate(body: &[u8]) -> Result<Vec<u8>, Error> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body)?;
    Ok(encoder.finish()?)
}

/// A relay packed what it passed on. Its deliveries were refused as no JSON, and what
/// was kept of them nobody could read.
#[test]
fn a_packed_body_is_unpacked_wherever_a_body_is_taken() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let here = "/v1/locations/eHy2cOSZxMQzQ6Yyvl8P";
    let links = format!("{here}/links");
    let cases: [(&str, &[u8], &str); 4] = [
        ("/webhooks", ASSOCIATION, "\"event\":\"AssociationCreate\""),
        ("/v1/doctor", ASSOCIATION, "\"ok\":true"),
        ("/v1/import", ASSOCIATION, "\"lines\":1"),
        (&links, br#"{"of":["contact","custom_objects.property"]}"#, "Property"),
    ];
    let association: serde_json::Value = serde_json::from_slice(ASSOCIATION)?;
    let line = association.to_string();
    for (path, body, said) in cases {
        let body = if path == "/v1/import" { line.as_bytes() } else { body };
        let cut = &gzip(body)?[..20];
        for (encoding, packed, status) in [
            ("gzip", &*gzip(body)?, 200),
            ("X-GZIP", &gzip(body)?, 200),
            ("identity, gzip", &gzip(body)?, 200),
            ("deflate", &deflate(body)?, 200),
            ("identity", body, 200),
            ("gzip", cut, 400),
            ("deflate", &[&deflate(body)?[..], b"x"].concat(), 400),
            ("br", body, 415),
            ("gzip, gzip", &gzip(body)?, 415),
        ] {
            let headers = [("content-type", "application/json"), ("content-encoding", encoding)];
            let answer = server.request("POST", path, &headers, packed)?;
            // The doctor reports what a delivery would be answered with.
            let examined = path == "/v1/doctor" && status == 400;
            let expected = if examined { 200 } else { status };
            assert_eq!(answer.status, expected, "{path} {encoding}: {}", answer.text());
            match status {
                200 => assert!(answer.text().contains(said), "{path}: {}", answer.text()),
                400 => assert!(answer.text().contains("unpacked"), "{path}: {}", answer.text()),
                _ => assert_eq!(answer.header("accept-encoding"), Some("gzip, deflate")),
            }
        }
    }
    Ok(())
}

/// A few kilobytes that unpack to gigabytes cost no more than a body of the limit.
#[test]
fn a_packed_body_is_bounded_before_and_after_unpacking() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let packed = [("content-encoding", "gzip")];
    let bomb = gzip(&vec![b' '; 100 << 20])?;
    assert!(bomb.len() < 256 << 10);
    let padded = |length: usize| -> Result<Vec<u8>, Error> {
        let mut body = ASSOCIATION.to_vec();
        body.resize(length, b' ');
        gzip(&body)
    };
    for path in ["/webhooks", "/v1/doctor", "/v1/locations/nowhere/links"] {
        let answer = server.request("POST", path, &packed, &bomb)?;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (413, Some("body_too_large")),
            "{path}"
        );
    }
    assert_eq!(server.request("POST", "/webhooks", &packed, &padded(256 << 10)?)?.status, 200);
    assert_eq!(
        server.request("POST", "/webhooks", &packed, &padded((256 << 10) + 1)?)?.status,
        413
    );
    assert_eq!(server.get("/v1/dead-letters")?.json()["total"], 0);
    Ok(())
}

/// Some sign what they send, some what they had before they packed it. Either way the
/// content is what was signed; one that fits neither is refused.
#[test]
fn a_packed_body_may_be_signed_before_or_after_it_is_packed() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = signed_server(&db, &[])?;
    let bad = br#"{"type":"RelationCreate"}"#;
    let encoded = ("content-encoding".to_owned(), "gzip".to_owned());
    let post = |id: &str, signed_over: &[u8], sent: &[u8]| -> Result<Answer, Error> {
        let mut headers = signed("webhook", id, signed_over);
        headers.push(encoded.clone());
        post_with(&server, "/webhooks", &headers, sent)
    };
    let packed = gzip(ASSOCIATION)?;
    assert_eq!(post("1", &packed, &packed)?.status, 200);
    assert_eq!(post("2", ASSOCIATION, &packed)?.status, 200);
    assert_eq!(post("3", b"another", &packed)?.status, 401);
    assert_eq!(post("4", ASSOCIATION, &packed[..20])?.status, 401, "nothing shows who sent it");
    // The signed bytes of a plain body mean nothing as packed ones, nor the other way.
    assert_eq!(post("5", ASSOCIATION, ASSOCIATION)?.status, 400);
    let plain = signed("webhook", "6", &packed);
    assert_eq!(post_with(&server, "/webhooks", &plain, &packed)?.status, 400);
    // Kept is what can be read, and of what cannot be unpacked how it came.
    assert_eq!(post("7", bad, &gzip(bad)?)?.status, 422);
    assert_eq!(post("8", &packed[..20], &packed[..20])?.status, 400);
    let list = server.get("/v1/dead-letters")?.json();
    let letters = list["deadLetters"].as_array().ok_or("no list")?;
    let mut bodies = Vec::new();
    for letter in letters {
        bodies.push(server.get(&format!("/v1/dead-letters/{}", letter["id"]))?.json());
    }
    assert_eq!(bodies.len(), 4, "{list}");
    assert_eq!(bodies[2]["body"].as_str().map(str::as_bytes), Some(&bad[..]));
    assert!(bodies[2]["headers"]["content-encoding"].is_null());
    assert_eq!(bodies[3]["bodyBase64"].as_str(), Some(&*STANDARD.encode(&packed[..20])));
    assert_eq!(bodies[3]["headers"]["content-encoding"], "gzip");
    Ok(())
}

/// What `relata doctor` says of a packed body that was kept in a file.
#[test]
fn the_doctor_unpacks_what_its_headers_say_is_packed() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let file = directory.path().join("delivery");
    std::fs::write(&file, gzip(ASSOCIATION)?)?;
    let key = format!("whsec_{}", STANDARD.encode(SECRET));
    for signed_over in [&gzip(ASSOCIATION)?[..], ASSOCIATION] {
        let mut command = relata();
        command.args(["doctor", "--json", "--webhook-key", &key, "--db"]).arg(&db).arg(&file);
        command.args(["--header", "Content-Encoding: gzip"]);
        for (name, value) in signed("webhook", "1", signed_over) {
            command.args(["--header", &format!("{name}: {value}")]);
        }
        let output = command.output()?;
        let found: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(found["answer"], 200, "{found}");
    }
    Ok(())
}

/// Files that tools on Windows save begin with a byte order mark. The first event of such a
/// file was lost: "expected value at line 1 column 1".
#[test]
fn a_byte_order_mark_is_passed_over() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let marked = |body: &[u8]| [b"\xef\xbb\xbf", body].concat();
    let compact = serde_json::from_slice::<serde_json::Value>(ASSOCIATION)?.to_string();
    // Two such files joined: the second mark stands in the middle.
    let lines = [marked(compact.as_bytes()), b"\n".to_vec()].concat();
    let lines = [lines.clone(), lines, marked(b"\n")].concat();
    let file = directory.path().join("events.ndjson");
    for content in [lines.clone(), gzip(&lines)?] {
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

/// Where the sender signs under the first names of Standard Webhooks, its id tells
/// repeats apart as the other does.
#[test]
fn a_delivery_signed_by_svix_is_taken_once() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = signed_server(&db, &[])?;
    let headers = signed("svix", "msg_1", ASSOCIATION);
    for status in ["applied", "duplicate"] {
        let answer = post_with(&server, "/webhooks", &headers, ASSOCIATION)?;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &status.into()));
    }
    let examined = post_with(&server, "/v1/doctor", &headers, ASSOCIATION)?.json();
    assert_eq!(examined["signature"]["header"], "svix-signature", "{examined}");
    let unsigned = server.post("/webhooks", ASSOCIATION)?;
    assert_eq!(unsigned.status, 401);
    assert!(unsigned.text().contains("`svix-signature`"), "{}", unsigned.text());
    Ok(())
}

/// The URL of a delivery is not signed. HighLevel signs for all apps with one key, so that
/// whoever else receives a location's webhooks holds bodies that anybody takes for signed:
/// posted again to the address for deletes, a create took the link away.
#[test]
fn a_captured_create_does_not_become_a_delete_by_its_url() -> Result<(), Error> {
    let relation = br#"{"id":"R","associationId":"A","locationId":"L","firstObjectKey":"contact","firstRecordId":"1","secondObjectKey":"house","secondRecordId":"2"}"#;
    let (directory, db) = fresh()?;
    let file = directory.path().join("captured");
    std::fs::write(&file, relation)?;
    let headers = signed("webhook", "1", relation);
    let asked = |trust: &[&str], url: &str| -> Result<serde_json::Value, Error> {
        let key = format!("whsec_{}", STANDARD.encode(SECRET));
        let mut command = relata();
        command.args(["doctor", "--json", "--webhook-key", &key, "--type", url]).args(trust);
        command.arg("--db").arg(&db).arg(&file);
        for (name, value) in &headers {
            command.args(["--header", &format!("{name}: {value}")]);
        }
        Ok(serde_json::from_slice::<serde_json::Value>(&command.output()?.stdout)?["answer"]
            .clone())
    };
    let server = signed_server(&db, &[])?;
    let create = post_with(&server, "/webhooks/RelationCreate", &headers, relation)?;
    assert_eq!(create.status, 200, "it is what its members say: {}", create.text());
    let (delete, doctor) = ("/webhooks/RelationDelete", "/v1/doctor?type=RelationDelete");
    let refused = post_with(&server, delete, &headers, relation)?;
    assert_eq!((refused.status, &refused.json()["field"]), (422, &"type".into()));
    assert!(refused.text().contains("--trust-url-types"), "{}", refused.text());
    assert_eq!(post_with(&server, doctor, &headers, relation)?.json()["answer"], 422);
    assert_eq!(asked(&[], "RelationDelete")?, 422);
    assert_eq!(asked(&[], "RelationCreate")?, 200);
    assert_eq!(asked(&["--trust-url-types"], "RelationDelete")?, 200);
    // Nor by way of the dead letter that it became.
    assert_eq!(server.post("/v1/dead-letters/1/replay", b"")?.status, 422);
    assert_eq!(server.post("/v1/dead-letters/replay", b"")?.json()["refused"], 1);
    drop(server);
    let replay = |trust: &[&str]| {
        relata().args(["dead-letters", "replay", "--all", "--db"]).arg(&db).args(trust).output()
    };
    assert!(!replay(&[])?.status.success());
    let links = "/v1/locations/L/objects/contact/records/1/links";
    // An operator who knows the way the deliveries take may say so.
    let server = signed_server(&db, &["--trust-url-types"])?;
    assert_eq!(server.get(links)?.json()["total"], 1);
    let again = signed("webhook", "2", relation);
    assert_eq!(post_with(&server, doctor, &again, relation)?.json()["answer"], 200);
    let deleted = post_with(&server, delete, &again, relation)?;
    assert_eq!((deleted.status, &deleted.json()["status"]), (200, &"applied".into()));
    assert_eq!(server.get(links)?.json()["total"], 0);
    Ok(())
}

/// Where nothing is signed, the URL counts as before: it is as good as the body.
#[test]
fn without_signatures_the_type_of_the_url_counts() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let body = br#"{"id":"1","locationId":"L"}"#;
    assert_eq!(server.post("/webhooks/ContactDelete", body)?.json()["status"], "applied");
    Ok(())
}

/// What senders say of a body beside the body itself.
#[test]
fn heads_that_look_odd_but_say_json_are_taken() -> Result<(), Error> {
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
    for encoding in ["identity", "gzip", "deflate"] {
        let answer = server.request("POST", "/webhooks", &[("content-encoding", encoding)], b"")?;
        assert_eq!((answer.status, &answer.json()["code"]), (400, &"malformed_json".into()));
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
