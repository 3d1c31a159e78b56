//! Events out as NDJSON and in elsewhere: the same graph, whatever is asked of it.

use proptest::prelude::*;
use relata::export::{Format, Options, write};
use relata::graph::{Budget, Difference, LabelCount, Layers, Snapshot, SubgraphQuery};
use relata::journal::MemoryJournal;
use relata::{Change, Event, NodeRef, Store, verify};

use crate::support::oracle::{history, told};
use crate::support::{long, sample};

/// Labels that formats and lines could stumble over.
const ODD: [&str; 6] = [
    "a \"quoted\"\nline",
    "=cmd|' /C'!A0",
    "<&>]]>",
    "\u{1}\u{7f}\u{2028}",
    "日本\u{1f600}",
    " ; \\ '",
];

/// Every location of a store, exported and imported into an empty one.
fn moved(store: &Store) -> Result<Store, TestCaseError> {
    let journal = MemoryJournal::new();
    let other = Store::with_journal(Box::new(journal.clone()), relata::Options::default()).unwrap();
    for location in store.locations().unwrap() {
        let mut lines = Vec::new();
        store.export_events(location.id().as_str(), store.head(), &mut lines).unwrap();
        let counts = other.import().read(&lines[..], |_| Ok(())).unwrap();
        prop_assert_eq!((counts.refused, counts.ignored, counts.duplicate), (0, 0, 0));
        let mut again = Vec::new();
        other.export_events(location.id().as_str(), other.head(), &mut again).unwrap();
        prop_assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(lines).unwrap());
    }
    other.checkpoint().unwrap();
    prop_assert_eq!(verify(&mut journal.clone(), 10).unwrap().differences, vec![]);
    Ok(other)
}

/// Two stores answer everything alike.
fn compare(one: &Store, other: &Store) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.locations().unwrap().len(), other.locations().unwrap().len());
    for location in one.locations().unwrap() {
        let theirs = other.location(location.id().as_str()).unwrap().unwrap();
        let (left, right) = (location.read(), theirs.read());
        let (mine, copy) = (left.snapshot(), right.snapshot());
        for &format in Format::ALL {
            for layers in [Layers::All, Layers::Objects, Layers::Records] {
                let text = |snapshot: &Snapshot| {
                    let query = SubgraphQuery { layers, ..SubgraphQuery::default() };
                    let part = snapshot.view().part(&query).unwrap();
                    let mut to = Vec::new();
                    // One that refuses a graph refuses both.
                    let written = write(&part, format, &Options::default(), &mut to);
                    (written.map_err(|error| error.to_string()), to)
                };
                prop_assert!(text(&mine) == text(&copy), "{} {layers:?}", format.as_str());
            }
        }
        prop_assert_eq!(left.view().counts(), right.view().counts());
        let objects = |graph: &relata::graph::LocationGraph| {
            format!("{:?}", graph.view().objects().collect::<Vec<_>>())
        };
        prop_assert_eq!(objects(&left), objects(&right));
        prop_assert!(left.view().associations().eq(right.view().associations()));
        for node in mine.nodes(Layers::All) {
            let named = match node.record {
                Some(record) => NodeRef::record(node.object, record),
                None => NodeRef::object(node.object),
            };
            let labels = |graph: &relata::graph::LocationGraph| {
                let labels = graph.view().labels(&named, &mut Budget::unbounded()).unwrap();
                labels.into_iter().map(LabelCount::into_owned).collect::<Vec<_>>()
            };
            prop_assert_eq!(labels(&left), labels(&right));
        }
    }
    Ok(())
}

/// Two locations, and labels that are odd.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let odd = prop::collection::vec((any::<bool>(), 0..ODD.len() * 2), 60);
    (history(), odd).prop_map(|(mut events, odd)| {
        for (event, (elsewhere, label)) in events.iter_mut().zip(odd) {
            if elsewhere {
                event.location = "elsewhere".into();
            }
            if let (Change::Association(it), Some(odd)) = (&mut event.change, ODD.get(label)) {
                it.first.label = (*odd).into();
                it.second.label = odd.chars().rev().collect();
            }
        }
        events
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: long::rounds(64, 2_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_history_moved_as_ndjson_gives_the_same_graph(events in events()) {
        let store = Store::in_memory().unwrap();
        told(&store, &events);
        compare(&store, &moved(&store)?)?;
    }
}

#[test]
fn the_sample_moved_as_ndjson_gives_the_same_graph() -> Result<(), TestCaseError> {
    let store = Store::in_memory().unwrap();
    sample::tell(&store, sample::SAMPLE.lines());
    let other = moved(&store)?;
    compare(&store, &other)?;
    let mut found: Vec<Difference> = Vec::new();
    for location in other.locations().unwrap() {
        location.read().contradictions(&mut found, 10);
    }
    prop_assert_eq!(found, vec![]);
    Ok(())
}
