//! A location with one record that everything is linked to, and queries that visit all of it.

use std::io::Write;

use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::server;
use crate::support::server::{Answer, Error, Server};

pub(crate) const SEASIDE: &str = "/v1/locations/seaside-realty";

pub(crate) fn ask(server: &Server, path: &str, body: Option<&Value>) -> Result<Answer, Error> {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("{SEASIDE}/{path}") };
    match body {
        None => server.get(&path),
        Some(body) => server.post(&path, body.to_string().as_bytes()),
    }
}

/// A place in which one buyer likes every house, and every house has some other
/// buyers, too.
pub(crate) fn hub(houses: usize, others: usize) -> impl Iterator<Item = String> {
    (0..houses).flat_map(move |number| {
        let others =
            (0..others).map(move |other| format!("b{}", (number * 7 + other * 31) % 1_000));
        std::iter::once("hub".to_owned()).chain(others).map(move |buyer| {
            json!({
                "id": format!("r{number}{buyer}"), "associationId": "A", "locationId": "L",
                "firstObjectKey": "contact", "firstRecordId": buyer,
                "secondObjectKey": "house", "secondRecordId": format!("h{number}"),
            })
            .to_string()
        })
    })
}

/// A server of a hub with so many links.
pub(crate) fn with_hub(
    houses: usize,
    others: usize,
    arguments: &[&str],
) -> Result<(tempfile::TempDir, Server), Error> {
    let (directory, db) = fresh()?;
    let events = directory.path().join("events.ndjson");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&events)?);
    for body in hub(houses, others) {
        writeln!(file, "{body}")?;
    }
    file.into_inner()?.sync_all()?;
    let told = server::relata().arg("ingest").arg(&events).arg("--db").arg(&db).output()?;
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let server = Server::start_with(&db, arguments)?;
    Ok((directory, server))
}

/// A question that looks for walks without end and finds none: no link of the
/// last step is there.
pub(crate) fn endless() -> Value {
    let mut steps = vec![json!({}); 15];
    steps.push(json!({"label": "no such label"}));
    json!({"from": ["contact/hub"], "steps": steps, "paths": true, "limit": 1000})
}

/// The hub and some of what it is linked to.
pub(crate) fn hub_and_houses(houses: usize) -> Vec<String> {
    let houses = (0..houses).map(|number| format!("house/h{number}"));
    std::iter::once("contact/hub".to_owned()).chain(houses).collect()
}

/// Questions that visit every link many times over, if they are let.
pub(crate) fn huge() -> Vec<(&'static str, Option<Value>)> {
    let steps = vec![json!({}); 16];
    vec![
        ("/v1/locations/L/walk", Some(json!({"from": ["contact/hub"], "steps": steps}))),
        ("/v1/locations/L/walk", Some(endless())),
        ("/v1/locations/L/neighborhood?of=contact/hub&depth=8&limit=100000", None),
        ("/v1/locations/L/path?from=contact/hub&to=contact/b1&all=true&limit=1000", None),
        (
            "/v1/locations/L/match",
            Some(json!({"any": [{"linkedTo": "contact/hub"}, {"linkedTo": "contact/b7"}]})),
        ),
        ("/v1/locations/L/between", Some(json!({"of": hub_and_houses(1_999)}))),
    ]
}
