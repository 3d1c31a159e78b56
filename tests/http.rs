//! The HTTP API by the real binary.

#![cfg(feature = "server")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says so by failing"
)]

mod server;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::{Answer, Error, Server};

fn fresh() -> Result<(tempfile::TempDir, PathBuf), Error> {
    let directory = tempfile::tempdir()?;
    let db = directory.path().join("relata.db");
    Ok((directory, db))
}

fn data(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

const HERE: &str = "/v1/locations/eHy2cOSZxMQzQ6Yyvl8P";

#[test]
fn an_association_is_there_after_kill_9() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let answer = server.post("/webhooks", &data("events/association-create.json"))?;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let mut body = answer.json();
    let trace = body.as_object_mut().and_then(|body| body.remove("traceId"));
    assert!(trace.is_some_and(|trace| trace.as_str().is_some_and(|id| id.len() >= 16)));
    let expected = json!({
        "status": "applied", "event": "AssociationCreate",
        "locationId": "eHy2cOSZxMQzQ6Yyvl8P", "seq": 1,
    });
    assert_eq!(body, expected);
    let from_property =
        format!("{HERE}/objects/custom_objects.property/links?label=Interested%20Buyer");
    let from_buyer = format!("{HERE}/objects/custom_objects.real_estate_buyer/links");
    let before = [server.get(&from_property)?, server.get(&from_buyer)?];
    let link = json!({
        "object": "custom_objects.real_estate_buyer", "label": "Interested Buyer",
        "ownLabel": "Property", "side": "second", "association": "67ade73d1119d2ac7ad0c475",
        "associationKey": "buyer_property_interest", "associationType": "USER_DEFINED",
        "at": null, "seq": 1,
    });
    let page = json!({"links": [link], "total": 1, "next": null, "complete": true, "seq": 1});
    assert_eq!(before[0].json(), page);
    assert_eq!(before[1].json()["links"][0]["label"], "Property");
    assert_eq!(before[1].json()["links"][0]["side"], "first");
    server.kill()?;
    let server = Server::start(&db)?;
    assert!(server.ready.contains("1 events"), "{}", server.ready);
    let after = [server.get(&from_property)?, server.get(&from_buyer)?];
    assert_eq!(before.map(|a| a.body), after.map(|a| a.body));
    Ok(())
}

#[test]
fn ten_buyers_by_ten_properties_shuffled_and_twice() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let mut events = Vec::new();
    for buyer in 0..10 {
        for property in 0..10 {
            let event = json!({
                "id": format!("relation-{buyer}-{property}"), "locationId": "L",
                "associationId": "A", "firstObjectKey": "contact",
                "firstRecordId": format!("buyer-{buyer}"), "secondObjectKey": "property",
                "secondRecordId": format!("property-{property}"),
            });
            events.extend([event.clone(), event]);
        }
    }
    // A fixed shuffle: steps of a number that shares no factor with the length.
    let shuffled: Vec<&Value> =
        (0..events.len()).map(|at| &events[at * 77 % events.len()]).collect();
    for event in shuffled {
        let answer = server.post("/webhooks/RelationCreate", event.to_string().as_bytes())?;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let pending = server.get("/v1/locations/L/objects/property/records/property-3/links")?.json();
    assert_eq!(pending["total"], 10);
    assert_eq!(pending["links"][0]["label"], Value::Null, "the association is not known yet");
    let association = json!({
        "id": "A", "key": "interest", "locationId": "L", "associationType": "USER_DEFINED",
        "firstObjectKey": "contact", "firstObjectLabel": "Interested Buyer",
        "secondObjectKey": "property", "secondObjectLabel": "Property",
    });
    for status in ["applied", "unchanged"] {
        let answer = server.post("/webhooks", association.to_string().as_bytes())?;
        assert_eq!(answer.json()["status"], status);
    }
    for (object, far, label) in
        [("property", "buyer", "Interested%20Buyer"), ("contact", "property", "Property")]
    {
        for record in 0..10 {
            let near = if far == "buyer" { "property" } else { "buyer" };
            let path = format!(
                "/v1/locations/L/objects/{object}/records/{near}-{record}/links?label={label}"
            );
            let page = server.get(&path)?.json();
            assert_eq!(page["total"], 10, "{path}");
            let mut records: Vec<&str> = page["links"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|l| l["record"].as_str())
                .collect();
            records.sort_unstable();
            let expected: Vec<String> = (0..10).map(|n| format!("{far}-{n}")).collect();
            assert_eq!(records, expected, "{path}");
        }
    }
    let summary = server.get("/v1/locations/L/summary")?.json();
    assert_eq!((&summary["records"], &summary["relations"]), (&json!(20), &json!(100)));
    server.kill()?;
    let verified = server::relata().args(["verify", "--db"]).arg(&db).output()?;
    assert!(verified.status.success(), "{verified:?}");
    Ok(())
}

#[test]
fn every_malformed_body_is_refused_as_its_case_says() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let cases: Vec<Value> = serde_json::from_slice(&data("malformed/cases.json"))?;
    assert!(cases.len() > 30);
    for case in cases {
        let file = case["file"].as_str().unwrap();
        let answer = server.post("/webhooks", &data(&format!("malformed/{file}")))?;
        let body = answer.json();
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{file}");
        assert_eq!(json!(answer.status), case["status"], "{file}: {body}");
        assert_eq!(body["status"], case["status"], "{file}");
        assert_eq!(body["code"], case["code"], "{file}");
        assert_eq!(body.get("field").unwrap_or(&Value::Null), &case["field"], "{file}: {body}");
        for member in ["type", "title", "detail", "traceId"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{file}: {member}");
        }
    }
    assert_eq!(server.get("/readyz")?.json()["seq"], 0, "nothing was accepted");
    Ok(())
}

#[test]
fn every_event_type_is_accepted() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    for (file, status) in [
        ("object-schema-create", "applied"),
        ("object-schema-update", "applied"),
        ("association-create", "applied"),
        ("association-update", "applied"),
        ("relation-create", "applied"),
        ("record-create", "applied"),
        ("record-update", "applied"),
        ("relation-delete", "applied"),
        ("record-delete", "applied"),
        ("contact-delete", "applied"),
        ("opportunity-delete", "applied"),
        ("association-delete", "applied"),
        ("association-delete", "duplicate"),
        ("association-update", "duplicate"),
        ("association-create", "stale"),
        ("relation-create", "stale"),
    ] {
        let answer = server.post("/webhooks", &data(&format!("events/{file}.json")))?;
        assert_eq!(answer.json()["status"], status, "{file}: {}", answer.text());
    }
    let duplicate = server.post("/webhooks", &data("events/relation-delete.json"))?.json();
    assert_eq!(duplicate["seq"], 8, "the first one's");
    let ignored = server.post("/webhooks/ContactCreate", br#"{"id":"1","locationId":"L"}"#)?.json();
    assert_eq!((&ignored["status"], &ignored["seq"]), (&json!("ignored"), &Value::Null));
    Ok(())
}

fn check(server: &Server, request: (&str, &str), expected: (u16, &str, Option<&str>)) {
    let (method, path) = request;
    let answer =
        server.request(method, path, &[("content-type", "application/json")], b"").unwrap();
    let body = answer.json();
    let seen = (answer.status, body["code"].as_str().unwrap_or(""), body["field"].as_str());
    assert_eq!(seen, expected, "{method} {path}: {}", answer.text());
}

#[test]
fn what_cannot_be_answered_says_why() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    server.post("/webhooks", &data("events/association-create.json"))?;
    let links = format!("{HERE}/objects/custom_objects.property/links");
    let missing = (404, "not_found", None);
    let bad = |field| (400, "invalid_parameter", Some(field));
    check(&server, ("GET", "/"), missing);
    check(&server, ("GET", "/v1"), missing);
    check(&server, ("GET", "/v1/locations/"), missing);
    check(&server, ("GET", "/v1/locations/nobody/objects"), missing);
    check(&server, ("GET", &format!("{HERE}/objects/nothing/links")), missing);
    check(&server, ("GET", &format!("{HERE}/objects/nothing/records")), missing);
    check(
        &server,
        ("GET", &format!("{HERE}/objects/custom_objects.property/records/x/links")),
        missing,
    );
    check(&server, ("GET", &format!("{HERE}/associations/nothing")), missing);
    check(&server, ("GET", &format!("{HERE}/objects/%ff/links")), missing);
    check(&server, ("POST", "/v1/locations"), (405, "method_not_allowed", None));
    check(&server, ("DELETE", "/webhooks"), (405, "method_not_allowed", None));
    check(&server, ("GET", &format!("{links}?lable=x")), bad("lable"));
    check(&server, ("GET", &format!("{links}?limit=0")), bad("limit"));
    check(&server, ("GET", &format!("{links}?limit=1001")), bad("limit"));
    check(&server, ("GET", &format!("{links}?limit=2&limit=3")), bad("limit"));
    check(&server, ("GET", &format!("{links}?side=third")), bad("side"));
    check(&server, ("GET", &format!("{links}?order=random")), bad("order"));
    check(&server, ("GET", &format!("{links}?cursor=x")), bad("cursor"));
    check(&server, ("GET", &format!("{links}?cursor=nf00000000")), bad("cursor"));
    check(&server, ("GET", &format!("{links}?label=%ff")), bad("label"));
    check(&server, ("GET", &format!("{HERE}/objects?cursor=1")), bad("cursor"));
    check(&server, ("GET", "/v1/dead-letters?cursor=+2"), bad("cursor"));
    check(&server, ("GET", "/v1/dead-letters?cursor=%2B2"), bad("cursor"));
    // One question is about one layer; the parameter that leaves it is named.
    let property = "custom_objects.property";
    server.post("/webhooks", &data("events/relation-create.json"))?;
    let path = format!("{HERE}/path?from={property}&to=contact/emqfhnG3g9D9chy9inTz");
    check(&server, ("GET", &path), bad("to"));
    // The offset of a time loses its plus where that is not escaped.
    for name in ["since", "until", "asOf"] {
        let query = format!("{links}?{name}=2026-11-01T00:00:00+01:00");
        let detail = server.get(&query)?.json()["detail"].to_string();
        assert!(detail.contains("write it as %2B"), "{detail}");
        assert_ne!(server.get(&query.replace('+', "%2B"))?.status, 400, "{name}");
    }
    check(&server, ("GET", &format!("{HERE}/export")), bad("format"));
    check(&server, ("GET", &format!("{HERE}/export?format=pdf")), bad("format"));
    check(&server, ("GET", &format!("{HERE}/export?format=ndjson&layer=records")), bad("layer"));
    check(&server, ("GET", "/healthz?verbose=1"), bad("verbose"));
    check(&server, ("POST", "/webhooks"), (400, "malformed_json", None));
    let allow = server.request("PUT", "/webhooks", &[], b"{}")?;
    assert_eq!(allow.header("allow"), Some("POST, GET, HEAD"));
    let allow = server.request("POST", "/healthz", &[], b"{}")?;
    assert_eq!(allow.header("allow"), Some("GET, HEAD"));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = server.request("POST", "/webhooks", &form, b"{}")?;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (415, Some("unsupported_media_type"))
    );
    let charset = [("content-type", "application/json; charset=utf-8")];
    let body = data("events/association-create.json");
    assert_eq!(server.request("POST", "/webhooks", &charset, &body)?.status, 200);
    assert_eq!(
        server.request("POST", "/webhooks", &[], &body)?.status,
        200,
        "no content type at all"
    );
    let disagree = server.post("/webhooks/RelationDelete", &data("events/contact-delete.json"))?;
    assert_eq!((disagree.status, disagree.json()["field"].as_str()), (422, Some("type")));
    Ok(())
}

#[test]
fn large_bodies_are_refused_before_they_are_read() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let fits = format!("{{\"type\":\"Other\",\"pad\":\"{}\"}}", "x".repeat((256 << 10) - 25));
    assert_eq!(fits.len(), 256 << 10);
    assert_eq!(server.post("/webhooks", fits.as_bytes())?.status, 200);
    assert_eq!(server.post("/webhooks", format!("{fits} ").as_bytes())?.status, 413);
    // A gigabyte that never comes.
    let mut stream = server.connect()?;
    stream.write_all(
        b"POST /webhooks HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1073741824\r\n\r\n",
    )?;
    let answer = Answer::read(&mut stream)?;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (413, Some("body_too_large")));
    // Chunked: no length is told, so the bytes are counted.
    let mut stream = server.connect()?;
    stream.write_all(
        b"POST /webhooks HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    let chunk = [b"10000\r\n".as_slice(), " ".repeat(0x10000).as_bytes(), b"\r\n"].concat();
    for _ in 0..5 {
        if stream.write_all(&chunk).is_err() {
            break; // It has answered and hung up.
        }
    }
    assert_eq!(Answer::read(&mut stream)?.status, 413);
    Ok(())
}

#[test]
fn chunked_bodies_are_accepted() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let body = data("events/association-create.json");
    let mut stream = server.connect()?;
    stream.write_all(
        b"POST /webhooks HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    for part in body.chunks(50) {
        write!(stream, "{:x}\r\n", part.len())?;
        stream.write_all(part)?;
        stream.write_all(b"\r\n")?;
    }
    stream.write_all(b"0\r\n\r\n")?;
    let answer = Answer::read(&mut stream)?;
    assert_eq!((answer.status, answer.json()["status"].as_str()), (200, Some("applied")));
    Ok(())
}

#[test]
fn slow_requests_are_cut_off() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server =
        Server::start_with(&db, &["--header-timeout-ms", "400", "--body-timeout-ms", "400"])?;
    let start = Instant::now();
    let mut head = server.connect()?;
    head.write_all(b"POST /webhooks HTTP/1.1\r\nhost:")?;
    let mut idle = server.connect()?;
    let mut body = server.connect()?;
    body.write_all(
        b"POST /webhooks HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{\"type\"",
    )?;
    assert_eq!(Answer::read(&mut body)?.status, 408);
    let mut rest = Vec::new();
    head.read_to_end(&mut rest).ok();
    idle.read_to_end(&mut rest).ok();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(server.get("/healthz")?.status, 200);
    Ok(())
}

#[test]
fn connections_over_the_cap_wait_their_turn() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--connections", "2", "--header-timeout-ms", "1000"])?;
    let _held = [server.connect()?, server.connect()?];
    std::thread::sleep(Duration::from_millis(200));
    let start = Instant::now();
    assert_eq!(server.get("/healthz")?.status, 200, "served once an idle one was closed");
    assert!(start.elapsed() > Duration::from_millis(300), "{:?}", start.elapsed());
    Ok(())
}

#[test]
fn a_stop_lets_requests_finish_but_not_forever() -> Result<(), Error> {
    for (signal, timeout) in [("TERM", "10000"), ("INT", "300")] {
        let (_directory, db) = fresh()?;
        let mut server = Server::start_with(
            &db,
            &["--shutdown-timeout-ms", timeout, "--body-timeout-ms", "5000"],
        )?;
        let body = data("events/association-create.json");
        let mut stream = server.connect()?;
        let head = format!(
            "POST /webhooks HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(&body[..20])?;
        std::thread::sleep(Duration::from_millis(200));
        server.signal(signal)?;
        let start = Instant::now();
        if signal == "TERM" {
            std::thread::sleep(Duration::from_millis(200));
            assert!(server.connect().is_err(), "no new connections");
            stream.write_all(&body[20..])?;
            assert_eq!(Answer::read(&mut stream)?.status, 200);
        }
        assert!(server.wait(Duration::from_secs(8))?.success());
        assert!(start.elapsed() < Duration::from_secs(4), "{signal}: {:?}", start.elapsed());
    }
    Ok(())
}

#[test]
fn lists_page_through_everything_once() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--demo"])?;
    let at = "/v1/locations/seaside-realty";
    for (path, array, id) in [
        ("/v1/locations".to_owned(), "locations", "locationId"),
        (format!("{at}/objects"), "objects", "object"),
        (format!("{at}/associations"), "associations", "id"),
        (format!("{at}/objects/contact/records"), "records", "record"),
        (format!("{at}/objects/contact/links"), "links", "seq"),
        (
            format!("{at}/objects/custom_objects.property/records/12-maple-street/links"),
            "links",
            "relation",
        ),
    ] {
        let everything = server.get(&format!("{path}?limit=1000"))?.json();
        assert_eq!((&everything["next"], &everything["complete"]), (&Value::Null, &json!(true)));
        let all: Vec<String> = ids(&everything, array, id);
        assert!(all.len() > 1, "{path}");
        let mut paged = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = server.get(&format!("{path}?limit=2{cursor}"))?.json();
            paged.extend(ids(&page, array, id));
            let Some(next) = page["next"].as_str() else { break };
            assert_eq!(page["complete"], false, "{path}");
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, all, "{path}");
    }
    Ok(())
}

fn ids(page: &Value, array: &str, id: &str) -> Vec<String> {
    let items = page[array].as_array().unwrap_or_else(|| panic!("no {array} in {page}"));
    items.iter().map(|item| item[id].to_string()).collect()
}

#[test]
fn the_demo_answers_its_own_questions() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--demo"])?;
    assert!(!db.exists(), "the demo has a store of its own");
    let at = "/v1/locations/seaside-realty";
    let house = format!("{at}/objects/custom_objects.property/records/12-maple-street");
    let page = server.get(&format!("{house}/links?label=Interested%20Buyer"))?.json();
    assert_eq!(page["total"], 9);
    assert!(page["links"].as_array().unwrap().iter().all(|link| link["ownLabel"] == "Saved Home"));
    let elsewhere =
        "/v1/locations/hillside-homes/objects/custom_objects.property/records/12-maple-street";
    let page = server.get(&format!("{elsewhere}/links?label=Interested%20Buyer"))?.json();
    assert_eq!(page["total"], 2, "another location's house of the same id");
    let gone = server.get(&format!("{at}/objects/contact/records/quinn-harper/links"))?.json();
    assert_eq!(gone["total"], 0, "deleted, but once known");
    Ok(())
}

#[test]
fn an_export_says_what_it_holds() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--demo"])?;
    let at = "/v1/locations/seaside-realty";
    let export = server.get(&format!("{at}/export?format=node-link"))?;
    let graph = export.json();
    let count = |name: &str| graph[name].as_array().map(Vec::len).unwrap_or_default().to_string();
    assert_eq!(export.header("relata-nodes"), Some(count("nodes").as_str()));
    assert_eq!(export.header("relata-links"), Some(count("edges").as_str()));
    assert_eq!(
        export.header("relata-seq"),
        Some(server.get("/readyz")?.json()["seq"].to_string().as_str())
    );
    assert_eq!(
        export.header("content-disposition"),
        Some("attachment; filename=\"relata-seaside-realty.json\"")
    );
    let summary = server.get(&format!("{at}/summary"))?.json();
    let links = summary["relations"].as_u64().unwrap() + summary["associations"].as_u64().unwrap();
    assert_eq!(count("edges"), links.to_string());
    let packed = server.request(
        "GET",
        &format!("{at}/export?format=node-link"),
        &[("accept-encoding", "br, gzip")],
        b"",
    )?;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked)?;
    assert_eq!(unpacked, export.body);
    for (format, accepted) in [("dot", "gzip;q=0"), ("neo4j-csv", "gzip")] {
        let plain = server.request(
            "GET",
            &format!("{at}/export?format={format}"),
            &[("accept-encoding", accepted)],
            b"",
        )?;
        assert_eq!(plain.header("content-encoding"), None, "{format}");
    }
    let part =
        server.get(&format!("{at}/export?format=node-link&layer=records&label=Spouse"))?.json();
    assert_eq!(part["edges"].as_array().map(Vec::len), Some(3));
    assert_eq!(part["nodes"].as_array().map(Vec::len), Some(6));
    Ok(())
}

#[test]
fn a_full_queue_is_told_and_nothing_is_lost() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--queue-events", "1"])?;
    let outcomes: Vec<u16> = std::thread::scope(|scope| {
        let post = |thread: usize| {
            let server = &server;
            move || -> Vec<u16> {
                let send = |n: usize| {
                    let event = json!({"type": "ContactDelete", "id": format!("{thread}-{n}"), "locationId": "L"});
                    let answer = server.post("/webhooks", event.to_string().as_bytes()).unwrap();
                    if answer.status == 429 {
                        assert_eq!(answer.json()["code"], "overloaded");
                        assert!(answer.header("retry-after").is_some());
                    }
                    answer.status
                };
                (0..40).map(send).collect()
            }
        };
        let threads: Vec<_> = (0..24).map(|thread| scope.spawn(post(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let accepted = outcomes.iter().filter(|status| **status == 200).count();
    let refused = outcomes.iter().filter(|status| **status == 429).count();
    assert_eq!(accepted + refused, outcomes.len());
    assert!(accepted > 0);
    assert_eq!(server.get("/readyz")?.json()["seq"], accepted);
    Ok(())
}

#[test]
fn requests_share_a_connection() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let mut stream = server.connect()?;
    for _ in 0..3 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
        assert_eq!(Answer::read(&mut stream)?.status, 200);
    }
    let head = server.request("HEAD", "/healthz", &[], b"")?;
    assert_eq!((head.status, head.body.len()), (200, 0));
    Ok(())
}
