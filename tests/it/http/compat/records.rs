//! Records of custom objects.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::http::compat::{HERE, INTEREST, Office, check_error, column, text};
use crate::support::server::{Answer, Error};

const HOMES: &str = "/objects/custom_objects.property/records";

fn with_location(path: &str) -> String {
    format!("{path}?locationId={HERE}")
}

fn search(office: &Office, mut body: Value) -> Answer {
    body["locationId"] = json!(HERE);
    office.post(&format!("{HOMES}/search"), &body)
}

/// The ids of a page, and the total.
fn found(answer: &Answer) -> (Vec<String>, u64) {
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body = answer.json();
    let records = body["records"].as_array().unwrap();
    (records.iter().map(|record| text(&record["id"])).collect(), body["total"].as_u64().unwrap())
}

#[test]
fn a_record_is_created_shown_changed_and_deleted() -> Result<(), Error> {
    let office = Office::open()?;
    let body = json!({"locationId": HERE, "owner": [], "properties": {"name": "12 Maple Street"}});
    let created = office.post(HOMES, &body);
    let record = created.json()["record"].clone();
    let id = text(&record["id"]);
    assert_eq!((created.status, created.header("relata-seq")), (201, Some("2")));
    let at = text(&record["createdAt"]);
    let expected = json!({"id": id, "objectKey": "custom_objects.property", "locationId": HERE,
        "owner": [], "followers": [], "properties": {"name": "12 Maple Street"},
        "relations": [], "createdAt": at, "updatedAt": at});
    assert_eq!(record, expected);
    let path = with_location(&format!("{HOMES}/{id}"));
    assert_eq!(office.get(&path).json()["record"], expected);

    let relation = office.link("b1", &id);
    let changed = office.send("PUT", &path, &json!({"properties": {"name": "14 Maple Street"}}));
    let record = changed.json()["record"].clone();
    assert_eq!((changed.status, &record["properties"]["name"]), (200, &json!("14 Maple Street")));
    let link = json!([{"associationId": INTEREST, "relationId": relation,
        "objectKey": "custom_objects.real_estate_buyer", "recordId": "b1"}]);
    assert_eq!(record["relations"], link);
    let named = office.get(&format!("/v1/locations/{HERE}/search?q=14+maple")).json();
    assert_eq!(named["results"][0]["record"], json!(id), "it is found by its name");

    let deleted = office.send("DELETE", &path, &Value::Null);
    assert_eq!((deleted.status, &deleted.json()["success"]), (200, &json!(true)));
    let missing = json!("Record not found");
    check_error(&office.get(&path), 404, &missing);
    check_error(&office.send("DELETE", &path, &Value::Null), 404, &missing);
    check_error(&office.send("PUT", &path, &json!({})), 404, &missing);
    let list = office.get(&with_location("/associations/relations/b1"));
    assert_eq!(column(&list, "relations", "id"), [""; 0], "its links are gone, too");
    Ok(())
}

#[test]
fn properties_are_those_of_the_newest_event() -> Result<(), Error> {
    let office = Office::open_with(&["--keep", "bodies"])?;
    let event = |kind: &str, at: &str, properties: Value| {
        json!({"type": kind, "id": "p1", "locationId": HERE, "timestamp": at, "owners": ["o1"],
            "objectKey": "custom_objects.property", "properties": properties})
    };
    let name = |key: &str, value: &str| json!([{"key": key, "valueString": value}]);
    office.hear(&event(
        "RecordUpdate",
        "2025-02-10T08:26:05.961Z",
        name("custom_objects.property.name", "New"),
    ));
    office.hear(&event("RecordCreate", "2025-01-10T08:26:05.961Z", name("name", "Old")));
    let record = office.get(&with_location(&format!("{HOMES}/p1"))).json()["record"].clone();
    assert_eq!(record["properties"], json!({"name": "New"}));
    assert_eq!(
        (&record["owner"], &record["updatedAt"]),
        (&json!(["o1"]), &json!("2025-02-10T08:26:05.961Z"))
    );
    // A record that only links have named.
    office.link("b1", "p2");
    let record = office.get(&with_location(&format!("{HOMES}/p2"))).json()["record"].clone();
    assert_eq!(
        (&record["properties"], &record["createdAt"]),
        (&json!({}), &json!("1970-01-01T00:00:00.000Z"))
    );
    Ok(())
}

#[test]
fn a_search_shows_every_record_once() -> Result<(), Error> {
    let office = Office::open()?;
    for number in 0..25 {
        office.link(&format!("b{}", number % 3), &format!("p{number}"));
    }
    let gone = with_location(&format!("{HOMES}/p3"));
    assert_eq!(office.send("DELETE", &gone, &Value::Null).status, 200);
    let (first, total) = found(&search(&office, json!({"pageLimit": 10})));
    assert_eq!((first.len(), total), (10, 24));
    let mut by_page = first.clone();
    for page in 2..=3 {
        by_page
            .extend(found(&search(&office, json!({"pageLimit": 10, "page": page, "query": ""}))).0);
    }
    let (mut by_cursor, mut after) = (Vec::new(), json!([]));
    loop {
        let answer = search(&office, json!({"pageLimit": 7, "page": 1, "searchAfter": after}));
        let (ids, total) = found(&answer);
        assert_eq!(total, 24);
        let Some(last) = answer.json()["records"].as_array().unwrap().last().cloned() else {
            break;
        };
        by_cursor.extend(ids);
        after = last["searchAfter"].clone();
    }
    assert_eq!(by_page, by_cursor);
    assert_eq!(by_page.iter().collect::<BTreeSet<_>>().len(), 24);
    assert_eq!(by_page[..4], ["p0", "p1", "p2", "p4"]);
    Ok(())
}

#[test]
fn a_search_filters_by_id_and_by_link() -> Result<(), Error> {
    let office = Office::open()?;
    for (first, second) in [("b1", "p1"), ("b1", "p2"), ("b2", "p2"), ("b2", "p3")] {
        office.link(first, second);
    }
    let by = |field: &str, value: &str| {
        let filter = json!([{"field": field, "operator": "eq", "value": value}]);
        found(&search(&office, json!({"filters": filter})))
    };
    assert_eq!(by("id", "p2"), (vec!["p2".to_owned()], 1));
    assert_eq!(by("id", "b1"), (vec![], 0), "of another object key");
    assert_eq!(by("relations.recordId", "b2"), (vec!["p2".to_owned(), "p3".to_owned()], 2));
    assert_eq!(by("relations.recordId", "nobody"), (vec![], 0));
    let unknown = "filters must be one of id or relations.recordId with the operator eq";
    for filters in [
        json!([{"field": "name", "operator": "eq", "value": "x"}]),
        json!([{"field": "id", "operator": "contains", "value": "x"}]),
        json!([{"field": "id", "value": 7}]),
        json!({"field": "id"}),
    ] {
        check_error(&search(&office, json!({"filters": filters})), 422, &json!([unknown]));
    }
    Ok(())
}

#[test]
fn searches_have_their_limits() -> Result<(), Error> {
    let office = Office::open()?;
    let number =
        |name: &str| format!("{name} must be a number conforming to the specified constraints");
    let bad =
        json!({"pageLimit": 501, "page": "1", "query": "maple", "searchAfter": ["x"], "sort": 1});
    let expected = json!([
        number("page"),
        number("pageLimit"),
        "query must be empty: filter by id or relations.recordId",
        "searchAfter must be that of a record",
        "property sort should not exist",
    ]);
    check_error(&search(&office, bad), 422, &expected);
    let far = search(&office, json!({"pageLimit": 500, "page": 21}));
    check_error(&far, 422, &json!(["page must not reach beyond 10000 records: use searchAfter"]));
    assert_eq!(found(&search(&office, json!({"pageLimit": 500, "page": 20}))), (vec![], 0));
    let nowhere = office.post(&format!("{HOMES}/search"), &json!({"locationId": "new"}));
    assert_eq!(found(&nowhere), (vec![], 0));
    for key in ["contact", "opportunity"] {
        let answer =
            office.post(&format!("/objects/{key}/records/search"), &json!({"locationId": HERE}));
        check_error(&answer, 404, &json!("Object not found"));
    }
    let odd =
        office.post(HOMES, &json!({"locationId": HERE, "owner": "me", "properties": 7, "id": "x"}));
    let expected = json!([
        "owner must be an array",
        "properties must be an object",
        "property id should not exist",
    ]);
    check_error(&odd, 422, &expected);
    Ok(())
}

#[test]
fn what_records_say_is_within_the_limit_of_an_answer() -> Result<(), Error> {
    let office = Office::open_with(&["--keep", "bodies", "--answer-bytes", "20000"])?;
    for id in ["p1", "p2", "p3"] {
        let note = id.repeat(15_000 / id.len());
        office.hear(&json!({"type": "RecordCreate", "id": id, "locationId": HERE,
            "objectKey": "custom_objects.property", "properties": {"note": note}}));
    }
    let too_much = json!("Service temporarily unavailable");
    check_error(&search(&office, json!({"pageLimit": 2})), 503, &too_much);
    for (page, id) in [(1, "p1"), (2, "p2"), (3, "p3")] {
        let answer = search(&office, json!({"pageLimit": 1, "page": page}));
        assert_eq!(found(&answer), (vec![id.to_owned()], 3));
        let record = office.get(&with_location(&format!("{HOMES}/{id}"))).json()["record"].clone();
        assert_eq!(record["properties"], answer.json()["records"][0]["properties"]);
    }
    // One is answered however large it is.
    let note = "x".repeat(50_000);
    let path = with_location(&format!("{HOMES}/p1"));
    let changed = office.send("PUT", &path, &json!({"properties": {"note": note}}));
    assert_eq!(
        (changed.status, &changed.json()["record"]["properties"]["note"]),
        (200, &json!(note))
    );
    Ok(())
}
