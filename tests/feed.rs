//! The change feed, by the real binary.

#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by failing")]

mod faulty;
mod long;
mod reader;
mod server;

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use faulty::{Fault, Faulty};
use reader::{HERE, Reader, fresh, post, post_twice, relation};
use relata::http::{App, Limits, Protection, Server as Http};
use relata::journal::MemoryJournal;
use relata::{ChangeFilter, Delivery, Options, Store, Timestamp};
use serde_json::json;
use server::{Error, Server, relata};

#[test]
fn what_was_applied_is_sent_as_it_happens_and_afterwards() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--checkpoint-ms", "100000"])?;
    let early = Reader::open(&server, HERE, "").map(drop).unwrap_err().to_string();
    assert!(early.starts_with("404"), "{early}");
    assert_eq!(post_twice(&server, 1)?, 1);
    let (mut live, mut behind) =
        (Reader::open(&server, HERE, "")?, Reader::open(&server, HERE, "?after=0")?);
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(live.head.header(name), Some(value));
    }
    let hello = live.block()?.unwrap();
    assert_eq!((hello.id, hello.retry, hello.data), (Some(2), Some(2_000), None));
    assert_eq!((post_twice(&server, 2)?, post_twice(&server, 3)?), (3, 5));
    let stale = json!({"type": "RecordCreate", "id": "c", "objectKey": "contact",
        "locationId": HERE, "timestamp": "2026-01-02T00:00:00.000Z"});
    assert_eq!(post(&server, &stale)?.0, "applied");
    let mut older = stale.clone();
    older["timestamp"] = "2026-01-01T00:00:00.000Z".into();
    assert_eq!(post(&server, &older)?, ("stale".to_owned(), 8));
    assert_eq!(post_twice(&server, 4)?, 9);
    let change = live.event()?.unwrap();
    assert_eq!((change.id, change.event.as_deref()), (Some(3), Some("RelationCreate")));
    assert_eq!(live.ids(3)?, [5, 7, 9]);
    assert_eq!(behind.ids(5)?, [1, 3, 5, 7, 9]);
    let mut data = change.json();
    let received_at = data.as_object_mut().unwrap().remove("receivedAt").unwrap();
    received_at.as_str().unwrap().parse::<Timestamp>()?;
    assert_eq!(
        data,
        json!({"seq": 3, "type": "RelationCreate", "locationId": HERE, "at": null,
            "relation": "r2", "association": "A", "associationKey": null, "firstLabel": null,
            "secondLabel": null, "first": {"object": "contact", "record": "c2"},
            "second": {"object": "house", "record": "h2"}})
    );
    // None is saved in a checkpoint; then all are; and then the rest is replayed.
    assert_eq!(Reader::open(&server, HERE, "?after=3")?.ids(3)?, [5, 7, 9]);
    server.signal("TERM")?;
    drop((live, behind, server));
    let server = Server::start_with(&db, &["--checkpoint-ms", "100000"])?;
    assert_eq!(Reader::open(&server, HERE, "?after=0")?.ids(5)?, [1, 3, 5, 7, 9]);
    assert_eq!(post_twice(&server, 5)?, 11);
    server.kill()?;
    let server = Server::start(&db)?;
    let mut reader = Reader::open(&server, HERE, "?after=4")?;
    assert_eq!(post_twice(&server, 6)?, 13);
    assert_eq!(reader.ids(5)?, [5, 7, 9, 11, 13]);
    Ok(())
}

/// Opens it again and again, and keeps what came.
fn follow(server: &Server, last: &AtomicU64, found: &mut Vec<u64>) -> Result<(), Error> {
    let id = last.load(Ordering::Relaxed).to_string();
    let mut reader = Reader::with(server, HERE, "?after=1", &[("last-event-id", &id)])?;
    loop {
        let block = reader.block()?.ok_or("it is over")?;
        if block.event.as_deref() == Some("end") {
            return Err(block.data.unwrap_or_default().into());
        }
        last.store(reader.last_id, Ordering::Relaxed);
        found.extend(block.data.and(block.id));
    }
}

#[test]
fn a_reader_that_comes_back_after_kill_9_misses_nothing_and_gets_nothing_twice() -> Result<(), Error>
{
    let (_directory, db) = fresh()?;
    let arguments = ["--checkpoint-events", "50", "--checkpoint-ms", "20", "--heartbeat-ms", "5"];
    let (last, number, mut found) = (AtomicU64::new(0), AtomicU64::new(0), Vec::new());
    for round in 0_u32.. {
        // On a busy machine little happens between two kills.
        let enough = number.load(Ordering::Relaxed) > 200 || round > 60;
        if round >= long::rounds(8, 100) && enough {
            break;
        }
        let server = Server::start_with(&db, &arguments)?;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while post(&server, &relation(number.fetch_add(1, Ordering::Relaxed) / 2))
                        .is_ok()
                    {}
                });
            }
            let found = &mut found;
            scope.spawn(|| {
                // The first time the location is not there at once.
                while server.connect().is_ok() {
                    follow(&server, &last, found).unwrap_err();
                }
            });
            std::thread::sleep(Duration::from_millis(50 + u64::from(round) * 67 % 180));
            server.signal("KILL").unwrap();
        });
    }
    let server = Server::start(&db)?;
    let head = post(&server, &relation(u64::MAX))?.1;
    let mut reader = Reader::open(&server, HERE, &format!("?after={}", last.into_inner()))?;
    while found.last() != Some(&head) {
        found.extend(reader.ids(1)?);
    }
    drop(server);
    let store = Store::open_read_only(&db)?;
    let (mut expected, mut after) = (Vec::new(), 0);
    while after < store.head() {
        let page = store.changes(HERE, after, &ChangeFilter::default(), 1_000)?;
        expected.extend(page.events.iter().map(|event| event.seq));
        after = page.upto;
    }
    assert_eq!(found, expected);
    assert!(head > expected.len() as u64 && expected.len() > 50, "{head} {}", expected.len());
    Ok(())
}

#[test]
fn a_thousand_readers_get_what_is_theirs() -> Result<(), Error> {
    const READERS: u64 = 1_000;
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    post(&server, &relation(READERS))?;
    let mut readers = Vec::new();
    for number in 0..READERS {
        // From either end, live or caught up.
        let query = match number % 3 {
            0 => format!("?of=contact/c{number}"),
            1 => format!("?of=house/h{number}"),
            _ => format!("?of=house/h{number}&after=0"),
        };
        readers.push(Reader::open(&server, HERE, &query)?);
    }
    for number in 0..READERS {
        let (_, seq) = post(&server, &relation(number))?;
        assert_eq!(seq, number + 2);
    }
    // Concerns all: an association has contacts and houses at its ends.
    let association = json!({"type": "AssociationCreate", "id": "A", "locationId": HERE,
        "key": "k", "firstObjectKey": "contact", "firstObjectLabel": "Buyer",
        "secondObjectKey": "house", "secondObjectLabel": "Home"});
    post(&server, &association)?;
    for (number, reader) in (0..).zip(&mut readers) {
        assert_eq!(reader.ids(2)?, [number + 2, READERS + 2], "{number}");
    }
    let resident = std::fs::read_to_string(format!("/proc/{}/status", server.child.id()));
    if let Ok(status) = resident {
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
        long::tell("1,000 open readers", line);
    }
    Ok(())
}

/// A server in this process, so that very much can happen in it soon.
struct Within {
    store: Arc<Store>,
    address: SocketAddr,
    runtime: tokio::runtime::Runtime,
}

impl Within {
    fn start(limits: Limits) -> Result<Self, Error> {
        Self::over(Store::in_memory()?, limits)
    }

    fn over(store: Store, limits: Limits) -> Result<Self, Error> {
        let store = Arc::new(store);
        store.ingest(relation(0).to_string().as_bytes())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let app = App::new(Arc::clone(&store), limits, Protection::off());
        let http = runtime.block_on(Http::bind(&["127.0.0.1:0".parse()?], app))?;
        let address = http.address()?;
        runtime.spawn(http.run(std::future::pending()));
        Ok(Self { store, address, runtime })
    }

    /// A connection that takes little into its own buffers.
    fn narrow(&self) -> Result<TcpStream, Error> {
        let stream = self.runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.set_recv_buffer_size(4_096)?;
            socket.connect(self.address).await?.into_std()
        })?;
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(stream)
    }

    /// Ingests so many relations of some kilobytes each, more than the buffers of the
    /// system take; answers with how long that took.
    fn ingest(&self, from: u64, count: u64) -> Result<Duration, Error> {
        let began = Instant::now();
        for number in from..from + count {
            let mut body = relation(number);
            for member in ["id", "firstRecordId", "secondRecordId"] {
                body[member] = format!("{number:0>500}").into();
            }
            body["associationId"] = format!("{:0>500}", number % 100).into();
            let delivery =
                Delivery::read(body.to_string().as_bytes(), None, Timestamp::from_millis(0))?;
            self.store.submit_waiting(delivery, |told| drop(told.unwrap()))?;
        }
        self.store.checkpoint()?;
        Ok(began.elapsed())
    }
}

/// More than the system keeps for a reader that reads nothing.
const MANY: u64 = 6_000;

#[test]
fn a_slow_reader_is_dropped_and_told_so_and_delays_nobody() -> Result<(), Error> {
    let server = Within::start(Limits { change_bytes: 20_000, ..Limits::default() })?;
    let without = server.ingest(1, MANY)?;
    let head = server.store.head();
    let mut slow = Reader::over(server.narrow()?, HERE, &format!("?after={head}"), &[])?;
    slow.block()?;
    let mut fast = Reader::over(TcpStream::connect(server.address)?, HERE, "?of=contact/c0", &[])?;
    let with = server.ingest(1 + MANY, MANY)?;
    assert!(with < without * 3 + Duration::from_secs(1), "{with:?}, before {without:?}");
    let (ids, end) = slow.rest()?;
    assert_eq!((&end["code"], &end["seq"]), (&json!("too_slow"), &json!(slow.last_id)));
    assert!(ids.iter().zip(head + 1..).all(|(id, seq)| *id == seq), "{ids:?}");
    assert!(slow.last_id < head + MANY, "it is not slow");
    // It goes on where it was, and the others have noticed nothing.
    let gone = json!({"type": "RecordDelete", "id": "c0", "locationId": HERE});
    let head = server.store.ingest(gone.to_string().as_bytes())?.seq.unwrap();
    let id = slow.last_id.to_string();
    let stream = TcpStream::connect(server.address)?;
    let mut again = Reader::over(stream, HERE, "", &[("last-event-id", &id)])?;
    let rest = usize::try_from(head - slow.last_id)?;
    assert_eq!(again.ids(rest)?, (slow.last_id + 1..=head).collect::<Vec<_>>());
    assert_eq!(fast.ids(1)?, [head]);
    Ok(())
}

/// An import into one location once ended the readers of all others, and its own, however
/// little each of them wanted of it.
#[test]
fn an_import_ends_no_reader_whatever_its_location() -> Result<(), Error> {
    const LINES: u64 = 5_000;
    let server = Within::start(Limits { change_backlog: 5, ..Limits::default() })?;
    let quiet = json!({"type": "RecordCreate", "id": "q", "objectKey": "contact",
        "locationId": "quiet"});
    server.store.ingest(quiet.to_string().as_bytes())?;
    let open = |location: &str, query: &str| -> Result<Reader, Error> {
        Reader::over(TcpStream::connect(server.address)?, location, query, &[])
    };
    let mut quiet_reader = open("quiet", "")?;
    let mut readers = Vec::new();
    for number in 1..=60 {
        readers.push((number, open(HERE, &format!("?of=contact/c{}", number * 80))?));
    }
    let mut everything = open(HERE, "")?;
    let lines: Vec<String> = (1..=LINES).map(|number| relation(number).to_string()).collect();
    server.store.import().read(lines.join("\n").as_bytes(), |_| Ok(()))?;
    for (number, reader) in &mut readers {
        assert_eq!(reader.ids(1)?, [*number * 80 + 2]);
    }
    assert_eq!(everything.ids(usize::try_from(LINES)?)?, (3..LINES + 3).collect::<Vec<_>>());
    let gone = json!({"type": "RecordDelete", "id": "q", "locationId": "quiet"});
    let last = server.store.ingest(gone.to_string().as_bytes())?.seq.unwrap();
    assert_eq!(quiet_reader.ids(1)?, [last]);
    Ok(())
}

/// Readers come while much happens: each is sent all of it, from where it began.
/// Each page of a catch-up opened the database anew, and each reader had its own.
#[test]
fn those_who_catch_up_share_a_few_readers_of_the_journal() -> Result<(), Error> {
    let journal = Faulty::new(MemoryJournal::new(), Fault::Full, u64::MAX);
    let reads = Arc::clone(&journal.plan.reads);
    let store = Store::with_journal(Box::new(journal), Options::default())?;
    let within = Within::over(store, Limits::default())?;
    for number in 1..5_000 {
        let body = relation(number).to_string();
        let delivery = Delivery::read(body.as_bytes(), None, Timestamp::from_millis(0))?;
        within.store.submit_waiting(delivery, |told| drop(told.unwrap()))?;
    }
    within.store.checkpoint()?;
    let before = reads.opened.load(Ordering::Relaxed);
    let mut readers = Vec::new();
    for _ in 0..4 {
        let stream = TcpStream::connect(within.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        readers.push(Reader::over(stream, HERE, "?after=0", &[])?);
    }
    std::thread::scope(|scope| {
        for reader in &mut readers {
            scope.spawn(move || {
                assert_eq!(reader.ids(5_000).unwrap(), (1..=5_000).collect::<Vec<_>>());
            });
        }
    });
    // Ten pages each.
    let opened = reads.opened.load(Ordering::Relaxed) - before;
    assert!(opened <= 4 + 2, "{opened} readers for four who catch up");
    // All are caught up and open: none of them needs the journal.
    let start = Instant::now();
    while reads.open.load(Ordering::Relaxed) > 0 {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

#[test]
fn what_was_before_goes_over_into_what_happens() -> Result<(), Error> {
    let server = Within::start(Limits::default())?;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stopped = Stop(&done);
        scope.spawn(|| {
            let mut number = 1;
            while !done.load(Ordering::Relaxed) {
                let body = relation(number).to_string();
                number += 1;
                server.store.ingest(body.as_bytes()).unwrap();
                std::thread::sleep(Duration::from_micros(300));
            }
        });
        for round in 0..long::rounds(25, 500) {
            let after = server.store.head().saturating_sub(u64::from(round) * 37 % 1_500);
            let stream = TcpStream::connect(server.address)?;
            let mut reader = Reader::over(stream, HERE, &format!("?after={after}"), &[])?;
            let count = usize::try_from(server.store.head() - after)? + 200;
            let expected: Vec<u64> = (after + 1..).take(count).collect();
            assert_eq!(reader.ids(count)?, expected, "round {round}");
        }
        drop(stopped);
        Ok(())
    })
}

/// Says so when it is dropped.
struct Stop<'s>(&'s AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_reader_that_stands_still_is_cut_off() -> Result<(), Error> {
    let write_timeout = Duration::from_millis(300);
    let server = Within::start(Limits { change_readers: 1, write_timeout, ..Limits::default() })?;
    server.ingest(1, MANY)?;
    let still = Reader::over(server.narrow()?, HERE, "?after=0", &[])?;
    let start = Instant::now();
    // Its place is free again although it has read nothing.
    while Reader::over(TcpStream::connect(server.address)?, HERE, "", &[]).is_err() {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(still);
    Ok(())
}

#[test]
fn there_are_as_many_readers_as_may_be() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--change-readers", "2"])?;
    post(&server, &relation(0))?;
    let (first, _second) = (Reader::open(&server, HERE, "")?, Reader::open(&server, HERE, "")?);
    let refused = Reader::open(&server, HERE, "").map(drop).unwrap_err().to_string();
    assert!(refused.starts_with("429") && refused.contains("\"code\":\"overloaded\""), "{refused}");
    let refused = server.get("/v1/locations/here/changes")?;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    drop(first);
    let start = Instant::now();
    while Reader::open(&server, HERE, "").is_err() {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

#[test]
fn signs_of_life_tell_how_far_a_reader_has_come() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    // Shorter than what else may take: neither ends an answer that goes on.
    let limits = ["--heartbeat-ms", "50", "--header-timeout-ms", "200", "--body-timeout-ms", "200"];
    let server = Server::start_with(&db, &limits)?;
    post(&server, &relation(0))?;
    let (mut live, mut behind) = (
        Reader::open(&server, HERE, "?of=contact/nobody")?,
        Reader::open(&server, HERE, "?of=contact/nobody&after=0")?,
    );
    for number in 1..4 {
        post(&server, &relation(number))?;
    }
    for reader in [&mut live, &mut behind] {
        let start = Instant::now();
        let mut beats = 0;
        while reader.last_id < 4 || beats < 20 {
            let block = reader.block()?.unwrap();
            assert_eq!(block.data, None);
            beats += u32::from(block.comment);
            assert!(start.elapsed() < Duration::from_secs(10), "{}", reader.last_id);
        }
    }
    Ok(())
}

#[test]
fn a_stop_waits_for_no_reader() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let mut server = Server::start(&db)?;
    for number in 0..300 {
        post(&server, &relation(number))?;
    }
    let mut readers = vec![Reader::open(&server, HERE, "")?];
    readers.push(Reader::open(&server, HERE, "?of=contact/c1&after=0")?);
    assert_eq!(readers[1].ids(1)?, [2]);
    // In the midst of what was before.
    let slow = Reader::open(&server, HERE, "?after=0")?;
    let start = Instant::now();
    server.signal("TERM")?;
    for mut reader in readers {
        let (ids, end) = reader.rest()?;
        assert_eq!((ids.len(), &end["code"]), (0, &json!("shutdown")));
        assert_eq!(end["seq"], reader.last_id);
    }
    drop(slow);
    assert!(server.wait(Duration::from_secs(5))?.success());
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    Ok(())
}

#[test]
fn texts_from_outside_cannot_break_a_line() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let evil = "a\n\nid: 99\r\rdata: {}\u{0}\u{2028}\u{feff}";
    let mut association = json!({"type": "AssociationCreate", "id": evil, "locationId": HERE,
        "key": evil, "firstObjectKey": evil, "firstObjectLabel": evil, "secondObjectKey": "house",
        "secondObjectLabel": evil});
    post(&server, &association)?;
    let mut readers = [Reader::open(&server, HERE, "?after=0")?, Reader::open(&server, HERE, "")?];
    let mut relation = relation(0);
    for member in ["id", "associationId", "firstObjectKey", "firstRecordId"] {
        relation[member] = evil.into();
    }
    post(&server, &relation)?;
    association["type"] = "AssociationUpdate".into();
    association["firstObjectLabel"] = "b\n".into();
    assert_eq!(post(&server, &association)?.0, "applied");
    assert_eq!(readers[0].event()?.unwrap().json()["secondLabel"], evil);
    for reader in &mut readers {
        let told = reader.event()?.unwrap();
        assert_eq!(told.id, Some(2));
        let told = told.json();
        for place in
            ["/relation", "/association", "/associationKey", "/secondLabel", "/first/record"]
        {
            assert_eq!(told.pointer(place), Some(&json!(evil)), "{place}");
        }
        assert_eq!(reader.ids(1)?, [3]);
    }
    Ok(())
}

/// The status, code and field of a refusal.
fn refused(server: &Server, query: &str, id: &[(&str, &str)]) -> Result<String, Error> {
    let answer = server.request("GET", &format!("/v1/locations/here/changes{query}"), id, b"")?;
    let told = answer.json();
    Ok(format!("{} {} {}", answer.status, told["code"].as_str().unwrap(), told["field"]))
}

#[test]
fn where_to_begin_is_read_strictly() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    for number in 0..3 {
        post(&server, &relation(number))?;
    }
    let after = "400 invalid_parameter \"after\"";
    for query in ["?after=", "?after=-1", "?after=x", "?after=1&after=2", "?after=4"] {
        assert_eq!(refused(&server, query, &[])?, after, "{query}");
    }
    for id in ["", "x", "-1", "99999999999999999999", "4"] {
        let told = refused(&server, "?after=1", &[("last-event-id", id)])?;
        assert_eq!(told, "400 invalid_parameter \"Last-Event-ID\"", "{id}");
    }
    for query in ["?of=", "?of=/", "?of=contact/", "?cursor=1", "?limit=1"] {
        assert!(refused(&server, query, &[])?.starts_with("400 invalid_parameter"), "{query}");
    }
    let mut reader = Reader::with(&server, HERE, "?after=2", &[("last-event-id", "1")])?;
    assert_eq!(reader.ids(2)?, [2, 3]);
    assert_eq!(Reader::open(&server, HERE, "?after=2")?.ids(1)?, [3]);
    let mut at_the_end = Reader::open(&server, HERE, "?after=3&minSeq=3")?;
    post(&server, &relation(3))?;
    assert_eq!(at_the_end.ids(1)?, [4]);
    Ok(())
}

fn token(db: &Path, arguments: &[&str]) -> Result<String, Error> {
    let output = relata().arg("--db").arg(db).arg("token").args(arguments).output()?;
    assert!(output.status.success(), "{output:?}");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

#[test]
fn a_token_that_is_revoked_ends_what_it_opened() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let read = token(&db, &["new", "--name", "dashboard", "--location", HERE])?;
    let other = token(&db, &["new", "--name", "other"])?;
    let auth = ["--api-auth", "required", "--webhook-auth", "off"];
    let server = Server::start_with(&db, &auth)?;
    post(&server, &relation(0))?;
    let open = |token: &str, location: &str| {
        Reader::with(&server, location, "", &[("authorization", &format!("Bearer {token}"))])
    };
    let (mut reader, mut stays) = (open(&read, HERE)?, open(&other, HERE)?);
    let elsewhere = open(&read, "elsewhere").map(drop).unwrap_err().to_string();
    assert!(elsewhere.starts_with("403"), "{elsewhere}");
    token(&db, &["revoke", "dashboard"])?;
    let start = Instant::now();
    let (_, end) = reader.rest()?;
    assert_eq!(end["code"], "unauthorized");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    post(&server, &relation(1))?;
    assert_eq!(stays.ids(1)?, [2]);
    Ok(())
}

/// Of the channels of the server: what each filter lets through, live, is what it
/// lets through in what was before.
#[test]
fn filters_keep_back_the_same_live_and_afterwards() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--heartbeat-ms", "50"])?;
    // Labels become known, and then stay.
    let mut lines = include_str!("../data/real-estate.ndjson").lines().filter(|line| {
        line.contains("\"locationId\":\"seaside-realty\"")
            && !line.contains("AssociationUpdate")
            && !line.contains("AssociationDelete")
    });
    server.post("/webhooks", lines.next().unwrap().as_bytes())?;
    let queries = [
        "",
        "&label=Owner",
        "&label=Owner&label=Viewing",
        "&object=contact",
        "&object=business",
        "&of=contact",
        "&of=contact/amara-okafor",
        "&of=custom_objects.property/12-maple-street",
        "&of=custom_objects.property/12-maple-street&label=Listing%20Agent",
        "&of=contact/nobody",
        "&of=contact/amara-okafor&object=custom_objects.property",
        "&label=nothing",
    ];
    let mut live = Vec::new();
    for query in queries {
        live.push(Reader::open(&server, "seaside-realty", &format!("?after=1{query}"))?);
    }
    for line in lines {
        assert_eq!(server.post("/webhooks", line.as_bytes())?.status, 200);
    }
    let itself = json!({"type": "RelationCreate", "id": "itself", "associationId": "no such",
        "locationId": "seaside-realty", "firstObjectKey": "contact",
        "firstRecordId": "amara-okafor", "secondObjectKey": "contact",
        "secondRecordId": "amara-okafor"});
    post(&server, &itself)?;
    let last = json!({"type": "AssociationDelete", "id": "no such", "locationId": "seaside-realty",
        "firstObjectKey": "a", "secondObjectKey": "b"});
    let (_, head) = post(&server, &last)?;
    let mut different = BTreeSet::new();
    for (query, live) in queries.iter().zip(&mut live) {
        let upto = |reader: &mut Reader| -> Result<Vec<u64>, Error> {
            let mut ids = Vec::new();
            // Not every filter lets the last event through: a sign of life tells.
            while reader.last_id < head {
                let block = reader.block()?.ok_or("it is over")?;
                ids.extend(block.data.and(block.id));
            }
            Ok(ids)
        };
        let expected =
            upto(&mut Reader::open(&server, "seaside-realty", &format!("?after=1{query}"))?)?;
        let found = upto(live)?;
        // Live, some labels were not known yet.
        let missing: Vec<_> = expected.iter().filter(|id| !found.contains(id)).collect();
        assert_eq!(missing, Vec::<&u64>::new(), "{query}");
        assert!(query.contains("label") || found == expected, "{query}");
        different.insert(found);
    }
    assert!(different.len() > 8, "{}", different.len());
    Ok(())
}

/// Who follows a location that is erased is told so, and finds it gone.
#[test]
fn readers_of_a_location_that_is_erased_are_told() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    assert_eq!(post_twice(&server, 1)?, 1);
    let mut reader = Reader::open(&server, HERE, "")?;
    let answer = server.request("DELETE", "/v1/locations/here", &[], b"")?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let erased = answer.json();
    assert_eq!((&erased["events"], &erased["relations"]), (&json!(2), &json!(1)));
    let end = loop {
        let block = reader.block()?.unwrap();
        if block.event.as_deref() == Some("end") {
            break block.json();
        }
    };
    assert_eq!(end["code"], "erased");
    assert_eq!(server.get("/v1/locations/here/objects")?.status, 404);
    assert_eq!(server.request("DELETE", "/v1/locations/here", &[], b"")?.status, 404);
    assert_eq!(post_twice(&server, 1)?, 3);
    Ok(())
}
