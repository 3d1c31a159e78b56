//! The two graphs of a location that are compared.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::graph::{Difference, LocationGraph, Outcome};
use crate::model::{Event, LocationId, Seq};
use crate::store::verify::summary::Summary;

/// Number of events after which the notes for a checkpoint are dropped.
const NOTED_MAX: u32 = 4_096;

/// A compaction of one location.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compacted {
    /// The last event before it.
    pub(super) at: Seq,
    /// Things deleted by events up to this one were dropped.
    pub(super) upto: Seq,
}

/// One of the graphs of a location, while events are merged into it.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) graph: LocationGraph,
    /// Whether anything has named the location.
    pub(super) is_present: bool,
    /// The last event that the graph includes.
    upto: Seq,
    /// Number of compactions that it includes.
    compactions: usize,
    /// Whether it differs from what was loaded.
    has_moved: bool,
    /// Whether the notes for a checkpoint are kept.
    pub(super) keeps_notes: bool,
    noted: u32,
}

impl Side {
    /// Continues after this event, which the graph includes, and the compactions before it. One
    /// directly after it may be done already: done again, it changes nothing.
    pub(super) fn continue_after(&mut self, seq: Seq, all: &[Compacted]) {
        self.upto = seq;
        self.compactions = all.partition_point(|compaction| compaction.at < seq);
    }

    /// Merges an event again that a complete graph includes. Events from before the last
    /// compaction are skipped, since the things they name may have been dropped.
    pub(super) fn begin_again(&mut self, all: &[Compacted]) {
        self.upto = all.last().map_or(0, |compaction| compaction.at);
        self.compactions = all.len();
    }

    /// Returns whether the graph includes this event.
    pub(super) fn includes(&self, seq: Seq) -> bool {
        seq <= self.upto
    }

    /// Merges the next event after the compactions before it, unless the graph includes it.
    pub(super) fn merge(
        &mut self,
        seq: Seq,
        event: &Event,
        compactions: &[Compacted],
    ) -> Option<Outcome> {
        if self.includes(seq) {
            return None;
        }
        self.compact_before(seq, compactions);
        (self.is_present, self.has_moved) = (true, true);
        let outcome = self.graph.merge(seq, event);
        self.noted += 1;
        if self.noted >= NOTED_MAX && !self.keeps_notes {
            self.graph.forget_changes();
            self.noted = 0;
        }
        Some(outcome)
    }

    /// Repeats the compactions before this event.
    pub(super) fn compact_before(&mut self, seq: Seq, all: &[Compacted]) {
        while let Some(next) = all.get(self.compactions).filter(|next| next.at < seq) {
            self.graph.compact(next.upto);
            self.compactions += 1;
            self.has_moved = true;
        }
    }
}

/// The graphs of one location.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) id: LocationId,
    /// What opening gives: the checkpoint and the events after it.
    pub(super) left: Side,
    /// What the events give.
    pub(super) right: Side,
    pub(super) compactions: Vec<Compacted>,
    /// What is wrong with the rows of the checkpoint.
    pub(super) damage: Option<String>,
    /// Number of rows that were saved.
    pub(super) saved_rows: Option<u64>,
    /// What they held when they were loaded, where all were saved and are whole.
    pub(super) held: Option<Summary>,
    /// The event that all rows cover, where known.
    pub(super) saved_seq: Option<Seq>,
}

impl Pair {
    pub(super) fn new(id: LocationId) -> Self {
        Self {
            id,
            left: Side::default(),
            right: Side::default(),
            compactions: Vec::new(),
            damage: None,
            saved_rows: None,
            held: None,
            saved_seq: None,
        }
    }

    /// Returns what the rows of the checkpoint hold, if nothing has come after them: what is
    /// said of the location beside its rows may be as of any moment after them.
    pub(super) fn held(&self) -> Option<&Summary> {
        self.held.as_ref().filter(|_| !self.left.has_moved)
    }

    /// Makes the right side a copy of the left one, into which the events are merged again.
    pub(super) fn copy_left(&mut self) {
        self.right.is_present = self.left.is_present;
        self.right.graph = self.left.graph.clone();
        self.right.begin_again(&self.compactions);
    }

    /// Returns on what the two sides disagree, up to the limit for each comparison.
    pub(super) fn differences(&mut self, limit: usize) -> Vec<Difference> {
        let id = &self.id;
        let mut found = match (self.left.is_present, self.right.is_present) {
            (true, true) => differences(id, &self.left.graph, &self.right.graph, limit),
            (false, true) => vec![unreadable(format!("location {id}"), "it is missing".to_owned())],
            // Nothing is to be compared, or it was erased meanwhile.
            (_, false) => return Vec::new(),
        };
        if let Some(reason) = self.damage.take() {
            found.insert(0, unreadable(format!("checkpoint of {id}"), reason));
        }
        found
    }
}

/// The locations of a round.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) all: Vec<Pair>,
    /// Where each is, by its id.
    pub(super) by_id: HashMap<LocationId, usize, RandomState>,
}

impl Pairs {
    pub(super) fn new<'i>(ids: impl IntoIterator<Item = &'i LocationId>) -> Self {
        let mut pairs = Self::default();
        for id in ids {
            pairs.by_id.insert(id.clone(), pairs.all.len());
            pairs.all.push(Pair::new(id.clone()));
        }
        pairs
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Option<&mut Pair> {
        let index = *self.by_id.get(id)?;
        self.all.get_mut(index)
    }
}

/// Returns a difference between what cannot be read and what the events say.
pub(super) fn unreadable(thing: String, reason: String) -> Difference {
    Difference { thing, left: reason, right: "what the events say".to_owned() }
}

fn differences(
    id: &LocationId,
    left: &LocationGraph,
    right: &LocationGraph,
    limit: usize,
) -> Vec<Difference> {
    let mut found = Vec::new();
    left.contradictions(&mut found, limit);
    left.differences(right, &mut found, limit);
    right.contradictions(&mut found, limit);
    for difference in &mut found {
        difference.thing = format!("{id}: {}", difference.thing);
    }
    found
}
