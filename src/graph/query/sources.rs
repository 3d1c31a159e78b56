//! The links of one node in the order of a list, merged from its slots.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use crate::graph::memory::adjacency::{AdjacencyEntry, Run, Slot};
use crate::graph::memory::table::{RecordNo, RelationNo};
use crate::graph::query::budget::Budget;
use crate::graph::query::link_filter::LinkFilter;
use crate::graph::query::link_query::LinkQuery;
use crate::graph::query::order::Order;
use crate::graph::query::slot_filter::SlotFilter;

use crate::graph::query::layer::Layer;
use crate::model::{Association, Side};

/// Returns the sources to list, and the number of links on all pages; `None` if the budget
/// did not suffice to look at every slot.
pub(super) fn sources<'g>(
    layer: Layer<'g>,
    node: u32,
    query: &LinkQuery,
    slots: &mut SlotFilter<'_>,
    budget: &mut Budget<'_>,
) -> Option<(BinaryHeap<Source<'g>>, u64)> {
    let mut total = 0;
    let mut sources = Vec::new();
    let bound = query.after.map(|after| layer.bound(after.place, after.side, query.order));
    for run in layer.adjacency(node).runs() {
        if !budget.charge(1) {
            return None;
        }
        if slots.has(layer, run.slot) {
            let twins = twins(layer, node, run.slot, &query.filter);
            total += u64::from(run.live) - twins;
            let without = (twins > 0).then_some(RecordNo(node));
            sources.extend(Source::new(run, query.order, bound, without));
        }
    }
    Some((sources.into(), total))
}

/// What is left to list of one run: at least one link.
pub(super) struct Source<'a> {
    /// The link to list next; the greatest of all sources comes first.
    head: AdjacencyEntry,
    /// Those after it.
    rest: &'a [AdjacencyEntry],
    order: Order,
    /// Passes over the links to this node, which another source lists.
    without: Option<RecordNo>,
}

impl<'a> Source<'a> {
    fn new(
        run: Run<'a>,
        order: Order,
        bound: Option<(RelationNo, Side)>,
        without: Option<RecordNo>,
    ) -> Option<Self> {
        let mut entries = run.entries;
        if let Some(bound) = bound {
            let side = run.slot.side();
            let before = entries.partition_point(|entry| (entry.relation, side) < bound);
            let (first, rest) = entries.split_at(before);
            entries = if order == Order::Oldest { rest } else { first };
        }
        let (head, rest) = next_of(entries, order, without)?;
        Some(Self { head, rest, order, without })
    }

    fn rank(&self) -> (RelationNo, Side) {
        (self.head.relation, self.head.slot.side())
    }
}

impl Ord for Source<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.order {
            Order::Oldest => other.rank().cmp(&self.rank()),
            Order::Newest => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Source<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Source<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Source<'_> {}

/// Returns the next link of a run that is to be listed, and what follows it.
fn next_of(
    mut entries: &[AdjacencyEntry],
    order: Order,
    without: Option<RecordNo>,
) -> Option<(AdjacencyEntry, &[AdjacencyEntry])> {
    loop {
        let (head, rest) = match order {
            Order::Oldest => entries.split_first()?,
            Order::Newest => entries.split_last()?,
        };
        if !head.is_gone() && Some(head.far) != without {
            return Some((*head, rest));
        }
        entries = rest;
    }
}

/// Returns the next link over all sources. Costs the logarithm of their number, which is
/// that of the node's slots.
pub(super) fn take_next(sources: &mut BinaryHeap<Source<'_>>) -> Option<AdjacencyEntry> {
    let mut source = sources.peek_mut()?;
    let taken = source.head;
    match next_of(source.rest, source.order, source.without) {
        Some((head, rest)) => (source.head, source.rest) = (head, rest),
        None => {
            PeekMut::pop(source);
        }
    }
    Some(taken)
}

/// Returns how many links of this slot are listed by another one already: those from a node
/// to itself whose two ends read alike.
pub(super) fn twins(layer: Layer<'_>, node: u32, slot: Slot, filter: &LinkFilter) -> u64 {
    if slot.side() == Side::First || filter.side.is_some() {
        return 0;
    }
    let loops = layer.loops(node, slot.kind());
    if loops == 0 {
        return 0;
    }
    let definition = layer.association(slot.kind()).definition.as_ref();
    if definition.is_some_and(Association::is_symmetric) { u64::from(loops) } else { 0 }
}
