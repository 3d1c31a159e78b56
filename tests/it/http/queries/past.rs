//! Queries of the past, and of one moment while events come in.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::queries::every_question;
use crate::support::database::fresh;
use crate::support::hub::{ask, hub, with_hub};
use crate::support::sample;
use crate::support::server::{Error, Server};

#[test]
fn as_of_an_event_every_query_answers_as_it_did_then() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--past-graphs", "2", "--checkpoint-events", "50"])?;
    let questions = every_question();
    let mut answered = Vec::new();
    for (number, event) in sample::SAMPLE.lines().enumerate() {
        assert_eq!(server.post("/webhooks", event.as_bytes())?.status, 200);
        if number % 67 != 5 {
            continue;
        }
        for (path, body) in &questions {
            let answer = ask(&server, path, body.as_ref())?;
            assert!([200, 404].contains(&answer.status), "{path}: {}", answer.text());
            answered.push((number + 1, *path, body.clone(), answer.status, answer.body));
        }
    }
    // Back and forth, so that the past is built from the start and gone on from.
    answered.sort_by_key(|(seq, path, ..)| (seq % 5, path.len(), *seq));
    let mut found = 0;
    for (seq, path, body, status, was) in answered {
        let joint = if path.contains('?') { '&' } else { '?' };
        let in_query = ask(&server, &format!("{path}{joint}asOf={seq}"), body.as_ref())?;
        assert_eq!(in_query.status, status, "{path} as of {seq}: {}", in_query.text());
        if status == 200 {
            found += 1;
            let (is, was) = (in_query.text(), String::from_utf8_lossy(&was));
            assert_eq!(is, was, "{path} {body:?} as of {seq}");
        }
        if let Some(mut body) = body {
            body["asOf"] = json!(seq);
            let in_body = ask(&server, path, Some(&body))?;
            assert_eq!(in_body.status, status, "{path}: {}", in_body.text());
            assert!(status != 200 || in_body.body == in_query.body, "{path}: {}", in_body.text());
        }
    }
    assert!(found > 60, "{found}");
    Ok(())
}

#[test]
fn pages_of_a_diff_make_up_the_whole() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--demo"])?;
    let whole = ask(&server, "diff?from=100&to=330&limit=1000", None)?.json();
    assert_eq!(
        (&whole["from"], &whole["to"], &whole["seq"]),
        (&json!(100), &json!(330), &json!(330))
    );
    assert_eq!((&whole["next"], &whole["complete"]), (&Value::Null, &json!(true)));
    let (mut added, mut removed, mut cursor) = (vec![], vec![], String::new());
    loop {
        let page = ask(&server, &format!("diff?from=100&to=330&limit=3{cursor}"), None)?.json();
        assert_eq!(page["associations"], whole["associations"]);
        added.extend_from_slice(page["added"].as_array().unwrap());
        removed.extend_from_slice(page["removed"].as_array().unwrap());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!((json!(added), json!(removed)), (whole["added"].clone(), whole["removed"].clone()));
    assert!(added.len() > 20, "{}", added.len());
    let back = ask(&server, "diff?from=330&to=100&limit=1000", None)?.json();
    assert_eq!((&back["added"], &back["removed"]), (&whole["removed"], &whole["added"]));
    let none = ask(&server, "diff?from=388", None)?.json();
    assert_eq!(
        (&none["added"], &none["removed"], &none["to"]),
        (&json!([]), &json!([]), &json!(388))
    );
    Ok(())
}

#[test]
fn a_query_waits_for_min_seq() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--min-seq-timeout-ms", "400"])?;
    let mut events = sample::SAMPLE.lines();
    server.post("/webhooks", events.next().ok_or("no event")?.as_bytes())?;
    let start = Instant::now();
    let late = ask(&server, "objects?minSeq=2", None)?;
    assert_eq!((late.status, late.header("retry-after")), (503, Some("1")));
    assert_eq!(late.json()["field"], "minSeq");
    assert!(start.elapsed() >= Duration::from_millis(390));
    assert_eq!(ask(&server, "objects?minSeq=1", None)?.status, 200);
    for (seq, event) in (2..).zip(events.take(20)) {
        std::thread::scope(|scope| {
            let waiting: Vec<_> = every_question()
                .into_iter()
                .take(2)
                .chain([("events", None), ("objects", None), ("/v1/locations", None)])
                .map(|(path, body)| {
                    let server = &server;
                    let joint = if path.contains('?') { '&' } else { '?' };
                    let path = format!("{path}{joint}minSeq={seq}");
                    scope
                        .spawn(move || ask(server, &path, body.as_ref()).map_err(|e| e.to_string()))
                })
                .collect();
            server.post("/webhooks", event.as_bytes()).unwrap();
            for thread in waiting {
                let answer = thread.join().unwrap().unwrap();
                assert!([200, 404].contains(&answer.status), "{}", answer.text());
                if answer.status == 200 {
                    assert!(answer.json()["seq"].as_u64() >= Some(seq), "{}", answer.text());
                }
            }
        });
    }
    Ok(())
}

/// The time of a question once ran while its past was built: what was asked first of a
/// moment was answered with nothing, and the same asked again with everything.
#[test]
fn the_timeout_of_a_query_begins_when_its_past_is_built() -> Result<(), Error> {
    let (_directory, server) = with_hub(6_000, 1, &["--question-timeout-ms", "150"])?;
    let head = server.get("/readyz")?.json()["seq"].as_u64().ok_or("no seq")?;
    let around =
        format!("/v1/locations/L/neighborhood?of=contact/hub&limit=1000&asOf={}", head - 1);
    let (first, again) = (server.get(&around)?, server.get(&around)?);
    assert_eq!(first.json()["nodes"].as_array().map(Vec::len), Some(1000));
    assert_eq!(first.text(), again.text());
    let diff = server.get(&format!("/v1/locations/L/diff?from={}&limit=5", head - 3))?.json();
    assert_eq!(
        (&diff["complete"], diff["added"].as_array().map(Vec::len)),
        (&json!(true), Some(3))
    );
    Ok(())
}

/// Answers said the last event that was visible when they were asked for, and held
/// later ones: the same seq was answered with different things.
#[test]
fn answers_of_the_same_seq_are_equal_while_events_come() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let lines: String = hub(1_500, 1).map(|line| line + "\n").collect();
    server.post("/webhooks", hub(1, 0).next().ok_or("no event")?.as_bytes())?;
    let paths = [
        "summary",
        "objects/contact/records",
        "objects/contact/records/hub/links?order=newest&limit=3",
        "export?format=csv",
    ];
    let mut known = std::collections::HashMap::new();
    std::thread::scope(|scope| {
        let import = scope.spawn(|| {
            let headers = [("content-type", "application/x-ndjson")];
            server.request("POST", "/v1/import", &headers, lines.as_bytes()).unwrap().status
        });
        while !import.is_finished() {
            for path in paths {
                let answer = server.get(&format!("/v1/locations/L/{path}"))?;
                let seq = match answer.header("relata-seq") {
                    Some(seq) => seq.parse()?,
                    None => answer.json()["seq"].as_u64().ok_or("no seq")?,
                };
                let before = known.entry((path, seq)).or_insert_with(|| answer.body.clone());
                assert_eq!(*before, answer.body, "{path} {seq}");
            }
            let head = server.get("/readyz")?.json()["seq"].as_u64().ok_or("no seq")?;
            let path = format!(
                "/v1/locations/L/objects/contact/records/hub/links?order=newest&asOf={head}"
            );
            let then = server.get(&path)?.json();
            assert_eq!(then["seq"], head);
            assert!(then["links"][0]["seq"].as_u64().is_some_and(|seq| seq <= head), "{then}");
        }
        assert_eq!(import.join().unwrap(), 200);
        Ok::<_, Error>(())
    })?;
    // Each answer is what a replay up to its seq gives.
    for ((path, seq), body) in known.into_iter().step_by(7) {
        if path.starts_with("summary") || path.contains("links") || path.starts_with("export") {
            let joint = if path.contains('?') { '&' } else { '?' };
            let then = server.get(&format!("/v1/locations/L/{path}{joint}asOf={seq}"))?;
            assert_eq!(then.body, body, "{path} as of {seq}");
        }
    }
    Ok(())
}

/// A replay that nobody could end kept the store in use: the server ended with an error,
/// without its last checkpoint.
#[test]
fn shutdown_ends_a_replay() -> Result<(), Error> {
    let (_directory, mut server) = with_hub(20_000, 1, &["--checkpoint-events", "1000000"])?;
    let mut waiting = server.connect()?;
    write!(waiting, "GET /v1/locations/L/summary?asOf=39990 HTTP/1.1\r\nhost: x\r\n\r\n")?;
    std::thread::sleep(Duration::from_millis(300));
    server.signal("TERM")?;
    let stopped = Instant::now();
    assert!(server.wait(Duration::from_secs(8))?.success());
    assert!(stopped.elapsed() < Duration::from_secs(5), "{:?}", stopped.elapsed());
    Ok(())
}
