//! That answers fail on their way, and requests are turned away, as it is set.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use serde_json::json;

use super::client::Client;
use crate::support::server::{Answer, Error};
use crate::support::upstream::{
    Edge, Fault, Faults, Location, Plan, Refusals, Route, Settings, StandIn,
};

fn start() -> (StandIn, Client, Location) {
    let location = Plan::new(6).location();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let client = Client::new(&stand_in, &location);
    (stand_in, client, location)
}

fn always(stand_in: &StandIn, fault: Fault) {
    stand_in
        .change(|settings| settings.faults = Faults { percent: vec![(fault, 100)], only: None });
}

/// Everything that came over a connection, and how it ended.
fn raw(client: &Client, path: &str, most: u64) -> Result<(Vec<u8>, Option<ErrorKind>), Error> {
    let stream = client.begin("GET", path, b"")?;
    stream.set_read_timeout(Some(Duration::from_millis(300)))?;
    let mut all = Vec::new();
    let end = stream.take(most).read_to_end(&mut all).err().map(|error| error.kind());
    Ok((all, end))
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
    assert_eq!(raw(&client, PATH, 1 << 20)?.0, b"");

    always(&stand_in, Fault::Cut);
    let (all, _) = raw(&client, PATH, 1 << 20)?;
    let text = String::from_utf8_lossy(&all);
    assert!(text.contains(&format!("content-length: {}", whole.body.len())), "{text}");
    assert!(all.ends_with(&whole.body[whole.body.len() / 2 - 20..whole.body.len() / 2]), "{text}");

    always(&stand_in, Fault::Stalled);
    let (all, end) = raw(&client, PATH, 1 << 20)?;
    assert!(matches!(end, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{end:?}");
    assert!(all.ends_with(&whole.body[whole.body.len() / 2 - 20..whole.body.len() / 2]));

    always(&stand_in, Fault::Endless);
    let (all, end) = raw(&client, PATH, 40 << 20)?;
    assert_eq!((all.len(), end), (40 << 20, None));

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
        let faults = Faults { percent, only: Some(Route::Relations) };
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
fn answers_take_as_long_as_it_is_set() -> Result<(), Error> {
    let (stand_in, client, _) = start();
    stand_in.change(|settings| settings.latency = Duration::from_millis(80));
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
    assert!(
        taken >= Duration::from_millis(80) && taken < Duration::from_millis(1_500),
        "{taken:?}"
    );
    assert_eq!(client.post("/contacts/search", &json!({}))?.status, 422);
    Ok(())
}
