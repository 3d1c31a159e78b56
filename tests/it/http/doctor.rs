//! The doctor: examines a delivery and changes nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::http::auth::{FOREIGN, OURS, Office, lasting, relation};
use crate::support::database::fresh;
use crate::support::server::run;
use crate::support::server::{Answer, Error, Server};
use crate::support::signing::{key, pair, signed};

#[test]
fn the_doctor_reveals_nothing_of_other_locations() -> Result<(), Error> {
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
