//! kill -9 in the middle of an import, again and again: in the end each line is
//! there once.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use relata::graph::Difference;
use relata::journal::{JournalReader, SqliteJournal};
use relata::{Store, verify};

use crate::support::long;
use crate::support::server::{Error, Server, relata};

const LINES: usize = 20_000;

/// Links without an id of the delivery and without a time; every seventh goes
/// again, every ninth comes twice.
fn lines() -> Vec<String> {
    let event = |number: usize| {
        let (kind, relation) = match number {
            _ if number % 7 == 6 => ("RelationDelete", number - 3),
            _ if number % 9 == 8 => ("RelationCreate", number - 1),
            _ => ("RelationCreate", number),
        };
        format!(
            r#"{{"type":"{kind}","line":{number},"id":"r{relation}","associationId":"a","locationId":"L{}","firstObjectKey":"contact","firstRecordId":"c{}","secondObjectKey":"home","secondRecordId":"h{}"}}"#,
            relation % 3,
            relation % 997,
            relation % 311
        )
    };
    (0..LINES).map(event).collect()
}

/// Every line is in the journal once, in order, and the graph is as if nothing had
/// happened.
fn check(db: &Path, lines: &[String], reference: &Store) -> Result<(), Error> {
    let mut journal = SqliteJournal::open_read_only(db)?;
    let mut kept = Vec::new();
    journal.read(0, &mut |_, entry| {
        kept.push(entry.body.to_owned());
        ControlFlow::Continue(())
    })?;
    if kept != lines {
        let mut times: BTreeMap<&str, u32> = BTreeMap::new();
        for line in &kept {
            *times.entry(line).or_default() += 1;
        }
        let doubled = times.values().filter(|times| **times > 1).count();
        return Err(format!("{} lines, {doubled} more than once", kept.len()).into());
    }
    assert_eq!(verify(&mut journal, 10)?.differences, []);
    let store = Store::open_read_only(db)?;
    let mut found: Vec<Difference> = Vec::new();
    for location in store.locations().unwrap() {
        let other = reference.location(location.id().as_str()).unwrap().unwrap();
        location.read().differences(&other.read(), &mut found, 10);
    }
    assert_eq!((store.locations().unwrap().len(), found), (3, vec![]));
    Ok(())
}

fn reference(lines: &[String]) -> Result<Store, Error> {
    let store = Store::in_memory()?;
    store.import().read(lines.join("\n").as_bytes(), |_| Ok(()))?;
    Ok(store)
}

fn head(db: &Path) -> u64 {
    Store::open_read_only(db).map_or(0, |store| store.head())
}

/// A time to kill at, anywhere in an import.
fn moment(round: u32, whole: Duration) -> Duration {
    whole * (round * 37 % 101) / 101
}

#[test]
fn a_killed_ingest_resumes_where_it_was() -> Result<(), Error> {
    let lines = lines();
    let reference = reference(&lines)?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("events.ndjson");
    std::fs::write(&file, lines.join("\n"))?;
    let ingest = |db: &Path| {
        let mut command = relata();
        command.args(["ingest", "--log", "error", "--db"]).arg(db).arg(&file);
        command.stdout(Stdio::piped());
        command
    };
    let since = std::time::Instant::now();
    assert!(ingest(&directory.path().join("whole.db")).output()?.status.success());
    let whole = since.elapsed();
    let (mut kills, mut midway) = (0, 0);
    for round in 0..long::rounds(2, 40) {
        let db = directory.path().join(format!("{round}.db"));
        // Each time a little further, and always killed twice.
        for again in 0..3 {
            let mut child = ingest(&db).spawn()?;
            std::thread::sleep(moment(round * 3 + again, whole));
            child.kill()?;
            child.wait()?;
            kills += 1;
            let had = head(&db);
            midway += u32::from(had > 0 && had < LINES as u64);
        }
        let done = ingest(&db).output()?;
        assert!(done.status.success());
        check(&db, &lines, &reference)?;
        std::fs::remove_file(&db)?;
    }
    assert!(midway > 0, "no kill hit an import");
    long::tell("kills of an ingest", kills);
    long::tell("of which in the middle", midway);
    Ok(())
}

#[test]
fn an_import_into_a_killed_server_resumes_where_it_was() -> Result<(), Error> {
    let lines = lines();
    let reference = reference(&lines)?;
    let body = lines.join("\n").into_bytes();
    let directory = tempfile::tempdir()?;
    let whole = {
        let server = Server::start(&directory.path().join("whole.db"))?;
        let since = std::time::Instant::now();
        assert_eq!(server.request("POST", "/v1/import", &[], &body)?.status, 200);
        since.elapsed()
    };
    let (mut kills, mut midway) = (0, 0);
    for round in 0..long::rounds(2, 40) {
        let db = directory.path().join(format!("{round}.db"));
        for again in 0..3 {
            // With room for all graphs, and for none.
            let memory = if again == 1 { "1" } else { "1GiB" };
            let server = Server::start_with(&db, &["--graph-memory", memory])?;
            std::thread::scope(|scope| {
                scope.spawn(|| server.request("POST", "/v1/import", &[], &body).ok());
                std::thread::sleep(moment(round * 3 + again, whole));
                server.signal("KILL").unwrap();
            });
            drop(server);
            kills += 1;
            let had = head(&db);
            midway += u32::from(had > 0 && had < LINES as u64);
        }
        let server = Server::start(&db)?;
        let answer = server.request("POST", "/v1/import?results=refused", &[], &body)?;
        assert_eq!((answer.status, &answer.json()["lines"]), (200, &LINES.into()));
        drop(server);
        check(&db, &lines, &reference)?;
        std::fs::remove_file(&db)?;
    }
    assert!(midway > 0, "no kill hit an import");
    long::tell("kills of a server in an import", kills);
    long::tell("of which in the middle", midway);
    Ok(())
}
