//! The shortest ways between two nodes.

use proptest::prelude::*;
use relata::Side;
use relata::graph::{Budget, PathQuery};

use super::walks::Walk;
use super::{Case, Ways, cases, walks, ways};
use crate::support::oracle::{Edge, Hop, Node, StepLine, World, crowded, history_of, step_lines};

/// Every hop from a node along such links.
fn hops<'w>(world: &'w World, node: &Node, passes: &dyn Fn(&Edge) -> bool) -> Vec<Hop<'w>> {
    let edges = world.edges.iter().filter(|edge| passes(edge));
    let both = edges.flat_map(|edge| [Side::First, Side::Second].map(|side| Hop { edge, side }));
    both.filter(|hop| hop.edge.end(hop.side) == node).collect()
}

/// The length of the shortest ways, and all of them.
pub(super) fn expected<'w>(case: &'w Case, ways: &Ways) -> Option<(usize, Vec<Vec<StepLine>>)> {
    let passes = |edge: &Edge| edge.passes(&ways.along.labels, &ways.along.associations);
    let (from, to) = (case.node(ways.from), case.node(ways.to));
    let left = case.world.hops_from(to, passes);
    let left = |node: &Node| left.iter().find(|(known, _)| known == node).map(|(_, hops)| *hops);
    let length = left(from).filter(|hops| *hops <= ways.max_hops as usize)?;
    let mut found = vec![(from.clone(), vec![])];
    for step in 1..=length {
        let longer = |(start, taken): Walk<'w>| {
            let at = taken.last().map_or(from, Hop::far);
            let nearer = hops(&case.world, at, &passes).into_iter();
            let nearer = nearer.filter(|hop| left(hop.far()) == Some(length - step));
            let nearer = nearer.map(|hop| (start.clone(), [taken.as_slice(), &[hop]].concat()));
            nearer.collect::<Vec<_>>()
        };
        found = found.into_iter().flat_map(longer).collect();
    }
    let mut found: Vec<_> = found.iter().map(walks::lines).collect();
    found.sort();
    Some((length, found))
}

fn check(case: &Case, ways: &Ways, limit: usize) -> Result<(), TestCaseError> {
    let expected = expected(case, ways);
    let hops = expected.as_ref().map(|(hops, _)| u32::try_from(*hops).unwrap());
    let expected = expected.map_or_else(Vec::new, |(_, found)| found);
    for (all, limit) in [(false, 1), (true, 1), (true, limit), (true, usize::MAX)] {
        let query = PathQuery { all, limit, ..case.path_query(ways) };
        let answer = case.graph.view().path(&query, &mut Budget::unbounded()).unwrap();
        let mut shown: Vec<_> = answer.paths.iter().map(|path| step_lines(path)).collect();
        shown.sort();
        prop_assert_eq!(answer.hops, hops, "{:?}", query);
        prop_assert_eq!(answer.complete, !all || expected.len() <= limit);
        prop_assert_eq!(shown.len(), limit.min(expected.len()), "{:?}", query);
        shown.dedup();
        prop_assert_eq!(shown.len(), answer.paths.len(), "each once: {:?}", query);
        prop_assert!(shown.iter().all(|path| expected.contains(path)), "{:?}: {:?}", query, shown);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn paths_are_the_shortest(
        // Dense graphs with many ways, and thin ones with long ways.
        events in prop_oneof![history_of(1..60, 24), history_of(1..20, 16)],
        asked in prop::collection::vec(ways(), 1..12),
        limit in 2usize..5,
    ) {
        for case in cases(&events) {
            for ways in &asked {
                check(&case, ways, limit)?;
                check(&case, &Ways { to: ways.from, ..ways.clone() }, limit)?;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn paths_among_many_links_are_the_shortest(
        events in crowded(),
        asked in prop::collection::vec(ways(), 1..6),
    ) {
        for case in cases(&events) {
            for ways in &asked {
                // The many parallel links make too many of the longer ways.
                check(&case, &Ways { max_hops: 1, ..ways.clone() }, 10)?;
            }
        }
    }
}
