//! Who is linked to all of these, to any of those, to none of the others.

use std::cmp::Reverse;

use proptest::prelude::*;
use relata::NodeRef;
use relata::graph::{Budget, Condition, LinkFilter, Match, MatchQuery, NamesNodes, QueryError};

use super::{Case, asked, cases};
use crate::support::oracle::{Hop, Node, World, crowded, history, node_ref};

pub(super) fn node_of(found: &Match<'_>) -> Node {
    (found.object.to_owned(), found.record.map(str::to_owned))
}

/// Whether a link of a node meets a condition, whichever end it is looked at
/// from.
fn meets(world: &World, node: &Node, condition: &Condition) -> bool {
    let hops = [relata::Side::First, relata::Side::Second]
        .into_iter()
        .flat_map(|side| world.edges.iter().map(move |edge| Hop { edge, side }));
    let meets = |hop: Hop<'_>| {
        hop.edge.end(hop.side) == node
            && node_ref(hop.far()) == condition.linked_to
            && hop.passes(&condition.filter)
    };
    hops.into_iter().any(meets)
}

/// What the question selects, and how many conditions each meets.
pub(super) fn expected(world: &World, query: &MatchQuery) -> Vec<(Node, u32)> {
    let met = |node: &Node, conditions: &[Condition]| {
        conditions.iter().filter(|condition| meets(world, node, condition)).count()
    };
    let without = query.all.is_empty() && query.any.is_empty();
    let mut found = Vec::new();
    for node in &world.nodes {
        let (all, any) = (met(node, &query.all), met(node, &query.any));
        if query.object.as_ref().is_none_or(|object| *object == node.0)
            && all == query.all.len()
            && (any > 0 || query.any.is_empty())
            && met(node, &query.none) == 0
            && (!without || world.listed.contains(node))
        {
            found.push((node.clone(), u32::try_from(all + any).unwrap()));
        }
    }
    found.sort_by_key(|(node, met)| (Reverse(*met), world.place(node)));
    found
}

fn pages(case: &Case, query: &MatchQuery, limit: usize) -> Vec<(Node, u32)> {
    let total = expected(&case.world, query).len() as u64;
    let mut query = MatchQuery { limit, ..query.clone() };
    let mut listed = Vec::new();
    loop {
        let page = case.graph.view().matches(&query, &mut Budget::unbounded()).unwrap();
        assert!(page.complete);
        assert_eq!(page.total, total, "{query:?}");
        listed.extend(page.matches.iter().map(|found| (node_of(found), found.links)));
        if page.next.is_none() {
            return listed;
        }
        assert_eq!(page.matches.len(), limit);
        query.after = page.next;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn matches_meet_the_conditions(
        events in prop_oneof![19 => history(), 1 => crowded()],
        asked in prop::collection::vec(asked(), 8..24),
        limit in 1usize..4,
    ) {
        for case in cases(&events) {
            for asked in &asked {
                let query = case.match_query(asked);
                let positive = query.all.len() + query.any.len();
                if query.named_nodes().next().is_none() || positive == 0 && query.object.is_none() {
                    let refused = case.graph.view().matches(&query, &mut Budget::unbounded());
                    prop_assert_eq!(refused.unwrap_err(), QueryError::Nothing);
                    continue;
                }
                let expected = expected(&case.world, &query);
                prop_assert_eq!(pages(&case, &query, limit), expected.clone(), "{:?}", query);
                prop_assert_eq!(pages(&case, &query, 1_000), expected, "{:?}", query);
            }
        }
    }

    #[test]
    fn a_question_names_nodes_that_are_known_and_of_one_layer(events in history()) {
        let graph = super::folded(&events);
        let [objects, records] = World::both(&events);
        let (Some(object), Some(record)) = (objects.nodes.first(), records.nodes.first()) else {
            return Ok(());
        };
        let ask = |nodes: &[NodeRef]| {
            let condition = |node: &NodeRef| Condition {
                linked_to: node.clone(),
                filter: LinkFilter::default(),
            };
            let all = nodes.iter().map(condition).collect();
            let query = MatchQuery { all, ..MatchQuery::default() };
            graph.view().matches(&query, &mut Budget::unbounded()).err()
        };
        let (object, record) = (node_ref(object), node_ref(record));
        prop_assert_eq!(ask(&[record.clone(), record.clone()]), None);
        let other = Some(QueryError::OtherLayer(object.clone()));
        prop_assert_eq!(ask(&[record.clone(), object]), other);
        let nobody = NodeRef::record(record.object.as_str(), "nobody");
        prop_assert_eq!(ask(&[record, nobody.clone()]), Some(QueryError::Unknown(nobody)));
    }
}
