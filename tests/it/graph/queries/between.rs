//! The links among some nodes.

use proptest::prelude::*;
use relata::graph::{
    Between, BetweenQuery, Budget, EdgeEnd, LinkFilter, LocationGraph, Snapshot, SubgraphQuery,
};
use relata::webhook::{Decoded, decode};
use relata::{Association, NodeRef};

use super::Choice;
use super::near::{EdgeLine, edge_line, shown_line};
use crate::support::oracle::{Node, World, condition_filter, crowded, folded, history, node_ref};

/// Both layers, and what is asked of them.
struct Asked {
    worlds: [World; 2],
    of: Vec<Node>,
    along: LinkFilter,
}

impl Asked {
    /// Some nodes of both layers, some of them twice.
    fn new(worlds: [World; 2], choices: &[Choice], along: &LinkFilter) -> Self {
        let all: Vec<&Node> = worlds.iter().flat_map(|world| &world.nodes).collect();
        let of = choices.iter().filter(|_| !all.is_empty());
        let of = of.map(|choice| (*choice.get(&all)).clone()).collect();
        Self { worlds, of, along: along.clone() }
    }

    fn query(&self) -> BetweenQuery {
        let of = self.of.iter().map(node_ref).collect();
        BetweenQuery { of, along: self.along.clone() }
    }

    /// Each of the nodes, where it was named first.
    fn nodes(&self) -> Vec<Node> {
        let mut distinct: Vec<Node> = Vec::new();
        for node in &self.of {
            if !distinct.contains(node) {
                distinct.push(node.clone());
            }
        }
        distinct
    }

    /// The links of the object layer in the order in which they were first heard of, then
    /// those of the record layer.
    fn links(&self) -> Vec<EdgeLine> {
        let edges = self.worlds.iter().flat_map(|world| &world.edges);
        let inner = edges.filter(|edge| {
            edge.passes(&self.along.labels, &self.along.associations)
                && self.of.contains(&edge.first)
                && self.of.contains(&edge.second)
        });
        inner.map(edge_line).collect()
    }
}

type Found<'g> = Between<&'g str, &'g Association>;

fn nodes(found: &Found<'_>) -> Vec<Node> {
    let node =
        |it: &relata::graph::BetweenNode<'_>| (it.object.to_owned(), it.record.map(str::to_owned));
    found.nodes.iter().map(node).collect()
}

fn links(found: &Found<'_>) -> Vec<EdgeLine> {
    found.links.iter().map(shown_line).collect()
}

/// What a part of exactly these nodes holds.
fn part(copy: &Snapshot, query: &BetweenQuery) -> (Vec<Node>, Vec<EdgeLine>) {
    let only = Some(query.of.clone());
    let query = SubgraphQuery { along: query.along.clone(), only, ..SubgraphQuery::default() };
    let part = copy.view().part(&query).unwrap();
    let node = |end: EdgeEnd<'_>| (end.object.to_owned(), end.record.map(str::to_owned));
    (part.nodes().map(node).collect(), part.links().map(|edge| shown_line(&edge)).collect())
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn every_link_among_the_nodes_is_found_once(
        events in prop_oneof![4 => history(), 1 => crowded()],
        asked in prop::collection::vec(
            (prop::collection::vec(any::<Choice>(), 0..14), condition_filter()), 1..6,
        ),
    ) {
        let graph = folded(&events);
        for (choices, along) in &asked {
            let asked = Asked::new(World::both(&events), choices, along);
            let query = asked.query();
            let found = graph.view().between(&query, &mut Budget::unbounded());
            prop_assert_eq!(nodes(&found), asked.nodes());
            prop_assert_eq!(links(&found), asked.links(), "{:?}", query);
            prop_assert!(found.complete && found.unknown.is_empty());

            let copy = graph.snapshot_for(&query);
            let of_copy = copy.view().between(&query, &mut Budget::unbounded());
            prop_assert_eq!(of_copy, found);
            let (part_nodes, part_links) = part(&copy, &query);
            prop_assert_eq!(sorted(part_nodes), sorted(asked.nodes()));
            prop_assert_eq!(sorted(part_links), sorted(asked.links()));
        }
    }

    #[test]
    fn links_cut_short_are_correct(
        events in prop_oneof![4 => history(), 1 => crowded()],
        choices in prop::collection::vec(any::<Choice>(), 0..14),
        along in condition_filter(),
        budgets in prop::collection::vec((0u64..150, 0usize..6_000), 1..8),
    ) {
        let graph = folded(&events);
        let asked = Asked::new(World::both(&events), &choices, &along);
        let (all_nodes, all_links) = (asked.nodes(), asked.links());
        for (most, bytes) in budgets {
            let mut budget = Budget::of_links(most).of_bytes(bytes);
            let found = graph.view().between(&asked.query(), &mut budget);
            prop_assert!(budget.links() <= most);
            prop_assert!(all_nodes.starts_with(&nodes(&found)));
            let found_links = links(&found);
            prop_assert!(found_links.iter().all(|link| all_links.contains(link)));
            let mut distinct = sorted(found_links.clone());
            distinct.dedup();
            prop_assert_eq!(distinct.len(), found_links.len());
            let is_all = found.nodes.len() == all_nodes.len() && found_links == all_links;
            prop_assert!(is_all || !found.complete);
            prop_assert_eq!(found.complete, !budget.is_exhausted());
        }
    }
}

fn record(object: &str, id: &str) -> NodeRef {
    NodeRef::record(object, id)
}

#[test]
fn a_node_that_nobody_has_named_is_listed_apart() {
    let graph = linked([("contact", "a", "house", "h")]);
    let nobody = record("contact", "nobody");
    let of = [nobody.clone(), record("house", "h"), nobody.clone(), NodeRef::object("boat")];
    let query = BetweenQuery::of(of.into_iter().chain([record("contact", "a")]));
    let found = graph.view().between(&query, &mut Budget::unbounded());
    assert_eq!((found.nodes.len(), found.links.len()), (2, 1));
    assert_eq!(found.unknown, [nobody, NodeRef::object("boat")]);
    assert!(found.complete);
    let nothing = graph.view().between(&BetweenQuery::of([]), &mut Budget::unbounded());
    assert!(nothing.complete && nothing.nodes.is_empty() && nothing.links.is_empty());
}

/// A graph of relations under one association.
fn linked<'a>(
    relations: impl IntoIterator<Item = (&'a str, &'a str, &'a str, &'a str)>,
) -> LocationGraph {
    let mut graph = LocationGraph::new();
    for (seq, (first, first_id, second, second_id)) in (1..).zip(relations) {
        let body = format!(
            r#"{{"id":"r{seq}","associationId":"a","locationId":"L",
            "firstObjectKey":"{first}","firstRecordId":"{first_id}",
            "secondObjectKey":"{second}","secondRecordId":"{second_id}"}}"#
        );
        let Decoded::Event(event) = decode(body.as_bytes(), None).unwrap() else { continue };
        graph.merge(seq, &event);
    }
    graph
}

const LINKS: usize = 20_000;

/// Returns how many links are visited to find those among some nodes, and how many there are.
fn cost(graph: &LocationGraph, of: &[(&str, &str)]) -> (u64, usize) {
    let query = BetweenQuery::of(of.iter().map(|(object, id)| record(object, id)));
    let mut budget = Budget::unbounded();
    let found = graph.view().between(&query, &mut budget);
    assert!(found.complete);
    (budget.links(), found.links.len())
}

/// The links of a hub are as many as there are records.
#[test]
fn the_links_of_a_hub_beside_others_are_not_visited() {
    let ids: Vec<String> = (0..LINKS).map(|number| format!("h{number}")).collect();
    let of_hub = ids.iter().map(|id| ("contact", "hub", "house", id.as_str()));
    let graph = linked(of_hub);
    let (visited, found) = cost(&graph, &[("contact", "hub"), ("house", "h7"), ("house", "h9")]);
    assert_eq!(found, 2);
    assert!(visited < 20, "{visited}");

    // A hub of itself, on both ends, with links to itself or without.
    let both = |id: &'static str| {
        ids.iter().enumerate().map(move |(number, other)| match number % 2 {
            0 => ("contact", id, "contact", other.as_str()),
            _ => ("contact", other.as_str(), "contact", id),
        })
    };
    let of = [("contact", "hub"), ("contact", "h7"), ("contact", "h8")];
    let (visited, found) = cost(&linked(both("hub")), &of);
    assert_eq!(found, 2);
    assert!(visited < 20, "{visited}");
    let with_loop = linked(both("hub").chain([("contact", "hub", "contact", "hub")]));
    let (visited, found) = cost(&with_loop, &of);
    assert_eq!(found, 3);
    // One of its two ends has to be looked at.
    assert!(visited < 20 + LINKS as u64 / 2 + 2, "{visited}");

    // Of two hubs that may be linked, the lesser one is.
    let hubs = linked(both("hub").chain(both("other").take(LINKS / 2)));
    let of = [("contact", "hub"), ("contact", "other"), ("contact", "h8")];
    let (visited, found) = cost(&hubs, &of);
    assert_eq!(found, 2);
    assert!(visited < 20 + LINKS as u64 / 2, "{visited}");
}

/// Labels that a filter does not select are looked at, and charged.
#[test]
fn a_look_at_a_label_is_charged() {
    let graph = linked([("contact", "a", "house", "h"), ("contact", "a", "boat", "b")]);
    let none = LinkFilter::default().label("none");
    let of = vec![record("contact", "a"), record("house", "h"), record("boat", "b")];
    let query = BetweenQuery { of, along: none };
    let mut budget = Budget::unbounded();
    assert!(graph.view().between(&query, &mut budget).links.is_empty());
    assert_eq!(budget.links(), 3 + 4);
}
