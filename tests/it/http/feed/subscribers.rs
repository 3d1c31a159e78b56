//! Subscribers that are many, slow, idle or cut off.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use relata::http::Limits;
use relata::journal::MemoryJournal;
use relata::{Delivery, Options, Store, Timestamp};
use serde_json::json;

use crate::http::feed::Within;
use crate::support::database::fresh;
use crate::support::fault_plan::Fault;
use crate::support::faulty_journal::Faulty;
use crate::support::long;
use crate::support::process::{in_own_process, resident};
use crate::support::server::run;
use crate::support::server::{Error, Server};
use crate::support::sse_client::{HERE, Reader, post, post_twice, relation};

/// A thousand connections, which are more open files than a process may have at times.
#[test]
fn a_thousand_subscribers_get_what_they_asked_for() {
    in_own_process(&a_thousand_subscribers_get_what_they_asked_for, || {
        a_thousand_subscribers().unwrap();
    });
}

fn a_thousand_subscribers() -> Result<(), Error> {
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
    if let Some(bytes) = resident(server.child.id()) {
        long::tell("KiB of a server with 1,000 open subscribers", bytes >> 10);
    }
    Ok(())
}

/// More than the system keeps for a reader that reads nothing.
const MANY: u64 = 6_000;

#[test]
fn a_slow_subscriber_is_dropped_with_an_end_event_and_delays_nobody() -> Result<(), Error> {
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
fn an_import_drops_no_subscriber_of_any_location() -> Result<(), Error> {
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
fn subscribers_that_catch_up_share_journal_readers() -> Result<(), Error> {
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
fn a_subscriber_that_stalls_is_disconnected() -> Result<(), Error> {
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
fn subscribers_over_the_limit_are_refused() -> Result<(), Error> {
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
fn heartbeats_report_the_position() -> Result<(), Error> {
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
fn shutdown_does_not_wait_for_subscribers() -> Result<(), Error> {
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
fn revoking_a_token_ends_its_subscriptions() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let read = run(&db, &["token", "new", "--name", "dashboard", "--location", HERE])?;
    let other = run(&db, &["token", "new", "--name", "other"])?;
    let auth = ["--api-auth", "required", "--webhook-auth", "off"];
    let server = Server::start_with(&db, &auth)?;
    post(&server, &relation(0))?;
    let open = |token: &str, location: &str| {
        Reader::with(&server, location, "", &[("authorization", &format!("Bearer {token}"))])
    };
    let (mut reader, mut stays) = (open(&read, HERE)?, open(&other, HERE)?);
    let elsewhere = open(&read, "elsewhere").map(drop).unwrap_err().to_string();
    assert!(elsewhere.starts_with("403"), "{elsewhere}");
    run(&db, &["token", "revoke", "dashboard"])?;
    let start = Instant::now();
    let (_, end) = reader.rest()?;
    assert_eq!(end["code"], "unauthorized");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    post(&server, &relation(1))?;
    assert_eq!(stays.ids(1)?, [2]);
    Ok(())
}

/// Who follows a location that is erased is told so, and finds it gone.
#[test]
fn erasing_a_location_ends_its_subscriptions() -> Result<(), Error> {
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
