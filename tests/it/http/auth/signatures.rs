//! Which deliveries are let in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::http::auth::relation;
use crate::support::database::fresh;
use crate::support::server::run;
use crate::support::server::{Error, Server};
use crate::support::signing::{key, pair, signed};

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
fn an_unsigned_delivery_id_is_ignored() -> Result<(), Error> {
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
