//! More than the disk takes, and a disk that is full.

#![cfg(all(feature = "server", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod faulty;
mod long;
mod server;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use faulty::{Fault, Faulty};
use relata::http::{App, Limits, Protection, Server as Http};
use relata::journal::SqliteJournal;
use relata::{Options, Store, verify};
use serde_json::json;
use server::{Answer, Error, Server};

/// Senders, each with a connection of its own.
const SENDERS: u64 = 500;

/// What each has to say.
const EVENTS: u64 = 6;

fn body(number: u64) -> String {
    let relation = json!({
        "type": "RelationCreate", "id": format!("r{number}"), "associationId": "A",
        "locationId": "L", "firstObjectKey": "contact", "firstRecordId": format!("c{}", number % 97),
        "secondObjectKey": "property", "secondRecordId": format!("p{}", number % 31),
        "webhookId": format!("w{number}"), "note": "x".repeat(40_000),
    });
    relation.to_string()
}

fn post(stream: &mut TcpStream, number: u64) -> Result<Answer, Error> {
    let body = body(number);
    let head = format!(
        "POST /webhooks HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    Answer::read(stream)
}

/// Memory of this process that is in use, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn relations(store: &Store) -> BTreeSet<u64> {
    let snapshot = store.location("L").unwrap().read().snapshot();
    let number = |id: &str| id.strip_prefix('r').unwrap().parse().unwrap();
    snapshot
        .links(relata::graph::Layers::Records)
        .into_iter()
        .map(|link| number(link.relation.unwrap()))
        .collect()
}

#[test]
fn five_hundred_senders_and_a_slow_disk() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let db = directory.path().join("relata.db");
    let journal = Faulty::new(SqliteJournal::open(&db)?, Fault::Full, u64::MAX);
    let plan = Arc::clone(&journal.plan);
    plan.delay_ms.store(50, Ordering::Relaxed);
    let options = Options { queue_events: 64, batch_events: 16, ..Options::default() };
    let store = Arc::new(Store::with_journal(Box::new(journal), options)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let app = App::new(Arc::clone(&store), Limits::default(), Protection::off());
    let server = runtime.block_on(Http::bind(&["127.0.0.1:0".parse()?], app))?;
    let address = server.address()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = runtime.spawn(server.run(async { stopped.await.unwrap_or_default() }));

    let before = resident();
    let (refused, peak) = (AtomicU64::new(0), AtomicU64::new(0));
    let acknowledged = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (refused, acknowledged) = (&refused, &acknowledged);
            let talk = move || -> Result<(), Error> {
                let mut stream = TcpStream::connect(address)?;
                stream.set_read_timeout(Some(Duration::from_secs(60)))?;
                for number in sender * EVENTS..(sender + 1) * EVENTS {
                    loop {
                        let answer = post(&mut stream, number)?;
                        if answer.status == 200 {
                            acknowledged.lock().unwrap().insert(number);
                            break;
                        }
                        assert_eq!(answer.status, 429, "{}", answer.text());
                        assert_eq!(answer.header("retry-after"), Some("1"));
                        refused.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(Duration::from_millis(200));
                    }
                }
                Ok(())
            };
            let thread = std::thread::Builder::new().stack_size(256 << 10);
            thread.spawn_scoped(scope, move || talk().unwrap()).unwrap();
        }
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(100));
            peak.fetch_max(resident(), Ordering::Relaxed);
        }
        // The disk recovers, and so does the server, without a restart.
        plan.delay_ms.store(0, Ordering::Relaxed);
    });
    let grown = peak.load(Ordering::Relaxed).saturating_sub(before) >> 20;
    long::tell("MiB that memory grew by", grown);
    assert!(grown < 160, "{grown} MiB");
    let refused = refused.load(Ordering::Relaxed);
    // Enough that the queue was full again and again, also on a busy machine.
    assert!(refused > SENDERS / 5, "{refused} refused");
    long::tell("deliveries refused with 429 and sent again", refused);
    let acknowledged = acknowledged.into_inner()?;
    assert_eq!(acknowledged.len() as u64, SENDERS * EVENTS);
    assert_eq!(relations(&store), acknowledged);
    assert_eq!((store.head(), store.failure()), (SENDERS * EVENTS, None));
    stop.send(()).ok();
    runtime.block_on(serving)?;
    runtime.shutdown_timeout(Duration::from_secs(5));
    Arc::into_inner(store).ok_or("still in use")?.close()?;
    assert_eq!(relations(&Store::open(&db)?), acknowledged);
    Ok(())
}

/// A server that may write files of so many kilobytes, and what it logs.
fn limited(db: &Path, kilobytes: u32) -> Result<(Server, std::process::ChildStderr), Error> {
    let script = format!("ulimit -f {kilobytes} && exec \"$0\" \"$@\"");
    let mut child = Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_relata")])
        .args(["serve", "--listen", "127.0.0.1:0", "--checkpoint-events", "200", "--db"])
        .arg(db)
        // A failure that may pass ends no server, at least not at once.
        .args(["--on-write-failure", "exit"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut ready = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut ready)?;
    let address = ready.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
    let address = address.ok_or("not ready")?.parse()?;
    let log = child.stderr.take().ok_or("no log")?;
    Ok((Server { child, address, ready }, log))
}

#[test]
fn a_full_disk_stops_writes_and_nothing_else() -> Result<(), Error> {
    long::tell("faults", 4);
    for kilobytes in [400, 700, 1_000, 1_500] {
        let directory = tempfile::tempdir()?;
        let db = directory.path().join("relata.db");
        let (server, mut log) = limited(&db, kilobytes)?;
        let mut acknowledged = BTreeSet::new();
        let mut stream = server.connect()?;
        // A write that fails may make room by moving the log into the database: it is
        // over once that cannot grow either.
        let mut refused = 0;
        let failed = (0..5_000).find_map(|number| {
            let answer = post(&mut stream, number).unwrap();
            if answer.status == 200 {
                acknowledged.insert(number);
                return None;
            }
            refused += 1;
            (server.get("/readyz").unwrap().status == 503).then_some(answer)
        });
        let failed = failed.ok_or("the limit was not reached")?;
        assert_eq!(failed.status, 503, "{}", failed.text());
        assert_eq!(failed.header("retry-after"), Some("30"));
        let ready = server.get("/readyz")?;
        assert!(ready.status == 503 && !ready.text().contains("relata.db"), "{}", ready.text());
        assert_eq!(server.get("/healthz")?.status, 200);
        assert_eq!(server.post("/webhooks", b"{")?.status, 503, "a dead letter cannot be kept");
        let summary = server.get("/v1/locations/L/summary")?;
        assert_eq!(summary.status, 200, "questions are answered");
        server.kill()?;
        let mut text = String::new();
        log.read_to_string(&mut text)?;
        let errors = text.matches("the journal cannot be written").count();
        assert_eq!(errors, 1, "told once, however often it is tried again: {text}");

        let proof = verify(&mut SqliteJournal::open_read_only(&db)?, 10)?;
        assert_eq!(proof.differences, []);
        let again = Server::start(&db)?;
        assert_eq!(again.post("/webhooks", body(9_999).as_bytes())?.status, 200);
        drop(again);
        let kept = relations(&Store::open(&db)?);
        let lost: Vec<_> = acknowledged.difference(&kept).collect();
        assert_eq!(lost, Vec::<&u64>::new(), "{kilobytes} kB");
        assert!(kept.len() <= acknowledged.len() + refused + 1, "only what failed may be there");
    }
    Ok(())
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
fn bodies_held_back_cost_a_bounded_sum_and_no_small_delivery() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let db = directory.path().join("relata.db");
    let limits = ["--receiving-bytes", "3000000", "--body-timeout-ms", "3000"];
    let server = Server::start_with(&db, &limits)?;
    let (mut held, mut refused) = (Vec::new(), 0);
    for number in 0..40 {
        let path = ["/webhooks", "/v1/locations/L/match", "/v1/doctor"][number % 3];
        let mut stream = almost_sent(&server, path, 200_000)?;
        stream.set_read_timeout(Some(Duration::from_millis(100)))?;
        match Answer::read(&mut stream) {
            Ok(answer) => {
                assert_eq!(answer.status, 429, "{}", answer.text());
                assert_eq!(answer.header("retry-after"), Some("1"));
                assert_eq!(answer.json()["code"], "overloaded");
                assert_eq!(answer.header("connection"), Some("close"));
                refused += 1;
            }
            Err(_) => held.push(stream),
        }
    }
    assert!((10..=17).contains(&held.len()), "{} are held", held.len());
    assert_eq!(held.len() + refused, 40);
    let metrics = server.get("/metrics")?.text();
    let receiving = metrics.lines().find_map(|line| line.strip_prefix("relata_receiving_bytes "));
    let receiving: u64 = receiving.ok_or("no figure")?.parse()?;
    assert!((2_000_000..=3_000_000).contains(&receiving), "{receiving}");
    // Small ones are taken, whatever the large ones hold.
    let small = body(1).replace(&"x".repeat(40_000), "x");
    assert_eq!(server.post("/webhooks", small.as_bytes())?.status, 200);
    assert_eq!(server.post("/v1/doctor", small.as_bytes())?.status, 200);
    let import = server.post("/v1/import", small.as_bytes())?;
    assert_eq!((import.status, import.header("retry-after")), (429, Some("1")));
    // And nobody holds anything for longer than a body may take.
    for mut stream in held {
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        assert_eq!(Answer::read(&mut stream)?.status, 408);
    }
    assert_eq!(server.post("/webhooks", body(2).as_bytes())?.status, 200);
    assert_eq!(server.post("/v1/import", small.as_bytes())?.status, 200);
    let metrics = server.get("/metrics")?.text();
    assert!(metrics.contains("\nrelata_receiving_bytes 0\n"), "{metrics}");
    Ok(())
}

/// The most memory that a process has had, in bytes.
fn peak_resident(pid: u32) -> Result<u64, Error> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak")?;
    Ok(line.split_whitespace().next().ok_or("no figure")?.parse::<u64>()? * 1024)
}

/// One page of the list read all bodies that are kept, up to 64 MiB, to show none.
#[test]
fn a_list_of_dead_letters_reads_no_bodies() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let db = directory.path().join("relata.db");
    let server = Server::start(&db)?;
    let large = "x".repeat(250_000);
    for number in 0..100 {
        let body = format!(r#"{{"type":"RelationCreate","id":"{number}","x":"{large}"}}"#);
        assert_eq!(server.post("/webhooks", body.as_bytes())?.status, 422);
    }
    // What the sender says of itself is not repeated at any length either.
    let named = format!(r#"{{"type":"{large}"}}"#);
    let refused = server.post("/webhooks/RelationCreate", named.as_bytes())?;
    assert!(refused.status == 422 && refused.body.len() < 2_000, "{}", refused.text());
    server.kill()?;
    let server = Server::start(&db)?;
    assert_eq!(server.get("/v1/dead-letters?limit=1")?.status, 200);
    let before = peak_resident(server.child.id())?;
    let list = server.get("/v1/dead-letters?limit=1000")?;
    let grown = peak_resident(server.child.id())? - before;
    let letters = list.json();
    let letters = letters["deadLetters"].as_array().ok_or("no list")?;
    assert_eq!(letters.len(), 101);
    assert!(letters.iter().all(|letter| letter["bytes"].as_u64().unwrap() > 250_000));
    assert!(list.body.len() < 50_000, "{} bytes", list.body.len());
    assert!(grown < 8 << 20, "{grown} bytes for {}", list.body.len());
    Ok(())
}
