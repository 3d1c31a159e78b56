//! Finds the things that are linked to all, any or none of some nodes: joins over
//! many-to-many links.

use crate::graph::memory::adjacency::Run;
use crate::graph::query::budget::{Budget, Mark};
use crate::graph::query::error::QueryError;
use crate::graph::query::label_end::LabelEnd;
use crate::graph::query::layer::{Layer, NodeName};
use crate::graph::query::link_filter::LinkFilter;
use crate::graph::query::named_nodes::NamesNodes;
use crate::graph::query::ranking;
use crate::graph::query::slot_filter::SlotFilter;
use crate::graph::view::View;
use crate::model::NodeRef;

/// A thing that is linked, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// To this node.
    pub linked_to: NodeRef,
    /// Along these links, seen from the thing that is looked for: a property is
    /// linked to its buyers under "Interested Buyer".
    pub filter: LinkFilter,
}

impl Condition {
    /// Returns the condition of being linked to this node, under whatever label.
    pub fn linked_to(node: NodeRef) -> Self {
        Self { linked_to: node, filter: LinkFilter::default() }
    }

    /// Sets the links that count, as seen from the thing that is looked for.
    #[must_use]
    pub fn along(self, filter: LinkFilter) -> Self {
        Self { filter, ..self }
    }
}

/// Which things to look for: those that meet each condition of `all`, at least
/// one of `any` (if there are some) and not one of `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchQuery {
    /// Only things of this object key.
    pub object: Option<String>,
    /// Each of these.
    pub all: Vec<Condition>,
    /// At least one of these.
    pub any: Vec<Condition>,
    /// Not one of these.
    pub none: Vec<Condition>,
    /// Continues after a match that meets this many conditions and has this place,
    /// as [`MatchPage::next`] says.
    pub after: Option<(u32, u32)>,
    /// Maximum number of matches to list.
    pub limit: usize,
}

impl Default for MatchQuery {
    fn default() -> Self {
        Self { object: None, all: vec![], any: vec![], none: vec![], after: None, limit: 100 }
    }
}

impl NamesNodes for MatchQuery {
    fn named_nodes(&self) -> impl Iterator<Item = &NodeRef> {
        let conditions = [&self.all, &self.any, &self.none];
        conditions.into_iter().flatten().map(|condition| &condition.linked_to)
    }
}

/// A thing that meets the conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchRow<T> {
    /// Its object key.
    pub object: T,
    /// Its record id; absent on the object layer.
    pub record: Option<T>,
    /// What people call the record, if an event has said so.
    pub name: Option<T>,
    /// How many conditions of `all` and `any` it meets.
    pub links: u32,
}

/// A match whose texts are borrowed from the graph.
pub type Match<'g> = MatchRow<&'g str>;

impl Match<'_> {
    /// Returns the same with texts of its own.
    pub fn into_owned(self) -> MatchRow<String> {
        let [record, name] = [self.record, self.name].map(|text| text.map(str::to_owned));
        MatchRow { object: self.object.to_owned(), record, name, links: self.links }
    }
}

/// Things that meet the conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchPage<T> {
    /// Those that meet most conditions first, and of those the ones that the
    /// store heard of first.
    pub matches: Vec<MatchRow<T>>,
    /// How many there are over all pages.
    pub total: u64,
    /// Where to continue, if there is more.
    pub next: Option<(u32, u32)>,
    /// Whether every link that matters was visited; if not, those listed do match, and
    /// others may.
    pub complete: bool,
}

impl MatchPage<&str> {
    /// Returns the same page with texts of its own.
    pub fn into_owned(self) -> MatchPage<String> {
        let matches = self.matches.into_iter().map(Match::into_owned).collect();
        MatchPage { matches, total: self.total, next: self.next, complete: self.complete }
    }
}

/// A condition with its node looked up.
struct Known<'q> {
    node: u32,
    slots: SlotFilter<'q>,
    /// Links that it selects.
    links: u64,
}

impl<'g> View<'g> {
    /// Finds the things that meet the conditions.
    ///
    /// Intersects from the smallest set of links outwards: each further
    /// condition costs its own links or those of the candidates that are left,
    /// whichever are fewer.
    pub fn matches<'q>(
        self,
        query: &'q MatchQuery,
        budget: &mut Budget<'_>,
    ) -> Result<MatchPage<&'g str>, QueryError> {
        let (layer, nodes) = self.places(query.named_nodes())?;
        let mut nodes = nodes.into_iter();
        let mut known = |conditions: &'q [Condition]| -> Vec<Known<'q>> {
            let pairs = conditions.iter().zip(nodes.by_ref());
            pairs.map(|(condition, node)| Known::new(layer, condition, node, budget)).collect()
        };
        let (all, any, none) = (known(&query.all), known(&query.any), known(&query.none));
        // A key that nothing has ever named selects nothing.
        let number = |key: &String| self.objects.find(key).map_or(u32::MAX, |number| number.0);
        let object = query.object.as_ref().map(number);
        budget.memory.marks.clear(layer.nodes());
        let mut join = MatchJoin { layer, budget, object, candidates: Vec::new(), condition: 0 };
        if all.is_empty() && any.is_empty() {
            join.every()?;
        }
        join.all(all);
        join.any(any);
        join.none(none);
        Ok(join.page(query))
    }
}

impl<'q> Known<'q> {
    fn new(layer: Layer<'_>, condition: &'q Condition, node: u32, budget: &mut Budget<'_>) -> Self {
        let mut slots = SlotFilter::new(layer, &condition.filter, LabelEnd::Own);
        let runs = layer.adjacency(node).runs().take_while(|_| budget.charge(1));
        let runs = runs.filter(|run| slots.has(layer, run.slot));
        let links = runs.map(|run| u64::from(run.live)).sum();
        // Of slots that were not looked at nothing is known.
        let links = if budget.is_exhausted() { u64::MAX } else { links };
        Self { node, slots, links }
    }
}

/// The candidates that are left, and the work on them.
struct MatchJoin<'g, 'w, 's> {
    layer: Layer<'g>,
    budget: &'w mut Budget<'s>,
    object: Option<u32>,
    candidates: Vec<u32>,
    /// The last condition looked at.
    condition: u32,
}

impl<'g> MatchJoin<'g, '_, '_> {
    /// Takes every node of the object key as a candidate.
    fn every(&mut self) -> Result<(), QueryError> {
        let object = self.object.ok_or(QueryError::Nothing)?;
        for node in 0..self.layer.nodes() {
            if !self.budget.charge(1) {
                break;
            }
            if self.layer.object(node).0 == object && self.layer.is_listed(node) {
                self.budget.memory.marks.insert(node, Mark::default());
                self.candidates.push(node);
            }
        }
        Ok(())
    }

    fn all(&mut self, mut conditions: Vec<Known<'_>>) {
        conditions.sort_by_key(|condition| condition.links);
        for (met, mut condition) in (0..).zip(conditions) {
            if met == 0 {
                self.gather(&mut condition);
            } else {
                self.meet(&mut condition);
                self.keep(|mark| mark.met > met);
            }
        }
    }

    fn any(&mut self, conditions: Vec<Known<'_>>) {
        if conditions.is_empty() {
            return;
        }
        // How many conditions of `all` the candidates were left by.
        let before = self.condition;
        for mut condition in conditions {
            if before > 0 {
                self.meet(&mut condition);
            } else {
                self.gather(&mut condition);
            }
        }
        self.keep(|mark| mark.last > before);
    }

    fn none(&mut self, conditions: Vec<Known<'_>>) {
        for mut condition in conditions {
            self.meet(&mut condition);
            let this = self.condition;
            self.keep(|mark| mark.last != this);
            if condition.links > 0 && self.budget.is_exhausted() {
                // Which of those left meet it is not known: none can be reported.
                self.candidates.clear();
            }
        }
    }

    /// Takes every node that meets a condition as a candidate.
    fn gather(&mut self, condition: &mut Known<'_>) {
        self.condition += 1;
        for run in self.layer.adjacency(condition.node).runs() {
            if !condition.slots.admit(self.layer, &run, self.budget) {
                continue;
            }
            for entry in run.entries.iter().filter(|entry| !entry.is_gone()) {
                let node = entry.far.0;
                if self.object.is_some_and(|object| self.layer.object(node).0 != object) {
                    continue;
                }
                let Some((mark, new)) = self.budget.memory.marks.entry(node) else { continue };
                mark.meet(self.condition);
                if new {
                    self.candidates.push(node);
                }
            }
        }
    }

    /// Notes which candidates meet a condition, by its links or by theirs.
    fn meet(&mut self, condition: &mut Known<'_>) {
        self.condition += 1;
        let mut left = condition.links;
        let candidates_are_fewer = self.candidates.iter().all(|&candidate| {
            let links = self.layer.adjacency(candidate).len() as u64;
            left = left.saturating_sub(links + 1);
            left > 0
        });
        if candidates_are_fewer {
            self.meet_by_candidates(condition);
            return;
        }
        for run in self.layer.adjacency(condition.node).runs() {
            if condition.slots.admit(self.layer, &run, self.budget) {
                for entry in run.entries.iter().filter(|entry| !entry.is_gone()) {
                    self.budget.memory.marks.change(entry.far.0, |mark| mark.meet(self.condition));
                }
            }
        }
    }

    fn meet_by_candidates(&mut self, condition: &mut Known<'_>) {
        for &candidate in &self.candidates {
            for run in self.layer.adjacency(candidate).runs() {
                // Seen from the condition's node, these links are in the other slot.
                let seen = Run { slot: run.slot.other(), ..run };
                if condition.slots.admit(self.layer, &seen, self.budget)
                    && run.entries.iter().any(|entry| entry.far.0 == condition.node)
                {
                    self.budget.memory.marks.change(candidate, |mark| mark.meet(self.condition));
                }
            }
        }
    }

    fn keep(&mut self, which: impl Fn(Mark) -> bool) {
        let marks = &self.budget.memory.marks;
        self.candidates.retain(|&node| marks.get(node).is_some_and(&which));
    }

    fn page(self, query: &MatchQuery) -> MatchPage<&'g str> {
        let marks = &self.budget.memory.marks;
        let met = |node: u32| marks.get(node).unwrap_or_default().met;
        let ranked: Vec<(u32, u32)> =
            self.candidates.iter().map(|&node| (met(node), node)).collect();
        let total = ranked.len() as u64;
        let mut page = ranking::page(self.layer, ranked, query.after, query.limit);
        let names = page.write(self.layer, self.budget);
        let of = |(&(links, _), name): (&(u32, u32), NodeName<'g>)| Match {
            object: name.object,
            record: name.record,
            name: name.name,
            links,
        };
        MatchPage {
            matches: page.ranked.iter().zip(names).map(of).collect(),
            total,
            next: page.next,
            complete: !self.budget.is_exhausted(),
        }
    }
}
