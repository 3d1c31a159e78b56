//! What a checkpoint has to write: what events and compactions have touched.

use crate::graph::memory::table::{RecordNo, RelationNo};
use crate::model::StateKey;

/// What changed of records since the last checkpoint.
#[derive(Debug, Default, Clone)]
pub(crate) struct ChangedRecords {
    pub(crate) unkeyed: Vec<Box<str>>,
    pub(crate) records: Vec<RecordNo>,
    pub(crate) relations: Vec<RelationNo>,
}

impl ChangedRecords {
    /// Returns the bytes of memory that it takes beside itself.
    pub(super) fn bytes(&self) -> usize {
        let unkeyed: usize = self.unkeyed.iter().map(|id| id.len() + 40).sum();
        unkeyed + (self.records.capacity() + self.relations.capacity()) * size_of::<u32>()
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.unkeyed.extend(other.unkeyed);
        self.records.extend(other.records);
        self.relations.extend(other.relations);
    }
}

/// Rows that a checkpoint may hold and the graph does not any more: their places, or ids.
#[derive(Debug, Default, Clone)]
pub(super) struct Dropped {
    pub(super) associations: Vec<u32>,
    pub(super) unkeyed: Vec<Box<str>>,
    pub(super) records: Vec<u32>,
    pub(super) relations: Vec<u32>,
}

impl Dropped {
    pub(super) fn add(&mut self, other: Self) {
        self.associations.extend(other.associations);
        self.records.extend(other.records);
        self.relations.extend(other.relations);
        self.unkeyed.extend(other.unkeyed);
    }

    /// Returns each of the rows.
    pub(super) fn keys(&self) -> impl Iterator<Item = StateKey<'_>> {
        let associations = self.associations.iter().map(|&place| StateKey::Association(place));
        let unkeyed = self.unkeyed.iter().map(|id| StateKey::UnkeyedRecord(id));
        let records = self.records.iter().map(|&place| StateKey::Record(place));
        let relations = self.relations.iter().map(|&place| StateKey::Relation(place));
        associations.chain(unkeyed).chain(records).chain(relations)
    }
}
