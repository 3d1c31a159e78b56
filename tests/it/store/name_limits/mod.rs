//! What it costs when a sender invents names: locations, object keys, associations.

mod cases;

use std::path::Path;

use relata::journal::MemoryJournal;
use relata::operations::NameLimits;
use relata::{Delivery, Options, Status, Store};

use crate::support::database::fresh;
use crate::support::long;
use crate::support::process::{in_own_process, resident};

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

pub(crate) fn relation(id: &str, location: &str, association: &str, keys: [&str; 2]) -> String {
    let [first, second] = keys;
    format!(
        r#"{{"id":"{id}","associationId":"{association}","locationId":"{location}","firstObjectKey":"{first}","firstRecordId":"a","secondObjectKey":"{second}","secondRecordId":"b","webhookId":"w-{id}"}}"#
    )
}

pub(crate) fn undone(relation: &str) -> String {
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

/// A sort of name, how many there may be, and a line that brings in another.
type Sort = (&'static str, usize, fn(usize) -> String);

/// An import of names alone, in transactions of thousands of lines.
#[test]
fn invented_names_are_bounded_in_memory_and_time() {
    in_own_process(&invented_names_are_bounded_in_memory_and_time, || {
        let count = long::rounds(3_000, 200_000) as usize;
        let limits = match count {
            ..10_000 => NameLimits { locations: 1_000, ..NameLimits::default() },
            _ => NameLimits::default(),
        };
        let sorts: [Sort; 5] = [
            ("locations", limits.locations, |n| {
                relation(&format!("r{n}"), &format!("location-{n}"), "a", ["x", "y"])
            }),
            ("object keys", limits.object_keys, |n| {
                record("RecordCreate", "L", &format!("key-{n}"))
            }),
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
            let before = resident(std::process::id());
            let start = std::time::Instant::now();
            let counts = store.import().read(input.as_bytes(), |_| Ok(())).unwrap();
            long::tell(name, format!("{count} lines in {:?}", start.elapsed()));
            let taken = count.min(limit);
            assert_eq!(
                (counts.applied, counts.refused),
                (taken as u64, (count - taken) as u64),
                "{name}"
            );
            let grown = resident(std::process::id())
                .zip(before)
                .map_or(0, |(now, before)| now.saturating_sub(before));
            long::tell(name, format!("{} KiB more resident", grown >> 10));
            // Two transactions of an import, and what the names themselves take.
            assert!(grown < (96 << 20) + taken as u64 * 4 * 1024, "{name}: {grown} bytes");
            // What the limit leaves is still fast to ask and to write to.
            let known = input.lines().next().unwrap();
            let start = std::time::Instant::now();
            (0..100).for_each(|_| drop(store.ingest(known.as_bytes()).unwrap()));
            assert!(start.elapsed().as_secs() < 30, "{name}");
            store.close().unwrap();
        }
    });
}

/// What reads beside a server, as `relata doctor` does, tells the same of a store of which
/// it loads one location.
#[test]
fn a_reader_of_one_location_knows_how_many_there_are() {
    let (_directory, db) = fresh().unwrap();
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
