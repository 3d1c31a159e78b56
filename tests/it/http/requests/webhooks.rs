//! What deliveries are answered with, and what becomes of them.

use serde_json::{Value, json};

use crate::http::requests::{HERE, data};
use crate::support::database::fresh;
use crate::support::server;
use crate::support::server::{Error, Server};

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

/// Relations between ten buyers and ten properties, each of them twice.
fn doubled_relations() -> Vec<Value> {
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
    events
}

#[test]
fn shuffled_and_repeated_deliveries_give_every_link_once() -> Result<(), Error> {
    let (_directory, db) = fresh()?;
    let server = Server::start(&db)?;
    let events = doubled_relations();
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
        ("contact-create", "applied"),
        ("contact-update", "applied"),
        ("opportunity-create", "applied"),
        ("opportunity-update", "applied"),
        ("location-create", "applied"),
        ("location-update", "applied"),
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
    let ignored = server.post("/webhooks/NoteCreate", br#"{"id":"1","locationId":"L"}"#)?.json();
    assert_eq!((&ignored["status"], &ignored["seq"]), (&json!("ignored"), &Value::Null));
    Ok(())
}

#[test]
fn a_full_queue_is_answered_429_and_nothing_is_lost() -> Result<(), Error> {
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
