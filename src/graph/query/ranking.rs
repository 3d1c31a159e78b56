//! Lists by rank: the greatest first, and of equals the node that the store heard
//! of first.

use std::cmp::Reverse;

/// A rank and a node.
pub(super) type Ranked<R> = (R, u32);

/// The first `limit` behind `after`, and where to go on if there are more. Costs
/// the whole list, and sorts only the page.
pub(super) fn page<R: Ord + Copy>(
    mut all: Vec<Ranked<R>>,
    after: Option<Ranked<R>>,
    limit: usize,
) -> (Vec<Ranked<R>>, Option<Ranked<R>>) {
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
    (all, next)
}
