//! How fast a million relations leave in each format, beside a program that has
//! all of it as ready texts and writes them through the plain library of the
//! format; and how much memory a server takes for it.
//!
//! `cargo bench --bench exports`; with names of formats behind `--`, those alone.
//! `RELATA_BENCH_RELATIONS` asks for another number of relations.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

mod plain;
mod workload;

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use relata::export::{Format, Options, check, write};
use relata::graph::SubgraphQuery;
use relata::{Delivery, Store, Timestamp};
use workload::Numbers;

/// Turns of both sides, of which the median counts.
const TURNS: usize = 5;

/// Deliveries while nothing else goes on.
const POSTS: usize = 300;

const LOCATION: &str = "location000000000000";

fn main() {
    let named: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted =
        |format: &&Format| named.is_empty() || named.iter().any(|name| name == format.as_str());
    let formats: Vec<Format> = Format::ALL.iter().filter(wanted).copied().collect();
    let asked = std::env::var_os("RELATA_BENCH_RELATIONS");
    let asked = asked.and_then(|number| number.to_str()?.parse().ok());
    let relations = asked.unwrap_or(1_000_000);
    let directory = tempfile::tempdir().expect("a directory");
    let db = directory.path().join("relata.db");
    fill(&db, relations);
    println!("{relations} relations of {} records\n", relations / 5);
    let served = serve(&db, &formats);
    println!(
        "{:12} {:>8} {:>9} {:>9} {:>7} {:>10} {:>11}",
        "", "MB", "Relata s", "library s", "speed", "by HTTP s", "memory MiB"
    );
    let store = Store::open(&db).expect("the store opens");
    let location = store.location(LOCATION).expect("it is loaded").expect("the location is there");
    let options = Options { location: LOCATION.to_owned(), ..Options::default() };
    for (&format, served) in formats.iter().zip(served) {
        let snapshot = location.read().snapshot();
        let part = snapshot.view().part(&SubgraphQuery::default()).expect("all of it");
        let (Some(plain), Ok(_)) = (plain::of(format), check(&part, format)) else { continue };
        let (mut ours, mut theirs, mut bytes) = (Vec::new(), Vec::new(), 0);
        for _ in 0..TURNS {
            let mut to = BufWriter::with_capacity(64 << 10, Counted(0));
            let start = Instant::now();
            let snapshot = location.read().snapshot();
            let part = snapshot.view().part(&SubgraphQuery::default()).expect("all of it");
            write(&part, format, &options, &mut to).expect("it is only counted");
            to.flush().expect("it is only counted");
            ours.push(start.elapsed());
            bytes = to.get_ref().0;
            let mut to = BufWriter::with_capacity(64 << 10, Counted(0));
            theirs.push(plain.time(&part, format, &mut to).expect("it is only counted"));
        }
        let (ours, theirs) = (median(&mut ours), median(&mut theirs));
        println!(
            "{:12} {:8.1} {:9.2} {:9.2} {:6.0}% {:10.2} {:11.1}",
            format.as_str(),
            megabytes(bytes),
            ours.as_secs_f64(),
            theirs.as_secs_f64(),
            theirs.as_secs_f64() / ours.as_secs_f64() * 100.0,
            served.time.as_secs_f64(),
            megabytes(served.memory) / 1.048_576,
        );
        assert!(served.bytes <= bytes, "what was posted since comes on top");
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Counts what is written.
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A store of one location, whose ids are as long and as mixed as the sender's.
fn fill(db: &Path, relations: u64) {
    let store = Store::open(db).expect("the store opens");
    let tell = |body: &str| {
        let delivery = Delivery::read(body.as_bytes(), None, Timestamp::from_millis(0));
        store.submit_waiting(delivery.expect("a good body"), |_| ()).expect("room");
    };
    for association in workload::bodies(0).filter(|body| body.contains(LOCATION)) {
        tell(&association);
    }
    let mut numbers = Numbers::new(42);
    for _ in 0..relations {
        let buyer = numbers.below(relations * 3 / 25);
        let property = numbers.below(relations * 2 / 25);
        let association = usize::try_from(numbers.below(6)).expect("a small number");
        let at = Timestamp::from_millis(1_700_000_000_000 + (numbers.next() >> 28).cast_signed());
        tell(&format!(
            "{{\"id\":\"{:024x}\",\"firstObjectKey\":\"contact\",\"firstRecordId\":\"{}\",\
             \"secondObjectKey\":\"custom_objects.property\",\"secondRecordId\":\"p{property:023x}\",\
             \"associationId\":\"{}\",\"locationId\":\"{LOCATION}\",\"timestamp\":\"{at}\"}}",
            u128::from(numbers.next()) << 32 | u128::from(numbers.next() >> 32),
            workload::buyer(buyer),
            workload::association(association),
        ));
    }
    store.checkpoint().expect("the disk works");
    store.close().expect("the disk works");
}

/// What one export by HTTP took.
#[derive(Default)]
struct Served {
    time: Duration,
    bytes: u64,
    /// By how many bytes the memory of the server grew at most.
    memory: u64,
}

/// Exports in each format by HTTP, from the real server to a reader that takes it
/// as fast as it comes.
fn serve(db: &Path, formats: &[Format]) -> Vec<Served> {
    let mut server = Command::new(env!("CARGO_BIN_EXE_relata"))
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--db"])
        .arg(db)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut ready = String::new();
    let output = server.stdout.take().expect("it says when it is ready");
    BufReader::new(output).read_line(&mut ready).expect("a line");
    let address = ready.split_once("http://").and_then(|(_, rest)| rest.split(' ').next());
    let address = address.expect("an address").to_owned();
    let fetched = formats.iter().map(|&format| fetch(&server, &address, format)).collect();
    posts(&server, &address);
    server.kill().expect("it runs");
    server.wait().expect("it ends");
    fetched
}

/// Tells how long deliveries take while there is nothing else to do, and while an
/// export goes on, whose copy of the graph makes the first change to each chunk of
/// it dearer.
fn posts(server: &Child, address: &str) {
    let quiet = (0..POSTS).map(|number| post(address, number)).collect();
    let during = std::thread::scope(|scope| {
        let export = scope.spawn(|| fetch(server, address, Format::GraphMl));
        let mut during = Vec::new();
        while !export.is_finished() {
            during.push(post(address, POSTS + during.len()));
        }
        during
    });
    for (when, mut times) in [("alone", quiet), ("during an export", during)] {
        let slowest = times.iter().max().copied().unwrap_or_default();
        let (count, median) = (times.len(), median(&mut times));
        println!("{count} posts {when}: {median:.1?} each (median), {slowest:.1?} the slowest");
    }
    println!();
}

fn post(address: &str, number: usize) -> Duration {
    let mut numbers = Numbers::new(number as u64);
    let body = format!(
        "{{\"type\":\"RelationCreate\",\"id\":\"new{number}\",\"firstObjectKey\":\"contact\",\
         \"firstRecordId\":\"{}\",\"secondObjectKey\":\"custom_objects.property\",\
         \"secondRecordId\":\"new\",\"associationId\":\"{}\",\"locationId\":\"{LOCATION}\"}}",
        workload::buyer(numbers.below(1_000)),
        workload::association(0),
    );
    let start = Instant::now();
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let length = body.len();
    write!(
        stream,
        "POST /webhooks HTTP/1.0\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains(" 200 "), "{answer}");
    start.elapsed()
}

fn fetch(server: &Child, address: &str, format: Format) -> Served {
    let process = Path::new("/proc").join(server.id().to_string());
    // The greatest size so far is forgotten.
    std::fs::write(process.join("clear_refs"), "5").expect("Linux");
    let before = resident(&process, "VmRSS:");
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let start = Instant::now();
    write!(
        stream,
        "GET /v1/locations/{LOCATION}/export?format={} HTTP/1.0\r\nhost: localhost\r\n\r\n",
        format.as_str()
    )
    .expect("the server reads");
    let mut reader = BufReader::with_capacity(1 << 20, stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).expect("a head");
    }
    let mut counted = Counted(0);
    io::copy(&mut reader, &mut counted).expect("a body");
    let memory = resident(&process, "VmHWM:").saturating_sub(before);
    Served { time: start.elapsed(), bytes: counted.0, memory }
}

fn resident(process: &Path, name: &str) -> u64 {
    let status = std::fs::read_to_string(process.join("status")).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.expect("a number") * 1024
}
