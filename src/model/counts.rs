//! How much a location holds, in numbers.

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
    /// Associations that relations name and no event has defined.
    pub pending_associations: u64,
}

impl Counts {
    /// Returns the number of associations, records and relations.
    pub(crate) fn things(&self) -> u64 {
        self.associations + self.pending_associations + self.records + self.relations
    }
}
