//! What a location was rid of in between: a thing that came back later began again.
//!
//! Its events from before do not count for it then, so each thing has generations,
//! distinguished by the positions of its events in the journal.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

use crate::graph::memory::table::{AssociationNo, RecordNo, RelationNo};
use crate::graph::timeline::millis::{Millis, NEVER};
use crate::model::{Seq, Stamp};

/// When things were forgotten: the last event before each time.
#[derive(Debug, Default)]
pub(super) struct Forgotten {
    pub(super) relations: Generations<RelationNo>,
    pub(super) associations: Generations<AssociationNo>,
    pub(super) records: Generations<RecordNo>,
    /// When each generation of a relation but the last was hidden by the delete of its
    /// association, which may come back without it.
    pub(super) hidden: HashMap<RelationNo, Vec<Millis>, RandomState>,
    /// When each generation of a record but the last was first named.
    pub(super) named: HashMap<RecordNo, Vec<Millis>, RandomState>,
}

#[derive(Debug)]
pub(super) struct Generations<N>(HashMap<N, Vec<Seq>, RandomState>);

impl<N> Default for Generations<N> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<N: Hash + Eq> Generations<N> {
    pub(super) fn end(&mut self, of: N, at: Seq) {
        self.0.entry(of).or_default().push(at);
    }

    /// Returns the generation that an event concerns.
    fn at(&self, of: &N, stamp: Stamp) -> usize {
        let ends = self.0.get(of).filter(|_| !self.0.is_empty());
        ends.map_or(0, |ends| ends.partition_point(|end| *end < stamp.seq()))
    }
}

impl Forgotten {
    /// Returns when the delete of its association hid a generation of a relation for good.
    pub(super) fn hidden_from(&self, relation: RelationNo, generation: usize) -> Millis {
        let hidden = self.hidden.get(&relation).and_then(|hidden| hidden.get(generation));
        hidden.copied().unwrap_or(NEVER)
    }

    pub(super) fn of_relation(&self, of: RelationNo, stamp: Stamp) -> usize {
        self.relations.at(&of, stamp)
    }

    pub(super) fn of_association(&self, of: AssociationNo, stamp: Stamp) -> usize {
        self.associations.at(&of, stamp)
    }

    pub(super) fn of_record(&self, of: RecordNo, stamp: Stamp) -> usize {
        self.records.at(&of, stamp)
    }
}
