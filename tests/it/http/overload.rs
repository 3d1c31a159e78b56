//! Bodies that are held back.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::database::fresh;
use crate::support::server::{Answer, Error, Server};
use crate::support::sse_client::relation;

/// A delivery with a note of so many bytes.
fn body(number: u64, note: usize) -> String {
    let mut relation = relation(number);
    relation["note"] = "x".repeat(note).into();
    relation.to_string()
}

/// A request of so many bytes that has sent all but the last of them.
fn almost_sent(server: &Server, path: &str, bytes: usize) -> Result<TcpStream, Error> {
    let mut stream = server.connect()?;
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {bytes}\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    // One that is refused may be answered before the end.
    stream.write_all(&vec![b' '; bytes - 1]).ok();
    Ok(stream)
}

/// A thousand senders that each held a body back by its last byte cost the server as much
/// memory as all these bodies: only each had a limit. Now their sum has one, which what
/// others send in the usual size does not depend on.
#[test]
fn bodies_held_back_are_bounded_in_sum_and_delay_no_small_delivery() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let limits = ["--receiving-bytes", "3000000", "--body-timeout-ms", "5000"];
    let server = Server::start_with(&db, &limits)?;
    let mut sent = Vec::new();
    for number in 0..40 {
        let path = ["/webhooks", "/v1/locations/L/match", "/v1/doctor"][number % 3];
        sent.push(almost_sent(&server, path, 200_000)?);
    }
    let receiving = || -> Result<u64, Error> {
        let metrics = server.get("/metrics")?.text();
        let figure = metrics.lines().find_map(|line| line.strip_prefix("relata_receiving_bytes "));
        Ok(figure.ok_or("no figure")?.parse()?)
    };
    // The last of them may still be on their way.
    let start = Instant::now();
    while receiving()? < 2_000_000 && start.elapsed() < Duration::from_secs(3) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let bytes = receiving()?;
    assert!((2_000_000..=3_000_000).contains(&bytes), "{bytes}");
    // Small ones are taken, whatever the large ones hold.
    let small = body(1, 1);
    assert_eq!(server.post("/webhooks", small.as_bytes())?.status, 200);
    assert_eq!(server.post("/v1/doctor", small.as_bytes())?.status, 200);
    let import = server.post("/v1/import", small.as_bytes())?;
    assert_eq!((import.status, import.header("retry-after")), (429, Some("1")));
    // And nobody holds anything for longer than a body may take.
    let (mut held, mut refused) = (0, 0);
    for mut stream in sent {
        let answer = Answer::read(&mut stream)?;
        match answer.status {
            408 => held += 1,
            429 => {
                assert_eq!(answer.header("retry-after"), Some("1"));
                assert_eq!(answer.json()["code"], "overloaded");
                assert_eq!(answer.header("connection"), Some("close"));
                refused += 1;
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert!((10..=17).contains(&held), "{held} were held, {refused} refused");
    assert_eq!(server.post("/webhooks", body(2, 40_000).as_bytes())?.status, 200);
    assert_eq!(server.post("/v1/import", small.as_bytes())?.status, 200);
    assert_eq!(receiving()?, 0);
    Ok(())
}
