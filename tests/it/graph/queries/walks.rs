//! Walks, counted and one by one.

use std::cmp::Reverse;

use proptest::prelude::*;
use relata::graph::{Budget, LinkFilter, WalkQuery};

use super::{Case, Route, cases, route};
use crate::support::oracle::{Hop, Line, Node, StepLine, World, crowded, history_of, step_lines};

/// Where a walk starts, and its links.
pub(super) type Walk<'w> = (Node, Vec<Hop<'w>>);

/// Every walk that goes on from the end of one.
fn extend<'w>(world: &'w World, (start, hops): &Walk<'w>, along: &LinkFilter) -> Vec<Walk<'w>> {
    let end = hops.last().map_or(start, Hop::far);
    let longer = |hop| (start.clone(), [hops.as_slice(), &[hop]].concat());
    world.links(end, along).into_iter().map(longer).collect()
}

/// Every walk, one by one.
pub(super) fn enumerate<'w>(
    world: &'w World,
    from: &[Node],
    steps: &[LinkFilter],
) -> Vec<Walk<'w>> {
    let mut starts: Vec<&Node> = Vec::new();
    for node in from {
        if !starts.contains(&node) {
            starts.push(node);
        }
    }
    let mut walks: Vec<_> = starts.into_iter().map(|start| (start.clone(), vec![])).collect();
    for along in steps {
        walks = walks.iter().flat_map(|walk| extend(world, walk, along)).collect();
    }
    walks
}

pub(super) fn expected_ends(world: &World, walks: &[Walk<'_>]) -> Vec<(Node, u64)> {
    let ends: Vec<&Node> =
        walks.iter().map(|(start, hops)| hops.last().map_or(start, Hop::far)).collect();
    let count = |node: &Node| ends.iter().filter(|end| **end == node).count() as u64;
    let counted = world.nodes.iter().map(|node| (node.clone(), count(node)));
    let mut counted: Vec<_> = counted.filter(|(_, count)| *count > 0).collect();
    counted.sort_by_key(|(node, count)| (Reverse(*count), world.place(node)));
    counted
}

pub(super) fn lines((start, hops): &Walk<'_>) -> Vec<StepLine> {
    let first = (start.clone(), None);
    let rest = hops.iter().map(|hop| (hop.far().clone(), Some(Line::of(hop))));
    std::iter::once(first).chain(rest).collect()
}

fn pages(case: &Case, query: &WalkQuery, limit: usize, total: usize) -> Vec<(Node, u64)> {
    let mut query = WalkQuery { limit, ..query.clone() };
    let mut listed = Vec::new();
    loop {
        let page = case.graph.view().walk(&query, &mut Budget::unbounded()).unwrap();
        assert!(page.complete);
        assert_eq!(page.total, total as u64);
        let node = |end: &relata::graph::WalkEnd<'_>| {
            (end.object.to_owned(), end.record.map(str::to_owned))
        };
        listed.extend(page.ends.iter().map(|end| (node(end), end.paths)));
        if page.next.is_none() {
            return listed;
        }
        assert_eq!(page.ends.len(), limit);
        query.after = page.next;
    }
}

fn check(case: &Case, route: &Route, limit: usize) -> Result<(), TestCaseError> {
    let query = case.walk_query(route);
    let from: Vec<Node> = route.from.iter().map(|of| case.node(*of).clone()).collect();
    let walks = enumerate(&case.world, &from, &route.steps);
    let ends = expected_ends(&case.world, &walks);
    prop_assert_eq!(&pages(case, &query, 2, ends.len()), &ends, "{:?}", query);
    prop_assert_eq!(&pages(case, &query, 1_000, ends.len()), &ends, "{:?}", query);

    let mut expected: Vec<_> = walks.iter().map(lines).collect();
    expected.sort();
    let view = case.graph.view();
    let all = view.walks(&query, &mut Budget::unbounded()).unwrap();
    let mut shown: Vec<_> = all.paths.iter().map(|path| step_lines(path)).collect();
    shown.sort();
    prop_assert!(all.complete);
    prop_assert_eq!(&shown, &expected, "{:?}", query);

    let some = WalkQuery { limit, ..query };
    let some = view.walks(&some, &mut Budget::unbounded()).unwrap();
    prop_assert_eq!(some.paths.len(), limit.min(expected.len()));
    prop_assert_eq!(some.complete, expected.len() <= limit);
    prop_assert_eq!(some.paths.as_slice(), &all.paths[..some.paths.len()]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn walks_are_counted_and_enumerated(
        events in history_of(1..45, 16),
        routes in prop::collection::vec(route(), 1..6),
        limit in 1usize..30,
    ) {
        for case in cases(&events) {
            for route in &routes {
                check(&case, route, limit)?;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn walks_among_many_links_are_counted_and_enumerated(
        events in crowded(),
        mut routes in prop::collection::vec(route(), 1..6),
        limit in 1usize..30,
    ) {
        for case in cases(&events) {
            for route in &mut routes {
                // The many parallel links make too many of the longer walks.
                route.steps.truncate(1);
                check(&case, route, limit)?;
            }
        }
    }
}
