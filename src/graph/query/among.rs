//! Finds the links among a set of nodes, each at the end where there are fewer to look at.

use crate::graph::memory::adjacency::{Run, Slot};
use crate::graph::memory::table::RelationNo;
use crate::graph::query::budget::Budget;
use crate::graph::query::layer::Layer;
use crate::graph::query::slot_filter::SlotFilter;
use crate::model::Side;

/// What decides at which of its two ends a link is looked for: the lesser one. No two ends
/// have the same, not even those of a link from a node to itself.
type Rank = (u32, u32, Side);

/// Returns the links from one of these nodes to another or to itself, each once and in the
/// order in which they were first heard of; where there are more than `most`, or the budget
/// ends, some of them. The nodes are distinct, and are `seen` afterwards.
pub(super) fn links_among(
    layer: Layer<'_>,
    mut nodes: Vec<u32>,
    slots: &mut SlotFilter<'_>,
    budget: &mut Budget<'_>,
    most: usize,
) -> Vec<RelationNo> {
    budget.memory.seen.clear(layer.nodes());
    for &node in &nodes {
        budget.memory.seen.insert(node, ());
    }
    let mut links = Vec::new();
    let Some(greatest) = Greatest::of(layer, &nodes, slots, budget) else { return links };
    // Those of few links first: if the budget ends, most is known by then.
    nodes.sort_by_cached_key(|&node| layer.adjacency(node).len());
    for node in nodes {
        for run in layer.adjacency(node).runs() {
            let rank = (run.live, node, run.slot.side());
            if !greatest.exceeds(layer, run.slot, rank) {
                continue;
            }
            if !slots.admit(layer, &run, budget) {
                if budget.is_exhausted() {
                    return in_order(links);
                }
                continue;
            }
            let inner = run.entries.iter().filter(|entry| {
                let far = entry.far.0;
                budget.memory.seen.has(far) && rank < far_rank(layer, far, run.slot)
            });
            links.extend(inner.map(|entry| entry.relation));
            if links.len() >= most {
                return in_order(links);
            }
        }
    }
    in_order(links)
}

/// Returns the rank of the far end of the links in a slot.
fn far_rank(layer: Layer<'_>, far: u32, slot: Slot) -> Rank {
    let slot = slot.other();
    (layer.adjacency(far).live(slot), far, slot.side())
}

fn in_order(mut links: Vec<RelationNo>) -> Vec<RelationNo> {
    links.sort_unstable();
    links
}

/// The two greatest ranks that any of the nodes have in each slot.
struct Greatest(Vec<[Option<Rank>; 2]>);

impl Greatest {
    /// Looks at every slot of every node. Returns `None` if the budget does not suffice.
    fn of(
        layer: Layer<'_>,
        nodes: &[u32],
        slots: &mut SlotFilter<'_>,
        budget: &mut Budget<'_>,
    ) -> Option<Self> {
        let mut of_slots: Vec<[Option<Rank>; 2]> = Vec::new();
        for &node in nodes {
            for Run { slot, live, .. } in layer.adjacency(node).runs() {
                if !budget.charge(1) {
                    return None;
                }
                if !slots.has(layer, slot) {
                    continue;
                }
                let at = slot.index();
                if of_slots.len() <= at {
                    of_slots.resize(at + 1, [None; 2]);
                }
                let Some([first, second]) = of_slots.get_mut(at) else { continue };
                let rank = Some((live, node, slot.side()));
                if rank > *first {
                    (*first, *second) = (rank, *first);
                } else if rank > *second {
                    *second = rank;
                }
            }
        }
        Some(Self(of_slots))
    }

    /// Returns whether the links that a node has in a slot may lead to another of the nodes, or
    /// to itself, whose rank there is greater.
    fn exceeds(&self, layer: Layer<'_>, slot: Slot, rank: Rank) -> bool {
        let (_, node, _) = rank;
        let is_far = |&(_, far, _): &Rank| far != node || layer.loops(node, slot.kind()) > 0;
        let there = self.0.get(slot.other().index()).into_iter().flatten().flatten();
        there.copied().filter(is_far).any(|far| far > rank)
    }
}
