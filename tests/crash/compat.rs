//! kill -9 while programs write through HighLevel's own API: every link that was answered with
//! 201 is there afterwards, and of each bulk all of them or none.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use serde_json::{Value, json};

use crate::links::Links;
use crate::support::database::fresh;
use crate::support::long;
use crate::support::server::{Error, Server};

const LOCATION: &str = "L";

/// Links of one bulk.
const ROWS: usize = 50;

const THREADS: usize = 4;

/// What was answered: ids of single links, and the first records of bulks.
#[derive(Default)]
struct Answered {
    single: BTreeSet<String>,
    bulks: BTreeSet<String>,
}

/// Creates the association, unless an earlier process has, and returns its id.
fn association(server: &Server) -> Result<String, Error> {
    let path = format!("/associations/key/interest?locationId={LOCATION}");
    let known = server.get(&path)?;
    if known.status == 200 {
        return Ok(known.json()["id"].as_str().unwrap().to_owned());
    }
    let new = json!({"locationId": LOCATION, "key": "interest", "firstObjectLabel": "",
        "firstObjectKey": "contact", "secondObjectLabel": "", "secondObjectKey": "home"});
    let created = server.post("/associations/", new.to_string().as_bytes())?;
    assert_eq!(created.status, 201, "{}", created.text());
    Ok(created.json()["id"].as_str().unwrap().to_owned())
}

/// Writes single links and bulks in turn until the server is gone.
fn write(server: &Server, id: &str, name: &str, answered: &Mutex<Answered>, done: &Sender<()>) {
    for call in 0.. {
        let first = format!("{name}-{call}");
        let row = |number: usize| {
            json!({"associationId": id, "firstRecordId": first,
                "secondRecordId": format!("h{number}")})
        };
        let is_bulk = call % 2 == 0;
        let (path, mut body) = if is_bulk {
            let rows: Vec<Value> = (0..ROWS).map(row).collect();
            ("/associations/relations/bulk", json!({"add": rows}))
        } else {
            ("/associations/relations", row(0))
        };
        body["locationId"] = json!(LOCATION);
        let Ok(answer) = server.post(path, body.to_string().as_bytes()) else { return };
        if answer.status != 201 || answer.json().is_null() {
            return;
        }
        let mut answered = answered.lock().unwrap();
        if is_bulk {
            answered.bulks.insert(first);
        } else {
            answered.single.insert(answer.json()["id"].as_str().unwrap().to_owned());
        }
        drop(answered);
        done.send(()).ok();
    }
}

#[test]
fn every_link_that_was_answered_outlives_a_kill() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let (answered, mut written) = (Mutex::new(Answered::default()), 0);
    for round in 0..long::rounds(8, 200) {
        let server = Server::start(&db)?;
        let id = association(&server)?;
        let (done, calls) = channel();
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let name = format!("r{round}-t{thread}");
                let (server, id, answered, done) = (&server, &id, &answered, done.clone());
                scope.spawn(move || write(server, id, &name, answered, &done));
            }
            for _ in 0..=round * 7 % 23 {
                calls.recv().unwrap();
            }
            server.signal("KILL").unwrap();
        });
        drop(server);
        let Links { ids, from } = Links::read(&db, LOCATION)?;
        let answered = answered.lock().unwrap();
        for id in &answered.single {
            assert!(ids.contains(id), "{id} was answered and is gone");
        }
        for bulk in &answered.bulks {
            assert_eq!(from.get(bulk), Some(&ROWS), "{bulk} was answered");
        }
        for (record, links) in &from {
            assert!([1, ROWS].contains(links), "{record} has half of a bulk: {links}");
        }
        written = ids.len();
    }
    long::tell("links written between kills", written);
    Ok(())
}
