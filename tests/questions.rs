//! Questions over HTTP, to the real binary.

#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by failing")]

mod long;
mod sample;
mod server;

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::{Answer, Error, Server};

const SEASIDE: &str = "/v1/locations/seaside-realty";

fn fresh() -> Result<(tempfile::TempDir, PathBuf), Error> {
    let directory = tempfile::tempdir()?;
    let db = directory.path().join("relata.db");
    Ok((directory, db))
}

fn ask(server: &Server, path: &str, body: Option<&Value>) -> Result<Answer, Error> {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("{SEASIDE}/{path}") };
    match body {
        None => server.get(&path),
        Some(body) => server.post(&path, body.to_string().as_bytes()),
    }
}

/// One of each question, on both layers.
fn every_question() -> Vec<(&'static str, Option<Value>)> {
    let house = "custom_objects.property/12-maple-street";
    let amara = "contact/amara-okafor";
    let buyer = |node: &str| json!({"linkedTo": node, "label": "Interested Buyer"});
    vec![
        ("objects/contact/records/amara-okafor/links?limit=3", None),
        (
            "objects/contact/records/amara-okafor/links?order=newest&since=2026-11-01T00:00:00Z",
            None,
        ),
        ("objects/custom_objects.property/links", None),
        ("labels?of=custom_objects.property/12-maple-street", None),
        ("labels?of=contact", None),
        ("links", Some(json!({"of": [amara, house, "contact"], "limit": 2}))),
        (
            "match",
            Some(json!({"object": "custom_objects.property", "all": [buyer(amara)],
            "none": [buyer("contact/maya-patel")]})),
        ),
        ("match", Some(json!({"any": [{"linkedTo": house}, {"linkedTo": amara}], "limit": 5}))),
        ("match", Some(json!({"all": [{"linkedTo": "contact"}]}))),
        ("walk", Some(json!({"from": [house], "steps": [{"object": "contact"}, {}], "limit": 4}))),
        ("walk", Some(json!({"from": [amara], "steps": [{}, {}], "limit": 3, "paths": true}))),
        ("path?from=contact/nadia-cole&to=contact/amara-okafor&all=true", None),
        ("path?from=business&to=custom_objects.viewing", None),
        ("neighborhood?of=contact/amara-okafor&depth=2&limit=20", None),
        ("neighborhood?of=contact&depth=1", None),
        ("summary", None),
    ]
}

#[test]
fn as_of_an_event_everything_is_answered_as_it_was_then() -> Result<(), Error> {
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

type Case = (&'static str, Option<Value>, u16, &'static str);

/// Path, status and the parameter to blame.
fn bad_parameters() -> Vec<Case> {
    vec![
        ("labels", None, 400, "of"),
        ("labels?of=", None, 400, "of"),
        ("labels?of=/x", None, 400, "of"),
        ("labels?of=contact&of=business", None, 400, "of"),
        ("labels?of=contact&label=x", None, 400, "label"),
        ("labels?of=contact/nobody", None, 404, ""),
        ("labels?of=contact&asOf=yesterday", None, 400, "asOf"),
        ("labels?of=contact&asOf=-1", None, 400, "asOf"),
        ("labels?of=contact&asOf=99999999999999999999", None, 400, "asOf"),
        ("labels?of=contact&asOf=2026-11-01", None, 400, "asOf"),
        ("labels?of=contact&minSeq=x", None, 400, "minSeq"),
        ("labels?of=contact&minSeq=1&minSeq=1", None, 400, "minSeq"),
        ("objects/contact/links?since=monday", None, 400, "since"),
        ("objects/contact/links?until=1", None, 400, "until"),
        ("path?from=contact", None, 400, "to"),
        ("path?from=contact&to=business&maxHops=33", None, 400, "maxHops"),
        ("path?from=contact&to=business&maxHops=0", None, 400, "maxHops"),
        ("path?from=contact&to=business&all=yes", None, 400, "all"),
        ("path?from=contact&to=business&limit=5", None, 400, "limit"),
        ("path?from=contact&to=contact/amara-okafor", None, 400, "to"),
        ("path?from=contact/nobody&to=contact/amara-okafor", None, 404, ""),
        ("neighborhood?of=contact&depth=9", None, 400, "depth"),
        ("neighborhood?of=contact&limit=100001", None, 400, "limit"),
        ("diff", None, 400, "from"),
        ("diff?from=x", None, 400, "from"),
        ("diff?from=1&to=never", None, 400, "to"),
        ("diff?from=1&from=2", None, 400, "from"),
        ("diff?from=1&limit=0", None, 400, "limit"),
        ("diff?from=1&cursor=x", None, 400, "cursor"),
        ("diff?from=1&asOf=3", None, 400, "asOf"),
        ("history", None, 400, "of"),
        ("history?of=contact&relation=x", None, 400, "of"),
        ("history?relation=none", None, 404, ""),
        ("history?of=contact&cursor=x", None, 400, "cursor"),
        ("events?after=x", None, 400, "after"),
        ("summary?limit=5", None, 400, "limit"),
    ]
}

/// Path, body, status and the member to blame.
fn bad_bodies() -> Vec<Case> {
    let amara = "contact/amara-okafor";
    let many = |count: usize| vec![amara; count];
    let conditions = vec![json!({"linkedTo": amara}); 101];
    vec![
        ("links", Some(json!({"of": []})), 400, "of"),
        ("links", Some(json!({"of": many(1001)})), 400, "of"),
        ("links", Some(json!({"of": [amara], "label": vec!["x"; 101]})), 400, "label"),
        ("links", Some(json!({"of": [amara], "association": vec!["x"; 101]})), 400, "association"),
        ("match", Some(json!({"any": conditions})), 400, "any"),
        ("match", Some(json!({"none": conditions})), 400, "none"),
        ("match", Some(json!({"all": conditions[..50], "any": conditions[..51]})), 400, "all"),
        (
            "match",
            Some(json!({"all": [{"linkedTo": amara, "label": vec!["x"; 101]}]})),
            400,
            "all[0].label",
        ),
        (
            "match",
            Some(json!({"none": [{"linkedTo": amara, "association": vec!["x"; 101]}]})),
            400,
            "none[0].association",
        ),
        ("walk", Some(json!({"from": many(1001), "steps": [{}]})), 400, "from"),
        (
            "walk",
            Some(json!({"from": [amara], "steps": [{}, {"label": vec!["x"; 101]}]})),
            400,
            "steps[1].label",
        ),
        (
            "walk",
            Some(json!({"from": [amara], "steps": [{"association": vec!["x"; 101]}]})),
            400,
            "steps[0].association",
        ),
        ("links", Some(json!({"of": [amara], "limit": 0})), 400, "limit"),
        ("links", Some(json!({"of": [amara], "limit": 1001})), 400, "limit"),
        ("links", Some(json!({"of": [amara], "side": "third"})), 400, "side"),
        ("links", Some(json!({"of": [amara], "label": 7})), 400, "label"),
        ("links", Some(json!({"off": [amara]})), 400, "off"),
        ("links", Some(json!([])), 400, "body"),
        ("match", Some(json!({})), 400, "all"),
        ("match", Some(json!({"none": [{"linkedTo": amara}]})), 400, "all"),
        ("match", Some(json!({"all": conditions})), 400, "all"),
        ("match", Some(json!({"all": [{"linkedTo": "x/"}]})), 400, "all[0].linkedTo"),
        ("match", Some(json!({"all": [{"label": "x"}]})), 400, "all[0]"),
        ("match", Some(json!({"all": [{"linkedTo": "contact/nobody"}]})), 404, ""),
        ("match", Some(json!({"all": [{"linkedTo": amara}, {"linkedTo": "contact"}]})), 400, "all"),
        ("match", Some(json!({"all": [{"linkedTo": amara}], "cursor": "r1-0"})), 400, "cursor"),
        ("walk", Some(json!({"from": [amara], "steps": []})), 400, "steps"),
        ("walk", Some(json!({"from": [amara], "steps": vec![json!({}); 17]})), 400, "steps"),
        ("walk", Some(json!({"from": [], "steps": [{}]})), 400, "from"),
        ("walk", Some(json!({"from": [amara], "steps": [{"labl": "x"}]})), 400, "steps[0].labl"),
        (
            "walk",
            Some(json!({"from": [amara], "steps": [{}], "paths": true, "cursor": "r1-00000000"})),
            400,
            "cursor",
        ),
        ("walk", Some(json!({"from": [amara], "steps": [{}], "asOf": "soon"})), 400, "asOf"),
        ("walk?asOf=3", Some(json!({"from": [amara], "steps": [{}], "asOf": 3})), 400, "asOf"),
        ("walk?limit=3", Some(json!({"from": [amara], "steps": [{}]})), 400, "limit"),
    ]
}

#[test]
fn what_does_not_fit_is_refused_and_named() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    for event in sample::SAMPLE.lines().take(120) {
        server.post("/webhooks", event.as_bytes())?;
    }
    for (path, body, status, field) in bad_parameters().into_iter().chain(bad_bodies()) {
        let answer = ask(&server, path, body.as_ref())?;
        let told = answer.json();
        let named = told["field"].as_str().unwrap_or_default();
        assert_eq!((answer.status, named), (status, field), "{path} {body:?}: {told}");
        let code = if status == 404 { "not_found" } else { "invalid_parameter" };
        assert_eq!(told["code"], code, "{path} {body:?}");
    }
    let raw = |body: &[u8], kind: &str| {
        server.request("POST", &format!("{SEASIDE}/walk"), &[("content-type", kind)], body)
    };
    for broken in [&b""[..], b"{", b"{\"from\":[\"contact\"],\"steps\":[{}]} x", b"\xff"] {
        let answer = raw(broken, "application/json")?;
        assert_eq!(answer.json()["code"], "malformed_json", "{}", answer.text());
    }
    assert_eq!(raw(b"{}", "text/plain")?.status, 415);
    let large = format!("{{\"from\":[\"{}\"]}}", "x".repeat(1 << 20));
    assert_eq!(raw(large.as_bytes(), "application/json")?.status, 413);
    Ok(())
}

#[test]
fn pages_of_a_diff_are_the_whole_of_it() -> Result<(), Error> {
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
    let none = ask(&server, "diff?from=337", None)?.json();
    assert_eq!(
        (&none["added"], &none["removed"], &none["to"]),
        (&json!([]), &json!([]), &json!(337))
    );
    Ok(())
}

#[test]
fn a_question_waits_for_the_event_that_it_asks_for() -> Result<(), Error> {
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

/// A place in which one buyer likes every house, and every house has some other
/// buyers, too.
fn hub(houses: usize, others: usize) -> impl Iterator<Item = String> {
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
fn with_hub(
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
fn endless() -> Value {
    let mut steps = vec![json!({}); 15];
    steps.push(json!({"label": "no such label"}));
    json!({"from": ["contact/hub"], "steps": steps, "paths": true, "limit": 1000})
}

/// Questions that visit every link many times over, if they are let.
fn huge() -> Vec<(&'static str, Option<Value>)> {
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
    ]
}

#[test]
fn a_question_that_visits_too_much_ends_and_says_so() -> Result<(), Error> {
    let houses = long::rounds(6_000, 60_000) as usize;
    let (_directory, server) = with_hub(houses, 1, &["--question-links", "5000"])?;
    for (path, body) in huge() {
        let answer = ask(&server, path, body.as_ref())?;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let shown = answer.json();
        // The walks found first are as many as were asked for.
        assert_eq!(shown["complete"], false, "{path}: {}", &answer.text()[..200]);
    }
    // Of many things, those that no effort is left for say so.
    let buyers = (0..999).map(|number| format!("contact/b{number}"));
    let of: Vec<String> = std::iter::once("contact/hub".to_owned()).chain(buyers).collect();
    let many = ask(&server, "/v1/locations/L/links", Some(&json!({"of": of, "limit": 1000})))?;
    let results = many.json()["results"].as_array().cloned().unwrap_or_default();
    let listed: Vec<usize> =
        results.iter().map(|one| one["links"].as_array().unwrap().len()).collect();
    // Each look at a label of a node is charged, too.
    let listed = listed.iter().sum::<usize>();
    assert!((4_000..5_000).contains(&listed), "{listed}");
    let hub = results.first().ok_or("no results")?;
    assert_eq!((&hub["complete"], &hub["total"]), (&json!(false), &json!(houses)));
    let last = results.last().ok_or("no results")?;
    assert_eq!((&last["complete"], &last["total"]), (&json!(false), &Value::Null));
    assert_eq!(many.json()["complete"], false);
    // The first links of a hub cost those links alone.
    let page = server.get("/v1/locations/L/objects/contact/records/hub/links?limit=1000")?.json();
    assert_eq!(page["links"].as_array().map(Vec::len), Some(1000));
    assert_eq!(page["total"], json!(houses));
    // A filter by time that selects nothing ends early and can be gone on from.
    let mut path =
        "/v1/locations/L/objects/contact/records/hub/links?since=2020-01-01T00:00:00Z".to_owned();
    let mut pages = 0;
    loop {
        let page = server.get(&path)?.json();
        pages += 1;
        assert_eq!(
            (page["links"].as_array().map(Vec::len), &page["total"]),
            (Some(0), &Value::Null)
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{}&cursor={next}", path.split("&cursor").next().unwrap());
    }
    assert_eq!(pages, houses.div_ceil(4_999), "one of each 5,000 is for the label");
    Ok(())
}

#[test]
fn a_question_that_takes_too_long_ends_and_says_so() -> Result<(), Error> {
    let houses = long::rounds(6_000, 60_000) as usize;
    let limits = ["--question-links", "18446744073709551615", "--question-timeout-ms", "100"];
    let (_directory, server) = with_hub(houses, 1, &limits)?;
    let start = Instant::now();
    let answer = ask(&server, "/v1/locations/L/walk", Some(&endless()))?;
    assert_eq!(answer.json()["complete"], false, "{}", answer.text());
    assert!(start.elapsed() < Duration::from_secs(5));
    Ok(())
}

/// Every answer that a client can make long, as a path, a body, and the member that
/// lists.
fn long_answers() -> Vec<(&'static str, Option<Value>, &'static str)> {
    let hub = "contact/hub";
    let steps = vec![json!({}); 2];
    vec![
        ("objects/contact/records/hub/links?limit=1000", None, "links"),
        ("objects/contact/records/hub/links?limit=1000&order=newest", None, "links"),
        ("match", Some(json!({"all": [{"linkedTo": hub}], "limit": 1000})), "matches"),
        ("walk", Some(json!({"from": [hub], "steps": steps, "limit": 1000})), "ends"),
        ("diff?from=0&limit=1000", None, "added"),
        ("events?limit=1000", None, "events"),
        ("history?of=contact/hub&limit=1000", None, "events"),
        ("walk", Some(json!({"from": [hub], "steps": [{}], "limit": 1000, "paths": true})), ""),
        ("neighborhood?of=contact/hub&depth=2&limit=100", None, ""),
        ("neighborhood?of=contact/hub&depth=8&limit=100000", None, ""),
    ]
}

/// A batch once answered 230 MiB for a request of 52 KB, and a neighborhood as much:
/// two of them took all the memory that there was.
#[test]
fn no_answer_is_longer_than_it_may_be() -> Result<(), Error> {
    const BYTES: usize = 24_000;
    let (_directory, server) = with_hub(3_000, 1, &["--answer-bytes", "24000"])?;
    let place = |path: &str| format!("/v1/locations/L/{path}");
    for (path, body, list) in long_answers() {
        let (mut rows, mut cursor, mut pages) = (0, None::<String>, 0);
        loop {
            let (mut at, mut body) = (place(path), body.clone());
            match (&mut body, &cursor) {
                (Some(body), Some(cursor)) => body["cursor"] = json!(cursor),
                (None, Some(cursor)) => at = format!("{at}&cursor={cursor}"),
                _ => {}
            }
            let answer = ask(&server, &at, body.as_ref())?;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            assert!(answer.body.len() < BYTES * 5 / 4, "{path}: {}", answer.body.len());
            let shown = answer.json();
            pages += 1;
            if list.is_empty() {
                assert_eq!(shown["complete"], false, "{path}");
                break;
            }
            let listed = shown[list].as_array().map_or(0, Vec::len);
            assert!(listed > 0, "{path}: a page gets somewhere");
            rows += listed;
            let Some(next) = shown["next"].as_str() else { break };
            assert_eq!(shown["complete"], false, "{path}");
            cursor = Some(next.to_owned());
            if pages == 40 {
                break;
            }
        }
        assert!(list.is_empty() || rows >= 1_000, "{path}: {rows} rows on {pages} pages");
    }
    let houses = (0..999).map(|number| format!("house/h{number}"));
    let of: Vec<String> = std::iter::once("contact/hub".to_owned()).chain(houses).collect();
    let batch = json!({"of": of, "limit": 1000});
    let answer = ask(&server, &place("links"), Some(&batch))?;
    assert!(answer.body.len() < 3 * BYTES + 100 * of.len(), "{}", answer.body.len());
    let (shown, hub) = (answer.json(), answer.json()["results"][0].clone());
    assert_eq!((&shown["complete"], &hub["complete"]), (&json!(false), &json!(false)));
    assert!(hub["next"].is_string() && hub["links"].as_array().is_some_and(|it| it.len() > 20));
    let twice = json!({"of": ["contact/hub", "contact/b1", "contact/hub"]});
    let answer = ask(&server, &place("links"), Some(&twice))?;
    assert_eq!((answer.status, &answer.json()["field"]), (400, &json!("of")));
    Ok(())
}

/// The greatest memory that a process has had, in bytes.
fn greatest(server: &Server) -> Result<usize, Error> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id()))?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no such line")?;
    let kilobytes: usize = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
    Ok(kilobytes << 10)
}

#[test]
#[cfg(target_os = "linux")]
fn no_question_takes_more_memory_than_its_answer_may() -> Result<(), Error> {
    let (_directory, server) = with_hub(12_000, 1, &["--answer-bytes", "100000"])?;
    let around = "/v1/locations/L/neighborhood?of=contact/hub&depth=8&limit=100000";
    // What the first of its kind takes for good is not counted.
    assert_eq!(server.get("/v1/locations/L/neighborhood?of=contact/b1&depth=2")?.status, 200);
    let before = greatest(&server)?;
    for _ in 0..3 {
        assert_eq!(server.get(around)?.json()["complete"], false);
    }
    // Its 24,000 links are 12 MB of JSON and as much again to make it from.
    let taken = greatest(&server)? - before;
    assert!(taken < 6 << 20, "{taken}");
    Ok(())
}

/// The time of a question once ran while its past was built: what was asked first of a
/// moment was answered with nothing, and the same asked again with everything.
#[test]
fn the_time_of_a_question_begins_when_its_past_is_there() -> Result<(), Error> {
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

#[test]
fn one_that_waits_too_long_for_others_is_told_to_come_again() -> Result<(), Error> {
    let limits = [
        "--questions",
        "1",
        "--question-wait-ms",
        "50",
        "--question-links",
        "18446744073709551615",
        "--question-timeout-ms",
        "4000",
    ];
    let (_directory, server) = with_hub(6_000, 1, &limits)?;
    let long = endless();
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| {
            let answer = ask(&server, "/v1/locations/L/walk", Some(&long)).unwrap();
            (answer.status, answer.json()["complete"].clone())
        });
        std::thread::sleep(Duration::from_millis(500));
        let asked = Instant::now();
        let refused = ask(&server, "/v1/locations/L/walk", Some(&long))?;
        let code = refused.json()["code"].clone();
        assert_eq!((refused.status, code), (429, json!("overloaded")), "{}", refused.text());
        assert!(refused.header("retry-after").is_some());
        assert!(asked.elapsed() < Duration::from_secs(3));
        // Readings of the journal have permits of their own, and small questions need none.
        assert_eq!(server.get("/v1/locations/L/history?of=contact/b1")?.status, 200);
        assert_eq!(server.get("/v1/locations/L/objects/contact/links")?.status, 200);
        assert_eq!(busy.join().unwrap(), (200, json!(false)));
        Ok(())
    })
}

/// Answers said the last event that was visible when they were asked for, and held
/// later ones: the same seq was answered with different things.
#[test]
fn answers_of_the_same_seq_are_the_same_while_events_come() -> Result<(), Error> {
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

#[test]
fn a_moment_that_has_not_come_is_refused() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    for event in sample::SAMPLE.lines().take(40) {
        server.post("/webhooks", event.as_bytes())?;
    }
    let head = server.get("/readyz")?.json()["seq"].as_u64().ok_or("no seq")?;
    let ahead = head + 1;
    let amara = json!({"of": ["contact/amara-okafor"], "asOf": ahead});
    for (path, body, field) in [
        (format!("summary?asOf={ahead}"), None, "asOf"),
        ("labels?of=contact&asOf=1700000000000".to_owned(), None, "asOf"),
        (format!("export?format=dot&asOf={ahead}"), None, "asOf"),
        ("links".to_owned(), Some(amara), "asOf"),
        (format!("diff?from={ahead}"), None, "from"),
        (format!("diff?from=1&to={ahead}"), None, "to"),
    ] {
        let answer = ask(&server, &path, body.as_ref())?;
        let told = answer.json();
        assert_eq!((answer.status, &told["field"]), (400, &json!(field)), "{path}: {told}");
    }
    assert_eq!(ask(&server, &format!("summary?asOf={head}"), None)?.json()["seq"], head);
    Ok(())
}

/// A replay that nobody could end kept the store in use: the server ended with an error,
/// without its last checkpoint.
#[test]
fn a_stop_ends_a_replay() -> Result<(), Error> {
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

/// What a process has in memory, in bytes.
fn resident(server: &Server) -> Result<usize, Error> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: usize = line.ok_or("no figure")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kib << 10)
}

/// Memory is bounded by the graph, not by what is asked of it.
#[test]
#[cfg(target_os = "linux")]
fn questions_about_a_hub_stay_within_their_memory() -> Result<(), Error> {
    let houses = long::rounds(6_000, 200_000) as usize;
    let relations = houses * 5;
    let (_directory, server) = with_hub(houses, 4, &[])?;
    let mib = |bytes: usize| format!("{} MiB", bytes >> 20);
    let opened = resident(&server)?;
    long::tell(
        &format!("memory with {relations} relations, a fifth of them one hub's"),
        mib(opened),
    );
    assert!(opened < (48 << 20) + relations * 200, "{}", mib(opened));
    for _ in 0..3 {
        for (path, body) in huge() {
            let answer = ask(&server, path, body.as_ref())?;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        }
    }
    let asked = resident(&server)?;
    long::tell("memory after its largest questions", mib(asked));
    assert!(asked < opened + (64 << 20) + relations * 60, "{}", mib(asked));
    Ok(())
}

/// Asks again and again, and tells how long the slower ones took.
fn slowest_percent(until: Instant, mut once: impl FnMut() -> Result<(), Error>) -> Duration {
    let mut times = Vec::new();
    while Instant::now() < until {
        let start = Instant::now();
        once().unwrap();
        times.push(start.elapsed());
    }
    times.sort();
    assert!(times.len() > 50, "only {} were answered", times.len());
    times[times.len() * 99 / 100]
}

/// While one question runs that visits millions of links, others are answered
/// and deliveries accepted.
#[test]
fn a_huge_question_holds_nobody_up() -> Result<(), Error> {
    const QUESTION_TIME: Duration = Duration::from_millis(1_500);
    const MOST_DELAY: Duration = Duration::from_millis(150);
    let houses = long::rounds(10_000, 200_000) as usize;
    let timeout = QUESTION_TIME.as_millis().to_string();
    let limits = ["--question-links", "4000000000", "--question-timeout-ms", &timeout];
    let (_directory, server) = with_hub(houses, 1, &limits)?;
    let run_for = Duration::from_secs(u64::from(long::rounds(2, 8)));
    let measure = |name: &str| {
        let until = Instant::now() + run_for;
        std::thread::scope(|scope| {
            let reads = scope.spawn(|| {
                slowest_percent(until, || {
                    let path = "/v1/locations/L/objects/contact/records/b7/links?limit=10";
                    assert_eq!(server.get(path)?.status, 200);
                    std::thread::sleep(Duration::from_millis(5));
                    Ok(())
                })
            });
            let mut number = 0;
            let posts = slowest_percent(until, || {
                number += 1;
                let body = json!({
                    "id": format!("{name}{number}"), "associationId": "A", "locationId": "L",
                    "firstObjectKey": "contact", "firstRecordId": "hub",
                    "secondObjectKey": "house", "secondRecordId": format!("{name}{number}"),
                });
                assert_eq!(server.post("/webhooks", body.to_string().as_bytes())?.status, 200);
                std::thread::sleep(Duration::from_millis(5));
                Ok(())
            });
            (reads.join().unwrap(), posts)
        })
    };
    let measure_beside = |name: &str| {
        std::thread::scope(|scope| {
            let until = Instant::now() + run_for;
            let server = &server;
            let huge = scope.spawn(move || -> Result<u32, String> {
                let (mut asked, questions) = (0, huge());
                while Instant::now() < until {
                    let (path, body) = &questions[asked as usize % 2];
                    let answer = ask(server, path, body.as_ref());
                    let answer = answer.map_err(|error| error.to_string())?;
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    asked += 1;
                }
                Ok(asked)
            });
            let beside = measure(name);
            assert!(huge.join().unwrap().is_ok_and(|asked| asked > 0));
            beside
        })
    };
    let shown = |(reads, posts): (Duration, Duration)| format!("links {reads:?}, posts {posts:?}");
    // What else the machine does comes and goes; a question that holds others up does so
    // each time, for as long as it takes.
    for attempt in 1..=3 {
        let alone = measure(&format!("alone{attempt}-"));
        let beside = measure_beside(&format!("beside{attempt}-"));
        long::tell("slowest percent, nothing else running", shown(alone));
        long::tell("slowest percent, beside a huge question", shown(beside));
        // Two cores run the clients, too: a bound that only waiting for it would break.
        let most = |alone: Duration| (3 * alone).clamp(MOST_DELAY, QUESTION_TIME / 2);
        if beside.0 < most(alone.0) && beside.1 < most(alone.1) {
            return Ok(());
        }
    }
    panic!("others waited for the huge question, three times")
}

/// A client that goes away stops its question: the one place to run them in is
/// free for the next.
#[test]
fn a_client_that_goes_away_stops_its_question() -> Result<(), Error> {
    let limits = [
        "--question-links",
        "18446744073709551615",
        "--question-timeout-ms",
        "60000",
        "--questions",
        "1",
    ];
    let (_directory, server) = with_hub(6_000, 1, &limits)?;
    let body = endless().to_string();
    let none = json!({"none": [{"linkedTo": "contact/b1"}], "object": "house"});
    for _ in 0..3 {
        let mut stream = server.connect()?;
        write!(
            stream,
            "POST /v1/locations/L/walk HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        std::thread::sleep(Duration::from_millis(300));
        drop(stream);
        let start = Instant::now();
        let answer = ask(&server, "/v1/locations/L/match", Some(&none))?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(start.elapsed() < Duration::from_secs(20), "it waited for the one before");
    }
    Ok(())
}
