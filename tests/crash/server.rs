//! kill -9 while posts come in: every acknowledged event is there afterwards.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use relata::journal::SqliteJournal;
use relata::{Store, verify};
use serde_json::json;

use crate::support::database::fresh;
use crate::support::long;
use crate::support::server::{Answer, Error, Server};

/// Senders that post at the same time.
const SENDERS: usize = 8;

fn relation(number: u64) -> String {
    relation_among(3, number)
}

/// A relation in one of so many locations.
fn relation_among(locations: u64, number: u64) -> String {
    let relation = json!({
        "type": "RelationCreate", "id": format!("r{number}"), "associationId": "A",
        "locationId": format!("L{}", number % locations), "firstObjectKey": "contact",
        "firstRecordId": format!("c{}", number % 17), "secondObjectKey": "property",
        "secondRecordId": format!("p{}", number % 11), "webhookId": format!("w{number}"),
    });
    relation.to_string()
}

/// What the senders have to say, and what they were told.
#[derive(Default)]
struct Said {
    locations: u64,
    next: AtomicU64,
    /// Sent, but not acknowledged: to be sent again.
    open: Mutex<Vec<u64>>,
    acknowledged: Mutex<BTreeSet<u64>>,
}

impl Said {
    /// Posts one event after another over one connection until the server is
    /// gone, or `last` and what is open are acknowledged.
    fn send(&self, server: &Server, last: u64) {
        let Ok(mut stream) = server.connect() else { return };
        loop {
            let again = self.open.lock().unwrap().pop();
            let number = again.unwrap_or_else(|| self.next.fetch_add(1, Ordering::Relaxed));
            if again.is_none() && number >= last {
                return;
            }
            if post(&mut stream, &relation_among(self.locations, number)).is_err() {
                return self.open.lock().unwrap().push(number);
            }
            self.acknowledged.lock().unwrap().insert(number);
        }
    }
}

/// Posts an event and waits for its 200.
fn post(stream: &mut TcpStream, body: &str) -> Result<(), Error> {
    let head = format!(
        "POST /webhooks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
    let answer = Answer::read(stream)?;
    if answer.status == 200 { Ok(()) } else { Err(answer.text().into()) }
}

/// The numbers of the relations in the graph.
fn kept(store: &Store) -> BTreeSet<u64> {
    let mut kept = BTreeSet::new();
    for location in store.locations().unwrap() {
        let snapshot = location.read().snapshot();
        for link in snapshot.links(relata::graph::Layers::Records) {
            let id = link.relation.unwrap_or_default();
            let number = id.strip_prefix('r').and_then(|id| id.parse().ok());
            assert!(kept.insert(number.unwrap()), "{id} is there twice");
        }
    }
    kept
}

/// Deletes events from the journal at once.
const PRUNING: [&str; 2] = ["--keep-events", "0.0000005"];

/// Keeps no graph in memory that nobody holds.
const NO_ROOM: [&str; 2] = ["--graph-memory", "1"];

/// Asks each location for its links, and returns how often a graph left memory so far.
fn ask(server: &Server) -> Result<u64, Error> {
    for location in 0..3 {
        server.get(&format!("/v1/locations/L{location}/summary"))?;
    }
    let text = server.get("/metrics")?.text();
    let evictions = text.lines().find_map(|it| it.strip_prefix("relata_location_evictions_total "));
    Ok(evictions.ok_or("no such figure")?.parse()?)
}

/// Kills a server again and again while it takes events, answers questions, and checkpoints
/// after few events.
fn survive(kills: u32, more: &[&str]) -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let arguments = [&["--checkpoint-events", "50", "--checkpoint-ms", "20"], more].concat();
    let mut evictions = 0;
    // With many, most are not changed all the time.
    let said = Said { locations: if more == NO_ROOM { 300 } else { 3 }, ..Said::default() };
    for round in 0..kills {
        let server = Server::start_with(&db, &arguments)?;
        std::thread::scope(|scope| {
            for _ in 0..SENDERS {
                scope.spawn(|| said.send(&server, u64::MAX));
            }
            let asking = scope.spawn(|| {
                // Until it is killed.
                let asked = std::iter::from_fn(|| ask(&server).ok());
                asked.last().unwrap_or_default()
            });
            // Anywhere from the first commit to well into the run. Graphs are looked at each
            // second.
            let first = if more == NO_ROOM { 1_100 } else { 20 };
            std::thread::sleep(Duration::from_millis(first + u64::from(round) * 67 % 180));
            server.signal("KILL").unwrap();
            evictions += asking.join().unwrap();
        });
        drop(server);
        let proof = verify(&mut SqliteJournal::open_read_only(&db)?, 10)?;
        assert_eq!(proof.differences, [], "after kill {round}");
        let store = Store::open_read_only(&db)?;
        let kept = kept(&store);
        assert_eq!(store.head(), kept.len() as u64, "an event is there twice");
        let lost: Vec<_> = said.acknowledged.lock().unwrap().difference(&kept).copied().collect();
        assert_eq!(lost, Vec::<u64>::new(), "after kill {round}");
        assert!(more != PRUNING || round < 5 || store.pruned()? > 0);
    }
    // What was not acknowledged is sent again, as a sender does, and known if it
    // is there.
    let server = Server::start_with(&db, &arguments)?;
    let last = said.next.load(Ordering::Relaxed);
    said.send(&server, last);
    drop(server);
    let store = Store::open_read_only(&db)?;
    assert_eq!((store.head(), kept(&store)), (last, (0..last).collect()));
    assert!(last > 100);
    assert_eq!(evictions > 4, more == NO_ROOM, "{evictions} evictions");
    long::tell("kills", kills);
    long::tell("events of senders that were killed", last);
    Ok(())
}

#[test]
fn every_acknowledged_event_survives_kill_9() -> Result<(), Error> {
    survive(long::rounds(10, 200), &[])
}

#[test]
fn every_acknowledged_event_survives_kill_9_while_old_ones_are_pruned() -> Result<(), Error> {
    survive(long::rounds(10, 200), &PRUNING)
}

#[test]
fn every_acknowledged_event_survives_kill_9_with_room_for_no_graph() -> Result<(), Error> {
    survive(long::rounds(4, 200), &NO_ROOM)
}

fn deleted(number: u64) -> String {
    relation(number).replace("RelationCreate", "RelationDelete").replace("\"w", "\"d")
}

fn tell(server: &Server, bodies: impl Iterator<Item = String>) -> Result<(), Error> {
    let lines: Vec<String> = bodies.collect();
    let answer = server.post("/v1/import", lines.join("\n").as_bytes())?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    Ok(())
}

/// The links that a location shows, and those that every replay of its events gives.
fn shown(db: &std::path::Path) -> Result<Vec<usize>, Error> {
    let store = Store::open_read_only(db)?;
    let mut links = Vec::new();
    for location in store.locations().unwrap() {
        let live = location.read().view().counts().relations;
        let past = store.past(location.id().as_str(), store.head())?;
        assert_eq!(past.graph.view().counts().relations, live);
        links.push(usize::try_from(live)?);
    }
    Ok(links)
}

/// A delete is forgotten within a second, and the process killed at any time after: what
/// was dropped is dropped in every replay, at the same place among late events.
#[test]
fn a_compaction_survives_kill_9_with_the_events_around_it() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    // A second, in days.
    let arguments = ["--keep-tombstones", "0.00001157", "--checkpoint-ms", "50"];
    let [whole, tight] = [arguments.to_vec(), [arguments.as_slice(), &NO_ROOM].concat()];
    let mut dropped = 0;
    for round in 0..u64::from(long::rounds(4, 60)) {
        let server = Server::start_with(&db, if round % 2 == 0 { &whole } else { &tight })?;
        let from = round * 1_000;
        tell(&server, (from..from + 600).map(relation))?;
        tell(&server, (from..from + 500).map(deleted))?;
        let total = |server: &Server| -> Result<u64, Error> {
            let text = server.get("/metrics")?.text();
            let mut lines = text.lines();
            let line = lines.find_map(|it| it.strip_prefix("relata_tombstones_dropped_total "));
            Ok(line.ok_or("no such figure")?.parse()?)
        };
        let mut tries = 0;
        while total(&server)? == 0 && tries < 200 {
            std::thread::sleep(Duration::from_millis(50));
            tries += 1;
        }
        dropped += total(&server)?;
        // Late: some of them bring back what is forgotten.
        let again = |number: u64| relation(number).replace("\"w", "\"again");
        tell(&server, (from..from + 50).map(again))?;
        std::thread::sleep(Duration::from_millis(round * 37 % 100));
        server.signal("KILL")?;
        drop(server);
        let proof = verify(&mut SqliteJournal::open_read_only(&db)?, 10)?;
        assert_eq!(proof.differences, [], "after kill {round}");
        let before = shown(&db)?;
        Store::open(&db)?.close()?;
        assert_eq!(shown(&db)?, before, "after kill {round}");
    }
    assert!(dropped > 1_000, "{dropped}");
    long::tell("deleted things dropped before kills", dropped);
    Ok(())
}
