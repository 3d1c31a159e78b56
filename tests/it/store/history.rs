//! The past: how the graph stood, and how a thing came to be.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use relata::changes::ChangeFilter;
use relata::graph::LocationGraph;
use relata::history::{HistoryEvent, PastError, Subject};
use relata::query::Order;
use relata::webhook::{Decoded, decode, distill};
use relata::{AsOf, Change, Event, NodeRef, Options, Seq, Status, Store, Timestamp};

use crate::support::database::fresh;
use crate::support::sample::{SAMPLE, delivery, shuffled};

const SEASIDE: &str = "seaside-realty";

fn options(checkpoint_events: u64) -> Options {
    Options { checkpoint_events, batch_events: 16, past_graphs: 3, ..Options::default() }
}

/// When the event at this position came in.
fn came_in(seq: Seq) -> Timestamp {
    Timestamp::from_millis(1_000_000 + seq.cast_signed() * 10)
}

/// Ingests events one by one, each at its own time.
fn tell_timed(store: &Store, events: &[&str]) {
    for body in events {
        let at = came_in(store.head() + 1);
        let told = store.accept(delivery(body).received_at(at)).unwrap();
        assert!(told.seq.is_some());
    }
}

/// What was accepted, in order.
fn accepted(store: &Store) -> Vec<(Seq, Event)> {
    let mut events = Vec::new();
    let mut reader = store.reader().unwrap();
    reader
        .read(0, &mut |seq, entry| {
            if let Decoded::Event(event) =
                decode(entry.body.as_bytes(), Some(entry.event_type)).unwrap()
            {
                events.push((seq, event));
            }
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    events
}

fn replayed(events: &[(Seq, Event)], location: &str, upto: Seq) -> LocationGraph {
    let mut graph = LocationGraph::new();
    for (seq, event) in events {
        if *seq <= upto && event.location.as_str() == location {
            graph.merge(*seq, event);
        }
    }
    graph
}

fn check_past(store: &Store, events: &[(Seq, Event)], location: &str, seq: Seq) {
    let past = store.past(location, seq).unwrap();
    assert!(past.seq <= seq);
    let mut found = Vec::new();
    past.graph.differences(&replayed(events, location, seq), &mut found, 5);
    past.graph.contradictions(&mut found, 5);
    assert_eq!(found, [], "{location} as of {seq}");
}

/// Random that look random.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

#[test]
fn the_past_is_what_a_replay_gives() {
    let directory = tempfile::tempdir().unwrap();
    for seed in 0..3 {
        let path = directory.path().join(format!("{seed}.db"));
        let mut told = shuffled(seed);
        let store = Store::open_with(&path, options(1 + seed * 40)).unwrap();
        let half = told.split_off(told.len() / 2);
        tell_timed(&store, &told);
        store.close().unwrap();
        let store = Store::open_with(&path, options(60)).unwrap();
        tell_timed(&store, &half);
        let events = accepted(&store);
        let mut random = numbers(seed);
        let head = store.head();
        for _ in 0..50 {
            let location = if random(3) == 0 { "hillside-homes" } else { SEASIDE };
            let seq = random(head);
            check_past(&store, &events, location, seq);
            let during = came_in(seq);
            let asked = [
                (AsOf::Seq(seq), Some(seq)),
                (AsOf::Time(during), Some(seq)),
                (AsOf::Time(Timestamp::from_millis(during.as_millis() + 9)), Some(seq)),
            ];
            for (as_of, expected) in asked {
                assert_eq!(store.seq_as_of(as_of).unwrap(), expected, "{as_of:?}");
            }
        }
        check_past(&store, &events, SEASIDE, 0);
        check_past(&store, &events, SEASIDE, head - 1);
        for now in [AsOf::Seq(head), AsOf::Time(Timestamp::now())] {
            assert_eq!(store.seq_as_of(now).unwrap(), None);
        }
        let ahead = store.seq_as_of(AsOf::Seq(head + 9));
        assert!(matches!(ahead, Err(PastError::Ahead { .. })), "{ahead:?}");
        let long_ago = AsOf::Time(Timestamp::from_millis(0));
        assert_eq!(store.seq_as_of(long_ago).unwrap(), Some(0));
    }
}

#[test]
fn the_past_of_a_pruned_store_is_refused() {
    let (_directory, path) = fresh().unwrap();
    let keep = Options { keep_events: Some(Duration::from_secs(1)), ..options(50) };
    let store = Store::open_with(&path, keep).unwrap();
    tell_timed(&store, &SAMPLE.lines().collect::<Vec<_>>());
    store.checkpoint().unwrap();
    let start = Instant::now();
    while store.pruned().unwrap() == 0 && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let pruned = store.pruned().unwrap();
    // More may leave while this is asked.
    let refused = store.past(SEASIDE, 300);
    assert!(matches!(refused, Err(PastError::Pruned(gone)) if gone.upto >= pruned));
    let page = store.history(SEASIDE, &subject("contact/TO8RJjq9RDegjbPPMkse"), 0, 100).unwrap();
    assert!(page.pruned >= pruned, "and what is left of a history says so");
}

fn subject(node: &str) -> Subject {
    Subject::Node(node.parse().unwrap())
}

/// Whether an event speaks of a thing, decided without the store's help.
fn speaks_of(event: &Event, subject: &Subject) -> bool {
    match (subject, &event.change) {
        (Subject::Relation(id), Change::Relation(relation)) => relation.id.as_str() == id,
        (Subject::Association(id), Change::Association(_) | Change::AssociationDeleted { .. }) => {
            event.change.entity_id() == id
        }
        (Subject::Node(NodeRef { object, record: None }), change) => match change {
            Change::ObjectSchema(schema) => schema.key == *object,
            Change::Association(association) => {
                association.first.object == *object || association.second.object == *object
            }
            Change::AssociationDeleted { first, second, .. } => first == object || second == object,
            _ => false,
        },
        (Subject::Node(NodeRef { object, record: Some(id) }), change) => match change {
            Change::Record { object: of, id: named, .. } => {
                named == id && of.as_ref().is_none_or(|of| of == object)
            }
            Change::Relation(relation) => [&relation.first, &relation.second]
                .iter()
                .any(|end| end.object == *object && end.id == *id),
            _ => false,
        },
        _ => false,
    }
}

/// A whole history, page by page.
fn history(store: &Store, subject: &Subject, limit: usize) -> Vec<HistoryEvent> {
    let (mut after, mut events) = (0, Vec::new());
    loop {
        let page = store.history(SEASIDE, subject, after, limit).unwrap();
        assert!(page.events.len() <= limit);
        events.extend(page.events);
        match page.next {
            Some(next) => after = next,
            None => return events,
        }
    }
}

/// The same from the newest event on.
fn newest_history(store: &Store, subject: &Subject, limit: usize) -> Vec<HistoryEvent> {
    let (mut before, mut events) = (Seq::MAX, Vec::new());
    loop {
        let page = store.history_newest(SEASIDE, subject, before, limit).unwrap();
        assert!(page.order == Order::Newest && page.events.len() <= limit);
        events.extend(page.events);
        match page.next {
            Some(next) => before = next,
            None => return events,
        }
    }
}

fn check_history(store: &Store, events: &[(Seq, Event)], subject: &Subject, limit: usize) -> usize {
    let mut expected = Vec::new();
    for (seq, event) in events.iter().filter(|(_, event)| event.location.as_str() == SEASIDE) {
        if !speaks_of(event, subject) {
            continue;
        }
        let id = event.webhook_id.as_ref().map(ToString::to_string);
        expected.push((*seq, event.event_type.to_string(), event.at, id, came_in(*seq)));
    }
    let told = history(store, subject, limit);
    let mut newest = newest_history(store, subject, limit);
    newest.reverse();
    assert_eq!(newest, told, "{subject:?}");
    let told = told
        .into_iter()
        .map(|event| (event.seq, event.event_type, event.at, event.webhook_id, event.received_at));
    assert_eq!(told.collect::<Vec<_>>(), expected, "{subject:?}");
    expected.len()
}

#[test]
fn a_history_holds_every_event_of_its_subject() {
    let (_directory, path) = fresh().unwrap();
    let store = Store::open_with(&path, options(30)).unwrap();
    let told = shuffled(5);
    tell_timed(&store, &told[..200]);
    store.close().unwrap();
    let store = Store::open_with(&path, options(1_000)).unwrap();
    tell_timed(&store, &told[200..]);
    let events = accepted(&store);
    assert!(events.len() < told.len(), "some deliveries came twice");
    let mut found = BTreeMap::new();
    let nodes = ["contact", "custom_objects.property", "business", "contact/TO8RJjq9RDegjbPPMkse"];
    let more = [
        "contact/mbtyeRAKdpWLlLY3QHpr",
        "custom_objects.property/6ae1d572ef6a36ce62c06e4a",
        "opportunity/Xs4DzYYwhsaEN6r7oKYt",
    ];
    for node in nodes.iter().chain(&more) {
        found.insert((*node).to_owned(), check_history(&store, &events, &subject(node), 4));
    }
    for (_, event) in events.iter().step_by(4) {
        let id = event.change.entity_id().to_owned();
        let subject = match &event.change {
            Change::Relation(_) => Subject::Relation(id),
            Change::Association(_) | Change::AssociationDeleted { .. } => Subject::Association(id),
            _ => continue,
        };
        check_history(&store, &events, &subject, 100);
    }
    assert!(found.values().sum::<usize>() > 50, "{found:?}");
    assert_eq!(check_history(&store, &events, &subject("contact/nobody"), 4), 0);
    assert_eq!(check_history(&store, &events, &Subject::Relation("none".into()), 4), 0);
}

/// Page by page the delete of an association was missing from the history of its object
/// keys, since only a create on the same page told that it belonged there; and it was
/// always missing when it came first.
#[test]
fn the_history_of_an_object_key_holds_deletes_of_its_associations() {
    let store = Store::in_memory().unwrap();
    let association = |kind: &str, id: &str| {
        format!(
            r#"{{"type":"Association{kind}","id":"{id}","key":"k","locationId":"{SEASIDE}",
            "firstObjectKey":"contact","firstObjectLabel":"a","secondObjectKey":"house",
            "secondObjectLabel":"b"}}"#
        )
    };
    let told = [("Create", "a"), ("Delete", "b"), ("Delete", "a"), ("Create", "b")]
        .map(|(kind, id)| association(kind, id));
    tell_timed(&store, &told.each_ref().map(String::as_str));
    for key in ["contact", "house"] {
        for limit in [1, 10] {
            let seqs = history(&store, &subject(key), limit).into_iter().map(|event| event.seq);
            assert_eq!(seqs.collect::<Vec<_>>(), [1, 2, 3, 4], "{key} {limit}");
            let newest = newest_history(&store, &subject(key), limit);
            let newest = newest.into_iter().map(|event| event.seq);
            assert_eq!(newest.collect::<Vec<_>>(), [4, 3, 2, 1], "{key} {limit}");
        }
    }
    assert_eq!(history(&store, &subject("business"), 10), []);
}

/// The greatest cursor was read as -1 in the journal and showed everything again; a
/// debug build panicked.
#[test]
fn the_greatest_cursor_is_after_every_event() {
    let store = Store::in_memory().unwrap();
    tell_timed(&store, &SAMPLE.lines().take(20).collect::<Vec<_>>());
    for after in [21, i64::MAX.unsigned_abs(), i64::MAX.unsigned_abs() + 1, Seq::MAX - 1, Seq::MAX]
    {
        let page = store.history(SEASIDE, &subject("contact"), after, 10).unwrap();
        assert_eq!((page.events.len(), page.next), (0, None), "{after}");
        let newest = store.history_newest(SEASIDE, &subject("contact"), after, 1).unwrap();
        let last = history(&store, &subject("contact"), 10).pop();
        assert_eq!(newest.events.last(), last.as_ref(), "before {after}");
        let page = store.events(SEASIDE, after, 10).unwrap();
        assert_eq!((page.events.len(), page.next), (0, None), "{after}");
        let page = store.changes(SEASIDE, after, &ChangeFilter::default(), 10).unwrap();
        assert_eq!((page.events.len(), page.upto), (0, after));
    }
}

#[test]
fn before_the_first_event_there_is_none() {
    let store = Store::in_memory().unwrap();
    tell_timed(&store, &SAMPLE.lines().take(20).collect::<Vec<_>>());
    for before in [0, 1] {
        let page = store.history_newest(SEASIDE, &subject("contact"), before, 10).unwrap();
        assert_eq!((page.events.len(), page.next), (0, None), "{before}");
    }
}

/// Versions that noted only the id for the delete of an association, not its object keys.
#[test]
fn a_delete_that_an_earlier_version_noted_is_found_from_either_end() {
    let (_directory, path) = fresh().unwrap();
    let store = Store::open_with(&path, options(1_000_000)).unwrap();
    let association = |kind: &str| {
        format!(
            r#"{{"type":"Association{kind}","id":"a","key":"k","locationId":"{SEASIDE}",
            "firstObjectKey":"contact","firstObjectLabel":"a","secondObjectKey":"house",
            "secondObjectLabel":"b"}}"#
        )
    };
    let other = format!(r#"{{"type":"ContactDelete","id":"c","locationId":"{SEASIDE}"}}"#);
    for body in [&association("Create"), &other, &association("Delete")] {
        store.ingest(body.as_bytes()).unwrap();
    }
    store.close().unwrap();
    // As it would be with a run of thousands of events between the two.
    let mut id = crc32fast::Hasher::new();
    id.update(&[1]);
    id.update(&(SEASIDE.len() as u64).to_le_bytes());
    id.update(SEASIDE.as_bytes());
    id.update(b"a");
    let file = rusqlite::Connection::open(&path).unwrap();
    let noted: Vec<u8> =
        file.query_row("SELECT hashes FROM mentions", [], |row| row.get(0)).unwrap();
    assert!(noted.as_chunks::<4>().0.contains(&id.clone().finalize().to_le_bytes()));
    file.execute("UPDATE mentions SET last = 1", []).unwrap();
    let run = "INSERT INTO mentions (first, last, hashes) VALUES (?1, ?1, ?2)";
    file.execute(run, (2, Vec::new())).unwrap();
    file.execute(run, (3, id.finalize().to_le_bytes().to_vec())).unwrap();
    drop(file);
    let store = Store::open_read_only(&path).unwrap();
    let seqs = |events: Vec<HistoryEvent>| events.iter().map(|it| it.seq).collect::<Vec<_>>();
    for key in ["contact", "house"] {
        assert_eq!(seqs(history(&store, &subject(key), 10)), [1, 3], "{key}");
        assert_eq!(seqs(newest_history(&store, &subject(key), 10)), [3, 1], "{key}");
    }
}

#[test]
fn repeats_of_a_delivery_are_counted_across_restarts() {
    let (_directory, path) = fresh().unwrap();
    let body = SAMPLE.lines().find(|line| line.contains("\"RelationCreate\"")).unwrap();
    let id = body.split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let of = Subject::Relation(id.to_owned());
    let mut expected = 0;
    for round in 0..3 {
        let store = Store::open_with(&path, options(2)).unwrap();
        for _ in 0..=round {
            let told = store.accept(delivery(body).received_at(Timestamp::now())).unwrap();
            assert_eq!(told.status == Status::Duplicate, expected > 0);
            expected += 1;
            let events = history(&store, &of, 10);
            assert_eq!(events, newest_history(&store, &of, 10));
            assert_eq!(events.len(), 1);
            assert_eq!(events[0].deliveries, expected);
        }
        store.close().unwrap();
    }
    assert_eq!(expected, 6);
}

#[test]
fn accepted_events_are_listed_in_order() {
    let store = Store::in_memory().unwrap();
    let told: Vec<&str> = SAMPLE.lines().collect();
    tell_timed(&store, &told);
    for location in [SEASIDE, "hillside-homes", "nowhere"] {
        let (mut after, mut bodies) = (0, Vec::new());
        loop {
            let page = store.events(location, after, 7).unwrap();
            bodies.extend(page.events.into_iter().map(|event| event.body));
            let Some(next) = page.next else { break };
            assert!(next > after);
            after = next;
        }
        // Of the bodies with names only what is read is kept.
        let kept = |body: &&str| {
            let Decoded::Event(event) = decode(body.as_bytes(), None).unwrap() else { panic!() };
            let is_of_it = event.location.as_str() == location;
            is_of_it.then(|| distill(&event, body).unwrap_or_else(|| (*body).to_owned()))
        };
        let expected: Vec<String> = told.iter().filter_map(kept).collect();
        assert_eq!(bodies, expected, "{location}");
    }
}

#[test]
fn a_wait_ends_with_the_event_or_the_timeout() {
    let store = Store::in_memory().unwrap();
    let start = Instant::now();
    assert!(store.wait_for(0, Duration::ZERO));
    assert!(!store.wait_for(1, Duration::from_millis(30)));
    assert!(start.elapsed() >= Duration::from_millis(30));
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (1..=3)
            .map(|seq| {
                scope.spawn({
                    let store = &store;
                    move || store.wait_for(seq, Duration::from_secs(20))
                })
            })
            .collect();
        for body in SAMPLE.lines().take(3) {
            std::thread::sleep(Duration::from_millis(5));
            store.ingest(body.as_bytes()).unwrap();
        }
        assert!(waiting.into_iter().all(|thread| thread.join().unwrap()));
    });
    assert!(start.elapsed() < Duration::from_secs(15));
}
