//! Repeats are known across restarts, whatever is read of their ids at the start and what
//! later.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use relata::import::LineOutcome;
use relata::journal::{MemoryJournal, SqliteJournal};
use relata::{IngestError, Options, Receipt, Status, Store};

use crate::store::execute;
use crate::support::database::fresh;
use crate::support::fault_plan::{Fault, Plan};
use crate::support::faulty_journal::Faulty;
use crate::support::long;
use crate::support::random::Random;

/// Ids of one row of the index, in entries.
pub(super) const BLOCK: u64 = 32_768;

/// Parts of an index.
pub(super) const PARTS: u64 = 16;

pub(super) fn body(location: &str, number: u64) -> String {
    format!(
        r#"{{"type":"RecordUpdate","locationId":"{location}","id":"r","objectKey":"contact","webhookId":"w{number}"}}"#
    )
}

pub(super) fn tell(store: &Store, location: &str, number: u64) -> Result<Receipt, IngestError> {
    store.ingest(body(location, number).as_bytes())
}

pub(super) fn until(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(60), "it takes too long");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A journal in memory of these entries, all of which an index knows.
fn indexed(kept: &MemoryJournal, upto: u64) -> (Faulty<MemoryJournal>, Arc<Plan>) {
    let journal = Faulty::new(kept.clone(), Fault::Full, u64::MAX);
    let plan = Arc::clone(&journal.plan);
    plan.reads.indexed_upto.store(upto, Ordering::Relaxed);
    (journal, plan)
}

fn filled(count: u64) -> MemoryJournal {
    let kept = MemoryJournal::new();
    let store = Store::with_journal(Box::new(kept.clone()), Options::default()).unwrap();
    (0..count).for_each(|number| drop(tell(&store, "a", number).unwrap()));
    store.close().unwrap();
    kept
}

/// With ten million deliveries of the last seven days, the first one after a start waited
/// for three seconds, until the ids of all of them were read.
#[test]
fn a_delivery_is_answered_while_the_ids_of_others_are_still_read() {
    let (journal, plan) = indexed(&filled(200), 200);
    plan.reads.part_delay_ms.store(150, Ordering::Relaxed);
    let start = Instant::now();
    let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
    until(|| store.is_ready());
    assert_eq!(tell(&store, "a", 17).unwrap().status, Status::Duplicate);
    assert_ne!(tell(&store, "a", 200).unwrap().status, Status::Duplicate);
    let read = plan.reads.parts_read.load(Ordering::Relaxed);
    assert!((1..12).contains(&read), "{read} parts after {:?}", start.elapsed());
    assert_eq!(plan.ids_read.load(Ordering::Relaxed), 0);
    let closing = Instant::now();
    store.close().unwrap();
    assert!(closing.elapsed() < Duration::from_secs(2), "{:?}", closing.elapsed());
}

/// Nobody has to ask for them: the first delivery of a busy hour would wait.
#[test]
fn all_ids_are_recalled_while_nothing_comes() {
    let (journal, plan) = indexed(&filled(200), 200);
    let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
    until(|| plan.reads.parts_read.load(Ordering::Relaxed) == PARTS);
    // The writer takes in the last of them.
    std::thread::sleep(Duration::from_millis(500));
    plan.reads.parts_fail.store(true, Ordering::Relaxed);
    for number in 0..200 {
        assert_eq!(tell(&store, "a", number).unwrap().status, Status::Duplicate);
    }
    assert_eq!(plan.reads.parts_read.load(Ordering::Relaxed), PARTS);
}

/// A part that cannot be read must not make a repeat new.
#[test]
fn nothing_is_accepted_while_its_ids_cannot_be_read() {
    let (journal, plan) = indexed(&filled(200), 200);
    plan.reads.parts_fail.store(true, Ordering::Relaxed);
    let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
    for number in [3, 300] {
        assert!(tell(&store, "a", number).is_err());
    }
    let lines = [body("a", 3), body("a", 301)].join("\n");
    assert!(store.import().read(lines.as_bytes(), |_| Ok(())).is_err());
    let delivery = crate::support::sample::delivery(&body("a", 3));
    assert!(store.preview(delivery.clone()).is_err());
    assert_eq!(store.head(), 200);
    assert!(!store.write_failure().unwrap().is_final);

    plan.reads.parts_fail.store(false, Ordering::Relaxed);
    until(|| store.failure().is_none());
    let preview = store.preview(delivery).unwrap();
    assert_eq!((preview.status, preview.seq), (Status::Duplicate, Some(4)));
    let lines = store.import().read(lines.as_bytes(), |_| Ok(())).unwrap();
    assert_eq!(lines.duplicate, 1);
    assert_eq!(tell(&store, "a", 3).unwrap().seq, Some(4));
    assert_ne!(tell(&store, "a", 300).unwrap().status, Status::Duplicate);
}

/// What a store that knows everything would say.
#[derive(Default)]
struct Model {
    /// Ids in the order in which they were accepted, and how many came before each.
    known: HashMap<(u64, u64), u64>,
    accepted: u64,
    /// Number of last ids that are known for certain.
    certain: u64,
}

impl Model {
    fn check(&mut self, id: (u64, u64), status: Status) {
        let is_repeat = status == Status::Duplicate;
        match self.known.get(&id) {
            None => assert!(!is_repeat, "{id:?} is new"),
            Some(at) if self.accepted - at <= self.certain => {
                assert!(is_repeat, "{id:?} was number {at} of {}", self.accepted);
            }
            Some(_) => {}
        }
        if !is_repeat {
            self.known.insert(id, self.accepted);
            self.accepted += 1;
        }
    }
}

const LOCATIONS: [&str; 3] = ["a", "b", "c"];

struct Run {
    kept: MemoryJournal,
    plan: Arc<Plan>,
    store: Option<Store>,
    options: Options,
    random: Random,
    model: Model,
    next: u64,
}

impl Run {
    fn new(seed: u64, room: usize) -> Self {
        let options = Options {
            remembered_deliveries: room,
            checkpoint_events: 8,
            keep_events: (seed % 2 == 1).then_some(Duration::ZERO),
            ..Options::default()
        };
        let model = Model { certain: room as u64 / 2, ..Model::default() };
        let (kept, random) = (MemoryJournal::new(), Random(seed));
        let mut run =
            Self { kept, plan: Arc::default(), store: None, options, random, model, next: 0 };
        run.restart();
        run
    }

    /// Opens the journal, of which an index knows any run of entries.
    fn restart(&mut self) {
        let head = self.store.take().map_or(0, |store| store.head());
        let (journal, plan) = indexed(&self.kept, self.random.below(head + 1));
        let upto = plan.reads.indexed_upto.load(Ordering::Relaxed);
        plan.reads.indexed_after.store(self.random.below(upto + 1), Ordering::Relaxed);
        plan.reads.parts_fail.store(self.random.below(4) == 0, Ordering::Relaxed);
        let append = [Fault::Full, Fault::Sync][usize::try_from(head % 2).unwrap()];
        let journal = Faulty { append, ..journal };
        self.store = Some(Store::with_journal(Box::new(journal), self.options.clone()).unwrap());
        self.plan = plan;
    }

    /// Waits until everything works.
    fn calm(&self) -> &Store {
        let store = self.store.as_ref().unwrap();
        self.plan.reads.parts_fail.store(false, Ordering::Relaxed);
        self.plan.failures_left.store(0, Ordering::Relaxed);
        until(|| store.failure().is_none() && store.is_ready());
        store
    }

    fn number(&mut self) -> u64 {
        if self.random.below(3) > 0 {
            self.next += 1;
        }
        self.next - self.random.below(self.next.min(60) + 1)
    }

    fn deliver(&mut self) {
        let (of, number) = (self.random.below(3), self.number());
        if self.random.below(10) == 0 {
            self.plan.failures_left.store(1, Ordering::Relaxed);
            self.plan.appends_left.store(0, Ordering::Relaxed);
        }
        let store = self.store.as_ref().unwrap();
        let mut head = store.head();
        let status = loop {
            if let Ok(receipt) = tell(store, LOCATIONS[usize::try_from(of).unwrap()], number) {
                break receipt.status;
            }
            // It is sent again; perhaps it was written all the same.
            self.calm();
            if store.head() > head {
                head = store.head();
                self.model.check((of, number), Status::Unchanged);
            }
        };
        self.model.check((of, number), status);
    }

    fn import(&mut self) {
        let numbers: Vec<u64> = (0..5).map(|_| self.number()).collect();
        let lines: Vec<String> = numbers.iter().map(|number| body("a", *number)).collect();
        let mut statuses = Vec::new();
        self.calm()
            .import()
            .read(lines.join("\n").as_bytes(), |line| {
                let LineOutcome::Accepted { status, .. } = line.outcome else { unreachable!() };
                statuses.push(status);
                Ok(())
            })
            .unwrap();
        for (number, status) in numbers.into_iter().zip(statuses) {
            self.model.check((0, number), status);
        }
    }

    fn erase(&mut self) {
        let of = self.random.below(3);
        self.calm().erase_location(LOCATIONS[usize::try_from(of).unwrap()]).unwrap();
        self.model.known.retain(|(location, _), _| *location != of);
    }
}

/// Whatever is read at the start, and whatever fails meanwhile, is pruned or erased.
#[test]
fn statuses_are_those_of_a_store_that_knows_every_id() {
    for seed in 0..u64::from(long::rounds(12, 500)) {
        let mut run = Run::new(seed, if seed % 3 == 0 { 40 } else { 100_000 });
        for _ in 0..400 {
            match run.random.below(50) {
                0..=2 => run.restart(),
                3..=5 => run.import(),
                6 => run.erase(),
                _ => run.deliver(),
            }
        }
        let (kept, read) =
            (run.model.known.len(), run.plan.reads.parts_read.load(Ordering::Relaxed));
        long::tell("ids known, parts read", format!("{kept} {read}"));
    }
}

/// A file of so many deliveries to two locations, two blocks of which are indexed.
fn large(path: &Path) -> u64 {
    let count = 2 * BLOCK + 1_000;
    let store = Store::open(path).unwrap();
    let mut lines = String::new();
    for number in 0..count {
        lines.push_str(&body(["a", "b"][usize::try_from(number % 2).unwrap()], number));
        lines.push('\n');
    }
    store.import().read(lines.as_bytes(), |_| Ok(())).unwrap();
    until(|| rows(path) == 2 * PARTS);
    store.close().unwrap();
    count
}

fn rows(path: &Path) -> u64 {
    let select = "SELECT count(*) FROM delivery_block";
    rusqlite::Connection::open(path).unwrap().query_row(select, [], |row| row.get(0)).unwrap()
}

/// Sends every so many of the deliveries again, and returns how many of each location are
/// known.
pub(super) fn known(store: &Store, count: u64, step: usize) -> [usize; 2] {
    let is_known = |number: &u64| {
        let location = ["a", "b"][usize::try_from(number % 2).unwrap()];
        let delivery = crate::support::sample::delivery(&body(location, *number));
        let preview = store.preview(delivery).unwrap();
        let is_known = preview.status == Status::Duplicate;
        assert!(!is_known || preview.seq == Some(number + 1), "{number}: {preview:?}");
        is_known
    };
    [0, 1].map(|of| (of..count).step_by(step).filter(is_known).count())
}

/// An index that is damaged, lost or of an older version costs time, and no repeat.
#[test]
fn repeats_are_known_from_the_index_of_a_file_and_without_it() {
    let (directory, path) = fresh().unwrap();
    let count = large(&path);
    let all = |step| [0, 1].map(|of| (of..count).step_by(step).count());
    for (number, (sql, read)) in [
        ("", 1_000),
        ("UPDATE delivery_block SET hashes = zeroblob(length(hashes)) WHERE number % 8 = 0 AND number > 9", 1_000),
        ("UPDATE delivery_block SET number = number + 9 WHERE number > 9", 1_000),
        ("DELETE FROM delivery_block WHERE number % 8 = 0 AND number > 9", 1_000),
        ("DELETE FROM delivery_block WHERE number % 8 = 1", 1_000 + BLOCK),
        ("UPDATE delivery_key SET key = randomblob(16)", count),
        ("UPDATE delivery_key SET key = x'00'", count),
        ("DELETE FROM delivery_key", count),
        ("DELETE FROM delivery_block", count),
        ("DROP TABLE state_summary; DROP TABLE delivery_block; DROP TABLE delivery_key; PRAGMA user_version = 12", count),
    ]
    .into_iter()
    .enumerate()
    {
        let copy = directory.path().join(format!("{number}.db"));
        std::fs::copy(&path, &copy).unwrap();
        execute(&copy, sql);
        let reader = Store::open_read_only(&copy).unwrap();
        assert_eq!(known(&reader, count, 5_000), all(5_000), "{sql}");
        drop(reader);
        let journal = Faulty::new(SqliteJournal::open(&copy).unwrap(), Fault::Full, u64::MAX);
        let plan = Arc::clone(&journal.plan);
        let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
        until(|| store.is_ready());
        assert_eq!(plan.ids_read.load(Ordering::Relaxed), read, "{sql}");
        assert_eq!(known(&store, count, 250), all(250), "{sql}");
        for number in (0..20).map(|number| count + number) {
            assert_ne!(tell(&store, "a", number).unwrap().status, Status::Duplicate, "{sql}");
        }
        if number >= 8 {
            until(|| rows(&copy) == 2 * PARTS);
        }
        store.close().unwrap();
        std::fs::remove_file(copy).unwrap();
    }
}

/// What is left of an erased location in the index made the same deliveries repeats.
#[test]
fn ids_of_an_erased_location_are_forgotten_in_the_index_and_pruned_ones_are_not() {
    let (_directory, path) = fresh().unwrap();
    let count = large(&path);
    let [all, _] = [0, 1].map(|of| (of..count).step_by(250).count());
    let pruning = || Options { keep_events: Some(Duration::ZERO), ..Options::default() };
    let store = Store::open_with(&path, pruning()).unwrap();
    until(|| store.pruned().unwrap() == count);
    assert_eq!(known(&store, count, 250), [all, all]);
    store.close().unwrap();

    let store = Store::open(&path).unwrap();
    assert_eq!(known(&store, count, 250), [all, all], "those that are pruned are remembered");
    store.close().unwrap();
    // None is recalled before.
    let journal = Faulty::new(SqliteJournal::open(&path).unwrap(), Fault::Full, u64::MAX);
    journal.plan.reads.part_delay_ms.store(50, Ordering::Relaxed);
    let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
    store.erase_location("a").unwrap().unwrap();
    assert_eq!(known(&store, count, 250), [0, all]);
    store.close().unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(known(&store, count, 250), [0, all], "after a restart");
    assert_ne!(tell(&store, "a", 2).unwrap().status, Status::Duplicate);
    assert_eq!(tell(&store, "b", 3).unwrap().seq, Some(4));
    store.close().unwrap();
    let left = "SELECT sum(length(replace(hex(hashes), '00000000000000000000FFFF', ''))) / 24 \
        FROM delivery_block";
    let left: u64 =
        rusqlite::Connection::open(&path).unwrap().query_row(left, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 2 * BLOCK / 2, "only those of the other location");
}
