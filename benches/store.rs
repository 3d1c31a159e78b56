//! What the parts of the store cost, each beside the least that anybody could
//! do: an append beside a plain insert of the same bytes, a page of links beside
//! a copy of the finished page, an open beside a scan of the tables it reads.
//!
//! `cargo bench --bench store`, or with a part's name behind `--`.

#![expect(clippy::expect_used, reason = "a benchmark")]

mod workload;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use relata::graph::{Budget, Link, LinkFilter, LinkQuery, LocationGraph};
use relata::history::Subject;
use relata::journal::{Journal, JournalEntry, SqliteJournal};
use relata::mutation::{Mutation, Mutations};
use relata::webhook::{Decoded, decode};
use relata::{Event, LocationId, NodeRef, Seq, Store, Timestamp};

const RELATIONS: u64 = 1_000_000;

const PAGE: usize = 50;

/// Nodes asked for in turn, so that no answer comes from a warm cache line.
const ASKED: usize = 4096;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(30)
        .configure_from_args();
    decoding(&mut criterion);
    appending(&mut criterion);
    merging(&mut criterion);
    mutating(&mut criterion);
    #[cfg(feature = "server")]
    signatures(&mut criterion);
    importing();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("relata.db");
    let store = workload::store(Some(&path), RELATIONS);
    first_pages(&mut criterion, &store);
    past(&mut criterion, &store);
    store.close().expect("the disk works");
    opening(&mut criterion, &path);
    criterion.final_summary();
}

fn decoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    let samples = [
        ("association", include_str!("../data/events/association-create.json")),
        ("relation", include_str!("../data/events/relation-create.json")),
        ("record", include_str!("../data/events/record-create.json")),
    ];
    for (name, body) in samples {
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |b| b.iter(|| decode(black_box(body.as_bytes()), None)));
    }
    group.finish();
}

fn appending(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    let body = include_str!("../data/events/relation-create.json");
    let entry = JournalEntry {
        location: "eHy2cOSZxMQzQ6Yyvl8P",
        event_type: "RelationCreate",
        entity: "690d9b3bcb8b7d2b6ab5cd75",
        webhook_id: Some("0b5e6f1c-87e6-4c27-8d8a-4d6cbb2a2b2e"),
        at: Some(Timestamp::from_millis(0)),
        received_at: Timestamp::from_millis(0),
        body,
    };
    let directory = tempfile::tempdir().expect("a directory");
    let mut journal = SqliteJournal::open(&directory.path().join("journal.db")).expect("a journal");
    let mut plain = plain(&directory.path().join("plain.db"));
    for batch in [1, 10, 100, 1000, CHUNK] {
        let entries = vec![entry; batch];
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function(BenchmarkId::new("journal", batch), |b| {
            b.iter(|| journal.append(&entries).expect("the disk works"));
        });
        group.bench_function(BenchmarkId::new("plain insert", batch), |b| {
            b.iter(|| insert(&mut plain, &entries));
        });
    }
    group.finish();
}

/// A database as durable as the journal's.
fn plain(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).expect("a database");
    connection.pragma_update(None, "journal_mode", "WAL").expect("a write-ahead log");
    connection.pragma_update(None, "synchronous", "FULL").expect("an fsync for each commit");
    connection
        .execute_batch(
            "CREATE TABLE plain (location TEXT, type TEXT, entity TEXT, webhook_id TEXT, body TEXT)",
        )
        .expect("a table");
    connection
}

fn insert(connection: &mut rusqlite::Connection, entries: &[JournalEntry<'_>]) {
    let transaction = connection.transaction().expect("a transaction");
    {
        let mut insert = transaction
            .prepare_cached("INSERT INTO plain VALUES (?1, ?2, ?3, ?4, ?5)")
            .expect("a statement");
        for entry in entries {
            insert
                .execute((
                    entry.location,
                    entry.event_type,
                    entry.entity,
                    entry.webhook_id,
                    entry.body,
                ))
                .expect("a row");
        }
    }
    transaction.commit().expect("the disk works");
}

/// Lines in one transaction of an import.
const CHUNK: usize = 4_096;

/// A million relations from NDJSON into a new file, beside plain inserts of the same
/// texts, which are split and read before, in transactions of the same size; and the
/// same lines again, all of which are known, and with only changes. In turns, the best of three: one takes
/// too long for Criterion.
#[expect(clippy::print_stdout, reason = "figures")]
fn importing() {
    let mut asked = std::env::args().skip(1).filter(|it| !it.starts_with('-')).peekable();
    if asked.peek().is_some() && !asked.any(|it| it.contains("import")) {
        return;
    }
    let bodies: Vec<String> = workload::bodies(RELATIONS).collect();
    let file = bodies.join("\n");
    let deliveries: Vec<(&str, Event)> = bodies.iter().map(|it| (&**it, event(it))).collect();
    let entries: Vec<JournalEntry<'_>> = deliveries
        .iter()
        .map(|(body, event)| JournalEntry {
            location: event.location.as_str(),
            event_type: event.event_type.as_str(),
            entity: event.change.entity_id(),
            webhook_id: None,
            at: None,
            received_at: Timestamp::from_millis(0),
            body,
        })
        .collect();
    let mut best = [f64::INFINITY; 4];
    for _ in 0..3 {
        let directory = tempfile::tempdir().expect("a directory");
        let mut plain = plain(&directory.path().join("plain.db"));
        let store = Store::open(directory.path().join("relata.db")).expect("a store");
        let import = || {
            store.import().read(file.as_bytes(), |_| Ok(())).expect("the disk works");
        };
        let changes = || {
            let import = store.import().only_changes();
            let counts = import.read(file.as_bytes(), |_| Ok(())).expect("the disk works");
            assert_eq!(counts.applied, 0);
        };
        let seconds = [
            timed(|| entries.chunks(CHUNK).for_each(|chunk| insert(&mut plain, chunk))),
            timed(import),
            timed(import),
            timed(changes),
        ];
        for (best, seconds) in best.iter_mut().zip(seconds) {
            *best = best.min(seconds);
        }
    }
    let [plain, imported, known, unchanged] = best;
    println!(
        "import of {} lines: {imported:.2} s, plain insert {plain:.2} s (1 to {:.2}), again {known:.2} s, only changes, of which there are none, {unchanged:.2} s",
        entries.len(),
        imported / plain
    );
}

fn timed(run: impl FnOnce()) -> f64 {
    let since = Instant::now();
    run();
    since.elapsed().as_secs_f64()
}

fn merging(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("merge");
    for size in [10_000, 100_000] {
        let events: Vec<(Seq, Event)> =
            (1..).zip(workload::bodies(size).map(|body| event(&body))).collect();
        group.throughput(Throughput::Elements(events.len() as u64));
        group.sample_size(10);
        group.bench_function(BenchmarkId::new("new relations", size), |b| {
            b.iter_batched_ref(
                LocationGraph::new,
                |graph| merge(graph, &events),
                BatchSize::LargeInput,
            );
        });
        let mut graph = LocationGraph::new();
        merge(&mut graph, &events);
        group.bench_function(BenchmarkId::new("known relations", size), |b| {
            b.iter(|| merge(&mut graph, &events));
        });
    }
    group.finish();
}

/// Calls that link records that nothing has linked, into a file, beside an append of as many
/// entries.
fn mutating(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mutate");
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(directory.path().join("relata.db")).expect("a store");
    let location = LocationId::from("here");
    let association = "OPPORTUNITIES_CONTACTS_ASSOCIATION";
    let mut made = 0_u64;
    for batch in [1, 10, 100, 1000] {
        group.throughput(Throughput::Elements(batch));
        group.bench_function(BenchmarkId::new("links", batch), |b| {
            b.iter(|| {
                let link = |number: u64| Mutation::CreateRelation {
                    association: association.into(),
                    first: format!("opportunity-{}", number % 997).as_str().into(),
                    second: format!("contact-{number}").as_str().into(),
                };
                let mutations = (made..made + batch).map(link).collect();
                made += batch;
                let call = Mutations { location: location.clone(), trace_id: None, mutations };
                let mutated = store.mutate(call).expect("the disk works");
                assert!(mutated.outcomes.iter().all(Result::is_ok));
            });
        });
    }
    group.finish();
}

fn event(body: &str) -> Event {
    match decode(body.as_bytes(), None) {
        Ok(Decoded::Event(event)) => event,
        other => unreachable!("{other:?} of {body}"),
    }
}

fn merge(graph: &mut LocationGraph, events: &[(Seq, Event)]) {
    for (seq, event) in events {
        black_box(graph.merge(*seq, event));
    }
}

fn first_pages(criterion: &mut Criterion, store: &Store) {
    let location =
        store.location(&workload::location(0)).expect("it is loaded").expect("the first location");
    let graph = location.read();
    let buyers = RELATIONS / 5 / workload::LOCATIONS;
    let mut numbers = workload::Numbers::new(7);
    let spread: Vec<NodeRef> =
        (0..ASKED).map(|_| contact(numbers.below(buyers))).filter(|n| graph.knows(n)).collect();
    let mut group = criterion.benchmark_group("first page of links");
    group.throughput(Throughput::Elements(1));
    for (name, nodes) in [("random", spread), ("hub", vec![contact(0)])] {
        let query = LinkQuery::default().limit(PAGE);
        let pages: Vec<Vec<Link<'_>>> = nodes
            .iter()
            .map(|node| {
                graph
                    .view()
                    .links(node, &query, &mut Budget::unbounded())
                    .expect("a known node")
                    .links
            })
            .collect();
        let mut asked = nodes.iter().cycle();
        let mut copied = pages.iter().cycle();
        group.bench_function(BenchmarkId::new("links", name), |b| {
            b.iter(|| {
                graph.view().links(asked.next().expect("nodes"), &query, &mut Budget::unbounded())
            });
        });
        group.bench_function(BenchmarkId::new("slice copy", name), |b| {
            b.iter(|| copied.next().expect("nodes").clone());
        });
        let labelled = LinkQuery::from(LinkFilter::default().label("Property 0")).limit(PAGE);
        group.bench_function(BenchmarkId::new("links of a label", name), |b| {
            b.iter(|| {
                graph.view().links(
                    asked.next().expect("nodes"),
                    &labelled,
                    &mut Budget::unbounded(),
                )
            });
        });
    }
    group.finish();
}

/// How a location stood after half of all events, and who was told of one of its
/// records: neither is kept from one question to the next.
fn past(criterion: &mut Criterion, store: &Store) {
    let location = workload::location(0);
    let mut group = criterion.benchmark_group("past");
    group.sample_size(10);
    group.throughput(Throughput::Elements(RELATIONS / 2));
    // Ever earlier: a later moment would go on from one that is kept, and one with
    // no event of the location in between is the same.
    let mut moment = store.head() / 2;
    group.bench_function("half of all events, of which this location's are replayed", |b| {
        b.iter(|| {
            moment -= 1_000;
            store.past(&location, moment).expect("a past")
        });
    });
    group.throughput(Throughput::Elements(RELATIONS));
    let of = store.location(&location).expect("it is loaded").expect("the first location");
    let page = of.links(&format!("contact/{}", workload::buyer(0))).limit(1_000).page();
    let ids = page.expect("a known node").links.into_iter().filter_map(|link| link.relation);
    let subjects: Vec<Subject> = ids.map(Subject::Relation).collect();
    let mut asked = subjects.iter().cycle();
    group.bench_function("history of a relation, among all events", |b| {
        b.iter(|| {
            let page = store.history(&location, asked.next().expect("relations"), 0, 10);
            assert_eq!(page.expect("a history").events.len(), 1);
        });
    });
    group.finish();
}

fn contact(number: u64) -> NodeRef {
    format!("contact/{}", workload::buyer(number)).parse().expect("a node")
}

fn opening(criterion: &mut Criterion, path: &Path) {
    let mut group = criterion.benchmark_group("open");
    group.sample_size(10);
    group.throughput(Throughput::Elements(RELATIONS));
    group.bench_function("store", |b| {
        b.iter_with_large_drop(|| Store::open_read_only(path).expect("the store opens"));
    });
    group.bench_function("scan of its tables", |b| b.iter(|| scan(path)));
    group.finish();
}

/// Reads every value of the tables that opening reads.
fn scan(path: &Path) -> usize {
    let connection = rusqlite::Connection::open(path).expect("the database");
    let mut read = 0;
    for table in ["location", "object", "association", "unkeyed_record", "record", "relation"] {
        let mut select =
            connection.prepare(&format!("SELECT * FROM state_{table}")).expect("a statement");
        let columns = select.column_count();
        let mut rows = select.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            for column in 0..columns {
                black_box(row.get_ref(column).expect("a value"));
                read += 1;
            }
        }
    }
    read
}

/// Checking a delivery's signature, with one key and with two to try.
#[cfg(feature = "server")]
fn signatures(criterion: &mut Criterion) {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use relata::signature::{SignatureHeaders, Verifier, WebhookKey};

    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key");
    let own = format!("ed25519:{}", STANDARD.encode(pair.public_key()));
    let body = vec![b'x'; 600];
    let signature = STANDARD.encode(pair.sign(&body));
    let headers = SignatureHeaders::pick([("x-ghl-signature", signature.as_bytes())]);
    let mut group = criterion.benchmark_group("signature");
    for (name, keys) in [("one key", vec![&*own]), ("two keys", vec!["ed25519:highlevel", &own])] {
        let keys = keys.iter().map(|key| key.parse::<WebhookKey>().expect("a key"));
        let verifier = Verifier::new(keys, Verifier::TOLERANCE);
        group.bench_function(name, |b| {
            b.iter(|| verifier.verify(black_box(&headers), &body, Timestamp::from_millis(0)));
        });
    }
    group.finish();
}
