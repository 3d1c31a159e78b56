//! Which events are sent, from where, and how they are written.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use relata::Timestamp;
use relata::http::Limits;
use serde_json::json;

use crate::http::feed::Within;
use crate::support::database::fresh;
use crate::support::long;
use crate::support::sample::SAMPLE;
use crate::support::server::{Error, Server};
use crate::support::sse_client::{HERE, Reader, post, post_twice, relation};

#[test]
fn applied_events_are_sent_live_and_on_catch_up() -> Result<(), Error> {
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

#[test]
fn catch_up_continues_into_live_events_without_a_gap() -> Result<(), Error> {
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
fn texts_of_events_cannot_break_a_line_of_the_feed() -> Result<(), Error> {
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
fn the_start_position_is_checked() -> Result<(), Error> {
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

const FILTERS: [&str; 12] = [
    "",
    "&label=Owner",
    "&label=Owner&label=Viewing",
    "&object=contact",
    "&object=business",
    "&of=contact",
    "&of=contact/TO8RJjq9RDegjbPPMkse",
    "&of=custom_objects.property/6adf249e8ce18ef62a90b95f",
    "&of=custom_objects.property/6adf249e8ce18ef62a90b95f&label=Listing%20Agent",
    "&of=contact/nobody",
    "&of=contact/TO8RJjq9RDegjbPPMkse&object=custom_objects.property",
    "&label=nothing",
];

/// Of the channels of the server: what each filter lets through, live, is what it
/// lets through in what was before.
#[test]
fn filters_select_the_same_live_and_on_catch_up() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--heartbeat-ms", "50"])?;
    // Labels become known, and then stay.
    let mut lines = SAMPLE.lines().filter(|line| {
        line.contains("\"locationId\":\"seaside-realty\"")
            && !line.contains("AssociationUpdate")
            && !line.contains("AssociationDelete")
    });
    server.post("/webhooks", lines.next().unwrap().as_bytes())?;
    let mut live = Vec::new();
    for query in FILTERS {
        live.push(Reader::open(&server, "seaside-realty", &format!("?after=1{query}"))?);
    }
    for line in lines {
        assert_eq!(server.post("/webhooks", line.as_bytes())?.status, 200);
    }
    let itself = json!({"type": "RelationCreate", "id": "itself", "associationId": "no such",
        "locationId": "seaside-realty", "firstObjectKey": "contact",
        "firstRecordId": "TO8RJjq9RDegjbPPMkse", "secondObjectKey": "contact",
        "secondRecordId": "TO8RJjq9RDegjbPPMkse"});
    post(&server, &itself)?;
    let last = json!({"type": "AssociationDelete", "id": "no such", "locationId": "seaside-realty",
        "firstObjectKey": "a", "secondObjectKey": "b"});
    let (_, head) = post(&server, &last)?;
    let mut different = BTreeSet::new();
    for (query, live) in FILTERS.iter().zip(&mut live) {
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
