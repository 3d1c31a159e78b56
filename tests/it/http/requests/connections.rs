//! Bodies, connections and their limits.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::http::requests::data;
use crate::support::database::fresh;
use crate::support::server::{Answer, Error, Server};

#[test]
fn large_bodies_are_refused_before_they_are_read() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let fits = format!("{{\"type\":\"Other\",\"pad\":\"{}\"}}", "x".repeat((256 << 10) - 25));
    assert_eq!(fits.len(), 256 << 10);
    assert_eq!(server.post("/webhooks", fits.as_bytes())?.status, 200);
    assert_eq!(server.post("/webhooks", format!("{fits} ").as_bytes())?.status, 413);
    // A gigabyte that never comes.
    let mut stream = server.connect()?;
    stream.write_all(
        b"POST /webhooks HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1073741824\r\n\r\n",
    )?;
    let answer = Answer::read(&mut stream)?;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (413, Some("body_too_large")));
    // Chunked: no length is told, so the bytes are counted.
    let mut stream = server.connect()?;
    stream.write_all(
        b"POST /webhooks HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    let chunk = [b"10000\r\n".as_slice(), " ".repeat(0x10000).as_bytes(), b"\r\n"].concat();
    for _ in 0..5 {
        if stream.write_all(&chunk).is_err() {
            break; // It has answered and hung up.
        }
    }
    assert_eq!(Answer::read(&mut stream)?.status, 413);
    Ok(())
}

#[test]
fn chunked_bodies_are_accepted() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let body = data("events/association-create.json");
    let mut stream = server.connect()?;
    stream.write_all(
        b"POST /webhooks HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    for part in body.chunks(50) {
        write!(stream, "{:x}\r\n", part.len())?;
        stream.write_all(part)?;
        stream.write_all(b"\r\n")?;
    }
    stream.write_all(b"0\r\n\r\n")?;
    let answer = Answer::read(&mut stream)?;
    assert_eq!((answer.status, answer.json()["status"].as_str()), (200, Some("applied")));
    Ok(())
}

#[test]
fn slow_requests_are_cut_off() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server =
        Server::start_with(&db, &["--header-timeout-ms", "400", "--body-timeout-ms", "400"])?;
    let start = Instant::now();
    let mut head = server.connect()?;
    head.write_all(b"POST /webhooks HTTP/1.1\r\nhost:")?;
    let mut idle = server.connect()?;
    let mut body = server.connect()?;
    body.write_all(
        b"POST /webhooks HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{\"type\"",
    )?;
    assert_eq!(Answer::read(&mut body)?.status, 408);
    let mut rest = Vec::new();
    head.read_to_end(&mut rest).ok();
    idle.read_to_end(&mut rest).ok();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(server.get("/healthz")?.status, 200);
    Ok(())
}

#[test]
fn connections_over_the_cap_wait_their_turn() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--connections", "2", "--header-timeout-ms", "1000"])?;
    let _held = [server.connect()?, server.connect()?];
    std::thread::sleep(Duration::from_millis(200));
    let start = Instant::now();
    assert_eq!(server.get("/healthz")?.status, 200, "served once an idle one was closed");
    assert!(start.elapsed() > Duration::from_millis(300), "{:?}", start.elapsed());
    Ok(())
}

#[test]
fn shutdown_lets_requests_finish_within_its_timeout() -> Result<(), Error> {
    for (signal, timeout) in [("TERM", "10000"), ("INT", "300")] {
        let (_directory, db) = fresh()?;
        let mut server = Server::start_with(
            &db,
            &["--shutdown-timeout-ms", timeout, "--body-timeout-ms", "5000"],
        )?;
        let body = data("events/association-create.json");
        let mut stream = server.connect()?;
        let head = format!(
            "POST /webhooks HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(&body[..20])?;
        std::thread::sleep(Duration::from_millis(200));
        server.signal(signal)?;
        let start = Instant::now();
        if signal == "TERM" {
            std::thread::sleep(Duration::from_millis(200));
            assert!(server.connect().is_err(), "no new connections");
            stream.write_all(&body[20..])?;
            assert_eq!(Answer::read(&mut stream)?.status, 200);
        }
        assert!(server.wait(Duration::from_secs(8))?.success());
        assert!(start.elapsed() < Duration::from_secs(4), "{signal}: {:?}", start.elapsed());
    }
    Ok(())
}

#[test]
fn requests_share_a_connection() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let mut stream = server.connect()?;
    for _ in 0..3 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
        assert_eq!(Answer::read(&mut stream)?.status, 200);
    }
    let head = server.request("HEAD", "/healthz", &[], b"")?;
    assert_eq!((head.status, head.body.len()), (200, 0));
    Ok(())
}
