//! What a signature covers, and what it does not.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::http::deliveries::{ASSOCIATION, SECRET, post_with, signed, signed_server};
use crate::support::database::fresh;
use crate::support::server::{Error, Server, relata};

/// Where the sender signs under the first names of Standard Webhooks, its id tells
/// repeats apart as the other does.
#[test]
fn a_delivery_signed_by_svix_is_taken_once() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = signed_server(&db, &[])?;
    let headers = signed("svix", "msg_1", ASSOCIATION);
    for status in ["applied", "duplicate"] {
        let answer = post_with(&server, "/webhooks", &headers, ASSOCIATION)?;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &status.into()));
    }
    let examined = post_with(&server, "/v1/doctor", &headers, ASSOCIATION)?.json();
    assert_eq!(examined["signature"]["header"], "svix-signature", "{examined}");
    let unsigned = server.post("/webhooks", ASSOCIATION)?;
    assert_eq!(unsigned.status, 401);
    assert!(unsigned.text().contains("`svix-signature`"), "{}", unsigned.text());
    Ok(())
}

/// The URL of a delivery is not signed. HighLevel signs for all apps with one key, so that
/// whoever else receives a location's webhooks holds bodies that anybody takes for signed:
/// posted again to the address for deletes, a create took the link away.
#[test]
fn a_captured_create_does_not_become_a_delete_by_its_url() -> Result<(), Error> {
    let relation = br#"{"id":"R","associationId":"A","locationId":"L","firstObjectKey":"contact","firstRecordId":"1","secondObjectKey":"house","secondRecordId":"2"}"#;
    let (directory, db) = fresh()?;
    let file = directory.path().join("captured");
    std::fs::write(&file, relation)?;
    let headers = signed("webhook", "1", relation);
    let asked = |trust: &[&str], url: &str| -> Result<serde_json::Value, Error> {
        let key = format!("whsec_{}", STANDARD.encode(SECRET));
        let mut command = relata();
        command.args(["doctor", "--json", "--webhook-key", &key, "--type", url]).args(trust);
        command.arg("--db").arg(&db).arg(&file);
        for (name, value) in &headers {
            command.args(["--header", &format!("{name}: {value}")]);
        }
        Ok(serde_json::from_slice::<serde_json::Value>(&command.output()?.stdout)?["answer"]
            .clone())
    };
    let server = signed_server(&db, &[])?;
    let create = post_with(&server, "/webhooks/RelationCreate", &headers, relation)?;
    assert_eq!(create.status, 200, "it is what its members say: {}", create.text());
    let (delete, doctor) = ("/webhooks/RelationDelete", "/v1/doctor?type=RelationDelete");
    let refused = post_with(&server, delete, &headers, relation)?;
    assert_eq!((refused.status, &refused.json()["field"]), (422, &"type".into()));
    assert!(refused.text().contains("--trust-url-types"), "{}", refused.text());
    assert_eq!(post_with(&server, doctor, &headers, relation)?.json()["answer"], 422);
    assert_eq!(asked(&[], "RelationDelete")?, 422);
    assert_eq!(asked(&[], "RelationCreate")?, 200);
    assert_eq!(asked(&["--trust-url-types"], "RelationDelete")?, 200);
    // Nor by way of the dead letter that it became.
    assert_eq!(server.post("/v1/dead-letters/1/replay", b"")?.status, 422);
    assert_eq!(server.post("/v1/dead-letters/replay", b"")?.json()["refused"], 1);
    drop(server);
    let replay = |trust: &[&str]| {
        relata().args(["dead-letters", "replay", "--all", "--db"]).arg(&db).args(trust).output()
    };
    assert!(!replay(&[])?.status.success());
    let links = "/v1/locations/L/objects/contact/records/1/links";
    // An operator who knows the way the deliveries take may say so.
    let server = signed_server(&db, &["--trust-url-types"])?;
    assert_eq!(server.get(links)?.json()["total"], 1);
    let again = signed("webhook", "2", relation);
    assert_eq!(post_with(&server, doctor, &again, relation)?.json()["answer"], 200);
    let deleted = post_with(&server, delete, &again, relation)?;
    assert_eq!((deleted.status, &deleted.json()["status"]), (200, &"applied".into()));
    assert_eq!(server.get(links)?.json()["total"], 0);
    Ok(())
}

/// Where nothing is signed, the URL counts as before: it is as good as the body.
#[test]
fn without_signatures_the_type_of_the_url_counts() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let body = br#"{"id":"1","locationId":"L"}"#;
    assert_eq!(server.post("/webhooks/ContactDelete", body)?.json()["status"], "applied");
    Ok(())
}
