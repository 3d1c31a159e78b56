//! kill -9 while posts come in: every acknowledged event is there afterwards.

#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod server;

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use relata::journal::SqliteJournal;
use relata::verify;
use serde_json::json;
use server::{Answer, Error, Server, relata};

/// Senders that post at the same time.
const SENDERS: usize = 8;

/// `RELATA_KILLS=200 cargo test --test crash` for a long run.
fn kills() -> u64 {
    let asked = std::env::var_os("RELATA_KILLS");
    asked.and_then(|text| text.to_str()?.parse().ok()).unwrap_or(12)
}

fn relation(number: u64) -> String {
    let relation = json!({
        "type": "RelationCreate", "id": format!("r{number}"), "associationId": "A",
        "locationId": format!("L{}", number % 3), "firstObjectKey": "contact",
        "firstRecordId": format!("c{}", number % 17), "secondObjectKey": "property",
        "secondRecordId": format!("p{}", number % 11), "webhookId": format!("w{number}"),
    });
    relation.to_string()
}

/// Posts one event after another over one connection until the server is gone,
/// and notes each that was acknowledged.
fn send(server: &Server, next: &AtomicU64, acknowledged: &Mutex<BTreeSet<u64>>) {
    let Ok(mut stream) = server.connect() else { return };
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let body = relation(number);
        let head = format!(
            "POST /webhooks HTTP/1.1\r\nhost: r\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).is_err() {
            return;
        }
        match Answer::read(&mut stream) {
            Ok(answer) if answer.status == 200 => {
                acknowledged.lock().unwrap().insert(number);
            }
            _ => return,
        }
    }
}

#[test]
fn every_acknowledged_event_survives_kill_9() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let db = directory.path().join("relata.db");
    let next = AtomicU64::new(0);
    let acknowledged = Mutex::new(BTreeSet::new());
    for round in 0..kills() {
        // Checkpoints after few events, so that kills fall into them too.
        let server = Server::start_with(&db, &["--checkpoint-events", "50"])?;
        std::thread::scope(|scope| {
            for _ in 0..SENDERS {
                scope.spawn(|| send(&server, &next, &acknowledged));
            }
            // Anywhere from the first commit to well into the run.
            std::thread::sleep(Duration::from_millis(20 + round * 67 % 180));
            server.signal("KILL").unwrap();
        });
        drop(server);
        let proof = verify(&mut SqliteJournal::open_read_only(&db)?, 10)?;
        assert_eq!(proof.differences, [], "after kill {round}");
    }
    let acknowledged = acknowledged.into_inner()?;
    assert!(acknowledged.len() > SENDERS * 10, "{}", acknowledged.len());
    let mut kept = BTreeSet::new();
    for location in ["L0", "L1", "L2"] {
        let export = ["export", "--format", "ndjson", "--location", location, "--db"];
        let output = relata().args(export).arg(&db).output()?;
        for line in String::from_utf8(output.stdout)?.lines() {
            let event: serde_json::Value = serde_json::from_str(line)?;
            let id = event["id"].as_str().and_then(|id| id.strip_prefix('r')).unwrap().parse()?;
            assert!(kept.insert(id), "event {id} is there twice");
        }
    }
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert_eq!(lost, Vec::<&u64>::new());
    Ok(())
}
