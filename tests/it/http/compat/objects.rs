//! Kinds of records.

use serde_json::{Value, json};

use crate::http::compat::{HERE, Office, check_error, column};
use crate::support::server::Error;

/// The event that declares a kind of records.
fn schema() -> Value {
    json!({"type": "ObjectSchemaCreate", "id": "6798a1a18fc746e0eba2ccfe", "locationId": HERE,
        "labels": {"singular": "pet", "plural": "pets"}, "description": "Pet's Description",
        "searchableProperties": ["custom_objects.pets.pet_name"],
        "primaryDisplayProperty": "custom_objects.pets.pet_name", "key": "custom_objects.pets",
        "updatedAt": "2025-01-29T09:21:37.311Z", "createdAt": "2025-01-28T09:21:37.311Z",
        "objectType": "USER_DEFINED", "timestamp": "2025-02-10T08:26:05.961Z"})
}

#[test]
fn an_object_is_described_by_its_newest_schema() -> Result<(), Error> {
    let office = Office::open()?;
    office.hear(&schema());
    let path = format!("/objects/custom_objects.pets?locationId={HERE}");
    let expected = json!({"id": "6798a1a18fc746e0eba2ccfe", "standard": false,
        "key": "custom_objects.pets", "labels": {"singular": "pet", "plural": "pets"},
        "description": "Pet's Description", "locationId": HERE,
        "primaryDisplayProperty": "custom_objects.pets.pet_name",
        "dateAdded": "2025-01-28T09:21:37.311Z", "dateUpdated": "2025-01-29T09:21:37.311Z",
        "type": "USER_DEFINED"});
    let answer = office.get(&path);
    let body = answer.json();
    assert_eq!(
        (&body["object"], &body["fields"], &body["cache"]),
        (&expected, &json!([]), &json!(false))
    );
    assert_eq!(answer.header("relata-seq"), Some("2"));
    let by_id = office
        .get(&format!("/objects/6798a1a18fc746e0eba2ccfe?locationId={HERE}&fetchProperties=true"));
    assert_eq!(by_id.json()["object"], expected);

    // An update in an envelope, and one that is older than both.
    let mut update = schema();
    update["labels"]["plural"] = json!("animals");
    update["timestamp"] = json!("2025-03-10T08:26:05.961Z");
    update.as_object_mut().unwrap().remove("type");
    office.hear(&json!({"type": "ObjectSchemaUpdate", "data": update}));
    let mut old = schema();
    old["labels"]["plural"] = json!("beasts");
    old["timestamp"] = json!("2025-01-10T08:26:05.961Z");
    office.hear(&old);
    assert_eq!(office.get(&path).json()["object"]["labels"]["plural"], "animals");
    Ok(())
}

#[test]
fn an_object_without_a_schema_is_made_up_and_always_the_same() -> Result<(), Error> {
    let office = Office::open()?;
    let list = format!("/objects/?locationId={HERE}");
    let buyer = "custom_objects.real_estate_buyer";
    assert_eq!(column(&office.get(&list), "objects", "key"), [buyer, "custom_objects.property"]);
    let id = {
        let digest = aws_lc_rs::digest::digest(
            &aws_lc_rs::digest::SHA256,
            format!("{HERE}\0{buyer}").as_bytes(),
        );
        let bytes = digest.as_ref()[..12].iter();
        bytes.fold(String::new(), |id, byte| format!("{id}{byte:02x}"))
    };
    let expected = json!({"id": id, "standard": false, "key": buyer,
        "labels": {"singular": "Real Estate Buyer", "plural": "Real Estate Buyers"},
        "description": "", "locationId": HERE, "primaryDisplayProperty": format!("{buyer}.name"),
        "dateAdded": "1970-01-01T00:00:00.000Z", "dateUpdated": "1970-01-01T00:00:00.000Z",
        "type": "USER_DEFINED"});
    for called in [buyer, &id] {
        let answer = office.get(&format!("/objects/{called}?locationId={HERE}"));
        assert_eq!(answer.json()["object"], expected, "{called}");
    }
    office.hear(&json!({"type": "RecordCreate", "id": "o1", "locationId": HERE, "objectKey": "opportunity"}));
    let own = office.get(&format!("/objects/opportunity?locationId={HERE}")).json();
    assert_eq!(
        own["object"]["labels"],
        json!({"singular": "Opportunity", "plural": "Opportunities"})
    );
    let kind = (&own["object"]["standard"], &own["object"]["type"]);
    assert_eq!(kind, (&json!(true), &json!("SYSTEM_DEFINED")));
    Ok(())
}

#[test]
fn an_object_is_listed_while_something_names_it() -> Result<(), Error> {
    let office = Office::open()?;
    let list = format!("/objects/?locationId={HERE}");
    let record = |kind: &str| {
        json!({"type": kind, "id": "o1", "locationId": HERE, "objectKey": "custom_objects.boat",
            "timestamp": if kind == "RecordCreate" { "2025-01-01T00:00:00Z" } else { "2025-01-02T00:00:00Z" }})
    };
    office.hear(&record("RecordCreate"));
    assert_eq!(column(&office.get(&list), "objects", "key").len(), 3);
    office.hear(&record("RecordDelete"));
    assert_eq!(column(&office.get(&list), "objects", "key").len(), 2);
    let gone = office.get(&format!("/objects/custom_objects.boat?locationId={HERE}"));
    check_error(&gone, 404, &json!("Object not found"));
    let odd = office.get(&format!("/objects/contact?locationId={HERE}&fetchProperties=1&skip=0"));
    let expected =
        json!(["fetchProperties must be a boolean value", "property skip should not exist"]);
    check_error(&odd, 422, &expected);
    Ok(())
}

#[test]
fn what_schemas_say_is_within_the_limit_of_an_answer() -> Result<(), Error> {
    let office = Office::open_with(&["--answer-bytes", "20000"])?;
    let keys = ["custom_objects.boats", "custom_objects.pets", "custom_objects.trees"];
    for key in keys {
        let mut schema = schema();
        (schema["key"], schema["id"]) = (json!(key), json!(format!("{key}-id")));
        schema["description"] = json!(key.repeat(15_000 / key.len()));
        office.hear(&schema);
    }
    let too_much = json!("Service temporarily unavailable");
    check_error(&office.get(&format!("/objects/?locationId={HERE}")), 503, &too_much);
    // Of one that is named, only its own schema is read.
    for key in keys {
        let object = office.get(&format!("/objects/{key}?locationId={HERE}")).json();
        assert_eq!(object["object"]["description"], key.repeat(15_000 / key.len()));
    }
    Ok(())
}
