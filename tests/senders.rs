//! What real senders and the proxies before them do, and how it is answered.

#![cfg(feature = "server")]

mod server;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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
    stream.write_all(format!("{head}\r\nhost: relata\r\n{framing}\r\n\r\n").as_bytes())?;
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
        let head = format!("{import}\r\nhost: relata\r\nexpect: 100-continue");
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
        let head = "POST /webhooks HTTP/1.1\r\nhost: relata\r\ncontent-type: text/plain";
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
