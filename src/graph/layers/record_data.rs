//! What queries of records read: small rows behind numbers, cheap to copy.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::graph::layers::names::RecordNames;
use crate::graph::memory::adjacency::{Adjacency, Slot};
use crate::graph::memory::degrees::AssociationDegrees;
use crate::graph::memory::strings::{StringArena, StringRef};
use crate::graph::memory::table::{
    AssociationNo, CowTable, EdgeTypeNo, ObjectNo, RecordNo, RelationNo,
};
use crate::model::{Side, Stamp};

/// One record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) object: ObjectNo,
    pub(crate) id: StringRef,
    /// Whether lists show it: it was not deleted, or was linked again since.
    pub(crate) listed: bool,
}

/// One relation, alive or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RelationRow {
    pub(crate) id: StringRef,
    pub(crate) kind: EdgeTypeNo,
    pub(crate) first: RecordNo,
    pub(crate) second: RecordNo,
    /// Whether both of its ends list it.
    pub(crate) linked: bool,
    pub(crate) stamp: Stamp,
}

/// An association between one pair of object keys. Nearly every association is
/// one kind; a relation whose own keys differ from its association's is
/// another, so that the object at the far end is known from the slot alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct EdgeType {
    pub(crate) association: AssociationNo,
    pub(crate) first: ObjectNo,
    pub(crate) second: ObjectNo,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct EdgeTypeRow {
    pub(crate) kind: EdgeType,
    pub(crate) linked: u32,
    /// Whether its association is deleted.
    pub(crate) hidden: bool,
}

/// What relations under one association join. A record may have links of
/// several kinds, so its links are counted over all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct EdgeTypes {
    pub(crate) kinds: Vec<EdgeTypeNo>,
    pub(crate) degrees: AssociationDegrees,
}

/// Adjacencies in small chunks: a chunk that a copy holds is copied whole, with
/// every link of its records, when one of them is linked again.
type Adjacencies = CowTable<RecordNo, Adjacency, 64>;

/// Records and their links, by number. A copy shares nearly all of it with the
/// original.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecordRows {
    pub(crate) texts: StringArena,
    pub(crate) records: CowTable<RecordNo, Record>,
    pub(crate) adjacency: Adjacencies,
    pub(crate) relations: CowTable<RelationNo, RelationRow>,
    pub(crate) kinds: CowTable<EdgeTypeNo, EdgeTypeRow>,
    /// What relations join, by their association; one a chunk, since each may be
    /// large.
    pub(crate) joined: CowTable<AssociationNo, EdgeTypes, 1>,
    /// How many records of an object key lists show.
    pub(crate) listed: CowTable<ObjectNo, u32>,
    /// How many kinds are hidden.
    pub(crate) hidden_kinds: u32,
    /// Links of a record to itself, by their association. Few have any.
    pub(crate) loops: Arc<HashMap<(RecordNo, AssociationNo), u32, RandomState>>,
    /// What people call records.
    pub(crate) names: RecordNames,
}

impl RecordRows {
    pub(crate) fn record_id(&self, record: RecordNo) -> &str {
        self.texts.get(self.records[record].id)
    }

    pub(crate) fn relation_id(&self, relation: RelationNo) -> &str {
        self.texts.get(self.relations[relation].id)
    }

    /// Sets whether lists show a record.
    pub(crate) fn set_listed(&mut self, record: RecordNo, listed: bool) {
        if self.records[record].listed != listed {
            self.records[record].listed = listed;
            let of_object = &mut self.listed[self.records[record].object];
            if listed { *of_object += 1 } else { *of_object -= 1 }
        }
    }

    /// Returns how many records of an object key lists show.
    pub(crate) fn listed(&self, object: ObjectNo) -> u32 {
        if object.0 < self.listed.len() { self.listed[object] } else { 0 }
    }

    /// Returns how many links under an association records have; `None` if no relation has
    /// named it.
    pub(crate) fn degrees(&self, association: AssociationNo) -> Option<&AssociationDegrees> {
        self.joined(association).map(|joined| &joined.degrees)
    }

    /// Returns the kinds of link under an association.
    pub(crate) fn kinds_under(&self, association: AssociationNo) -> &[EdgeTypeNo] {
        self.joined(association).map_or(&[], |joined| &joined.kinds)
    }

    fn joined(&self, association: AssociationNo) -> Option<&EdgeTypes> {
        (association.0 < self.joined.len()).then(|| &self.joined[association])
    }

    /// Returns how many links under an association a record has on one end. Costs the kinds
    /// of the association or the slots of the record, whichever are fewer.
    pub(crate) fn links_on(&self, record: RecordNo, association: AssociationNo, side: Side) -> u32 {
        let (kinds, adjacency) = (self.kinds_under(association), &self.adjacency[record]);
        if kinds.len() <= adjacency.slots_at_most() {
            return kinds.iter().map(|&kind| adjacency.live(Slot::new(kind, side))).sum();
        }
        let is_on = |slot: Slot| {
            slot.side() == side && self.kinds[slot.kind()].kind.association == association
        };
        adjacency.runs().filter(|run| is_on(run.slot)).map(|run| run.live).sum()
    }

    /// Returns how many links under an association a record has to itself: each is on both
    /// ends.
    pub(crate) fn loops_under(&self, record: RecordNo, association: AssociationNo) -> u32 {
        self.loops.get(&(record, association)).copied().unwrap_or(0)
    }

    /// Returns whether a record has links that are shown: those of a deleted association
    /// are not.
    pub(crate) fn has_shown_links(&self, record: RecordNo) -> bool {
        let adjacency = &self.adjacency[record];
        let is_shown = |slot: Slot| !self.kinds[slot.kind()].hidden;
        match self.hidden_kinds {
            0 => !adjacency.is_empty(),
            _ => adjacency.runs().any(|run| is_shown(run.slot)),
        }
    }

    /// Returns links of this kind from a record to itself.
    pub(crate) fn loops(&self, record: RecordNo, kind: EdgeTypeNo) -> u32 {
        if self.loops.is_empty() {
            return 0;
        }
        let EdgeType { association, first, second } = self.kinds[kind].kind;
        // Both ends of such a link have one object key: the association determines its edge type.
        if first == second { self.loops_under(record, association) } else { 0 }
    }
}
