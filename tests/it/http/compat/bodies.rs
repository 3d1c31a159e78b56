//! Members of bodies, and what is wrong with them: all of it in one answer.

use serde_json::{Value, json};

use crate::http::compat::{HERE, INTEREST, Office, check_error, relation};
use crate::support::server::{Answer, Error};

const RELATIONS: &str = "/associations/relations";

fn post(office: &Office, path: &str, body: &[u8]) -> Answer {
    office.server.post(path, body).unwrap()
}

/// A relation's body of which one member is other.
fn with(member: &str, value: &Value) -> Value {
    let mut body = relation("b1", "p1");
    body[member] = value.clone();
    body
}

#[test]
fn all_findings_are_in_one_list() -> Result<(), Error> {
    let office = Office::open()?;
    let cases = [
        (
            RELATIONS,
            json!({"x": 1, "locationId": HERE, "associationId": INTEREST, "id": "mine"}),
            json!([
                "firstRecordId should not be empty",
                "firstRecordId must be a string",
                "secondRecordId should not be empty",
                "secondRecordId must be a string",
                "property id should not exist",
                "property x should not exist",
            ]),
        ),
        (
            "/associations/relations?limit=1",
            json!({"associationId": 5, "firstRecordId": null, "secondRecordId": ""}),
            json!([
                "associationId must be a string",
                "firstRecordId should not be empty",
                "firstRecordId must be a string",
                "secondRecordId should not be empty",
                "property limit should not exist",
            ]),
        ),
        (
            "/associations/",
            json!({"firstObjectKey": "a/b", "firstObjectLabel": "", "secondObjectKey": "contact",
                "firstObjectToSecondObjectCardinality": "MANY", "associationType": "USER_DEFINED"}),
            json!([
                "key should not be empty",
                "key must be a string",
                "firstObjectKey must not contain /",
                "secondObjectLabel must be a string",
                "firstObjectToSecondObjectCardinality must be one of the following values: \
                 ONE_TO_ONE, ONE_TO_MANY, MANY_TO_ONE, MANY_TO_MANY",
                "property associationType should not exist",
            ]),
        ),
        (
            "/associations/relations?locationId=elsewhere",
            relation("b1", "p1"),
            json!(["locationId in query and body differ"]),
        ),
    ];
    for (path, body, expected) in cases {
        check_error(&office.post(path, &body), 422, &expected);
    }
    let labels = office.send("PUT", &format!("/associations/{INTEREST}"), &json!({"key": "k"}));
    let expected = json!([
        "firstObjectLabel must be a string",
        "secondObjectLabel must be a string",
        "property key should not exist",
    ]);
    check_error(&labels, 422, &expected);
    Ok(())
}

#[test]
fn texts_have_their_limits() -> Result<(), Error> {
    let office = Office::open()?;
    let finding = |text: &str| json!([format!("firstRecordId {text}")]);
    for (value, expected) in [
        (json!(7), finding("must be a string")),
        (json!(["b1"]), finding("must be a string")),
        (json!({"id": "b1"}), finding("must be a string")),
        (json!(true), finding("must be a string")),
        (json!(""), finding("should not be empty")),
        (json!("x".repeat(513)), finding("must be shorter than or equal to 512 bytes")),
        (json!("é".repeat(257)), finding("must be shorter than or equal to 512 bytes")),
    ] {
        check_error(&office.post(RELATIONS, &with("firstRecordId", &value)), 422, &expected);
    }
    for value in ["x".repeat(512), "é".repeat(256), "\u{0}".to_owned(), " ".to_owned()] {
        let answer = office.post(RELATIONS, &with("firstRecordId", &json!(value)));
        assert_eq!((answer.status, &answer.json()["firstRecordId"]), (201, &json!(value)));
    }
    Ok(())
}

#[test]
fn what_is_not_json_is_refused_with_its_place() -> Result<(), Error> {
    let office = Office::open()?;
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(64), "]".repeat(64));
    let lone = r#"{"associationId":"a","firstRecordId":"\ud800 "}"#;
    for (body, reason, position) in [
        (&b""[..], "the body is empty", 0),
        (b" \n", "the body is empty", 0),
        (b"{\"a\":\xff}", "not UTF-8", 5),
        (b"{\"a\":1,}", "trailing comma", 7),
        (b"{\n\"a\":1\n\"b\"}", "expected `,` or `}`", 8),
        (b"[1]", "invalid type: sequence, expected an object", 0),
        (b"7", "invalid type: integer `7`, expected an object", 0),
        (b"{} {}", "trailing characters", 3),
        (deep.as_bytes(), "nested deeper than 64", 68),
        (lone.as_bytes(), "unexpected end of hex escape", 44),
    ] {
        let text = format!("Unexpected token in JSON: {reason} at position {position}");
        check_error(&post(&office, RELATIONS, body), 400, &json!(text));
    }
    // A byte order mark is no part of the text.
    let body = format!("\u{feff}{}", relation("b1", "p1"));
    assert_eq!(post(&office, RELATIONS, body.as_bytes()).status, 201);
    Ok(())
}

#[test]
fn the_last_of_several_members_counts_and_those_of_a_name_alike_do_not() -> Result<(), Error> {
    let office = Office::open()?;
    let body = format!(
        r#"{{"locationId":"{HERE}","associationId":"{INTEREST}","firstRecordId":7,
        "firstRecordId":"b1","secondRecordId":"p1"}}"#
    );
    let answer = post(&office, RELATIONS, body.as_bytes());
    assert_eq!((answer.status, &answer.json()["firstRecordId"]), (201, &json!("b1")));
    let answer = office.post(RELATIONS, &with("LocationId", &json!(HERE)));
    check_error(&answer, 422, &json!(["property LocationId should not exist"]));
    Ok(())
}

#[test]
fn sizes_and_types_of_bodies_are_limited() -> Result<(), Error> {
    let office = Office::open()?;
    let padded = |bytes: usize| {
        let mut body = relation("b1", "p1").to_string().into_bytes();
        body.resize(bytes, b' ');
        body
    };
    assert_eq!(post(&office, RELATIONS, &padded(256 << 10)).status, 201);
    let large = post(&office, RELATIONS, &padded((256 << 10) + 1));
    check_error(&large, 413, &json!("request entity too large"));
    let body = relation("b2", "p2").to_string();
    for (kind, expected) in [
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/json; charset=utf-8", 201),
    ] {
        let headers = [("content-type", kind)];
        let answer = office.server.request("POST", RELATIONS, &headers, body.as_bytes())?;
        assert_eq!(answer.status, expected, "{kind}");
        if expected == 415 {
            check_error(&answer, 415, &json!("Unsupported media type"));
        }
    }
    let bare = relation("b3", "p3").to_string();
    assert_eq!(office.server.request("POST", RELATIONS, &[], bare.as_bytes())?.status, 201);
    // Thousands of unknown members are counted, not answered one by one.
    let many: serde_json::Map<String, Value> =
        (0..9_000).map(|number| (format!("m{number}"), json!(0))).collect();
    let answer = office.post(RELATIONS, &Value::Object(many));
    let found = answer.json()["message"].as_array().unwrap().len();
    assert_eq!((answer.status, found), (422, 256));
    Ok(())
}
