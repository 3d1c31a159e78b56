//! What it costs when a sender invents names: locations, object keys, associations.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod long;
#[cfg(feature = "server")]
mod server;

use std::path::Path;
use std::sync::mpsc::channel;

use relata::journal::{MemoryJournal, SqliteJournal};
use relata::{
    Delivery, IngestError, LimitReached, LineFate, NameLimits, Options, PreviewError, Receipt,
    Status, Store,
};

const NONE: NameLimits =
    NameLimits { locations: 0, object_keys: 0, associations: 0, edge_types: 0 };

fn options(names: NameLimits) -> Options {
    // One transaction a batch, however many deliveries wait.
    Options { names, batch_events: 64, ..Options::default() }
}

fn open(db: &Path, names: NameLimits) -> Store {
    Store::open_with(db, options(names)).unwrap()
}

fn in_memory(names: NameLimits) -> Store {
    Store::with_journal(Box::new(MemoryJournal::new()), options(names)).unwrap()
}

fn relation(id: &str, location: &str, association: &str, keys: [&str; 2]) -> String {
    let [first, second] = keys;
    format!(
        r#"{{"id":"{id}","associationId":"{association}","locationId":"{location}","firstObjectKey":"{first}","firstRecordId":"a","secondObjectKey":"{second}","secondRecordId":"b","webhookId":"w-{id}"}}"#
    )
}

fn undone(relation: &str) -> String {
    relation.replacen('{', r#"{"type":"RelationDelete","#, 1).replace("w-", "undone-")
}

fn association(event: &str, id: &str, keys: [&str; 2]) -> String {
    let [first, second] = keys;
    format!(
        r#"{{"type":"{event}","id":"{id}","key":"k-{id}","locationId":"L","firstObjectKey":"{first}","firstObjectLabel":"A","secondObjectKey":"{second}","secondObjectLabel":"B","webhookId":"w-{event}-{id}-{first}-{second}"}}"#
    )
}

fn record(event: &str, location: &str, key: &str) -> String {
    format!(
        r#"{{"type":"{event}","id":"r","objectKey":"{key}","locationId":"{location}","webhookId":"w-{event}-{location}-{key}"}}"#
    )
}

/// One sort of invented name.
struct Case {
    name: &'static str,
    limits: NameLimits,
    /// Bring in as many names as there may be.
    fill: Vec<String>,
    /// Names one more.
    beyond: String,
    code: &'static str,
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
            code: "too_many_locations",
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
            code: "too_many_locations",
            field: Some("locationId"),
            known: vec![r#"{"type":"RecordDelete","id":"r","locationId":"L"}"#.to_owned()],
        },
        Case {
            name: "first object key of a relation",
            limits: keys,
            fill: vec![r1.clone()],
            beyond: relation("r9", "L", "a1", ["new", "x"]),
            code: "too_many_object_keys",
            field: Some("firstObjectKey"),
            known: of_two_keys.clone(),
        },
        Case {
            name: "second of two new object keys of a relation",
            limits: keys,
            fill: vec![record("RecordCreate", "L", "x")],
            beyond: relation("r9", "L", "a1", ["new", "newer"]),
            code: "too_many_object_keys",
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
            code: "too_many_object_keys",
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
            code: "too_many_object_keys",
            field: Some("objectKey"),
            known: of_two_keys.clone(),
        },
        Case {
            name: "object key of a contact",
            limits: keys,
            fill: vec![r1.clone()],
            beyond: r#"{"type":"ContactDelete","id":"c","locationId":"L"}"#.to_owned(),
            code: "too_many_object_keys",
            field: None,
            known: of_two_keys,
        },
        Case {
            name: "object key of a schema",
            limits: keys,
            fill: vec![schema("x"), schema("y")],
            beyond: schema("new"),
            code: "too_many_object_keys",
            field: Some("key"),
            known: vec![schema("x").replace("Create", "Update").replace(":\"S", ":\"T")],
        },
        Case {
            name: "association",
            limits: associations,
            fill: vec![a1.clone(), a2.clone()],
            beyond: association("AssociationCreate", "a9", ["x", "y"]),
            code: "too_many_associations",
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
            code: "too_many_associations",
            field: Some("associationId"),
            known: vec![a1, a2, undone(&r1)],
        },
        Case {
            name: "association that a delete names",
            limits: associations,
            fill: vec![r1.clone(), relation("r2", "L", "a2", ["x", "y"])],
            beyond: association("AssociationDelete", "a9", ["x", "y"]),
            code: "too_many_associations",
            field: Some("id"),
            known: vec![association("AssociationDelete", "a1", ["x", "y"])],
        },
        Case {
            name: "pair of object keys under an association",
            limits: NameLimits { edge_types: 2, ..wide },
            fill: vec![r1.clone(), relation("r2", "L", "a1", ["y", "x"])],
            beyond: relation("r9", "L", "a1", ["x", "x"]),
            code: "too_many_edge_types",
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
    for Case { name, limits, fill, beyond, code, field, known } in cases() {
        let store = in_memory(limits);
        let seq_of = |body: &String| store.ingest(body.as_bytes()).unwrap().seq;
        let filled = fill.iter().map(seq_of).last().unwrap();
        for attempt in 0..2 {
            let why = reached(store.ingest(beyond.as_bytes()), name);
            assert_eq!((why.code(), why.field), (code, field), "{name}, attempt {attempt}");
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
    for Case { name, limits, fill, beyond, code, known, .. } in cases() {
        let store = in_memory(limits);
        let bodies: Vec<&String> = fill.iter().chain([&beyond, &beyond]).chain(&known).collect();
        for (body, result) in bodies.iter().zip(submit(&store, &bodies)) {
            if *body == &beyond {
                assert_eq!(reached(result, name).code(), code);
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
        let directory = tempfile::tempdir().unwrap();
        let db = directory.path().join("relata.db");
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
    for Case { name, limits, fill, beyond, code, field, known } in cases() {
        let directory = tempfile::tempdir().unwrap();
        let db = directory.path().join("relata.db");
        let store = open(&db, limits);
        let lines: Vec<&String> = fill.iter().chain([&beyond]).chain(&known).collect();
        let input = lines.iter().fold(String::new(), |input, line| input + line + "\n");
        let import = |store: &Store| {
            let mut refused = Vec::new();
            let counts = store.import().read(input.as_bytes(), |line| {
                if let LineFate::Refused(why) = line.fate {
                    assert_eq!((why.code, why.field), (code, field), "{name}");
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

/// A sort of name, how many there may be, and a line that brings in another.
type Sort = (&'static str, usize, fn(usize) -> String);

/// An import of names alone, in transactions of thousands of lines.
#[test]
fn invented_names_fill_neither_memory_nor_time() {
    let count = long::rounds(3_000, 200_000) as usize;
    let limits = match count {
        ..10_000 => NameLimits { locations: 1_000, ..NameLimits::default() },
        _ => NameLimits::default(),
    };
    let sorts: [Sort; 5] = [
        ("locations", limits.locations, |n| {
            relation(&format!("r{n}"), &format!("location-{n}"), "a", ["x", "y"])
        }),
        ("object keys", limits.object_keys, |n| record("RecordCreate", "L", &format!("key-{n}"))),
        ("associations", limits.associations, |n| {
            association("AssociationCreate", &format!("a{n}"), ["x", "y"])
        }),
        ("edge types", limits.edge_types, |n| {
            let (first, second) = (format!("key-{}", n % 400), format!("key-{}", n / 400));
            relation(&format!("r{n}"), "L", "a", [&first, &second])
        }),
        // All of them at one record.
        ("edge types of a record", limits.edge_types, |n| {
            let (id, key) = (format!("a{}", n / 900), format!("key-{}", n % 900));
            relation(&format!("r{n}"), "L", &id, ["x", &key])
        }),
    ];
    for (name, limit, line) in sorts {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory.path().join("relata.db"), limits);
        let input: String = (0..count).map(|n| line(n) + "\n").collect();
        let before = resident();
        let start = std::time::Instant::now();
        let counts = store.import().read(input.as_bytes(), |_| Ok(())).unwrap();
        long::tell(name, format!("{count} lines in {:?}", start.elapsed()));
        let taken = count.min(limit);
        assert_eq!(
            (counts.applied, counts.refused),
            (taken as u64, (count - taken) as u64),
            "{name}"
        );
        let grown = resident().saturating_sub(before);
        long::tell(name, format!("{} KiB more resident", grown >> 10));
        // Two transactions of an import, and what the names themselves take.
        assert!(grown < (96 << 20) + taken * 4 * 1024, "{name}: {grown} bytes");
        // What the limit leaves is still fast to ask and to write to.
        let known = input.lines().next().unwrap();
        let start = std::time::Instant::now();
        (0..100).for_each(|_| drop(store.ingest(known.as_bytes()).unwrap()));
        assert!(start.elapsed().as_secs() < 30, "{name}");
        store.close().unwrap();
    }
}

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or(0, |kib| kib.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10)
}

/// What reads beside a server, as `relata doctor` does, tells the same of a store of which
/// it loads one location.
#[test]
fn a_reader_of_one_location_knows_how_many_there_are() {
    let directory = tempfile::tempdir().unwrap();
    let db = directory.path().join("relata.db");
    let store = open(&db, NameLimits::default());
    for location in ["L", "M"] {
        store.ingest(record("RecordCreate", location, "x").as_bytes()).unwrap();
    }
    let preview = |location: &str, locations: usize| {
        let options = options(NameLimits { locations, ..NameLimits::default() });
        let reader = Store::open_location_read_only_with(&db, location, &options).unwrap();
        let body = record("RecordUpdate", location, "x");
        reader.preview(Delivery::read(body.as_bytes(), None, None).unwrap())
    };
    assert_eq!(preview("L", 0).unwrap().status, Status::Applied);
    assert_eq!(preview("N", 3).unwrap().status, Status::Applied);
    let refused = preview("N", 2).unwrap_err().to_string();
    assert_eq!(
        refused,
        "`locationId` names one location more than the 2 that a store may have: raise --locations"
    );
}

/// A record was found by its id alone: each relation of an id under thousands of object
/// keys compared as many.
#[test]
fn one_id_under_many_object_keys_is_as_fast_as_any() {
    let keys = 3_000;
    let body = |n: usize, id: &str| {
        format!(
            r#"{{"type":"RecordUpdate","id":"{id}","objectKey":"key-{}","locationId":"L"}}"#,
            n % keys
        )
    };
    let time = |id: &dyn Fn(usize) -> String| {
        let mut graph = relata::graph::LocationGraph::new();
        let events: Vec<_> = (0..keys * 2)
            .map(|n| Delivery::read(body(n, &id(n)).as_bytes(), None, None).unwrap())
            .collect();
        let start = std::time::Instant::now();
        for (seq, delivery) in (1..).zip(&events) {
            let relata::webhook::Decoded::Event(event) = delivery.decoded() else { panic!() };
            graph.merge(seq, event);
        }
        assert_eq!(graph.counts().records, keys as u64);
        start.elapsed()
    };
    let same = (0..3).map(|_| time(&|_| "same".to_owned())).min().unwrap();
    let distinct = (0..3).map(|_| time(&|n| format!("id-{}", n % keys))).min().unwrap();
    long::tell("one id under 3,000 keys, and 3,000 ids", format!("{same:?}, {distinct:?}"));
    assert!(same < distinct * 4, "{same:?} against {distinct:?}");

    // An event that names the id alone is of every one of them.
    let store = in_memory(NameLimits::default());
    for n in 0..40 {
        store.ingest(body(n, "same").as_bytes()).unwrap();
    }
    let gone = r#"{"type":"RecordDelete","id":"same","locationId":"L"}"#;
    store.ingest(gone.as_bytes()).unwrap();
    assert_eq!(store.location("L").unwrap().read().counts().records, 0);
}

#[cfg(feature = "server")]
mod over_http {
    use serde_json::{Value, json};

    use super::*;
    use crate::server::{Answer, Error, Server, relata};

    const LIMITS: [&str; 8] =
        ["--locations", "1", "--object-keys", "2", "--associations", "1", "--edge-types", "1"];

    fn told(answer: &Answer) -> (u16, Value, Value) {
        let body = answer.json();
        let member = |name: &str| body.get(name).cloned().unwrap_or_default();
        (answer.status, member("code"), member("field"))
    }

    /// The server answers, keeps, examines and counts what is beyond a limit, and takes it
    /// once the limit is raised.
    #[test]
    fn a_name_beyond_a_limit_is_a_dead_letter_until_the_limit_is_raised() -> Result<(), Error> {
        let directory = tempfile::tempdir()?;
        let db = directory.path().join("relata.db");
        let server = Server::start_with(&db, &LIMITS)?;
        let known = relation("r1", "L", "a", ["x", "y"]);
        assert_eq!(server.post("/webhooks", known.as_bytes())?.status, 200);
        let beyond = [
            (relation("r2", "M", "a", ["x", "y"]), "too_many_locations", "locationId"),
            (relation("r3", "L", "b", ["x", "y"]), "too_many_associations", "associationId"),
            (relation("r4", "L", "a", ["x", "z"]), "too_many_object_keys", "secondObjectKey"),
            (relation("r5", "L", "a", ["y", "x"]), "too_many_edge_types", "associationId"),
        ];
        for (body, code, field) in &beyond {
            let body = body.replacen('{', r#"{"traceId":"t-9","#, 1);
            let expected = (422, json!(code), json!(field));
            let answer = server.post("/webhooks", body.as_bytes())?;
            assert_eq!(told(&answer), expected);
            assert_eq!(answer.json()["traceId"], "t-9");
            let examined = server.post("/v1/doctor", body.as_bytes())?.json();
            let effect = &examined["effect"];
            assert_eq!((&examined["answer"], &effect["status"]), (&json!(422), &json!("refused")));
            assert_eq!((&effect["code"], &effect["field"]), (&json!(code), &json!(field)));
            let line = server.request("POST", "/v1/import", &[], body.as_bytes())?.json();
            assert_eq!((&line["refused"], &line["results"][0]["code"]), (&json!(1), &json!(code)));
            let metrics = server.get("/metrics")?.text();
            let counted =
                format!(r#"relata_deliveries_total{{type="RelationCreate",status="{code}"}} 1"#);
            assert!(metrics.contains(&counted), "{metrics}");
        }
        assert_eq!(server.get("/readyz")?.json()["seq"], 1, "none takes a seq");
        let letters = server.get("/v1/dead-letters")?.json();
        assert_eq!(letters["total"], 4, "{letters}");
        assert_eq!(letters["deadLetters"][0]["locationId"], "M");
        let again = server.post("/v1/dead-letters/1/replay", b"")?;
        assert_eq!(told(&again), (422, json!("too_many_locations"), json!("locationId")));
        let all = server.post("/v1/dead-letters/replay", b"")?.json();
        assert_eq!(all, json!({"accepted": 0, "refused": 4}));
        assert_eq!(server.post("/webhooks", undone(&known).as_bytes())?.status, 200);
        server.kill()?;

        let command = |arguments: &[&str]| {
            relata().arg("--db").arg(&db).args(["--log", "off"]).args(arguments).output()
        };
        let replay = ["dead-letters", "replay", "--all"];
        let refused = command(&[&replay[..], &LIMITS[..]].concat())?;
        let text = String::from_utf8(refused.stdout)?;
        assert_eq!(
            (refused.status.code(), &*text),
            (Some(1), "0 accepted, 4 still cannot be used\n")
        );
        let file = directory.path().join("events.ndjson");
        let [(first, ..), ..] = &beyond;
        std::fs::write(&file, first)?;
        let file = file.to_str().ok_or("path")?;
        let ingested = command(&[&["ingest", file], &LIMITS[..]].concat())?;
        assert_eq!(ingested.status.code(), Some(1), "{ingested:?}");
        let server = Server::start_with(&db, &["--locations", "2"])?;
        let all = server.post("/v1/dead-letters/replay", b"")?.json();
        assert_eq!(all, json!({"accepted": 4, "refused": 0}));
        let listed = server.get("/v1/locations?limit=1")?.json();
        let next = listed["next"].as_str().ok_or("there is another")?;
        let rest = server.get(&format!("/v1/locations?limit=1&cursor={next}"))?.json();
        assert_eq!(
            (&rest["locations"][0]["locationId"], &rest["next"]),
            (&json!("M"), &Value::Null)
        );
        Ok(())
    }
}
