//! Verifying in rounds, and one location by itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use proptest::prelude::*;
use relata::journal::{Journal, JournalError, JournalReader, MemoryJournal, SqliteJournal};
use relata::operations::{Verification, VerifyOptions, repair_with, verify_location, verify_with};
use relata::{Delivery, Event, LocationId, Options, Store, Timestamp};

use crate::store::{FORGET_CHECKPOINT, every, execute};
use crate::support::counting_reader::{CountingReader, Reads};
use crate::support::database::fresh;
use crate::support::fault_plan::Fault;
use crate::support::faulty_journal::Faulty;
use crate::support::long;
use crate::support::oracle::{body, history_of};
use crate::support::process::{in_own_process, resident};
use crate::support::sample::delivery;

/// So little memory that each location has a round of its own.
fn each_alone() -> VerifyOptions {
    VerifyOptions { differences_max: 1_000, graph_bytes_max: 0 }
}

fn all_at_once() -> VerifyOptions {
    VerifyOptions { graph_bytes_max: u64::MAX, ..each_alone() }
}

fn verified(journal: &mut dyn JournalReader, options: &VerifyOptions) -> String {
    match verify_with(journal, options, &mut |_| ()) {
        Ok(found) => format!("{found:?}"),
        Err(error) => error.to_string(),
    }
}

/// Events of five locations, of which the last is rare.
fn spread(mut events: Vec<Event>) -> Vec<Event> {
    for (event, number) in events.iter_mut().zip(0..) {
        let location = if number % 31 == 30 { 4 } else { number % 4 };
        event.location = format!("L{location}").into();
    }
    events
}

fn tell(store: &Store, events: &[Event]) {
    let before = store.head();
    for (style, event) in events.iter().enumerate() {
        let (body, url_type) = body(event, style);
        let delivery = Delivery::read(body.as_bytes(), url_type, Timestamp::from_millis(0));
        store.submit_waiting(delivery.unwrap(), |result| drop(result.unwrap())).unwrap();
    }
    assert!(store.wait_for(before + events.len() as u64, Duration::from_secs(60)));
}

/// What may be wrong with a file.
const DAMAGE: &[&str] = &[
    "",
    "UPDATE state_relation SET rank = 2 WHERE number = 1 AND location = 0",
    "UPDATE state_relation SET first = 99999 WHERE location IN (1, 3)",
    "DELETE FROM state_relation WHERE location = 2",
    "UPDATE OR IGNORE state_relation SET location = 1 WHERE location = 2 AND number > 2",
    "UPDATE state_record SET location = 77 WHERE location = 1",
    "UPDATE state_record SET location = -3 WHERE location = 4",
    "DELETE FROM state_location WHERE number = 1",
    "UPDATE state_location SET id = 'elsewhere' WHERE number = 0",
    "UPDATE checkpoint SET seq = seq + 1",
    "UPDATE event SET body = '{}' WHERE seq = (SELECT max(seq) FROM event)",
    "DELETE FROM location_block WHERE location = 'L2'; DELETE FROM location_block WHERE chunk > 0",
    FORGET_CHECKPOINT,
    "UPDATE state_location SET number = 9 WHERE number = 0; \
     UPDATE state_relation SET location = 9 WHERE location = 0",
];

/// What one location's verification says is what that of all says of it.
fn check_each(journal: &mut dyn JournalReader, whole: &Verification) {
    let mut checked = 0;
    for id in ["L0", "L1", "L2", "L3", "L4"] {
        let one = verify_location(journal, id, &each_alone(), &mut |_| ()).unwrap();
        let Some(one) = one else { continue };
        checked += 1;
        let is_differing = whole.differing.iter().any(|it| it.as_str() == id);
        assert_eq!(!one.differing.is_empty(), is_differing, "{id}: {one:?} of {whole:?}");
        let prefix = format!("{id}: ");
        let of_it = |found: &Verification| -> Vec<String> {
            let differences = found.differences.iter().map(ToString::to_string);
            differences.filter(|it| it.starts_with(&prefix)).collect()
        };
        assert_eq!(of_it(&one), of_it(whole));
    }
    assert_eq!(checked, whole.locations);
    assert_eq!(verify_location(journal, "nowhere", &each_alone(), &mut |_| ()).unwrap(), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: long::rounds(40, 1_000), ..ProptestConfig::default() })]

    #[test]
    fn rounds_of_one_location_find_what_one_round_of_all_does(
        events in history_of(80..200, 24),
        parts in prop::option::of(0u64..40),
        (pace, part_rows) in (8u64..60, 1usize..12),
        is_compacted in any::<bool>(),
        pruned in prop_oneof![Just(0u32), 1u32..200],
        damage in prop::sample::select(DAMAGE),
    ) {
        let events = spread(events);
        let (_directory, path) = fresh().unwrap();
        let journal = Faulty::new(SqliteJournal::open(&path).unwrap(), Fault::Full, u64::MAX);
        journal.plan.parts_left.store(parts.map_or(0, |parts| parts + 1), Ordering::Relaxed);
        let options = Options {
            batch_events: 1,
            checkpoint_part_rows: part_rows,
            keep_tombstones: Some(Duration::ZERO),
            ..every(pace)
        };
        let store = Store::with_journal(Box::new(journal), options).unwrap();
        let (before, after) = events.split_at(events.len() / 2);
        tell(&store, before);
        if is_compacted {
            store.compact().unwrap();
        }
        tell(&store, after);
        drop(store);
        let later = Timestamp::from_millis(i64::MAX);
        SqliteJournal::open(&path).unwrap().prune(later, later, pruned).unwrap();
        let journal = &mut SqliteJournal::open_read_only(&path).unwrap();
        let whole = verify_with(journal, &all_at_once(), &mut |_| ()).unwrap();
        prop_assert_eq!(&whole.differences, &[]);
        check_each(journal, &whole);

        execute(&path, damage);
        let whole = verified(journal, &all_at_once());
        prop_assert_eq!(verified(journal, &each_alone()), &*whole, "{}", damage);
        // What is wrong with the checkpoint as a whole is seen by whoever reads all of it.
        if let Err(error) = journal.load_checkpoint(&mut |_| Ok(())) {
            let error = error.to_string();
            let reason = error.trim_start_matches("the checkpoint is damaged: ");
            prop_assert!(whole.contains(reason), "{reason}: {whole}");
        }
    }

    /// What replaces a damaged checkpoint, some locations at a time, is what a store that was
    /// never damaged has saved.
    #[test]
    fn a_checkpoint_rebuilt_in_rounds_is_as_one_that_was_saved(
        events in history_of(80..200, 24),
        is_compacted in any::<bool>(),
    ) {
        let events = spread(events);
        let (_directory, path) = fresh().unwrap();
        let options = Options { keep_tombstones: Some(Duration::ZERO), ..every(1_000_000) };
        let store = Store::open_with(&path, options).unwrap();
        let (before, after) = events.split_at(events.len() / 2);
        tell(&store, before);
        if is_compacted {
            store.compact().unwrap();
        }
        tell(&store, after);
        store.close().unwrap();
        let saved = tables(&path);
        prop_assert!(saved.contains("state_relation: ") && saved.contains("mentions: "));
        execute(&path, "UPDATE state_location SET checksum = 1; DELETE FROM location_block; \
            DELETE FROM idle_event; DELETE FROM mentions");
        let journal = &mut SqliteJournal::open(&path).unwrap();
        let found = repair_with(journal, &each_alone(), &mut |_| ()).unwrap();
        prop_assert_eq!(found.differing.len(), found.locations);
        prop_assert_eq!(verified(journal, &each_alone()), verified(journal, &all_at_once()));
        prop_assert_eq!(tables(&path), saved);
    }
}

/// Every row of every table that a checkpoint writes.
fn tables(path: &std::path::Path) -> String {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut all = String::new();
    for table in [
        "checkpoint",
        "state_location",
        "state_object",
        "state_association",
        "state_unkeyed_record",
        "state_record",
        "state_relation",
        "state_name",
        "mentions",
        "idle_event",
        "location_block",
        "location_block_range",
    ] {
        let mut select = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = select.column_count();
        let rows = select.query_map([], |row| {
            let values = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at));
            values.collect::<Result<Vec<_>, _>>()
        });
        let mut rows: Vec<String> =
            rows.unwrap().map(|row| format!("{table}: {:?}\n", row.unwrap())).collect();
        rows.sort();
        all.extend(rows);
    }
    all
}

fn relation(location: &str, number: u64) -> String {
    format!(
        r#"{{"id":"r{number:020}","associationId":"a","locationId":"{location}",
        "firstObjectKey":"contact","firstRecordId":"c{}",
        "secondObjectKey":"house","secondRecordId":"h{}"}}"#,
        number % 1_000,
        number % 77
    )
}

fn relate(store: &Store, location: &str, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let relation = delivery(&relation(location, number));
        store.submit_waiting(relation, |result| drop(result.unwrap())).unwrap();
    }
    store.checkpoint().unwrap();
}

/// The entries that a verification reads, and how often it looks where they are.
fn reads(path: &std::path::Path, verify: impl Fn(&mut dyn JournalReader) -> usize) -> (u64, u64) {
    let reads = Arc::<Reads>::default();
    let journal = Box::new(SqliteJournal::open_read_only(path).unwrap());
    let found = verify(&mut CountingReader::new(journal, Arc::clone(&reads)));
    assert_eq!(found, 0, "nothing differs");
    (reads.take().0, reads.looks.load(Ordering::Relaxed))
}

#[test]
fn a_round_reads_what_is_near_the_events_of_its_locations() {
    let (_directory, path) = fresh().unwrap();
    let store = Store::open_with(&path, every(1_000_000)).unwrap();
    for location in 0..8 {
        relate(&store, &format!("L{location}"), 0..1_000);
    }
    relate(&store, "L0", 1_000..1_001);
    store.close().unwrap();
    let (one, _) = reads(&path, |journal| {
        let found = verify_location(journal, "L3", &each_alone(), &mut |_| ()).unwrap();
        found.unwrap().differences.len()
    });
    assert!((1_000..1_200).contains(&one), "{one}");
    let (rounds, _) = reads(&path, |journal| {
        let found = verify_with(journal, &each_alone(), &mut |_| ()).unwrap();
        assert_eq!(found.locations, 8);
        found.differences.len()
    });
    // All of them once to find the locations, and about once more in eight rounds.
    assert!((16_002..18_000).contains(&rounds), "{rounds}");

    // Where the blocks lack some, all are read.
    execute(&path, "DELETE FROM location_block WHERE location = 'L3'");
    let (all, _) = reads(&path, |journal| {
        verify_with(journal, &each_alone(), &mut |_| ()).unwrap().differences.len()
    });
    assert!((rounds + 6_000..rounds + 9_000).contains(&all), "{all}");
}

/// A location that is in every block is not looked for in each of them.
#[test]
fn a_round_whose_events_are_everywhere_reads_all_of_them() {
    let (_directory, path) = fresh().unwrap();
    let store = Store::open_with(&path, every(1_000_000)).unwrap();
    for number in 0..6_000 {
        let location = format!("L{}", number * 7 % 150);
        let relation = delivery(&relation(&location, number));
        store.submit_waiting(relation, |result| drop(result.unwrap())).unwrap();
    }
    store.close().unwrap();
    let options = VerifyOptions { graph_bytes_max: 2 << 20, ..each_alone() };
    let mut last = None;
    let (read, looks) = reads(&path, |journal| {
        verify_with(journal, &options, &mut |_| ()).unwrap().differences.len()
    });
    // Once to find the locations, and a round for each two or three megabytes.
    assert_eq!(read % 6_000, 0, "{read}");
    assert!((18_000..=30_000).contains(&read), "{read}");
    assert!(looks < 500, "{looks}");
    let journal = &mut SqliteJournal::open_read_only(&path).unwrap();
    verify_with(journal, &options, &mut |now| last = Some(now)).unwrap();
    let last = last.unwrap();
    assert!(last.read <= last.all && last.all == read, "{last:?} of {read}");
}

/// A writer that runs meanwhile adds events and locations, saves checkpoints, prunes and
/// erases.
#[test]
fn verifying_beside_a_writer_finds_nothing_wrong() {
    let kept = MemoryJournal::new();
    let options = Options { checkpoint_events: 1_000_000, ..Options::default() };
    let store = Store::with_journal(Box::new(kept.clone()), options).unwrap();
    for round in 0..5 {
        for location in 0..6 {
            relate(&store, &format!("L{location}"), round * 400..(round + 1) * 400);
        }
    }
    let mut reports = 0;
    let found = verify_with(&mut kept.clone(), &each_alone(), &mut |now| {
        assert!(now.read <= now.all, "{now:?}");
        reports += 1;
        let new = format!("new {reports}");
        relate(&store, &new, 0..10);
        relate(&store, "L1", 10_000 + reports * 10..10_010 + reports * 10);
        match reports {
            3 => drop(store.erase_location("L5").unwrap()),
            4.. => {
                let later = Timestamp::from_millis(i64::MAX);
                kept.clone().prune(later, later, 3_000).unwrap();
            }
            _ => {}
        }
    });
    let found = found.unwrap();
    assert!(reports > 4, "{reports}");
    assert_eq!((found.differences, found.locations), (vec![], 6));
    assert!(found.pruned > 0);
}

#[test]
fn verify_names_the_event_that_cannot_be_merged_and_what_cannot_be_read() {
    let kept = MemoryJournal::new();
    let store = Store::with_journal(Box::new(kept.clone()), every(10)).unwrap();
    relate(&store, "L0", 0..40);
    store.close().unwrap();
    let mut journal = Faulty::new(kept, Fault::Full, u64::MAX);
    let plan = Arc::clone(&journal.plan);
    plan.panics_at.store(17, Ordering::Relaxed);
    let failed = verify_with(&mut journal, &each_alone(), &mut |_| ()).unwrap_err();
    assert!(matches!(failed, JournalError::MergePanicked { seq: 17 }), "{failed}");
    plan.panics_at.store(0, Ordering::Relaxed);
    plan.read_fails_at.store(23, Ordering::Relaxed);
    let failed = verify_with(&mut journal, &each_alone(), &mut |_| ()).unwrap_err();
    assert!(matches!(failed, JournalError::File { .. }), "{failed}");
    assert_eq!(verify_with(&mut journal, &each_alone(), &mut |_| ()).unwrap().differences, []);
}

/// A location of which the checkpoint knows and no event does.
#[test]
fn a_location_that_no_event_has_named_differs() {
    let (_directory, path) = fresh().unwrap();
    let store = Store::open_with(&path, every(1_000)).unwrap();
    relate(&store, "L0", 0..40);
    relate(&store, "L1", 0..40);
    store.close().unwrap();
    let mut journal = SqliteJournal::open_read_only(&path).unwrap();
    execute(&path, "DELETE FROM location_block WHERE location = 'L1'");
    let one = verify_location(&mut journal, "L1", &each_alone(), &mut |_| ()).unwrap().unwrap();
    assert_eq!(one.differing, [LocationId::from("L1")]);
    let difference = one.differences.first().unwrap().to_string();
    assert_eq!(difference, "location L1: it is there against no event has named it");
}

/// With no event and no location left there was no round that could have noticed.
#[test]
fn a_checkpoint_that_is_gone_with_all_events_is_missed() {
    let (_directory, path) = fresh().unwrap();
    let store = Store::open_with(&path, every(1_000)).unwrap();
    relate(&store, "L0", 0..40);
    store.close().unwrap();
    let later = Timestamp::from_millis(i64::MAX);
    let pruned = SqliteJournal::open(&path).unwrap().prune(later, later, 100).unwrap();
    assert_eq!(pruned, 40);
    execute(&path, FORGET_CHECKPOINT);
    let mut journal = SqliteJournal::open_read_only(&path).unwrap();
    let expected = "events up to 40 are pruned, but the checkpoint ends at event 0";
    assert_eq!(verified(&mut journal, &each_alone()), expected);
    assert_eq!(verified(&mut journal, &all_at_once()), expected);
    let one = verify_location(&mut journal, "L0", &each_alone(), &mut |_| ());
    assert_eq!(one.unwrap_err().to_string(), expected);
}

/// Fills a store of this many locations in turn, and returns how much memory it takes to
/// verify it in rounds within this bound, and at once.
fn memory(relations: u64, locations: u64, bound: u64) -> Option<(u64, u64)> {
    let (_directory, path) = fresh().unwrap();
    let store = Store::open_with(&path, every(100_000)).unwrap();
    for number in 0..relations {
        let relation = delivery(&relation(&format!("L{}", number % locations), number));
        store.submit_waiting(relation, |result| drop(result.unwrap())).unwrap();
    }
    store.close().unwrap();
    let peak = |options: &VerifyOptions| {
        let before = resident(std::process::id())?;
        let mut peak = before;
        let mut journal = SqliteJournal::open_read_only(&path).unwrap();
        let found = verify_with(&mut journal, options, &mut |_| {
            peak = peak.max(resident(std::process::id()).unwrap());
        });
        assert_eq!(found.unwrap().differences, []);
        Some(peak - before)
    };
    let rounds = peak(&VerifyOptions { graph_bytes_max: bound, ..each_alone() })?;
    let whole = peak(&all_at_once())?;
    let figures = format!("{rounds} {whole}");
    long::tell("resident bytes of a verification in rounds, and at once", figures);
    Some((rounds, whole))
}

/// Beside the graphs, a page of the journal and the cache of the database.
const BESIDE: u64 = 24 << 20;

/// Two copies of every graph took 3 GB for ten million relations.
#[test]
fn rounds_bound_the_memory_of_a_verification() {
    in_own_process(&rounds_bound_the_memory_of_a_verification, || {
        let relations = u64::from(long::rounds(120_000, 4_000_000));
        let bound = relations * 256 / 20;
        let Some((rounds, whole)) = memory(relations, 60, bound) else { return };
        assert!(rounds < bound + BESIDE, "{rounds} of {bound}");
        assert!(whole > rounds * 2, "{whole} at once, {rounds} in rounds");
    });
}

/// Graphs of a hundred thousand small locations took twice what their rows would.
#[test]
fn rounds_bound_the_memory_of_many_small_locations() {
    in_own_process(&rounds_bound_the_memory_of_many_small_locations, || {
        let locations = u64::from(long::rounds(10_000, 100_000));
        let bound = locations << 10;
        let Some((rounds, whole)) = memory(locations * 2, locations, bound) else { return };
        assert!(rounds < bound + BESIDE, "{rounds} of {bound}");
        assert!(whole > rounds * 2, "{whole} at once, {rounds} in rounds");
    });
}
