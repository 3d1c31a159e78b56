//! The graph against a model that is too simple to be wrong: a list of all
//! events, from which everything is computed anew for each question.

mod compare;
mod events;
mod model;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use relata::graph::{Budget, Edge, Layers, LinkQuery, LocationGraph, Order};
use relata::{Event, NodeRef, Seq, Side};

use crate::graph::merge::compare::compare;
use crate::graph::merge::events::{change, dated_events, decided_events, event, events};
use crate::graph::merge::model::Model;
use crate::support::long;

fn folded(events: &[Event]) -> LocationGraph {
    let mut graph = LocationGraph::new();
    for (event, seq) in events.iter().zip(1..) {
        graph.merge(seq, event);
    }
    graph
}

/// What can be seen, without what depends on the order of delivery.
fn visible(graph: &LocationGraph) -> BTreeMap<String, Vec<String>> {
    let snapshot = graph.snapshot();
    let mut all = BTreeMap::new();
    let mut put = |name: &str, lines: Vec<String>| all.insert(name.to_owned(), lines);
    // The position of an event is the order of delivery's.
    let line = |link: Edge<'_>| format!("{:?}", Edge { seq: 0, ..link });
    put("object links", snapshot.links(Layers::Objects).into_iter().map(line).collect());
    put("record links", snapshot.links(Layers::Records).into_iter().map(line).collect());
    put(
        "objects",
        snapshot.nodes(Layers::Objects).iter().map(|node| format!("{node:?}")).collect(),
    );
    put(
        "records",
        snapshot.nodes(Layers::Records).iter().map(|node| format!("{node:?}")).collect(),
    );
    put("name", vec![format!("{:?}", graph.name())]);
    put("counts", vec![format!("{:?}", graph.view().counts())]);
    all
}

/// Calls with every order of the events (Heap's algorithm).
fn permutations(events: &mut [Event], end: usize, each: &mut impl FnMut(&[Event])) {
    if end <= 1 {
        return each(events);
    }
    for place in 0..end {
        permutations(events, end - 1, each);
        events.swap(if end.is_multiple_of(2) { place } else { 0 }, end - 1);
    }
}

/// Orders tried of each long history.
const ORDERS: u32 = 50;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_order_of_a_few_events_gives_one_graph(events in decided_events(7)) {
        let expected = visible(&folded(&events));
        let mut orders = 0;
        permutations(&mut events.clone(), events.len(), &mut |order| {
            orders += 1;
            assert_eq!(visible(&folded(order)), expected, "{order:#?}");
        });
        prop_assert_eq!(orders, (1..=events.len()).product::<usize>());
    }

    #[test]
    fn every_order_of_events_at_one_time_follows_the_rule(
        changes in prop::collection::vec(change(), 1..6),
        at in prop::option::of(1i64..2),
    ) {
        let mut events: Vec<Event> =
            changes.into_iter().map(|change| event(at, change)).collect();
        let count = events.len();
        permutations(&mut events, count, &mut |order| {
            let mut model = Model::default();
            for event in order {
                model.push(event.clone());
            }
            compare(&folded(order), &model);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(long::rounds(500, 10_000) / ORDERS))]

    #[test]
    fn shuffled_histories_give_one_graph(
        (events, orders) in decided_events(120).prop_flat_map(|events| {
            let order = Just(events.clone()).prop_shuffle();
            (Just(events), prop::collection::vec(order, ORDERS as usize))
        }),
    ) {
        let expected = visible(&folded(&events));
        for order in orders {
            prop_assert_eq!(visible(&folded(&order)), expected.clone());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_graph_agrees_with_the_list_of_events(events in events(45)) {
        let (mut graph, mut model) = (LocationGraph::new(), Model::default());
        for event in events {
            let seq = model.push(event.clone());
            graph.merge(seq, &event);
        }
        compare(&graph, &model);
    }

    #[test]
    fn the_graph_agrees_after_every_event_and_as_previewed(events in events(12)) {
        let (mut graph, mut model) = (LocationGraph::new(), Model::default());
        for event in events {
            let seq = model.push(event.clone());
            let foreseen = graph.preview(seq, &event);
            prop_assert_eq!(graph.merge(seq, &event), foreseen);
            compare(&graph, &model);
        }
    }

    #[test]
    fn order_and_repeats_of_deliveries_do_not_matter(
        (events, delivered) in dated_events(40).prop_flat_map(|events| {
            let repeats = prop::collection::vec(prop::sample::select(events.clone()), 0..40);
            let delivered = repeats.prop_map({
                let events = events.clone();
                move |repeats| [events.clone(), repeats].concat()
            });
            (Just(events), delivered.prop_shuffle())
        }),
    ) {
        prop_assert_eq!(visible(&folded(&events)), visible(&folded(&delivered)));
    }

    #[test]
    fn a_replay_gives_the_same_graph(events in events(60)) {
        let mut found = Vec::new();
        folded(&events).differences(&folded(&events), &mut found, 5);
        prop_assert_eq!(found, vec![]);
    }

    #[test]
    fn a_snapshot_is_not_changed_by_later_events(before in events(40), after in events(40)) {
        let mut graph = folded(&before);
        let snapshot = graph.snapshot();
        let lines = |links: Vec<String>| links;
        let was = lines(snapshot.links(Layers::Records).into_iter().map(|link| format!("{link:?}")).collect());
        for (event, seq) in after.iter().zip(before.len() as Seq + 1..) {
            graph.merge(seq, event);
        }
        let is = lines(snapshot.links(Layers::Records).into_iter().map(|link| format!("{link:?}")).collect());
        prop_assert_eq!(was, is);
    }

    #[test]
    fn pages_join_without_gap_or_repeat_while_events_come(
        before in events(60),
        between in prop::collection::vec(events(6), 0..12),
        newest in any::<bool>(),
        limit in 1usize..4,
    ) {
        let order = if newest { Order::Newest } else { Order::Oldest };
        for node in [NodeRef::record("contact", "r1"), NodeRef::object("contact")] {
            let mut graph = folded(&before);
            let mut seq = before.len() as Seq;
            let all = LinkQuery::default().limit(1000).order(order);
            let ids = |graph: &LocationGraph| -> Vec<(String, Side)> {
                let page = graph.view().links(&node, &all, &mut Budget::unbounded());
                let links = page.map(|page| page.links).unwrap_or_default();
                let id = |link: &relata::graph::Link<'_>| link.relation.unwrap_or(link.association).to_owned();
                links.iter().map(|link| (id(link), link.side)).collect()
            };
            let mut always: BTreeSet<(String, Side)> = ids(&graph).into_iter().collect();
            let mut listed = Vec::new();
            let mut query = LinkQuery::default().limit(limit).order(order);
            let mut between = between.iter();
            while let Ok(page) = graph.view().links(&node, &query, &mut Budget::unbounded()) {
                listed.extend(page.links.iter().map(|link| {
                    (link.relation.unwrap_or(link.association).to_owned(), link.side)
                }));
                let Some(next) = page.next else { break };
                query = query.after(next.to_string().parse().unwrap());
                for event in between.next().into_iter().flatten() {
                    seq += 1;
                    graph.merge(seq, event);
                    let now: BTreeSet<_> = ids(&graph).into_iter().collect();
                    always.retain(|link| now.contains(link));
                }
            }
            let distinct: BTreeSet<_> = listed.iter().cloned().collect();
            prop_assert_eq!(distinct.len(), listed.len(), "no link twice");
            let missing: Vec<_> = always.difference(&distinct).collect();
            prop_assert!(missing.is_empty(), "skipped {:?} of {:?}", missing, listed);
        }
    }
}
