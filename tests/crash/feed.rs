//! kill -9 while a change feed is read: the client that comes back misses nothing and gets
//! nothing twice.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use relata::Store;
use relata::changes::ChangeFilter;

use crate::support::database::fresh;
use crate::support::long;
use crate::support::server::{Error, Server};
use crate::support::sse_client::{HERE, Reader, post, relation};

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
fn a_subscriber_that_returns_after_kill_9_misses_and_repeats_nothing() -> Result<(), Error> {
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
