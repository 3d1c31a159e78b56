//! One file a question, as in the crate.

mod between;
mod budgets;
mod charges;
mod counts;
mod links;
mod matches;
mod near;
mod paths;
mod relations;
mod snapshots;
mod walks;

use proptest::prelude::*;
use relata::Event;
use relata::graph::{LinkFilter, LocationGraph, MatchQuery, PathQuery, WalkQuery};

use crate::support::oracle::{Node, World, condition_filter, filter, folded, node_ref};

/// A graph and what the oracle knows of one of its layers.
struct Case {
    graph: LocationGraph,
    world: World,
}

/// Both layers of the graph that events make, those left out in which there is
/// nothing to ask about.
fn cases(events: &[Event]) -> Vec<Case> {
    let worlds = World::both(events).into_iter().filter(|world| !world.nodes.is_empty());
    worlds.map(|world| Case { graph: folded(events), world }).collect()
}

/// A choice of a node, whatever there will be to choose from.
type Choice = prop::sample::Index;

impl Case {
    fn node(&self, choice: Choice) -> &Node {
        choice.get(&self.world.nodes)
    }

    fn match_query(&self, asked: &Asked) -> MatchQuery {
        let conditions = |of: &[(Choice, LinkFilter)]| {
            let condition = |(node, filter): &(Choice, LinkFilter)| relata::graph::Condition {
                linked_to: node_ref(self.node(*node)),
                filter: filter.clone(),
            };
            of.iter().map(condition).collect()
        };
        MatchQuery {
            object: asked.object.clone(),
            all: conditions(&asked.all),
            any: conditions(&asked.any),
            none: conditions(&asked.none),
            after: None,
            limit: usize::MAX,
        }
    }

    fn path_query(&self, ways: &Ways) -> PathQuery {
        PathQuery {
            from: node_ref(self.node(ways.from)),
            to: node_ref(self.node(ways.to)),
            max_hops: ways.max_hops,
            along: ways.along.clone(),
            all: true,
            limit: usize::MAX,
        }
    }

    fn walk_query(&self, route: &Route) -> WalkQuery {
        WalkQuery {
            from: route.from.iter().map(|node| node_ref(self.node(*node))).collect(),
            steps: route.steps.clone(),
            after: None,
            limit: usize::MAX,
        }
    }
}

/// Conditions to match.
#[derive(Debug, Clone)]
struct Asked {
    object: Option<String>,
    all: Vec<(Choice, LinkFilter)>,
    any: Vec<(Choice, LinkFilter)>,
    none: Vec<(Choice, LinkFilter)>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let conditions = || prop::collection::vec((any::<Choice>(), filter()), 0..3);
    let object = prop::sample::select(&["contact", "property", "viewing", "none"][..]);
    (prop::option::of(object), conditions(), conditions(), conditions()).prop_map(
        |(object, all, any, none)| Asked { object: object.map(str::to_owned), all, any, none },
    )
}

/// Where to look for ways.
#[derive(Debug, Clone)]
struct Ways {
    from: Choice,
    to: Choice,
    along: LinkFilter,
    max_hops: u32,
}

fn ways() -> impl Strategy<Value = Ways> {
    let ends = (any::<Choice>(), any::<Choice>());
    (ends, condition_filter(), prop_oneof![1 => 0u32..4, 2 => Just(32)])
        .prop_map(|((from, to), along, max_hops)| Ways { from, to, along, max_hops })
}

/// Where to walk.
#[derive(Debug, Clone)]
struct Route {
    from: Vec<Choice>,
    steps: Vec<LinkFilter>,
}

fn route() -> impl Strategy<Value = Route> {
    let from = prop::collection::vec(any::<Choice>(), 1..4);
    let step = prop_oneof![Just(LinkFilter::default()), filter()];
    (from, prop::collection::vec(step, 0..4)).prop_map(|(from, steps)| Route { from, steps })
}
