//! Many links in one commit.

use serde_json::{Value, json};

use crate::http::compat::{HERE, INTEREST, Office, check_error, column};
use crate::support::server::{Answer, Error};

fn row(first: &str, second: &str) -> Value {
    json!({"associationId": INTEREST, "firstRecordId": first, "secondRecordId": second})
}

fn bulk(office: &Office, mut body: Value) -> Answer {
    body["locationId"] = json!(HERE);
    office.post("/associations/relations/bulk", &body)
}

#[test]
fn each_row_has_its_own_outcome() -> Result<(), Error> {
    let office = Office::open()?;
    let old = office.link("b0", "p0");
    let gone = json!({"associationId": "gone", "firstRecordId": "b1", "secondRecordId": "p2"});
    let body = json!({
        "add": [row("b1", "p1"), row("b1", "p1"), gone, 5, {}, {"firstRecordId": 7, "x": 1, "error": "mine"}, row("b1", "p3")],
        "remove": [old, old, "nobody", 7, ""],
    });
    let answer = bulk(&office, body);
    assert_eq!((answer.status, answer.header("relata-seq")), (201, Some("5")), "{}", answer.text());
    let results = answer.json()["results"].clone();
    let added: Vec<&Value> =
        results["success"].as_array().unwrap().iter().map(|it| &it["secondRecordId"]).collect();
    assert_eq!(added, [&json!("p1"), &json!("p3")]);
    assert_eq!(results["removed"], json!([old]));
    let missing = "associationId should not be empty, associationId must be a string, \
                   firstRecordId should not be empty, firstRecordId must be a string, \
                   secondRecordId should not be empty, secondRecordId must be a string";
    let wrong = "associationId should not be empty, associationId must be a string, \
                 firstRecordId must be a string, secondRecordId should not be empty, \
                 secondRecordId must be a string, property error should not exist, \
                 property x should not exist";
    let expected = json!([
        {"associationId": INTEREST, "firstRecordId": "b1", "secondRecordId": "p1",
            "error": "Could not create relation: duplicate relation of object Ids for given association"},
        {"associationId": "gone", "firstRecordId": "b1", "secondRecordId": "p2",
            "error": "Could not create relation: association not found"},
        {"row": 5, "error": "the row must be an object"},
        {"error": missing},
        {"firstRecordId": 7, "x": 1, "error": wrong},
        {"id": old, "error": "Relation not found"},
        {"id": "nobody", "error": "Relation not found"},
        {"id": 7, "error": "the id must be a string"},
        {"id": "", "error": "the id must be a string"},
    ]);
    assert_eq!(results["errored"], expected);
    // What is removed comes after what is added, in the same commit.
    let events = office.get(&format!("/v1/locations/{HERE}/events?after=2")).json();
    let types: Vec<&Value> =
        events["events"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(types, ["RelationCreate", "RelationCreate", "RelationDelete"]);
    Ok(())
}

#[test]
fn a_thousand_rows_are_taken_and_no_more() -> Result<(), Error> {
    let office = Office::open()?;
    let rows = |count: usize| (0..count).map(|n| row("hub", &format!("p{n}"))).collect::<Vec<_>>();
    let answer = bulk(&office, json!({"add": rows(1_000)}));
    assert_eq!((answer.status, answer.header("relata-seq")), (201, Some("1001")));
    let list = office.get(&format!("/associations/relations/hub?locationId={HERE}&limit=1000"));
    let (ids, seconds) =
        (column(&list, "relations", "id"), column(&list, "relations", "secondRecordId"));
    assert_eq!(seconds, (0..1_000).map(|n| format!("p{n}")).collect::<Vec<_>>(), "in order");
    let too_many = json!(["add and remove must contain no more than 1000 elements"]);
    for body in [
        json!({"add": rows(1_001)}),
        json!({"remove": vec!["x"; 1_001]}),
        json!({"add": rows(600), "remove": vec!["x"; 401]}),
    ] {
        check_error(&bulk(&office, body), 422, &too_many);
    }
    let removed = bulk(&office, json!({"remove": ids})).json();
    assert_eq!(removed["results"]["removed"], json!(ids));
    for (body, expected) in [
        (json!({}), json!(["add should not be empty"])),
        (json!({"add": [], "remove": []}), json!(["add should not be empty"])),
        (
            json!({"add": null, "more": 1}),
            json!(["add should not be empty", "property more should not exist"]),
        ),
        (
            json!({"add": {"0": row("b1", "p1")}, "remove": "x"}),
            json!(["add must be an array", "remove must be an array", "add should not be empty"]),
        ),
    ] {
        check_error(&bulk(&office, body), 422, &expected);
    }
    Ok(())
}

#[test]
fn a_call_in_which_nothing_can_be_done_writes_nothing() -> Result<(), Error> {
    let office = Office::open()?;
    for (add, remove) in [(json!([5]), json!([])), (json!([]), json!(["nobody"]))] {
        let answer = bulk(&office, json!({"add": add, "remove": remove}));
        let results = answer.json()["results"].clone();
        assert_eq!((answer.status, answer.header("relata-seq")), (201, Some("1")));
        assert_eq!(results["errored"].as_array().unwrap().len(), 1, "{results}");
    }
    Ok(())
}

#[test]
fn a_large_body_is_taken_up_to_its_limit() -> Result<(), Error> {
    let office = Office::open()?;
    let padded = |bytes: usize| {
        let mut body =
            json!({"locationId": HERE, "add": [row("b1", "p1")]}).to_string().into_bytes();
        body.resize(bytes, b' ');
        office.server.post("/associations/relations/bulk", &body)
    };
    assert_eq!(padded(4 << 20)?.status, 201);
    check_error(&padded((4 << 20) + 1)?, 413, &json!("request entity too large"));
    let lone = format!(
        r#"{{"locationId":"{HERE}","add":[{{"associationId":"\udc00","firstRecordId":"a","secondRecordId":"b"}}]}}"#
    );
    let answer = office.server.post("/associations/relations/bulk", lone.as_bytes())?;
    let position = lone.find(r"\udc00").unwrap() + 5;
    let text = format!(
        "Unexpected token in JSON: lone leading surrogate in hex escape at position {position}"
    );
    check_error(&answer, 400, &json!(text));
    Ok(())
}
