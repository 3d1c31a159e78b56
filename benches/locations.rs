//! Measures what one location costs in a store of many: the start of a server, its first
//! post and first question, and commands that ask for one location, each as a process of its
//! own, beside the limit that it is to keep. `relata verify` reads all of them. Then a server
//! with little memory for graphs answers posts and questions that walk over all locations.
//!
//! `cargo bench --bench locations` makes two stores, one of 10,000,000 relations in 1,000
//! locations and one of 100,000 locations with ten relations each; the events of all
//! locations alternate. `-- FOLDER RELATIONS LOCATIONS SMALL` keeps them in a folder, for the
//! next time, and changes the numbers. With only a part of the name of a store behind
//! `--only`, that one alone.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

mod client;

use std::io::{Read, Result as IoResult};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::{Request, Server, get, load, median, post};
use relata::{Options, Store};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Relations of each location in the store of small ones.
const SMALL_RELATIONS: u64 = 10;

/// How often a process is measured; the median is shown.
const TURNS: u32 = 3;

const START: Duration = Duration::from_millis(300);
const QUESTION: Duration = Duration::from_millis(50);
const COMMAND: Duration = Duration::from_millis(300);

/// Most memory of one location, and of a verification.
const ONE: u64 = 100 << 20;
const VERIFY: u64 = 1 << 30;

/// Memory for graphs while all locations are asked, and how much a server may take then: a
/// quarter more.
const GRAPHS: u64 = 256 << 20;
const WITHIN_GRAPHS: u64 = GRAPHS / 4 * 5;

/// How long they are asked.
const WALK: Duration = Duration::from_secs(30);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let only = arguments.iter().position(|word| word == "--only");
    let named = only.and_then(|at| arguments.get(at + 1));
    let words = || arguments.get(..only.unwrap_or(arguments.len())).unwrap_or_default().iter();
    let numbers: Vec<u64> = words().filter_map(|word| word.parse().ok()).collect();
    let number = |at: usize, default: u64| numbers.get(at).copied().unwrap_or(default);
    let temporary = tempfile::tempdir().expect("a directory");
    let folder = words().find(|word| word.parse::<u64>().is_err()).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder).expect("a folder");
    let (relations, locations, small) =
        (number(0, 10_000_000), number(1, 1_000), number(2, 100_000));
    for (name, world) in [
        ("large", World { relations, locations }),
        ("small", World { relations: small * SMALL_RELATIONS, locations: small }),
    ] {
        if named.is_none_or(|named| name.contains(named.as_str())) {
            world.measure(&folder);
        }
    }
}

/// A store of relations, as many in each location.
#[derive(Debug, Clone, Copy)]
struct World {
    relations: u64,
    locations: u64,
}

impl World {
    fn events(self) -> u64 {
        self.locations + self.relations
    }

    /// Returns the body of an event: first an association of each location, then relations of
    /// each in turn.
    fn body(self, event: u64) -> String {
        let location = location(event % self.locations);
        let Some(relation) = event.checked_sub(self.locations) else {
            return format!(
                "{{\"id\":\"a\",\"key\":\"key\",\"associationType\":\"USER_DEFINED\",\
                 \"firstObjectKey\":\"contact\",\"firstObjectLabel\":\"Buyer\",\
                 \"secondObjectKey\":\"custom_objects.property\",\
                 \"secondObjectLabel\":\"Property\",\"locationId\":\"{location}\"}}"
            );
        };
        let number = relation / self.locations;
        let each = self.relations / self.locations;
        let (buyers, properties) = ((each / 5).max(1), (each / 10).max(1));
        format!(
            "{{\"id\":\"r{relation:023x}\",\"firstObjectKey\":\"contact\",\
             \"firstRecordId\":\"b{:023x}\",\"secondObjectKey\":\"custom_objects.property\",\
             \"secondRecordId\":\"p{:023x}\",\"associationId\":\"a\",\
             \"locationId\":\"{location}\"}}",
            number % buyers,
            // Another property each time that a buyer comes again.
            number * 7 % properties,
        )
    }

    /// Makes the store, unless it is there.
    fn make(self, folder: &Path) -> PathBuf {
        let path = folder.join(format!("{}-in-{}.db", self.relations, self.locations));
        let made = path.with_extension("made");
        if made.exists() {
            return path;
        }
        assert!(!path.exists(), "{} is half made: remove it", path.display());
        let start = Instant::now();
        let mut options = Options { checkpoint_events: 250_000, ..Options::default() };
        options.checkpoint_interval = Duration::from_secs(60);
        options.names.locations = usize::MAX;
        let store = Store::open_with(&path, options).expect("the store opens");
        let counts = store.import().read(Lines::of(self), |_| Ok(())).expect("good lines");
        assert_eq!((counts.lines, counts.refused), (self.events(), 0));
        store.close().expect("the disk works");
        std::fs::write(made, "").expect("the disk works");
        println!("{} is made in {:.1?}", path.display(), start.elapsed());
        path
    }

    fn measure(self, folder: &Path) {
        let path = self.make(folder);
        let each = self.relations / self.locations;
        println!(
            "\n{} relations in {} locations of {each}\n\n{:36} {:>9} {:>9} {:>9} {:>9}",
            self.relations, self.locations, "what", "took", "limit", "MB", "limit"
        );
        let mut served: Vec<Served> = (0..TURNS).map(|turn| self.serve(&path, turn)).collect();
        let mut line = |name: &str, limit, resident, of: fn(&mut Served) -> Duration| {
            let mut times: Vec<f64> = served.iter_mut().map(|it| of(it).as_secs_f64()).collect();
            let took = Duration::from_secs_f64(median(&mut times));
            show(name, Spent { took, resident }, limit, ONE);
        };
        line("serve: ready and first post", START, None, |it| it.first_post);
        line("serve: first question", QUESTION, None, |it| it.question);
        line("serve: the same again", QUESTION, None, |it| it.again);
        let resident = served.iter().map(|it| it.resident).max();
        let took = Duration::ZERO;
        show("serve: then resident", Spent { took, resident }, Duration::ZERO, ONE);
        let id = location(self.locations / 2);
        let buyer = format!("contact/b{:023x}", 0);
        let middle = (self.events() / 2).to_string();
        let commands: &[(&str, &[&str])] = &[
            ("summary", &["summary"]),
            ("links", &["links", &buyer]),
            ("history", &["history", &buyer]),
            ("links --as-of", &["links", &buyer, "--as-of", &middle]),
            ("export --format ndjson", &["export", "--format", "ndjson"]),
            ("verify --location", &["verify"]),
        ];
        for (name, words) in commands {
            let run = || run(&path, words, &["--location", &id]);
            let mut spent: Vec<Spent> = (0..TURNS).map(|_| run()).collect();
            spent.sort_by_key(|it| it.took);
            let median = spent.get(spent.len() / 2).copied().unwrap_or_default();
            show(name, median, COMMAND, ONE);
        }
        show("verify", run(&path, &["verify"], &[]), Duration::ZERO, VERIFY);
        self.walk(&path);
    }

    /// Posts to all locations and asks all of them, where their graphs have no room together.
    fn walk(self, path: &Path) {
        let mut relata = Command::new(env!("CARGO_BIN_EXE_relata"));
        relata.args(["serve", "--listen", "127.0.0.1:0", "--log", "error"]);
        relata.args(["--graph-memory", &GRAPHS.to_string(), "--db"]).arg(path);
        let server = Server::start(&mut relata);
        let process = std::process::id();
        let make = move |number: u64| {
            let at = number / 2 * 7 % self.locations;
            if number.is_multiple_of(2) {
                let id = format!("w{process:08x}{number:015x}");
                let body = self.body(self.locations + at).replace(&format!("r{at:023x}"), &id);
                return post("/webhooks/RelationCreate", &body);
            }
            get(&format!(
                "/v1/locations/{}/objects/contact/records/b{:023x}/links?limit=50",
                location(at),
                0
            ))
        };
        let make: Arc<dyn Fn(u64) -> Request + Send + Sync> = Arc::new(make);
        let rate = load(&server, WALK, &make);
        let spent = Spent { took: rate.p99, resident: peak_bytes(server.id()) };
        show("all locations, 256 MiB, p99", spent, Duration::ZERO, WITHIN_GRAPHS);
        println!("{:36} {rate}", "");
    }

    /// Starts a server, and asks for one location.
    fn serve(self, path: &Path, turn: u32) -> Served {
        let mut relata = Command::new(env!("CARGO_BIN_EXE_relata"));
        relata.args(["serve", "--listen", "127.0.0.1:0", "--log", "off", "--db"]);
        let (posted, asked) = (location(0), location(self.locations / 2));
        let id = format!("p{:08x}{turn:015x}", std::process::id());
        let body = self.body(self.locations).replace(&format!("r{:023x}", 0), &id);
        assert!(body.contains(&posted) && body.contains(&id), "{body}");
        let question = get(&format!(
            "/v1/locations/{asked}/objects/contact/records/b{:023x}/links?limit=50",
            0
        ));
        let start = Instant::now();
        let server = Server::start(relata.arg(path));
        exchange(&server, &post("/webhooks/RelationCreate", &body));
        let first_post = start.elapsed();
        let (first, again) = (exchange(&server, &question), exchange(&server, &question));
        Served { first_post, question: first, again, resident: server.resident_bytes() }
    }
}

fn location(number: u64) -> String {
    format!("location{number:012}")
}

/// The events of a store, one a line.
struct Lines {
    world: World,
    next: u64,
    line: Vec<u8>,
    read: usize,
}

impl Lines {
    fn of(world: World) -> Self {
        Self { world, next: 0, line: Vec::new(), read: 0 }
    }
}

impl Read for Lines {
    fn read(&mut self, to: &mut [u8]) -> IoResult<usize> {
        if self.read == self.line.len() && self.next < self.world.events() {
            self.line = self.world.body(self.next).into_bytes();
            self.line.push(b'\n');
            (self.next, self.read) = (self.next + 1, 0);
        }
        let read = self.line.get(self.read..).unwrap_or_default().read(to)?;
        self.read += read;
        Ok(read)
    }
}

/// What a server took.
struct Served {
    first_post: Duration,
    question: Duration,
    again: Duration,
    resident: u64,
}

/// Sends a request on a connection of its own, and returns how long the answer took.
fn exchange(server: &Server, request: &Request) -> Duration {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let start = Instant::now();
    runtime.block_on(async {
        let mut stream = TcpStream::connect(server.1).await.expect("a connection");
        stream.write_all(request).await.expect("a server that reads");
        client::answer(&mut stream, &mut Vec::new()).await;
    });
    start.elapsed()
}

/// What a process took: time, and memory at most.
#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    took: Duration,
    resident: Option<u64>,
}

fn run(path: &Path, words: &[&str], more: &[&str]) -> Spent {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_relata"))
        .args(words)
        .args(more)
        .arg("--db")
        .arg(path)
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut resident = None;
    let status = loop {
        // The most there ever was, as of now.
        resident = peak_bytes(child.id()).or(resident);
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(status.success(), "{words:?}: {status}");
    Spent { took: start.elapsed(), resident }
}

fn peak_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// Prints a line of the table. A limit of no time is none.
#[expect(clippy::cast_precision_loss, reason = "for people")]
fn show(name: &str, spent: Spent, limit: Duration, most: u64) {
    let Spent { took, resident } = spent;
    let time = |time: Duration| {
        if time.is_zero() { String::new() } else { format!("{:.3} s", time.as_secs_f64()) }
    };
    let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    let is_kept = (limit.is_zero() || took <= limit) && resident.is_none_or(|it| it <= most);
    println!(
        "{name:36} {:>9} {:>9} {:>9} {:>9}{}",
        time(took),
        time(limit),
        resident.map(megabytes).unwrap_or_default(),
        resident.map(|_| megabytes(most)).unwrap_or_default(),
        if is_kept { "" } else { "  exceeded" }
    );
}
