//! What is linked to a node, and under which labels.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use relata::graph::{Budget, LabelCount, LinkFilter, LinkQuery, Order};
use relata::{Side, Timestamp};

use super::{Case, Choice, cases};
use crate::support::oracle::{
    Hop, Line, Node, World, crowded, filter, folded, history, history_of, line, node_ref,
};

fn query() -> impl Strategy<Value = LinkQuery> {
    let time = || prop::option::weighted(0.3, (0i64..10).prop_map(Timestamp::from_millis));
    let order = prop::sample::select(&[Order::Oldest, Order::Newest][..]);
    let filter = prop_oneof![Just(LinkFilter::default()), filter()];
    (filter, time(), time(), order, 1usize..5).prop_map(|(filter, since, until, order, limit)| {
        LinkQuery { filter, since, until, order, after: None, limit }
    })
}

fn is_in_time(query: &LinkQuery, at: Option<i64>) -> bool {
    let timed = query.since.is_some() || query.until.is_some();
    let inside = |at: i64| {
        query.since.is_none_or(|since| at >= since.as_millis())
            && query.until.is_none_or(|until| at < until.as_millis())
    };
    !timed || at.is_some_and(inside)
}

fn expected(world: &World, node: &Node, query: &LinkQuery) -> Vec<Line> {
    let hops = world.links(node, &query.filter);
    let in_time = hops.iter().filter(|hop| is_in_time(query, hop.edge.at));
    let mut lines: Vec<Line> = in_time.map(Line::of).collect();
    if query.order == Order::Newest {
        lines.reverse();
    }
    lines
}

/// How many slots a node has: looking at each is charged before its first link.
fn slots(case: &Case, node: &Node) -> u64 {
    let mut budget = Budget::unbounded();
    case.graph.view().labels(&node_ref(node), &mut budget).unwrap();
    budget.links()
}

/// All pages, each within a budget of its own after that of the slots.
fn pages(case: &Case, node: &Node, query: &LinkQuery, budget: Option<u64>) -> Vec<Line> {
    let total = case.world.links(node, &query.filter).len() as u64;
    let timed = query.since.is_some() || query.until.is_some();
    let (mut query, mut listed, mut asked) = (query.clone(), vec![], 0);
    let budget = budget.map(|links| links + slots(case, node));
    loop {
        let mut budget = budget.map_or_else(Budget::unbounded, Budget::of_links);
        let page = case.graph.view().links(&node_ref(node), &query, &mut budget).unwrap();
        assert!(page.links.len() <= query.limit);
        assert_eq!(page.total, (!timed).then_some(total));
        listed.extend(page.links.iter().map(line));
        let Some(next) = page.next else { return listed };
        assert!(
            page.links.len() == query.limit || budget.is_exhausted(),
            "a page ends for a reason"
        );
        query = query.after(next.to_string().parse().unwrap());
        asked += 1;
        assert!(asked < 1_000, "every page goes on");
    }
}

/// A label, the own one, the object key at the far end, the side and how many.
type LabelLine = (Option<String>, Option<String>, String, Side, u64);

fn label_line(hop: &Hop<'_>, count: u64) -> LabelLine {
    let text = |text: Option<&str>| text.map(str::to_owned);
    (text(hop.label()), text(hop.own_label()), hop.far().0.clone(), hop.side, count)
}

/// The labels of a node as the oracle counts them.
fn label_lines(world: &World, node: &Node) -> Vec<LabelLine> {
    let mut counted: BTreeMap<(usize, Side), (Hop<'_>, u64)> = BTreeMap::new();
    for hop in world.links(node, &LinkFilter::default()) {
        let kind = |(association, first, second): &(String, String, String)| {
            *association == hop.edge.association
                && (node.1.is_none() || (first, second) == (&hop.edge.first.0, &hop.edge.second.0))
        };
        let kind = world.kinds.iter().position(kind).unwrap();
        counted.entry((kind, hop.side)).or_insert((hop, 0)).1 += 1;
    }
    counted.into_values().map(|(hop, count)| label_line(&hop, count)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn labels_count_links(events in prop_oneof![9 => history(), 1 => crowded()]) {
        for case in cases(&events) {
            for node in &case.world.nodes {
                let labels = case.graph.view().labels(&node_ref(node), &mut Budget::unbounded()).unwrap();
                let shown = |it: &LabelCount<'_>| {
                    let text = |text: Option<&str>| text.map(str::to_owned);
                    (text(it.label), text(it.own_label), it.object.to_owned(), it.side, it.count)
                };
                let shown: Vec<_> = labels.iter().map(shown).collect();
                prop_assert_eq!(shown, label_lines(&case.world, node), "{:?}", node);
            }
        }
    }

    #[test]
    fn pages_list_what_the_query_selects(
        events in history_of(1..120, 60),
        queries in prop::collection::vec(query(), 1..8),
        budget in 1u64..5,
    ) {
        for case in cases(&events) {
            for node in &case.world.nodes {
                for query in &queries {
                    let expected = expected(&case.world, node, query);
                    let listed = pages(&case, node, query, None);
                    prop_assert_eq!(&listed, &expected, "{:?} {:?}", node, query);
                    let listed = pages(&case, node, query, Some(budget));
                    prop_assert_eq!(&listed, &expected, "{:?} {:?}", node, query);
                }
            }
        }
    }

    #[test]
    fn cursors_stay_valid_while_events_come(
        (before, between) in (history(), prop::collection::vec(history_of(1..6, 24), 0..12)),
        (query, node) in (query(), any::<Choice>()),
    ) {
        for records in [false, true] {
            let layer = |events: &[relata::Event]| World::both(events)[usize::from(records)].clone();
            let mut events = before.clone();
            let mut graph = folded(&events);
            let mut world = layer(&events);
            if world.nodes.is_empty() {
                continue;
            }
            let node = node.get(&world.nodes).clone();
            let names = |world: &World| -> BTreeSet<(String, Side)> {
                expected(world, &node, &query).iter().map(Line::name).collect()
            };
            let (mut always, mut listed) = (names(&world), vec![]);
            let (mut query, mut between) = (query.clone(), between.iter());
            loop {
                let page = graph.view().links(&node_ref(&node), &query, &mut Budget::unbounded()).unwrap();
                let lines: Vec<Line> = page.links.iter().map(line).collect();
                let now = expected(&world, &node, &query);
                prop_assert!(lines.iter().all(|line| now.contains(line)), "{:?}", lines);
                listed.extend(lines.iter().map(Line::name));
                let Some(next) = page.next else { break };
                query = query.after(next);
                for event in between.next().into_iter().flatten() {
                    events.push(event.clone());
                    graph.merge(events.len() as u64, event);
                    world = layer(&events);
                    let now = names(&world);
                    always.retain(|name| now.contains(name));
                }
            }
            let distinct: BTreeSet<_> = listed.iter().cloned().collect();
            prop_assert_eq!(distinct.len(), listed.len(), "no link twice");
            let missing: Vec<_> = always.difference(&distinct).collect();
            prop_assert!(missing.is_empty(), "skipped {:?} of {:?}", missing, listed);
        }
    }
}

#[test]
fn a_hub_of_many_links_with_gaps_is_listed_like_any_other() {
    use relata::{Change, Event, EventType, LocationId, RecordRef, Relation};
    let event = |number: u64, event_type| {
        let end = |id: u64| RecordRef { object: "contact".into(), id: format!("r{id}").into() };
        let relation = Relation {
            id: format!("l{number}").into(),
            association: format!("a{}", number % 3).into(),
            first: end(0),
            second: end(number % 7),
        };
        let change = Change::Relation(relation);
        Event {
            event_type,
            location: LocationId::from("here"),
            at: Some(Timestamp::from_millis(i64::try_from(number).unwrap())),
            webhook_id: None,
            trace_id: None,
            origin: relata::Origin::default(),
            observed_at: None,
            change,
        }
    };
    let mut events: Vec<Event> = (0..150).map(|n| event(n, EventType::RelationCreate)).collect();
    events.extend((0..150).filter(|n| n % 5 < 2).map(|n| event(n, EventType::RelationDelete)));
    for case in cases(&events) {
        for (order, limit) in [(Order::Oldest, 7), (Order::Newest, 4), (Order::Newest, 1)] {
            for since in [None, Some(Timestamp::from_millis(60))] {
                for filter in [LinkFilter::default(), LinkFilter::default().association("a1")] {
                    let query = LinkQuery { filter, since, order, limit, ..LinkQuery::default() };
                    for node in &case.world.nodes {
                        let expected = expected(&case.world, node, &query);
                        assert_eq!(pages(&case, node, &query, None), expected);
                        assert_eq!(pages(&case, node, &query, Some(3)), expected);
                    }
                }
            }
        }
    }
}
