//! With too small a budget an answer says so, and what it tells is true.

use proptest::prelude::*;
use relata::graph::{Budget, PathQuery};

use super::{Choice, asked, cases, matches, near, paths, route, walks, ways};
use crate::support::oracle::{condition_filter, filter, history, history_of, step_lines};

/// From none at all to enough for some questions.
fn budget() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..8, 8u64..120]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn matches_cut_short_are_correct(
        events in history(),
        asked in prop::collection::vec((asked(), budget()), 1..12),
    ) {
        for case in cases(&events) {
            for (asked, budget) in &asked {
                let query = case.match_query(asked);
                let mut budget = Budget::of_links(*budget);
                let Ok(page) = case.graph.view().matches(&query, &mut budget) else { continue };
                let expected = matches::expected(&case.world, &query);
                let found = page.matches.iter().map(|it| (matches::node_of(it), it.links));
                let found: Vec<_> = found.collect();
                for (node, links) in &found {
                    let full = expected.iter().find(|(known, _)| known == node);
                    prop_assert!(full.is_some(), "{:?} does not match {:?}", node, query);
                    prop_assert!(*links <= full.unwrap().1);
                }
                prop_assert_eq!(page.complete, !budget.is_exhausted());
                prop_assert!(found == expected || !page.complete, "{:?}", query);
            }
        }
    }

    #[test]
    fn walks_cut_short_are_correct(
        events in history_of(1..45, 16),
        routes in prop::collection::vec((route(), budget()), 1..6),
    ) {
        for case in cases(&events) {
            for (route, budget) in &routes {
                let query = case.walk_query(route);
                let from: Vec<_> = route.from.iter().map(|of| case.node(*of).clone()).collect();
                let all = walks::enumerate(&case.world, &from, &route.steps);
                let ends = walks::expected_ends(&case.world, &all);
                let mut spent = Budget::of_links(*budget);
                let page = case.graph.view().walk(&query, &mut spent).unwrap();
                let node = |end: &relata::graph::WalkEnd<'_>| {
                    (end.object.to_owned(), end.record.map(str::to_owned))
                };
                let found: Vec<_> = page.ends.iter().map(|end| (node(end), end.paths)).collect();
                for (node, paths) in &found {
                    let full = ends.iter().find(|(known, _)| known == node);
                    prop_assert!(full.is_some_and(|(_, all)| paths <= all), "{:?}", query);
                }
                prop_assert!(found == ends || !page.complete, "{:?}", query);

                let mut spent = Budget::of_links(*budget);
                let some = case.graph.view().walks(&query, &mut spent).unwrap();
                let all: Vec<_> = all.iter().map(walks::lines).collect();
                let mut shown: Vec<_> = some.paths.iter().map(|path| step_lines(path)).collect();
                shown.sort();
                shown.dedup();
                prop_assert_eq!(shown.len(), some.paths.len(), "each once");
                prop_assert!(shown.iter().all(|path| all.contains(path)));
                prop_assert!(shown.len() == all.len() || !some.complete);
            }
        }
    }

    #[test]
    fn paths_cut_short_are_correct(
        events in history_of(1..60, 24),
        asked in prop::collection::vec((ways(), budget(), 1usize..4), 1..12),
    ) {
        for case in cases(&events) {
            for (ways, budget, limit) in &asked {
                let all = *limit != 1;
                let query = PathQuery { all, limit: *limit, ..case.path_query(ways) };
                let mut budget = Budget::of_links(*budget);
                let answer = case.graph.view().path(&query, &mut budget).unwrap();
                let full = paths::expected(&case, ways);
                let hops = full.as_ref().map(|(hops, _)| u32::try_from(*hops).unwrap());
                let all = full.map_or_else(Vec::new, |(_, all)| all);
                let shown: Vec<_> = answer.paths.iter().map(|path| step_lines(path)).collect();
                prop_assert!(answer.hops.is_none() || answer.hops == hops, "{:?}", query);
                prop_assert!(shown.iter().all(|path| all.contains(path)), "{:?}", query);
                let enough = shown.len() == all.len() || *limit == 1 && shown.len() == 1;
                let differs = answer.hops != hops || !enough;
                prop_assert!(!(differs && answer.complete), "{:?}", query);
            }
        }
    }

    #[test]
    fn neighborhoods_cut_short_are_correct(
        events in history(),
        asked in prop::collection::vec((any::<Choice>(), 0u32..5, budget(), condition_filter()), 1..12),
    ) {
        for case in cases(&events) {
            for (of, depth, budget, along) in &asked {
                let node = case.node(*of);
                let full = near::within(&case, node, *depth, along);
                let query = near::query(node, *depth, along, usize::MAX);
                let answer = case.graph.view();
                let answer = answer.neighborhood(&query, &mut Budget::of_links(*budget)).unwrap();
                let nodes = near::node_lines(&answer);
                prop_assert!(nodes.iter().all(|near| full.contains(near)), "{:?}", query);
                prop_assert!(nodes.is_sorted_by_key(|(_, hops)| *hops), "nearest first");
                let between = near::edges_between(&case, &nodes, along);
                let links = near::edge_lines(&answer);
                prop_assert!(links.iter().all(|link| between.contains(link)), "{:?}", query);
                let differs = nodes.len() != full.len() || links != between;
                prop_assert!(!(differs && answer.complete), "{:?}", query);

                let view = case.graph.view();
                let (count, all) = view.reach(&query, &mut Budget::of_links(*budget)).unwrap();
                let reach = full.len() as u64 - 1;
                prop_assert!(count == reach || count < reach && !all);
            }
        }
    }

    #[test]
    fn violations_cut_short_are_correct(events in history(), budget in budget()) {
        let graph = super::folded(&events);
        for count in graph.view().associations() {
            let id = count.association.id.as_str();
            let full = graph.view().violations(id, 100, &mut Budget::unbounded());
            let mut budget = Budget::of_links(budget);
            let some = graph.view().violations(id, 100, &mut budget);
            prop_assert!(full.starts_with(&some));
            prop_assert!(some.len() == full.len() || budget.is_exhausted());
        }
    }

    #[test]
    fn a_reused_budget_gives_the_same_answers_as_a_new_one(
        events in history(),
        asked in prop::collection::vec((asked(), route(), ways(), filter()), 1..8),
    ) {
        let mut again = Budget::unbounded();
        for case in cases(&events) {
            for (asked, route, ways, along) in &asked {
                let view = case.graph.view();
                let (fresh, again) = (&mut Budget::unbounded(), &mut again);
                let query = case.match_query(asked);
                prop_assert_eq!(view.matches(&query, fresh), view.matches(&query, again));
                let query = case.walk_query(route);
                prop_assert_eq!(view.walk(&query, fresh), view.walk(&query, again));
                let query = case.path_query(ways);
                prop_assert_eq!(view.path(&query, fresh), view.path(&query, again));
                let query = near::query(case.node(ways.from), 3, along, 5);
                let fresh = view.neighborhood(&query, fresh);
                prop_assert_eq!(fresh, view.neighborhood(&query, again));
                again.reset();
            }
        }
    }
}
