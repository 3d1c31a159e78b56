//! Locations that are loaded when they are needed, and dropped when they have not been.

mod loading;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use relata::graph::{Budget, LinkQuery};
use relata::journal::SqliteJournal;
use relata::{IngestError, NodeRef, Options, Status, Store};
use serde_json::{Value, json};

use crate::store::verified;
use crate::support::clock::ManualClock;
use crate::support::database::fresh;
use crate::support::fault_plan::Fault;
use crate::support::faulty_journal::Faulty;
use crate::support::long;
#[cfg(feature = "server")]
use crate::support::process;
use crate::support::random::Random;
#[cfg(feature = "server")]
use crate::support::server::run;

/// Loads nothing at once, and keeps no graph that nobody holds.
fn tight() -> Options {
    Options {
        rows_loaded_at_once: 0,
        graph_memory: Some(1),
        checkpoint_events: 7,
        ..Options::default()
    }
}

fn relation(location: &str, number: u64) -> Value {
    json!({"type": "RelationCreate", "id": format!("r{number}"), "associationId": "A",
        "locationId": location, "firstObjectKey": "contact",
        "firstRecordId": format!("c{}", number % 7), "secondObjectKey": "house",
        "secondRecordId": format!("h{}", number % 11)})
}

/// An event of one of some locations: links, ends of links, people with names, definitions.
fn event(random: &mut Random) -> Value {
    let location = random.one(&["L0", "L1", "L2", "L3", "L4"]);
    let number = random.below(40);
    let mut event = match random.below(10) {
        0 => json!({"type": "ContactCreate", "id": format!("c{}", number % 7),
            "locationId": location, "name": format!("Name {}", random.below(9))}),
        1 => json!({"type": "ContactDelete", "id": format!("c{}", number % 7),
            "locationId": location}),
        2 => json!({"type": "AssociationCreate", "id": "A", "key": "interest",
            "locationId": location, "associationType": "USER_DEFINED",
            "firstObjectKey": "contact", "firstObjectLabel": format!("Buyer {}", number % 3),
            "secondObjectKey": "house", "secondObjectLabel": "House"}),
        3 => json!({"type": "LocationUpdate", "id": location,
            "name": format!("Office {}", number % 5)}),
        4 => {
            let mut gone = relation(location, number);
            gone["type"] = json!("RelationDelete");
            gone
        }
        _ => relation(location, number),
    };
    event["webhookId"] = json!(format!("w{}", random.below(4_000)));
    event
}

/// All that can be seen of a store's locations, without and with their graphs.
fn seen(store: &Store) -> BTreeMap<String, String> {
    let mut seen = BTreeMap::new();
    for summary in store.locations_after(None, 100) {
        let location = store.location(summary.id.as_str()).unwrap().unwrap();
        let graph = location.read();
        let counts = graph.view().counts();
        assert_eq!((summary.counts, summary.name.as_deref()), (counts, graph.name()));
        let links = |node: &str| {
            let (query, mut budget) = (LinkQuery::default(), Budget::unbounded());
            let node: NodeRef = node.parse().unwrap();
            let page = graph.view().links(&node, &query, &mut budget);
            page.map_or_else(|error| error.to_string(), |page| format!("{:?}", page.links))
        };
        let nodes = (0..7).map(|number| links(&format!("contact/c{number}")));
        let found = format!("{:?} {counts:?} {}", summary.name, nodes.collect::<String>());
        seen.insert(summary.id.to_string(), found);
    }
    seen
}

#[test]
fn a_store_with_room_for_no_graph_answers_as_one_with_room_for_all() {
    let (_directory, db) = fresh().unwrap();
    let reference = Store::in_memory().unwrap();
    let mut random = Random(15);
    let mut store = Store::open_with(&db, tight()).unwrap();
    let (mut loads, mut evictions) = (0, 0);
    for step in 0..long::rounds(1_000, 10_000) {
        let body = event(&mut random).to_string();
        let told = [&store, &reference].map(|it| it.ingest(body.as_bytes()).unwrap().status);
        assert_eq!(told[0], told[1], "{step}: {body}");
        match random.below(200) {
            0 => store.checkpoint().unwrap(),
            1 | 2 => assert_eq!(seen(&store), seen(&reference), "{step}"),
            3 => {
                let memory = store.graph_memory();
                (loads, evictions) = (loads + memory.loads, evictions + memory.evictions);
                store.close().unwrap();
                store = Store::open_with(&db, tight()).unwrap();
            }
            _ => {}
        }
    }
    assert_eq!(seen(&store), seen(&reference));
    let memory = store.graph_memory();
    (loads, evictions) = (loads + memory.loads, evictions + memory.evictions);
    assert!(loads > 100 && evictions > 100, "{loads} loads, {evictions} evictions");
    store.close().unwrap();
    assert_eq!(verified(&db).differences, []);
}

/// A store of three locations, each of a few relations.
fn three(db: &Path) {
    let store = Store::open(db).unwrap();
    for location in ["L0", "L1", "L2"] {
        for number in 0..30 {
            store.ingest(relation(location, number).to_string().as_bytes()).unwrap();
        }
        let named = json!({"type": "LocationUpdate", "id": location, "name": "Office"});
        store.ingest(named.to_string().as_bytes()).unwrap();
    }
    store.close().unwrap();
}

#[test]
fn opening_loads_nothing_and_asking_loads_what_is_asked() {
    let (_directory, db) = fresh().unwrap();
    three(&db);
    let options = Options { rows_loaded_at_once: 0, ..Options::default() };
    let store = Store::open_with(&db, options.clone()).unwrap();
    assert_eq!((store.graph_memory().loads, store.location_count()), (0, 3));
    let listed = store.locations_after(None, 10);
    assert!(listed.iter().all(|it| it.name.as_deref() == Some("Office")), "{listed:?}");
    assert!(listed.iter().all(|it| it.counts.relations == 30), "{listed:?}");
    assert_eq!(store.graph_memory().loads, 0, "a list needs no graph");
    let asked = store.location("L1").unwrap().unwrap();
    assert_eq!(asked.read().view().counts().relations, 30);
    assert_eq!(store.graph_memory().loads, 1);
    assert!(store.location("L9").unwrap().is_none());
    let post = |location: &str| {
        store.ingest(relation(location, 99).to_string().as_bytes()).unwrap().status
    };
    assert_eq!([post("L1"), post("L2"), post("L9")], [Status::Applied; 3]);
    assert_eq!(store.graph_memory().loads, 2, "a new location has nothing to load");
    drop(asked);
    // As if the process had been killed: what lies behind the checkpoint is replayed, and
    // what it is of is loaded for that.
    let (_elsewhere, copy) = fresh().unwrap();
    for suffix in ["", "-wal"] {
        let of = |path: &Path| format!("{}{suffix}", path.display());
        std::fs::copy(of(&db), of(&copy)).unwrap();
    }
    let expected = seen(&store);
    let options = Options { rows_loaded_at_once: 0, ..Options::default() };
    let again = Store::open_with(&copy, options).unwrap();
    assert_eq!((again.graph_memory().loads, again.head()), (0, store.head()));
    assert_eq!(seen(&again), expected);
    assert_eq!(again.graph_memory().loads, 1, "that of which there was nothing new");
    store.close().unwrap();
    again.close().unwrap();
    assert_eq!(verified(&copy).differences, []);
}

/// A graph that an event has changed stays until it is saved: the next checkpoint is not
/// waited for where there is no room for others.
#[test]
fn changed_graphs_do_not_fill_the_memory_before_the_next_checkpoint() {
    let (_directory, db) = fresh().unwrap();
    let ids: Vec<String> = (0..60).map(|number| format!("L{number}")).collect();
    let store = Store::open(&db).unwrap();
    for (location, number) in ids.iter().flat_map(|id| (0..40).map(move |number| (id, number))) {
        store.ingest(relation(location, number).to_string().as_bytes()).unwrap();
    }
    store.close().unwrap();
    let limit = 64 << 10;
    let options = Options {
        rows_loaded_at_once: 0,
        graph_memory: Some(limit),
        checkpoint_events: u64::MAX,
        checkpoint_interval: Duration::from_secs(3_600),
        ..Options::default()
    };
    let store = Store::open_with(&db, options).unwrap();
    let mut most = 0;
    for (round, location) in (0..3).flat_map(|round| ids.iter().map(move |id| (round, id))) {
        store.ingest(relation(location, 100 + round).to_string().as_bytes()).unwrap();
        most = most.max(store.graph_memory().bytes);
    }
    let memory = store.graph_memory();
    assert!(memory.evictions > 100, "{memory:?}");
    // One that was just loaded, by each of two threads.
    assert!(most < limit / 2 * 3, "{most} bytes, {limit} allowed");
    for id in &ids {
        assert_eq!(store.location(id).unwrap().unwrap().read().view().counts().relations, 43);
    }
    store.close().unwrap();
    assert_eq!(verified(&db).differences, []);
}

/// A location that nobody asks for kept what was deleted for ever.
#[test]
fn what_was_deleted_is_dropped_from_locations_on_disk() {
    for by_command in [false, true] {
        let (_directory, db) = fresh().unwrap();
        let clock = ManualClock::new();
        let store =
            Store::open_with(&db, Options { clock: clock.shared(), ..Options::default() }).unwrap();
        for location in ["L0", "L1", "L2"] {
            for number in 0..300 {
                store.ingest(relation(location, number).to_string().as_bytes()).unwrap();
            }
            for number in 0..if location == "L2" { 3 } else { 200 } {
                let mut gone = relation(location, number);
                gone["type"] = json!("RelationDelete");
                store.ingest(gone.to_string().as_bytes()).unwrap();
            }
        }
        store.close().unwrap();
        let keep = Duration::from_millis(if by_command { 24 * 3_600_000 } else { 300 });
        let options = Options { keep_tombstones: Some(keep), clock: clock.shared(), ..tight() };
        let store = Store::open_with(&db, options).unwrap();
        clock.pass_days(2);
        if by_command {
            assert_eq!(store.compact().unwrap(), 403);
        } else {
            // By itself, where that is worth it.
            let patience = Instant::now() + Duration::from_secs(20);
            while store.compacted_rows() < 400 {
                assert!(Instant::now() < patience, "{} dropped", store.compacted_rows());
                std::thread::sleep(Duration::from_millis(5));
            }
            assert_eq!((store.compacted_rows(), store.graph_memory().loads), (400, 2));
        }
        let live = seen(&store);
        store.close().unwrap();
        let again = Store::open_with(&db, tight()).unwrap();
        assert_eq!(seen(&again), live);
        let tombstones =
            again.locations_after(None, 10).iter().map(|it| it.tombstones).sum::<u64>();
        assert_eq!(tombstones, if by_command { 0 } else { 3 });
        again.close().unwrap();
        assert_eq!(verified(&db).differences, []);
    }
}

/// While the disk is away, the graph that a write was of may leave memory. If the write turns
/// out to be on disk, it is merged all the same.
#[test]
fn a_write_found_on_disk_later_is_merged_into_a_graph_that_was_dropped() {
    let (_directory, db) = fresh().unwrap();
    three(&db);
    let faulty = Faulty::new(SqliteJournal::open(&db).unwrap(), Fault::Sync, u64::MAX);
    let plan = Arc::clone(&faulty.plan);
    let store = Store::with_journal(Box::new(faulty), tight()).unwrap();
    let head = store.head();
    plan.is_away.store(true, Ordering::Relaxed);
    plan.failures_left.store(1, Ordering::Relaxed);
    plan.appends_left.store(0, Ordering::Relaxed);
    let body = relation("L0", 99).to_string();
    let refused = store.ingest(body.as_bytes()).unwrap_err();
    assert!(matches!(refused, IngestError::Unavailable { .. }), "{refused}");
    let patience = Instant::now() + Duration::from_secs(20);
    let wait_for = |is_so: &dyn Fn() -> bool| {
        while !is_so() {
            assert!(Instant::now() < patience);
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    // Each that is loaded drives out the one before it.
    let evictions = store.graph_memory().evictions;
    wait_for(&|| {
        for id in ["L1", "L2"] {
            assert!(store.location(id).unwrap().is_some());
        }
        store.graph_memory().evictions > evictions + 2
    });
    plan.is_away.store(false, Ordering::Relaxed);
    wait_for(&|| store.failure().is_none());
    assert_eq!(store.head(), head + 1);
    assert_eq!(store.location("L0").unwrap().unwrap().read().view().counts().relations, 31);
    assert_eq!(store.ingest(body.as_bytes()).unwrap().status, Status::Unchanged);
    store.close().unwrap();
    assert_eq!(verified(&db).differences, []);
}

/// The memory of graphs is counted from their tables.
#[test]
#[cfg(feature = "server")]
fn the_memory_of_graphs_is_counted() {
    process::in_own_process(&the_memory_of_graphs_is_counted, || {
        let (_directory, db) = fresh().unwrap();
        let mut lines = String::new();
        for number in 0..160_000_u64 {
            let body = json!({"type": "RelationCreate", "id": format!("{number:024x}"),
                "associationId": "A", "locationId": format!("L{}", number % 8),
                "firstObjectKey": "contact", "firstRecordId": format!("c{:019}", number % 15_013),
                "secondObjectKey": "house", "secondRecordId": format!("{:024x}", number % 10_007)});
            lines.extend([&body.to_string(), "\n"]);
        }
        // By another process: what this one has used and freed would be used again.
        let file = db.with_file_name("events.ndjson");
        std::fs::write(&file, lines).unwrap();
        run(&db, &["ingest", file.to_str().unwrap()]).unwrap();
        let options = Options { rows_loaded_at_once: 0, ..Options::default() };
        let store = Store::open_with(&db, options).unwrap();
        let load = |from: usize| -> Vec<_> {
            let ids = (from..from + 4).map(|number| format!("L{number}"));
            ids.map(|id| store.location(&id).unwrap().unwrap()).collect()
        };
        // The first ones also fill what reading the file takes once.
        let held = [load(0)];
        let counted = store.graph_memory().bytes as u64;
        let Some(before) = process::anonymous(std::process::id()) else { return };
        let held = [held, [load(4)]];
        let counted = store.graph_memory().bytes as u64 - counted;
        let taken = process::anonymous(std::process::id()).unwrap() - before;
        long::tell("bytes of four graphs, as counted", counted);
        long::tell("bytes of four graphs, as the system says", taken);
        assert!(counted.abs_diff(taken) < taken / 6, "{counted} counted, {taken} taken");
        drop(held);
    });
}

/// Its lines are written in parts, between deliveries: what the first part began was saved, left
/// memory, and was not there for the next one, and the writer ended.
#[test]
fn a_location_that_begins_in_an_import_may_leave_memory_before_its_end() {
    let (_directory, db) = fresh().unwrap();
    three(&db);
    let store = Store::open_with(&db, tight()).unwrap();
    let is_over = AtomicBool::new(false);
    let lines = |location: u64| -> String {
        let line = |number| relation(&format!("N{location}"), number).to_string() + "\n";
        (0..4_000).map(line).collect()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 100.. {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                // Parts of imports are short while deliveries come.
                store.ingest(relation("L0", number).to_string().as_bytes()).ok();
            }
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                store.checkpoint().ok();
                // Each takes the place of what nobody holds.
                for id in ["L1", "L2"] {
                    store.location(id).map(drop).ok();
                }
            }
        });
        let imported = (0..10).try_for_each(|location| {
            let counts = store.import().read(lines(location).as_bytes(), |_| Ok(()))?;
            assert_eq!(counts.applied, 4_000);
            Ok::<_, relata::import::ImportError>(())
        });
        is_over.store(true, Ordering::Relaxed);
        imported.unwrap();
    });
    for location in 0..10 {
        let location = store.location(&format!("N{location}")).unwrap().unwrap();
        assert_eq!(location.read().view().counts().relations, 4_000);
    }
}
