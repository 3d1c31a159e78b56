//! Graphs that are loaded from rows which another process has saved since.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use relata::changes::ChangeFilter;
use relata::journal::MemoryJournal;
use relata::{Options, Seq, Store};

use crate::support::clock::ManualClock;
use crate::support::fault_plan::{Fault, Plan, Saver};
use crate::support::faulty_journal::Faulty;

const PATIENCE: Duration = Duration::from_secs(20);

/// One that saves, and one that has loaded nothing and is cut off for now.
struct Pair {
    saving: Store,
    behind: Store,
    plan: Arc<Plan>,
    clock: ManualClock,
}

impl Pair {
    /// Both know three links.
    fn new() -> Self {
        let (journal, saver) = (MemoryJournal::shared(), Saver::default());
        let clock = ManualClock::new();
        let open = || {
            let mut journal = Faulty::new(journal.clone(), Fault::Full, u64::MAX);
            journal.saver = Some(Arc::clone(&saver));
            journal.clock = Some(clock.clone());
            let plan = Arc::clone(&journal.plan);
            let options = Options {
                checkpoint_events: u64::MAX,
                checkpoint_interval: Duration::from_secs(3600),
                rows_loaded_at_once: 0,
                graph_memory: Some(1),
                keep_tombstones: Some(Duration::from_secs(10 * 24 * 3600)),
                clock: clock.shared(),
                ..Options::default()
            };
            (Store::with_journal(Box::new(journal), options).unwrap(), plan)
        };
        let (saving, saving_plan) = open();
        saving_plan.start_saving(&saver);
        (1..=3).for_each(|number| assert_eq!(send(&saving, "Create", number), number));
        saving.checkpoint().unwrap();
        let (behind, plan) = open();
        assert_eq!((behind.head(), behind.graph_memory().loaded), (3, 0));
        plan.is_dead.store(true, Relaxed);
        Self { saving, behind, plan, clock }
    }

    /// Gives the one that was behind this time to drop a graph that is saved, and returns whether
    /// it does. Memory is measured each second.
    fn drops_one(&self, within: Duration) -> bool {
        let evictions = || self.behind.graph_memory().evictions;
        let (begun, before) = (Instant::now(), evictions());
        while begun.elapsed() < within {
            // It looks twice: what is to be saved, and whether it is. Not while it connects.
            self.behind.checkpoint().ok();
            if evictions() > before {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    fn reconnect(&self) {
        self.plan.is_dead.store(false, Relaxed);
    }
}

fn send(store: &Store, what: &str, number: u64) -> Seq {
    send_to(store, "L", what, number)
}

fn send_to(store: &Store, location: &str, what: &str, number: u64) -> Seq {
    let body = format!(
        r#"{{"type":"Relation{what}","id":"r{number}","associationId":"A","locationId":"{location}",
        "firstObjectKey":"contact","firstRecordId":"c{number}",
        "secondObjectKey":"house","secondRecordId":"h"}}"#
    );
    store.ingest(body.as_bytes()).unwrap().seq.unwrap()
}

fn relations(store: &Store) -> u64 {
    store.location("L").unwrap().unwrap().read().view().counts().relations
}

/// An answer would show events that its `seq` does not include, and those before them that its
/// location has not.
#[test]
fn a_graph_is_not_shown_before_all_that_it_holds_is_known() {
    let pair = Pair::new();
    (4..=5).for_each(|number| assert_eq!(send(&pair.saving, "Create", number), number));
    pair.saving.checkpoint().unwrap();
    let refused = pair.behind.location("L").unwrap_err();
    let reason = std::error::Error::source(&refused).unwrap().to_string();
    assert_eq!(
        reason,
        "event 5 of another process is needed, and this one has come to event 3 only"
    );
    pair.reconnect();
    assert!(pair.behind.wait_for(5, PATIENCE), "{:?}", pair.behind.failure());
    assert_eq!((relations(&pair.behind), pair.behind.head()), (5, 5));
}

/// Merged into rows that held them already, they all seemed to change nothing.
#[test]
fn followers_are_told_what_was_merged_into_newer_rows() {
    let pair = Pair::new();
    let subscription = pair.behind.subscribe("L", 100, || {});
    let what = [("Create", 4), ("Create", 4), ("Delete", 1), ("Delete", 1), ("Create", 5)];
    for (at, (what, number)) in what.into_iter().enumerate() {
        send(&pair.saving, what, number);
        // The last one is in no row.
        if at == 3 {
            pair.saving.checkpoint().unwrap();
        }
    }
    pair.reconnect();
    assert!(pair.behind.wait_for(8, PATIENCE), "{:?}", pair.behind.failure());
    let told: Vec<Seq> = subscription.take().events.iter().map(|event| event.seq).collect();
    assert_eq!(told, [4, 6, 8]);
    for store in [&pair.behind, &pair.saving] {
        let page = store.changes("L", 3, &ChangeFilter::default(), 100).unwrap();
        assert_eq!(page.events.iter().map(|event| event.seq).collect::<Vec<_>>(), told);
        assert_eq!(relations(store), 4);
    }
}

/// A location that was erased before this process heard of it has no number here: those after
/// it have other numbers than in the rows.
#[test]
fn a_location_is_found_whatever_its_number_is_elsewhere() {
    let pair = Pair::new();
    send_to(&pair.saving, "M", "Create", 1);
    send_to(&pair.saving, "N", "Create", 1);
    pair.saving.erase_location("M").unwrap().unwrap();
    pair.reconnect();
    assert!(pair.behind.wait_for(5, PATIENCE), "{:?}", pair.behind.failure());
    pair.saving.checkpoint().unwrap();
    assert!(pair.drops_one(PATIENCE), "N stays in memory");
    let found = pair.behind.location("N").unwrap().unwrap();
    assert_eq!(found.read().view().counts().relations, 1);
    let seq = send_to(&pair.saving, "N", "Create", 2);
    assert!(pair.behind.wait_for(seq, PATIENCE), "{:?}", pair.behind.failure());
    assert_eq!(found.read().view().counts().relations, 2);
}

/// A compaction has no event of its own: after one, rows that cover the last event may be those
/// from before it.
#[test]
fn a_graph_stays_until_its_compaction_is_saved() {
    let pair = Pair::new();
    pair.reconnect();
    send(&pair.saving, "Delete", 1);
    pair.saving.checkpoint().unwrap();
    let tombstones = |store: &Store| store.locations_after(None, 1)[0].tombstones;
    assert!(pair.behind.wait_for(4, PATIENCE));
    assert!(tombstones(&pair.behind) > 0);
    pair.clock.pass_days(20);
    pair.saving.compact().unwrap();
    // Repeated with the next turn, once it is connected.
    let begun = Instant::now();
    while !matches!(pair.behind.erase_location("nobody"), Ok(None)) {
        assert!(begun.elapsed() < PATIENCE, "{:?}", pair.behind.failure());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!((tombstones(&pair.saving), tombstones(&pair.behind)), (0, 0));
    assert!(!pair.drops_one(Duration::from_secs(3)), "what is not saved was dropped");
    drop(pair.behind.location("L").unwrap());
    assert_eq!(tombstones(&pair.behind), 0);
    // With the next event it is.
    send(&pair.saving, "Create", 4);
    pair.saving.checkpoint().unwrap();
    assert!(pair.drops_one(PATIENCE), "L stays in memory");
    drop(pair.behind.location("L").unwrap());
    assert_eq!(tombstones(&pair.behind), 0);
}
