//! Each sort of name at its limit: refused, counted, and let in once the limit is raised.

use std::sync::mpsc::channel;

use relata::import::{LineError, LineOutcome};
use relata::journal::SqliteJournal;
use relata::operations::{LimitReached, LimitedName, NameLimits, PreviewError};
use relata::{Delivery, IngestError, Receipt, Status, Store};

use crate::store::name_limits::{NONE, association, in_memory, open, record, relation, undone};
use crate::support::database::fresh;

/// One sort of invented name.
struct Case {
    name: &'static str,
    limits: NameLimits,
    /// Bring in as many names as there may be.
    fill: Vec<String>,
    /// Names one more.
    beyond: String,
    limited: LimitedName,
    field: Option<&'static str>,
    /// Name nothing new.
    known: Vec<String>,
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<Case> {
    let wide = NameLimits::default();
    let r1 = relation("r1", "L", "a1", ["x", "y"]);
    let of_two_keys =
        vec![relation("r0", "L", "a1", ["y", "x"]), undone(&r1), record("RecordDelete", "L", "x")];
    let schema = |key: &str| {
        format!(
            r#"{{"type":"ObjectSchemaCreate","id":"s-{key}","key":"{key}","locationId":"L","labels":{{"singular":"S"}}}}"#
        )
    };
    let keys = NameLimits { object_keys: 2, ..wide };
    let associations = NameLimits { associations: 2, ..wide };
    let a1 = association("AssociationCreate", "a1", ["x", "y"]);
    let a2 = association("AssociationCreate", "a2", ["x", "y"]);
    vec![
        Case {
            name: "location",
            limits: NameLimits { locations: 2, ..wide },
            fill: vec![r1.clone(), record("RecordCreate", "M", "x")],
            beyond: relation("r9", "N", "a1", ["x", "y"]),
            limited: LimitedName::Location,
            field: Some("locationId"),
            known: vec![
                relation("r2", "M", "a9", ["p", "q"]),
                undone(&r1),
                record("RecordDelete", "L", "z"),
            ],
        },
        Case {
            name: "location of an event without object key",
            limits: NameLimits { locations: 1, ..wide },
            fill: vec![r1.clone()],
            beyond: r#"{"type":"RecordDelete","id":"r","locationId":"N"}"#.to_owned(),
            limited: LimitedName::Location,
            field: Some("locationId"),
            known: vec![r#"{"type":"RecordDelete","id":"r","locationId":"L"}"#.to_owned()],
        },
        Case {
            name: "first object key of a relation",
            limits: keys,
            fill: vec![r1.clone()],
            beyond: relation("r9", "L", "a1", ["new", "x"]),
            limited: LimitedName::ObjectKey,
            field: Some("firstObjectKey"),
            known: of_two_keys.clone(),
        },
        Case {
            name: "second of two new object keys of a relation",
            limits: keys,
            fill: vec![record("RecordCreate", "L", "x")],
            beyond: relation("r9", "L", "a1", ["new", "newer"]),
            limited: LimitedName::ObjectKey,
            field: Some("secondObjectKey"),
            known: vec![
                relation("r1", "L", "a1", ["new", "new"]),
                record("RecordUpdate", "L", "x"),
            ],
        },
        Case {
            name: "object key of an association",
            limits: keys,
            fill: vec![a1.clone()],
            beyond: association("AssociationUpdate", "a1", ["x", "new"]),
            limited: LimitedName::ObjectKey,
            field: Some("secondObjectKey"),
            known: vec![
                association("AssociationUpdate", "a1", ["y", "x"]),
                association("AssociationDelete", "a1", ["new", "newer"]),
            ],
        },
        Case {
            name: "object key of a record",
            limits: keys,
            fill: vec![r1.clone()],
            beyond: record("RecordCreate", "L", "new"),
            limited: LimitedName::ObjectKey,
            field: Some("objectKey"),
            known: of_two_keys.clone(),
        },
        Case {
            name: "object key of a contact",
            limits: keys,
            fill: vec![r1.clone()],
            beyond: r#"{"type":"ContactDelete","id":"c","locationId":"L"}"#.to_owned(),
            limited: LimitedName::ObjectKey,
            field: None,
            known: of_two_keys,
        },
        Case {
            name: "object key of a schema",
            limits: keys,
            fill: vec![schema("x"), schema("y")],
            beyond: schema("new"),
            limited: LimitedName::ObjectKey,
            field: Some("key"),
            known: vec![schema("x").replace("Create", "Update").replace(":\"S", ":\"T")],
        },
        Case {
            name: "association",
            limits: associations,
            fill: vec![a1.clone(), a2.clone()],
            beyond: association("AssociationCreate", "a9", ["x", "y"]),
            limited: LimitedName::Association,
            field: Some("id"),
            known: vec![
                association("AssociationUpdate", "a1", ["new", "newer"]),
                association("AssociationDelete", "a2", ["x", "y"]),
                r1.clone(),
            ],
        },
        Case {
            name: "association that a relation names",
            limits: associations,
            fill: vec![r1.clone(), relation("r2", "L", "a2", ["x", "y"])],
            beyond: relation("r9", "L", "a9", ["x", "y"]),
            limited: LimitedName::Association,
            field: Some("associationId"),
            known: vec![a1, a2, undone(&r1)],
        },
        Case {
            name: "association that a delete names",
            limits: associations,
            fill: vec![r1.clone(), relation("r2", "L", "a2", ["x", "y"])],
            beyond: association("AssociationDelete", "a9", ["x", "y"]),
            limited: LimitedName::Association,
            field: Some("id"),
            known: vec![association("AssociationDelete", "a1", ["x", "y"])],
        },
        Case {
            name: "pair of object keys under an association",
            limits: NameLimits { edge_types: 2, ..wide },
            fill: vec![r1.clone(), relation("r2", "L", "a1", ["y", "x"])],
            beyond: relation("r9", "L", "a1", ["x", "x"]),
            limited: LimitedName::EdgeType,
            field: Some("associationId"),
            known: vec![
                relation("r3", "L", "a1", ["y", "x"]),
                undone(&r1),
                association("AssociationCreate", "a2", ["x", "z"]),
            ],
        },
    ]
}

fn reached(result: Result<Receipt, IngestError>, of: &str) -> LimitReached {
    match result {
        Err(IngestError::LimitReached { reached, .. }) => reached,
        other => panic!("{of}: {other:?}"),
    }
}

/// Hands all of them to the writer before it has answered one, so that one transaction
/// brings several new names.
fn submit(store: &Store, bodies: &[&String]) -> Vec<Result<Receipt, IngestError>> {
    let (sender, receiver) = channel();
    for (number, body) in bodies.iter().enumerate() {
        let sender = sender.clone();
        let delivery = Delivery::read(body.as_bytes(), None, None).unwrap();
        store.submit(delivery, move |result| sender.send((number, result)).unwrap()).unwrap();
    }
    drop(sender);
    let mut results: Vec<_> = receiver.iter().collect();
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Nothing limited how many names a sender could invent: 200,000 locations took a
/// gigabyte, and whoever may post could go on.
#[test]
fn the_name_beyond_a_limit_is_refused_and_takes_no_seq() {
    for Case { name, limits, fill, beyond, limited, field, known } in cases() {
        let store = in_memory(limits);
        let seq_of = |body: &String| store.ingest(body.as_bytes()).unwrap().seq;
        let filled = fill.iter().map(seq_of).last().unwrap();
        for attempt in 0..2 {
            let why = reached(store.ingest(beyond.as_bytes()), name);
            assert_eq!((why.name, why.field), (limited, field), "{name}, attempt {attempt}");
            assert!(why.to_string().contains("raise --"), "{why}");
            let delivery = Delivery::read(beyond.as_bytes(), None, None).unwrap();
            match store.preview(delivery) {
                Err(PreviewError::Ingest(IngestError::LimitReached { reached: told, .. })) => {
                    assert_eq!(told, why);
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        assert_eq!(Some(store.head()), filled, "{name}");
        for body in &known {
            let delivery = Delivery::read(body.as_bytes(), None, None).unwrap();
            let previewed = store.preview(delivery).unwrap_or_else(|why| panic!("{name}: {why}"));
            let receipt = store.ingest(body.as_bytes());
            let receipt = receipt.unwrap_or_else(|why| panic!("{name}: {body}: {why}"));
            assert_eq!((receipt.status, receipt.seq), (previewed.status, previewed.seq), "{name}");
        }
    }
}

#[test]
fn names_of_one_transaction_count_together() {
    for Case { name, limits, fill, beyond, limited, known, .. } in cases() {
        let store = in_memory(limits);
        let bodies: Vec<&String> = fill.iter().chain([&beyond, &beyond]).chain(&known).collect();
        for (body, result) in bodies.iter().zip(submit(&store, &bodies)) {
            if *body == &beyond {
                assert_eq!(reached(result, name).name, limited);
            } else {
                result.unwrap_or_else(|why| panic!("{name}: {body}: {why}"));
            }
        }
        assert_eq!(store.head(), (fill.len() + known.len()) as u64, "{name}");
    }
}

#[test]
fn a_limit_that_was_raised_lets_in_what_it_refused() {
    for Case { name, limits, fill, beyond, known, .. } in cases() {
        let (_directory, db) = fresh().unwrap();
        let store = open(&db, limits);
        for body in &fill {
            store.ingest(body.as_bytes()).unwrap();
        }
        reached(store.ingest(beyond.as_bytes()), name);
        store.close().unwrap();
        let store = open(&db, NameLimits::default());
        let receipt = store.ingest(beyond.as_bytes()).unwrap();
        assert_eq!(receipt.status, Status::Applied, "{name}: its id was not noted");
        store.close().unwrap();
        // One that holds more than it may still opens, answers and takes what it knows.
        let store = open(&db, NONE);
        let again = store.ingest(beyond.as_bytes()).unwrap();
        assert!([Status::Duplicate, Status::Unchanged].contains(&again.status), "{name}");
        let of_held = |body: &&String| !body.contains("\"z\"") && !body.contains("\"new");
        for body in fill.iter().filter(of_held) {
            store.ingest(body.as_bytes()).unwrap_or_else(|why| panic!("{name}: {body}: {why}"));
        }
        reached(store.ingest(record("RecordCreate", "elsewhere", "x").as_bytes()), name);
        drop(known);
        store.close().unwrap();
        let mut journal = SqliteJournal::open(&db).unwrap();
        assert!(relata::verify(&mut journal, 1).unwrap().differences.is_empty(), "{name}");
    }
}

#[test]
fn an_import_reports_names_beyond_a_limit_and_brings_them_in_once_it_is_raised() {
    for Case { name, limits, fill, beyond, limited, field, known } in cases() {
        let (_directory, db) = fresh().unwrap();
        let store = open(&db, limits);
        let lines: Vec<&String> = fill.iter().chain([&beyond]).chain(&known).collect();
        let input = lines.iter().fold(String::new(), |input, line| input + line + "\n");
        let import = |store: &Store| {
            let mut refused = Vec::new();
            let counts = store.import().read(input.as_bytes(), |line| {
                if let LineOutcome::Refused(why) = line.outcome {
                    let LineError::LimitReached(reached) = &why.error else { panic!("{why:?}") };
                    assert_eq!((reached.name, reached.field), (limited, field), "{name}");
                    assert_eq!(why.line, beyond.as_bytes(), "{name}");
                    refused.push(line.number);
                }
                Ok(())
            });
            (counts.unwrap(), refused)
        };
        let (counts, refused) = import(&store);
        assert_eq!(refused, [fill.len() as u64 + 1], "{name}");
        assert_eq!((counts.refused, counts.lines), (1, lines.len() as u64), "{name}");
        let head = store.head();
        assert_eq!(head, lines.len() as u64 - 1, "{name}");
        let (_, refused) = import(&store);
        assert_eq!(refused.len(), 1, "{name}: it is still beyond the limit");
        store.close().unwrap();
        let store = open(&db, NameLimits::default());
        let (counts, refused) = import(&store);
        assert!(refused.is_empty(), "{name}");
        let (known_before, lines) = (counts.duplicate, counts.lines);
        assert!(known_before < lines, "{name}: what was refused came in: {counts:?}");
        let (counts, _) = import(&store);
        assert_eq!(counts.duplicate, counts.lines, "{name}: and is known from then on");
    }
}
