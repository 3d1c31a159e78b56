//! Lists by rank: the greatest first, and of equals the node that the store heard of
//! first.

use std::cmp::Reverse;

use crate::graph::query::budget::Budget;
use crate::graph::query::layer::{Layer, NodeName};

/// A rank and a node.
pub(super) type Ranked<R> = (R, u32);

/// The members of a ranked node as JSON, without its texts.
const MEMBERS: usize = 74;

/// A page of a ranked list.
pub(super) struct RankedPage<R> {
    pub(super) ranked: Vec<Ranked<R>>,
    /// The last of the page, by its place, if there are more after it.
    pub(super) next: Option<(R, u32)>,
}

impl<R: Copy> RankedPage<R> {
    /// Returns the names of the nodes, as rows of an answer; the page ends with the last
    /// for which there is room.
    pub(super) fn write<'g>(
        &mut self,
        layer: Layer<'g>,
        budget: &mut Budget<'_>,
    ) -> Vec<NodeName<'g>> {
        let mut names = Vec::with_capacity(self.ranked.len());
        for &(_, node) in &self.ranked {
            let name = layer.name(node);
            if !budget.write(MEMBERS, [Some(name.object), name.record, name.name]) {
                break;
            }
            names.push(name);
        }
        if names.len() < self.ranked.len() {
            self.ranked.truncate(names.len());
            self.next = self.ranked.last().map(|&last| at_place(layer, last));
        }
        names
    }
}

/// Returns the first `limit` nodes after `after`, and where to continue if there are more:
/// a rank and the place of a node. Costs the whole list, and sorts only the page.
pub(super) fn page<R: Ord + Copy>(
    layer: Layer<'_>,
    mut all: Vec<Ranked<R>>,
    after: Option<(R, u32)>,
    limit: usize,
) -> RankedPage<R> {
    let key = |(rank, node): Ranked<R>| (Reverse(rank), node);
    if let Some((rank, place)) = after {
        let from = (Reverse(rank), layer.nodes_behind(place));
        all.retain(|&(rank, node)| (Reverse(rank), u64::from(node)) >= from);
    }
    let more = all.len() > limit;
    if more {
        all.select_nth_unstable_by_key(limit, |&it| key(it));
        all.truncate(limit);
    }
    all.sort_unstable_by_key(|&it| key(it));
    let next = all.last().filter(|_| more).map(|&last| at_place(layer, last));
    RankedPage { ranked: all, next }
}

fn at_place<R>(layer: Layer<'_>, (rank, node): Ranked<R>) -> (R, u32) {
    (rank, layer.node_place(node))
}
