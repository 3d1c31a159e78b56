//! Lists by rank: the greatest first, and of equals the node that the store heard
//! of first.

use std::cmp::Reverse;

use super::Effort;
use super::view::{Layer, NodeName};

/// A rank and a node.
pub(super) type Ranked<R> = (R, u32);

/// The members of a ranked node as JSON, without its texts.
const MEMBERS: usize = 64;

/// A page of a ranked list.
pub(super) struct Page<R> {
    pub(super) ranked: Vec<Ranked<R>>,
    /// The last of the page, if there are more behind it.
    pub(super) next: Option<Ranked<R>>,
}

impl<R: Copy> Page<R> {
    /// The names of the nodes, as rows of an answer; the page ends with the last for
    /// which there is room.
    pub(super) fn write<'g>(
        &mut self,
        layer: Layer<'g>,
        effort: &mut Effort<'_>,
    ) -> Vec<NodeName<'g>> {
        let mut names = Vec::with_capacity(self.ranked.len());
        for &(_, node) in &self.ranked {
            let name = layer.name(node);
            if !effort.write(MEMBERS, [Some(name.object), name.record]) {
                break;
            }
            names.push(name);
        }
        if names.len() < self.ranked.len() {
            self.ranked.truncate(names.len());
            self.next = self.ranked.last().copied();
        }
        names
    }
}

/// The first `limit` behind `after`, and where to go on if there are more. Costs
/// the whole list, and sorts only the page.
pub(super) fn page<R: Ord + Copy>(
    mut all: Vec<Ranked<R>>,
    after: Option<Ranked<R>>,
    limit: usize,
) -> Page<R> {
    let key = |(rank, node): Ranked<R>| (Reverse(rank), node);
    if let Some(after) = after {
        all.retain(|&it| key(it) > key(after));
    }
    let more = all.len() > limit;
    if more {
        all.select_nth_unstable_by_key(limit, |&it| key(it));
        all.truncate(limit);
    }
    all.sort_unstable_by_key(|&it| key(it));
    let next = if more { all.last().copied() } else { None };
    Page { ranked: all, next }
}
