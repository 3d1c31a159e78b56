//! More than the disk takes, and a disk that is full.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use relata::http::{App, AuthPolicy, Limits, Server as Http};
use relata::journal::SqliteJournal;
use relata::{Options, Store, verify};
use serde_json::json;

use crate::support::database::fresh;
use crate::support::fault_plan::Fault;
use crate::support::faulty_journal::Faulty;
use crate::support::long;
use crate::support::process::{in_own_process, resident};
use crate::support::server::{Answer, Error, Server};

/// Senders, each with a connection of its own.
const SENDERS: u64 = 500;

/// What each has to say.
const EVENTS: u64 = 6;

/// What makes each event large: one text of all senders, so that the memory that grows is
/// the server's.
static NOTE: [u8; 40_000] = [b'x'; 40_000];

/// An event in two parts, with the note between them.
fn body(number: u64) -> [String; 2] {
    let relation = json!({
        "type": "RelationCreate", "id": format!("r{number}"), "associationId": "A",
        "locationId": "L", "firstObjectKey": "contact", "firstRecordId": format!("c{}", number % 97),
        "secondObjectKey": "property", "secondRecordId": format!("p{}", number % 31),
        "webhookId": format!("w{number}"),
    });
    let relation = relation.to_string();
    let rest = relation.trim_start_matches('{');
    ["{\"note\":\"".to_owned(), format!("\",{rest}")]
}

fn post(stream: &mut TcpStream, number: u64) -> Result<Answer, Error> {
    let [start, end] = body(number);
    let head = format!(
        "POST /webhooks HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{start}",
        start.len() + NOTE.len() + end.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&NOTE)?;
    stream.write_all(end.as_bytes())?;
    Answer::read(stream)
}

fn relations(store: &Store) -> BTreeSet<u64> {
    let snapshot = store.location("L").unwrap().unwrap().read().snapshot();
    let number = |id: &str| id.strip_prefix('r').unwrap().parse().unwrap();
    snapshot
        .links(relata::graph::Layers::Records)
        .into_iter()
        .map(|link| number(link.relation.unwrap()))
        .collect()
}

#[test]
fn five_hundred_senders_lose_nothing_on_a_slow_disk() {
    in_own_process(&five_hundred_senders_lose_nothing_on_a_slow_disk, || {
        five_hundred_senders().unwrap();
    });
}

/// Posts the events of one sender, each until it is acknowledged.
fn send_all(
    address: SocketAddr,
    sender: u64,
    refused: &AtomicU64,
    acknowledged: &Mutex<BTreeSet<u64>>,
) -> Result<(), Error> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
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
}

fn five_hundred_senders() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let journal = Faulty::new(SqliteJournal::open(&db)?, Fault::Full, u64::MAX);
    let plan = Arc::clone(&journal.plan);
    plan.delay_ms.store(50, Ordering::Relaxed);
    let options =
        Options { queue_events: 64, batch_events: 16, graph_memory: Some(1), ..Options::default() };
    let store = Arc::new(Store::with_journal(Box::new(journal), options)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let app = App::new(Arc::clone(&store), Limits::default(), AuthPolicy::off());
    let server = runtime.block_on(Http::bind(&["127.0.0.1:0".parse()?], app))?;
    let address = server.address()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = runtime.spawn(server.run(async { stopped.await.unwrap_or_default() }));

    let resident = || resident(std::process::id()).unwrap();
    let before = resident();
    let (refused, peak) = (AtomicU64::new(0), AtomicU64::new(0));
    let acknowledged = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (refused, acknowledged) = (&refused, &acknowledged);
            let talk = move || send_all(address, sender, refused, acknowledged);
            let thread = std::thread::Builder::new().stack_size(256 << 10);
            thread.spawn_scoped(scope, move || talk().unwrap()).unwrap();
        }
        // Until the queue was full again and again, however slow the machine is.
        let is_enough = || refused.load(Ordering::Relaxed) > SENDERS / 5;
        for _ in (0..20).chain((20..300).take_while(|_| !is_enough())) {
            std::thread::sleep(Duration::from_millis(100));
            peak.fetch_max(resident(), Ordering::Relaxed);
        }
        // The disk recovers, and so does the server, without a restart.
        plan.delay_ms.store(0, Ordering::Relaxed);
    });
    let grown = peak.load(Ordering::Relaxed).saturating_sub(before) >> 20;
    long::tell("MiB that memory grew by", grown);
    assert!(grown < 120, "{grown} MiB");
    let refused = refused.load(Ordering::Relaxed);
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
    let mut command = Command::new("bash");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_relata")]);
    command.args(["serve", "--listen", "127.0.0.1:0", "--checkpoint-events", "200", "--db"]);
    // A failure that may pass ends no server, at least not at once. Graphs are dropped once
    // they are in a checkpoint.
    command.arg(db).args(["--on-write-failure", "exit", "--graph-memory", "1"]);
    command.stderr(Stdio::piped());
    let mut server = Server::spawn(&mut command)?;
    let log = server.child.stderr.take().ok_or("no log")?;
    Ok((server, log))
}

#[test]
fn a_full_disk_stops_writes_and_nothing_else() -> Result<(), Error> {
    long::tell("faults", 4);
    for kilobytes in [400, 700, 1_000, 1_500] {
        let (_directory, db) = fresh()?;
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
        assert_eq!(again.post("/webhooks", body(9_999).concat().as_bytes())?.status, 200);
        drop(again);
        let kept = relations(&Store::open(&db)?);
        let lost: Vec<_> = acknowledged.difference(&kept).collect();
        assert_eq!(lost, Vec::<&u64>::new(), "{kilobytes} kB");
        assert!(kept.len() <= acknowledged.len() + refused + 1, "only what failed may be there");
    }
    Ok(())
}
