//! What several servers over one PostgreSQL database take, beside one server on a file: durable
//! posts, and first pages of links. All of them, the database and the client share this
//! machine's cores, and run in turn, round by round.
//!
//! `cargo bench --bench nodes -- postgres://postgres@127.0.0.1/EMPTY` runs 5 rounds of 2 seconds,
//! over 200,000 relations; `URL ROUNDS SECONDS RELATIONS` changes that. Without a URL nothing is
//! measured. What is there remains there: name a database that can be dropped.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

mod client;
mod workload;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use client::{CONNECTIONS, Rate, Request, Server, get, load_all, median, post};

type Make = Arc<dyn Fn(u64) -> Request + Send + Sync>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let Some(url) = arguments.first().filter(|first| first.starts_with("postgres")) else {
        println!("name a database: -- postgres://postgres@127.0.0.1/EMPTY");
        return;
    };
    let number = |at: usize, default: u64| {
        arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    compare(url, number(1, 5), Duration::from_secs(number(2, 2)), number(3, 200_000));
}

fn serve(db: &Path) -> Server {
    let mut relata = Command::new(env!("CARGO_BIN_EXE_relata"));
    relata.args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--db"]).arg(db);
    Server::start(&mut relata)
}

/// Returns posts of relations that are new each time.
fn posts() -> Make {
    let (run, unique) = (std::process::id(), AtomicU64::new(0));
    Arc::new(move |_| {
        let n = unique.fetch_add(1, Ordering::Relaxed);
        let (buyer, property) = (n % 10_000, n * 7 % 5_000);
        let body = format!(
            "{{\"id\":\"{run:08x}{n:016x}\",\"firstObjectKey\":\"contact\",\
             \"firstRecordId\":\"{}\",\"secondObjectKey\":\"custom_objects.property\",\
             \"secondRecordId\":\"q{property:023x}\",\"webhookId\":\"{run}-{n}\",\
             \"associationId\":\"a00000000000000000000000\",\"locationId\":\"posted00000000000000\"}}",
            workload::buyer(buyer)
        );
        post("/webhooks/RelationCreate", &body)
    })
}

fn pages(relations: u64) -> Make {
    Arc::new(move |n| {
        let mut numbers = workload::Numbers::new(n % 2_000);
        let place = workload::location(numbers.below(workload::LOCATIONS));
        let buyer = workload::buyer(numbers.below(relations / 5 / workload::LOCATIONS / 20));
        let label = numbers.below(6);
        get(&format!(
            "/v1/locations/{place}/objects/contact/records/{buyer}/links?label=Property%20{label}"
        ))
    })
}

fn compare(url: &str, rounds: u64, time: Duration, relations: u64) {
    let directory = tempfile::tempdir().expect("a directory");
    let db = directory.path().join("relata.db");
    drop(workload::store(Some(&db), relations));
    let copied = Command::new(env!("CARGO_BIN_EXE_relata")).arg("copy").arg(&db).arg(url).status();
    assert!(copied.expect("it runs").success(), "the database must be empty");
    let file = serve(&db);
    let nodes: Vec<Server> = (0..3).map(|_| serve(Path::new(url))).collect();
    let all: Vec<&Server> = nodes.iter().collect();
    let (posts, pages) = (posts(), pages(relations));
    let mut ratios: [Vec<f64>; 4] = Default::default();
    let told = |what: &str, rate: &Rate| println!("  {what}: {rate}");
    for round in 1..=rounds {
        println!("round {round}");
        let (one, three) = (all.get(..1).expect("a server"), &*all);
        let on_file = load_all(&[&file], time, &posts);
        let by_one = load_all(one, time, &posts);
        let by_three = load_all(three, time, &posts);
        // What was posted is followed to its end before anything is read.
        std::thread::sleep(Duration::from_secs(1));
        let start = Instant::now();
        let pages_of_file = load_all(&[&file], time, &pages);
        let pages_of_one = load_all(one, time, &pages);
        let pages_of_three = load_all(three, time, &pages);
        assert!(start.elapsed() < 30 * time, "it hangs");
        for (what, rate) in [
            ("posts, file", &on_file),
            ("posts, one server on PostgreSQL", &by_one),
            ("posts, three servers on PostgreSQL", &by_three),
            ("pages, file", &pages_of_file),
            ("pages, one server on PostgreSQL", &pages_of_one),
            ("pages, three servers on PostgreSQL", &pages_of_three),
        ] {
            told(what, rate);
        }
        let of = |rate: &Rate, base: &Rate| rate.per_second / base.per_second;
        let measured = [
            of(&by_one, &on_file),
            of(&by_three, &on_file),
            of(&pages_of_one, &pages_of_file),
            of(&pages_of_three, &pages_of_file),
        ];
        for (all, ratio) in ratios.iter_mut().zip(measured) {
            all.push(ratio);
        }
    }
    let [one, three, page, spread] = ratios.each_mut().map(|all| median(all));
    println!(
        "{CONNECTIONS} connections, medians of {rounds} rounds, next to one server on a file:"
    );
    println!("durable posts: one server on PostgreSQL {one:.2}, three {three:.2}");
    println!("first pages: one server on PostgreSQL {page:.2}, three {spread:.2}");
}
