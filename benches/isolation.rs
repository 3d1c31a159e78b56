//! Measures how well locations are isolated: the p99 of posts, `/healthz` and first pages
//! of one location, alone and beside the most expensive requests that another location
//! can be sent.
//!
//! The measured requests are paced, so that they do not fill the machine by themselves;
//! the expensive ones are sent one after another on connections of their own. Quiet
//! and busy phases alternate. Client and server share the machine: the thread that sends
//! expensive requests, which in production is another machine, runs only while no other has
//! work. A virtual machine whose cores are all in use may be made to stand still by its host
//! for some milliseconds in each tenth of a second, so threads that run only while no other
//! has work keep the cores in use in both phases.
//!
//! `cargo bench --bench isolation` runs 5 rounds of 3 seconds; `-- ROUNDS SECONDS
//! RELATIONS` changes that, and a further word selects requests by name.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

mod client;

use std::fmt::Write as _;
use std::io::{Read as _, Seek as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use client::{Request, Server, get, median, post};
use relata::{Delivery, Options, Store, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Connections of each kind of measured request, and how often each of them sends one.
const PACED_CONNECTIONS: u32 = 8;
const PACE: Duration = Duration::from_millis(20);

/// Connections that send the expensive requests.
const BUSY_CONNECTIONS: u64 = 4;

/// The requests that are refused, once they have been read.
const DEEP: &str = "deep bodies";

/// The status of requests that are refused since too many others run: they cost nothing.
const BUSY_STATUS: u16 = 429;

/// Associations of the busy location. Its hub is linked under each.
const ASSOCIATIONS: u64 = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let number = |at: usize, default: u64| {
        arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let only = arguments.iter().find(|word| word.parse::<u64>().is_err());
    let (rounds, seconds, relations) = (number(0, 5), number(1, 3), number(2, 300_000));
    compare(rounds, Duration::from_secs(seconds), relations, only.map(String::as_str));
}

fn association(location: &str, number: u64) -> String {
    format!(
        "{{\"id\":\"a{number}\",\"key\":\"key_{number}\",\"associationType\":\"USER_DEFINED\",\
         \"firstObjectKey\":\"contact\",\"firstObjectLabel\":\"Buyer {number}\",\
         \"secondObjectKey\":\"custom_objects.property\",\"secondObjectLabel\":\"Home {number}\",\
         \"locationId\":\"{location}\"}}"
    )
}

fn relation(location: &str, number: u64, buyer: &str, home: u64, association: u64) -> String {
    format!(
        "{{\"id\":\"r{number}\",\"firstObjectKey\":\"contact\",\"firstRecordId\":\"{buyer}\",\
         \"secondObjectKey\":\"custom_objects.property\",\"secondRecordId\":\"h{home}\",\
         \"associationId\":\"a{association}\",\"locationId\":\"{location}\"}}"
    )
}

/// Writes one busy location, most of whose links are those of a hub, and a quiet one.
fn fill(path: &Path, relations: u64) {
    let store = Store::open_with(path, Options::default()).expect("the store opens");
    let mut bodies: Vec<String> = (0..ASSOCIATIONS).map(|n| association("busy", n)).collect();
    bodies.push(association("quiet", 0));
    let quiet = (0..1_000).map(|n| relation("quiet", n, &format!("b{}", n / 10), n, 0));
    let busy = (0..relations).map(|n| {
        let buyer = if n % 3 == 0 { format!("b{}", n % 5_000) } else { "hub".to_owned() };
        relation("busy", n, &buyer, n, n % ASSOCIATIONS)
    });
    for body in bodies.into_iter().chain(quiet).chain(busy) {
        let delivery = Delivery::read(body.as_bytes(), None, Timestamp::from_millis(0));
        store.submit_waiting(delivery.expect("a good body"), |_| ()).expect("room");
    }
    store.checkpoint().expect("the disk works");
}

type Make = Arc<dyn Fn(u64) -> Request + Send + Sync>;

/// The measured requests: durable posts, `/healthz`, first pages.
fn measured() -> [(&'static str, Make); 3] {
    let run = std::process::id();
    let unique = AtomicU64::new(0);
    let durable: Make = Arc::new(move |n| {
        let unique = unique.fetch_add(1, Ordering::Relaxed);
        let body = relation("quiet", 1_000, &format!("b{}", n % 100), n % 1_000, 0)
            .replace("r1000", &format!("p{run:08x}{unique:016x}"));
        post("/webhooks/RelationCreate", &body)
    });
    let health: Make = Arc::new(|_| get("/healthz"));
    let page: Make = Arc::new(|n| {
        let buyer = n % 100;
        get(&format!("/v1/locations/quiet/objects/contact/records/b{buyer}/links?label=Home%200"))
    });
    [("posts", durable), ("/healthz", health), ("first pages", page)]
}

/// Imports of 20,000 new relations of the hub each.
fn imports(relations: u64) -> Make {
    let made = AtomicU64::new(0);
    Arc::new(move |_| {
        let mut lines = String::new();
        for _ in 0..20_000 {
            let n = made.fetch_add(1, Ordering::Relaxed) + relations;
            let line = relation("busy", n, "hub", n, n % ASSOCIATIONS);
            writeln!(lines, "{line}").expect("memory");
        }
        post("/v1/import", &lines)
    })
}

/// The most expensive requests, by what they ask for.
fn expensive(relations: u64) -> Vec<(&'static str, Make)> {
    let texts = |count: u64, text: &dyn Fn(u64) -> String| {
        let texts: Vec<String> = (0..count).map(|n| format!("\"{}\"", text(n))).collect();
        texts.join(",")
    };
    let labels = texts(100, &|n| format!("Home {n}"));
    let nodes = texts(1_000, &|n| format!("contact/b{}", n * 3 % 5_000));
    let batch = format!("{{\"of\":[{nodes}],\"label\":[{labels}],\"limit\":1000}}");
    let conditions = "{\"linkedTo\":\"contact/hub\"},".repeat(50);
    let matching = format!("{{\"all\":[{}]}}", conditions.trim_end_matches(','));
    let walk = "{\"from\":[\"contact/hub\"],\"steps\":[{},{},{},{}]}";
    let busy = "/v1/locations/busy";
    let fixed = |request: Request| -> Make { Arc::new(move |_| request.clone()) };
    let import = imports(relations);
    let flip: Make = Arc::new(|n| {
        let change = if n.is_multiple_of(2) { "RelationDelete" } else { "RelationCreate" };
        let number = n / 2 * 7_919 % 100_000;
        post(&format!("/webhooks/{change}"), &relation("busy", number, "hub", number, 1))
    });
    let hub: Make =
        Arc::new(|_| post("/webhooks/RecordDelete", "{\"id\":\"hub\",\"locationId\":\"busy\"}"));
    let hostile = format!("{{\"locationId\":\"busy\",\"id\":{}", "[".repeat(200_000));
    vec![
        ("batch of 1,000 nodes", fixed(post(&format!("{busy}/links"), &batch))),
        ("match of 50 hubs", fixed(post(&format!("{busy}/match"), &matching))),
        ("walk of 4 steps", fixed(post(&format!("{busy}/walk"), walk))),
        (
            "neighborhood",
            fixed(get(&format!("{busy}/neighborhood?of=contact/hub&depth=3&limit=1000"))),
        ),
        (
            "path",
            Arc::new(move |n| {
                get(&format!(
                    "{busy}/path?from=contact/hub&to=contact/b{}&maxHops=8",
                    n * 3 % 5_000
                ))
            }),
        ),
        (
            "the past",
            Arc::new(move |n| {
                let seq = relations / 2 + n * 7 % (relations / 2);
                get(&format!("{busy}/neighborhood?of=contact/hub&depth=2&asOf={seq}"))
            }),
        ),
        ("diff", fixed(get(&format!("{busy}/diff?from=1&limit=1000")))),
        ("history of a hub", fixed(get(&format!("{busy}/history?of=contact/hub&limit=1000")))),
        ("events", fixed(get(&format!("{busy}/events?limit=1000")))),
        ("export", fixed(get(&format!("{busy}/export?format=graphml")))),
        ("export of the past", fixed(get(&format!("{busy}/export?format=gexf&dynamic=true")))),
        ("export of events", fixed(get(&format!("{busy}/export?format=ndjson")))),
        ("changes from the start", fixed(get(&format!("{busy}/changes?after=0")))),
        ("import", import),
        ("deletes and creates", flip),
        ("delete of the hub", hub),
        (DEEP, fixed(post("/webhooks", &hostile))),
        ("dead letters", fixed(get("/v1/dead-letters?limit=1000"))),
        ("locations and metrics", fixed(get("/metrics"))),
    ]
}

/// How long the slowest in a hundred took, of each kind of measured request.
fn slowest(address: SocketAddr, time: Duration, kinds: &[(&'static str, Make); 3]) -> [f64; 3] {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let begun = Instant::now();
    runtime.block_on(async {
        let mut of_kinds = Vec::new();
        for (_, make) in kinds {
            let paced = |connection: u32| {
                let make = Arc::clone(make);
                tokio::spawn(async move {
                    let mut stream = TcpStream::connect(address).await.expect("a connection");
                    stream.set_nodelay(true).expect("a socket");
                    let mut times = Vec::new();
                    let mut buffer = Vec::new();
                    let mut due = begun + PACE * connection / PACED_CONNECTIONS;
                    let mut number = u64::from(connection);
                    while begun.elapsed() < time {
                        tokio::time::sleep_until(due.into()).await;
                        stream.write_all(&make(number)).await.expect("a server that reads");
                        client::answer(&mut stream, &mut buffer).await;
                        // From when it was due: a stall is not one request's alone.
                        times.push(due.elapsed());
                        number += u64::from(PACED_CONNECTIONS);
                        due += PACE;
                    }
                    times
                })
            };
            of_kinds.push((0..PACED_CONNECTIONS).map(paced).collect::<Vec<_>>());
        }
        let mut p99s = [0.0; 3];
        for (p99, tasks) in p99s.iter_mut().zip(of_kinds) {
            let mut times = Vec::new();
            for task in tasks {
                times.extend(task.await.expect("no failure"));
            }
            times.sort_unstable();
            let slowest = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
            *p99 = slowest.as_secs_f64() * 1e3;
        }
        p99s
    })
}

/// Threads that run until this is dropped.
struct Threads {
    stop: Arc<AtomicBool>,
    handles: Vec<std::thread::JoinHandle<()>>,
}

impl Threads {
    /// Starts those that `start` returns, which are to end once the flag is set.
    fn start(start: impl FnOnce(&Arc<AtomicBool>) -> Vec<std::thread::JoinHandle<()>>) -> Self {
        let stop = Arc::<AtomicBool>::default();
        Self { handles: start(&stop), stop }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.handles.drain(..) {
            thread.join().expect("no failure");
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Uses what is left of the cores.
fn spin() -> Threads {
    Threads::start(|stop| {
        let spin = |_| {
            let stop = Arc::clone(stop);
            std::thread::spawn(move || {
                step_back();
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        (0..cores()).map(spin).collect()
    })
}

/// Sends a file again and again over the loopback to threads that step back: what the machine
/// itself does to the measured requests while its cores, its memory and its network are in use
/// by a program that is not the server.
fn transfer(path: &Path) -> Threads {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a socket");
    Threads::start(|stop| {
        let transfer = |_| {
            let sender = std::net::TcpStream::connect(address).expect("a connection");
            let (mut receiver, _) = listener.accept().expect("a connection");
            let file = std::fs::File::open(path).expect("a file");
            let stop = Arc::clone(stop);
            let receive = move || {
                step_back();
                std::io::copy(&mut receiver, &mut std::io::sink()).expect("a connection");
            };
            [std::thread::spawn(receive), std::thread::spawn(move || send(file, sender, &stop))]
        };
        (0..cores()).flat_map(transfer).collect()
    })
}

/// Sends a file from its start, again and again.
fn send(mut file: std::fs::File, mut to: std::net::TcpStream, stop: &AtomicBool) {
    let mut buffer = vec![0; 64 << 10];
    while !stop.load(Ordering::Relaxed) {
        match file.read(&mut buffer).expect("a file") {
            0 => file.rewind().expect("a file"),
            read => to.write_all(buffer.get(..read).unwrap_or_default()).expect("a receiver"),
        }
    }
}

/// Sends expensive requests until dropped, from a thread of its own.
struct Busy {
    answers: Arc<AtomicU64>,
    _thread: Threads,
}

impl Busy {
    fn start(address: SocketAddr, make: &Make) -> Self {
        let answers = Arc::<AtomicU64>::default();
        let (make, counted) = (Arc::clone(make), Arc::clone(&answers));
        let run = move |stop: &AtomicBool| {
            step_back();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            let number = Arc::<AtomicU64>::default();
            for _ in 0..BUSY_CONNECTIONS {
                let (make, number) = (Arc::clone(&make), Arc::clone(&number));
                let answers = Arc::clone(&counted);
                runtime.spawn(async move {
                    loop {
                        let request = make(number.fetch_add(1, Ordering::Relaxed));
                        let status = exchange(address, &request).await;
                        if status.is_some_and(|status| status != BUSY_STATUS) {
                            answers.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            runtime.block_on(async {
                while !stop.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            });
        };
        let thread = Threads::start(|stop| {
            let stop = Arc::clone(stop);
            vec![std::thread::spawn(move || run(&stop))]
        });
        Self { answers, _thread: thread }
    }
}

/// Lets this thread run only when no other has work.
#[cfg(target_os = "linux")]
fn step_back() {
    let thread = std::fs::read_link("/proc/thread-self").expect("proc is mounted");
    let id = thread.file_name().expect("a thread's number");
    let changed = Command::new("chrt").args(["--idle", "--pid", "0"]).arg(id).status();
    if !changed.is_ok_and(|status| status.success()) {
        println!("no `chrt` of util-linux: the expensive requests compete for the cores");
        rustix::process::nice(19).expect("a lower priority");
    }
}

#[cfg(not(target_os = "linux"))]
fn step_back() {}

/// Asserts that a request does what it is to measure. One that is refused costs next to
/// nothing, and would look well isolated.
fn check(address: SocketAddr, name: &str, request: &[u8]) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let expected = if name == DEEP { 400 } else { 200 };
    let limit = Duration::from_secs(20);
    let status = runtime.block_on(async {
        // A stream goes on; its status is there at once.
        tokio::time::timeout(limit, status_of(address, request)).await.ok().flatten()
    });
    assert_eq!(status, Some(expected), "{name}");
}

/// Sends a request and returns the status of its answer.
async fn status_of(address: SocketAddr, request: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(request).await.ok()?;
    read_status(&mut stream).await
}

async fn read_status(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<u16> {
    let mut head = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut head).await.ok()?;
    std::str::from_utf8(head.get(9..)?).ok()?.parse().ok()
}

/// Sends a request on a connection of its own and reads some of the answer, to its end or
/// for as long as a stream lasts. Returns its status.
async fn exchange(address: SocketAddr, request: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request: Vec<u8> = {
        let head = request.windows(4).position(|window| window == b"\r\n\r\n")?;
        let (head, body) = request.split_at(head);
        [head, b"\r\nconnection: close", body].concat()
    };
    let (mut read, mut write) = stream.split();
    let send = async {
        write.write_all(&request).await.ok();
    };
    let receive = async {
        let status = read_status(&mut read).await;
        let mut buffer = vec![0; 64 << 10];
        while let Ok(Ok(1..)) =
            tokio::time::timeout(Duration::from_secs(10), read.read(&mut buffer)).await
        {}
        status
    };
    tokio::join!(send, receive).1
}

/// What runs beside the measured requests.
enum Beside {
    /// The control: no requests.
    Transfers,
    Requests(Make),
}

fn compare(rounds: u64, time: Duration, relations: u64, only: Option<&str>) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("relata.db");
    fill(&path, relations);
    let mut relata = Command::new(env!("CARGO_BIN_EXE_relata"));
    relata.args(["serve", "--listen", "127.0.0.1:0", "--log", "off", "--db"]);
    let relata = Server::start(relata.arg(&path));
    let kinds = measured();
    let _spinning = spin();
    slowest(relata.1, time, &kinds);
    println!("p99 of {} requests a second each, medians of {rounds} rounds,", 400);
    println!("beside {BUSY_CONNECTIONS} connections that send expensive requests\n");
    println!("{:26} {:>12} {:>12} {:>12}", "beside", "posts", "/healthz", "first pages");
    let requests =
        expensive(relations).into_iter().map(|(name, make)| (name, Beside::Requests(make)));
    let requests = requests.filter(|(name, _)| only.is_none_or(|only| name.contains(only)));
    let control = [("control: file transfers", Beside::Transfers)];
    for (name, beside) in control.into_iter().chain(requests) {
        if let Beside::Requests(make) = &beside {
            check(relata.1, name, &make(0));
        }
        let mut p99s: [[Vec<f64>; 2]; 3] = Default::default();
        let mut answers = 0;
        for _ in 0..rounds {
            let quiet = slowest(relata.1, time, &kinds);
            let during = || {
                std::thread::sleep(Duration::from_millis(200));
                slowest(relata.1, time, &kinds)
            };
            let busy = match &beside {
                Beside::Transfers => {
                    let _transfers = transfer(&path);
                    during()
                }
                Beside::Requests(make) => {
                    let busy = Busy::start(relata.1, make);
                    let measured = during();
                    answers += busy.answers.load(Ordering::Relaxed);
                    measured
                }
            };
            std::thread::sleep(Duration::from_millis(300));
            for ((values, quiet), busy) in p99s.iter_mut().zip(quiet).zip(busy) {
                values[0].push(quiet);
                values[1].push(busy);
            }
        }
        let mut line = format!("{name:26}");
        for [quiet, beside] in &mut p99s {
            let (quiet, beside) = (median(quiet), median(beside));
            write!(line, " {quiet:4.1} {beside:4.1} ×{:<4.1}", beside / quiet).expect("memory");
        }
        println!("{line}  ({answers} answers)");
    }
    println!("resident: {} MiB", relata.resident_bytes() >> 20);
}
