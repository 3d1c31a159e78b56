//! What was deleted long ago leaves memory and the checkpoint, and no answer tells.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod long;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use relata::graph::{LinkQuery, LocationGraph};
use relata::journal::MemoryJournal;
use relata::{Clock, ClockReading, NodeRef, Options, Seq, Store, Timestamp};

const DAY: i64 = 24 * 3_600_000;

/// Days after which a deletion is forgotten.
const KEEP: u64 = 10;

/// A clock that only the test moves.
#[derive(Debug, Clone, Default)]
struct Hands(Arc<AtomicI64>);

impl Hands {
    fn pass(&self, days: i64) {
        self.0.fetch_add(days * DAY, Relaxed);
    }

    fn clock(&self) -> Clock {
        let passed = Arc::clone(&self.0);
        Clock::new(move || {
            let passed = passed.load(Relaxed);
            ClockReading {
                wall: Timestamp::from_millis(20_000 * DAY + passed),
                steady: Duration::from_millis(passed.unsigned_abs()),
            }
        })
    }
}

fn options(hands: &Hands) -> Options {
    Options {
        clock: hands.clock(),
        keep_tombstones: Some(Duration::from_secs(KEEP * 24 * 3600)),
        // Only when the test says so.
        checkpoint_events: u64::MAX,
        checkpoint_interval: Duration::from_secs(3600),
        ..Options::default()
    }
}

/// Rows that all compactions of this run have dropped.
static DROPPED: AtomicU64 = AtomicU64::new(0);

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
                    format!(r#""objectKey":"{}","#, OBJECTS[object])
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

#[derive(Debug, Clone)]
enum Step {
    /// What happened, and on which day by its own words.
    Event(What, Option<i64>),
    Pass(i64),
    Compact,
    Checkpoint,
    Reopen,
    /// The power fails: what was not committed is gone.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (what(), prop::option::weighted(0.7, 0..40i64)).prop_map(|(what, at)| Step::Event(what, at)),
        5 => (5..20i64).prop_map(Step::Pass),
        4 => Just(Step::Compact),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
    ]
}

/// Every answer that there is, in the order of its lists. A record that is not known has
/// none, as one that was deleted.
fn answers(graph: Option<&LocationGraph>) -> String {
    let Some(graph) = graph else { return String::new() };
    let counts = graph.counts();
    if counts == relata::graph::Counts::default() {
        return String::new();
    }
    let mut told = format!("{counts:?}\n");
    for object in graph.objects() {
        told += &format!("{object:?}\n");
    }
    for association in graph.associations() {
        told += &format!("{association:?}\n");
    }
    for object in OBJECTS {
        let records = graph.records(object, None, 100);
        for record in records.iter().flat_map(|page| &page.records) {
            told += &format!("{object} {record:?}\n");
        }
        for record in (0..RECORDS).map(|number| id("x", number)) {
            let node: NodeRef = format!("{object}/{record}").parse().unwrap();
            let page = graph.links(&node, &LinkQuery::default());
            for link in page.iter().flat_map(|page| &page.links) {
                told += &format!("{node} {link:?}\n");
            }
        }
    }
    told
}

fn now(store: &Store) -> String {
    let location = store.location("L");
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
    hands: &'h Hands,
    journal: Kind,
    store: Option<Store>,
}

enum Kind {
    Memory(MemoryJournal),
    File { directory: tempfile::TempDir, place: PathBuf },
}

impl<'h> Kept<'h> {
    fn new(hands: &'h Hands, journal: Kind) -> Self {
        let mut kept = Self { hands, journal, store: None };
        kept.open();
        kept
    }

    fn in_memory(hands: &'h Hands) -> Self {
        Self::new(hands, Kind::Memory(MemoryJournal::new()))
    }

    fn in_file(hands: &'h Hands) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("first");
        std::fs::create_dir(&place).unwrap();
        Self::new(hands, Kind::File { directory, place })
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn open(&mut self) {
        let options = options(self.hands);
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

fn check(mut kept: Kept<'_>, steps: Vec<Step>) {
    let mut told: BTreeMap<Seq, String> = BTreeMap::new();
    for (number, step) in steps.into_iter().enumerate() {
        let before = now(kept.store());
        match step {
            Step::Event(what, at) => {
                kept.store().ingest(what.body(at).as_bytes()).unwrap();
                told.insert(kept.store().head(), now(kept.store()));
                continue;
            }
            Step::Pass(days) => kept.hands.pass(days),
            Step::Compact => {
                DROPPED.fetch_add(kept.store().compact().unwrap(), Relaxed);
                assert_eq!(kept.store().compact().unwrap(), 0, "twice is once");
            }
            Step::Checkpoint => kept.store().checkpoint().unwrap(),
            Step::Reopen => {
                kept.close();
                kept.open();
                kept.verify();
            }
            Step::Crash => kept.crash(number),
        }
        assert_eq!(now(kept.store()), before, "{step:?} shows");
    }
    kept.verify();
    let reader = kept.reader();
    if let Some(reader) = &reader {
        assert_eq!(now(reader), now(kept.store()), "a reader sees something else");
    }
    for store in [Some(kept.store()), reader.as_ref()].into_iter().flatten() {
        // Of one that goes on from the other, and then of one that does not.
        for (seq, then) in told.iter().chain(told.iter().rev()) {
            let past = store.past("L", *seq).unwrap();
            assert_eq!(answers(Some(&past.graph)), *then, "as of {seq}");
        }
    }
    kept.close();
    kept.open();
    kept.verify();
}

#[test]
fn a_compaction_shows_in_no_answer_and_in_every_replay() {
    let steps = || prop::collection::vec(step(), 1..60);
    let run = |cases, in_file| {
        let mut runner = TestRunner::new(ProptestConfig {
            cases,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let checked = runner.run(&steps(), |steps| {
            let hands = Hands::default();
            let kept = if in_file { Kept::in_file(&hands) } else { Kept::in_memory(&hands) };
            check(kept, steps);
            Ok(())
        });
        checked.unwrap();
    };
    run(long::rounds(100, 5_000), false);
    run(long::rounds(8, 200), true);
    let dropped = DROPPED.load(Relaxed);
    long::tell("rows dropped by compactions", dropped);
    assert!(dropped > 50, "{dropped} rows were dropped: too few to prove anything");
}
