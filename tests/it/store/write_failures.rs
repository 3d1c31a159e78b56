//! What cannot be written, for as long as that lasts: who is told, what ends a server, and
//! that nothing acknowledged is lost.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use relata::journal::{JournalError, MemoryJournal};
use relata::{IngestError, OpenError, Options, Status, Store};

use crate::support::fault_plan::Fault;
use crate::support::faulty_journal::Faulty;
use crate::support::sample::{SAMPLE, differences, tell};
use crate::support::sample::{event, reference};

fn filled(events: usize) -> MemoryJournal {
    let kept = MemoryJournal::new();
    let store = Store::with_journal(Box::new(kept.clone()), Options::default()).unwrap();
    tell(&store, SAMPLE.lines().take(events));
    store.close().unwrap();
    kept
}

/// Each in an append of its own.
fn ingest(store: &Store, numbers: std::ops::Range<usize>) {
    for number in numbers {
        store.ingest(event(number)).unwrap();
    }
}

fn until(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(30), "it takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The disk failed once while the ids of recent deliveries were read after a start: nothing
/// was accepted any more, until somebody restarted the server.
#[test]
fn ids_that_cannot_be_read_at_the_start_are_read_later() {
    let kept = filled(20);
    let journal = Faulty::new(kept, Fault::Full, u64::MAX);
    let plan = std::sync::Arc::clone(&journal.plan);
    plan.accepted_fails.store(true, Ordering::Relaxed);
    let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
    until(|| store.failure().is_some());
    let failure = store.write_failure().unwrap();
    assert!(!failure.is_final, "{failure:?}");
    assert!(!store.is_ready());
    assert!(matches!(store.ingest(event(3)), Err(IngestError::Unavailable { .. })));

    plan.accepted_fails.store(false, Ordering::Relaxed);
    until(|| store.is_ready());
    assert_eq!(store.write_failure(), None);
    assert_eq!(store.ingest(event(3)).unwrap().status, Status::Duplicate, "known again");
    tell(&store, SAMPLE.lines().skip(20).take(20));
    assert_eq!(differences(&store, &reference(40)), []);
}

/// The disk came back for a moment, and the events whose write had failed were taken in by
/// halves: the first half was then taken for deliveries that change nothing, and was in no
/// list of changes.
#[test]
fn events_recovered_after_half_a_write_are_changes() {
    let journal = Faulty::new(MemoryJournal::new(), Fault::Sync, 0);
    let plan = std::sync::Arc::clone(&journal.plan);
    plan.failures_left.store(1, Ordering::Relaxed);
    plan.is_away.store(true, Ordering::Relaxed);
    plan.read_fails_at.store(15, Ordering::Relaxed);
    let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
    let lines: String = SAMPLE.lines().take(20).flat_map(|line| [line, "\n"]).collect();
    assert!(store.import().read(lines.as_bytes(), |_| Ok(())).is_err());
    plan.is_away.store(false, Ordering::Relaxed);
    until(|| store.failure().is_none());
    assert_eq!(differences(&store, &reference(20)), []);
    let changes = |store: &Store| -> usize {
        let ids = store.locations().unwrap();
        let of = |id: &str| {
            store.changes(id, 0, &relata::changes::ChangeFilter::default(), 100).unwrap()
        };
        ids.iter().map(|location| of(location.id().as_str()).events.len()).sum()
    };
    assert_eq!(changes(&store), changes(&reference(20)));
}

#[test]
fn a_panic_of_the_writer_is_reported_and_loses_nothing() {
    let kept = filled(0);
    let journal = Faulty::new(kept.clone(), Fault::Panic, 10);
    let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
    ingest(&store, 0..10);
    assert!(store.ingest(event(10)).is_err());
    until(|| store.failure().is_some());
    let failure = store.write_failure().unwrap();
    assert!(failure.is_final && failure.reason.contains("after event 10,"), "{failure:?}");
    assert!(!store.is_ready());
    assert!(store.ingest(event(11)).is_err());
    assert_eq!(differences(&store, &reference(10)), [], "queries are answered");
    assert!(store.close().is_err());
    // What was written and not acknowledged is there too.
    let again = Store::with_journal(Box::new(kept), Options::default()).unwrap();
    assert_eq!(differences(&again, &reference(11)), []);
}

/// An event that the merge panics at ended the process at each start, without a reason.
#[test]
fn opening_names_the_event_that_cannot_be_merged() {
    let kept = MemoryJournal::new();
    let journal = Faulty::new(kept.clone(), Fault::Full, u64::MAX);
    journal.plan.checkpoints_fail.store(true, Ordering::Relaxed);
    let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
    ingest(&store, 0..20);
    assert!(store.close().is_err(), "no checkpoint, so that opening replays everything");

    let journal = Faulty::new(kept.clone(), Fault::Full, u64::MAX);
    journal.plan.panics_at.store(13, Ordering::Relaxed);
    match Store::with_journal(Box::new(journal), Options::default()) {
        Err(OpenError::Journal(error @ JournalError::MergePanicked { seq: 13 })) => {
            assert!(error.to_string().contains("event 13"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let again = Store::with_journal(Box::new(kept), Options::default()).unwrap();
    assert_eq!(differences(&again, &reference(20)), []);
}
