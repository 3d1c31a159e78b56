//! That the stand-in of the sender's API is what the sender's own client libraries expect.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::server::Error;
use crate::support::upstream::{Limits, Location, Plan, Settings, StandIn, Truth, Window};
use crate::{readers, scripts};

/// What a client that read all of a location must have found, in the words of the scripts.
fn expected(truth: &Truth) -> Value {
    let associations = truth.associations.iter().map(|(id, it)| {
        let [[first, second], [own, far]] = [&it.objects, &it.labels];
        (id.clone(), json!([it.key, first, second, own, far]))
    });
    let relations = truth.relations.iter().map(|(id, it)| {
        let ends = [&it.first.0, &it.first.1, &it.second.0, &it.second.1];
        (id.clone(), json!([it.association, ends[0], ends[1], ends[2], ends[3]]))
    });
    let records = truth.records.iter();
    let records = records.map(|((object, id), name)| (format!("{object} {id}"), json!(name)));
    json!({
        "objects": truth.objects,
        "associations": associations.collect::<serde_json::Map<_, _>>(),
        "records": records.collect::<serde_json::Map<_, _>>(),
        "relations": relations.collect::<serde_json::Map<_, _>>(),
    })
}

/// Runs a script against a stand-in, and compares what it found with what is there.
fn compare(command: &mut Command, stand_in: &StandIn, location: &Location) -> Result<Value, Error> {
    let output = command.args([&stand_in.url(), &location.token, &location.id]).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    let mut found: Value = serde_json::from_slice(&output.stdout)?;
    let truth = stand_in.truth();
    let by_id = found["byId"].take();
    for (object, name) in by_id.as_object().unwrap().iter().filter(|(key, _)| *key != "location") {
        let prefix = format!("{object} ");
        let records = found["records"].as_object().unwrap();
        assert!(records.iter().any(|it| it.0.starts_with(&prefix) && it.1 == name), "{object}");
    }
    assert_eq!(by_id["location"], location.name);
    let refused = found["refused"].take();
    let expected = expected(&truth);
    for part in ["objects", "associations", "records", "relations"] {
        assert!(expected[part].as_object().is_some_and(|it| !it.is_empty()));
        assert_eq!(found[part], expected[part], "{part}");
    }
    Ok(refused)
}

#[test]
fn the_client_for_javascript_reads_the_stand_in_and_heeds_its_limits() -> Result<(), Error> {
    let Some(readers) = readers() else { return Ok(()) };
    let location = Plan::new(21).location();
    let window = Duration::from_millis(200);
    let limits = Limits { requests: 40, window, kind: Window::Sliding, ..Limits::default() };
    let settings = Settings { limits: Some(limits), ..Settings::default() };
    let stand_in = StandIn::start(location.clone(), settings);
    let mut command = Command::new("node");
    command.arg(scripts().join("read_location.mjs")).arg(&readers);
    let refused = compare(&mut command, &stand_in, &location)?;
    let expected = json!({
        "missing": "NOT_FOUND 404: Association not found",
        "invalid": "VALIDATION 422: limit must not be greater than 100",
        "foreign": "FORBIDDEN 403: The token does not have access to this location.",
        "unknown": "AUTHENTICATION 401: Invalid Private Integration token",
    });
    assert_eq!(refused, expected);
    assert!(stand_in.usage().throttled > 0);
    Ok(())
}

#[test]
fn the_client_for_python_reads_the_stand_in() -> Result<(), Error> {
    let Some(readers) = readers() else { return Ok(()) };
    let location = Plan::new(22).location();
    let stand_in = StandIn::start(location.clone(), Settings::default());
    let mut command = Command::new(readers.join("python/bin/python"));
    command.arg(scripts().join("read_location.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    let refused = compare(&mut command, &stand_in, &location)?;
    let expected = json!({
        "missing": "GHLError 404: Association not found",
        "invalid": "GHLError 422: limit must not be greater than 100",
        "foreign": "GHLError 403: The token does not have access to this location.",
        "unknown": "GHLError 401: Invalid Private Integration token",
    });
    assert_eq!(refused, expected);
    Ok(())
}
