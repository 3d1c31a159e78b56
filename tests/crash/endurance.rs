//! Long runs beside everything that goes on at once: slow readers, locks, full disks.
//!
//! Some seconds each; with `RELATA_LONG=1` ten minutes, or as many seconds as
//! `RELATA_LONG_SECONDS` says.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use relata::Store;
use relata::journal::SqliteJournal;
use serde_json::json;

use crate::support::database::fresh;
use crate::support::long;
use crate::support::process::resident;
use crate::support::server::{Error, Server, relata};

fn relation(location: &str, number: u64) -> String {
    let relation = json!({
        "type": "RelationCreate", "id": format!("r{number}"), "associationId": "A",
        "locationId": location, "firstObjectKey": "contact", "firstRecordId": "hub",
        "secondObjectKey": "house", "secondRecordId": format!("h{}", number % 1_000),
        "webhookId": format!("w{number}"), "note": "x".repeat(200),
    });
    relation.to_string()
}

fn relations(store: &Store, location: &str) -> BTreeSet<u64> {
    let Some(location) = store.location(location).unwrap() else { return BTreeSet::new() };
    let snapshot = location.read().snapshot();
    let number = |id: &str| id.strip_prefix('r').unwrap().parse().unwrap();
    let links = snapshot.links(relata::graph::Layers::Records).into_iter();
    links.map(|link| number(link.relation.unwrap())).collect()
}

/// What senders were answered.
#[derive(Default)]
struct Ledger {
    next: AtomicU64,
    acknowledged: Mutex<BTreeSet<u64>>,
    refused: AtomicU64,
}

impl Ledger {
    /// Posts until told, and returns how long each post that was taken took.
    fn post(&self, server: &Server, location: &str, until: Instant) -> Vec<Duration> {
        let mut times = Vec::new();
        while Instant::now() < until {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let since = Instant::now();
            let answer = server.post("/webhooks", relation(location, number).as_bytes()).unwrap();
            if answer.status == 200 {
                times.push(since.elapsed());
                self.acknowledged.lock().unwrap().insert(number);
            } else {
                assert!([429, 503].contains(&answer.status), "{}", answer.text());
                assert!(answer.header("retry-after").is_some());
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        times
    }
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

/// Every kind of answer that can be long.
const READ: [&str; 8] = [
    "/v1/locations/L/changes?after=0",
    "/v1/locations/L/changes",
    "/v1/locations/L/export?format=csv",
    "/v1/locations/L/export?format=ndjson",
    "/v1/locations/L/export?format=graphml",
    "/v1/locations/L/objects/contact/records/hub/links?limit=1000",
    "/v1/locations/L/history?of=contact/hub&limit=1000",
    "/v1/locations/L/events?after=0&limit=1000",
];

/// Reads again and again at so many bytes a second, until told to stop.
fn read_slowly(server: &Server, path: &str, rate: usize, stop: &AtomicBool) -> Result<u64, Error> {
    let mut bytes = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut stream = server.connect_narrow()?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut part = vec![0; (rate / 10).max(5)];
        while !stop.load(Ordering::Relaxed) {
            match stream.read(&mut part) {
                Ok(0) => break,
                Ok(read) => bytes += read as u64,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => break, // Cut for being slow.
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    Ok(bytes)
}

/// Imports lines of another location again and again; all are new.
fn import_on(server: &Server, next: &AtomicU64, stop: &AtomicBool) -> Result<u64, Error> {
    let mut lines = 0;
    while !stop.load(Ordering::Relaxed) {
        let first = next.fetch_add(500, Ordering::Relaxed);
        let chunk: Vec<String> = (first..first + 500).map(|line| relation("I", line)).collect();
        let answer = server.post("/v1/import", chunk.join("\n").as_bytes())?;
        assert_eq!((answer.status, &answer.json()["refused"]), (200, &json!(0)));
        lines += 500;
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(lines)
}

/// What was done in a while, and what it took.
struct Phase {
    posts: u64,
    p99: Duration,
    imported: u64,
    bytes: u64,
    most: u64,
}

/// How long a test goes on that may take any time: so many seconds, or with `RELATA_LONG=1`
/// ten minutes, or as many seconds as `RELATA_LONG_SECONDS` says.
fn run_time(short: u32) -> Duration {
    let told = std::env::var_os("RELATA_LONG_SECONDS");
    let told = told.and_then(|text| text.to_str()?.parse().ok()).unwrap_or(600);
    Duration::from_secs(long::rounds(short, told).into())
}

/// Posts and imports for a while, beside readers of everything at these rates.
fn phase(
    server: &Server,
    ledger: &Ledger,
    next_line: &AtomicU64,
    rates: &[usize],
    run_time: Duration,
) -> Phase {
    let (stop, bytes, most) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let (posts, imported) = std::thread::scope(|scope| {
        let kinds = READ.iter().flat_map(|path| rates.iter().map(move |rate| (path, *rate)));
        let reading: Vec<_> = kinds
            .map(|(path, rate)| {
                let (stop, bytes) = (&stop, &bytes);
                scope.spawn(move || {
                    let read = read_slowly(server, path, rate, stop).unwrap();
                    bytes.fetch_add(read, Ordering::Relaxed);
                })
            })
            .collect();
        let imports = scope.spawn(|| import_on(server, next_line, &stop).unwrap());
        let memory = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                most.fetch_max(resident(server.child.id()).unwrap(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        let short = (run_time / 2).min(Duration::from_secs(60));
        let time = if rates.is_empty() { short } else { run_time };
        let posts = ledger.post(server, "L", Instant::now() + time);
        stop.store(true, Ordering::Relaxed);
        for reader in reading {
            reader.join().unwrap();
        }
        memory.join().unwrap();
        (posts, imports.join().unwrap())
    });
    let (bytes, most) = (bytes.into_inner(), most.into_inner());
    Phase { posts: posts.len() as u64, p99: p99(posts), imported, bytes, most }
}

#[test]
fn slow_clients_of_every_kind_cost_others_little_and_lose_nothing() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let mut server = Server::start_with(&db, &["--exports", "8", "--journal-reads", "8"])?;
    let ledger = Ledger::default();
    let chunk: Vec<String> =
        (0..5_000).map(|number| relation("L", 1_000_000_000 + number)).collect();
    assert_eq!(server.post("/v1/import", chunk.join("\n").as_bytes())?.status, 200);
    let (run_time, next_line) = (run_time(4), AtomicU64::new(0));
    let phase = |rates: &[usize]| phase(&server, &ledger, &next_line, rates, run_time);
    let quiet = phase(&[]);
    let beside = phase(&[50, 500, 5_000]);
    let grown = beside.most.saturating_sub(quiet.most);
    // What the new relations take, and a bound for 24 readers.
    let bound = (96 << 20) + 1_000 * (beside.imported + beside.posts);
    assert!(grown < bound, "{grown} bytes, {bound} at most");
    // Two cores run the clients, too: a bound that only waiting for a reader would break.
    let most_time = (10 * quiet.p99).max(Duration::from_secs(1));
    assert!(beside.p99 < most_time, "p99 of posts {:?}, alone {:?}", beside.p99, quiet.p99);
    server.signal("TERM")?;
    assert!(server.wait(Duration::from_secs(20))?.success());
    let store = Store::open(&db)?;
    let kept: BTreeSet<u64> =
        relations(&store, "L").into_iter().filter(|number| *number < 1_000_000_000).collect();
    assert_eq!(kept, ledger.acknowledged.into_inner()?);
    assert_eq!(relations(&store, "I").len() as u64, quiet.imported + beside.imported);
    long::tell(
        "slow readers",
        format!(
            "24 readers took {} kB in {run_time:?} beside {} posts (p99 {:.1?}, without readers \
             {:.1?}) and {} imported lines; {} MiB more memory, 0 lost",
            beside.bytes >> 10,
            beside.posts,
            beside.p99,
            quiet.p99,
            beside.imported,
            grown >> 20
        ),
    );
    Ok(())
}

/// Holds the database as another program might, for a while.
fn lock_for_a_while(db: &Path, time: Duration) -> Result<(), Error> {
    let other = rusqlite::Connection::open(db)?;
    other.busy_timeout(Duration::from_secs(5))?;
    // Taken between two commits, or not at all this time.
    if other.execute_batch("BEGIN EXCLUSIVE").is_ok() {
        std::thread::sleep(time);
        other.execute_batch("ROLLBACK")?;
    }
    Ok(())
}

/// Lets the server write files of so many bytes, or of any size again. Answers whether that
/// can be done here.
fn limit_files(server: &Server, bytes: Option<u64>) -> bool {
    let soft = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
    let pid = server.child.id().to_string();
    let limited =
        Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={soft}:")]).output();
    limited.is_ok_and(|output| output.status.success())
}

/// Locks the database and fills the disk in turn; returns how often each was done.
fn disturb(server: &Server, db: &Path, until: Instant) -> Result<(u64, u64), Error> {
    let (mut locks, mut full) = (0, 0);
    let is_long = long::rounds(0, 1) == 1;
    let mut round = 0;
    while Instant::now() < until {
        round += 1;
        let long = is_long && round % 10 == 0;
        let held = Duration::from_millis(if long { 13_000 } else { 300 });
        if round % 2 == 0 {
            let size = std::fs::metadata(db)?.len();
            if limit_files(server, Some(size / 2)) {
                std::thread::sleep(held);
                assert!(limit_files(server, None));
                full += 1;
            }
        } else {
            lock_for_a_while(db, held)?;
            locks += 1;
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    Ok((locks, full))
}

/// Locks of other programs and full disks that come and go: what was acknowledged is kept,
/// and what was refused is nowhere or was never answered.
#[test]
fn locks_and_full_disks_that_come_and_go_lose_nothing() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    // It logs each refusal.
    let mut command = relata();
    // Graphs leave memory with each checkpoint, and are loaded again while the file is locked.
    command.args(["serve", "--listen", "127.0.0.1:0", "--graph-memory", "1"]);
    command.args(["--checkpoint-events", "500", "--db"]).arg(&db).stderr(Stdio::null());
    let mut server = Server::spawn(&mut command)?;
    let ledger = Ledger::default();
    let run_time = run_time(6);
    let until = Instant::now() + run_time;
    let (mut locks, mut full) = (0, 0);
    std::thread::scope(|scope| -> Result<(), Error> {
        let senders: Vec<_> =
            (0..4).map(|_| scope.spawn(|| ledger.post(&server, "L", until))).collect();
        (locks, full) = disturb(&server, &db, until)?;
        for sender in senders {
            sender.join().unwrap();
        }
        Ok(())
    })?;
    // Taken again by itself.
    let patience = Instant::now() + Duration::from_secs(30);
    while server.get("/readyz")?.status != 200 {
        assert!(Instant::now() < patience, "{}", server.get("/readyz")?.text());
        std::thread::sleep(Duration::from_millis(100));
    }
    let last = ledger.next.fetch_add(1, Ordering::Relaxed);
    assert_eq!(server.post("/webhooks", relation("L", last).as_bytes())?.status, 200);
    ledger.acknowledged.lock().unwrap().insert(last);
    server.signal("TERM")?;
    assert!(server.wait(Duration::from_secs(20))?.success());
    let proof = relata::verify(&mut SqliteJournal::open_read_only(&db)?, 10)?;
    assert_eq!(proof.differences, []);
    let kept = relations(&Store::open(&db)?, "L");
    let acknowledged = ledger.acknowledged.into_inner()?;
    let refused = ledger.refused.into_inner();
    assert_eq!(acknowledged.difference(&kept).count(), 0, "acknowledged and lost");
    // Only what was answered with 503 may have been written all the same.
    assert!(kept.len() as u64 <= acknowledged.len() as u64 + refused);
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    long::tell(
        "locks and full disks",
        format!(
            "{locks} locks and {full} full disks in {run_time:?} beside {} deliveries \
             acknowledged and {refused} refused; 0 lost",
            acknowledged.len()
        ),
    );
    Ok(())
}
