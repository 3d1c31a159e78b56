//! Refusals before a body is read.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::database::fresh;
use crate::support::server::run;
use crate::support::server::{Answer, Error, Server};

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
    let token = |scope: &str| run(&db, &["token", "new", "--scope", scope]);
    let (read, write) = (token("read")?, token("write")?);
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
