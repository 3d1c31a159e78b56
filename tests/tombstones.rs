//! What was deleted long ago leaves memory and the checkpoint, and no answer tells.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

mod faulty;
mod long;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use faulty::{Fault, Faulty};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use relata::graph::{
    Condition, Cursor, Edge, Effort, Life, LinkFilter, LinkQuery, LocationGraph, MatchQuery, Order,
    PartQuery,
};
use relata::journal::{CheckpointRow, JournalReader, MemoryJournal};
use relata::{Clock, ClockReading, Delivery, NodeRef, Options, Seq, Status, Store, Timestamp};

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
        writeln!(told, "{object:?}").unwrap();
    }
    for association in graph.associations() {
        writeln!(told, "{association:?}").unwrap();
    }
    for object in OBJECTS {
        let records = graph.records(object, None, 100);
        for record in records.iter().flat_map(|page| &page.records) {
            writeln!(told, "{object} {record:?}").unwrap();
        }
        for record in (0..RECORDS).map(|number| id("x", number)) {
            let node: NodeRef = format!("{object}/{record}").parse().unwrap();
            let page = graph.links(&node, &LinkQuery::default());
            for link in page.iter().flat_map(|page| &page.links) {
                writeln!(told, "{node} {link:?}").unwrap();
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

/// What is there at the end of all life spans, and what the graph shows.
fn alive(store: &Store) -> [Vec<String>; 2] {
    let (_, lives) = store.lives("L", None).unwrap();
    let part = lives.view().part(&PartQuery::default()).unwrap();
    let is_last = |lives: Vec<Life>| lives.last().is_some_and(|life| life.until.is_none());
    let ends = |link: &Edge<'_>| {
        format!("{:?} {:?} {:?}", link.relation, link.first.record, link.second.record)
    };
    let links = part.links().filter(|link| is_last(lives.of_link(link)));
    let nodes = part.nodes().filter(|node| is_last(lives.of_node(node)));
    let told = links.map(|link| ends(&link)).chain(nodes.map(|node| format!("{node:?}"))).collect();
    let Some(location) = store.location("L") else { return [told, vec![]] };
    let graph = location.read();
    let part = graph.view().part(&PartQuery::default()).unwrap();
    let links = part.links().map(|link| ends(&link));
    [told, links.chain(part.nodes().map(|node| format!("{node:?}"))).collect()]
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
    let [lives, shown] = alive(kept.store());
    assert_eq!(lives, shown, "life spans end otherwise");
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

/// Life spans showed a link that had been dropped with its association as there again,
/// once the association came back.
#[test]
fn a_link_that_was_dropped_with_its_association_stays_away_when_that_comes_back() {
    let relation =
        |relation| What::Relation { relation, association: 0, ends: (0, 0), deleted: false };
    let association = |deleted| What::Association { association: 0, deleted };
    let steps = vec![
        Step::Event(relation(2), None),
        Step::Event(association(true), None),
        Step::Pass(5),
        Step::Event(relation(0), None),
        Step::Pass(6),
        Step::Compact,
        Step::Event(association(false), Some(0)),
    ];
    check(Kept::in_memory(&Hands::default()), steps);
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
fn compact(store: &Store, hands: &Hands) -> u64 {
    hands.pass(2 * KEEP.cast_signed());
    let young = What::Record { object: Some(0), record: 9_999, deleted: false };
    store.ingest(young.body(None).as_bytes()).unwrap();
    store.compact().unwrap()
}

/// Asks for the first pages of a list, each longer than the one before; then some of it
/// is deleted and dropped, and each is gone on with.
fn go_on<C: Copy>(
    page: impl Fn(Option<C>, usize) -> (Vec<String>, Option<C>),
    drop: impl FnOnce(),
    dropped: impl Fn(&String) -> bool,
) {
    let (whole, _) = page(None, 1_000);
    let first: Vec<_> = (1..whole.len()).map(|limit| page(None, limit)).collect();
    drop();
    for (seen, next) in first {
        let (rest, end) = page(Some(next.unwrap()), 1_000);
        let left = whole.iter().skip(seen.len()).filter(|name| !dropped(name));
        assert_eq!(rest, left.cloned().collect::<Vec<_>>(), "behind {:?}", seen.last());
        assert!(end.is_none());
    }
}

/// A page that was handed out before is gone on with where it ended, also behind a link
/// that is no more.
#[test]
fn a_cursor_outlives_a_compaction() {
    for list in ["oldest", "newest", "matches", "records"] {
        let hands = Hands::default();
        let kept = Kept::in_memory(&hands);
        let store = kept.store();
        relate(store, 0..40, false);
        relate(store, (0..40).step_by(3), true);
        forget_houses(store, (0..40).step_by(3));
        assert!(compact(store, &hands) > 20);
        relate(store, 40..60, false);
        let location = store.location("L").unwrap();
        let hub: NodeRef = "contact/x0".parse().unwrap();
        let drop = || {
            relate(store, (0..60).step_by(2), true);
            forget_houses(store, (0..60).step_by(2));
            assert!(compact(store, &hands) > 20);
        };
        let dropped = |name: &String| name[1..].parse::<usize>().unwrap() % 2 == 0;
        let links = |order: Order, after: Option<Cursor>, limit| {
            let query = LinkQuery { order, after, limit, ..LinkQuery::default() };
            let graph = location.read();
            let page = graph.links(&hub, &query).unwrap();
            let names = page.links.iter().map(|link| link.record.unwrap().to_owned());
            (names.collect(), page.next)
        };
        match list {
            "oldest" => go_on(|after, limit| links(Order::Oldest, after, limit), drop, dropped),
            "newest" => go_on(|after, limit| links(Order::Newest, after, limit), drop, dropped),
            "records" => {
                let records = |after, limit| {
                    let graph = location.read();
                    let page = graph.records("house", after, limit).unwrap();
                    let names = page.records.iter().map(|line| line.record.to_owned());
                    (names.collect(), page.next)
                };
                go_on(records, drop, dropped);
            }
            _ => {
                let matches = |after, limit| {
                    let linked_to = hub.clone();
                    let all = vec![Condition { linked_to, filter: LinkFilter::default() }];
                    let query = MatchQuery { all, after, limit, ..MatchQuery::default() };
                    let graph = location.read();
                    let page = graph.view().matches(&query, &mut Effort::unbounded()).unwrap();
                    let names = page.matches.iter().map(|it| it.record.unwrap().to_owned());
                    (names.collect(), page.next)
                };
                go_on(matches, drop, dropped);
            }
        }
    }
}

/// The one thing that is not as before: a late event. While the delete is known it does
/// nothing, and later it brings back what was deleted; in every replay, too.
#[test]
fn an_event_from_before_a_delete_that_is_forgotten_brings_it_back() {
    let hands = Hands::default();
    let mut kept = Kept::in_file(&hands);
    let create = |at: i64| {
        What::Relation { relation: 1, association: 0, ends: (0, 1), deleted: false }.body(Some(at))
    };
    let delete = What::Relation { relation: 1, association: 0, ends: (0, 1), deleted: true };
    let store = kept.store();
    store.ingest(create(1).as_bytes()).unwrap();
    store.ingest(delete.body(Some(5)).as_bytes()).unwrap();
    relate(store, [2], false);
    hands.pass(KEEP.cast_signed() - 1);
    assert_eq!(store.compact().unwrap(), 0);
    assert_eq!(store.ingest(create(2).as_bytes()).unwrap().status, Status::Stale);
    hands.pass(2);
    assert_eq!(store.compact().unwrap(), 1);
    // The sender has given up long ago, but a person sends it once more.
    let late = store.ingest(create(3).as_bytes()).unwrap();
    assert_eq!(late.status, Status::Applied);
    let relations = |store: &Store, seq: Seq| {
        let now = seq == store.head();
        let past = store.past("L", seq).unwrap();
        if now {
            let live = store.location("L").unwrap().read().counts().relations;
            assert_eq!(past.graph.counts().relations, live);
        }
        past.graph.counts().relations
    };
    kept.verify();
    kept.crash(1);
    kept.verify();
    let store = kept.store();
    let seen: Vec<u64> = (1..=5).map(|seq| relations(store, seq)).collect();
    assert_eq!(seen, [1, 0, 1, 1, 2]);
}

/// With `--keep-events` shorter than `--keep-tombstones`: when pruned events came in was
/// not known any more, and every delete among them would have been forgotten at once.
#[test]
fn a_delete_is_kept_in_mind_for_longer_than_its_event() {
    let hands = Hands::default();
    let day = Duration::from_secs(24 * 3600);
    let journal = MemoryJournal::new();
    let options = || Options { keep_events: Some(2 * day), ..options(&hands) };
    let open = || Store::with_journal(Box::new(journal.clone()), options()).unwrap();
    let store = open();
    relate(&store, 0..20, false);
    relate(&store, 0..19, true);
    hands.pass(3);
    relate(&store, 20..30, false);
    // Pruning waits for a checkpoint, and compactions of an open store for an hour.
    let pruned = |store: &Store| {
        store.checkpoint().unwrap();
        let mut tries = 0;
        while store.pruned().unwrap() < 39 && tries < 1_000 {
            std::thread::sleep(Duration::from_millis(5));
            tries += 1;
        }
        store.pruned().unwrap()
    };
    assert_eq!(pruned(&store), 39);
    assert_eq!(store.compact().unwrap(), 0, "they were deleted three days ago");
    store.close().unwrap();
    let store = open();
    assert_eq!(store.compact().unwrap(), 0);
    hands.pass(KEEP.cast_signed());
    assert_eq!(store.compact().unwrap(), 19);
    relate(&store, 30..35, false);
    relate(&store, 20..25, true);
    assert_eq!(relata::verify(&mut journal.clone(), 10).unwrap().differences, []);
    hands.pass(KEEP.cast_signed() + 1);
    assert_eq!(store.compact().unwrap(), 5);
    relate(&store, 40..45, false);
    store.close().unwrap();
    let found = relata::verify(&mut journal.clone(), 10).unwrap();
    assert_eq!(found.differences, []);
    assert!(found.pruned >= 39);
}

/// Whether it was written down or not when the disk failed: what is seen, and what a
/// replay gives, is the same.
#[test]
fn a_compaction_that_may_not_be_written_down_is_done_if_it_was() {
    for (lasts, is_away) in [(false, false), (true, false), (false, true), (true, true)] {
        let hands = Hands::default();
        let journal = MemoryJournal::new();
        let faulty = Faulty::new(journal.clone(), Fault::Full, u64::MAX);
        let plan = Arc::clone(&faulty.plan);
        let store = Store::with_journal(Box::new(faulty), options(&hands)).unwrap();
        relate(&store, 0..20, false);
        relate(&store, 0..19, true);
        hands.pass(KEEP.cast_signed() + 1);
        plan.compactions_fail.store(true, Relaxed);
        plan.compactions_last.store(lasts, Relaxed);
        plan.is_away.store(is_away, Relaxed);
        store.compact().unwrap_err();
        plan.compactions_fail.store(false, Relaxed);
        plan.is_away.store(false, Relaxed);
        let mut tries = 0;
        while store.failure().is_some() && tries < 2_000 {
            std::thread::sleep(Duration::from_millis(5));
            tries += 1;
        }
        // Late: what it does depends on whether the delete is forgotten.
        relate(&store, [3], false);
        let live = now(&store);
        assert_eq!(journal.clone().compactions(0).unwrap().len(), usize::from(lasts));
        let found = relata::verify(&mut journal.clone(), 10).unwrap();
        assert_eq!(found.differences, []);
        store.close().unwrap();
        let again = Store::with_journal(Box::new(journal), options(&hands)).unwrap();
        assert_eq!(now(&again), live, "{lasts} {is_away}");
        let links = again.location("L").unwrap().read().counts().relations;
        assert_eq!(links, if lasts { 2 } else { 1 });
    }
}

/// With a location that is erased its compactions go: what comes for it later begins anew.
#[test]
fn an_erased_location_has_no_compactions() {
    let hands = Hands::default();
    let mut kept = Kept::in_file(&hands);
    relate(kept.store(), 0..20, false);
    relate(kept.store(), 0..19, true);
    assert_eq!(compact(kept.store(), &hands), 19);
    kept.store().erase_location("L").unwrap().unwrap();
    assert_eq!(kept.store().reader().unwrap().compactions(0).unwrap(), []);
    relate(kept.store(), 0..20, false);
    relate(kept.store(), 5..10, true);
    kept.crash(1);
    kept.verify();
    assert_eq!(kept.store().location("L").unwrap().read().counts().relations, 15);
}

/// How many rows the checkpoint has.
fn rows(store: &Store) -> usize {
    store.checkpoint().unwrap();
    let mut rows = 0;
    let mut count = |row: &CheckpointRow<'_>| {
        rows += usize::from(matches!(row, CheckpointRow::State { .. }));
        Ok(())
    };
    store.reader().unwrap().load_checkpoint(&mut count).unwrap();
    rows
}

/// Half a million relations that were created and deleted took 113 MB for ever, after a
/// restart too.
#[test]
fn a_location_that_churns_is_as_small_as_what_it_holds() {
    let hands = Hands::default();
    let mut kept = Kept::in_file(&hands);
    let many = long::rounds(2_000, 500_000) as usize;
    let told = |deleted: bool| {
        (0..many).filter(move |number| !deleted || number % 10 != 0).map(move |number| {
            let ends = (number, number);
            What::Relation { relation: number, association: 0, ends, deleted }.body(None)
        })
    };
    let gone = |object: usize| {
        (0..many).filter(|number| number % 10 != 0).map(move |record| {
            What::Record { object: Some(object), record, deleted: true }.body(None)
        })
    };
    let bodies = told(false).chain(told(true)).chain(gone(0)).chain(gone(1));
    for body in bodies {
        kept.store()
            .submit_waiting(Delivery::read(body.as_bytes(), None, None).unwrap(), |_| ())
            .unwrap();
    }
    let before = rows(kept.store());
    assert!(before > 3 * many, "{before}");
    let shown = now(kept.store());
    assert!(compact(kept.store(), &hands) >= (3 * many * 9 / 10 - 3) as u64);
    let after = rows(kept.store());
    long::tell("rows before and after", format!("{before} {after}"));
    assert!(after <= 3 * many / 10 + 16, "{after}");
    kept.close();
    kept.open();
    kept.verify();
    assert_eq!(now(kept.store()).lines().count(), shown.lines().count());
}
