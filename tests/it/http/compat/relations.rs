//! Links: created, deleted, created again.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::http::compat::{HERE, INTEREST, Office, check_error, column, relation, send, text};
use crate::support::server::{Answer, Error};

const DUPLICATE: &str =
    "Could not create relation: duplicate relation of object Ids for given association";

fn delete(office: &Office, id: &str) -> Answer {
    let path = format!("/associations/relations/{id}?locationId={HERE}");
    office.send("DELETE", &path, &Value::Null)
}

fn listed(office: &Office, record: &str) -> Vec<String> {
    let path = format!("/associations/relations/{record}?locationId={HERE}");
    column(&office.get(&path), "relations", "id")
}

#[test]
fn a_link_is_created_refused_deleted_and_created_again() -> Result<(), Error> {
    let office = Office::open()?;
    let answer = office.post("/associations/relations", &relation("b1", "p1"));
    let mut body = answer.json();
    let id = text(&body["id"]);
    assert_eq!(body["traceId"], answer.header("x-request-id").unwrap());
    body.as_object_mut().unwrap().remove("traceId");
    let expected = json!({"id": id, "associationId": INTEREST, "locationId": HERE,
        "firstObjectKey": "custom_objects.real_estate_buyer", "firstRecordId": "b1",
        "secondObjectKey": "custom_objects.property", "secondRecordId": "p1"});
    assert_eq!((answer.status, &body), (201, &expected));
    assert_eq!(answer.header("relata-seq"), Some("2"));
    check_error(
        &office.post("/associations/relations", &relation("b1", "p1")),
        400,
        &json!(DUPLICATE),
    );

    let links = format!(
        "/v1/locations/{HERE}/objects/custom_objects.property/records/p1/links?label=Interested%20Buyer"
    );
    let seen = office.get(&links).json();
    assert_eq!(
        (&seen["links"][0]["record"], &seen["links"][0]["relation"]),
        (&json!("b1"), &json!(id))
    );

    let gone = delete(&office, &id);
    let mut body = gone.json();
    body.as_object_mut().unwrap().remove("traceId");
    let mut deleted = expected;
    deleted["deleted"] = json!(true);
    deleted["success"] = json!(true);
    deleted["message"] = json!("Relation deleted successfully");
    assert_eq!((gone.status, body), (200, deleted));
    check_error(&delete(&office, &id), 404, &json!("Relation not found"));
    assert_eq!(listed(&office, "b1"), [""; 0]);

    let again = office.link("b1", "p1");
    assert_ne!(again, id);
    assert_eq!(listed(&office, "p1"), [again]);
    let history = office.get(&format!("/v1/locations/{HERE}/history?relation={id}")).json();
    assert_eq!(history["events"][0]["origin"], "api", "{history}");
    Ok(())
}

#[test]
fn a_late_webhook_does_not_bring_a_deleted_link_back() -> Result<(), Error> {
    let office = Office::open()?;
    let id = office.link("b1", "p1");
    assert_eq!(delete(&office, &id).status, 200);
    let event = |timestamp: &Value| {
        json!({"type": "RelationCreate", "id": id, "associationId": INTEREST, "locationId": HERE,
            "firstObjectKey": "custom_objects.real_estate_buyer", "firstRecordId": "b1",
            "secondObjectKey": "custom_objects.property", "secondRecordId": "p1",
            "timestamp": timestamp})
    };
    for timestamp in [json!("2025-02-10T08:26:05.961Z"), Value::Null] {
        office.hear(&event(&timestamp));
        assert_eq!(listed(&office, "b1"), [""; 0], "{timestamp}");
    }
    Ok(())
}

#[test]
fn a_link_to_a_record_that_was_deleted_in_the_future_is_visible() -> Result<(), Error> {
    let office = Office::open()?;
    office.hear(&json!({"type": "RecordDelete", "id": "p1", "locationId": HERE,
        "objectKey": "custom_objects.property", "timestamp": "2999-01-01T00:00:00.000Z"}));
    let id = office.link("b1", "p1");
    assert_eq!(listed(&office, "p1"), [id]);
    Ok(())
}

#[test]
fn equal_links_at_once_are_one_and_different_ones_are_all() -> Result<(), Error> {
    let office = Office::open()?;
    let at_once = |bodies: Vec<Value>| -> Vec<Answer> {
        std::thread::scope(|scope| {
            let server = &office.server;
            let post =
                |body| scope.spawn(move || send(server, "POST", "/associations/relations", &body));
            let posting: Vec<_> = bodies.into_iter().map(post).collect();
            posting.into_iter().map(|it| it.join().unwrap()).collect()
        })
    };
    let equal = at_once(vec![relation("b1", "p1"); 32]);
    let created = equal.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 1);
    for refused in equal.iter().filter(|answer| answer.status != 201) {
        check_error(refused, 400, &json!(DUPLICATE));
    }
    let different = at_once((0..32).map(|n| relation("b2", &format!("p{n}"))).collect());
    let ids: BTreeSet<String> = different.iter().map(|it| text(&it.json()["id"])).collect();
    let seqs: BTreeSet<&str> =
        different.iter().map(|it| it.header("relata-seq").unwrap()).collect();
    assert_eq!((ids.len(), seqs.len()), (32, 32));
    assert_eq!(listed(&office, "b2").len(), 32);
    Ok(())
}

#[test]
fn links_survive_an_export_and_an_import() -> Result<(), Error> {
    let office = Office::open()?;
    let kept = office.link("b1", "p1");
    let gone = office.link("b1", "p2");
    office.link("b2", "p1");
    delete(&office, &gone);
    let labels = json!({"firstObjectLabel": "Buyer", "secondObjectLabel": "Home"});
    office.send("PUT", &format!("/associations/{INTEREST}"), &labels);
    let events = office.get(&format!("/v1/locations/{HERE}/export?format=ndjson"));
    let other = Office::open()?;
    let imported = other.server.post("/v1/import", &events.body)?;
    assert_eq!(imported.json()["refused"], 0, "{}", imported.text());
    for path in [
        format!("/associations/?locationId={HERE}"),
        format!("/associations/{INTEREST}"),
        format!(
            "/associations/objectKey/custom_objects.property?locationId={HERE}&relationsCount=true"
        ),
        format!("/associations/relations/b1?locationId={HERE}"),
        format!("/associations/relations/p1?locationId={HERE}"),
        format!("/associations/relations/p2?locationId={HERE}"),
        format!("/objects/?locationId={HERE}"),
        format!("/objects/custom_objects.property?locationId={HERE}"),
    ] {
        let [one, two] = [&office, &other].map(|office| {
            let mut body = office.get(&path).json();
            body.as_object_mut().unwrap().remove("traceId");
            body
        });
        assert_eq!(one, two, "{path}");
    }
    assert_eq!(listed(&other, "b1"), [kept]);
    Ok(())
}
