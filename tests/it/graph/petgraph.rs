//! petgraph's own algorithms on both layers, against brute force.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::{
    astar, connected_components, dijkstra, has_path_connecting, is_cyclic_directed,
};
use petgraph::visit::{Bfs, EdgeRef, IntoEdgeReferences, IntoEdgesDirected, Reversed};
use proptest::prelude::*;
use relata::NodeRef;
use relata::graph::LocationGraph;
use relata::webhook::{Decoded, decode};

const RECORDS: usize = 12;

fn take(graph: &mut LocationGraph, seq: u64, event: &serde_json::Value) {
    let Decoded::Event(event) = decode(event.to_string().as_bytes(), None).unwrap() else {
        unreachable!("every event here is known")
    };
    graph.merge(seq, &event);
}

/// Records 0 … 11 linked by these edges; those of `gone` are deleted again.
fn records(edges: &[(usize, usize)], gone: &[usize]) -> LocationGraph {
    let mut graph = LocationGraph::new();
    let relation = |event: &str, number: usize, (from, to): (usize, usize)| {
        serde_json::json!({
            "type": event, "id": format!("r{number}"), "associationId": "A", "locationId": "L",
            "firstObjectKey": "contact", "firstRecordId": from.to_string(),
            "secondObjectKey": "contact", "secondRecordId": to.to_string(),
        })
    };
    let mut seq = 0;
    for number in 0..RECORDS {
        seq += 1;
        let record = serde_json::json!({
            "type": "RecordCreate", "id": number.to_string(), "objectKey": "contact",
            "locationId": "L",
        });
        take(&mut graph, seq, &record);
    }
    for (number, &edge) in edges.iter().enumerate() {
        seq += 1;
        take(&mut graph, seq, &relation("RelationCreate", number, edge));
    }
    for &number in gone {
        seq += 1;
        take(&mut graph, seq, &relation("RelationDelete", number, *edges.get(number).unwrap()));
    }
    graph
}

/// Object keys 0 … 11 joined by these associations.
fn objects(edges: &[(usize, usize)]) -> LocationGraph {
    let mut graph = LocationGraph::new();
    let key = |number: usize| format!("custom_objects.{number}");
    for number in 0..RECORDS {
        let schema = serde_json::json!({
            "type": "ObjectSchemaCreate", "id": number.to_string(), "key": key(number),
            "locationId": "L",
        });
        take(&mut graph, number as u64 + 1, &schema);
    }
    for (number, &(from, to)) in edges.iter().enumerate() {
        let association = serde_json::json!({
            "type": "AssociationCreate", "id": number.to_string(), "key": number.to_string(),
            "locationId": "L", "firstObjectKey": key(from), "firstObjectLabel": "a",
            "secondObjectKey": key(to), "secondObjectLabel": "b",
        });
        take(&mut graph, (RECORDS + number) as u64 + 1, &association);
    }
    graph
}

/// Hops from each node to each, along the edges; slow and plain.
fn distances(edges: &[(usize, usize)]) -> BTreeMap<(usize, usize), usize> {
    let mut known: BTreeMap<(usize, usize), usize> = (0..RECORDS).map(|n| ((n, n), 0)).collect();
    for _ in 0..RECORDS {
        for (&(start, end), &hops) in &known.clone() {
            for &(_, to) in edges.iter().filter(|edge| edge.0 == end) {
                let best = known.entry((start, to)).or_insert(hops + 1);
                *best = (*best).min(hops + 1);
            }
        }
    }
    known
}

fn components(edges: &[(usize, usize)]) -> usize {
    let both: Vec<_> = edges.iter().flat_map(|&(a, b)| [(a, b), (b, a)]).collect();
    let known = distances(&both);
    let roots = (0..RECORDS)
        .map(|node| (0..RECORDS).find(|&other| known.contains_key(&(node, other))).unwrap());
    roots.collect::<BTreeSet<_>>().len()
}

macro_rules! check_layer {
    ($layer:expr, $graph:expr, $node:expr, $edges:expr) => {{
        let (layer, edges) = ($layer, $edges);
        let expected = distances(edges);
        let index = |number: usize| $graph.petgraph_index(&$node(number)).unwrap();
        prop_assert_eq!(connected_components(layer), components(edges));
        prop_assert_eq!(layer.edge_references().count(), edges.len());
        let cyclic = edges.iter().any(|&(a, b)| expected.contains_key(&(b, a)));
        prop_assert_eq!(is_cyclic_directed(layer), cyclic);
        for start in 0..RECORDS {
            let found = dijkstra(layer, index(start), None, |_| 1usize);
            for end in 0..RECORDS {
                let hops = expected.get(&(start, end)).copied();
                prop_assert_eq!(found.get(&index(end)).copied(), hops);
                let path = astar(layer, index(start), |n| n == index(end), |_| 1usize, |_| 0);
                prop_assert_eq!(path.map(|(cost, _)| cost), hops);
                prop_assert_eq!(
                    has_path_connecting(Reversed(layer), index(end), index(start), None),
                    hops.is_some()
                );
            }
            let mut reached = 0;
            let mut search = Bfs::new(layer, index(start));
            while search.next(layer).is_some() {
                reached += 1;
            }
            prop_assert_eq!(reached, found.len());
            let incoming = layer.edges_directed(index(start), petgraph::Incoming);
            let sources: Vec<usize> = incoming
                .map(|edge| (0..RECORDS).find(|&n| index(n) == edge.source()).unwrap())
                .collect();
            prop_assert_eq!(sources.len(), edges.iter().filter(|edge| edge.1 == start).count());
        }
    }};
}

fn edges() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..RECORDS, 0..RECORDS), 0..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn petgraph_agrees_with_brute_force_on_the_record_layer(all in edges(), gone in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let gone: Vec<usize> = if all.is_empty() {
            Vec::new()
        } else {
            gone.iter().map(|index| index.index(all.len())).collect()
        };
        let graph = records(&all, &gone);
        let numbered = all.iter().copied().enumerate();
        let left: Vec<_> =
            numbered.filter(|(n, _)| !gone.contains(n)).map(|(_, edge)| edge).collect();
        let node = |number: usize| NodeRef::record("contact", number.to_string());
        check_layer!(graph.record_graph(), graph, node, &left);
        for number in 0..RECORDS {
            let index = graph.petgraph_index(&node(number)).unwrap();
            prop_assert_eq!(graph.record_graph().record(index), node(number));
        }
    }

    #[test]
    fn petgraph_agrees_with_brute_force_on_the_object_layer(all in edges()) {
        let graph = objects(&all);
        let node = |number: usize| NodeRef::object(format!("custom_objects.{number}"));
        check_layer!(&graph.object_graph(), graph, node, &all);
    }
}
