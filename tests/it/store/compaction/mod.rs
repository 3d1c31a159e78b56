//! What was deleted long ago leaves memory and the checkpoint, and no answer tells.

mod cursors;
mod forgotten;
mod histories;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use relata::graph::{Budget, LinkQuery, LocationGraph};
use relata::journal::MemoryJournal;
use relata::{NodeRef, Options, Store, Timestamp};

use crate::support::clock::{DAY, ManualClock};

/// Days after which a deletion is forgotten.
const KEEP: u64 = 10;

fn options(clock: &ManualClock) -> Options {
    Options {
        clock: clock.shared(),
        keep_tombstones: Some(Duration::from_secs(KEEP * 24 * 3600)),
        // Only when the test says so.
        checkpoint_events: u64::MAX,
        checkpoint_interval: Duration::from_secs(3600),
        ..Options::default()
    }
}

const OBJECTS: [&str; 2] = ["contact", "house"];

const RECORDS: usize = 4;

const RELATIONS: usize = 6;

const ASSOCIATIONS: usize = 3;

fn id(kind: &str, number: usize) -> String {
    format!("{kind}{number}")
}

fn dated(at: Option<i64>, body: &str) -> String {
    let at = at.map(|day| Timestamp::from_millis(day * DAY));
    let at = at.map_or(String::new(), |at| format!(r#","timestamp":"{at}""#));
    format!(r#"{{"locationId":"L"{at},{body}}}"#)
}

#[derive(Debug, Clone)]
enum What {
    Relation { relation: usize, association: usize, ends: (usize, usize), deleted: bool },
    Association { association: usize, deleted: bool },
    Record { object: Option<usize>, record: usize, deleted: bool },
}

impl What {
    fn body(&self, at: Option<i64>) -> String {
        let event = |deleted: bool| if deleted { "Delete" } else { "Create" };
        match *self {
            Self::Relation { relation, association, ends, deleted } => dated(
                at,
                &format!(
                    r#""type":"Relation{}","id":"r{relation}","associationId":"a{association}",
                    "firstObjectKey":"contact","firstRecordId":"x{}",
                    "secondObjectKey":"house","secondRecordId":"x{}""#,
                    event(deleted),
                    ends.0,
                    ends.1
                ),
            ),
            Self::Association { association, deleted } => dated(
                at,
                &format!(
                    r#""type":"Association{}","id":"a{association}","key":"k{association}",
                    "firstObjectKey":"contact","firstObjectLabel":"Owner",
                    "secondObjectKey":"house","secondObjectLabel":"House""#,
                    event(deleted)
                ),
            ),
            Self::Record { object, record, deleted } => {
                let object = object.map_or(String::new(), |object| {
                    format!(r#""objectKey":"{}","#, OBJECTS.get(object).unwrap())
                });
                let body = format!(r#"{object}"type":"Record{}","id":"x{record}""#, event(deleted));
                dated(at, &body)
            }
        }
    }
}

fn what() -> impl Strategy<Value = What> {
    let relation =
        (0..RELATIONS, 0..ASSOCIATIONS, (0..RECORDS, 0..RECORDS), prop::bool::weighted(0.6));
    let relation = relation.prop_map(|(relation, association, ends, deleted)| What::Relation {
        relation,
        association,
        ends,
        deleted,
    });
    let association = (0..ASSOCIATIONS, any::<bool>())
        .prop_map(|(association, deleted)| What::Association { association, deleted });
    let record = (prop::option::weighted(0.7, 0..2usize), 0..RECORDS, any::<bool>());
    let record =
        record.prop_map(|(object, record, deleted)| What::Record { object, record, deleted });
    prop_oneof![5 => relation, 1 => association, 3 => record]
}

/// Every answer that there is, in the order of its lists. A record that is not known has
/// none, as one that was deleted.
fn answers(graph: Option<&LocationGraph>) -> String {
    let Some(graph) = graph else { return String::new() };
    let counts = graph.view().counts();
    if counts == relata::graph::Counts::default() {
        return String::new();
    }
    let mut told = format!("{counts:?}\n");
    for object in graph.view().objects() {
        writeln!(told, "{object:?}").unwrap();
    }
    for association in graph.view().associations() {
        writeln!(told, "{association:?}").unwrap();
    }
    for object in OBJECTS {
        let records = graph.records(object, None, 100, &mut Budget::unbounded());
        for record in records.iter().flat_map(|page| &page.items) {
            writeln!(told, "{object} {record:?}").unwrap();
        }
        for record in (0..RECORDS).map(|number| id("x", number)) {
            let node: NodeRef = format!("{object}/{record}").parse().unwrap();
            let page = graph.view().links(&node, &LinkQuery::default(), &mut Budget::unbounded());
            for link in page.iter().flat_map(|page| &page.links) {
                writeln!(told, "{node} {link:?}").unwrap();
            }
        }
    }
    told
}

fn now(store: &Store) -> String {
    let location = store.location("L").unwrap();
    let graph = location.as_ref().map(|location| location.read());
    answers(graph.as_deref())
}

/// Copies what is on disk now.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

/// A store whose journal is kept somewhere.
struct Kept<'h> {
    clock: &'h ManualClock,
    journal: Kind,
    store: Option<Store>,
}

enum Kind {
    Memory(MemoryJournal),
    File { directory: tempfile::TempDir, place: PathBuf },
}

impl<'h> Kept<'h> {
    fn new(clock: &'h ManualClock, journal: Kind) -> Self {
        let mut kept = Self { clock, journal, store: None };
        kept.open();
        kept
    }

    fn in_memory(clock: &'h ManualClock) -> Self {
        Self::new(clock, Kind::Memory(MemoryJournal::new()))
    }

    fn in_file(clock: &'h ManualClock) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("first");
        std::fs::create_dir(&place).unwrap();
        Self::new(clock, Kind::File { directory, place })
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn open(&mut self) {
        let options = options(self.clock);
        let store = match &self.journal {
            Kind::Memory(journal) => Store::with_journal(Box::new(journal.clone()), options),
            Kind::File { place, .. } => Store::open_with(place.join("relata.db"), options),
        };
        self.store = Some(store.unwrap());
    }

    fn close(&mut self) {
        self.store.take().unwrap().close().unwrap();
    }

    /// Goes on with what was on disk a moment before.
    fn crash(&mut self, number: usize) {
        match &mut self.journal {
            Kind::Memory(_) => self.close(),
            Kind::File { directory, place } => {
                let next = directory.path().join(format!("after {number}"));
                copy(place, &next);
                self.store = None;
                *place = next;
            }
        }
        self.open();
    }

    fn reader(&self) -> Option<Store> {
        match &self.journal {
            Kind::Memory(_) => None,
            Kind::File { place, .. } => {
                Some(Store::open_read_only(place.join("relata.db")).unwrap())
            }
        }
    }

    fn verify(&self) {
        let mut journal = self.store().reader().unwrap();
        let found = relata::verify(journal.as_mut(), 10).unwrap();
        assert_eq!(found.differences, [], "of {found:?}");
    }
}

/// So many relations of `contact/x0`, each to a house of its own.
fn relate(store: &Store, numbers: impl IntoIterator<Item = usize>, deleted: bool) {
    for number in numbers {
        let what = What::Relation { relation: number, association: 0, ends: (0, number), deleted };
        store.ingest(what.body(None).as_bytes()).unwrap();
    }
}

fn forget_houses(store: &Store, numbers: impl IntoIterator<Item = usize>) {
    for record in numbers {
        let what = What::Record { object: Some(1), record, deleted: true };
        store.ingest(what.body(None).as_bytes()).unwrap();
    }
}

/// Lets so much time pass that what was deleted is dropped, and drops it.
fn compact(store: &Store, clock: &ManualClock) -> u64 {
    clock.pass_days(2 * KEEP.cast_signed());
    let young = What::Record { object: Some(0), record: 9_999, deleted: false };
    store.ingest(young.body(None).as_bytes()).unwrap();
    store.compact().unwrap()
}
