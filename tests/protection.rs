//! Who may send and who may ask, by the real binary.

#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod server;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use relata::http::ROUTES;
use serde_json::{Value, json};
use server::{Answer, Error, Server, relata};

const SAMPLE: &str = include_str!("../data/real-estate.ndjson");
const OURS: &str = "seaside-realty";
const FOREIGN: &str = "hillside-homes";

fn fresh() -> Result<(tempfile::TempDir, PathBuf), Error> {
    let directory = tempfile::tempdir()?;
    let db = directory.path().join("relata.db");
    Ok((directory, db))
}

/// Runs a command and answers with what it printed, or what it complained of.
fn run(db: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = relata().arg("--db").arg(db).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn key() -> String {
    format!("ed25519:{}", STANDARD.encode(pair().public_key()))
}

fn signed(server: &Server, path: &str, body: &str) -> Result<Answer, Error> {
    let signature = STANDARD.encode(pair().sign(body.as_bytes()));
    server.request("POST", path, &[("x-ghl-signature", &signature)], body.as_bytes())
}

fn with_token(server: &Server, method: &str, path: &str, token: &str) -> Result<Answer, Error> {
    let bearer = format!("Bearer {token}");
    server.request(method, path, &[("authorization", &bearer)], b"")
}

fn relation(id: &str) -> String {
    let relation = json!({
        "type": "RelationCreate", "id": id, "associationId": "A", "locationId": OURS,
        "firstObjectKey": "contact", "firstRecordId": format!("c{id}"),
        "secondObjectKey": "property", "secondRecordId": format!("p{id}"),
        "webhookId": format!("w{id}"),
    });
    relation.to_string()
}

#[test]
fn only_signed_deliveries_are_let_in() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--webhook-auth", "required", "--webhook-key", &key()])?;
    assert!(server.ready.contains("signatures required, tokens off"), "{}", server.ready);
    let body = relation("1");
    let good = STANDARD.encode(pair().sign(body.as_bytes()));
    let other = STANDARD.encode(pair().sign(b"{}"));
    let refused: [(&str, Vec<(&str, &str)>); 7] = [
        ("none", vec![]),
        ("N/A", vec![("x-ghl-signature", "N/A")]),
        ("another body's", vec![("x-ghl-signature", &other)]),
        ("twice", vec![("x-ghl-signature", &good), ("X-GHL-Signature", &good)]),
        ("old scheme", vec![("x-wh-signature", &good)]),
        ("downgrade", vec![("x-ghl-signature", "N/A"), ("x-wh-signature", &good)]),
        ("a token instead", vec![("authorization", "Bearer rlt_a_b")]),
    ];
    for (what, headers) in refused {
        let answer = server.request("POST", "/webhooks", &headers, body.as_bytes())?;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (401, &json!("bad_signature")),
            "{what}"
        );
    }
    let changed = server.request(
        "POST",
        "/webhooks",
        &[("x-ghl-signature", &good)],
        format!("{body}\n").as_bytes(),
    )?;
    assert_eq!(changed.status, 401, "a byte more");
    assert_eq!(server.get("/readyz")?.json()["seq"], 0);
    assert_eq!(server.get("/v1/dead-letters")?.json()["total"], 0, "not authentic, not kept");
    let accepted = signed(&server, "/webhooks", &body)?;
    assert_eq!((accepted.status, &accepted.json()["status"]), (200, &json!("applied")));
    let again = signed(&server, "/webhooks", &body)?.json();
    assert_eq!((&again["status"], &again["seq"]), (&json!("duplicate"), &json!(1)));
    Ok(())
}

#[test]
fn the_id_of_standard_webhooks_tells_repeats_apart() -> Result<(), Error> {
    use aws_lc_rs::hmac;
    let (_directory, db) = fresh()?;
    let secret = format!("whsec_{}", STANDARD.encode([9; 32]));
    let server =
        Server::start_with(&db, &["--webhook-auth", "required", "--webhook-key", &secret])?;
    let post = |id: &str, body: &str| {
        let now = (relata::Timestamp::now().as_millis() / 1000).to_string();
        let content = format!("{id}.{now}.{body}");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[9; 32]), content.as_bytes());
        let signature = format!("v1,{}", STANDARD.encode(tag));
        let headers =
            [("webhook-id", id), ("webhook-timestamp", &now), ("webhook-signature", &signature)];
        server.request("POST", "/webhooks", &headers, body.as_bytes())
    };
    let body = relation("1").replace(r#","webhookId":"w1""#, "");
    assert_eq!(post("m1", &body)?.json()["status"], "applied");
    assert_eq!(post("m1", &body)?.json()["status"], "duplicate");
    assert_eq!(post("m2", &body)?.json()["status"], "unchanged");

    // What is accepted on another try is known by the same id.
    let fixed = relation("2").replace(r#","webhookId":"w2""#, "");
    assert_eq!(post("m3", "{")?.status, 400);
    assert_eq!(server.get("/v1/dead-letters/1")?.json()["headers"]["webhook-id"], "m3");
    rusqlite::Connection::open(&db)?
        .execute("UPDATE dead_letter SET body = CAST(?1 AS BLOB) WHERE id = 1", [&fixed])?;
    let replayed = server.post("/v1/dead-letters/1/replay", b"")?.json();
    assert_eq!((&replayed["status"], &replayed["seq"]), (&json!("applied"), &json!(3)));
    let again = post("m3", &fixed)?.json();
    assert_eq!((&again["status"], &again["seq"]), (&json!("duplicate"), &json!(3)));
    Ok(())
}

#[test]
fn an_id_that_is_not_signed_tells_nothing() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--webhook-auth", "required", "--webhook-key", &key()])?;
    let body = relation("1").replace(r#","webhookId":"w1""#, "");
    let named = relation("2").replace(r#""webhookId":"w2""#, r#""webhookId":"m1""#);
    assert_eq!(signed(&server, "/webhooks", &named)?.json()["status"], "applied");
    let signature = STANDARD.encode(pair().sign(body.as_bytes()));
    let headers = [("x-ghl-signature", &*signature), ("webhook-id", "m1")];
    let examined = server.request("POST", "/v1/doctor", &headers, body.as_bytes())?.json();
    let file = directory.path().join("delivery.json");
    std::fs::write(&file, &body)?;
    let header = format!("X-GHL-Signature: {signature}");
    let told = run(
        &db,
        &["doctor", file.to_str().ok_or("path")?, "--header", &header]
            .into_iter()
            .chain(["--header", "webhook-id: m1", "--webhook-key", &key()])
            .collect::<Vec<_>>(),
    )?;
    let answer = server.request("POST", "/webhooks", &headers, body.as_bytes())?.json();
    assert_eq!((&answer["status"], &answer["seq"]), (&json!("applied"), &json!(2)));
    assert_eq!(examined["effect"], json!({"status": "applied", "seq": 2}), "as it was taken");
    assert!(told.contains("effect     applied, event 2"), "{told}");
    let bad = STANDARD.encode(pair().sign(b"{"));
    let headers = [("x-ghl-signature", &*bad), ("webhook-id", "m1")];
    assert_eq!(server.request("POST", "/webhooks", &headers, b"{")?.status, 400);
    assert_eq!(server.get("/v1/dead-letters/1")?.json()["headers"], json!({}));
    Ok(())
}

/// A protected server that knows two locations, and a token of each kind.
struct Office {
    _directory: tempfile::TempDir,
    db: PathBuf,
    server: Server,
    ours: String,
    all: String,
    writer: String,
}

impl Office {
    fn open() -> Result<Self, Error> {
        let (directory, db) = fresh()?;
        let sample = directory.path().join("sample.ndjson");
        std::fs::write(&sample, SAMPLE)?;
        run(&db, &["ingest", sample.to_str().ok_or("path")?])?;
        let new = |arguments: &[&str]| run(&db, &[&["token", "new"], arguments].concat());
        let ours = new(&["--location", OURS, "--name", "ours"])?;
        let all = new(&["--name", "all"])?;
        let writer = new(&["--scope", "write", "--location", OURS, "--name", "writer"])?;
        let server = Server::start_with(&db, &["--api-auth", "required"])?;
        Ok(Self { _directory: directory, db, server, ours, all, writer })
    }

    fn ask(&self, token: &str, path: &str) -> Result<Answer, Error> {
        with_token(&self.server, "GET", path, token)
    }
}

/// A route's path with these parameters.
fn filled(path: &str, location: &str) -> String {
    path.replace("{locationId}", location)
        .replace("{objectKey}", "contact")
        .replace("{recordId}", "amara-okafor")
        .replace("{id}", "1")
        .replace("{eventType}", "RelationCreate")
}

/// An answer without what is new in each.
fn lasting(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    if let Some(body) = body.as_object_mut() {
        for fresh in ["traceId", "ticket", "expiresAt"] {
            body.remove(fresh);
        }
    }
    (answer.status, body)
}

#[test]
fn every_route_keeps_a_token_to_its_locations() -> Result<(), Error> {
    let office = Office::open()?;
    for body in ["{", r#"{"type":"RelationCreate","locationId":"hillside-homes"}"#] {
        assert!(office.server.post("/webhooks", body.as_bytes())?.status >= 400);
    }
    let mut tried = 0;
    for route in ROUTES {
        let token = |token: &str, location: &str| {
            with_token(&office.server, route.method, &filled(route.path, location), token)
        };
        let name = format!("{} {}", route.method, route.path);
        let Some(_) = route.scope else {
            let open = ["/healthz", "/readyz", "/openapi.json", "/docs"];
            assert!(route.path.starts_with("/webhooks") || open.contains(&route.path), "{name}");
            continue;
        };
        tried += 1;
        let bare = office.server.request(route.method, &filled(route.path, OURS), &[], b"")?;
        assert_eq!((bare.status, &bare.json()["code"]), (401, &json!("unauthorized")), "{name}");
        assert_eq!(bare.header("www-authenticate"), Some("Bearer"), "{name}");
        for bad in ["", "rlt_", "rlt_0_0", &office.ours[..30], &format!("{}x", office.ours)] {
            assert_eq!(token(bad, OURS)?.status, 401, "{name} {bad}");
        }
        for limited in [&office.ours, &office.writer] {
            let foreign = token(limited, FOREIGN)?;
            let unknown = token(limited, "no-such-location")?;
            assert_eq!(lasting(&foreign), lasting(&unknown), "{name} tells that it exists");
            assert!(!foreign.text().contains(FOREIGN), "{name}: {}", foreign.text());
            if route.path.contains("{locationId}") {
                let code = foreign.json()["code"].clone();
                assert_eq!((foreign.status, code), (403, json!("forbidden")), "{name}");
                let twice = FOREIGN.replace('-', "%2D");
                assert_eq!(token(limited, &twice)?.status, 403, "{name} percent-encoded");
                // A feed that is let in has no end.
                let ours = if route.path.ends_with("/changes") { "?after=x" } else { "" };
                let path = filled(route.path, OURS) + ours;
                let allowed = with_token(&office.server, route.method, &path, limited)?;
                let is_admins = route.scope == Some(relata::journal::Scope::Admin);
                assert_eq!(allowed.status == 403, is_admins, "{name}");
            }
        }
        if route.scope == Some(relata::journal::Scope::Write) {
            for reader in [&office.ours, &office.all] {
                assert_eq!(token(reader, OURS)?.status, 403, "{name} needs more than read");
            }
        }
    }
    assert!(tried > 12);
    let listed = |token: &str| -> Result<Vec<String>, Error> {
        let body = office.ask(token, "/v1/locations")?.json();
        let ids = body["locations"].as_array().ok_or("no list")?.iter();
        Ok(ids.map(|location| location["locationId"].as_str().unwrap().to_owned()).collect())
    };
    assert_eq!(listed(&office.ours)?, [OURS]);
    assert_eq!(listed(&office.all)?, [OURS, FOREIGN]);
    let letters = |token: &str| -> Result<(usize, Value), Error> {
        let body = office.ask(token, "/v1/dead-letters")?.json();
        Ok((body["deadLetters"].as_array().ok_or("no list")?.len(), body["total"].clone()))
    };
    assert_eq!(letters(&office.all)?, (2, json!(2)));
    assert_eq!(letters(&office.ours)?, (0, json!(null)));
    Ok(())
}

#[test]
fn dead_letters_of_other_locations_are_not_there() -> Result<(), Error> {
    let office = Office::open()?;
    // One of nobody, two of others, one of them in an envelope of ours; one of ours.
    let bodies = [
        "{".to_owned(),
        format!(r#"{{"type":"RelationCreate","locationId":"{FOREIGN}"}}"#),
        format!(
            r#"{{"type":"RelationCreate","locationId":"{OURS}","data":{{"locationId":"{FOREIGN}"}}}}"#
        ),
        format!(r#"{{"type":"RelationCreate","locationId":"{OURS}"}}"#),
    ];
    for body in &bodies {
        assert!(office.server.post("/webhooks", body.as_bytes())?.status >= 400);
    }
    let ask = |method: &str, path: &str, token: &str| {
        with_token(&office.server, method, &format!("/v1/dead-letters{path}"), token)
    };
    for id in ["/1", "/2", "/3"] {
        assert_eq!(ask("GET", id, &office.all)?.status, 200, "{id}");
        for (method, path) in [("GET", id), ("POST", &format!("{id}/replay")), ("DELETE", id)] {
            let foreign = ask(method, path, &office.writer)?;
            let unknown = ask(method, &path.replace(id, "/99"), &office.writer)?;
            assert_eq!(lasting(&foreign), lasting(&unknown), "{method} {path}");
            assert_eq!(foreign.status, 404, "{method} {path}");
        }
    }
    let listed = ask("GET", "", &office.writer)?.json();
    assert_eq!(listed["deadLetters"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(ask("GET", "/4", &office.writer)?.status, 200);
    let all = ask("POST", "/replay", &office.writer)?.json();
    assert_eq!(all, json!({"accepted": 0, "refused": 1}), "ours alone is tried");
    assert_eq!(ask("DELETE", "/4", &office.writer)?.status, 204);
    assert_eq!(ask("GET", "", &office.all)?.json()["total"], 3);
    Ok(())
}

#[test]
fn the_doctor_tells_nothing_of_other_locations() -> Result<(), Error> {
    let office = Office::open()?;
    let examine = |location: &str| -> Result<Answer, Error> {
        let body = relation("1").replace(OURS, location);
        let bearer = format!("Bearer {}", office.ours);
        let headers = [("authorization", &*bearer)];
        office.server.request("POST", "/v1/doctor", &headers, body.as_bytes())
    };
    assert_eq!(examine(OURS)?.status, 200);
    assert_eq!(lasting(&examine(FOREIGN)?), lasting(&examine("no-such-location")?));
    assert_eq!(examine(FOREIGN)?.status, 403);
    Ok(())
}

fn within_seconds(mut good: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        if good() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

#[test]
fn tokens_come_and_go_beside_a_running_server() -> Result<(), Error> {
    let office = Office::open()?;
    let listed = run(&office.db, &["token", "list"])?;
    assert!(listed.contains("ours") && listed.contains(OURS), "{listed}");
    let stored = std::fs::read(&office.db)?;
    let log = std::fs::read(office.db.with_extension("db-wal"))?;
    for token in [&office.ours, &office.all] {
        let secret = &token.as_bytes()[17..];
        let kept = [&stored, &log].iter().any(|file| file.windows(43).any(|at| at == secret));
        assert!(!kept && !listed.contains(&token[17..]), "the secret is on disk");
    }
    let late = run(&office.db, &["token", "new", "--name", "late", "--json"])?;
    let late: Value = serde_json::from_str(&late)?;
    let text = late["token"].as_str().ok_or("no token")?.to_owned();
    let works = |token: &str| office.ask(token, "/v1/locations").unwrap().status == 200;
    assert!(within_seconds(|| works(&text)));
    run(&office.db, &["token", "revoke", "late"])?;
    assert!(within_seconds(|| !works(&text)));
    assert!(works(&office.ours));
    assert!(run(&office.db, &["token", "revoke", "late"]).is_err());
    assert!(run(&office.db, &["token", "new", "--scope", "owner"]).is_err());
    let Office { _directory: directory, db, mut server, .. } = office;
    server.signal("TERM")?;
    assert!(server.wait(Duration::from_secs(10))?.success());
    assert!(!db.with_extension("db-wal").exists(), "one file is left, all in it");
    drop(directory);
    Ok(())
}

#[test]
fn dead_letters_are_kept_shown_replayed_and_deleted() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--webhook-auth", "required", "--webhook-key", &key()])?;
    let bad = r#"{"id":"x","locationId":"L"}"#;
    for _ in 0..3 {
        assert_eq!(signed(&server, "/webhooks", bad)?.status, 422);
    }
    assert_eq!(signed(&server, "/webhooks/RelationCreate", "{")?.status, 400);
    let signature = STANDARD.encode(pair().sign(&[0xff, 0]));
    let raw = [("x-ghl-signature", &*signature), ("user-agent", "crm/1")];
    assert_eq!(server.request("POST", "/webhooks", &raw, &[0xff, 0])?.status, 400);

    let list = server.get("/v1/dead-letters")?.json();
    assert_eq!((&list["total"], &list["dropped"]), (&json!(3), &json!(0)));
    let first = &list["deadLetters"][0];
    assert_eq!((&first["times"], &first["code"]), (&json!(3), &json!("invalid_event")));
    assert_eq!(first["locationId"], "L");
    let page = server.get("/v1/dead-letters?limit=2")?.json();
    let next = page["next"].as_str().ok_or("no next")?;
    let rest = server.get(&format!("/v1/dead-letters?limit=2&cursor={next}"))?.json();
    assert_eq!((&rest["deadLetters"][0]["id"], &rest["complete"]), (&json!(3), &json!(true)));
    assert_eq!(server.get("/v1/dead-letters/1")?.json()["body"], bad);
    assert_eq!(server.get("/v1/dead-letters/2")?.json()["event"], "RelationCreate");
    let third = server.get("/v1/dead-letters/3")?.json();
    assert_eq!((&third["bodyBase64"], &third["body"]), (&json!("/wA="), &Value::Null));
    assert_eq!(third["headers"], json!({"user-agent": "crm/1"}), "no signature");

    let again = server.post("/v1/dead-letters/1/replay", b"")?;
    assert_eq!((again.status, &again.json()["code"]), (422, &json!("invalid_event")));
    let all = server.post("/v1/dead-letters/replay", b"")?.json();
    assert_eq!(all, json!({"accepted": 0, "refused": 3}));
    assert_eq!(server.request("DELETE", "/v1/dead-letters/2", &[], b"")?.status, 204);
    for gone in ["2", "99", "x", "-1", "18446744073709551616"] {
        assert_eq!(server.get(&format!("/v1/dead-letters/{gone}"))?.status, 404, "{gone}");
    }
    assert_eq!(
        server.request("PUT", "/v1/dead-letters/1", &[], b"")?.header("allow"),
        Some("GET, HEAD, DELETE")
    );
    let listed = run(&db, &["dead-letters", "list"])?;
    assert!(listed.contains("invalid_event") && listed.lines().count() == 3, "{listed}");
    let shown = run(&db, &["dead-letters", "show", "1"])?;
    assert!(shown.ends_with(bad) && shown.contains("came 3 times"), "{shown}");
    let busy = run(&db, &["dead-letters", "delete", "1"]).unwrap_err();
    assert!(busy.contains("DELETE /v1/dead-letters/ID"), "{busy}");
    server.kill()?;
    assert_eq!(run(&db, &["dead-letters", "list", "--json"])?.lines().count(), 2, "after a kill");
    // As if a later version could read what this one refuses.
    let fixed = relation("9");
    rusqlite::Connection::open(&db)?
        .execute("UPDATE dead_letter SET body = CAST(?1 AS BLOB) WHERE id = 1", [&fixed])?;
    assert!(run(&db, &["dead-letters", "replay", "--all"]).is_err(), "one is still bad");
    assert_eq!(run(&db, &["dead-letters", "list", "--json"])?.lines().count(), 1);
    assert!(run(&db, &["links", "contact/c9"])?.contains("p9"));
    assert_eq!(run(&db, &["dead-letters", "delete", "--all"])?, "1 deleted");
    assert!(run(&db, &["dead-letters", "show", "3"]).is_err());
    Ok(())
}

#[test]
fn the_oldest_dead_letters_make_room() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--dead-letters", "5", "--dead-letter-bytes", "4000"])?;
    for number in 0..8 {
        assert_eq!(server.post("/webhooks", format!("{{{number}").as_bytes())?.status, 400);
    }
    let list = server.get("/v1/dead-letters")?.json();
    assert_eq!((&list["total"], &list["dropped"]), (&json!(5), &json!(3)));
    assert_eq!(list["deadLetters"][0]["id"], 4);
    server.post("/webhooks", format!("{{{}", " ".repeat(3_700)).as_bytes())?;
    let list = server.get("/v1/dead-letters")?.json();
    assert!(list["total"].as_u64() < Some(4), "{list}");
    server.post("/webhooks", format!("{{{}", " ".repeat(5_000)).as_bytes())?;
    assert_eq!(server.get("/v1/dead-letters")?.json()["total"], 0, "larger than the room");
    let named = |length: usize| format!("/webhooks/{}", "x".repeat(length));
    assert_eq!(server.post(&named(512), b"{")?.status, 400);
    assert_eq!(server.post(&named(513), b"{")?.status, 404, "a name without bound is not kept");
    assert_eq!(server.get("/v1/dead-letters")?.json()["total"], 1);
    Ok(())
}

#[test]
fn the_doctor_examines_and_changes_nothing() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let server = Server::start_with(&db, &["--webhook-auth", "required", "--webhook-key", &key()])?;
    let body = relation("1");
    let examine = |body: &str| signed(&server, "/v1/doctor", body).map(|answer| answer.json());
    let found = examine(&body)?;
    assert_eq!(
        found["signature"],
        json!({"required": true, "holds": true, "header": "X-GHL-Signature"})
    );
    assert_eq!(found["effect"], json!({"status": "applied", "seq": 1}));
    assert_eq!((&found["answer"], &found["reading"]["id"]), (&json!(200), &json!("1")));
    assert_eq!(server.get("/readyz")?.json()["seq"], 0, "nothing is stored");
    signed(&server, "/webhooks", &body)?;
    assert_eq!(examine(&body)?["effect"], json!({"status": "duplicate", "seq": 1}));
    let other = body.replace("w1", "w2");
    assert_eq!(examine(&other)?["effect"], json!({"status": "unchanged", "seq": 2}));
    let bad = examine(r#"{"id":"x","locationId":"L"}"#)?;
    assert_eq!((&bad["answer"], &bad["effect"]), (&json!(422), &Value::Null));
    assert_eq!(server.get("/v1/dead-letters")?.json()["total"], 0);
    let signature = STANDARD.encode(pair().sign(body.as_bytes()));
    let spaced = body.replace(':', ": ");
    let headers = [("x-ghl-signature", &*signature)];
    let mended = server.request("POST", "/v1/doctor", &headers, spaced.as_bytes())?.json();
    assert_eq!(mended["answer"], 401);
    let advice = mended["signature"]["advice"].as_str().ok_or("no advice")?;
    assert!(advice.contains("changed on its way"), "{advice}");

    let file = directory.path().join("delivery.json");
    std::fs::write(&file, &body)?;
    let header = format!("X-GHL-Signature: {signature}");
    let doctor = |key: &str, extra: &[&str]| {
        let file = file.to_str().unwrap();
        run(&db, &[&["doctor", file, "--header", &header, "--webhook-key", key], extra].concat())
    };
    let told = doctor(&key(), &[])?;
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(
        lines,
        [
            "signature  holds (X-GHL-Signature)",
            "body       RelationCreate of 1 in location seaside-realty",
            "effect     duplicate, event 1",
            "answer     200"
        ]
    );
    assert!(doctor("ed25519:highlevel", &["--json"]).is_err(), "a wrong key");
    Ok(())
}

#[test]
fn every_answer_carries_the_id_of_its_request() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let ask = |id: &str| server.request("GET", "/nowhere", &[("x-request-id", id)], b"");
    let told = ask("proxy-1:2/3")?;
    assert_eq!(told.header("x-request-id"), Some("proxy-1:2/3"));
    assert_eq!(told.json()["traceId"], "proxy-1:2/3");
    for odd in ["", "a b", "<script>", "ä", &"x".repeat(129)] {
        let fresh = ask(odd)?.header("x-request-id").unwrap().to_owned();
        assert!(fresh != odd && fresh.len() == 24, "{odd}: {fresh}");
    }
    for route in ROUTES {
        let path = filled(route.path, "none");
        let answer = server.request(route.method, &path, &[], b"")?;
        assert!(answer.header("x-request-id").is_some(), "{} {path}", route.method);
    }
    let accepted =
        server.request("POST", "/webhooks", &[("x-request-id", "r7")], relation("1").as_bytes())?;
    assert_eq!(accepted.json()["traceId"], "r7");
    Ok(())
}

#[test]
fn the_log_names_what_failed_and_keeps_what_is_secret() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    for format in ["human", "json"] {
        let mut child = relata()
            .args(["serve", "--listen", "127.0.0.1:0", "--api-auth", "required"])
            .args(["--webhook-auth", "required", "--webhook-key", &key(), "--log-format", format])
            .arg("--db")
            .arg(&db)
            .args(["--log", "trace"])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()?;
        let mut ready = String::new();
        let mut output = std::io::BufReader::new(child.stdout.take().ok_or("no output")?);
        std::io::BufRead::read_line(&mut output, &mut ready)?;
        let address = ready.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
        let address = address.ok_or("no address")?.parse()?;
        let mut log = child.stderr.take().ok_or("no log")?;
        let server = Server { child, address, ready };
        let signature = STANDARD.encode(pair().sign(b"another"));
        let body = relation("hidden-in-the-body");
        let headers = [
            ("x-ghl-signature", &*signature),
            ("x-request-id", "trace-1"),
            ("authorization", "Bearer rlt_secret_secret"),
        ];
        assert_eq!(server.request("POST", "/webhooks", &headers, body.as_bytes())?.status, 401);
        assert_eq!(server.request("GET", "/v1/locations", &headers, b"")?.status, 401);
        let mut stream = server.connect()?;
        std::io::Write::write_all(&mut stream, b"hidden-in-the-body\x01\r\n\r\n")?;
        assert_eq!(Answer::read(&mut stream)?.status, 400);
        drop(stream);
        std::thread::sleep(Duration::from_millis(50));
        server.kill()?;
        let mut text = String::new();
        std::io::Read::read_to_string(&mut log, &mut text)?;
        let refused: Vec<&str> = text.lines().filter(|line| line.contains("refused")).collect();
        assert_eq!(refused.len(), 3, "{text}");
        assert!(refused[2].contains("invalid_request"), "what is no HTTP, too: {}", refused[2]);
        for expected in ["bad_signature", "RelationCreate", OURS, "trace-1"] {
            assert!(refused[0].contains(expected), "{expected}: {}", refused[0]);
        }
        for secret in [&signature[..20], "hidden-in-the-body", "rlt_secret"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        if format == "json" {
            let line: Value = serde_json::from_str(refused[0])?;
            assert_eq!(
                (&line["code"], &line["trace_id"]),
                (&json!("bad_signature"), &json!("trace-1"))
            );
        }
    }
    Ok(())
}

#[test]
fn an_export_that_meets_a_damaged_event_breaks_off_and_says_so() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let mut child = relata()
        .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--db"])
        .arg(&db)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()?;
    let mut ready = String::new();
    let mut output = std::io::BufReader::new(child.stdout.take().ok_or("no output")?);
    std::io::BufRead::read_line(&mut output, &mut ready)?;
    let address = ready.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
    let address = address.ok_or("no address")?.parse()?;
    let mut log = child.stderr.take().ok_or("no log")?;
    let server = Server { child, address, ready };
    for id in ["1", "2", "3"] {
        assert_eq!(server.post("/webhooks", relation(id).as_bytes())?.status, 200);
    }
    rusqlite::Connection::open(&db)?
        .execute("UPDATE event SET body = replace(body, 'c2', 'c3') WHERE seq = 2", [])?;
    let path = format!("/v1/locations/{OURS}/export?format=ndjson");
    let headers = [("x-request-id", "trace-1")];
    assert!(server.request("GET", &path, &headers, b"").is_err(), "not taken for the whole");
    server.kill()?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut log, &mut text)?;
    let errors = text.lines().filter(|line| line.contains("\"ERROR\""));
    let lines: Vec<Value> = errors.map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(lines.len(), 1, "{text}");
    let detail = "event 2 is damaged: its checksum does not match";
    for (name, value) in
        [("trace_id", "trace-1"), ("location", OURS), ("code", "unavailable"), ("detail", detail)]
    {
        assert_eq!(lines[0][name], value, "{text}");
    }
    Ok(())
}

#[test]
fn settings_come_from_a_file_too() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let file = directory.path().join("relata.toml");
    let path = file.to_str().ok_or("path")?;
    let text = format!(
        "webhook-auth = \"required\"\nwebhook-key = [\"ed25519:highlevel\", \"{}\"]\nkeep-ignored = true\nqueue-events = 7\n",
        key()
    );
    std::fs::write(&file, text)?;
    let server = Server::start_with(&db, &["--config", path])?;
    assert!(server.ready.contains("signatures required"), "{}", server.ready);
    assert_eq!(signed(&server, "/webhooks", &relation("1"))?.status, 200);
    let ignored = signed(&server, "/webhooks", r#"{"type":"Other","locationId":"L"}"#)?.json();
    assert_eq!(ignored["seq"], 2, "kept");
    drop(server);
    let over = Server::start_with(&db, &["--config", path, "--webhook-auth", "off"])?;
    assert!(over.ready.contains("signatures off"), "the command line counts more");
    drop(over);
    for (text, expected) in [
        ("no-such-flag = 1", "there is no flag --no-such-flag"),
        ("listen = { a = 1 }", "`listen` is no text"),
        ("listen = ", "relata.toml"),
        ("webhook-key = \"md5:1\"", "neither SCHEME:VALUE nor a file"),
    ] {
        std::fs::write(&file, text)?;
        let refused =
            run(&db, &["--config", path, "serve", "--listen", "127.0.0.1:0"]).unwrap_err();
        assert!(refused.contains(expected), "{text}: {refused}");
    }
    assert!(run(&db, &["--config", "/no/such/file", "summary"]).is_err());
    Ok(())
}

/// Asks for the head of an answer without a token.
fn head_of(server: &Server, path: &str) -> Result<u16, Error> {
    use std::io::Write;
    let mut stream = server.connect()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    Ok(Answer::read_head(&mut stream)?.status)
}

/// `EventSource` sends no header: with tokens on, no page could follow changes.
#[test]
fn a_ticket_opens_the_changes_of_its_location_once() -> Result<(), Error> {
    let office = Office::open()?;
    let issued = |token: &str, location: &str| {
        with_token(&office.server, "POST", &format!("/v1/tickets?location={location}"), token)
    };
    let ticket = |token: &str| -> Result<String, Error> {
        let answer = issued(token, OURS)?.json();
        let expires: relata::Timestamp = answer["expiresAt"].as_str().ok_or("no time")?.parse()?;
        let left = expires.as_millis() - relata::Timestamp::now().as_millis();
        assert!((1..=60_000).contains(&left), "{left}");
        Ok(answer["ticket"].as_str().ok_or("no ticket")?.to_owned())
    };
    let changes = |location: &str, ticket: &str| {
        head_of(
            &office.server,
            &format!("/v1/locations/{location}/changes?after=1&ticket={ticket}"),
        )
    };
    let good = ticket(&office.ours)?;
    assert_eq!(changes(OURS, &good)?, 200);
    assert_eq!(changes(OURS, &good)?, 401, "it was used");
    assert_eq!(changes(FOREIGN, &ticket(&office.ours)?)?, 403);
    assert_eq!(changes(FOREIGN, &ticket(&office.all)?)?, 403, "of one location alone");
    for bad in ["", "x", &office.ours] {
        assert_eq!(changes(OURS, bad)?, 401, "{bad}");
    }
    // One that names no location is good for what its token may read.
    for (token, foreign) in [(&office.ours, 403), (&office.all, 200)] {
        for (location, status) in [(OURS, 200), (FOREIGN, foreign)] {
            let any = with_token(&office.server, "POST", "/v1/tickets", token)?.json();
            assert_eq!(changes(location, any["ticket"].as_str().unwrap())?, status, "{location}");
        }
    }
    assert_eq!(issued(&office.all, "nowhere")?.status, 404);
    assert_eq!(issued(&office.ours, FOREIGN)?.status, 403);
    assert_eq!(issued("rlt_0_0", OURS)?.status, 401);

    // It is good for nothing else, and not used up by it; no answer holds it.
    let other = ticket(&office.all)?;
    for route in ROUTES.iter().filter(|it| it.scope.is_some() && !it.path.ends_with("/changes")) {
        let path = format!("{}?ticket={other}", filled(route.path, OURS));
        let answer = office.server.request(route.method, &path, &[], b"")?;
        assert_eq!(answer.status, 401, "{} {path}", route.method);
        assert!(!answer.text().contains(&other), "{}", answer.text());
    }
    let path = format!("/v1/locations/{OURS}/changes?ticket={other}");
    assert_eq!(office.ask(&office.all, &(path.clone() + "&lable=x"))?.status, 400);
    assert_eq!(changes(OURS, &other)?, 200);

    // Void with its token.
    let late = ticket(&office.ours)?;
    let id = office.ours.split('_').nth(1).ok_or("no id")?;
    run(&office.db, &["token", "revoke", id])?;
    let start = Instant::now();
    while issued(&office.ours, OURS)?.status != 401 {
        assert!(start.elapsed() < Duration::from_secs(20), "still good");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(changes(OURS, &late)?, 401);
    Ok(())
}
