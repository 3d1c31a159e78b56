//! The shortest paths between two nodes.

use crate::graph::memory::adjacency::AdjacencyEntry;
use crate::graph::memory::table::RelationNo;
use crate::graph::query::budget::{Budget, GenerationMap};
use crate::graph::query::error::QueryError;
use crate::graph::query::label_end::LabelEnd;
use crate::graph::query::layer::Layer;
use crate::graph::query::link_filter::LinkFilter;
use crate::graph::query::named_nodes::NamesNodes;
use crate::graph::query::slot_filter::SlotFilter;
use crate::graph::query::step::{StepRow, owned, write_paths};
use crate::graph::view::View;
use crate::model::NodeRef;

/// Which paths to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathQuery {
    /// Where paths begin.
    pub from: NodeRef,
    /// Where they end.
    pub to: NodeRef,
    /// Maximum number of links of a path.
    pub max_hops: u32,
    /// Only along links that this filter selects as seen from either end.
    pub along: LinkFilter,
    /// Whether to find every one of the shortest, up to `limit`, instead of any one.
    pub all: bool,
    /// Maximum number of paths to list.
    pub limit: usize,
}

impl AsMut<LinkFilter> for PathQuery {
    fn as_mut(&mut self) -> &mut LinkFilter {
        &mut self.along
    }
}

impl PathQuery {
    /// Returns the query for one of the shortest paths between two nodes, of at most 6
    /// links.
    pub fn between(from: NodeRef, to: NodeRef) -> Self {
        Self { from, to, max_hops: 6, along: LinkFilter::default(), all: false, limit: 1 }
    }
}

impl NamesNodes for PathQuery {
    fn named_nodes(&self) -> impl Iterator<Item = &NodeRef> {
        [&self.from, &self.to].into_iter()
    }
}

/// The shortest paths between two nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths<T> {
    /// Number of links of the shortest; `None` if there is no path.
    pub hops: Option<u32>,
    /// The paths, each from the first node to the last; two along parallel links are
    /// two paths.
    pub paths: Vec<Vec<StepRow<T>>>,
    /// Whether nothing was left out: no path where none is reported, no other of the
    /// same length where paths are listed up to a limit.
    pub complete: bool,
}

impl Paths<&str> {
    /// Returns the same paths with texts of their own.
    pub fn into_owned(self) -> Paths<String> {
        Paths { hops: self.hops, paths: owned(self.paths), complete: self.complete }
    }
}

impl<'g> View<'g> {
    /// Finds the shortest paths between two nodes, along links in either
    /// direction.
    ///
    /// Searches from both ends at once, from the smaller frontier, and stops at
    /// the first meeting: costs the links of the nodes nearer to one end than
    /// half the path.
    pub fn path(
        self,
        query: &PathQuery,
        budget: &mut Budget<'_>,
    ) -> Result<Paths<&'g str>, QueryError> {
        let (layer, ends) = self.places(query.named_nodes())?;
        let &[from, to] = ends.as_slice() else { return Err(QueryError::Nothing) };
        let mut slots = SlotFilter::new(layer, &query.along, LabelEnd::Either);
        let mut near = std::mem::take(&mut budget.memory.near);
        let mut far = std::mem::take(&mut budget.memory.far);
        near.clear(layer.nodes());
        far.clear(layer.nodes());
        let all = query.all;
        let mut search = PathSearch { layer, slots: &mut slots, all, budget, near, far };
        let found = search.meetings(from, to, query.max_hops);
        let mut ways = Vec::new();
        let mut complete = !search.budget.is_exhausted();
        if let (Some((_, meetings)), false) = (&found, all) {
            let ends = [from, to];
            ways.extend(meetings.iter().map(|&middle| search.way(ends, middle)));
        } else if let Some((hops, meetings)) = &found {
            complete &= search.ways(meetings, *hops, query.limit, &mut ways);
        }
        let PathSearch { near, far, .. } = search;
        (budget.memory.near, budget.memory.far) = (near, far);
        let found_ways = ways.iter().map(|along| (from, along.as_slice()));
        let paths = write_paths(layer, found_ways, budget);
        complete &= paths.len() == ways.len();
        // Any one of the shortest was requested, and here it is.
        let complete = complete || !all && !paths.is_empty();
        Ok(Paths { hops: found.map(|(hops, _)| hops), paths, complete })
    }
}

/// The half of a path that a search goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    /// From the start to the middle.
    Near,
    /// From the middle to the end.
    Far,
}

struct PathSearch<'g, 'q, 'w, 's> {
    layer: Layer<'g>,
    slots: &'w mut SlotFilter<'q>,
    /// Every path is to be found, not any one.
    all: bool,
    budget: &'w mut Budget<'s>,
    /// Of what was reached from the start: the hops, where all paths are to be
    /// found, else the number of the link.
    near: GenerationMap<u32>,
    /// The same from the end.
    far: GenerationMap<u32>,
}

impl PathSearch<'_, '_, '_, '_> {
    /// Returns the nodes in the middle of the shortest paths, and how long these are.
    fn meetings(&mut self, from: u32, to: u32, max_hops: u32) -> Option<(u32, Vec<u32>)> {
        self.near.insert(from, 0);
        self.far.insert(to, 0);
        if from == to {
            return Some((0, vec![from]));
        }
        let [mut near, mut far] = std::mem::take(&mut self.budget.memory.frontiers);
        let mut next = std::mem::take(&mut self.budget.memory.next);
        near.clear();
        near.push(from);
        far.clear();
        far.push(to);
        let mut met = Vec::new();
        let (mut near_hops, mut far_hops) = (0, 0);
        while met.is_empty()
            && near_hops + far_hops < max_hops
            && !(near.is_empty() || far.is_empty() || self.budget.is_exhausted())
        {
            let (half, frontier, hops) = if near.len() <= far.len() {
                (Half::Near, &mut near, &mut near_hops)
            } else {
                (Half::Far, &mut far, &mut far_hops)
            };
            *hops += 1;
            next.clear();
            self.expand(half, frontier, *hops, &mut next, &mut met);
            std::mem::swap(frontier, &mut next);
        }
        self.budget.memory.frontiers = [near, far];
        self.budget.memory.next = next;
        (!met.is_empty()).then_some((near_hops + far_hops, met))
    }

    /// Goes one hop on from a frontier; notes in `met` where the other side is.
    fn expand(
        &mut self,
        half: Half,
        frontier: &[u32],
        hops: u32,
        next: &mut Vec<u32>,
        met: &mut Vec<u32>,
    ) {
        let (own, other) = match half {
            Half::Near => (&mut self.near, &self.far),
            Half::Far => (&mut self.far, &self.near),
        };
        for &node in frontier {
            for run in self.layer.runs_in_order(node) {
                if !self.slots.admit(self.layer, &run, self.budget) {
                    continue;
                }
                for entry in run.entries.iter().filter(|entry| !entry.is_gone()) {
                    let reached = entry.far.0;
                    let note = if self.all { hops } else { entry.relation.0 };
                    if !own.insert(reached, note) {
                        continue;
                    }
                    if other.has(reached) {
                        met.push(reached);
                        if !self.all {
                            return;
                        }
                    }
                    next.push(reached);
                }
            }
        }
    }

    /// Returns the path through a meeting, where any one will do.
    fn way(&self, [from, to]: [u32; 2], middle: u32) -> Vec<AdjacencyEntry> {
        let mut way = Vec::new();
        let mut node = middle;
        while node != from
            && let Some(link) = self.near.get(node)
        {
            let back = self.layer.entry(RelationNo(link), node);
            way.push(back.seen_from_far(node));
            node = back.far.0;
        }
        way.reverse();
        node = middle;
        while node != to
            && let Some(link) = self.far.get(node)
        {
            let on = self.layer.entry(RelationNo(link), node);
            way.push(on);
            node = on.far.0;
        }
        way
    }

    /// Lists paths through these nodes, up to a limit. Returns `false` if there may be more.
    fn ways(
        &mut self,
        meetings: &[u32],
        hops: u32,
        limit: usize,
        ways: &mut Vec<Vec<AdjacencyEntry>>,
    ) -> bool {
        for &middle in meetings {
            let (mut heads, mut tails) = (Vec::new(), Vec::new());
            let before = self.near.get(middle).unwrap_or(0);
            let room = limit.saturating_sub(ways.len());
            let all_heads =
                self.halves(Half::Near, middle, before, room, &mut Vec::new(), &mut heads);
            let after = hops - before;
            let all_tails =
                self.halves(Half::Far, middle, after, room, &mut Vec::new(), &mut tails);
            for head in &heads {
                for tail in &tails {
                    if ways.len() == limit {
                        return false;
                    }
                    // Heads are found from their last link to their first, and seen
                    // from the middle.
                    let head = head.iter().rev().copied();
                    ways.push(head.chain(tail.iter().copied()).collect());
                }
            }
            if !(all_heads && all_tails) {
                return false;
            }
        }
        true
    }

    /// Finds every half of a path from a node, back to the start or on to the end. Returns
    /// `false` if there may be more.
    fn halves(
        &mut self,
        half: Half,
        node: u32,
        left: u32,
        limit: usize,
        taken: &mut Vec<AdjacencyEntry>,
        found: &mut Vec<Vec<AdjacencyEntry>>,
    ) -> bool {
        if left == 0 {
            if found.len() == limit {
                return false;
            }
            found.push(taken.clone());
            return true;
        }
        for run in self.layer.runs_in_order(node) {
            if !self.slots.admit(self.layer, &run, self.budget) {
                if self.budget.is_exhausted() {
                    return false;
                }
                continue;
            }
            for entry in run.entries.iter().filter(|entry| !entry.is_gone()) {
                let reached = match half {
                    Half::Near => &self.near,
                    Half::Far => &self.far,
                };
                if reached.get(entry.far.0) != Some(left - 1) {
                    continue;
                }
                taken.push(match half {
                    // Gone back along, but reported in the direction of the path.
                    Half::Near => entry.seen_from_far(node),
                    Half::Far => *entry,
                });
                let all = self.halves(half, entry.far.0, left - 1, limit, taken, found);
                taken.pop();
                if !all {
                    return false;
                }
            }
        }
        true
    }
}
