//! The time of receipt, by a clock that the test sets.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use relata::{AsOf, Clock, ClockReading, Options, Status, Store, Timestamp};

const DAY: i64 = 24 * 3_600_000;

/// Milliseconds that have passed, and those that the wall clock is ahead of them.
#[derive(Debug)]
struct Hands {
    passed: AtomicI64,
    ahead: AtomicI64,
}

impl Hands {
    fn new() -> Arc<Self> {
        Arc::new(Self { passed: 0.into(), ahead: (20_000 * DAY).into() })
    }

    fn clock(self: &Arc<Self>) -> Clock {
        let hands = Arc::clone(self);
        Clock::new(move || ClockReading { wall: hands.wall(), steady: hands.steady() })
    }

    fn steady(&self) -> Duration {
        Duration::from_millis(self.passed.load(Ordering::Relaxed).unsigned_abs())
    }

    fn wall(&self) -> Timestamp {
        let (passed, ahead) = (&self.passed, &self.ahead);
        Timestamp::from_millis(passed.load(Ordering::Relaxed) + ahead.load(Ordering::Relaxed))
    }

    fn pass(&self, millis: i64) {
        self.passed.fetch_add(millis, Ordering::Relaxed);
    }

    fn set(&self, millis: i64) {
        self.ahead.fetch_add(millis, Ordering::Relaxed);
    }
}

fn open(path: &Path, hands: &Arc<Hands>, keep_days: u64) -> Store {
    let options = Options {
        clock: hands.clock(),
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

fn tell(store: &Store, numbers: std::ops::Range<u32>, hands: &Hands) {
    for number in numbers {
        store.ingest(record(number).as_bytes()).unwrap();
        hands.pass(10);
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
    let hands = Hands::new();
    let store = open(&directory.path().join("relata.db"), &hands, 90);
    tell(&store, 0..300, &hands);
    hands.set(100 * DAY);
    tell(&store, 300..301, &hands);
    store.checkpoint().unwrap();
    hands.pass(7_000);
    tell(&store, 301..302, &hands);
    hands.set(-100 * DAY);
    tell(&store, 302..303, &hands);
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
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relata.db");
    let hands = Hands::new();
    let store = open(&path, &hands, 90);
    tell(&store, 0..300, &hands);
    hands.set(-30 * DAY);
    hands.pass(20 * 60_000);
    tell(&store, 300..700, &hands);
    hands.set(30 * DAY);
    assert!(times(&store).is_sorted());
    store.close().unwrap();
    for ahead in [0, 100 * DAY] {
        hands.set(ahead);
        let store = open(&path, &hands, 90);
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
    hands: &'s Hands,
    parts: Vec<String>,
}

impl Read for SlowUpload<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some(part) = self.parts.pop() else { return Ok(0) };
        if self.parts.is_empty() {
            tell(self.store, 100..200, self.hands);
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
    let hands = Hands::new();
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("relata.db"), &hands, 90);
    tell(&store, 0..50, &hands);
    let before = hands.wall();
    hands.pass(1_000);
    let parts = vec![format!("{}\n", record(1_001)), format!("{}\n", record(1_000))];
    let upload = SlowUpload { store: &store, hands: &hands, parts };
    assert_eq!(store.import().read(upload, |_| Ok(())).unwrap().applied, 2);
    hands.pass(1_000);
    tell(&store, 200..250, &hands);
    assert!(times(&store).is_sorted());
    assert_eq!(store.seq_as_of(AsOf::Time(before)).unwrap(), Some(50));
    let past = store.past("L", 50).unwrap();
    assert_eq!(past.graph.counts().records, 50);
}
