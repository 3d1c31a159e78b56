//! The disk fails: nothing that was acknowledged is lost, nothing else is seen.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use relata::journal::{Journal, JournalError, MemoryJournal, Refused, SqliteJournal};
use relata::{IngestError, OpenError, Options, Status, Store, Timestamp, verify};

use crate::support::database::fresh;
use crate::support::fault_plan::Fault;
use crate::support::faulty_journal::Faulty;
use crate::support::sample::{SAMPLE, differences, tell};
use crate::support::sample::{event, reference};
use crate::support::{long, sample};

/// Tells a store the sample until and after its journal fails, and checks every
/// promise; then opens what is left, which may hold up to `extra` events that
/// were not acknowledged.
fn check(journal: Box<dyn Journal>, appends: usize, extra: &[u64], again: impl Fn() -> Store) {
    let store = Store::with_journal(journal, Options::default()).unwrap();
    let results: Vec<_> =
        SAMPLE.lines().take(100).map(|event| store.ingest(event.as_bytes())).collect();
    let accepted = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(accepted, appends);
    let refused = |result: &Result<_, _>| matches!(result, Err(IngestError::Unavailable { .. }));
    assert!(results[accepted..].iter().all(refused), "none after the failure");
    let failure = store.failure().unwrap();
    assert!(failure.contains("restart") || failure.contains("backup"), "{failure}");
    assert_eq!(store.head(), accepted as u64);
    assert_eq!(differences(&store, &reference(accepted)), [], "what failed is not visible");
    assert!(store.delete_dead_letter(1).is_err());
    assert!(store.close().is_err());
    let again = again();
    let head = again.head();
    assert!(extra.contains(&(head - accepted as u64)), "{head} of {accepted}");
    assert_eq!(differences(&again, &reference(usize::try_from(head).unwrap())), []);
}

#[test]
fn after_a_write_that_went_elsewhere_nothing_is_accepted_and_reads_go_on() {
    long::tell("faults", 4 * 2);
    for appends in [0, 1, 7, 60] {
        let kept = MemoryJournal::new();
        let journal = Faulty::new(kept.clone(), Fault::Lie, appends as u64);
        check(Box::new(journal), appends, &[1], || {
            Store::with_journal(Box::new(kept.clone()), Options::default()).unwrap()
        });

        let (_directory, path) = fresh().unwrap();
        let kept = SqliteJournal::open(&path).unwrap();
        let journal = Faulty::new(kept, Fault::Lie, appends as u64);
        check(Box::new(journal), appends, &[1], || Store::open(&path).unwrap());
    }
}

/// Tells a store the sample while one append fails, each event until it is accepted.
fn tell_through_a_failure(journal: Box<dyn Journal>, fault: Fault) -> Store {
    let store = Store::with_journal(journal, Options::default()).unwrap();
    let mut refused = 0;
    for number in 0..100 {
        let receipt = store.ingest(event(number)).or_else(|error| {
            assert!(matches!(error, IngestError::Unavailable { source: Some(_), .. }), "{error}");
            refused += 1;
            store.ingest(event(number))
        });
        let status = receipt.unwrap().status;
        assert!(status != Status::Duplicate, "what was refused is not known");
    }
    // Of a write whose sync failed it is found out that all of it is there.
    assert_eq!(refused, u64::from(fault != Fault::Sync), "{fault:?}");
    assert_eq!(store.failure(), None);
    assert_eq!(store.write_failures(), 1);
    assert_eq!(differences(&store, &reference(100)), []);
    store
}

/// A disk that was full for a moment at night: nothing was accepted any more, and since
/// the process stayed up, no supervisor restarted it.
#[test]
fn after_one_failed_write_the_next_is_accepted() {
    long::tell("faults", 3 * 3 * 2);
    for appends in [0, 1, 60] {
        for fault in [Fault::Full, Fault::Short, Fault::Sync] {
            let kept = MemoryJournal::new();
            let journal = Faulty::new(kept.clone(), fault, appends);
            journal.plan.failures_left.store(1, Ordering::Relaxed);
            tell_through_a_failure(Box::new(journal), fault).close().unwrap();
            let again = Store::with_journal(Box::new(kept), Options::default()).unwrap();
            assert_eq!(differences(&again, &reference(100)), []);

            let (_directory, path) = fresh().unwrap();
            let journal = Faulty::new(SqliteJournal::open(&path).unwrap(), fault, appends);
            journal.plan.failures_left.store(1, Ordering::Relaxed);
            tell_through_a_failure(Box::new(journal), fault).close().unwrap();
            let again = Store::open(&path).unwrap();
            assert_eq!(differences(&again, &reference(100)), []);
        }
    }
}

fn ingest(store: &Store, numbers: std::ops::Range<usize>) {
    for number in numbers {
        store.ingest(event(number)).unwrap();
    }
}

fn until(what: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if what() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    unreachable!("it takes too long");
}

#[test]
fn writes_are_refused_while_storage_is_away_and_accepted_afterwards() {
    for fault in [Fault::Full, Fault::Sync] {
        let (_directory, path) = fresh().unwrap();
        let journal = Faulty::new(SqliteJournal::open(&path).unwrap(), fault, u64::MAX);
        let plan = std::sync::Arc::clone(&journal.plan);
        plan.is_away.store(true, Ordering::Relaxed);
        plan.failures_left.store(1, Ordering::Relaxed);
        let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
        tell(&store, SAMPLE.lines().take(10));
        plan.appends_left.store(0, Ordering::Relaxed);
        assert!(store.ingest(event(10)).is_err());
        let failure = store.failure().unwrap();
        assert!(!failure.contains("relata.db"), "clients see no names of files: {failure}");
        assert!(store.ingest(event(10)).is_err());
        assert!(keep(&store, "x").is_err());
        assert!(store.checkpoint().is_err());
        assert_eq!((store.head(), store.is_ready()), (10, false));

        plan.is_away.store(false, Ordering::Relaxed);
        until(|| store.failure().is_none());
        // The event whose sync failed was on disk: it is taken in, and known.
        let was_there = fault == Fault::Sync;
        assert_eq!(store.head(), 10 + u64::from(was_there));
        let status = store.ingest(event(10)).unwrap().status;
        assert_eq!(status == Status::Duplicate, was_there, "{status:?}");
        assert_eq!(differences(&store, &reference(11)), []);
        tell(&store, SAMPLE.lines().skip(11).take(20));
        store.close().unwrap();
        assert_eq!(differences(&Store::open(&path).unwrap(), &reference(31)), []);
    }
}

fn letter(body: &str) -> Refused {
    Refused {
        received_at: Timestamp::now(),
        url_type: None,
        location: None,
        code: "malformed_json",
        field: None,
        reason: "no".to_owned(),
        headers: vec![],
        body: body.into(),
    }
}

fn keep(store: &Store, body: &str) -> Result<(), IngestError> {
    let (sender, receiver) = std::sync::mpsc::channel();
    store.keep_refused(letter(body), move |kept| sender.send(kept).unwrap())?;
    receiver.recv().unwrap()
}

/// A checkpoint is a shortcut, and a dead letter a courtesy: that one could not be
/// written ended the acceptance of events.
#[test]
fn a_failed_checkpoint_prune_or_dead_letter_stops_no_event_and_loses_nothing() {
    long::tell("faults", 3);
    for which in ["checkpoint", "prune", "letter"] {
        let kept = MemoryJournal::new();
        let journal = Faulty::new(kept.clone(), Fault::Full, u64::MAX);
        let plan = std::sync::Arc::clone(&journal.plan);
        plan.checkpoints_fail.store(which == "checkpoint", Ordering::Relaxed);
        plan.prunes_fail.store(which == "prune", Ordering::Relaxed);
        plan.letters_fail.store(which == "letter", Ordering::Relaxed);
        let keep_events = (which == "prune").then_some(Duration::from_secs(100 * 365 * 86_400));
        let options = Options { keep_events, ..Options::default() };
        let store = Store::with_journal(Box::new(journal), options).unwrap();
        ingest(&store, 0..20);
        match which {
            "checkpoint" => assert!(store.checkpoint().is_err()),
            "letter" => assert!(keep(&store, "x").is_err()),
            _ => until(|| store.write_failures() > 0),
        }
        assert_eq!((store.failure(), store.is_ready()), (None, true));
        assert!(store.write_failures() > 0);
        ingest(&store, 20..40);
        plan.checkpoints_fail.store(false, Ordering::Relaxed);
        plan.prunes_fail.store(false, Ordering::Relaxed);
        plan.letters_fail.store(false, Ordering::Relaxed);
        // What the failed checkpoint had told is told again.
        store.checkpoint().unwrap();
        keep(&store, "x").unwrap();
        store.close().unwrap();
        let proof = verify(&mut kept.clone(), 10).unwrap();
        assert_eq!(proof.differences, [], "{which}");
        let again = Store::with_journal(Box::new(kept), Options::default()).unwrap();
        assert_eq!(differences(&again, &reference(40)), [], "{which}");
        assert_eq!(again.dead_letters(0, 10).unwrap().len(), 1);
    }
}

/// The last checkpoint may fail, too: the events are there, and whoever closes is told.
#[test]
fn a_failed_last_checkpoint_is_reported() {
    let kept = MemoryJournal::new();
    let journal = Faulty::new(kept.clone(), Fault::Full, u64::MAX);
    journal.plan.checkpoints_fail.store(true, Ordering::Relaxed);
    let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
    ingest(&store, 0..20);
    assert!(store.close().is_err());
    let again = Store::with_journal(Box::new(kept), Options::default()).unwrap();
    assert_eq!(differences(&again, &reference(20)), []);
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

#[test]
fn a_file_that_is_deleted_or_replaced_takes_no_more_events() {
    long::tell("faults", 4);
    for (suffix, replaced) in [("", false), ("", true), ("-wal", false), ("-wal", true)] {
        let (_directory, path) = fresh().unwrap();
        let store = Store::open(&path).unwrap();
        store.ingest(event(0)).unwrap();
        let file = beside(&path, suffix);
        let content = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        if replaced {
            std::fs::write(&file, content).unwrap();
        }
        let refused = store.ingest(event(1)).unwrap_err().to_string();
        assert!(refused.contains("was deleted or replaced"), "{suffix} {replaced}: {refused}");
        assert_eq!(store.head(), 1);
        assert!(store.ingest(event(2)).is_err());
        assert!(keep(&store, "x").is_err());
    }
}

#[test]
fn a_log_that_was_cut_is_noticed() {
    let (directory, path) = fresh().unwrap();
    // Left behind by a process that was killed.
    let killed = {
        let journal = SqliteJournal::open(&path).unwrap();
        let store = Store::with_journal(Box::new(journal), Options::default()).unwrap();
        tell(&store, SAMPLE.lines().take(100));
        let copy = directory.path().join("killed.db");
        for suffix in ["", "-wal", "-lock"] {
            std::fs::copy(beside(&path, suffix), beside(&copy, suffix)).unwrap();
        }
        copy
    };
    let log = std::fs::read(beside(&killed, "-wal")).unwrap();
    let open = |cut: usize, lock: bool| {
        let copy = directory.path().join("cut.db");
        std::fs::copy(&killed, &copy).unwrap();
        std::fs::write(beside(&copy, "-wal"), &log[..log.len() - cut]).unwrap();
        std::fs::remove_file(beside(&copy, "-shm")).unwrap_or_default();
        if lock {
            std::fs::copy(beside(&killed, "-lock"), beside(&copy, "-lock")).unwrap();
        } else {
            std::fs::remove_file(beside(&copy, "-lock")).unwrap_or_default();
        }
        let read_only = Store::open_read_only(&copy).map(|store| store.head());
        let opened = Store::open(&copy).map(|store| store.head());
        assert!(read_only.is_ok() == opened.is_ok() || opened.as_ref().ok() == Some(&0));
        opened
    };
    assert_eq!(open(0, true).unwrap(), 100);
    let mut noticed = 0;
    for cut in (1..log.len()).step_by(log.len() / 60) {
        match open(cut, true) {
            Ok(head) => assert_eq!(head, 100, "{cut}"),
            Err(OpenError::Journal(JournalError::Shortened { head, accepted: 100, .. })) => {
                noticed += 1;
                assert!(head < 100);
                assert_eq!(open(cut, false).unwrap(), head, "asked to go on without them");
            }
            Err(other) => panic!("{cut}: {other}"),
        }
    }
    assert!(noticed > 40, "{noticed}");
    long::tell("faults", noticed);
}

#[test]
fn flipped_bytes_are_reported_and_never_read_as_events() {
    let (directory, path) = fresh().unwrap();
    let store = Store::open(&path).unwrap();
    tell(&store, SAMPLE.lines());
    store.close().unwrap();
    let content = std::fs::read(&path).unwrap();
    let known = reference(SAMPLE.lines().count());
    let (mut reported, mut harmless) = (0, 0);
    let step = content.len() / long::rounds(400, 4_000) as usize;
    for flip in (0..content.len()).step_by(step) {
        let copy = directory.path().join("flipped.db");
        let mut changed = content.clone();
        changed[flip] ^= 1 << (flip % 8);
        std::fs::write(&copy, changed).unwrap();
        let proof =
            SqliteJournal::open_read_only(&copy).and_then(|mut journal| verify(&mut journal, 1));
        match proof {
            Ok(proof) if proof.differences.is_empty() => {
                harmless += 1;
                let opened = Store::open_read_only(&copy).unwrap();
                assert_eq!(differences(&opened, &known), [], "byte {flip}");
            }
            _ => reported += 1,
        }
    }
    assert!(reported > 100, "{reported} reported, {harmless} without effect");
    long::tell("faults", reported + harmless);
}

#[test]
fn a_copy_made_while_events_come_in_is_whole_or_refused() {
    let (directory, path) = fresh().unwrap();
    let options = Options { checkpoint_events: 20, batch_events: 4, ..Options::default() };
    let store = Store::open_with(&path, options).unwrap();
    let (mut whole, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| tell(&store, SAMPLE.lines()));
        let mut number = 0;
        while !writer.is_finished() {
            number += 1;
            let copy = directory.path().join(format!("copy{number}.db"));
            // The log first: the wrong order, and not at one moment.
            for suffix in ["-wal", ""] {
                std::fs::copy(beside(&path, suffix), beside(&copy, suffix)).unwrap();
            }
            match Store::open(&copy) {
                Ok(opened) => {
                    whole += 1;
                    let events = usize::try_from(opened.head()).unwrap();
                    assert_eq!(differences(&opened, &reference(events)), []);
                }
                Err(OpenError::Journal(_)) => refused += 1,
                Err(other) => assert!(matches!(other, OpenError::Journal(_)), "{other}"),
            }
        }
    });
    assert!(whole + refused > 3, "{whole} whole, {refused} refused");
    long::tell("faults", whole + refused);
}

#[test]
fn a_slow_disk_refuses_what_it_cannot_take_and_loses_nothing() {
    let kept = MemoryJournal::new();
    let journal = Faulty::new(kept.clone(), Fault::Full, u64::MAX);
    journal.plan.delay_ms.store(20, Ordering::Relaxed);
    let plan = std::sync::Arc::clone(&journal.plan);
    let options = Options { queue_events: 8, batch_events: 4, ..Options::default() };
    let store = Store::with_journal(Box::new(journal), options).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let (mut queued, mut refused) = (0, 0);
    for event in SAMPLE.lines() {
        let sender = sender.clone();
        let reply = move |receipt: Result<_, _>| sender.send(receipt).unwrap();
        match store.submit(sample::delivery(event), reply) {
            Ok(()) => queued += 1,
            Err(error) => {
                assert!(matches!(error, IngestError::Overloaded), "{error}");
                refused += 1;
            }
        }
    }
    assert!(queued >= 8 && refused > 200, "{queued} queued, {refused} refused");
    plan.delay_ms.store(0, Ordering::Relaxed);
    for _ in 0..queued {
        receiver.recv().unwrap().unwrap();
    }
    assert_eq!(store.head(), queued);
    assert_eq!(store.ingest(event(0)).unwrap().status, Status::Duplicate);
    assert_eq!(store.failure(), None, "it goes on without a restart");
    drop(store);
    let again = Store::with_journal(Box::new(kept), Options::default()).unwrap();
    assert_eq!(again.head(), queued);
}
