//! A copy answers as the graph did when it was taken.

use proptest::prelude::*;
use relata::graph::{Budget, LinkFilter, LinkQuery, View};

use super::near::query;
use super::{Asked, Case, Route, Ways, asked, cases, route, ways};
use crate::support::oracle::{Node, history, history_of, node_ref};

/// Every question, as text.
fn answers(
    case: &Case,
    view: View<'_>,
    asked: &[Asked],
    routes: &[Route],
    ways: &[Ways],
) -> Vec<String> {
    let budget = &mut Budget::unbounded();
    let mut answers = Vec::new();
    for node in &case.world.nodes {
        let of = node_ref(node);
        answers.push(format!("{:?}", view.labels(&of, budget)));
        let all = LinkQuery::default().limit(1_000);
        answers.push(format!("{:?}", view.links(&of, &all, budget)));
        answers.push(format!("{:?}", around(view, node, budget)));
    }
    for asked in asked {
        answers.push(format!("{:?}", view.matches(&case.match_query(asked), budget)));
    }
    for route in routes {
        answers.push(format!("{:?}", view.walk(&case.walk_query(route), budget)));
        answers.push(format!("{:?}", view.walks(&case.walk_query(route), budget)));
    }
    for ways in ways {
        answers.push(format!("{:?}", view.path(&case.path_query(ways), budget)));
    }
    answers.push(format!("{:?}", view.counts()));
    answers.push(format!("{:?}", view.objects().collect::<Vec<_>>()));
    answers.push(format!("{:?}", view.associations().collect::<Vec<_>>()));
    for association in &case.world.associations {
        answers.push(format!("{:?}", view.violations(association.id.as_str(), 100, budget)));
    }
    answers
}

fn around(view: View<'_>, node: &Node, budget: &mut Budget<'_>) -> String {
    let query = query(node, 2, &LinkFilter::default(), 100);
    format!("{:?} {:?}", view.neighborhood(&query, budget), view.reach(&query, budget))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_snapshot_answers_as_the_graph_did_when_it_was_taken(
        (before, after) in (history(), history_of(50, 24)),
        asked in prop::collection::vec(asked(), 4),
        routes in prop::collection::vec(route(), 3),
        ways in prop::collection::vec(ways(), 6),
    ) {
        for mut case in cases(&before) {
            let named: Vec<_> = case.world.nodes.iter().map(node_ref).collect();
            let snapshot = case.graph.snapshot_for(named.as_slice());
            let was = answers(&case, case.graph.view(), &asked, &routes, &ways);
            for (event, seq) in after.iter().zip(before.len() as u64 + 1..) {
                case.graph.merge(seq, event);
            }
            let is = answers(&case, snapshot.view(), &asked, &routes, &ways);
            prop_assert_eq!(was, is);
        }
    }
}
