//! `openapi.json` against the rules of OpenAPI, the table of routes and the
//! answers of the real server.

mod compat;
mod optional;
mod pages;
mod rules;

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use relata::export::Format;
use relata::http::{ROUTES, Route};
use relata::{Delivery, Options, Store, Timestamp};
use serde_json::{Value, json};

use crate::http::openapi::optional::OPTIONAL;
use crate::support::database::fresh;
use crate::support::openapi::{
    Record, Request, document, faults, operations, parameters, validator,
};
use crate::support::sample::SAMPLE;
use crate::support::server::{Answer, Error, Server, relata};

const HERE: &str = "/v1/locations/{locationId}";

const LETTER: &str = "/v1/dead-letters/{id}";

const REPLAY: &str = "/v1/dead-letters/{id}/replay";

/// Every route answers a good question.
fn ask_everything(record: &mut Record, server: &Server) {
    let here = |rest: &str| format!("{HERE}{rest}");
    let mut get = |route: &str, query: &str| {
        record.ask(server, &Request::new("GET", route, query), 200);
    };
    get("/v1/locations", "?limit=1");
    get("/v1/locations", "?minSeq=388");
    for list in ["/objects", "/associations", "/objects/{objectKey}/records"] {
        get(&here(list), "?limit=2");
        get(&here(list), "?asOf=200&limit=3");
        get(&here(list), "");
    }
    get(&here("/associations/{id}"), "");
    get(&here("/associations/{id}"), "?asOf=200");
    for links in ["/objects/{objectKey}/links", "/objects/{objectKey}/records/{recordId}/links"] {
        get(&here(links), "");
        get(&here(links), "?label=Owner&label=Viewing&order=newest&limit=1&asOf=200");
        get(&here(links), "?side=second&object=contact&since=2026-11-01T00:00:00Z");
    }
    get(&here("/search"), "?q=maple&object=custom_objects.property&limit=3");
    get(&here("/search"), "?q=a");
    get(&here("/labels"), "?of=contact");
    get(&here("/labels"), "?of=contact/TO8RJjq9RDegjbPPMkse&asOf=2026-11-01T00:00:00Z");
    get(
        &here("/path"),
        "?from=contact/TO8RJjq9RDegjbPPMkse&to=contact/nRVKrRvX10SlwaovBxae&all=true",
    );
    get(&here("/path"), "?from=contact&to=business");
    get(
        &here("/path"),
        "?from=contact/TO8RJjq9RDegjbPPMkse&to=contact/nRVKrRvX10SlwaovBxae&maxHops=1",
    );
    get(&here("/neighborhood"), "?of=contact/TO8RJjq9RDegjbPPMkse&depth=2&limit=9");
    get(&here("/neighborhood"), "?of=contact");
    get(&here("/summary"), "");
    get(&here("/summary"), "?asOf=60");
    get(&here("/diff"), "?from=150&to=200&limit=2");
    get(&here("/diff"), "?from=2026-11-01T00:00:00Z&limit=1");
    get(&here("/diff"), "?from=310&to=60&limit=1");
    get(&here("/history"), "?of=contact/TO8RJjq9RDegjbPPMkse");
    get(&here("/history"), "?association=724455fc72ba9d79a3488b7e&limit=1");
    get(&here("/history"), "?of=contact/TO8RJjq9RDegjbPPMkse&order=newest&cursor=b200");
    get(&here("/events"), "?after=300&limit=2");
    for format in Format::ALL.iter().map(|format| format.as_str()) {
        get(&here("/export"), &format!("?format={format}&of=contact/TO8RJjq9RDegjbPPMkse"));
    }
    get(&here("/export"), "?format=ndjson");
    get(&here("/export"), "?format=gexf&dynamic=true");
    get(&here("/export"), "?format=node-link&edgesKey=links");
    for open in ["/v1/session", "/healthz", "/readyz", "/metrics"] {
        get(open, "");
    }
    for query in ["?after=99", "?label=Owner&object=contact&of=contact/TO8RJjq9RDegjbPPMkse"] {
        follow(record, server, &Request::new("GET", &here("/changes"), query));
    }
    ask_in_bodies(record, server);
    for query in ["", "?location=seaside-realty"] {
        record.ask(server, &Request::new("POST", "/v1/tickets", query), 200);
    }
}

/// Queries that are in the body of a request.
fn ask_in_bodies(record: &mut Record, server: &Server) {
    for (route, body) in [
        ("/links", r#"{"of":["contact/TO8RJjq9RDegjbPPMkse","contact/nobody","/"],"limit":2}"#),
        ("/links", r#"{"of":["contact"],"label":["Spouse"],"asOf":"2026-11-01T00:00:00Z"}"#),
        ("/labels", r#"{"of":["contact/TO8RJjq9RDegjbPPMkse","contact/nobody","/"]}"#),
        ("/labels", r#"{"of":["contact"],"asOf":200}"#),
        ("/match", r#"{"all":[{"linkedTo":"contact/TO8RJjq9RDegjbPPMkse"}],"limit":1}"#),
        ("/match", r#"{"object":"contact","any":[{"linkedTo":"business"}]}"#),
        ("/walk", r#"{"from":["contact/TO8RJjq9RDegjbPPMkse"],"steps":[{},{"object":"contact"}]}"#),
        ("/walk", r#"{"from":["contact"],"steps":[{}]}"#),
        ("/walk", r#"{"from":["contact/TO8RJjq9RDegjbPPMkse"],"steps":[{},{}],"paths":true}"#),
        (
            "/between",
            r#"{"of":["contact/TO8RJjq9RDegjbPPMkse","contact","contact/RwOR1rEroB5eX0lPuxFF"]}"#,
        ),
        ("/between", r#"{"of":["contact","contact/nobody"],"label":"Spouse","asOf":200}"#),
    ] {
        record.ask(server, &Request::new("POST", &format!("{HERE}{route}"), "").body(body), 200);
    }
    let nodes =
        r#"{"of":["contact/TO8RJjq9RDegjbPPMkse","contact","contact/RwOR1rEroB5eX0lPuxFF"]}"#;
    for format in Format::ALL.iter().map(|format| format.as_str()) {
        let query = format!("?format={format}");
        let route = format!("{HERE}/export");
        record.ask(server, &Request::new("POST", &route, &query).body(nodes), 200);
    }
}

/// Reads the beginning of an answer that has no end.
fn follow(record: &mut Record, server: &Server, request: &Request<'_>) {
    let mut stream = server.connect().unwrap();
    write!(stream, "GET {} HTTP/1.1\r\nhost: localhost\r\n\r\n", request.path).unwrap();
    let mut answer = Answer::read_head(&mut stream).unwrap();
    answer.body = b"retry: 2000".to_vec();
    record.hold(request, &answer, 200);
}

/// Deliveries good and bad, and what becomes of the bad ones.
fn deliver(record: &mut Record, server: &Server) {
    let (any, typed) = ("/webhooks", "/webhooks/{eventType}");
    let relation = r#"{"id":"r","associationId":"a","locationId":"l","firstObjectKey":"contact","firstRecordId":"1","secondObjectKey":"house","secondRecordId":"2"}"#;
    let mut post = |route: &str, query: &str, body: &[u8], status: u16| {
        record.ask(server, &Request::new("POST", route, query).body(body), status);
    };
    post(any, "", relation.as_bytes(), 200);
    post(any, "", br#"{"type":"Other"}"#, 200);
    post(typed, "", relation.as_bytes(), 200);
    for examined in [relation.as_bytes(), b"{", br#"{"type":"Other"}"#] {
        post("/v1/doctor", "", examined, 200);
    }
    post("/v1/doctor", "?type=RelationDelete", b"{}", 200);
    let lines = format!("{relation}\n{{}}\n{}", relation.replace(r#""id":"r""#, r#""id":"s""#));
    for query in ["", "?results=refused", "?results=all"] {
        post("/v1/import", query, lines.as_bytes(), 200);
    }
    post("/v1/import", "", &[0x1f, 0x8b, 0], 400);
    let association =
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/events/association-create.json"));
    post("/v1/doctor", "", association, 200);
    for route in [any, typed] {
        post(route, "", b"{\"\xff", 400);
        post(route, "", br#"{"type":"RelationDelete"}"#, 422);
        post(route, "", &vec![b' '; (256 << 10) + 1], 413);
    }
    for route in [any, typed] {
        record.ask(server, &Request::new("GET", route, "?test_connection=true"), 200);
        let form = Request::new("POST", route, "").header("content-type", "text/plain");
        record.ask(server, &form, 415);
    }
    let long = format!("/webhooks/{}", "x".repeat(513));
    record.ask(server, &Request::new("POST", typed, "").body("{}").at(long), 404);
    record.ask(server, &Request::new("GET", "/v1/dead-letters", "?limit=1"), 200);
    let mut letter = |method, route: &str, id: &str, status| {
        let path = route.replace("{id}", id);
        record.ask(server, &Request::new(method, route, "").at(path), status);
    };
    letter("GET", LETTER, "1", 200);
    letter("GET", LETTER, "2", 200);
    letter("POST", REPLAY, "1", 400);
    letter("POST", REPLAY, "2", 422);
    mend(server, relation);
    letter("POST", REPLAY, "1", 200);
    letter("DELETE", LETTER, "2", 204);
    for (method, route) in [("GET", LETTER), ("DELETE", LETTER), ("POST", REPLAY)] {
        letter(method, route, "1", 404);
    }
    record.ask(server, &Request::new("POST", "/v1/dead-letters/replay", ""), 200);
}

/// Gives the first dead letter a body that can be used.
fn mend(server: &Server, body: &str) {
    let (_, after) = server.ready.split_once("database ").unwrap();
    let journal = rusqlite::Connection::open(after.split(" \u{b7}").next().unwrap()).unwrap();
    let mended = "UPDATE dead_letter SET body = CAST(?1 AS BLOB), url_type = NULL WHERE id = 1";
    assert_eq!(journal.execute(mended, [body]).unwrap(), 1);
}

/// The parameters that a route knows, as it tells who used another.
fn known(refused: &Value) -> BTreeSet<String> {
    let detail = refused["detail"].as_str().unwrap();
    let listed = detail.split_once("known are ").map_or("", |(_, names)| names);
    listed.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The same as the document tells them, but for the one that all reads have.
fn told(document: &Value, route: &Route) -> BTreeSet<String> {
    let operation = &document["paths"][route.path][route.method.to_lowercase()];
    let in_query = |it: &&&Value| it["in"] == "query" && it["name"] != "minSeq";
    let told = parameters(document, operation);
    told.iter().filter(in_query).map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

/// What each route refuses, on a server that lets everybody in.
fn ask_amiss(record: &mut Record, server: &Server) {
    let is_own = |route: &&Route| !route.path.starts_with("/webhooks") && !route.is_compat();
    for route in ROUTES.iter().filter(is_own) {
        let request = |query| Request::new(route.method, route.path, query).body("{}");
        let refused = record.ask(server, &request("?lable=x"), 400).json();
        assert_eq!(known(&refused), told(&record.document, route), "{}", route.path);
        if route.path == "/v1/tickets" {
            record.ask(server, &request("?location=nobody"), 404);
        }
        if route.path.starts_with(HERE) {
            let path = request("").path.replace("seaside-realty", "nobody");
            let question = match route.path.rsplit('/').next().unwrap_or_default() {
                "labels" if route.method == "POST" => "",
                "labels" | "neighborhood" | "history" => "?of=contact",
                "search" => "?q=a",
                "path" => "?from=contact&to=contact",
                "export" => "?format=dot",
                "diff" => "?from=1",
                _ => "",
            };
            let body = match route.path.rsplit('/').next().unwrap_or_default() {
                "links" | "labels" | "between" | "export" if route.method == "POST" => {
                    r#"{"of":["contact"]}"#
                }
                "match" => r#"{"all":[{"linkedTo":"contact"}]}"#,
                "walk" => r#"{"from":["contact"],"steps":[{}]}"#,
                _ => "",
            };
            record.ask(server, &request("").at(path + question).body(body), 404);
        }
        let waits = route.method != "DELETE";
        if waits && route.scope.is_some() && route.path.starts_with("/v1/locations") {
            record.ask(server, &request("?minSeq=100000"), 503);
        }
        let other = server.request("PUT", &request("").path, &[], b"").unwrap();
        let allow = other.header("allow").unwrap();
        assert!(other.status == 405 && allow.contains(route.method), "{}", route.path);
        let problem = &record.document["components"]["schemas"]["Problem"];
        assert_eq!(faults(&validator(&record.document, problem), &other.json()), [""; 0]);
    }
    ask_amiss_in_bodies(record, server);
    let large = vec![b' '; (256 << 10) + 1];
    record.ask(server, &Request::new("POST", "/v1/doctor", "").body(large), 413);
    for route in ["/v1/doctor", "/v1/import"] {
        let form = Request::new("POST", route, "").header("content-type", "a/b");
        record.ask(server, &form, 415);
    }
    let mut stream = server.connect().unwrap();
    let head = "POST /v1/import HTTP/1.1\r\nhost: localhost\r\ncontent-length: 67108865\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let answer = Answer::read(&mut stream).unwrap();
    record.hold(&Request::new("POST", "/v1/import", ""), &answer, 413);
}

/// Bodies that are no query.
fn ask_amiss_in_bodies(record: &mut Record, server: &Server) {
    for rest in ["/links", "/labels", "/match", "/walk", "/between", "/export"] {
        let query = if rest == "/export" { "?format=dot" } else { "" };
        let route = format!("{HERE}{rest}");
        let empty = || Request::new("POST", &route, query);
        let post = |body: &str| empty().body(body);
        record.ask(server, &post("{"), 400);
        record.ask(server, &post(r#"{"label":1}"#), 400);
        record.ask(server, &post(&" ".repeat((1 << 20) + 1)), 413);
        record.ask(server, &empty().header("content-type", "a/b"), 415);
    }
}

/// Strangers, and tokens that are not enough.
fn ask_uninvited(record: &mut Record) -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let new = ["token", "new", "--name", "t", "--scope", "read", "--location", "elsewhere"];
    let token = relata().arg("--db").arg(&db).args(new).output()?.stdout;
    let bearer = format!("Bearer {}", String::from_utf8(token)?.trim());
    let auth = ["--api-auth", "required", "--webhook-auth", "required"];
    let server = Server::start_with(&db, &auth)?;
    for route in ROUTES.iter().filter(|route| !route.is_compat()) {
        let request = Request::new(route.method, route.path, "").body(r#"{"locationId":"l"}"#);
        let known = request.clone().header("authorization", &bearer);
        match route.scope {
            None if route.method == "GET" => continue,
            _ => drop(record.ask(&server, &request, 401)),
        }
        let needs_more = route.scope.is_some_and(|scope| scope.as_str() != "read");
        let of_all = ["/v1/doctor", "/metrics"].contains(&route.path);
        // It names the location in its query.
        let is_ticket = route.path == "/v1/tickets";
        let elsewhere = route.path.starts_with(HERE) || of_all || is_ticket;
        let forbidden =
            &record.document["paths"][route.path][route.method.to_lowercase()]["responses"]["403"];
        assert_eq!(forbidden.is_object(), needs_more || elsewhere, "{}", route.path);
        let known = if is_ticket { known.at("/v1/tickets?location=l") } else { known };
        if needs_more || elsewhere {
            record.ask(&server, &known, 403);
        }
    }
    Ok(())
}

/// A journal that was pruned.
fn ask_of_the_forgotten(record: &mut Record) -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let options = Options { keep_events: Some(Duration::ZERO), ..Options::default() };
    let store = Store::open_with(&db, options)?;
    for event in SAMPLE.lines().take(20) {
        store.ingest(event.as_bytes())?;
    }
    store.checkpoint()?;
    for _ in 0..500 {
        if store.pruned()? > 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    store.close()?;
    let server = Server::start(&db)?;
    for (method, route, operation) in operations(&document()) {
        if operation["responses"]["410"].is_null() {
            continue;
        }
        let (query, body) = match route.rsplit('/').next().unwrap_or_default() {
            "export" if method == "POST" => ("?format=dot&asOf=9", r#"{"of":["contact"]}"#),
            "export" => ("?format=ndjson", ""),
            "changes" => ("?after=9", ""),
            "links" | "labels" if method == "POST" => ("?asOf=9", r#"{"of":["contact"]}"#),
            "labels" | "neighborhood" => ("?of=contact&asOf=9", ""),
            "path" => ("?from=contact&to=contact&asOf=9", ""),
            "diff" => ("?from=9", ""),
            "between" => ("?asOf=9", r#"{"of":["contact"]}"#),
            "match" => ("?asOf=9", r#"{"all":[{"linkedTo":"contact"}]}"#),
            "walk" => ("?asOf=9", r#"{"from":["contact"],"steps":[{}]}"#),
            "links" | "summary" | "objects" | "associations" | "records" => ("?asOf=9", ""),
            "{id}" if route.contains("/associations/") => ("?asOf=9", ""),
            // Nothing of it can be pruned, but it can be of another epoch.
            "import" => ("?unchangedSince=9", ""),
            _ => ("", ""),
        };
        let mut request = Request::new(&method, route, query).body(body);
        if query.is_empty() || route.ends_with("/import") {
            request = request.header("relata-epoch", "00000000");
        }
        record.ask(&server, &request, 410);
    }
    Ok(())
}

/// More links than Mermaid draws.
fn ask_too_much(record: &mut Record) -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let store = Store::open_with(&db, Options::default())?;
    for number in 0..501 {
        let relation = json!({
            "type": "RelationCreate", "id": number.to_string(), "associationId": "a",
            "locationId": "seaside-realty", "firstObjectKey": "contact", "firstRecordId": "1",
            "secondObjectKey": "house", "secondRecordId": "2",
        });
        let delivery = Delivery::read(relation.to_string().as_bytes(), None, Timestamp::now())?;
        store.submit_waiting(delivery, |result| drop(result.unwrap()))?;
    }
    store.close()?;
    let server = Server::start(&db)?;
    let export = format!("{HERE}/export");
    let refused = record.ask(&server, &Request::new("GET", &export, "?format=mermaid"), 422);
    assert_eq!(refused.json()["code"], "too_large");
    let both =
        Request::new("POST", &export, "?format=mermaid").body(r#"{"of":["contact/1","house/2"]}"#);
    assert_eq!(record.ask(&server, &both, 422).json()["code"], "too_large");
    record.ask(&server, &Request::new("GET", &export, "?format=mermaid&layer=objects"), 200);
    Ok(())
}

/// Bodies that never come.
fn ask_slowly(record: &mut Record, server: &Server) -> Result<(), Error> {
    let mut waiting = Vec::new();
    for (method, route, operation) in operations(&document()) {
        if operation["responses"]["408"].is_object() {
            let mut stream = server.connect()?;
            let query = if route.ends_with("/export") { "?format=dot" } else { "" };
            let path = Request::new(&method, route, query).path;
            write!(
                stream,
                "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n"
            )?;
            waiting.push((method, route.to_owned(), stream));
        }
    }
    for (method, route, mut stream) in waiting {
        let answer = Answer::read(&mut stream)?;
        record.hold(&Request::new(&method, &route, ""), &answer, 408);
    }
    Ok(())
}

/// Answers that no test can bring about at will: a full queue, a broken disk, and
/// a store of which the reader stops.
fn is_out_of_reach(status: u16, method: &str, route: &str) -> bool {
    let waits = method != "DELETE" && route.starts_with("/v1/locations");
    status == 429 || status == 503 && !waits
}

#[test]
fn every_answer_matches_the_document() -> Result<(), Error> {
    let mut record = Record::new();
    let directory = tempfile::tempdir()?;
    let db = directory.path().join("unused.db");
    let limits = ["--demo", "--min-seq-timeout-ms", "1", "--body-timeout-ms", "1000"];
    let server = Server::start_with(&db, &limits)?;
    ask_everything(&mut record, &server);
    pages::ask(&mut record, &server);
    deliver(&mut record, &server);
    ask_amiss(&mut record, &server);
    compat::ask_everything(&mut record, &server);
    compat::ask_amiss(&mut record, &server);
    ask_slowly(&mut record, &server)?;
    let erase = Request::new("DELETE", HERE, "").at("/v1/locations/hillside-homes".to_owned());
    record.ask(&server, &erase, 200);
    ask_uninvited(&mut record)?;
    compat::ask_uninvited(&mut record)?;
    ask_too_much(&mut record)?;
    ask_of_the_forgotten(&mut record)?;
    let mut missing = Vec::new();
    for (method, path, operation) in operations(&document()) {
        let seen = record.seen.get(&(method.clone(), path.to_owned())).unwrap();
        for status in operation["responses"].as_object().unwrap().keys() {
            let status: u16 = status.parse()?;
            if !seen.contains(&status) && !is_out_of_reach(status, &method, path) {
                missing.push(format!("{method} {path} {status}"));
            }
        }
    }
    assert_eq!(missing, [""; 0], "the document tells answers that were not seen");
    let spared: Vec<&str> = record.spared.iter().map(String::as_str).collect();
    assert_eq!(spared, OPTIONAL);
    Ok(())
}
