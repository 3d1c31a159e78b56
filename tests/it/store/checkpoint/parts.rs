//! A checkpoint is saved in parts while deliveries are taken: a crash between any two of
//! them loses nothing, and nobody waits for all of them.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use relata::changes::ChangeFilter;
use relata::journal::{CheckpointRow, Journal, JournalReader, MemoryJournal, SqliteJournal};
use relata::{Delivery, Event, Options, Store, Timestamp, verify};

use crate::support::database::fresh;
use crate::support::fault_plan::Fault;
use crate::support::faulty_journal::Faulty;
use crate::support::oracle::{body, history_of};
use crate::support::sample;
use crate::support::sample::differences;

/// Events of several locations.
fn spread(mut events: Vec<Event>) -> Vec<Event> {
    for (event, number) in events.iter_mut().zip(0..) {
        // The third is new when the first two have a checkpoint.
        let location = if number < 40 { number % 2 } else { number % 3 };
        event.location = format!("L{location}").into();
    }
    events
}

/// Has a store take events one by one, as fast as it does.
fn tell(store: &Store, events: &[Event]) {
    let before = store.head();
    for (style, event) in events.iter().enumerate() {
        let (body, url_type) = body(event, style);
        let delivery = Delivery::read(body.as_bytes(), url_type, Timestamp::from_millis(0));
        store.submit_waiting(delivery.unwrap(), |result| drop(result.unwrap())).unwrap();
    }
    assert!(store.wait_for(before + events.len() as u64, Duration::from_secs(60)));
}

/// A journal that is left as a crash leaves it after so many parts of checkpoints.
fn crashing<J: Journal>(kept: J, parts: u64) -> Faulty<J> {
    let journal = Faulty::new(kept, Fault::Full, u64::MAX);
    journal.plan.parts_left.store(parts + 1, Ordering::Relaxed);
    journal
}

/// Which events have changed something.
fn changes(store: &Store) -> Vec<u64> {
    let filter = ChangeFilter::default();
    let of = |id: &str| store.changes(id, 0, &filter, 1_000).unwrap().events;
    let locations = store.locations().unwrap();
    let mut all: Vec<u64> =
        locations.iter().flat_map(|it| of(it.id().as_str())).map(|it| it.seq).collect();
    all.sort_unstable();
    all
}

/// The rows of a checkpoint, with their numbers.
fn rows(journal: &mut dyn JournalReader) -> Vec<String> {
    let mut rows = Vec::new();
    let mut each = |row: &CheckpointRow<'_>| {
        match row {
            CheckpointRow::Location { number, id, rows: Some(count), .. } => {
                rows.push(format!("{number} {id} {count}"));
            }
            row => rows.push(format!("{row:?}")),
        }
        Ok(())
    };
    journal.load_checkpoint(&mut each).unwrap();
    rows
}

/// What a journal that never fails makes of these events.
fn reference(events: &[Event]) -> (Store, MemoryJournal) {
    let kept = MemoryJournal::new();
    let store = Store::with_journal(Box::new(kept.clone()), Options::default()).unwrap();
    tell(&store, events);
    store.checkpoint().unwrap();
    (store, kept)
}

fn paced(events: u64, rows: usize) -> Options {
    Options {
        batch_events: 1,
        checkpoint_events: events,
        checkpoint_part_rows: rows,
        ..Options::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_crash_after_any_part_loses_nothing(
        events in history_of(60..150, 24),
        parts in 0u64..60,
        pace in 4u64..30,
        part_rows in 1usize..12,
    ) {
        let events = spread(events);
        let kept = MemoryJournal::new();
        let options = paced(pace, part_rows);
        let journal = Box::new(crashing(kept.clone(), parts));
        let store = Store::with_journal(journal, options.clone()).unwrap();
        tell(&store, &events);
        drop(store);

        let (expected, mut whole) = reference(&events);
        prop_assert_eq!(verify(&mut kept.clone(), 10).unwrap().differences, vec![]);
        let store = Store::with_journal(Box::new(kept.clone()), options).unwrap();
        prop_assert_eq!(differences(&store, &expected), vec![]);
        prop_assert_eq!(changes(&store), changes(&expected));
        store.close().unwrap();
        prop_assert_eq!(rows(&mut kept.clone()), rows(&mut whole), "the same numbers");
        prop_assert_eq!(verify(&mut kept.clone(), 10).unwrap().differences, vec![]);
    }

    /// What was dropped is not brought back by an event from before.
    #[test]
    fn a_crash_after_a_compaction_loses_nothing(
        events in history_of(80..150, 24),
        parts in 0u64..60,
        pace in 4u64..30,
        part_rows in 1usize..12,
    ) {
        let events = spread(events);
        let kept = MemoryJournal::new();
        let keep_tombstones = Some(Duration::ZERO);
        let options = Options { keep_tombstones, ..paced(pace, part_rows) };
        let journal = Box::new(crashing(kept.clone(), parts));
        let store = Store::with_journal(journal, options.clone()).unwrap();
        let (before, after) = events.split_at(events.len() / 2);
        tell(&store, before);
        store.compact().unwrap();
        tell(&store, after);
        drop(store);
        prop_assert_eq!(verify(&mut kept.clone(), 10).unwrap().differences, vec![]);
        let store = Store::with_journal(Box::new(kept.clone()), options).unwrap();
        store.close().unwrap();
        prop_assert_eq!(verify(&mut kept.clone(), 10).unwrap().differences, vec![]);
    }
}

/// Of the file, too, which counts the rows of each location and the locations, and reads
/// beside the writer.
#[test]
fn a_file_that_holds_half_a_checkpoint_is_complete() {
    let events = {
        use proptest::strategy::ValueTree;
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        spread(history_of(150, 24).new_tree(&mut runner).unwrap().current())
    };
    let (expected, _) = reference(&events);
    for parts in [0, 1, 2, 3, 5, 8, 13, 21, 34] {
        let (_directory, path) = fresh().unwrap();
        let journal = crashing(SqliteJournal::open(&path).unwrap(), parts);
        let store = Store::with_journal(Box::new(journal), paced(20, 5)).unwrap();
        tell(&store, &events);
        let beside = Store::open_read_only(&path).unwrap();
        assert_eq!(differences(&beside, &expected), [], "{parts}");
        assert_eq!(changes(&beside), changes(&expected), "{parts}");
        drop((beside, store));
        let proof = verify(&mut SqliteJournal::open_read_only(&path).unwrap(), 10).unwrap();
        assert_eq!(proof.differences, [], "{parts}");
        for _ in 0..2 {
            let store = Store::open(&path).unwrap();
            assert_eq!(differences(&store, &expected), [], "{parts}");
            assert_eq!(changes(&store), changes(&expected), "{parts}");
            store.close().unwrap();
        }
    }
}

/// Posts of all locations waited while a checkpoint of one large location was written:
/// 0.8 seconds of 1.5 million relations.
#[test]
fn deliveries_are_taken_between_the_parts_of_a_checkpoint() {
    let journal = Faulty::new(MemoryJournal::new(), Fault::Full, u64::MAX);
    journal.plan.row_delay_us.store(500, Ordering::Relaxed);
    let options = Options { checkpoint_events: 1_000, ..Options::default() };
    let store = Store::with_journal(Box::new(journal), options).unwrap();
    let relation = |number: usize| {
        format!(
            r#"{{"id":"r{number}","associationId":"a","locationId":"L",
            "firstObjectKey":"contact","firstRecordId":"f{number}",
            "secondObjectKey":"house","secondRecordId":"s{number}"}}"#
        )
    };
    for number in 0..1_000 {
        store.submit_waiting(sample::delivery(&relation(number)), |_| ()).unwrap();
    }
    assert!(store.wait_for(1_000, Duration::from_secs(60)));
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    let mut number = 1_000;
    while store.checkpoint_seq() == 0 {
        let before = Instant::now();
        store.ingest(relation(number).as_bytes()).unwrap();
        longest = longest.max(before.elapsed());
        number += 1;
    }
    let all = start.elapsed();
    assert!(number > 1_003 && longest < all / 2, "{number} {longest:?} of {all:?}");
}
