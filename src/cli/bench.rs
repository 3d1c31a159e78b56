//! `relata bench`: measures this machine and its disk.
//!
//! All of it happens in a temporary folder next to the database, so that the disk measured
//! is the one that matters.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use relata::graph::{Condition, LinkFilter};
use relata::journal::Database;
use relata::{Location, Options, Store};
use serde::Serialize;
use tempfile::Builder;

use crate::cli::database::file;
use crate::cli::destination::folder_of;
use crate::cli::interrupt::Cleanup;
use crate::cli::output::{print_json, print_line, print_table};
use crate::config::BenchArgs;

/// Bytes of each synced write of the plain file: a page of SQLite.
const PAGE_BYTES: usize = 4_096;

/// Maximum number of synced writes of the plain file.
const SYNCS: usize = 500;

/// Number of lines imported between two looks at the clock.
const LINES: u64 = 4_096;

/// Number of links on a first page.
const PAGE: usize = 50;

/// Shares of the time for each phase, in percent; the rest is for opening the store.
const FSYNC: u32 = 5;
const SINGLE: u32 = 15;
const CONCURRENT: u32 = 25;
const IMPORT: u32 = 25;
const QUESTION: u32 = 4;

const LOCATION: &str = "bench";

/// What was measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    fsync: Rate,
    single: Rate,
    senders: usize,
    concurrent: Rate,
    imported_per_second: f64,
    relations: u64,
    /// Absent where the system does not report memory use.
    bytes_per_relation: Option<u64>,
    questions: Vec<Question>,
    reopen_ms: f64,
    database_bytes: u64,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Question {
    question: &'static str,
    #[serde(flatten)]
    rate: Rate,
}

/// How often something was done in a second, and how long it took.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rate {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Rate {
    #[expect(clippy::cast_precision_loss, reason = "far less than 2⁵² times")]
    fn new(mut times: Vec<Duration>, took: Duration) -> Self {
        times.sort_unstable();
        let at = |percent: usize| {
            let time = times.get(times.len() * percent / 100).or(times.last());
            time.map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        let per_second = times.len() as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE);
        Self { per_second, p50_ms: at(50), p99_ms: at(99) }
    }

    /// Measures sequential calls for a given time.
    fn measure(
        at_most: Duration,
        mut each: impl FnMut(u64) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let (start, mut times) = (Instant::now(), Vec::new());
        while times.is_empty() || start.elapsed() < at_most {
            let since = Instant::now();
            each(times.len() as u64)?;
            times.push(since.elapsed());
        }
        Ok(Self::new(times, start.elapsed()))
    }
}

pub(super) fn run(db: &Database, bench: &BenchArgs) -> anyhow::Result<ExitCode> {
    let start = Instant::now();
    let advice = "name a file by --db, existing or not, beside which the disk is measured";
    let beside = folder_of(file(db, advice)?);
    let mut cleanup = Cleanup::watch()?;
    let folder = cleanup.begin_with(|| {
        let folder = Builder::new().prefix(".relata-bench-").tempdir_in(beside)?;
        let path = folder.path().to_owned();
        Ok((folder, path))
    });
    let folder = folder.with_context(|| beside.display().to_string())?;
    let report = measure(folder.path(), bench, start);
    cleanup.end_with(|| folder.close())?;
    let report = report?;
    if bench.json {
        print_json(&report)?;
    } else {
        print(&report)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(folder: &Path, bench: &BenchArgs, start: Instant) -> anyhow::Result<Report> {
    let part = |percent: u32| Duration::from_secs(bench.seconds) * percent / 100;
    let fsync = fsync(&folder.join("plain"), part(FSYNC))?;
    let db = folder.join("relata.db");
    let store = Store::open_with(&db, Options::default())?;
    let next = AtomicU64::new(0);
    let post = || -> anyhow::Result<()> {
        let number = next.fetch_add(1, Ordering::Relaxed);
        store.ingest(relation(number).as_bytes())?;
        Ok(())
    };
    let single = Rate::measure(part(SINGLE), |_| post())?;
    let concurrent = concurrently(bench.senders, part(CONCURRENT), &post)?;
    // Far more relations follow than there are, so the memory measured is theirs.
    let (posted, before) = (next.load(Ordering::Relaxed), resident_bytes());
    let lines = Lines::new(posted, bench.relations, part(IMPORT));
    let since = Instant::now();
    let imported = store.import().read(lines, |_| Ok(()))?.applied;
    let imported_per_second = per_second(imported, since.elapsed());
    let grown = resident_bytes().zip(before).map(|(now, before)| now.saturating_sub(before));
    let location = store.location(LOCATION)?.context("nothing was written")?;
    let questions = questions(&location, posted + imported, part(QUESTION))?;
    drop(location);
    store.close()?;
    let since = Instant::now();
    let reopened = Store::open_with(&db, Options::default())?;
    let reopen_ms = since.elapsed().as_secs_f64() * 1e3;
    reopened.close()?;
    Ok(Report {
        fsync,
        single,
        senders: bench.senders,
        concurrent,
        imported_per_second,
        relations: posted + imported,
        bytes_per_relation: grown.and_then(|grown| grown.checked_div(imported)),
        questions,
        reopen_ms,
        database_bytes: std::fs::metadata(&db)?.len(),
        seconds: start.elapsed().as_secs_f64(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "far less than 2⁵² times")]
fn per_second(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// Measures the shortest time that a durable write can take here.
fn fsync(path: &Path, at_most: Duration) -> anyhow::Result<Rate> {
    let mut file = File::create_new(path)?;
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.is_empty() || (times.len() < SYNCS && start.elapsed() < at_most) {
        let since = Instant::now();
        file.write_all(&[0; PAGE_BYTES])?;
        file.sync_data()?;
        times.push(since.elapsed());
    }
    Ok(Rate::new(times, start.elapsed()))
}

/// Measures concurrent senders, each of which waits for its own event.
fn concurrently(
    senders: usize,
    at_most: Duration,
    post: &(impl Fn() -> anyhow::Result<()> + Sync),
) -> anyhow::Result<Rate> {
    let start = Instant::now();
    let times = thread::scope(|scope| {
        let send = || -> anyhow::Result<Vec<Duration>> {
            let mut times = Vec::new();
            while start.elapsed() < at_most {
                let since = Instant::now();
                post()?;
                times.push(since.elapsed());
            }
            Ok(times)
        };
        let running: Vec<_> = (0..senders).map(|_| scope.spawn(send)).collect();
        let join = |sender: thread::ScopedJoinHandle<'_, anyhow::Result<Vec<Duration>>>| {
            sender.join().map_err(|_| anyhow::anyhow!("a sender has crashed"))?
        };
        running.into_iter().map(join).collect::<anyhow::Result<Vec<_>>>()
    });
    let took = start.elapsed();
    Ok(Rate::new(times?.concat(), took))
}

/// Measures common queries, each for a given time.
fn questions(location: &Location, relations: u64, each: Duration) -> anyhow::Result<Vec<Question>> {
    let buyer = |number: u64| format!("contact/{}", buyer(scattered(number) % relations.max(1)));
    let house = |filter: LinkFilter| filter.object("house");
    let mut measured = Vec::new();
    let mut add = |question, ask: &dyn Fn(u64) -> anyhow::Result<()>| -> anyhow::Result<()> {
        measured.push(Question { question, rate: Rate::measure(each, ask)? });
        Ok(())
    };
    add("first page of links", &|number| {
        black_box(location.links(&buyer(number)).limit(PAGE).page()?);
        Ok(())
    })?;
    add("labels of a record", &|number| {
        black_box(location.labels(&buyer(number))?);
        Ok(())
    })?;
    add("linked to both of two", &|number| {
        let both = location.matching().object("house");
        let both = both.all(Condition::linked_to(buyer(number).parse()?));
        black_box(both.all(Condition::linked_to(buyer(number + 1).parse()?)).find()?);
        Ok(())
    })?;
    add("walk of two steps", &|number| {
        let walk = location.walk(&buyer(number)).step(house(LinkFilter::default()));
        black_box(walk.step(LinkFilter::default().object("contact")).limit(PAGE).ends()?);
        Ok(())
    })?;
    add("shortest path", &|number| {
        black_box(location.path(&buyer(number), &buyer(number + 1)).max_hops(4).find()?);
        Ok(())
    })?;
    Ok(measured)
}

/// Returns a number that looks random, the same in each run (`SplitMix64`).
const fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Returns the buyer of a relation: each buyer has five, and a hub has one in a hundred.
fn buyer(relation: u64) -> String {
    let number = if relation.is_multiple_of(100) { 0 } else { 1 + relation / 5 };
    format!("b{number:023x}")
}

fn relation(number: u64) -> String {
    let (buyer, house) = (buyer(number), scattered(number) % (1 + number / 10));
    format!(
        "{{\"type\":\"RelationCreate\",\"id\":\"r{number:023x}\",\"locationId\":\"{LOCATION}\",\
         \"associationId\":\"a{:023x}\",\"firstObjectKey\":\"contact\",\"firstRecordId\":\"{buyer}\",\
         \"secondObjectKey\":\"house\",\"secondRecordId\":\"h{house:023x}\"}}\n",
        number % 3
    )
}

/// Lines of relations, limited in number and time.
struct Lines {
    next: u64,
    end: u64,
    until: Instant,
    line: io::Cursor<String>,
}

impl Lines {
    fn new(first: u64, count: u64, at_most: Duration) -> Self {
        let until = Instant::now() + at_most;
        Self { next: first, end: first.saturating_add(count), until, line: io::Cursor::default() }
    }
}

impl Read for Lines {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.line.read(to)?;
        if read > 0 || to.is_empty() {
            return Ok(read);
        }
        let is_late = self.next.is_multiple_of(LINES) && Instant::now() >= self.until;
        if is_late || self.next >= self.end {
            self.end = self.next;
            return Ok(0);
        }
        self.line = io::Cursor::new(relation(self.next));
        self.next += 1;
        self.line.read(to)
    }
}

/// Returns the resident memory of the process, if the system reports it.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

fn print(report: &Report) -> anyhow::Result<()> {
    let row = |what: &str, rate: &Rate| {
        let per_second = format!("{:.0}", rate.per_second);
        vec![what.to_owned(), per_second, millis(rate.p50_ms), millis(rate.p99_ms)]
    };
    let mut rows = vec![
        row("synced write of a plain file", &report.fsync),
        row("durable event, one sender", &report.single),
        row(&format!("durable event, {} senders", report.senders), &report.concurrent),
    ];
    rows.extend(report.questions.iter().map(|it| row(it.question, &it.rate)));
    print_table(&["what", "a second", "p50", "p99"], &rows)?;
    print_line("")?;
    let memory = match report.bytes_per_relation {
        Some(bytes) => format!("{bytes} bytes of memory each"),
        None => "memory use is not reported here".to_owned(),
    };
    print_line(format_args!("import    {:.0} lines a second", report.imported_per_second))?;
    print_line(format_args!(
        "relations {}, {memory}, {} MB on disk",
        report.relations,
        report.database_bytes >> 20
    ))?;
    print_line(format_args!(
        "reopened  in {}; the benchmark took {:.1} s",
        millis(report.reopen_ms),
        report.seconds
    ))?;
    Ok(())
}

fn millis(millis: f64) -> String {
    if millis < 1.0 { format!("{:.1} µs", millis * 1e3) } else { format!("{millis:.2} ms") }
}
