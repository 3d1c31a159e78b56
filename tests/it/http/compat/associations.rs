//! Definitions: created, renamed, deleted.

use serde_json::{Value, json};

use crate::http::compat::{HERE, INTEREST, Office, check_error, column, relation, send, text};
use crate::support::server::Error;

fn definition(key: &str) -> Value {
    json!({"locationId": HERE, "key": key, "firstObjectLabel": "Owner", "secondObjectLabel": "",
        "firstObjectKey": "contact", "secondObjectKey": "custom_objects.property"})
}

#[test]
fn what_is_created_is_read_back_until_it_is_deleted() -> Result<(), Error> {
    let office = Office::open()?;
    let mut body = definition("Owner/Häuser");
    body["secondObjectToFirstObjectCardinality"] = json!("ONE_TO_MANY");
    let answer = office.post("/associations/", &body);
    assert_eq!((answer.status, answer.header("relata-seq")), (201, Some("2")));
    let created = answer.json();
    let id = text(&created["id"]);
    assert!(id.len() == 24 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    let expected = json!({"id": id, "associationType": "USER_DEFINED", "key": "Owner/Häuser",
        "locationId": HERE, "firstObjectKey": "contact", "firstObjectLabel": "Owner",
        "secondObjectKey": "custom_objects.property", "secondObjectLabel": "",
        "secondObjectToFirstObjectCardinality": "ONE_TO_MANY"});
    let plain = |body: &Value| {
        let mut body = body.clone();
        assert!(body.as_object_mut().unwrap().remove("traceId").is_some());
        body
    };
    assert_eq!(plain(&created), expected);
    let here = format!("?locationId={HERE}");
    for path in [
        format!("/associations/{id}"),
        format!("/associations/{id}{here}"),
        format!("/associations/key/Owner%2FH%C3%A4user{here}"),
    ] {
        assert_eq!(plain(&office.get(&path).json()), expected, "{path}");
    }
    let listed = office.get(&format!("/associations/{here}&skip=1"));
    assert_eq!(
        (&listed.json()["associations"][0], &listed.json()["total"]),
        (&expected, &json!(2))
    );

    check_error(&office.post("/associations/", &body), 400, &json!("Duplicate Association key"));
    let other = office.post("/associations/", &definition("owner/häuser"));
    assert_eq!(other.status, 201, "keys are compared byte for byte");
    // A client that does not escape the slash asks for another path.
    let unescaped = office.get(&format!("/associations/key/a/b{here}"));
    check_error(&unescaped, 404, &json!("Cannot GET /associations/key/a/b"));

    let path = format!("/associations/{id}");
    let deleted = office.send("DELETE", &path, &Value::Null);
    let text = "Association deleted successfully";
    let expected = json!({"deleted": true, "id": id, "message": text});
    assert_eq!((deleted.status, plain(&deleted.json())), (200, expected));
    for gone in [
        office.send("DELETE", &path, &Value::Null),
        office.get(&path),
        office.get(&format!("/associations/key/Owner%2FH%C3%A4user{here}")),
        office.send("PUT", &path, &json!({"firstObjectLabel": "", "secondObjectLabel": ""})),
    ] {
        check_error(&gone, 404, &json!("Association not found"));
    }
    assert_eq!(office.post("/associations/", &body).status, 201, "the key is free again");
    Ok(())
}

#[test]
fn labels_change_and_nothing_else() -> Result<(), Error> {
    let office = Office::open()?;
    let mut update = super::interest();
    update["type"] = json!("AssociationUpdate");
    update["firstObjectToSecondObjectCardinality"] = json!("MANY_TO_MANY");
    update["secondObjectToFirstObjectCardinality"] = json!("MANY_TO_ONE");
    office.hear(&update);
    let path = format!("/associations/{INTEREST}");
    let labels = json!({"firstObjectLabel": "Buyer", "secondObjectLabel": "Home"});
    let answer = office.send("PUT", &path, &labels);
    let seq = answer.header("relata-seq").map(str::to_owned);
    let body = answer.json();
    for (member, value) in [
        ("firstObjectLabel", "Buyer"),
        ("secondObjectLabel", "Home"),
        ("key", "buyer_property_interest"),
        ("firstObjectToSecondObjectCardinality", "MANY_TO_MANY"),
        ("secondObjectToFirstObjectCardinality", "MANY_TO_ONE"),
    ] {
        assert_eq!(body[member], value, "{member}");
    }
    let own = office.get(&format!("/v1/locations/{HERE}/associations/{INTEREST}")).json();
    assert_eq!(own["secondObjectToFirstObjectCardinality"], "MANY_TO_ONE", "{own}");
    let again = office.send("PUT", &path, &labels);
    assert_eq!(again.header("relata-seq").map(str::to_owned), seq, "the same labels: no event");
    assert_eq!(again.status, 200);
    // What the sender says later counts.
    update["firstObjectLabel"] = json!("Interested");
    office.hear(&update);
    assert_eq!(office.get(&path).json()["firstObjectLabel"], "Interested");
    Ok(())
}

#[test]
fn a_definition_dated_in_the_future_can_be_changed_and_deleted() -> Result<(), Error> {
    let office = Office::open()?;
    let mut update = super::interest();
    update["type"] = json!("AssociationUpdate");
    update["timestamp"] = json!("2999-01-01T00:00:00.000Z");
    office.hear(&update);
    let path = format!("/associations/{INTEREST}");
    let labels = json!({"firstObjectLabel": "Buyer", "secondObjectLabel": "Home"});
    assert_eq!(office.send("PUT", &path, &labels).status, 200);
    assert_eq!(office.get(&path).json()["firstObjectLabel"], "Buyer");
    assert_eq!(office.send("DELETE", &path, &Value::Null).status, 200);
    check_error(&office.get(&path), 404, &json!("Association not found"));
    Ok(())
}

#[test]
fn what_the_sender_defined_itself_cannot_be_changed() -> Result<(), Error> {
    let office = Office::open()?;
    let id = "BUSINESSES_CONTACTS_ASSOCIATION";
    let mut body = relation("acme", "amara");
    body["associationId"] = json!(id);
    assert_eq!(office.post("/associations/relations", &body).status, 201, "known everywhere");
    let text = json!("System defined associations cannot be changed");
    let path = format!("/associations/{id}");
    let labels = json!({"firstObjectLabel": "A", "secondObjectLabel": "B"});
    check_error(&office.send("PUT", &path, &labels), 400, &text);
    check_error(&office.send("DELETE", &path, &Value::Null), 400, &text);
    let shown = office.get(&path).json();
    assert_eq!(
        (&shown["firstObjectLabel"], &shown["associationType"]),
        (&json!("Company"), &json!("SYSTEM_DEFINED"))
    );
    Ok(())
}

#[test]
fn with_an_association_its_relations_go() -> Result<(), Error> {
    let office = Office::open()?;
    let relation_id = office.link("b1", "p1");
    let deleted = office.send("DELETE", &format!("/associations/{INTEREST}"), &Value::Null);
    assert_eq!(deleted.status, 200);
    let list = office.get(&format!("/associations/relations/b1?locationId={HERE}"));
    assert_eq!((&list.json()["relations"], &list.json()["total"]), (&json!([]), &json!(0)));
    let path = format!("/associations/relations/{relation_id}?locationId={HERE}");
    let gone = office.send("DELETE", &path, &Value::Null);
    check_error(&gone, 404, &json!("Relation not found"));
    let again = office.post("/associations/relations", &relation("b1", "p1"));
    check_error(&again, 400, &json!("Could not create relation: association not found"));
    assert_eq!(
        column(&office.get(&format!("/associations/?locationId={HERE}")), "associations", "id"),
        [""; 0]
    );
    Ok(())
}

#[test]
fn of_many_that_want_one_key_at_once_one_gets_it() -> Result<(), Error> {
    let office = Office::open()?;
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let post = || send(&office.server, "POST", "/associations", &definition("k")).status;
        let posting: Vec<_> = (0..8).map(|_| scope.spawn(post)).collect();
        posting.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(201), count(400)), (1, 7), "{statuses:?}");
    Ok(())
}

#[test]
fn of_several_with_one_key_the_newest_is_found() -> Result<(), Error> {
    let office = Office::open()?;
    for id in ["second", "third"] {
        let mut event = super::interest();
        event["id"] = json!(id);
        office.hear(&event);
    }
    let path = format!("/associations/key/buyer_property_interest?locationId={HERE}");
    assert_eq!(office.get(&path).json()["id"], "third");
    office.send("DELETE", "/associations/third", &Value::Null);
    assert_eq!(office.get(&path).json()["id"], "second");
    Ok(())
}
