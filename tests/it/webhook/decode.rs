//! What bodies are read as.

use std::path::PathBuf;

use proptest::prelude::*;
use relata::webhook::{
    DecodeError, Decoded, MAX_DEPTH, UrlTypes, decode, decode_stored, decode_with, wrapped,
};
use relata::{Store, Timestamp};

use crate::support::database::fresh;
use crate::support::golden;

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
fn examples_of_the_sender_decode_as_recorded() {
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
fn length_limits_count_bytes() {
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
fn times_follow_rfc_3339() {
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
            Ok(Decoded::Event(event)) => event.at.map(Timestamp::as_millis),
            _ => None,
        };
        assert_eq!(at, millis, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_make_decoding_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(decode(&bytes, None));
    }

    #[test]
    fn no_change_of_a_good_body_makes_decoding_panic(
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
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/events/association-create.json")),
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/events/relation-create.json")),
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/events/record-delete.json")),
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/events/object-schema-create.json")),
];

/// An association from `a/b` was accepted, and no question could name it: `a/b` is the
/// record `b` of `a`. In some exports it was one node with that record.
#[test]
fn an_object_key_with_a_slash_is_refused_in_every_member() {
    let relation = r#""associationId":"A","firstRecordId":"1/2","secondRecordId":"3""#;
    let both = |first: &str, second: &str| {
        format!(r#""id":"/","firstObjectKey":"{first}","secondObjectKey":"{second}""#)
    };
    let labels = r#""key":"k/k","firstObjectLabel":"x/y","secondObjectLabel":"/""#;
    for event in ["AssociationCreate", "AssociationUpdate", "AssociationDelete"] {
        let body = |ends: String| format!(r#"{{"locationId":"L/M",{labels},{ends}}}"#);
        check(&body(both("c", "p")), Some(event), &format!("{event} /"));
        check(&body(both("c/d", "p")), Some(event), "invalid firstObjectKey");
        check(&body(both("c", "/")), Some(event), "invalid secondObjectKey");
    }
    for event in ["RelationCreate", "RelationDelete"] {
        let body = |ends: String| format!(r#"{{"locationId":"L",{relation},{ends}}}"#);
        check(&body(both("c", "p")), Some(event), &format!("{event} /"));
        check(&body(both("c/", "p")), Some(event), "invalid firstObjectKey");
        check(&body(both("c", "p\\u002f")), Some(event), "invalid secondObjectKey");
        let enveloped = format!(r#"{{"type":"{event}","data":{}}}"#, body(both("/c", "p")));
        check(&enveloped, None, "invalid firstObjectKey");
    }
    for event in ["RecordCreate", "RecordUpdate", "RecordDelete"] {
        let body = |key: &str| format!(r#"{{"id":"a/b","locationId":"L","objectKey":"{key}"}}"#);
        check(&body("c"), Some(event), &format!("{event} a/b"));
        check(&body("c/d"), Some(event), "invalid objectKey");
    }
    for event in ["ObjectSchemaCreate", "ObjectSchemaUpdate"] {
        let body = |key: &str| format!(r#"{{"id":"s","locationId":"L","key":"{key}"}}"#);
        check(&body("c"), Some(event), &format!("{event} c"));
        check(&body("c/d"), Some(event), "invalid key");
    }
    // What was accepted before stays readable.
    let kept = format!(r#"{{"locationId":"L",{relation},{}}}"#, both("c/d", "p"));
    assert!(matches!(decode_stored(kept.as_bytes(), "RelationCreate"), Ok(Decoded::Event(_))));
}

/// A journal that holds what is no longer accepted opens, and is what it was.
#[test]
fn a_journal_with_slashes_in_object_keys_still_opens() {
    use relata::journal::{Journal, JournalEntry, SqliteJournal};
    let body = r#"{"id":"R","associationId":"A","locationId":"L","firstObjectKey":"c/d","firstRecordId":"1","secondObjectKey":"p","secondRecordId":"2"}"#;
    let (_directory, db) = fresh().unwrap();
    let mut journal = SqliteJournal::open(&db).unwrap();
    let entry = JournalEntry {
        location: "L",
        event_type: "RelationCreate",
        entity: "R",
        webhook_id: None,
        at: None,
        received_at: Timestamp::from_millis(1),
        body,
    };
    journal.append(&[entry]).unwrap();
    drop(journal);
    let store = Store::open(&db).unwrap();
    assert_eq!(store.location("L").unwrap().unwrap().read().view().counts().relations, 1);
    assert!(store.ingest(body.as_bytes()).is_err());
    store.close().unwrap();
    let mut journal = SqliteJournal::open_read_only(&db).unwrap();
    assert!(relata::verify(&mut journal, 10).unwrap().differences.is_empty());
}

#[test]
fn the_type_of_the_url_alone_makes_no_delete_where_it_is_not_trusted() {
    let check = |body: &str, url: &str, expected: &str| {
        for (url_types, expected) in [
            (UrlTypes::Untrusted, expected),
            (UrlTypes::Trusted, if expected == "type" { "ok" } else { expected }),
        ] {
            let read = decode_with(body.as_bytes(), Some(url), url_types);
            let seen = read.as_ref().map_or_else(|error| error.field().unwrap(), |_| "ok");
            assert_eq!(seen, expected, "{body} at {url}, {url_types:?}: {read:?}");
        }
    };
    let relation = r#""id":"R","associationId":"A","locationId":"L","firstObjectKey":"c","firstRecordId":"1","secondObjectKey":"p","secondRecordId":"2","key":"k","firstObjectLabel":"","secondObjectLabel":"""#;
    let association = r#""id":"A","locationId":"L","key":"k","firstObjectKey":"c","firstObjectLabel":"x","secondObjectKey":"p","secondObjectLabel":"y""#;
    let record = r#""id":"1","locationId":"L","key":"k","objectKey":"c""#;
    for event in relata::EventType::ALL {
        let event = event.as_str();
        let of_relation = event.starts_with("Relation");
        let of_association = event.starts_with("Association");
        let body = match () {
            () if of_relation => relation,
            () if of_association => association,
            () => record,
        };
        // The members of a relation or an association say what a create would be; nothing
        // else says what happened.
        let agrees = ["RelationCreate", "AssociationCreate"].contains(&event);
        check(&format!("{{{body}}}"), event, if agrees { "ok" } else { "type" });
        check(&format!(r#"{{"type":null,{body}}}"#), event, if agrees { "ok" } else { "type" });
        check(&format!(r#"{{"type":"{event}",{body}}}"#), event, "ok");
        check(&format!(r#"{{"type":"{event}","data":{{{body}}}}}"#), event, "ok");
    }
    check(&format!("{{{relation}}}"), "AssociationCreate", "type");
    check(&format!("{{{relation}}}"), "SomethingElse", "ok");
}

/// A relation that nests as deep as a body may, and does not name its type, is exported in
/// an envelope. Its import was refused: "nested deeper than 64".
#[test]
fn a_body_of_the_greatest_depth_reads_back_from_its_line() {
    let members = r#""id":"R","associationId":"A","locationId":"L","firstObjectKey":"c","firstRecordId":"1","secondObjectKey":"p","secondRecordId":"2""#;
    let nested = |more: &str, depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!(r#"{{{members}{more},"x":{open}{close}}}"#)
    };
    let all = ["", r#","type":null"#, r#","data":{"id":"other"}"#, r#","data":7"#];
    for more in all {
        let body = nested(more, MAX_DEPTH);
        let decoded = decode(body.as_bytes(), Some("RelationCreate")).unwrap();
        let line = wrapped(&body, "RelationCreate");
        assert_eq!(decode(line.as_bytes(), None), Ok(decoded), "{more}");
        check(&nested(more, MAX_DEPTH + 1), Some("RelationCreate"), "malformed");
        // An envelope that the sender made is no deeper inside.
        let deep = wrapped(&nested(more, MAX_DEPTH + 1), "RelationCreate");
        check(&deep, None, "malformed");
    }
}

/// What the sender's `timestamp` is taken for, or `None` where it is to blame.
const TIMES: [(&str, Option<&str>); 41] = [
    // As it is written.
    ("2025-02-10T08:26:05Z", Some("2025-02-10T08:26:05.000Z")),
    ("2025-02-10t08:26:05z", Some("2025-02-10T08:26:05.000Z")),
    ("2025-02-10 08:26:05Z", Some("2025-02-10T08:26:05.000Z")),
    ("2025-02-10T08:26Z", Some("2025-02-10T08:26:00.000Z")),
    ("2025-02-10T08:26:05", None),
    ("2025-02-10", None),
    ("2025-02-30T08:26:05Z", None),
    ("2025-02-10T24:00:00Z", None),
    ("2025-02-10T08:60:00Z", None),
    (" 2025-02-10T08:26:05Z", None),
    ("2025-02-10T08:26:05Z ", None),
    ("1739175965961", None),
    // A fraction of any length; what is finer than a millisecond is dropped.
    ("2025-02-10T08:26:05.Z", None),
    ("2025-02-10T08:26:05.9Z", Some("2025-02-10T08:26:05.900Z")),
    ("2025-02-10T08:26:05,96Z", Some("2025-02-10T08:26:05.960Z")),
    ("2025-02-10T08:26:05.9619999Z", Some("2025-02-10T08:26:05.961Z")),
    ("2025-02-10T08:26:05.961999999Z", Some("2025-02-10T08:26:05.961Z")),
    ("2025-02-10T08:26:05.9619999999Z", Some("2025-02-10T08:26:05.961Z")),
    ("2025-02-10T08:26:05.96199999999999999999Z", Some("2025-02-10T08:26:05.961Z")),
    ("2025-02-10T08:26:05.96100000000000000000+01:00", Some("2025-02-10T07:26:05.961Z")),
    ("2025-02-10T08:26:05.9619999999x", None),
    // Offsets, beyond those of any place too.
    ("2025-02-10T08:26:05+14:00", Some("2025-02-09T18:26:05.000Z")),
    ("2025-02-10T08:26:05-12:00", Some("2025-02-10T20:26:05.000Z")),
    ("2025-02-10T08:26:05+23:59", Some("2025-02-09T08:27:05.000Z")),
    ("2025-02-10T08:26:05-23:59", Some("2025-02-11T08:25:05.000Z")),
    ("2025-02-10T08:26:05-00:00", Some("2025-02-10T08:26:05.000Z")),
    ("2025-02-10T08:26:05+26:00", None),
    ("2025-02-10T08:26:05+05:60", None),
    // A leap second is the second before it.
    ("2016-12-31T23:59:60Z", Some("2016-12-31T23:59:59.000Z")),
    ("2016-12-31T23:59:60.5Z", Some("2016-12-31T23:59:59.500Z")),
    ("2016-12-31T23:59:61Z", None),
    // Before 1970, and to the ends of what RFC 3339 can write, in UTC.
    ("1969-12-31T23:59:59.999Z", Some("1969-12-31T23:59:59.999Z")),
    ("1900-01-01T00:00:00Z", Some("1900-01-01T00:00:00.000Z")),
    ("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00.000Z")),
    ("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00.000Z")),
    ("0000-01-01T00:00:00+00:01", None),
    ("-000001-12-31T23:59:59Z", None),
    ("9999-12-31T23:59:59.999Z", Some("9999-12-31T23:59:59.999Z")),
    ("9999-12-31T23:59:59-00:01", None),
    ("10000-01-01T00:00:00Z", None),
    ("+010000-01-01T00:00:00Z", None),
];

/// A sender's clock wrote ten digits of a second: every delivery was refused.
#[test]
fn times_that_do_not_follow_rfc_3339_are_blamed() {
    for (text, written) in TIMES {
        let body =
            format!(r#"{{"type":"ContactDelete","id":"1","locationId":"L","timestamp":"{text}"}}"#);
        match (decode(body.as_bytes(), None), written) {
            (Ok(Decoded::Event(event)), Some(written)) => {
                let at = event.at.unwrap();
                assert_eq!(at.to_string(), written, "{text}");
                assert_eq!(written.parse::<Timestamp>().unwrap(), at, "{text}");
            }
            (Err(error), None) => assert_eq!(error.field(), Some("timestamp"), "{text}: {error}"),
            (other, _) => panic!("{text}: {other:?}"),
        }
    }
    // What was taken once is read from the journal as it was.
    let former = br#"{"type":"ContactDelete","id":"1","locationId":"L","timestamp":"-000001-12-31T23:59:59Z"}"#;
    assert!(decode_stored(former, "ContactDelete").is_ok());
}
