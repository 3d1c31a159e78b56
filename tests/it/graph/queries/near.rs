//! What surrounds a node.

use proptest::prelude::*;
use relata::graph::{Budget, Edge as Shown, EdgeEnd, LinkFilter, Neighborhood, NeighborhoodQuery};
use relata::{Association, Timestamp};

use super::{Case, cases};
use crate::support::oracle::{Edge, Node, condition_filter, crowded, history, node_ref};

pub(super) type EdgeLine = (Node, Node, String, Option<String>, Option<i64>, u64);

pub(super) fn edge_line(edge: &Edge) -> EdgeLine {
    let Edge { first, second, association, relation, at, seq, .. } = edge.clone();
    (first, second, association, relation, at, seq)
}

pub(super) fn shown_line(edge: &Shown<'_>) -> EdgeLine {
    let node = |end: &EdgeEnd<'_>| (end.object.to_owned(), end.record.map(str::to_owned));
    let relation = edge.relation.map(str::to_owned);
    let at = edge.at.map(Timestamp::as_millis);
    (node(&edge.first), node(&edge.second), edge.association.to_owned(), relation, at, edge.seq)
}

pub(super) fn node_lines(near: &Neighborhood<&str, &Association>) -> Vec<(Node, usize)> {
    let line = |near: &relata::graph::NeighborhoodNode<'_>| {
        ((near.object.to_owned(), near.record.map(str::to_owned)), near.hops as usize)
    };
    near.nodes.iter().map(line).collect()
}

pub(super) fn edge_lines(near: &Neighborhood<&str, &Association>) -> Vec<EdgeLine> {
    let mut lines: Vec<_> = near.links.iter().map(shown_line).collect();
    lines.sort();
    lines
}

/// The links between nodes.
pub(super) fn edges_between(
    case: &Case,
    nodes: &[(Node, usize)],
    along: &LinkFilter,
) -> Vec<EdgeLine> {
    let has = |node: &Node| nodes.iter().any(|(known, _)| known == node);
    let between = case.world.edges.iter().filter(|edge| {
        edge.passes(&along.labels, &along.associations) && has(&edge.first) && has(&edge.second)
    });
    let mut lines: Vec<_> = between.map(edge_line).collect();
    lines.sort();
    lines
}

/// The nodes within a depth, nearest first.
pub(super) fn within(
    case: &Case,
    node: &Node,
    depth: u32,
    along: &LinkFilter,
) -> Vec<(Node, usize)> {
    let passes = |edge: &Edge| edge.passes(&along.labels, &along.associations);
    let mut near = case.world.hops_from(node, passes);
    near.retain(|(_, hops)| *hops <= depth as usize);
    near
}

pub(super) fn query(of: &Node, depth: u32, along: &LinkFilter, limit: usize) -> NeighborhoodQuery {
    NeighborhoodQuery { of: node_ref(of), depth, along: along.clone(), limit }
}

fn check(
    case: &Case,
    node: &Node,
    (depth, limit, along): (u32, usize, &LinkFilter),
) -> Result<(), TestCaseError> {
    let expected = within(case, node, depth, along);
    let asked = query(node, depth, along, limit);
    let view = case.graph.view();
    let answer = view.neighborhood(&asked, &mut Budget::unbounded()).unwrap();
    let nodes = node_lines(&answer);
    let hops = |nodes: &[(Node, usize)]| nodes.iter().map(|(_, hops)| *hops).collect::<Vec<_>>();
    let count = limit.min(expected.len());
    // Of nodes equally far any may be left out.
    prop_assert_eq!(hops(&nodes), hops(&expected[..count]), "{:?}", asked);
    let mut distinct = nodes.clone();
    distinct.sort();
    distinct.dedup();
    prop_assert_eq!(distinct.len(), count);
    prop_assert!(nodes.iter().all(|near| expected.contains(near)), "{:?}: {:?}", asked, nodes);
    prop_assert_eq!(answer.complete, count == expected.len());
    prop_assert_eq!(edge_lines(&answer), edges_between(case, &nodes, along), "{:?}", asked);
    let reach = view.reach(&asked, &mut Budget::unbounded()).unwrap();
    prop_assert_eq!(reach, (expected.len() as u64 - 1, true));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn neighborhoods_hold_every_node_within_the_depth(
        events in prop_oneof![9 => history(), 1 => crowded()],
        asked in prop::collection::vec(
            (0u32..5, prop_oneof![0usize..6, Just(usize::MAX)], condition_filter()), 1..6,
        ),
    ) {
        for case in cases(&events) {
            for node in &case.world.nodes {
                for (depth, limit, along) in &asked {
                    check(&case, node, (*depth, *limit, along))?;
                }
            }
        }
    }
}
