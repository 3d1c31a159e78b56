//! The time of receipt, by a clock that the test sets.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use relata::{AsOf, Options, Status, Store, Timestamp};

use crate::support::clock::{DAY, ManualClock};
use crate::support::database::fresh;
use crate::support::long;
use crate::support::random::Random;

fn open(path: &Path, clock: &ManualClock, keep_days: u64) -> Store {
    let options = Options {
        clock: clock.shared(),
        keep_events: Some(Duration::from_secs(keep_days * 24 * 3600)),
        ..Options::default()
    };
    Store::open_with(path, options).unwrap()
}

fn record(number: u32) -> String {
    format!(
        r#"{{"type":"RecordCreate","id":"r{number}","objectKey":"contact","locationId":"L","webhookId":"w{number}"}}"#
    )
}

fn tell(store: &Store, numbers: std::ops::Range<u32>, clock: &ManualClock) {
    for number in numbers {
        store.ingest(record(number).as_bytes()).unwrap();
        clock.pass(10);
    }
}

fn times(store: &Store) -> Vec<Timestamp> {
    let page = store.events("L", 0, 100_000).unwrap();
    page.events.into_iter().map(|event| event.received_at).collect()
}

/// For seven seconds a machine's clock stood a hundred days ahead. One event came in that
/// time; 300 of 301 were deleted, and the one that was left kept the rest for ninety days
/// too long.
#[test]
fn a_clock_that_is_ahead_for_a_while_deletes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let store = open(&directory.path().join("relata.db"), &clock, 90);
    tell(&store, 0..300, &clock);
    clock.set(100 * DAY);
    tell(&store, 300..301, &clock);
    store.checkpoint().unwrap();
    clock.pass(7_000);
    tell(&store, 301..302, &clock);
    clock.set(-100 * DAY);
    tell(&store, 302..303, &clock);
    // Pruning runs before what is asked next.
    store.checkpoint().unwrap();
    store.checkpoint().unwrap();
    assert_eq!(store.pruned().unwrap(), 0);
    let times = times(&store);
    assert_eq!(times.len(), 303);
    assert!(times.is_sorted());
    assert!(times.iter().all(|at| at.as_millis() < 20_001 * DAY), "none is of the future");
}

/// The clock of a machine was set back by a month and right again later: after a restart
/// the ids of deliveries from before were unknown, and repeats were taken once more.
#[test]
fn a_clock_that_was_set_back_forgets_no_delivery() {
    let (_directory, path) = fresh().unwrap();
    let clock = ManualClock::new();
    let store = open(&path, &clock, 90);
    tell(&store, 0..300, &clock);
    clock.set(-30 * DAY);
    clock.pass(20 * 60_000);
    tell(&store, 300..700, &clock);
    clock.set(30 * DAY);
    assert!(times(&store).is_sorted());
    store.close().unwrap();
    for ahead in [0, 100 * DAY] {
        clock.set(ahead);
        let store = open(&path, &clock, 90);
        let repeated = store.ingest(record(5).as_bytes()).unwrap();
        assert_eq!((repeated.status, repeated.seq), (Status::Duplicate, Some(6)));
        store.checkpoint().unwrap();
        store.checkpoint().unwrap();
        assert_eq!(store.pruned().unwrap(), 0);
        store.close().unwrap();
    }
}

/// Lines of which the second comes only after others have posted.
struct SlowUpload<'s> {
    store: &'s Store,
    clock: &'s ManualClock,
    parts: Vec<String>,
}

impl Read for SlowUpload<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some(part) = self.parts.pop() else { return Ok(0) };
        if self.parts.is_empty() {
            tell(self.store, 100..200, self.clock);
        }
        let bytes = part.as_bytes();
        buffer.get_mut(..bytes.len()).unwrap().copy_from_slice(bytes);
        Ok(bytes.len())
    }
}

/// The lines of an import were stamped as they were read and written minutes later, so
/// old times stood behind new ones, and the graph as of a time held events from after it.
#[test]
fn the_graph_as_of_a_time_is_exact_beside_a_slow_import() {
    let clock = ManualClock::new();
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("relata.db"), &clock, 90);
    tell(&store, 0..50, &clock);
    let before = clock.wall();
    clock.pass(1_000);
    let parts = vec![format!("{}\n", record(1_001)), format!("{}\n", record(1_000))];
    let upload = SlowUpload { store: &store, clock: &clock, parts };
    assert_eq!(store.import().read(upload, |_| Ok(())).unwrap().applied, 2);
    clock.pass(1_000);
    tell(&store, 200..250, &clock);
    assert!(times(&store).is_sorted());
    assert_eq!(store.seq_as_of(AsOf::Time(before)).unwrap(), Some(50));
    let past = store.past("L", 50).unwrap();
    assert_eq!(past.graph.view().counts().records, 50);
}

const MINUTE: i64 = 60_000;

/// For how long a wrong clock stays wrong at most: what lasts longer is believed.
const WRONG_FOR: i64 = 50 * MINUTE;

/// How long events are kept, in days.
const KEEP_DAYS: u64 = 3;

/// A store, and what is really true of it.
struct Truth {
    clock: ManualClock,
    path: std::path::PathBuf,
    store: Option<Store>,
    /// When each delivery really came, in milliseconds that have passed.
    came: Vec<i64>,
    /// How wrong the clock is, and since when.
    wrong: Option<(i64, i64)>,
    pruned: u64,
    repeats: u32,
}

impl Truth {
    fn new(path: &Path) -> Self {
        let clock = ManualClock::new();
        let store = Some(open(path, &clock, KEEP_DAYS));
        let path = path.to_owned();
        Self { clock, path, store, came: Vec::new(), wrong: None, pruned: 0, repeats: 0 }
    }

    fn passed(&self) -> i64 {
        self.clock.passed()
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    /// Lets time pass; a clock that has been wrong for long is put right.
    fn pass(&mut self, millis: i64) {
        let mut left = millis;
        if let Some((off, since)) = self.wrong
            && self.passed() + millis >= since + WRONG_FOR
        {
            let before = (since + WRONG_FOR - self.passed()).max(0);
            self.clock.pass(before);
            self.clock.set(-off);
            self.wrong = None;
            left -= before;
        }
        self.clock.pass(left);
    }

    fn set_wrong(&mut self, off: i64) {
        if self.wrong.is_none() {
            self.clock.set(off);
            self.wrong = Some((off, self.passed()));
        }
    }

    fn post(&mut self, count: u64) {
        for _ in 0..count {
            let number = u32::try_from(self.came.len()).unwrap();
            let receipt = self.store().ingest(record(number).as_bytes()).unwrap();
            assert_eq!(receipt.seq, Some(u64::from(number) + 1), "taken for a repeat");
            self.came.push(self.passed());
            self.pass(10);
        }
    }

    /// Sends a delivery of the last three days again, after which the sender gives up.
    fn repeat(&mut self, random: &mut Random) {
        let first = self.came.partition_point(|came| self.passed() - came > 3 * DAY);
        let recent = (self.came.len() - first) as u64;
        if recent == 0 {
            return;
        }
        let number = first + usize::try_from(random.below(recent)).unwrap();
        let body = record(u32::try_from(number).unwrap());
        let receipt = self.store().ingest(body.as_bytes()).unwrap();
        let expected = (Status::Duplicate, Some(number as u64 + 1));
        assert_eq!((receipt.status, receipt.seq), expected, "forgotten");
        self.repeats += 1;
    }

    fn restart(&mut self) {
        self.store.take().unwrap().close().unwrap();
        self.pass(MINUTE);
        self.store = Some(open(&self.path, &self.clock, KEEP_DAYS));
        // What a clock that is set before it has proved itself had said before is lost.
        self.pass(61 * MINUTE);
        self.prune();
    }

    /// Prunes, and checks that nothing went early.
    fn prune(&mut self) {
        self.store().checkpoint().unwrap();
        self.store().checkpoint().unwrap();
        let pruned = self.store().pruned().unwrap();
        if pruned > self.pruned {
            let newest = self.came[usize::try_from(pruned).unwrap() - 1];
            // A clock that is behind stands still for as long, and so do times.
            let least = i64::try_from(KEEP_DAYS).unwrap() * DAY - 2 * WRONG_FOR;
            assert!(self.passed() - newest >= least, "event {pruned} was pruned early");
            self.pruned = pruned;
        }
    }
}

/// Clocks that jump by any amount, ahead and back, for less than an hour at a time, beside
/// deliveries, restarts and pruning.
#[test]
fn no_clock_that_jumps_forgets_a_repeat_or_prunes_early() {
    let steps = long::rounds(400, 10_000);
    let pruned: u64 = [2, 7, 15, 21].into_iter().map(|seed| jump(seed, steps)).sum();
    assert!(pruned > 200, "{pruned} pruned");
}

/// Returns how many events were pruned.
fn jump(seed: u64, steps: u32) -> u64 {
    let directory = tempfile::tempdir().unwrap();
    let mut truth = Truth::new(&directory.path().join("relata.db"));
    let mut random = Random(seed);
    let (mut jumps, mut restarts) = (0, 0);
    for _ in 0..steps {
        match random.below(20) {
            0..=5 => {
                let count = 1 + random.below(5);
                truth.post(count);
            }
            6..=9 => truth.repeat(&mut random),
            10..=12 => truth.pass(i64::try_from(random.below(10)).unwrap() * MINUTE),
            13..=14 => truth.pass(i64::try_from(random.below(12)).unwrap() * 60 * MINUTE),
            15..=16 => {
                let by = i64::try_from(random.below(800)).unwrap() * DAY - 400 * DAY;
                truth.set_wrong(by + i64::try_from(random.below(7)).unwrap() * MINUTE);
                jumps += 1;
            }
            // A clock that is wrong at the start, too, is a test of its own.
            17 if truth.wrong.is_none() => {
                truth.restart();
                restarts += 1;
            }
            _ => truth.prune(),
        }
    }
    truth.prune();
    let times = times(truth.store());
    assert!(times.is_sorted(), "times went back");
    assert_eq!(times.len() as u64, truth.came.len() as u64 - truth.pruned);
    long::tell(
        "clocks that jump",
        format!(
            "{jumps} jumps, {restarts} restarts, {} deliveries, {} repeats known, {} pruned, none early",
            truth.came.len(),
            truth.repeats,
            truth.pruned
        ),
    );
    truth.pruned
}
