//! Walks: from these nodes along such links, then such links, and so on.

use crate::graph::memory::adjacency::{AdjacencyEntry, Run};
use crate::graph::query::budget::Budget;
use crate::graph::query::error::QueryError;
use crate::graph::query::label_end::LabelEnd;
use crate::graph::query::layer::{Layer, NodeName};
use crate::graph::query::link_filter::LinkFilter;
use crate::graph::query::named_nodes::NamesNodes;
use crate::graph::query::ranking;
use crate::graph::query::slot_filter::SlotFilter;
use crate::graph::query::sources::twins;
use crate::graph::query::step::{StepRow, owned, write_paths};
use crate::graph::view::View;
use crate::model::NodeRef;

/// Which walks to take.
///
/// A walk may come back to where it was: of the buyers of a house, what else
/// they like includes the house.
///
/// ```
/// use relata::graph::{LinkFilter, WalkQuery};
/// use relata::NodeRef;
///
/// let liked_too = WalkQuery::from(NodeRef::record("custom_objects.property", "p1"))
///     .step(LinkFilter::default().label("Interested Buyer"))
///     .step(LinkFilter::default().label("Property"));
/// assert_eq!(liked_too.steps.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkQuery {
    /// Where walks begin; a node named twice counts once.
    pub from: Vec<NodeRef>,
    /// Which links each step goes along.
    pub steps: Vec<LinkFilter>,
    /// Continues after an end of this many walks and this place, as
    /// [`WalkPage::next`] says.
    pub after: Option<(u64, u32)>,
    /// Maximum number of ends, or of walks, to list.
    pub limit: usize,
}

impl WalkQuery {
    /// Walks that begin at this node and have no steps yet.
    pub fn from(node: NodeRef) -> Self {
        Self { from: vec![node], steps: vec![], after: None, limit: 100 }
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, along: LinkFilter) -> Self {
        self.steps.push(along);
        self
    }
}

impl NamesNodes for WalkQuery {
    fn named_nodes(&self) -> impl Iterator<Item = &NodeRef> {
        self.from.iter()
    }
}

/// Maximum number of walks that is counted: the greatest that every reader of JSON reads
/// exactly.
pub const WALKS_MAX: u64 = (1 << 53) - 1;

/// Where walks end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkEndRow<T> {
    /// The object key.
    pub object: T,
    /// The record id; absent on the object layer.
    pub record: Option<T>,
    /// What people call the record, if an event has said so.
    pub name: Option<T>,
    /// How many distinct walks end here; two that go along parallel links are
    /// distinct. [`WALKS_MAX`] where there are as many or more.
    pub paths: u64,
}

/// An end whose texts are borrowed from the graph.
pub type WalkEnd<'g> = WalkEndRow<&'g str>;

impl WalkEnd<'_> {
    /// Returns the same with texts of its own.
    pub fn into_owned(self) -> WalkEndRow<String> {
        let [record, name] = [self.record, self.name].map(|text| text.map(str::to_owned));
        WalkEndRow { object: self.object.to_owned(), record, name, paths: self.paths }
    }
}

/// Where walks end, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkPage<T> {
    /// Those with most walks first, and of those the ones that the store heard of
    /// first.
    pub ends: Vec<WalkEndRow<T>>,
    /// How many ends there are over all pages.
    pub total: u64,
    /// Where to continue, if there is more.
    pub next: Option<(u64, u32)>,
    /// Whether every link on the way was followed, and every walk counted; if not,
    /// more walks may end here and elsewhere.
    pub complete: bool,
}

impl WalkPage<&str> {
    /// Returns the same page with texts of its own.
    pub fn into_owned(self) -> WalkPage<String> {
        let ends = self.ends.into_iter().map(WalkEnd::into_owned).collect();
        WalkPage { ends, total: self.total, next: self.next, complete: self.complete }
    }
}

/// Walks, one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walks<T> {
    /// The nodes of each walk and the links between them.
    pub paths: Vec<Vec<StepRow<T>>>,
    /// Whether these are all.
    pub complete: bool,
}

impl Walks<&str> {
    /// Returns the same walks with texts of their own.
    pub fn into_owned(self) -> Walks<String> {
        Walks { paths: owned(self.paths), complete: self.complete }
    }
}

impl<'g> View<'g> {
    /// Counts the walks to each end, without enumerating them: a step costs the
    /// links of the nodes that it starts from, however many walks lead there.
    pub fn walk(
        self,
        query: &WalkQuery,
        budget: &mut Budget<'_>,
    ) -> Result<WalkPage<&'g str>, QueryError> {
        let (layer, from) = self.places(query.named_nodes())?;
        let mut counts: Vec<(u32, u64)> = Vec::new();
        for node in from {
            if !counts.iter().any(|(known, _)| *known == node) {
                counts.push((node, 1));
            }
        }
        for along in &query.steps {
            counts = step(layer, &counts, along, budget);
        }
        Ok(page(layer, &counts, query, budget))
    }

    /// Enumerates walks, depth first, up to the query's limit.
    pub fn walks(
        self,
        query: &WalkQuery,
        budget: &mut Budget<'_>,
    ) -> Result<Walks<&'g str>, QueryError> {
        let (layer, mut from) = self.places(query.named_nodes())?;
        let mut known = std::collections::HashSet::new();
        from.retain(|node| known.insert(*node));
        let slots =
            query.steps.iter().map(|along| SlotFilter::new(layer, along, LabelEnd::Far)).collect();
        let limit = query.limit;
        let mut search =
            WalkSearch { layer, steps: &query.steps, slots, limit, budget, found: vec![] };
        let mut complete = true;
        for start in from {
            complete &= search.go_on(start, start, &mut Vec::new());
        }
        let WalkSearch { found, budget, .. } = search;
        let walks = found.iter().map(|(start, along)| (*start, along.as_slice()));
        let paths = write_paths(layer, walks, budget);
        Ok(Walks { paths, complete: complete && !budget.is_exhausted() })
    }
}

/// Returns the links of a run as a listing shows them: those that another run lists already
/// are left out.
fn shown<'a>(
    layer: Layer<'_>,
    node: u32,
    run: Run<'a>,
    along: &LinkFilter,
) -> impl Iterator<Item = &'a AdjacencyEntry> + use<'a> {
    let told = twins(layer, node, run.slot, along) > 0;
    run.entries.iter().filter(move |entry| !(entry.is_gone() || told && entry.far.0 == node))
}

fn step(
    layer: Layer<'_>,
    from: &[(u32, u64)],
    along: &LinkFilter,
    budget: &mut Budget<'_>,
) -> Vec<(u32, u64)> {
    let mut slots = SlotFilter::new(layer, along, LabelEnd::Far);
    let mut reached: Vec<u32> = Vec::new();
    budget.memory.counts.clear(layer.nodes());
    for &(node, walks) in from {
        for run in layer.adjacency(node).runs() {
            if !slots.admit(layer, &run, budget) {
                continue;
            }
            for entry in shown(layer, node, run, along) {
                if let Some((count, new)) = budget.memory.counts.entry(entry.far.0) {
                    *count = count.saturating_add(walks).min(WALKS_MAX);
                    if new {
                        reached.push(entry.far.0);
                    }
                }
            }
        }
    }
    let counts = &budget.memory.counts;
    reached.into_iter().map(|node| (node, counts.get(node).unwrap_or(0))).collect()
}

fn page<'g>(
    layer: Layer<'g>,
    ends: &[(u32, u64)],
    query: &WalkQuery,
    budget: &mut Budget<'_>,
) -> WalkPage<&'g str> {
    let total = ends.len() as u64;
    let exact = ends.iter().all(|&(_, walks)| walks < WALKS_MAX);
    let ranked = ends.iter().map(|&(node, paths)| (paths, node)).collect();
    let mut page = ranking::page(layer, ranked, query.after, query.limit);
    let names = page.write(layer, budget);
    let end = |(&(paths, _), name): (&(u64, u32), NodeName<'g>)| WalkEnd {
        object: name.object,
        record: name.record,
        name: name.name,
        paths,
    };
    let ends = page.ranked.iter().zip(names).map(end).collect();
    // A count that ends at its limit is less than the truth.
    let complete = !budget.is_exhausted() && exact;
    WalkPage { ends, total, next: page.next, complete }
}

/// A search for walks, depth first.
struct WalkSearch<'g, 'q, 'w, 's> {
    layer: Layer<'g>,
    steps: &'q [LinkFilter],
    slots: Vec<SlotFilter<'q>>,
    limit: usize,
    budget: &'w mut Budget<'s>,
    found: Vec<(u32, Vec<AdjacencyEntry>)>,
}

impl WalkSearch<'_, '_, '_, '_> {
    /// Finds the walks that continue from a node. Returns `false` if there may be more.
    fn go_on(&mut self, start: u32, node: u32, taken: &mut Vec<AdjacencyEntry>) -> bool {
        let depth = taken.len();
        let Some(along) = self.steps.get(depth) else {
            if self.found.len() == self.limit {
                return false;
            }
            self.found.push((start, taken.clone()));
            return true;
        };
        for run in self.layer.runs_in_order(node) {
            if !self.budget.charge(1) {
                return false;
            }
            if !self.slots.get_mut(depth).is_some_and(|slots| slots.has(self.layer, run.slot)) {
                continue;
            }
            for entry in shown(self.layer, node, run, along) {
                if !self.budget.charge(1) {
                    return false;
                }
                taken.push(*entry);
                let all = self.go_on(start, entry.far.0, taken);
                taken.pop();
                if !all {
                    return false;
                }
            }
        }
        true
    }
}
