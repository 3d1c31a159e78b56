//! What is listed, and in which order.

use relata::graph::{
    Budget, LinkFilter, LinkQuery, LocationGraph, NeighborhoodQuery, PathQuery, View, WalkQuery,
};
use relata::{NodeRef, Store};
use serde_json::{Value, json};

use crate::graph::{event, relation_body};
use crate::support::database::fresh;

/// A deleted record was listed while the only link that it had got since was one of a
/// deleted association, which no list shows.
#[test]
fn a_deleted_record_is_listed_while_a_link_to_it_is_shown() {
    let mut graph = LocationGraph::new();
    let mut seq = 0;
    let mut merge = |graph: &mut LocationGraph, body: Value| {
        seq += 1;
        graph.merge(seq, &event(&body));
    };
    let association = |kind: &str, day: u32| {
        json!({"type": kind, "id": "a", "key": "k", "locationId": "here",
            "firstObjectKey": "contact", "firstObjectLabel": "Buyer",
            "secondObjectKey": "house", "secondObjectLabel": "Home",
            "timestamp": format!("2026-01-0{day}T00:00:00Z")})
    };
    let listed = |graph: &LocationGraph| {
        let counts = graph.view().counts();
        (counts.records, counts.relations)
    };
    merge(&mut graph, association("AssociationCreate", 1));
    merge(
        &mut graph,
        json!({"type": "ContactDelete", "id": "c", "locationId": "here",
        "timestamp": "2026-01-02T00:00:00Z"}),
    );
    merge(
        &mut graph,
        json!({"type": "RelationCreate", "id": "r", "associationId": "a",
        "locationId": "here", "firstObjectKey": "contact", "firstRecordId": "c",
        "secondObjectKey": "house", "secondRecordId": "h",
        "timestamp": "2026-01-03T00:00:00Z"}),
    );
    assert_eq!(listed(&graph), (2, 1));
    merge(&mut graph, association("AssociationDelete", 4));
    assert_eq!(listed(&graph), (1, 0));
    merge(&mut graph, association("AssociationCreate", 5));
    assert_eq!(listed(&graph), (2, 1));
}

/// What every question that shows an order says of these nodes.
fn answers(view: View<'_>, nodes: &[NodeRef]) -> Vec<String> {
    let mut budget = Budget::unbounded();
    let mut said = Vec::new();
    for node in nodes {
        let links = view.links(node, &LinkQuery::default(), &mut budget).unwrap();
        said.push(format!("{links:?}"));
        said.push(format!("{:?}", view.labels(node, &mut budget).unwrap()));
        for limit in [3, 1_000] {
            let near = NeighborhoodQuery { depth: 2, limit, ..NeighborhoodQuery::of(node.clone()) };
            said.push(format!("{:?}", view.neighborhood(&near, &mut budget).unwrap()));
            let walks = WalkQuery::from(node.clone());
            let walks = walks.step(LinkFilter::default()).step(LinkFilter::default());
            let walks = WalkQuery { limit, ..walks };
            said.push(format!("{:?}", view.walk(&walks, &mut budget).unwrap()));
            said.push(format!("{:?}", view.walks(&walks, &mut budget).unwrap()));
        }
        for to in nodes {
            for (all, limit) in [(false, 1), (true, 3), (true, 100)] {
                let path = PathQuery::between(node.clone(), to.clone());
                let path = PathQuery { all, limit, ..path };
                said.push(format!("{:?}", view.path(&path, &mut budget)));
            }
        }
    }
    said
}

/// A relation that moved from one association to another stood elsewhere in answers
/// after a restart: labels, paths, walks and neighborhoods were in the order of numbers
/// that are given anew when a store is opened.
#[test]
fn answers_keep_their_order_across_a_restart() {
    let (_directory, path) = fresh().unwrap();
    let store = Store::open(&path).unwrap();
    for round in 0..3_u32 {
        for number in 0..24_u32 {
            let of = (number * 7 + round * 5) % 6;
            let (id, association) = (format!("r{number}"), ["f", "b", "d", "a", "e", "c"]);
            let first = if number % 4 == 3 { "company" } else { "contact" };
            let mut body = relation_body(
                &id,
                association[of as usize],
                [first, &format!("c{}", number % 3)],
                ["house", &format!("h{}", number % 2)],
            );
            body["timestamp"] = json!(format!("2026-01-0{}T00:00:00Z", round + 1));
            store.ingest(body.to_string().as_bytes()).unwrap();
        }
    }
    let nodes: Vec<NodeRef> = ["contact/c0", "contact/c1", "contact/c2", "house/h0", "house/h1"]
        .map(|node| node.parse().unwrap())
        .into();
    let before = answers(store.location("here").unwrap().unwrap().read().view(), &nodes);
    store.close().unwrap();
    let store = Store::open(&path).unwrap();
    let after = answers(store.location("here").unwrap().unwrap().read().view(), &nodes);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after);
    }
    assert_eq!(before.len(), after.len());
}
