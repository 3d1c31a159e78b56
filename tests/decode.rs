//! What bodies are read as.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod golden;

use std::path::PathBuf;

use proptest::prelude::*;
use relata::webhook::{DecodeError, Decoded, decode, wrapped};

fn data(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data").join(folder)
}

fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(data(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_senders_examples() {
    let files = files("events");
    assert_eq!(files.len(), relata::EventType::ALL.len());
    for (name, body) in files {
        let decoded = decode(&body, None).unwrap();
        let Decoded::Event(event) = &decoded else { unreachable!("{name} is ignored") };
        golden::check(&format!("decode/{name}.txt"), &format!("{event:#?}\n"));
        let url = Some(event.event_type.as_str());
        assert_eq!(decode(&body, url).as_ref(), Ok(&decoded), "{name} by its URL");
        // The same, as another subscription sends it.
        let mut data: serde_json::Value = serde_json::from_slice(&body).unwrap();
        data.as_object_mut().unwrap().remove("type");
        let enveloped = serde_json::json!({"type": event.event_type.as_str(), "data": data});
        assert_eq!(decode(enveloped.to_string().as_bytes(), None).as_ref(), Ok(&decoded));
        let line = wrapped(std::str::from_utf8(&body).unwrap(), event.event_type.as_str());
        assert!(!line.contains('\n'));
        assert_eq!(decode(line.as_bytes(), None), Ok(decoded), "{name} as a line");
    }
}

#[test]
fn malformed_bodies_name_the_member_to_blame() {
    let cases: serde_json::Value =
        serde_json::from_slice(&std::fs::read(data("malformed/cases.json")).unwrap()).unwrap();
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len() + 1, files("malformed").len(), "each file has its case");
    for case in cases {
        let name = case["file"].as_str().unwrap();
        let body = std::fs::read(data("malformed").join(name)).unwrap();
        let error = decode(&body, case["urlType"].as_str()).unwrap_err();
        let seen = match &error {
            DecodeError::Malformed { .. } => "malformed_json",
            _ => "invalid_event",
        };
        assert_eq!(
            (seen, error.field()),
            (case["code"].as_str().unwrap(), case["field"].as_str()),
            "{name}: {error}"
        );
    }
}

/// Reads a body and says, in a few words, as what.
fn check(body: &str, url: Option<&str>, expected: &str) {
    let seen = match decode(body.as_bytes(), url) {
        Ok(Decoded::Event(event)) => format!("{} {}", event.event_type, event.change.entity_id()),
        Ok(Decoded::Ignored { event_type, .. }) => format!("ignored {event_type}"),
        Err(DecodeError::Malformed { .. }) => "malformed".to_owned(),
        Err(error) => format!("invalid {}", error.field().unwrap_or("-")),
    };
    assert_eq!(seen, expected, "{body} at {url:?}");
}

#[test]
fn the_type_comes_from_url_body_or_shape() {
    let relation = |more: &str| {
        format!(
            r#"{{"id":"R","associationId":"A","locationId":"L","firstObjectKey":"c","firstRecordId":"1","secondObjectKey":"p","secondRecordId":"2"{more}}}"#
        )
    };
    let association = |more: &str| {
        format!(
            r#"{{"id":"A","locationId":"L","firstObjectKey":"c","firstObjectLabel":"x","secondObjectKey":"p","secondObjectLabel":""{more}}}"#
        )
    };
    let named = r#","key":"k""#;
    let ours = Some("RelationDelete");
    check(&relation(""), None, "RelationCreate R");
    check(&relation(""), ours, "RelationDelete R");
    check(&relation(r#","type":"RelationDelete""#), None, "RelationDelete R");
    check(&relation(r#","type":"RelationDelete""#), ours, "RelationDelete R");
    check(&relation(r#","type":"RelationCreate""#), ours, "invalid type");
    check(&relation(r#","type":null"#), None, "RelationCreate R");
    check(&relation(r#","type":7"#), None, "invalid type");
    check(&relation(r#","type":"""#), None, "invalid type");
    check(&relation(r#","type":"relationcreate""#), None, "ignored relationcreate");
    check(&association(named), None, "AssociationCreate A");
    check(&association(r#","associationType":"USER_DEFINED""#), None, "invalid key");
    check(&association(""), None, "invalid type");
    check(&association(named), Some("AssociationUpdate"), "AssociationUpdate A");
    check(&association(""), Some("AssociationDelete"), "AssociationDelete A");
    check(r#"{"id":"1","locationId":"L"}"#, None, "invalid type");
    check(r#"{"id":"1","locationId":"L"}"#, Some("ContactDelete"), "ContactDelete 1");
    check(r#"{"id":"1","locationId":"L"}"#, Some("Other"), "ignored Other");
    check(r#"{"type":"ContactDelete","id":"1","locationId":null}"#, None, "invalid locationId");
    // An object `data` is an envelope only beside `type`.
    check(
        r#"{"type":"ContactDelete","data":{"id":"1"},"locationId":"L"}"#,
        None,
        "ContactDelete 1",
    );
    check(
        r#"{"type":"ContactDelete","data":7,"id":"1","locationId":"L"}"#,
        None,
        "ContactDelete 1",
    );
    check(&relation(r#","data":{"id":"other"}"#), None, "RelationCreate R");
    // Whatever else is there is passed over.
    check(&relation(r#","x":[{"y":null}],"id ":"z""#), None, "RelationCreate R");
    check(&format!(" \n{}\n ", relation("")), None, "RelationCreate R");
}

#[test]
fn lengths_count_in_bytes() {
    let contact = |id: &str| format!(r#"{{"type":"ContactDelete","id":"{id}","locationId":"L"}}"#);
    check(&contact(&"x".repeat(512)), None, &format!("ContactDelete {}", "x".repeat(512)));
    check(&contact(&"x".repeat(513)), None, "invalid id");
    check(&contact(&"é".repeat(256)), None, &format!("ContactDelete {}", "é".repeat(256)));
    check(&contact(&"é".repeat(257)), None, "invalid id");
    check(&contact(r"\u0000"), None, "ContactDelete \0");
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"type":"ContactDelete","id":"1","locationId":"L","x":{open}{close}}}"#)
    };
    check(&nested(63), None, "ContactDelete 1");
    check(&nested(64), None, "malformed");
}

#[test]
fn times_are_rfc_3339() {
    for (text, millis) in [
        ("2025-02-10T08:26:05.961Z", Some(1_739_175_965_961)),
        ("2025-02-10T09:26:05.961999+01:00", Some(1_739_175_965_961)),
        ("1969-12-31T23:59:59.999Z", Some(-1)),
        ("2025-02-10T08:26:05", None),
        ("2025-02-10", None),
        ("1739175965961", None),
        ("soon", None),
    ] {
        let body =
            format!(r#"{{"type":"ContactDelete","id":"1","locationId":"L","timestamp":"{text}"}}"#);
        let at = match decode(body.as_bytes(), None) {
            Ok(Decoded::Event(event)) => event.at.map(relata::Timestamp::as_millis),
            _ => None,
        };
        assert_eq!(at, millis, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(decode(&bytes, None));
    }

    #[test]
    fn no_change_of_a_good_body_makes_it_panic(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 0..6),
    ) {
        let mut body = BODIES[which.index(BODIES.len())].to_vec();
        for (at, byte, edit) in edits {
            let at = at.index(body.len());
            match edit {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => drop(body.remove(at)),
            }
        }
        if let Ok(Decoded::Event(event)) = decode(&body, None) {
            // What is read can be exported as a line and read again.
            let line = wrapped(std::str::from_utf8(&body).unwrap(), event.event_type.as_str());
            prop_assert_eq!(decode(line.as_bytes(), None), Ok(Decoded::Event(event)));
        }
    }
}

const BODIES: [&[u8]; 4] = [
    include_bytes!("../data/events/association-create.json"),
    include_bytes!("../data/events/relation-create.json"),
    include_bytes!("../data/events/record-delete.json"),
    include_bytes!("../data/events/object-schema-create.json"),
];
