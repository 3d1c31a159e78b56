//! How many of each association, and which records have too many.

use proptest::prelude::*;
use relata::graph::{AssociationCount, Budget, EndCount, Violation};
use relata::{Association, Side};

use crate::support::oracle::{Edge, Node, World, crowded, folded, history};

/// Whether the ends can be told apart: a link between things of one type that
/// reads alike from either end has no first.
fn is_mutual(association: &Association) -> bool {
    association.first.label == association.second.label
        && association.first.object == association.second.object
}

/// How many links under an association a record has on one end, or on either
/// where the ends cannot be told apart; one to itself is one link.
fn degree(edges: &[&Edge], node: &Node, side: Side, mutual: bool) -> u64 {
    let counts = |edge: &&&Edge| edge.end(side) == node || mutual && edge.end(side.other()) == node;
    edges.iter().filter(counts).count() as u64
}

/// Whether one link is all that a record on this end may have.
fn allows_one(association: &Association, side: Side) -> bool {
    let words =
        [(&association.first_to_second, Side::First), (&association.second_to_first, Side::Second)];
    words.into_iter().any(|(word, told_from)| {
        let Some((behind, before)) = word.as_deref().and_then(|word| word.split_once("_TO_"))
        else {
            return false;
        };
        // ONE_TO_MANY: one of these has many of those, one of those one of these.
        if side == told_from { before == "ONE" } else { behind == "ONE" }
    })
}

fn edges_under<'w>(world: &'w World, association: &Association) -> Vec<&'w Edge> {
    let under = |edge: &&Edge| edge.association == association.id.as_str();
    world.edges.iter().filter(under).collect()
}

/// The records that have links on this end, with how many.
fn degrees(world: &World, association: &Association, side: Side) -> Vec<(Node, u64)> {
    let edges = edges_under(world, association);
    let degree = |node: &Node| degree(&edges, node, side, is_mutual(association));
    let all = world.nodes.iter().map(|node| (node.clone(), degree(node)));
    all.filter(|(_, links)| *links > 0).collect()
}

fn may_have_one(association: &Association, side: Side) -> bool {
    let other = is_mutual(association) && allows_one(association, side.other());
    allows_one(association, side) || other
}

fn end_count(world: &World, association: &Association, side: Side) -> EndCount {
    let degrees = degrees(world, association, side);
    let too_many = degrees.iter().filter(|(_, links)| *links > 1).count() as u64;
    EndCount {
        distinct: degrees.len() as u64,
        greatest: degrees.iter().map(|(_, links)| *links).max().unwrap_or(0),
        violations: if may_have_one(association, side) { too_many } else { 0 },
    }
}

fn violations(world: &World, association: &Association) -> Vec<(Node, Side, u64)> {
    let mut found = Vec::new();
    for side in [Side::First, Side::Second] {
        let told_already = side == Side::Second && is_mutual(association);
        if may_have_one(association, side) && !told_already {
            let degrees = degrees(world, association, side);
            let too_many = degrees.into_iter().filter(|(_, links)| *links > 1);
            found.extend(too_many.map(|(node, links)| (node, side, links)));
        }
    }
    found.sort_by_key(|(node, side, _)| (world.place(node), *side));
    found
}

fn violation_line(it: &Violation<'_>) -> (Node, Side, u64) {
    ((it.object.to_owned(), Some(it.record.to_owned())), it.side, it.links)
}

fn observed(first: EndCount, second: EndCount) -> String {
    let word = |several: bool| if several { "MANY" } else { "ONE" };
    format!("{}_TO_{}", word(second.greatest > 1), word(first.greatest > 1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn relations_of_each_association_are_counted(events in prop_oneof![19 => history(), 1 => crowded()]) {
        let (graph, world) = (folded(&events), World::records(&events));
        let counted: Vec<AssociationCount<'_>> = graph.view().associations().collect();
        let known: Vec<&Association> = counted.iter().map(|count| count.association).collect();
        prop_assert_eq!(known, world.associations.iter().collect::<Vec<_>>());
        for count in counted {
            let association = count.association;
            let (first, second) = (
                end_count(&world, association, Side::First),
                end_count(&world, association, Side::Second),
            );
            prop_assert_eq!(count.first, first, "firsts of {:?}", association);
            prop_assert_eq!(count.second, second, "seconds of {:?}", association);
            prop_assert_eq!(count.relations, edges_under(&world, association).len() as u64);
            prop_assert_eq!(count.observed(), observed(first, second));
            prop_assert_eq!(count.observed_back(), observed(second, first));
            let expected = violations(&world, association);
            prop_assert_eq!(count.violations(), expected.len() as u64, "{:?}", association);
            for limit in [1, 2, usize::MAX] {
                let id = association.id.as_str();
                let listed = graph.view().violations(id, limit, &mut Budget::unbounded());
                let listed: Vec<_> = listed.iter().map(violation_line).collect();
                prop_assert_eq!(&listed[..], &expected[..limit.min(expected.len())]);
            }
        }
    }
}
