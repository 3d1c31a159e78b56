//! That answers fail on their way, and requests are turned away, as it is set.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use serde_json::json;

use super::client::{Client, started};
use crate::support::server::{Answer, Error};
use crate::support::upstream::{
    Edge, Fault, Faults, Location, Plan, Refusals, Route, Settings, StandIn,
};

fn start() -> (StandIn, Client, Location) {
    started(Plan::new(6).location(), Settings::default())
}

fn always(stand_in: &StandIn, fault: Fault) {
    stand_in.change(|settings| {
        settings.faults = Faults { percent: vec![(fault, 100)], ..Faults::default() }
    });
}

/// The bytes that come over a connection, so many at most.
fn raw(client: &Client, path: &str, most: u64) -> Result<Vec<u8>, Error> {
    let mut all = Vec::new();
    // Where a connection is reset, what came before it counts.
    client.begin("GET", path, b"")?.take(most).read_to_end(&mut all).ok();
    Ok(all)
}

const PATH: &str = "/associations/?locationId={L}";

#[test]
fn each_fault_is_what_it_is_called() -> Result<(), Error> {
    let (stand_in, client, _) = start();
    let whole = client.get(PATH)?;
    for status in [429, 500, 502, 503] {
        always(&stand_in, Fault::Status(status));
        let answer = client.get(PATH)?;
        assert_eq!((answer.status, answer.header("retry-after")), (status, None));
        assert_eq!(answer.text().starts_with('{'), matches!(status, 429 | 500), "{status}");
    }
    always(&stand_in, Fault::Garbage);
    let answer = client.get(PATH)?;
    assert_eq!((answer.status, answer.body.len()), (200, whole.body.len() / 2));
    assert!(answer.json().is_null());

    always(&stand_in, Fault::Closed);
    assert_eq!(raw(&client, PATH, 1 << 20)?, b"");

    always(&stand_in, Fault::Cut);
    let all = raw(&client, PATH, 1 << 20)?;
    let text = String::from_utf8_lossy(&all);
    assert!(text.contains(&format!("content-length: {}", whole.body.len())), "{text}");
    let half = &whole.body[whole.body.len() / 2 - 20..whole.body.len() / 2];
    assert!(all.ends_with(half), "{text}");

    always(&stand_in, Fault::Stalled);
    let mut stream = client.begin("GET", PATH, b"")?;
    let (mut all, mut byte) = (Vec::new(), [0]);
    while !all.ends_with(half) {
        stream.read_exact(&mut byte)?;
        all.extend(byte);
    }
    stream.set_read_timeout(Some(Duration::from_millis(100)))?;
    let end = stream.read(&mut byte).map_err(|error| error.kind());
    assert!(matches!(end, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{end:?}");

    always(&stand_in, Fault::Endless);
    assert_eq!(raw(&client, PATH, 40 << 20)?.len(), 40 << 20);

    always(&stand_in, Fault::Padded(3 << 20));
    let answer = client.get(PATH)?;
    assert!(answer.body.len() > 3 << 20);
    assert_eq!(answer.json(), whole.json());
    Ok(())
}

/// The statuses of the lists of the contacts, by their ids; 0 where a connection was closed.
fn statuses(client: &Client, location: &Location, reverse: bool) -> BTreeMap<String, u16> {
    let mut ids: Vec<&String> = location.records["contact"].iter().map(|it| &it.id).collect();
    if reverse {
        ids.reverse();
    }
    let status = |id: &String| {
        let answer = client.get(&format!("/associations/relations/{id}?locationId={{L}}"));
        (id.clone(), answer.map_or(0, |answer| answer.status))
    };
    ids.into_iter().map(status).collect()
}

#[test]
fn faults_come_by_the_seed_whatever_the_order_of_requests() -> Result<(), Error> {
    let start = || {
        let (stand_in, client, location) = start();
        let percent = vec![(Fault::Status(500), 10), (Fault::Status(503), 10), (Fault::Closed, 5)];
        let faults = Faults { percent, only: Some(Route::Relations), ..Faults::default() };
        stand_in.change(|settings| settings.faults = faults);
        (stand_in, client, location)
    };
    let (_stand_in, client, location) = start();
    let first = statuses(&client, &location, false);
    let count = |wanted: u16| first.values().filter(|status| **status == wanted).count();
    assert!(count(200) > first.len() / 2 && count(500) > first.len() / 30, "{first:?}");
    assert!(count(503) > first.len() / 30 && count(0) > 0, "{first:?}");
    // A second attempt has another chance.
    assert_ne!(statuses(&client, &location, false), first);
    let (_again, other, _) = start();
    assert_eq!(statuses(&other, &location, true), first);
    // Only that call fails.
    for _ in 0..30 {
        assert_eq!(other.get(PATH)?.status, 200);
    }
    Ok(())
}

#[test]
fn requests_are_turned_away_as_they_are_set() -> Result<(), Error> {
    let ((stand_in, mut client, _), (other, ..)) = (start(), start());
    let refuse = |change: &dyn Fn(&mut Refusals)| {
        stand_in.change(|settings| {
            settings.refusals = Settings::default().refusals;
            change(&mut settings.refusals);
        });
    };
    refuse(&|refusals| refusals.denied = vec!["associations.readonly"]);
    let answer = client.get(PATH)?;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["message"], "The token is not authorized for this scope.");
    assert_eq!(client.get("/objects/?locationId={L}")?.status, 200);

    refuse(&|refusals| refusals.blind = vec!["associations.readonly"]);
    let answer = client.get(PATH)?;
    assert_eq!((answer.status, &answer.json()["associations"]), (200, &json!([])));
    refuse(&|_| ());
    assert_ne!(client.get(PATH)?.json()["associations"], json!([]));

    refuse(&|refusals| refusals.edge = Edge::Closed);
    let answer = client.get(PATH)?;
    assert_eq!((answer.status, &*answer.text()), (403, "error code: 1010"));
    refuse(&|refusals| refusals.redirect = Some(other.url()));
    let answer = client.get(PATH)?;
    let target = format!("{}{}", other.url(), PATH.replace("{L}", &client.location));
    assert_eq!((answer.status, answer.header("location")), (307, Some(&*target)));

    client.headers.push(("user-agent", "Python-urllib/3.12".to_owned()));
    refuse(&|_| ());
    assert_eq!(client.get(PATH)?.status, 403);
    refuse(&|refusals| refusals.edge = Edge::Open);
    assert_eq!(client.get(PATH)?.status, 200);
    Ok(())
}

#[test]
fn a_status_says_when_to_come_again_if_it_is_set() -> Result<(), Error> {
    let (stand_in, client, _) = start();
    for status in [429, 500, 502, 503] {
        always(&stand_in, Fault::Status(status));
        stand_in.change(|settings| settings.faults.retry_after = Some(Duration::from_secs(7)));
        assert_eq!(client.get(PATH)?.header("retry-after"), Some("7"), "{status}");
    }
    Ok(())
}

#[test]
fn answers_are_packed_if_it_is_set_and_the_client_takes_it() -> Result<(), Error> {
    let (stand_in, mut client, _) = start();
    stand_in.change(|settings| settings.packs = true);
    let plain = client.get(PATH)?;
    client.headers.push(("accept-encoding", "deflate, gzip".to_owned()));
    let unpacked = |answer: &Answer| -> Result<Vec<u8>, Error> {
        assert_eq!(answer.header("content-encoding"), Some("gzip"));
        let mut all = Vec::new();
        flate2::read::GzDecoder::new(&*answer.body).read_to_end(&mut all)?;
        Ok(all)
    };
    let answer = client.get(PATH)?;
    assert!(unpacked(&answer)? == plain.body && answer.body.len() < plain.body.len());
    // What is small on its way need not be small.
    always(&stand_in, Fault::Padded(4 << 20));
    let answer = client.get(PATH)?;
    assert!(answer.body.len() < 1 << 17);
    assert_eq!(unpacked(&answer)?.len(), (4 << 20) + plain.body.len());
    Ok(())
}

#[test]
fn answers_take_as_long_as_it_is_set() -> Result<(), Error> {
    const LATENCY: Duration = Duration::from_millis(400);
    let (stand_in, client, _) = start();
    stand_in.change(|settings| settings.latency = LATENCY);
    let begin = Instant::now();
    // Beside one another, not one after another.
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(client.begin("GET", PATH, b"")?);
    }
    for mut stream in streams {
        assert_eq!(Answer::read(&mut stream)?.status, 200);
    }
    let taken = begin.elapsed();
    assert!(taken >= LATENCY && taken < 10 * LATENCY, "{taken:?}");
    assert_eq!(client.post("/contacts/search", &json!({}))?.status, 422);
    Ok(())
}
