//! Counts: how much of everything there is.

use super::location_graph::LocationGraph;
use super::table::{AssociationNo, ObjectNo};
use crate::model::Association;

/// How much a location holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Object keys.
    pub objects: u64,
    /// Associations that are known and not deleted.
    pub associations: u64,
    /// Records.
    pub records: u64,
    /// Relations that can be seen, those under an association not known yet
    /// among them.
    pub relations: u64,
    /// Associations that relations name and no event has told.
    pub pending_associations: u64,
}

/// One object key and what hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectCount<'g> {
    /// Its place in the list: places only grow, so a list can go on behind one.
    pub place: u32,
    /// The object key.
    pub object: &'g str,
    /// Associations with an end here.
    pub associations: u64,
    /// Records of this key.
    pub records: u64,
}

/// One association and how many relations it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssociationCount<'g> {
    /// Its place in the list: places only grow, so a list can go on behind one.
    pub place: u32,
    /// The association.
    pub association: &'g Association,
    /// Relations under it that can be seen.
    pub relations: u64,
}

impl LocationGraph {
    /// The object keys that something is known of, in the order the store first
    /// heard of them.
    pub fn objects(&self) -> impl Iterator<Item = ObjectCount<'_>> {
        self.objects.rows().iter().filter(|&(number, _)| self.is_object_listed(number)).map(
            |(number, row)| ObjectCount {
                place: number.0,
                object: row.key.as_str(),
                associations: self.objects.degree(number) as u64,
                records: u64::from(self.records.listed(number)),
            },
        )
    }

    pub(super) fn is_object_listed(&self, number: ObjectNo) -> bool {
        self.objects.rows()[number].schema.is_some()
            || self.objects.degree(number) > 0
            || self.records.listed(number) > 0
    }

    /// The associations that are known and not deleted, in the order the store
    /// first heard of them.
    pub fn associations(&self) -> impl Iterator<Item = AssociationCount<'_>> {
        self.associations.rows().iter().filter_map(|(number, row)| {
            let association = row.definition.as_ref()?;
            Some(AssociationCount {
                place: number.0,
                association,
                relations: self.relations_under(number),
            })
        })
    }

    /// How many relations can be seen under the association of this id.
    pub fn relation_count(&self, association: &str) -> u64 {
        self.associations.find(association).map_or(0, |number| self.relations_under(number))
    }

    fn relations_under(&self, number: AssociationNo) -> u64 {
        let kinds =
            self.associations.rows()[number].kinds.iter().map(|&kind| &self.records.kinds()[kind]);
        kinds.filter(|kind| !kind.hidden).map(|kind| u64::from(kind.linked)).sum()
    }

    /// Counts over everything. Costs the object keys and associations, not the
    /// records or relations.
    pub fn counts(&self) -> Counts {
        let mut counts =
            Counts { associations: self.associations().count() as u64, ..Counts::default() };
        for object in self.objects() {
            counts.objects += 1;
            counts.records += object.records;
        }
        for (number, row) in self.associations.rows().iter() {
            counts.relations += self.relations_under(number);
            counts.pending_associations += u64::from(row.stamp.is_none());
        }
        counts
    }
}
