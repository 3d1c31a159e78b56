//! What the server costs beside bare warp: durable posts against an endpoint
//! that parses and echoes the same body, first pages of links against
//! hello-world. All run on this machine in turn, round by round, and share its
//! cores with the client.
//!
//! `cargo bench --bench http` runs 5 rounds of 2 seconds; `-- ROUNDS SECONDS
//! RELATIONS` changes that.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

mod client;
mod recorded;
mod workload;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use client::{CONNECTIONS, Request, Server, get, load, median, post};
use warp::Filter;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if arguments.first().is_some_and(|first| first == "bare-warp") {
        return bare_warp();
    }
    let number = |at: usize, default: u64| {
        arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    compare(number(0, 5), number(1, 2), number(2, 1_000_000));
}

/// Serves `GET /hello` and `POST /echo` with warp alone.
fn bare_warp() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let hello = warp::path!("hello").map(|| "Hello, world");
        let echo = warp::path!("echo")
            .and(warp::post())
            .and(warp::body::json())
            .map(|body: serde_json::Value| warp::reply::json(&body));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("bare warp on http://{} ", listener.local_addr().expect("an address"));
        warp::serve(hello.or(echo)).incoming(listener).run().await;
    });
}

/// Returns the body of a new relation, unique to the run.
fn body(run: u32, n: u64) -> String {
    let (buyer, property) = (n % 10_000, n * 7 % 5_000);
    format!(
        "{{\"id\":\"{run:08x}{n:016x}\",\"firstObjectKey\":\"contact\",\"firstRecordId\":\"{}\",\
         \"secondObjectKey\":\"custom_objects.property\",\"secondRecordId\":\"q{property:023x}\",\
         \"associationId\":\"a00000000000000000000000\",\"locationId\":\"posted00000000000000\"}}",
        workload::buyer(buyer)
    )
}

fn compare(rounds: u64, seconds: u64, relations: u64) {
    let directory = tempfile::tempdir().expect("a directory");
    let db = directory.path().join("relata.db");
    println!("filling a store with {relations} relations …");
    let start = Instant::now();
    drop(workload::store(Some(&db), relations));
    println!("filled in {:.1?}", start.elapsed());
    let start = Instant::now();
    let mut relata = Command::new(env!("CARGO_BIN_EXE_relata"));
    relata.args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--db"]).arg(&db);
    let relata = Server::start(&mut relata);
    println!("opened and listening in {:.2?}", start.elapsed());
    let warp =
        Server::start(Command::new(std::env::current_exe().expect("a path")).arg("bare-warp"));
    let run = std::process::id();
    let body = move |n: u64| body(run, n);
    let unique = Arc::new(AtomicU64::new(0));
    let links = |n: u64| {
        let mut numbers = workload::Numbers::new(n);
        let place = workload::location(numbers.below(workload::LOCATIONS));
        let buyer = workload::buyer(numbers.below(relations / 5 / workload::LOCATIONS / 20));
        let label = numbers.below(6);
        get(&format!(
            "/v1/locations/{place}/objects/contact/records/{buyer}/links?label=Property%20{label}"
        ))
    };
    let links: Arc<dyn Fn(u64) -> Request + Send + Sync> = {
        let ready: Vec<Request> = (0..2_000).map(links).collect();
        Arc::new(move |n| {
            ready.get(usize::try_from(n % 2_000).unwrap_or(0)).cloned().unwrap_or_default()
        })
    };
    let durable: Arc<dyn Fn(u64) -> Request + Send + Sync> = Arc::new(move |_| {
        post("/webhooks/RelationCreate", &body(unique.fetch_add(1, Ordering::Relaxed)))
    });
    let echo: Arc<dyn Fn(u64) -> Request + Send + Sync> =
        Arc::new(move |n| post("/echo", &body(n)));
    let hello: Arc<dyn Fn(u64) -> Request + Send + Sync> = Arc::new(|_| get("/hello"));
    let time = Duration::from_secs(seconds);
    // Loads all graphs.
    load(&relata, Duration::from_millis(500), &links);
    let resident = relata.resident_bytes();
    let each = resident / relations.max(1);
    println!("resident: {resident} bytes, {each} per relation{}", next_to("bytes per relation"));
    let (mut posts, mut pages) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let echo = load(&warp, time, &echo);
        let durable = load(&relata, time, &durable);
        let hello = load(&warp, time, &hello);
        let links = load(&relata, time, &links);
        posts.push(durable.per_second / echo.per_second);
        pages.push(links.per_second / hello.per_second);
        println!(
            "round {round}: echo {echo}; durable post {durable}; hello {hello}; links {links}"
        );
    }
    println!("{CONNECTIONS} connections, medians of {rounds} rounds:");
    let (posts, pages) = (median(&mut posts), median(&mut pages));
    println!("durable posts to warp's echo: {posts:.2}{}", next_to("durable posts"));
    println!("first pages of links to warp's hello: {pages:.2}{}", next_to("first pages"));
}

/// Returns the recorded figure, as it is printed next to one of this run.
fn next_to(name: &str) -> String {
    recorded::figure(name).map_or_else(String::new, |figure| format!(" (recorded: {figure:.2})"))
}
