//! When things were there, against an oracle that folds the events up to each time
//! anew and looks.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use relata::graph::{Edge, EdgeEnd, Interval, Layers, LocationGraph, SubgraphQuery, Timeline};
use relata::{Change, Event, EventType, Seq, Timestamp};

use crate::support::oracle::{crowded, history};

/// Node references, and links with both of them.
type Name = (String, Option<String>, Option<(String, String)>);

fn node_name(node: &EdgeEnd<'_>) -> Name {
    (node.object.to_owned(), node.record.map(str::to_owned), None)
}

fn link_name(link: &Edge<'_>) -> Name {
    let end = |end: &EdgeEnd<'_>| format!("{} {:?}", end.object, end.record);
    let ends = (end(&link.first), end(&link.second));
    (link.association.to_owned(), link.relation.map(str::to_owned), Some(ends))
}

/// What is there once the events up to a time have come.
fn seen(events: &[(Seq, Event)], at: Option<Timestamp>) -> BTreeSet<Name> {
    let mut graph = LocationGraph::new();
    for (seq, event) in events.iter().filter(|(_, event)| event.at <= at) {
        graph.merge(*seq, event);
    }
    let snapshot = graph.snapshot();
    let nodes: Vec<Name> = snapshot.nodes(Layers::All).iter().map(node_name).collect();
    nodes.into_iter().chain(snapshot.links(Layers::All).iter().map(link_name)).collect()
}

/// The runs of times at which each thing was there.
fn expected(events: &[(Seq, Event)]) -> BTreeMap<Name, Vec<Interval>> {
    let times: BTreeSet<Option<Timestamp>> =
        events.iter().map(|(_, event)| event.at).chain([None]).collect();
    let mut lives: BTreeMap<Name, Vec<Interval>> = BTreeMap::new();
    let mut before = BTreeSet::new();
    for at in times {
        let now = seen(events, at);
        for name in now.difference(&before) {
            lives.entry(name.clone()).or_default().push(Interval { from: at, until: None });
        }
        for name in before.difference(&now) {
            lives.get_mut(name).unwrap().last_mut().unwrap().until = at;
        }
        before = now;
    }
    lives
}

fn check(events: Vec<Event>) {
    let events: Vec<(Seq, Event)> = (1..).zip(events).collect();
    let lives = Timeline::new(events.clone());
    let part = lives.view().part(&SubgraphQuery::default()).unwrap();
    let nodes = part.nodes().map(|node| (node_name(&node), lives.of_node(&node)));
    let links = part.links().map(|link| (link_name(&link), lives.of_link(&link)));
    let actual: BTreeMap<Name, Vec<Interval>> = nodes.chain(links).collect();
    let expected = expected(&events);
    for (name, lives) in &actual {
        assert_eq!(Some(lives), expected.get(name), "{name:?}");
    }
    // A link is kept with the ends that it was told with last.
    let mut told = LocationGraph::new();
    for (seq, event) in &events {
        let lasts =
            !matches!(event.change, Change::Record { .. } | Change::AssociationDeleted { .. });
        if lasts && event.event_type != EventType::RelationDelete {
            told.merge(*seq, event);
        }
    }
    let last: BTreeSet<Name> = told.snapshot().links(Layers::All).iter().map(link_name).collect();
    for name in expected.keys() {
        let is_kept = if name.2.is_some() { last.contains(name) } else { name.1.is_some() };
        assert!(actual.contains_key(name) || !is_kept, "{name:?} is missing");
    }
    for name in seen(&events, Some(Timestamp::from_millis(i64::MAX))) {
        assert!(actual.get(&name).is_some_and(|lives| lives.last().unwrap().until.is_none()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn life_spans_agree_with_the_events_up_to_each_time(events in history()) {
        check(events);
    }

    #[test]
    fn life_spans_agree_where_a_node_has_many_links(events in crowded()) {
        check(events);
    }
}
