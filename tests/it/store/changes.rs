//! The change feed of the library: what was applied, and no more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use relata::changes::{AppliedEvent, ChangeFilter, ChangesError};
use relata::history::Pruned;
use relata::{NodeRef, Options, Seq, Status, Store, Timestamp};
use serde_json::{Value, json};

use crate::support::database::fresh;
use crate::support::random::Random;
use crate::support::sample::{SAMPLE, delivery};

const KEYS: [&str; 3] = ["contact", "house", "viewing"];
const LABELS: [&str; 3] = ["Buyer", "Home\n\ndata: x", ""];
const ASSOCIATIONS: [&str; 4] = ["a1", "a2", "a3", "never declared"];

/// A delivery of any type, about few things and of few times, so that many do nothing.
fn body(random: &mut Random) -> Value {
    let id = |random: &mut Random| format!("i{}", random.below(5));
    let location = random.one(&["here", "here", "there"]);
    let mut body = match random.below(12) {
        0 => json!({"type": "AssociationDelete", "id": random.one(&ASSOCIATIONS[..3]),
            "firstObjectKey": "contact", "secondObjectKey": "house"}),
        kind @ 1..4 => json!({
            "type": if kind == 1 { "AssociationUpdate" } else { "AssociationCreate" },
            "id": random.one(&ASSOCIATIONS[..3]), "key": "k",
            "firstObjectKey": random.one(&KEYS), "firstObjectLabel": random.one(&LABELS),
            "secondObjectKey": random.one(&KEYS), "secondObjectLabel": random.one(&LABELS)}),
        4 => json!({"type": "RecordDelete", "id": id(random)}),
        5 => json!({"type": "RecordCreate", "id": id(random), "objectKey": random.one(&KEYS)}),
        6 => json!({"type": "ContactDelete", "id": id(random)}),
        7 => json!({"type": "ObjectSchemaUpdate", "id": id(random), "key": random.one(&KEYS)}),
        kind => json!({
            "type": if kind == 8 { "RelationDelete" } else { "RelationCreate" },
            "id": id(random), "associationId": random.one(&ASSOCIATIONS),
            "firstObjectKey": random.one(&KEYS), "firstRecordId": id(random),
            "secondObjectKey": random.one(&KEYS), "secondRecordId": id(random)}),
    };
    body["locationId"] = location.into();
    if random.below(3) > 0 {
        body["timestamp"] = format!("2026-01-01T00:00:0{}.000Z", random.below(5)).into();
    }
    body
}

fn filter(random: &mut Random) -> ChangeFilter {
    let node = match random.below(3) {
        0 => NodeRef::object(random.one(&KEYS)),
        _ => NodeRef::record(random.one(&KEYS), format!("i{}", random.below(5))),
    };
    ChangeFilter {
        labels: (0..random.below(3)).map(|_| random.one(&LABELS).to_owned()).collect(),
        object: (random.below(3) == 0).then(|| random.one(&KEYS).to_owned()),
        of: (random.below(2) == 0).then_some(node),
    }
}

/// What the filter is said to do, of the body as it came. `labels` are those of its
/// association, if that is known.
fn naive(filter: &ChangeFilter, body: &Value, labels: Option<[String; 2]>) -> bool {
    let text = |name: &str| body[name].as_str();
    let kind = text("type").unwrap();
    let (keys, records) = if kind.starts_with("Relation") {
        let ends = ["first", "second"];
        (
            ends.map(|end| text(&format!("{end}ObjectKey"))).to_vec(),
            ends.map(|end| text(&format!("{end}RecordId"))).to_vec(),
        )
    } else if kind.starts_with("Association") {
        (vec![text("firstObjectKey"), text("secondObjectKey")], vec![])
    } else if kind == "ContactDelete" {
        (vec![Some("contact")], vec![text("id")])
    } else if kind.starts_with("Record") {
        (vec![text("objectKey")], vec![text("id")])
    } else {
        (vec![text("key")], vec![])
    };
    let same = |asked: &str, told: Option<&str>| told.is_none_or(|told| told == asked);
    let by_object =
        filter.object.as_ref().is_none_or(|asked| keys.iter().any(|key| same(asked, *key)));
    let by_node = filter.of.as_ref().is_none_or(|of| {
        let mut of_key = keys.iter().map(|key| same(of.object.as_str(), *key));
        match (&of.record, kind.starts_with("Association")) {
            (None, true) => of_key.any(|it| it),
            (None, false) => kind.starts_with("ObjectSchema") && of_key.any(|it| it),
            (Some(_), true) => of_key.any(|it| it),
            (Some(id), false) => {
                of_key.zip(&records).any(|(it, told)| it && same(id.as_str(), *told))
            }
        }
    });
    let by_label = filter.labels.is_empty()
        || !kind.starts_with("Relation")
        || labels.is_none_or(|labels| labels.iter().any(|label| filter.labels.contains(label)));
    by_object && by_node && by_label
}

/// Asks page by page.
fn all(store: &Store, location: &str, filter: &ChangeFilter, limit: usize) -> Vec<AppliedEvent> {
    let (mut found, mut after) = (Vec::new(), 0);
    while after < store.head() {
        let page = store.changes(location, after, filter, limit).unwrap();
        assert!(page.events.len() <= limit && page.upto > after);
        let within = |event: &AppliedEvent| event.seq > after && event.seq <= page.upto;
        assert!(page.events.iter().all(within) && page.events.is_sorted_by_key(|it| it.seq));
        found.extend(page.events);
        after = page.upto;
    }
    found
}

/// What was applied, by position.
type Applied = BTreeMap<Seq, Value>;

fn check(store: &Store, applied: &Applied, random: &mut Random) {
    for _ in 0..8 {
        let (filter, location) = (filter(random), random.one(&["here", "there"]));
        let graph = store.location(location).unwrap().unwrap();
        let labels = |body: &Value| {
            let association = graph.read().association(body["associationId"].as_str()?).cloned()?;
            Some([association.first.label.to_string(), association.second.label.to_string()])
        };
        let wanted =
            |body: &Value| body["locationId"] == location && naive(&filter, body, labels(body));
        let expected: Vec<Seq> =
            applied.iter().filter(|(_, body)| wanted(body)).map(|(seq, _)| *seq).collect();
        let limit = usize::try_from(1 + random.below(80)).unwrap();
        let found = all(store, location, &filter, limit);
        assert_eq!(found.iter().map(|it| it.seq).collect::<Vec<_>>(), expected, "{filter:?}");
        for event in found {
            let body = &applied[&event.seq];
            assert_eq!(json!(event.event.event_type.as_str()), body["type"]);
            let known = event
                .association
                .map(|it| [&*it.first.label, &*it.second.label].map(str::to_owned));
            assert_eq!(known, labels(body), "{body}");
        }
    }
}

#[test]
fn changes_are_the_applied_events_that_match() {
    let directory = tempfile::tempdir().unwrap();
    for seed in 0..4 {
        let mut random = Random(seed);
        let path = directory.path().join(format!("{seed}.db"));
        // Some save a checkpoint now and then, others none before they close.
        let every = if seed % 2 == 0 { 40 } else { 100_000 };
        let options = || Options { checkpoint_events: every, ..Options::default() };
        let mut applied = Applied::new();
        let beside = Store::open(&path).map(drop).and_then(|()| Store::open_read_only(&path));
        let beside = beside.unwrap();
        for round in 0..3 {
            let store = Store::open_with(&path, options()).unwrap();
            let subscription = store.subscribe("here", 1_000, || {});
            let mut told = Vec::new();
            for _ in 0..100 {
                let body = body(&mut random);
                let receipt = store.ingest(body.to_string().as_bytes()).unwrap();
                if receipt.status == Status::Applied {
                    if body["locationId"] == "here" {
                        told.push(receipt.seq.unwrap());
                    }
                    applied.insert(receipt.seq.unwrap(), body);
                }
            }
            let taken = subscription.take();
            assert_eq!(taken.events.iter().map(|it| it.seq).collect::<Vec<_>>(), told);
            assert_eq!((taken.upto, taken.lagged), (store.head(), false));
            assert!(told.len() < 60, "some did nothing, or happened elsewhere");
            check(&store, &applied, &mut random);
            check(&Store::open_read_only(&path).unwrap(), &applied, &mut random);
            if round > 0 {
                assert_eq!(beside.refresh().unwrap(), store.head());
                check(&beside, &applied, &mut random);
            }
            store.close().unwrap();
        }
        assert_eq!(beside.refresh().unwrap(), 300);
        check(&beside, &applied, &mut random);
        check(&Store::open(&path).unwrap(), &applied, &mut random);
    }
}

/// A delivery that changes nothing is no change at any moment, also not while it
/// leaves memory for the disk.
#[test]
fn no_change_is_repeated_or_wrong_while_checkpoints_are_saved() {
    let (_directory, path) = fresh().unwrap();
    let options = Options { checkpoint_events: 3, batch_events: 2, ..Options::default() };
    let store = Store::open_with(path, options).unwrap();
    let done = AtomicBool::new(false);
    let relation = |number: u64| {
        json!({"id": format!("r{number}"), "associationId": "a", "locationId": "here",
            "firstObjectKey": "contact", "firstRecordId": "c", "secondObjectKey": "house",
            "secondRecordId": "h"})
        .to_string()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..200 {
                for status in [Status::Applied, Status::Unchanged] {
                    let told = store.ingest(relation(number).as_bytes()).unwrap();
                    assert_eq!(told.status, status);
                }
            }
            done.store(true, Ordering::Release);
        });
        let (mut after, mut found) = (0, Vec::new());
        while !done.load(Ordering::Acquire) || after < store.head() {
            let page = store.changes("here", after, &ChangeFilter::default(), 7).unwrap();
            found.extend(page.events.iter().map(|event| event.seq));
            after = page.upto;
            store.wait_for(after + 1, Duration::from_millis(1));
        }
        let expected: Vec<Seq> = (0..200).map(|number| number * 2 + 1).collect();
        assert_eq!(found, expected);
    });
}

#[test]
fn a_subscription_that_lags_reports_it_and_continues() {
    let store = Store::in_memory().unwrap();
    let (slow, fast) = (
        store.subscribe("seaside-realty", 3, || {}),
        store.subscribe("seaside-realty", 100, || {}),
    );
    for event in SAMPLE.lines().take(4) {
        store.ingest(event.as_bytes()).unwrap();
    }
    let batch = slow.take();
    assert_eq!((batch.upto, batch.lagged, batch.events.len()), (4, true, 0));
    assert_eq!((fast.take().events.len(), fast.take().events.len()), (4, 0));
    drop(fast);
    let late = store.subscribe("seaside-realty", 100, || {});
    store.ingest(SAMPLE.lines().nth(4).unwrap().as_bytes()).unwrap();
    for subscription in [slow, late] {
        let batch = subscription.take();
        assert_eq!((batch.upto, batch.lagged), (5, false));
        assert_eq!(batch.events.iter().map(|it| it.seq).collect::<Vec<_>>(), [5]);
    }
}

/// All subscriptions once shared one mailbox, so that an import into one location cost
/// the readers of every other their place.
#[test]
fn a_subscription_is_woken_by_its_own_location_only() {
    let store = Store::in_memory().unwrap();
    let woken = Arc::new(AtomicUsize::new(0));
    let wake = || {
        let woken = Arc::clone(&woken);
        move || {
            woken.fetch_add(1, Ordering::Relaxed);
        }
    };
    let record = |location: &str, id: u32| {
        let body = json!({"type": "RecordCreate", "id": format!("c{id}"), "objectKey": "contact",
            "locationId": location});
        store.ingest(body.to_string().as_bytes()).unwrap();
    };
    let quiet = store.subscribe("quiet", 3, wake());
    (0..50).for_each(|id| record("busy", id));
    assert_eq!(woken.load(Ordering::Relaxed), 0);
    let batch = quiet.take();
    assert_eq!((batch.upto, batch.lagged, batch.events.len()), (50, false, 0));
    (0..2).for_each(|id| record("quiet", id));
    // Once: it was not emptied in between.
    assert_eq!((woken.load(Ordering::Relaxed), quiet.take().events.len()), (1, 2));
    record("quiet", 2);
    assert_eq!((woken.load(Ordering::Relaxed), quiet.take().events.len()), (2, 1));
}

#[test]
fn pruned_changes_are_reported_as_pruned() {
    let (_directory, path) = fresh().unwrap();
    let options = Options { keep_events: Some(Duration::ZERO), ..Options::default() };
    let store = Store::open_with(&path, options).unwrap();
    let beside = Store::open_read_only(&path).unwrap();
    for event in SAMPLE.lines().take(20) {
        store.accept(delivery(event).received_at(Timestamp::from_millis(0))).unwrap();
    }
    store.checkpoint().unwrap();
    while store.pruned().unwrap() < 20 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let filter = ChangeFilter::default();
    let behind = store.changes("seaside-realty", 19, &filter, 10);
    assert!(matches!(behind, Err(ChangesError::Pruned(Pruned { upto: 20, asked: 19 }))));
    assert_eq!(store.changes("seaside-realty", 20, &filter, 10).unwrap().upto, 20);
    assert_eq!(store.changes("nobody", 20, &filter, 10).unwrap().events, []);
    assert!(matches!(beside.refresh(), Err(ChangesError::Pruned(Pruned { upto: 20, asked: 0 }))));
}
