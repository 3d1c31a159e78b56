//! What the server costs beside bare warp: durable posts against an endpoint
//! that parses and echoes the same body, first pages of links against
//! hello-world. All run on this machine in turn, round by round, and share its
//! cores with the client.
//!
//! `cargo bench --bench http` runs 5 rounds of 2 seconds; `-- ROUNDS SECONDS
//! RELATIONS` changes that.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

mod workload;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use warp::Filter;

const CONNECTIONS: usize = 64;

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

struct Server(Child, SocketAddr);

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("an output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
        Self(child, address.and_then(|a| a.parse().ok()).expect("an address"))
    }

    fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()));
        let kib = status.ok().and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmRSS:"))?.to_owned();
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        });
        kib.unwrap_or(0) * 1024
    }

    /// In user and kernel mode, as Linux counts it: in hundredths of a second.
    fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()));
        let ticks = stat.ok().and_then(|stat| {
            let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
            Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
        });
        Duration::from_millis(ticks.unwrap_or(0) * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A ready-made request.
type Request = Vec<u8>;

fn get(path: &str) -> Request {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n").into_bytes()
}

fn post(path: &str, body: &str) -> Request {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Requests a second, how long the slowest in a hundred took, and what one cost
/// the server in processor time.
struct Rate {
    per_second: f64,
    p99: Duration,
    processor: Duration,
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { per_second, p99, processor } = self;
        write!(f, "{per_second:.0}/s, p99 {p99:.1?}, {processor:.1?} each")
    }
}

/// Sends requests over kept-alive connections, each waiting for its answer.
fn load(server: &Server, time: Duration, make: &Arc<dyn Fn(u64) -> Request + Send + Sync>) -> Rate {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let count = Arc::new(AtomicU64::new(0));
    let address = server.1;
    let (start, processor) = (Instant::now(), server.processor_time());
    let mut times: Vec<Duration> = runtime.block_on(async {
        let tasks: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let (make, count) = (Arc::clone(make), Arc::clone(&count));
                tokio::spawn(async move {
                    let mut stream = TcpStream::connect(address).await.expect("a connection");
                    stream.set_nodelay(true).expect("a socket");
                    let mut times = Vec::new();
                    let mut buffer = Vec::with_capacity(1 << 16);
                    while start.elapsed() < time {
                        let request = make(count.fetch_add(1, Ordering::Relaxed));
                        let sent = Instant::now();
                        stream.write_all(&request).await.expect("a server that reads");
                        answer(&mut stream, &mut buffer).await;
                        times.push(sent.elapsed());
                    }
                    times
                })
            })
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.expect("no failure"));
        }
        all
    });
    let took = start.elapsed();
    let processor = server.processor_time().saturating_sub(processor);
    let processor = processor / u32::try_from(times.len()).unwrap_or(u32::MAX).max(1);
    times.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
    let per_second = times.len() as f64 / took.as_secs_f64();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    Rate { per_second, p99, processor }
}

async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    loop {
        let read = stream.read_buf(buffer).await.expect("an answer");
        assert!(read > 0, "the server hung up");
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let text = std::str::from_utf8(buffer.get(..head).expect("a head")).expect("text");
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.and_then(|text| text.parse().ok()).expect("a length");
        while buffer.len() < head + 4 + length {
            stream.read_buf(buffer).await.expect("the rest");
        }
        return;
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
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
    let resident = relata.resident_bytes();
    println!("resident: {resident} bytes, {} per relation", resident / relations.max(1));
    let warp =
        Server::start(Command::new(std::env::current_exe().expect("a path")).arg("bare-warp"));
    let run = std::process::id();
    let body = move |n: u64| {
        let (buyer, property) = (n % 10_000, n * 7 % 5_000);
        format!(
            "{{\"id\":\"{run:08x}{n:016x}\",\"firstObjectKey\":\"contact\",\"firstRecordId\":\"{}\",\
             \"secondObjectKey\":\"custom_objects.property\",\"secondRecordId\":\"q{property:023x}\",\
             \"associationId\":\"a00000000000000000000000\",\"locationId\":\"posted00000000000000\"}}",
            workload::buyer(buyer)
        )
    };
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
    println!("durable posts reach {:.0} % of warp's echo", 100.0 * median(&mut posts));
    println!("first pages of links reach {:.0} % of warp's hello", 100.0 * median(&mut pages));
}
