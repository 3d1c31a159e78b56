//! What is forgotten, when, and what that changes.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use relata::journal::{CheckpointRow, JournalReader, MemoryJournal};
use relata::{Delivery, Options, Seq, Status, Store};

use crate::store::compaction::{KEEP, Kept, What, compact, now, options, relate};
use crate::support::clock::ManualClock;
use crate::support::fault_plan::Fault;
use crate::support::faulty_journal::Faulty;
use crate::support::long;

/// The one thing that is not as before: a late event. While the delete is known it does
/// nothing, and later it brings back what was deleted; in every replay, too.
#[test]
fn a_late_event_restores_what_a_forgotten_delete_removed() {
    let clock = ManualClock::new();
    let mut kept = Kept::in_file(&clock);
    let create = |at: i64| {
        What::Relation { relation: 1, association: 0, ends: (0, 1), deleted: false }.body(Some(at))
    };
    let delete = What::Relation { relation: 1, association: 0, ends: (0, 1), deleted: true };
    let store = kept.store();
    store.ingest(create(1).as_bytes()).unwrap();
    store.ingest(delete.body(Some(5)).as_bytes()).unwrap();
    relate(store, [2], false);
    clock.pass_days(KEEP.cast_signed() - 1);
    assert_eq!(store.compact().unwrap(), 0);
    assert_eq!(store.ingest(create(2).as_bytes()).unwrap().status, Status::Stale);
    clock.pass_days(2);
    assert_eq!(store.compact().unwrap(), 1);
    // The sender has given up long ago, but a person sends it once more.
    let late = store.ingest(create(3).as_bytes()).unwrap();
    assert_eq!(late.status, Status::Applied);
    let relations = |store: &Store, seq: Seq| {
        let now = seq == store.head();
        let past = store.past("L", seq).unwrap();
        if now {
            let live = store.location("L").unwrap().unwrap().read().view().counts().relations;
            assert_eq!(past.graph.view().counts().relations, live);
        }
        past.graph.view().counts().relations
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
fn a_tombstone_outlives_its_pruned_event() {
    let clock = ManualClock::new();
    let day = Duration::from_secs(24 * 3600);
    let journal = MemoryJournal::new();
    let options = || Options { keep_events: Some(2 * day), ..options(&clock) };
    let open = || Store::with_journal(Box::new(journal.clone()), options()).unwrap();
    let store = open();
    relate(&store, 0..20, false);
    relate(&store, 0..19, true);
    clock.pass_days(3);
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
    clock.pass_days(KEEP.cast_signed());
    assert_eq!(store.compact().unwrap(), 19);
    relate(&store, 30..35, false);
    relate(&store, 20..25, true);
    assert_eq!(relata::verify(&mut journal.clone(), 10).unwrap().differences, []);
    clock.pass_days(KEEP.cast_signed() + 1);
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
fn a_compaction_whose_write_failed_counts_only_if_it_is_on_disk() {
    for (lasts, is_away) in [(false, false), (true, false), (false, true), (true, true)] {
        let clock = ManualClock::new();
        let journal = MemoryJournal::new();
        let faulty = Faulty::new(journal.clone(), Fault::Full, u64::MAX);
        let plan = Arc::clone(&faulty.plan);
        let store = Store::with_journal(Box::new(faulty), options(&clock)).unwrap();
        relate(&store, 0..20, false);
        relate(&store, 0..19, true);
        clock.pass_days(KEEP.cast_signed() + 1);
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
        let again = Store::with_journal(Box::new(journal), options(&clock)).unwrap();
        assert_eq!(now(&again), live, "{lasts} {is_away}");
        let links = again.location("L").unwrap().unwrap().read().view().counts().relations;
        assert_eq!(links, if lasts { 2 } else { 1 });
    }
}

/// With a location that is erased its compactions go: what comes for it later begins anew.
#[test]
fn an_erased_location_has_no_compactions() {
    let clock = ManualClock::new();
    let mut kept = Kept::in_file(&clock);
    relate(kept.store(), 0..20, false);
    relate(kept.store(), 0..19, true);
    assert_eq!(compact(kept.store(), &clock), 19);
    kept.store().erase_location("L").unwrap().unwrap();
    assert_eq!(kept.store().reader().unwrap().compactions(0).unwrap(), []);
    relate(kept.store(), 0..20, false);
    relate(kept.store(), 5..10, true);
    kept.crash(1);
    kept.verify();
    assert_eq!(kept.store().location("L").unwrap().unwrap().read().view().counts().relations, 15);
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
fn a_location_with_much_churn_takes_only_what_it_holds() {
    let clock = ManualClock::new();
    let mut kept = Kept::in_file(&clock);
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
    assert!(compact(kept.store(), &clock) >= (3 * many * 9 / 10 - 3) as u64);
    let after = rows(kept.store());
    long::tell("rows before and after", format!("{before} {after}"));
    assert!(after <= 3 * many / 10 + 16, "{after}");
    kept.close();
    kept.open();
    kept.verify();
    assert_eq!(now(kept.store()).lines().count(), shown.lines().count());
}
