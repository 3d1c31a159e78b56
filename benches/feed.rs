//! What readers of the change feed cost the posts: durable posts without a reader,
//! beside 1,000 readers that each watch another record, beside 1,000 that wait for a
//! rare label, and beside a few that take everything. All on one server, in turn,
//! round by round; readers and senders share the machine with it.
//!
//! `cargo bench --bench feed` runs 5 rounds of 3 seconds; `-- ROUNDS SECONDS READERS`
//! changes that.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

mod client;

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use client::{CONNECTIONS, Request, Server, load, median, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Records that posts name on their first end.
const BUYERS: u64 = 100_000;

/// One post of so many has the rare label.
const RARE: u64 = 20_000;

/// Readers that take everything.
const GREEDY: u64 = 4;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let number = |at: usize, default: u64| {
        arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    compare(number(0, 5), number(1, 3), number(2, 1_000));
}

fn body(number: u64) -> String {
    let association = if number.is_multiple_of(RARE) { "rare" } else { "usual" };
    // Buyers in no order, so that those who are watched come by evenly.
    let buyer = number.wrapping_mul(0x9e37_79b9) % BUYERS;
    format!(
        "{{\"id\":\"{number:024x}\",\"firstObjectKey\":\"contact\",\"firstRecordId\":\"b{buyer}\",\
         \"secondObjectKey\":\"custom_objects.property\",\"secondRecordId\":\"p{}\",\
         \"associationId\":\"{association}\",\"locationId\":\"here\"}}",
        number * 7 % 5_000
    )
}

fn association(id: &str) -> String {
    format!(
        "{{\"id\":\"{id}\",\"key\":\"{id}\",\"associationType\":\"USER_DEFINED\",\
         \"firstObjectKey\":\"contact\",\"firstObjectLabel\":\"{id} buyer\",\
         \"secondObjectKey\":\"custom_objects.property\",\"secondObjectLabel\":\"{id} home\",\
         \"locationId\":\"here\"}}"
    )
}

type OpenReaders<'s> = Box<dyn Fn() -> Readers + 's>;

/// Open readers, on a thread of their own, until dropped.
struct Readers {
    runtime: Option<tokio::runtime::Runtime>,
    bytes: Arc<AtomicU64>,
}

impl Readers {
    fn open(address: SocketAddr, queries: impl Iterator<Item = String>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let bytes = Arc::new(AtomicU64::new(0));
        let streams = runtime.block_on(async {
            let mut opened = Vec::new();
            for query in queries {
                let mut stream = TcpStream::connect(address).await.expect("a connection");
                let request = format!(
                    "GET /v1/locations/here/changes{query} HTTP/1.1\r\nhost: localhost\r\n\r\n"
                );
                stream.write_all(request.as_bytes()).await.expect("a server that reads");
                let mut head = [0; 12];
                stream.read_exact(&mut head).await.expect("an answer");
                assert_eq!(&head, b"HTTP/1.1 200", "a reader is refused");
                opened.push(stream);
            }
            opened
        });
        let mut tasks = JoinSet::new();
        for mut stream in streams {
            let bytes = Arc::clone(&bytes);
            let read = async move {
                let mut buffer = vec![0; 16 << 10];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    bytes.fetch_add(read as u64, Ordering::Relaxed);
                }
            };
            tasks.spawn_on(read, runtime.handle());
        }
        tasks.detach_all();
        Self { runtime: Some(runtime), bytes }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
        // The server notices.
        std::thread::sleep(Duration::from_millis(1_500));
    }
}

fn compare(rounds: u64, seconds: u64, readers: u64) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut relata = Command::new(env!("CARGO_BIN_EXE_relata"));
    relata.args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--db"]);
    let relata = Server::start(relata.arg(directory.path().join("relata.db")));
    let told: Arc<dyn Fn(u64) -> Request + Send + Sync> = Arc::new(|n| {
        post("/webhooks", &association(if n.is_multiple_of(2) { "usual" } else { "rare" }))
    });
    load(&relata, Duration::from_millis(200), &told);
    let unique = AtomicU64::new(1);
    let durable: Arc<dyn Fn(u64) -> Request + Send + Sync> = Arc::new(move |_| {
        post("/webhooks/RelationCreate", &body(unique.fetch_add(1, Ordering::Relaxed)))
    });
    let time = Duration::from_secs(seconds);
    let kinds: [(&str, OpenReaders<'_>); 3] = [
        (
            "of another record each",
            Box::new(|| Readers::open(relata.1, (0..readers).map(|n| format!("?of=contact/b{n}")))),
        ),
        (
            "of a rare label",
            Box::new(|| {
                Readers::open(relata.1, (0..readers).map(|_| "?label=rare%20home".to_owned()))
            }),
        ),
        ("of everything", Box::new(|| Readers::open(relata.1, (0..GREEDY).map(|_| String::new())))),
    ];
    let mut shares = [vec![], vec![], vec![]];
    let mut costs = shares.clone();
    // Warm, as it is later.
    load(&relata, time, &durable);
    for round in 1..=rounds {
        let resident = relata.resident_bytes() >> 20;
        println!("round {round}, {resident} MiB:");
        for (((what, open), shares), costs) in kinds.iter().zip(&mut shares).zip(&mut costs) {
            let without = load(&relata, time, &durable);
            let opened = open();
            let with = load(&relata, time, &durable);
            let bytes = opened.bytes.load(Ordering::Relaxed) / seconds.max(1);
            drop(opened);
            // The other way round, since a journal that grows makes posts slower.
            let after = load(&relata, time, &durable);
            let beside = f64::midpoint(without.per_second, after.per_second);
            println!(
                "  without {without}; with readers {what} {with}, {bytes} bytes/s read; \
                 without {after}"
            );
            shares.push(with.per_second / beside);
            let beside =
                f64::midpoint(without.processor.as_secs_f64(), after.processor.as_secs_f64());
            costs.push(with.processor.as_secs_f64() / beside);
        }
    }
    println!("{CONNECTIONS} connections, medians of {rounds} rounds:");
    for (((what, _), shares), costs) in kinds.iter().zip(&mut shares).zip(&mut costs) {
        let count = if *what == "of everything" { GREEDY } else { readers };
        let share = 100.0 * median(shares);
        let cost = 100.0 * median(costs);
        println!(
            "beside {count} readers {what}, posts reach {share:.1} % of those without, at \
             {cost:.1} % of the server's processor time each"
        );
    }
}
