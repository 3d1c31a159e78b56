//! Every look at a node's labels is charged, whether a filter selects them or not.
//!
//! A batch of a thousand nodes with a hundred labels each, asked for 200,000 labels,
//! once compared twenty thousand million texts while it held the location's lock: it
//! counted only the links that it listed. Every delivery waited for half a minute.

use relata::NodeRef;
use relata::graph::{
    Budget, Condition, LinkFilter, LinkQuery, LocationGraph, MatchQuery, NeighborhoodQuery,
    PathQuery, View, WALKS_MAX, WalkQuery,
};
use relata::webhook::{Decoded, decode};

const LABELS: u64 = 300;

/// A hub with one link under each of many associations.
fn hub() -> LocationGraph {
    let mut graph = LocationGraph::new();
    for number in 0..LABELS {
        let body = format!(
            r#"{{"id":"r{number}","associationId":"a{number}","locationId":"L",
            "firstObjectKey":"contact","firstRecordId":"hub",
            "secondObjectKey":"house","secondRecordId":"h{number}"}}"#
        );
        let Decoded::Event(event) = decode(body.as_bytes(), None).unwrap() else { continue };
        graph.merge(number + 1, &event);
    }
    graph
}

/// What a question is charged that selects no link at all.
fn charged(ask: impl Fn(View<'_>, &LinkFilter, &mut Budget<'_>)) -> u64 {
    let graph = hub();
    let mut budget = Budget::unbounded();
    ask(graph.view(), &LinkFilter::default().label("no such label"), &mut budget);
    budget.links()
}

fn node() -> NodeRef {
    NodeRef::record("contact", "hub")
}

#[test]
fn a_look_at_a_label_is_charged() {
    let lists = charged(|view, filter, budget| {
        let query = LinkQuery { filter: filter.clone(), ..LinkQuery::default() };
        let mut lists = view.link_lists(&query);
        for _ in 0..1_000 {
            assert_eq!(lists.of(&node(), budget).unwrap().total, Some(0));
        }
    });
    assert!(lists >= 1_000 * LABELS, "{lists}");
    let labels = charged(|view, _, budget| {
        view.labels(&node(), budget).unwrap();
    });
    assert_eq!(labels, LABELS);
    let walk = |filter: &LinkFilter| WalkQuery::from(node()).step(filter.clone());
    let each = [
        charged(|view, filter, budget| {
            view.walk(&walk(filter), budget).unwrap();
        }),
        charged(|view, filter, budget| {
            view.walks(&walk(filter), budget).unwrap();
        }),
        charged(|view, filter, budget| {
            let condition = Condition { linked_to: node(), filter: filter.clone() };
            let query = MatchQuery { all: vec![condition], ..MatchQuery::default() };
            view.matches(&query, budget).unwrap();
        }),
        charged(|view, filter, budget| {
            let far = NodeRef::record("house", "h7");
            let query = PathQuery { along: filter.clone(), ..PathQuery::between(node(), far) };
            view.path(&query, budget).unwrap();
        }),
        charged(|view, filter, budget| {
            let query =
                NeighborhoodQuery { along: filter.clone(), ..NeighborhoodQuery::of(node()) };
            view.neighborhood(&query, budget).unwrap();
        }),
    ];
    assert!(each.iter().all(|&charged| charged >= LABELS), "{each:?}");
}

/// A hundred parallel links and ten steps are 10^20 walks. They were counted as 2^64 - 1,
/// and the answer said that it was complete.
#[test]
fn more_walks_than_are_counted_are_not_complete() {
    let mut graph = LocationGraph::new();
    for number in 0..100 {
        let body = format!(
            r#"{{"id":"r{number}","associationId":"a","locationId":"L",
            "firstObjectKey":"contact","firstRecordId":"hub",
            "secondObjectKey":"house","secondRecordId":"h"}}"#
        );
        let Decoded::Event(event) = decode(body.as_bytes(), None).unwrap() else { continue };
        graph.merge(number + 1, &event);
    }
    for (steps, paths, complete) in
        [(7, 10_u64.pow(14), true), (8, WALKS_MAX, false), (10, WALKS_MAX, false)]
    {
        let start = WalkQuery::from(node());
        let query = (0..steps).fold(start, |walk, _| walk.step(LinkFilter::default()));
        let page = graph.view().walk(&query, &mut Budget::unbounded()).unwrap();
        assert_eq!((page.ends[0].paths, page.complete), (paths, complete), "{steps} steps");
    }
}

/// A page of a thing with many labels once looked at each label for each link.
#[test]
fn a_page_of_many_labels_is_in_order() {
    let graph = hub();
    for order in [relata::graph::Order::Oldest, relata::graph::Order::Newest] {
        let query = LinkQuery::default().order(order).limit(250);
        let page = graph.view().links(&node(), &query, &mut Budget::unbounded()).unwrap();
        let seqs: Vec<u64> = page.links.iter().map(|link| link.seq).collect();
        let mut expected: Vec<u64> = (1..=LABELS).collect();
        if order == relata::graph::Order::Newest {
            expected.reverse();
        }
        assert_eq!(seqs, expected[..250]);
        let rest = graph
            .view()
            .links(&node(), &query.after(page.next.unwrap()), &mut Budget::unbounded())
            .unwrap();
        let rest: Vec<u64> = rest.links.iter().map(|link| link.seq).collect();
        assert_eq!(rest, expected[250..]);
    }
}
