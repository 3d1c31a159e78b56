//! Input that means harm: answered correctly or cut off, and nothing let in.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use relata::{Delivery, Store, Timestamp};

use crate::support::database::fresh;
use crate::support::long;
use crate::support::server::{Answer, Error, Server};

pub(super) const BODY: &str = r#"{"type":"RelationCreate","id":"r1","associationId":"A","locationId":"L","firstObjectKey":"contact","firstRecordId":"c","secondObjectKey":"p","secondRecordId":"p"}"#;

/// Sends bytes and answers with the first status that comes back; 0 if the
/// connection is closed without one.
pub(super) fn send(server: &Server, raw: &[u8]) -> Result<u16, Error> {
    let mut stream = server.connect()?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    // The server may have seen enough before the end.
    stream.write_all(raw).ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    let text = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.is_empty() || text.starts_with("HTTP/1."), "{text}");
    let has_id = text.to_ascii_lowercase().contains("\r\nx-request-id: ");
    assert!(answer.is_empty() || has_id, "every answer has an id: {text}");
    let refused = text.starts_with("HTTP/1.1 4");
    assert!(
        !refused || text.contains("application/problem+json"),
        "and says what is wrong: {text}"
    );
    Ok(text.split(' ').nth(1).map_or(Ok(0), str::parse)?)
}

/// The one number that says whether anything was let in.
pub(super) fn seq(server: &Server) -> Result<u64, Error> {
    Ok(server.get("/readyz")?.json()["seq"].as_u64().ok_or("not ready")?)
}

pub(super) fn post(head: &str, body: &str) -> Vec<u8> {
    format!("POST /webhooks HTTP/1.1\r\n{head}\r\n{body}").into_bytes()
}

pub(super) fn with_host(head: &str, body: &str) -> Vec<u8> {
    post(&format!("Host: localhost\r\nConnection: close\r\n{head}"), body)
}

pub(super) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").into_bytes()
}

/// Bodies that are no event, and the status of each.
fn bodies() -> Vec<(&'static str, Vec<u8>, u16)> {
    let with = |from: &str, to: &str| BODY.replace(from, to).into_bytes();
    let many = |text: &str, count: usize| text.repeat(count);
    vec![
        ("empty", vec![], 400),
        ("space", b" \n\t".to_vec(), 400),
        ("two byte order marks", [b"\xef\xbb\xbf\xef\xbb\xbf", BODY.as_bytes()].concat(), 400),
        ("UTF-16", BODY.encode_utf16().flat_map(u16::to_le_bytes).collect(), 400),
        ("not UTF-8", [BODY.as_bytes(), b"\xff"].concat(), 400),
        ("an overlong slash", b"{\"type\":\"\xc0\xaf\"}".to_vec(), 400),
        ("a surrogate in UTF-8", b"{\"type\":\"\xed\xa0\x80\"}".to_vec(), 400),
        ("a lone surrogate", with("r1", "\\ud800"), 400),
        ("two low surrogates", with("r1", "\\udc00\\udc00"), 400),
        ("a raw NUL", with("r1", "\0"), 400),
        ("a raw line end", with("r1", "\n"), 400),
        ("a bad escape", with("r1", "\\x41"), 400),
        ("a half escape", with("r1", "\\u12"), 400),
        ("65 levels of lists", format!("{}{}", many("[", 65), many("]", 65)).into(), 400),
        ("100,000 levels of lists", many("[", 100_000).into(), 400),
        ("100,000 levels of objects", many("{\"a\":", 50_000).into(), 400),
        (
            "depth inside an event",
            with("\"r1\"", &format!("\"r1\",\"x\":{}{}", many("[", 64), many("]", 64))),
            400,
        ),
        ("a trailing comma", with("\"}", "\",}"), 400),
        ("a second value", [BODY, "{}"].concat().into(), 400),
        ("a comment", [BODY, "// x"].concat().into(), 400),
        ("NaN", b"NaN".to_vec(), 400),
        ("a list", format!("[{BODY}]").into(), 422),
        ("a text", b"\"x\"".to_vec(), 422),
        ("null", b"null".to_vec(), 422),
        ("a number", b"1".to_vec(), 422),
        ("a member twice", with("\"id\":\"r1\"", "\"id\":\"r1\",\"id\":\"r2\""), 422),
        (
            "an escaped member twice",
            with("\"id\":\"r1\"", "\"id\":\"r1\",\"\\u0069d\":\"r2\""),
            422,
        ),
        ("no id", with("\"id\":\"r1\",", ""), 422),
        ("an id of 513 bytes", with("r1", &many("x", 513)), 422),
        ("a number as id", with("\"r1\"", "17"), 422),
        ("a number beyond all as id", with("\"r1\"", "1e999"), 400),
        ("a huge number as id", with("\"r1\"", &many("9", 5_000)), 400),
        ("an object as id", with("\"r1\"", "{}"), 422),
        ("a bad time", with("\"r1\"", "\"r1\",\"timestamp\":\"yesterday\""), 422),
        ("a far time", with("\"r1\"", "\"r1\",\"timestamp\":\"+300000-01-01T00:00:00Z\""), 422),
    ]
}

#[test]
fn bodies_that_are_no_event_are_refused_and_kept() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let bodies = bodies();
    long::tell("hostile inputs", bodies.len());
    let mut kept = 0;
    for (name, body, expected) in &bodies {
        let answer = server.post("/webhooks", body)?;
        assert_eq!(answer.status, *expected, "{name}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{name}");
        assert_eq!(seq(&server)?, 0, "{name}");
        kept += 1;
        assert_eq!(server.get("/v1/dead-letters")?.json()["total"], kept, "{name}");
    }
    for (name, body) in [
        ("a NUL that is escaped", BODY.replace("r1", "\\u0000")),
        (
            "numbers that nothing needs",
            BODY.replace("\"r1\"", &format!("\"r1\",\"x\":[1e999,-0,{}]", "9".repeat(5_000))),
        ),
        ("a name of signs", BODY.replace("\"r1\"", "\"'; DROP TABLE event; --\"")),
        (
            "64 levels",
            BODY.replace("\"r1\"", &format!("\"r1\",\"x\":{}{}", "[".repeat(63), "]".repeat(63))),
        ),
    ] {
        let answer = server.post("/webhooks", body.as_bytes())?;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
    let large = BODY.replace("\"r1\"", &format!("\"r2\",\"x\":\"{}\"", "x".repeat(256 << 10)));
    assert_eq!(server.post("/webhooks", large.as_bytes())?.status, 413);
    for kind in ["text/html", "application/x-www-form-urlencoded", "x", "\"", "application/json2"] {
        let answer =
            server.request("POST", "/webhooks", &[("content-type", kind)], BODY.as_bytes())?;
        assert_eq!(answer.status, 415, "{kind}");
    }
    assert_eq!(server.get("/v1/dead-letters")?.json()["total"], kept, "only 400 and 422 are kept");
    Ok(())
}

#[test]
fn paths_and_queries_that_abuse_are_refused() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    assert_eq!(server.post("/webhooks", BODY.as_bytes())?.status, 200);
    let links = "/v1/locations/L/objects/contact/records/c/links";
    assert_eq!(server.get(links)?.status, 200);
    let many = |count: usize| {
        let pairs: Vec<String> = (0..count).map(|number| format!("label={number}")).collect();
        format!("{links}?{}", pairs.join("&"))
    };
    let cases = [
        (many(100), 200),
        (many(129), 400),
        (format!("{links}?{}", "a&".repeat(10_000)), 400),
        (format!("{links}?{}", "&".repeat(10_000)), 200),
        (format!("{links}?label=%"), 400),
        (format!("{links}?label=%4"), 400),
        (format!("{links}?label=%zz"), 400),
        (format!("{links}?label=%ff"), 400),
        (format!("{links}?label=%c0%af"), 400),
        (format!("{links}?%ff=1"), 400),
        (format!("{links}?label=%00"), 200),
        (format!("{links}?limit=0"), 400),
        (format!("{links}?limit=1001"), 400),
        (format!("{links}?limit=-1"), 400),
        (format!("{links}?limit=1e3"), 400),
        (format!("{links}?limit=%31"), 200),
        (format!("{links}?limit=99999999999999999999"), 400),
        (format!("{links}?limit=1&limit=2"), 400),
        (format!("{links}?cursor=%00"), 400),
        (format!("{links}?cursor={}", "9".repeat(5_000)), 400),
        (format!("{links}?cursor=-1"), 400),
        ("/v1/locations?cursor=99999999999".to_owned(), 400),
        ("/v1/dead-letters?cursor=18446744073709551616".to_owned(), 400),
        ("/v1/dead-letters?cursor=18446744073709551615".to_owned(), 200),
        (format!("{links}?unknown=1"), 400),
        ("/v1/locations/%/summary".to_owned(), 404),
        ("/v1/locations/%ff/summary".to_owned(), 404),
        ("/v1/locations/%00/summary".to_owned(), 404),
        ("/v1/locations/%4c/summary".to_owned(), 200),
        ("/v1/locations/%2e%2e%2f%2e%2e/summary".to_owned(), 404),
        ("/v1/locations/../../etc/passwd".to_owned(), 404),
        ("/v1/locations//summary".to_owned(), 404),
        ("//v1/locations".to_owned(), 404),
        ("/v1/locations/".to_owned(), 404),
        (format!("/{}", "a/".repeat(20_000)), 404),
        (format!("/v1/locations/{}/summary", "x".repeat(60_000)), 404),
    ];
    long::tell("hostile inputs", cases.len());
    for (path, expected) in &cases {
        let shown = path.chars().take(80).collect::<String>();
        assert_eq!(server.get(path)?.status, *expected, "{shown}");
    }
    Ok(())
}

#[test]
fn slow_and_broken_connections_harm_nobody_else() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let limits = ["--header-timeout-ms", "500", "--body-timeout-ms", "500"];
    let server = Server::start_with(&db, &limits)?;
    let mut slow = Vec::new();
    long::tell("hostile inputs", 200 + BODY.len() / 5);
    for number in 0..200 {
        let mut stream = server.connect()?;
        match number % 4 {
            0 => stream.write_all(b"POST /webhooks HT")?,
            1 => stream.write_all(b"POST /webhooks HTTP/1.1\r\nHost: localhost\r\nX-")?,
            2 => stream.write_all(
                b"POST /webhooks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200\r\n\r\n{\"id\":",
            )?,
            _ => {}
        }
        slow.push((number, stream));
    }
    let start = Instant::now();
    assert_eq!(server.post("/webhooks", BODY.as_bytes())?.status, 200);
    assert!(start.elapsed() < Duration::from_secs(1), "a client that means well waits");
    // A byte now and then does not keep a connection alive.
    for _ in 0..12 {
        for (_, stream) in &mut slow {
            stream.write_all(b"a").ok();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    for (number, stream) in &mut slow {
        let mut answer = Vec::new();
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let closed = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer);
        let reset = closed.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset);
        assert!(reset || text.is_empty() || text.starts_with("HTTP/1.1 4"), "{number}: {text}");
        assert!(*number % 4 != 2 || reset || text.starts_with("HTTP/1.1 408"), "{number}: {text}");
    }
    for cut in (1..BODY.len()).step_by(5) {
        let mut stream = server.connect()?;
        let head = format!(
            "POST /webhooks HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
            BODY.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(BODY.get(..cut).unwrap().as_bytes())?;
        drop(stream);
    }
    assert_eq!(seq(&server)?, 1);
    assert_eq!(server.get("/v1/dead-letters")?.json()["total"], 0, "half a body is not kept");
    Ok(())
}

#[test]
fn stalled_clients_do_not_keep_others_from_exports() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let store = Store::open(&db)?;
    // More than the system and the server hold for a connection that is not read.
    for number in 0..1_600 {
        let body =
            BODY.replace("\"r1\"", &format!("\"r{number}\",\"x\":\"{}\"", "x".repeat(5_000)));
        let delivery = Delivery::read(body.as_bytes(), None, Timestamp::now())?;
        store.submit_waiting(delivery, |_| ())?;
    }
    store.close()?;
    // One location has half of the permits: the four that stand still hold them all.
    let limits = ["--export-stall-ms", "300", "--exports", "8", "--question-wait-ms", "60000"];
    let server = Server::start_with(&db, &limits)?;
    let export = "/v1/locations/L/export?format=ndjson";
    long::tell("hostile inputs", 4);
    let mut still = Vec::new();
    for _ in 0..4 {
        let mut stream = server.connect_narrow()?;
        stream.write_all(&get(export))?;
        still.push(stream);
    }
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    let whole = server.get(export)?;
    // Otherwise it would wait for a minute.
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    assert_eq!(whole.text().lines().count(), 1_600);
    for mut stream in still {
        let mut part = Vec::new();
        stream.read_to_end(&mut part).ok();
        assert!(part.len() < whole.body.len());
        assert!(!part.ends_with(b"\r\n0\r\n\r\n"), "a part is not taken for the whole");
    }
    Ok(())
}

#[test]
fn pipelined_requests_are_answered_in_order() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let mut stream = server.connect()?;
    let mut raw = Vec::new();
    for number in 0..50 {
        let body = BODY.replace("r1", &format!("r{number}"));
        raw.extend(format!(
            "POST /webhooks HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: n{number}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ).into_bytes());
        raw.extend(
            format!("GET /nowhere HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: g{number}\r\n\r\n")
                .into_bytes(),
        );
    }
    stream.write_all(&raw)?;
    let mut reader = std::io::BufReader::new(stream);
    for number in 0..50 {
        let posted = Answer::read_from(&mut reader)?;
        assert_eq!(
            (posted.status, posted.header("x-request-id")),
            (200, Some(&*format!("n{number}")))
        );
        let asked = Answer::read_from(&mut reader)?;
        assert_eq!(
            (asked.status, asked.header("x-request-id")),
            (404, Some(&*format!("g{number}")))
        );
    }
    assert_eq!(seq(&server)?, 50);
    Ok(())
}
