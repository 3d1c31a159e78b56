//! LinkBench, Facebook's benchmark of stores of associations (facebookarchive/linkbench): its
//! mix of operations, its distributions of links and of requests, against Relata over HTTP and
//! PostgreSQL over its own protocol, and in this process against Relata as a library and
//! SQLite. Every write is on disk before it is answered. All stores hold the same graph and are
//! asked by this process, in turn, round by round: as many clients for each, blocking threads
//! with one request at a time, which draw the same requests from the same seeds.
//!
//! `cargo bench --bench linkbench -- postgres://postgres@127.0.0.1/EMPTY` runs 5 rounds of 10
//! seconds over 1,000,000 links with 16 clients and with 64, after one that does not count;
//! `URL LINKS SECONDS ROUNDS CLIENTS …` changes that. Without a URL PostgreSQL is left out. What
//! is made there remains there: name a database that can be dropped.
//!
//! What is not alike:
//!
//! - A node is a record whose name is its payload, at most 256 bytes for every store here;
//!   LinkBench has a median of 128 and no limit. `getnode` asks `between` for one record.
//! - A link's payload is on disk in Relata, with the body of its event, but in no answer.
//! - `updatelink` creates a relation again under a later time. Relata lists links in the order
//!   in which it heard of them first, so what is updated keeps its place; in the tables it
//!   becomes the newest of its list.
//! - `getlink` asks `between`, which also finds the links among the far ends.
//! - Relata keeps and answers both ends of each link, LinkBench one. `countlink` counts all
//!   types and both ends.
//! - A node that is deleted hides its links in Relata; in the tables they remain. One
//!   that is updated after that is back in Relata, and remains deleted in the tables.
//! - Relata writes an event for each request, also for a link to delete that is not there.
//! - Lists hold 1,000 links at most, a page of Relata, where LinkBench has 10,000.
//! - The graph is smaller than LinkBench's ten million nodes, and so are its greatest hubs.
//! - All tables fit in memory, as Relata's graph does.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

mod client;
mod linkbench {
    pub(super) mod client;
    pub(super) mod distributions;
    pub(super) mod events;
    pub(super) mod graph;
    pub(super) mod library;
    pub(super) mod measuring;
    pub(super) mod over_http;
    pub(super) mod postgres_tables;
    pub(super) mod relata;
    pub(super) mod report;
    pub(super) mod requests;
    pub(super) mod sqlite_tables;
}
mod workload;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use linkbench::client::Client;
use linkbench::graph::Graph;
use linkbench::library::{self, Library};
use linkbench::measuring::Workload;
use linkbench::over_http::OverHttp;
use linkbench::postgres_tables::{self, PostgresTables};
use linkbench::relata::Relata;
use linkbench::report::Report;
use linkbench::requests::{Access, Request, Requests};
use linkbench::sqlite_tables::{self, SqliteTables};
use rusqlite::Connection;

/// The stores, in the order in which they are asked, and the names of their processes.
const STORES: [(&str, &str); 4] = [
    ("Relata over HTTP", "relata"),
    ("PostgreSQL", "postgres"),
    ("Relata in process", ""),
    ("SQLite", ""),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let url = arguments.first().filter(|first| first.starts_with("postgres"));
    let numbers: Vec<u64> = arguments.iter().filter_map(|word| word.parse().ok()).collect();
    let number = |at: usize, default: u64| numbers.get(at).copied().unwrap_or(default);
    let (links, seconds, rounds) = (number(0, 1_000_000), number(1, 10), number(2, 5));
    let clients: Vec<u64> = match numbers.get(3..) {
        Some(clients) if !clients.is_empty() => clients.to_vec(),
        _ => vec![16, 64],
    };
    if url.is_none() {
        println!("*** POSTGRESQL IS LEFT OUT *** name a database: -- postgres://…/EMPTY");
    }
    let directory = tempfile::tempdir().expect("a directory");
    let graph = Arc::new(Graph::of_links(links));
    println!("{} links of {} nodes", graph.links, graph.nodes());
    let stores = Stores::fill(directory.path(), &graph, url);
    let access = Arc::new(Access::new(graph.nodes()));
    let workload = Workload { graph, access, time: Duration::from_secs(seconds) };
    stores.check(&workload);
    for clients in clients.iter().filter_map(|clients| usize::try_from(*clients).ok()) {
        stores.compare(&workload, clients, rounds);
    }
}

/// Everything that is compared, filled with the same graph.
struct Stores<'u> {
    server: client::Server,
    library: Arc<relata::Store>,
    sqlite: PathBuf,
    sqlite_writer: Arc<Mutex<Connection>>,
    postgres: Option<&'u String>,
}

impl<'u> Stores<'u> {
    fn fill(directory: &Path, graph: &Graph, postgres: Option<&'u String>) -> Self {
        let timed = |what: &str, start: Instant| {
            println!("filled {what} in {:.1?}", start.elapsed());
        };
        let start = Instant::now();
        let (of_server, sqlite) = (directory.join("served.db"), directory.join("tables.db"));
        drop(library::fill(&of_server, graph));
        timed("Relata", start);
        let own = directory.join("relata.db");
        std::fs::copy(&of_server, &own).expect("room on the disk");
        let library = relata::Store::open(own).expect("the store opens");
        let mut command = Command::new(env!("CARGO_BIN_EXE_relata"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--db"])
            .arg(&of_server);
        let server = client::Server::start(&mut command);
        let start = Instant::now();
        let sqlite_writer = sqlite_tables::fill(&sqlite, graph);
        timed("SQLite", start);
        if let Some(url) = postgres {
            let start = Instant::now();
            let settings = postgres_tables::fill(url, graph);
            timed(&format!("PostgreSQL ({settings})"), start);
        }
        Self { server, library: Arc::new(library), sqlite, sqlite_writer, postgres }
    }

    fn client(&self, store: usize) -> Option<Box<dyn Client>> {
        Some(match store {
            0 => Box::new(Relata::new(OverHttp::new(self.server.1))),
            1 => Box::new(PostgresTables::new(self.postgres?)),
            2 => Box::new(Relata::new(Library(Arc::clone(&self.library)))),
            _ => Box::new(SqliteTables::new(&self.sqlite, &self.sqlite_writer)),
        })
    }

    /// Panics if the stores do not give the same answers before anything is written.
    fn check(&self, workload: &Workload) {
        let mut clients: Vec<_> = (0..STORES.len()).filter_map(|at| self.client(at)).collect();
        let mut requests = Requests::new(&workload.graph, &workload.access, 1);
        for _ in 0..20_000 {
            let request = requests.next();
            let is_read = matches!(
                request,
                Request::GetLinkList { older: None, .. }
                    | Request::CountLink { .. }
                    | Request::GetNode { .. }
            );
            if is_read {
                let mut rows: Vec<u64> =
                    clients.iter_mut().map(|client| client.perform(&request)).collect();
                rows.dedup();
                assert_eq!(rows.len(), 1, "{request:?} has different answers: {rows:?}");
            }
        }
    }

    fn compare(&self, workload: &Workload, clients: usize, rounds: u64) {
        println!("\n{clients} clients");
        let mut report = Report::new(STORES.map(|(name, _)| name));
        for round in 0..=rounds {
            for (number, (name, server)) in STORES.iter().enumerate() {
                if number == 1 && self.postgres.is_none() {
                    continue;
                }
                let make = || self.client(number).expect("it is filled");
                let mut times = workload.run(clients, round, server, &make);
                let [own, served] = times.processor();
                println!(
                    "round {round}, {name}: {:.0}/s, {} rows; processor time each: \
                     {own:.0} µs here, {served:.0} µs in the server",
                    times.per_second(),
                    times.rows
                );
                // The first round is for warming up.
                if round > 0 {
                    report.add(number, &mut times);
                }
            }
        }
        report.print();
    }
}
