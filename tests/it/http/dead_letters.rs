//! Dead letters: kept, listed, replayed and deleted.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::http::auth::{FOREIGN, OURS, Office, lasting, relation, with_token};
use crate::support::database::fresh;
use crate::support::process::peak_resident;
use crate::support::server::{Error, Server, run};
use crate::support::signing::{key, pair, signed};

/// One page of the list read all bodies that are kept, up to 64 MiB, to show none.
#[test]
#[cfg(target_os = "linux")]
fn a_list_of_dead_letters_reads_no_bodies() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let large = "x".repeat(250_000);
    for number in 0..100 {
        let body = format!(r#"{{"type":"RelationCreate","id":"{number}","x":"{large}"}}"#);
        assert_eq!(server.post("/webhooks", body.as_bytes())?.status, 422);
    }
    // What the sender says of itself is not repeated at any length either.
    let named = format!(r#"{{"type":"{large}"}}"#);
    let refused = server.post("/webhooks/RelationCreate", named.as_bytes())?;
    assert!(refused.status == 422 && refused.body.len() < 2_000, "{}", refused.text());
    server.kill()?;
    let server = Server::start(&db)?;
    assert_eq!(server.get("/v1/dead-letters?limit=1")?.status, 200);
    let before = peak_resident(server.child.id()).ok_or("no figure")?;
    let list = server.get("/v1/dead-letters?limit=1000")?;
    let grown = peak_resident(server.child.id()).ok_or("no figure")? - before;
    let letters = list.json();
    let letters = letters["deadLetters"].as_array().ok_or("no list")?;
    assert_eq!(letters.len(), 101);
    assert!(letters.iter().all(|letter| letter["bytes"].as_u64().unwrap() > 250_000));
    assert!(list.body.len() < 50_000, "{} bytes", list.body.len());
    assert!(grown < 8 << 20, "{grown} bytes for {}", list.body.len());
    Ok(())
}

#[test]
fn a_token_sees_dead_letters_of_its_locations_only() -> Result<(), Error> {
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
    assert!(shown.ends_with(bad) && shown.contains("received 3 times"), "{shown}");
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
fn the_oldest_dead_letters_are_dropped_at_the_limit() -> Result<(), Error> {
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
