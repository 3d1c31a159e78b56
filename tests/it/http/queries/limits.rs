//! What a query may take: links, time, bytes and memory.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::hub::{ask, endless, hub_and_houses, huge, with_hub};
use crate::support::long;
use crate::support::process::{peak_resident, resident};
use crate::support::server::Error;

#[test]
fn a_query_over_its_link_budget_ends_incomplete() -> Result<(), Error> {
    let houses = long::rounds(6_000, 60_000) as usize;
    let (_directory, server) = with_hub(houses, 1, &["--question-links", "5000"])?;
    for (path, body) in huge() {
        let answer = ask(&server, path, body.as_ref())?;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let shown = answer.json();
        // The walks found first are as many as were asked for.
        assert_eq!(shown["complete"], false, "{path}: {}", &answer.text()[..200]);
    }
    // Of many things, those that no budget is left for say so.
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
fn a_query_over_its_time_ends_incomplete() -> Result<(), Error> {
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
        ("objects/house/records?limit=1000", None, "records"),
        ("objects/house/records?limit=1000&asOf=5999", None, "records"),
        ("match", Some(json!({"all": [{"linkedTo": hub}], "limit": 1000})), "matches"),
        ("walk", Some(json!({"from": [hub], "steps": steps, "limit": 1000})), "ends"),
        ("diff?from=0&limit=1000", None, "added"),
        ("events?limit=1000", None, "events"),
        ("history?of=contact/hub&limit=1000", None, "events"),
        ("history?of=contact/hub&limit=1000&order=newest", None, "events"),
        ("between", Some(json!({"of": hub_and_houses(100)})), ""),
        ("between", Some(json!({"of": hub_and_houses(1_999)})), ""),
        ("walk", Some(json!({"from": [hub], "steps": [{}], "limit": 1000, "paths": true})), ""),
        ("neighborhood?of=contact/hub&depth=2&limit=100", None, ""),
        ("neighborhood?of=contact/hub&depth=8&limit=100000", None, ""),
    ]
}

/// A batch once answered 230 MiB for a request of 52 KB, and a neighborhood as much:
/// two of them took all the memory that there was.
#[test]
fn no_answer_is_longer_than_its_limit() -> Result<(), Error> {
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
    let of = hub_and_houses(999);
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

#[test]
#[cfg(target_os = "linux")]
fn no_query_takes_more_memory_than_its_answer_may() -> Result<(), Error> {
    let (_directory, server) = with_hub(12_000, 1, &["--answer-bytes", "100000"])?;
    let around = "/v1/locations/L/neighborhood?of=contact/hub&depth=8&limit=100000";
    // What the first of its kind takes for good is not counted.
    assert_eq!(server.get("/v1/locations/L/neighborhood?of=contact/b1&depth=2")?.status, 200);
    let before = peak_resident(server.child.id()).ok_or("no figure")?;
    for _ in 0..3 {
        assert_eq!(server.get(around)?.json()["complete"], false);
    }
    // Its 24,000 links are 12 MB of JSON and as much again to make it from.
    let taken = peak_resident(server.child.id()).ok_or("no figure")? - before;
    assert!(taken < 6 << 20, "{taken}");
    Ok(())
}

#[test]
fn a_query_that_waits_too_long_for_others_is_refused() -> Result<(), Error> {
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

/// Memory is bounded by the graph, not by what is asked of it.
#[test]
#[cfg(target_os = "linux")]
fn queries_about_a_hub_stay_within_their_memory() -> Result<(), Error> {
    let houses = long::rounds(6_000, 200_000) as usize;
    let relations = houses as u64 * 5;
    let (_directory, server) = with_hub(houses, 4, &[])?;
    let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
    let opened = resident(server.child.id()).ok_or("no figure")?;
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
    let asked = resident(server.child.id()).ok_or("no figure")?;
    long::tell("memory after its largest questions", mib(asked));
    assert!(asked < opened + (64 << 20) + relations * 60, "{}", mib(asked));
    Ok(())
}

/// A client that goes away stops its question: the one place to run them in is
/// free for the next.
#[test]
fn a_client_that_disconnects_stops_its_query() -> Result<(), Error> {
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
