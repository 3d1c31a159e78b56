//! Names beyond a limit, by the real binary.

use serde_json::{Value, json};

use crate::store::name_limits::{relation, undone};
use crate::support::database::fresh;
use crate::support::server::{Answer, Error, Server, relata};

const LIMITS: [&str; 8] =
    ["--locations", "1", "--object-keys", "2", "--associations", "1", "--edge-types", "1"];

fn told(answer: &Answer) -> (u16, Value, Value) {
    let body = answer.json();
    let member = |name: &str| body.get(name).cloned().unwrap_or_default();
    (answer.status, member("code"), member("field"))
}

/// Bodies that each exceed a limit, with the code and the member of the refusal.
fn beyond() -> [(String, &'static str, &'static str); 4] {
    [
        (relation("r2", "M", "a", ["x", "y"]), "too_many_locations", "locationId"),
        (relation("r3", "L", "b", ["x", "y"]), "too_many_associations", "associationId"),
        (relation("r4", "L", "a", ["x", "z"]), "too_many_object_keys", "secondObjectKey"),
        (relation("r5", "L", "a", ["y", "x"]), "too_many_edge_types", "associationId"),
    ]
}

/// The server answers, keeps, examines and counts what is beyond a limit, and takes it
/// once the limit is raised.
#[test]
fn a_name_beyond_a_limit_is_a_dead_letter_until_the_limit_is_raised() -> Result<(), Error> {
    let (directory, db) = fresh()?;
    let server = Server::start_with(&db, &LIMITS)?;
    let known = relation("r1", "L", "a", ["x", "y"]);
    assert_eq!(server.post("/webhooks", known.as_bytes())?.status, 200);
    let beyond = beyond();
    for (body, code, field) in &beyond {
        let body = body.replacen('{', r#"{"traceId":"t-9","#, 1);
        let expected = (422, json!(code), json!(field));
        let answer = server.post("/webhooks", body.as_bytes())?;
        assert_eq!(told(&answer), expected);
        assert_eq!(answer.json()["traceId"], "t-9");
        let examined = server.post("/v1/doctor", body.as_bytes())?.json();
        let effect = &examined["effect"];
        assert_eq!((&examined["answer"], &effect["status"]), (&json!(422), &json!("refused")));
        assert_eq!((&effect["code"], &effect["field"]), (&json!(code), &json!(field)));
        let line = server.request("POST", "/v1/import", &[], body.as_bytes())?.json();
        assert_eq!((&line["refused"], &line["results"][0]["code"]), (&json!(1), &json!(code)));
        let metrics = server.get("/metrics")?.text();
        let counted =
            format!(r#"relata_deliveries_total{{type="RelationCreate",status="{code}"}} 1"#);
        assert!(metrics.contains(&counted), "{metrics}");
    }
    assert_eq!(server.get("/readyz")?.json()["seq"], 1, "none takes a seq");
    let letters = server.get("/v1/dead-letters")?.json();
    assert_eq!(letters["total"], 4, "{letters}");
    assert_eq!(letters["deadLetters"][0]["locationId"], "M");
    let again = server.post("/v1/dead-letters/1/replay", b"")?;
    assert_eq!(told(&again), (422, json!("too_many_locations"), json!("locationId")));
    let all = server.post("/v1/dead-letters/replay", b"")?.json();
    assert_eq!(all, json!({"accepted": 0, "refused": 4}));
    assert_eq!(server.post("/webhooks", undone(&known).as_bytes())?.status, 200);
    server.kill()?;

    let command = |arguments: &[&str]| {
        relata().arg("--db").arg(&db).args(["--log", "off"]).args(arguments).output()
    };
    let replay = ["dead-letters", "replay", "--all"];
    let refused = command(&[&replay[..], &LIMITS[..]].concat())?;
    let text = String::from_utf8(refused.stdout)?;
    assert_eq!((refused.status.code(), &*text), (Some(1), "0 accepted, 4 still cannot be used\n"));
    let file = directory.path().join("events.ndjson");
    let [(first, ..), ..] = &beyond;
    std::fs::write(&file, first)?;
    let file = file.to_str().ok_or("path")?;
    let ingested = command(&[&["ingest", file], &LIMITS[..]].concat())?;
    assert_eq!(ingested.status.code(), Some(1), "{ingested:?}");
    let server = Server::start_with(&db, &["--locations", "2"])?;
    let all = server.post("/v1/dead-letters/replay", b"")?.json();
    assert_eq!(all, json!({"accepted": 4, "refused": 0}));
    let listed = server.get("/v1/locations?limit=1")?.json();
    let next = listed["next"].as_str().ok_or("there is another")?;
    let rest = server.get(&format!("/v1/locations?limit=1&cursor={next}"))?.json();
    assert_eq!((&rest["locations"][0]["locationId"], &rest["next"]), (&json!("M"), &Value::Null));
    Ok(())
}
